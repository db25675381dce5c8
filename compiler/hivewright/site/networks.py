"""Names of networks on their hosts."""

from __future__ import annotations

from hivewright.model.network import AnyNetwork, Bridge, Manual, Nat, Netgraph, Routed, Slirp, Vale, Vxlan


def bridge_name(name: str, network: Bridge | Manual | Nat | Vxlan) -> str:
    return network.bridge if network.bridge is not None else f"br-{name}"


def interface_of(name: str, network: AnyNetwork) -> str:
    """The bridge, switch or node of a network on its host; ``none`` for kinds that have none."""
    if isinstance(network, (Routed, Slirp)):
        return "none"
    if isinstance(network, Vale):
        return network.switch
    return network.node if isinstance(network, Netgraph) else bridge_name(name, network)
