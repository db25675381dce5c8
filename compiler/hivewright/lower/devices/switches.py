"""Networks whose guests have no tap: VALE switches, netgraph nodes, and slirp within bhyve itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hivewright.model.network import AnyNetwork, Netgraph, Slirp, Vale
from hivewright.model.nic import Nic

_FIRST_LINK = 2
"""The first two links of a node of ng_bridge(4) are for its uplink."""
_SLIRP_GUEST = "10.0.2.15"
"""The address that the DHCP server of libslirp gives to its only guest."""


@dataclass(frozen=True, slots=True)
class End:
    """The guest's end of a connection: its NIC, the name that its tap would have, and its MAC address."""

    nic: Nic
    tap: str
    mac: str


def backend_of(network: AnyNetwork, end: End) -> str:
    """The backend of a NIC without a tap (bhyve(8), "Network device backends").

    Names of ports and numbers of hooks have to differ within a switch. They come from the last three octets of the
    MAC address, which the lock keeps; a socket's name, unique on its host, comes from that of the tap.
    """
    return _BACKENDS[network.kind](network, end)


def port_of(network: AnyNetwork, mac: str) -> str:
    """``vale0:p0a1b2c`` or ``vmsw:link662316``; nothing where NICs have no port on the host."""
    port = _PORTS.get(network.kind)
    return port(network, mac) if port is not None else ""


def _vale_port(network: Vale, mac: str) -> str:
    return f"{network.switch}:p{mac_tail(mac)}"


def _vale(network: Vale, end: End) -> str:
    return _vale_port(network, end.mac)


def _netgraph_port(network: Netgraph, mac: str) -> str:
    return f"{network.node}:link{int(mac_tail(mac), 16) + _FIRST_LINK}"


def _netgraph(network: Netgraph, end: End) -> str:
    node, _, hook = _netgraph_port(network, end.mac).partition(":")
    return f"netgraph,path={node}:,peerhook={hook},socket={end.tap.replace('.', '_')}"


def _slirp(network: Slirp, end: End) -> str:
    words = "slirp,open" if network.open else "slirp"
    guest = end.nic.main4 or _SLIRP_GUEST
    forwards = [
        f"{forward.protocol}:127.0.0.1:{forward.port}-{guest}:{forward.to}"
        for _, forward in sorted(end.nic.forward.items())
    ]
    return f"{words},hostfwd={';'.join(forwards)}" if forwards else words


def mac_tail(mac: str) -> str:
    """The last three octets of a MAC address, without colons."""
    return mac[9:].replace(":", "")


_BACKENDS: Mapping[str, Callable[[Any, End], str]] = {"vale": _vale, "netgraph": _netgraph, "slirp": _slirp}
_PORTS: Mapping[str, Callable[[Any, str], str]] = {"vale": _vale_port, "netgraph": _netgraph_port}
