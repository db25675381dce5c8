"""The host of tests/host/scenarios/networks: what it is like, and what stands on it."""

from __future__ import annotations

from typing import Any

FRAMES = {"net.link.ether.ipfw": "1", "net.link.bridge.ipfw": "1"}
"""The administrator shows frames to ipfw, which rate limits need."""
PLAIN: dict[str, Any] = {"release": (15, 1), "ethers": [f"ix{number}" for number in range(5)], "bridges": {}}
"""A host of FreeBSD 15.1 whose uplinks have no addresses."""
SETTINGS: dict[str, Any] = {**PLAIN, "sysctl": FRAMES}
KINDS = ("routed", "nat", "vale", "netgraph", "vxlan", "slirp", "vlan", "filter")
"""Of each there are two guests: nat-1, nat-2."""
TAPS = {"kept-1": "tap-kept-1-lan", "kept-2": "tap-kept-2-lan"}
"""Guests whose taps stay: the first on a bridge, the second routed."""
NETWORKS = ("interface", "route", "switch", "node")
"""What the state shows of networks."""
