"""Networks whose guests have no tap: VALE switches, netgraph nodes, and slirp within bhyve itself."""

from __future__ import annotations

from hivewright.model.network import Netgraph, Slirp, Vale
from hivewright.model.nic import Nic

BACKENDS = (Vale, Netgraph, Slirp)
_FIRST_LINK = 2
"""The first two links of a node of ng_bridge(4) are for its uplink."""
_SLIRP_GUEST = "10.0.2.15"
"""The address that the DHCP server of libslirp gives to its only guest."""


def backend_of(nic: Nic, network: Vale | Netgraph | Slirp, tap: str, mac: str) -> str:
    """The backend of a NIC without a tap (bhyve(8), "Network device backends").

    Names of ports and numbers of hooks have to differ within a switch. They come from the last three octets of the
    MAC address, which the lock keeps; a socket's name, unique on its host, comes from that of the tap.
    """
    if isinstance(network, Vale):
        return port_of(network, mac)
    if isinstance(network, Netgraph):
        node, _, hook = port_of(network, mac).partition(":")
        return f"netgraph,path={node}:,peerhook={hook},socket={tap.replace('.', '_')}"
    words = "slirp,open" if network.open else "slirp"
    guest = nic.ipv4.partition("/")[0] if nic.ipv4 is not None and "/" in nic.ipv4 else _SLIRP_GUEST
    forwards = [
        f"{forward.protocol}:127.0.0.1:{forward.port}-{guest}:{forward.to}"
        for _, forward in sorted(nic.forward.items())
    ]
    return f"{words},hostfwd={';'.join(forwards)}" if forwards else words


def port_of(network: Vale | Netgraph | Slirp, mac: str) -> str:
    """``vale0:p0a1b2c`` or ``vmsw:link662316``; empty for slirp."""
    if isinstance(network, Vale):
        return f"{network.switch}:p{mac_tail(mac)}"
    return f"{network.node}:link{int(mac_tail(mac), 16) + _FIRST_LINK}" if isinstance(network, Netgraph) else ""


def mac_tail(mac: str) -> str:
    """The last three octets of a MAC address, without colons."""
    return mac[9:].replace(":", "")
