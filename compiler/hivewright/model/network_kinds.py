"""The kinds of networks, one row each: what distinguishes kinds elsewhere is looked up here.

What a kind alone does (the words of its backend, the rules of its firewall) stands with the one that does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from hivewright.model.base import Table
from hivewright.model.network import AnyNetwork, Bridge, Manual, Nat, Netgraph, Routed, Slirp, Vale, Vxlan

TAP_KEYS = {"persistent": "is persistent", "rate_limit": "has a rate_limit"}
"""Keys of a NIC that need a tap, and what is said of a NIC that has them."""

MODULES: Mapping[str, str] = {
    "bridgestp": "bridges of guests",
    "if_bridge": "bridges of guests",
    "if_vxlan": "bridges of guests that span hosts",
    "if_tuntap": "",
    "ng_socket": "netgraph switches of guests",
    "ng_bridge": "netgraph switches of guests",
    "ng_ether": "uplinks of netgraph switches",
}
"""Kernel modules of networks, in the order in which they are loaded, and why loader.conf(5) has them.

if_tuntap has no reason, since the GENERIC kernel has it built in, as it has netmap(4) and vlan(4).
"""

_TAP = ("if_tuntap",)
_BRIDGE = ("bridgestp", "if_bridge", *_TAP)
_VLANS = ("vlan", "trunk")


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """One kind of network."""

    model: type[Table]
    interface: str = ""
    """The key that names what stands for it on its host: a bridge, a switch, a node. None if nothing does."""
    given: bool = False
    """Whether the administrator makes that."""
    taps: bool = True
    """Whether a NIC on it has a tap."""
    made: bool = True
    """Whether the host makes anything for it before guests start."""
    words: tuple[str, ...] = ()
    """The keys that reach its maker on the host as ``key=value``, in this order."""
    modules: tuple[str, ...] = ()
    uplink_modules: tuple[str, ...] = ()
    """Modules that it needs besides when it has an uplink."""
    takes_uplink: bool = False
    """Whether its uplink becomes a part of it, and is given back to it when it comes back."""
    uplink_note: str = ""
    """What the administrator has to do for its uplink."""
    behind_host: bool = False
    """Whether its guests are behind an address of the host."""
    host_forwards: bool = False
    """Whether the host has to forward packets for its guests."""
    ports_lead_in: bool = False
    """Whether ports of the host can lead to its guests."""
    without_effect: tuple[str, ...] = ()
    """Keys of a NIC that do nothing on it."""
    vlan_filter: str = ""
    """The key of the network with which VLANs of NICs have an effect."""

    @property
    def name(self) -> str:
        return str(get_args(self.model.model_fields["kind"].annotation)[0])

    @property
    def bridged(self) -> bool:
        """Whether the taps of NICs are members of a bridge."""
        return self.taps and self.interface == "bridge"

    def useless(self, network: AnyNetwork) -> tuple[str, ...]:
        """The keys of a NIC that do nothing on this network."""
        if self.vlan_filter and getattr(network, self.vlan_filter):
            return tuple(key for key in self.without_effect if key not in _VLANS)
        return self.without_effect


_ROWS = (
    NetworkKind(
        Bridge,
        "bridge",
        words=("vlan", "vlan_filter", "ipv6", "span", "ipv4"),
        modules=_BRIDGE,
        takes_uplink=True,
        without_effect=_VLANS,
        vlan_filter="vlan_filter",
    ),
    NetworkKind(Manual, "bridge", given=True, modules=_BRIDGE, without_effect=_VLANS),
    NetworkKind(Routed, modules=_TAP, host_forwards=True, without_effect=("private", "span", *_VLANS)),
    NetworkKind(
        Nat,
        "bridge",
        words=("ipv4",),
        modules=_BRIDGE,
        behind_host=True,
        host_forwards=True,
        ports_lead_in=True,
        without_effect=_VLANS,
    ),
    NetworkKind(
        Vale,
        "switch",
        taps=False,
        takes_uplink=True,
        uplink_note="{uplink} has to take all frames and to leave checksums alone: "
        "add promisc -rxcsum -txcsum -tso -lro to ifconfig_{rc_name} in rc.conf.",
        without_effect=("private", "span", "tap", *_VLANS),
    ),
    NetworkKind(
        Netgraph,
        "node",
        taps=False,
        modules=("ng_socket", "ng_bridge"),
        uplink_modules=("ng_ether",),
        takes_uplink=True,
        # The socket of a NIC is called after its tap.
        without_effect=("private", "span", *_VLANS),
    ),
    NetworkKind(
        Vxlan,
        "bridge",
        words=("vni", "local", "remote", "device"),
        modules=(*_BRIDGE, "if_vxlan"),
        without_effect=_VLANS,
    ),
    NetworkKind(
        Slirp,
        taps=False,
        made=False,
        behind_host=True,
        ports_lead_in=True,
        without_effect=("private", "span", "tap", *_VLANS),
    ),
)

NETWORKS: Mapping[str, NetworkKind] = {row.name: row for row in _ROWS}
"""All kinds, by the value of ``kind``, in the order of the manual."""


def kind_of(network: AnyNetwork) -> NetworkKind:
    return NETWORKS[network.kind]


def interface_of(name: str, network: AnyNetwork) -> str:
    """What stands for a network on its host: a bridge, a switch, a node; ``none`` for what is not shared."""
    key = NETWORKS[network.kind].interface
    return getattr(network, key) or f"br-{name}" if key else "none"


def named_uplinks(network: AnyNetwork) -> tuple[str, ...]:
    """What a network says of its uplinks: ``auto``, ``none`` or interfaces; ``none`` where its kind has no such key."""
    uplink = getattr(network, "uplink", "none")
    return (uplink,) if isinstance(uplink, str) else uplink


def uplinks_of(network: AnyNetwork) -> tuple[str, ...]:
    """The interfaces that a network takes for itself on its host: ``auto``, or ``ix0``; none where it takes none."""
    if not NETWORKS[network.kind].takes_uplink:
        return ()
    return tuple(uplink for uplink in named_uplinks(network) if uplink != "none")


def members_of(network: AnyNetwork) -> tuple[str, ...]:
    """The interfaces that become parts of a network on its host: ``auto``, or ``ix0``, or ``ix0.100``."""
    vlan = getattr(network, "vlan", None)
    return tuple(uplink if vlan is None else f"{uplink}.{vlan}" for uplink in uplinks_of(network))


def rc_name(interface: str) -> str:
    """What rc.conf(5) calls an interface in the names of its variables: ``ix0_100`` for ``ix0.100``."""
    return re.sub(r"[-./+]", "_", interface)


def addresses_of(network: AnyNetwork, key: str = "ipv4") -> tuple[str, ...]:
    """The addresses of the host on a network, with their prefix lengths; ``key`` may be ``ipv6`` instead."""
    own: str | tuple[str, ...] = getattr(network, key, ())
    return (own,) if isinstance(own, str) else own


def is_isolated(network: AnyNetwork) -> bool:
    """Whether addresses on a network are of its host alone: other hosts may have the same on theirs."""
    kind = NETWORKS[network.kind]
    return kind.behind_host or (kind.takes_uplink and not uplinks_of(network))


def leads_out(network: AnyNetwork) -> bool:
    """Whether a router may be on a network: it has an uplink, guests behind the host, or is the administrator's."""
    kind = NETWORKS[network.kind]
    return kind.given or (kind.behind_host and kind.host_forwards) or bool(uplinks_of(network))


def uplink_words(kind: NetworkKind) -> tuple[str, ...]:
    """What a kind takes as its uplink besides an interface: ``auto``, ``none``."""
    field = kind.model.model_fields.get("uplink")
    return tuple(word for word in ("auto", "none") if field is not None and word in _texts(field.annotation))


def is_multicast(address: str) -> bool:
    """Whether an IPv4 address is a group of many."""
    return 224 <= int(address.partition(".")[0]) <= 239


def _texts(annotation: Any) -> Iterator[str]:
    for inner in get_args(annotation):
        yield from (inner,) if isinstance(inner, str) else _texts(inner)
