"""The networks of a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.lower.host.nat import lower_nat
from hivewright.model.network import AnyNetwork, Bridge, Nat, Netgraph, Routed, Slirp, Vale, Vxlan
from hivewright.plan import NetworkPlan, Step
from hivewright.site import Site
from hivewright.site.networks import interface_of

_BRIDGE_MODULES = ("bridgestp", "if_bridge")
_TAP_MODULES = ("if_tuntap",)


def lower_networks(site: Site, host: str, names: Iterable[str]) -> tuple[NetworkPlan, ...]:
    """The networks of a host that its VMs use."""
    return tuple(_lower_network(site, host, name) for name in sorted(names))


def _lower_network(site: Site, host: str, name: str) -> NetworkPlan:
    network = site.host_networks[host, name]
    interface = interface_of(name, network)
    uplink = f"vx{network.vni}" if isinstance(network, Vxlan) else getattr(network, "uplink", "none")
    source = f"{site.homes.get(('network', name), '')} [network.{name}]".lstrip()
    extra = tuple(_extra_words(network))
    keys = ("kind", "bridge", "mtu", "uplink", *(word.partition("=")[0] for word in extra))
    words = (name, network.kind, interface, str(network.mtu), uplink, *extra)
    steps: tuple[Step, ...] = ()
    if not isinstance(network, Slirp):
        steps = (Step("network", words, tuple(f"network:{name}.{key}" for key in keys), f"network.{name}"),)
    return NetworkPlan(
        name,
        network.kind,
        interface,
        uplink,
        network.mtu,
        source,
        steps,
        modules=_modules(network, uplink),
        joined=uplink if isinstance(network, Bridge) and network.vlan is None else "none",
        nat=lower_nat(site, host, name, network, interface) if isinstance(network, Nat) else None,
    )


def _extra_words(network: AnyNetwork) -> Iterator[str]:
    """Settings of a network besides interface, MTU and uplink, as ``key=value``."""
    if isinstance(network, Vxlan):
        yield f"vni={network.vni}"
        yield f"local={network.local}"
        yield f"{'group' if _is_multicast(network.remote) else 'remote'}={network.remote}"
        if network.device is not None:
            yield f"device={network.device}"
    if isinstance(network, Bridge):
        if network.vlan is not None:
            yield f"vlan={network.vlan}"
        if network.vlan_filter:
            yield "vlan_filter"
        if network.ipv6 is not None:
            yield f"ipv6={network.ipv6}"
        if network.span is not None:
            yield f"span={network.span}"
    if isinstance(network, (Bridge, Nat)) and network.ipv4 is not None:
        yield f"ipv4={network.ipv4}"


def _is_multicast(address: str) -> bool:
    return 224 <= int(address.partition(".")[0]) <= 239


def _modules(network: AnyNetwork, uplink: str) -> tuple[str, ...]:
    """The kernel modules that a network needs; netmap(4) and vlan(4) are in the GENERIC kernel."""
    if isinstance(network, (Vale, Slirp)):
        return ()
    if isinstance(network, Netgraph):
        return ("ng_socket", "ng_bridge", "ng_ether") if uplink != "none" else ("ng_socket", "ng_bridge")
    if isinstance(network, Routed):
        return _TAP_MODULES
    return (*_BRIDGE_MODULES, *_TAP_MODULES) + (("if_vxlan",) if isinstance(network, Vxlan) else ())
