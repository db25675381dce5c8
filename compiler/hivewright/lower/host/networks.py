"""The networks of a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.lower.host.nat import lower_nat
from hivewright.model.network import AnyNetwork, Nat, Vxlan
from hivewright.model.network_kinds import interface_of, is_multicast, kind_of, named_uplinks
from hivewright.plan import NetworkPlan, Step
from hivewright.site import Site


def lower_networks(site: Site, host: str, names: Iterable[str]) -> tuple[NetworkPlan, ...]:
    """The networks of a host that its VMs use."""
    return tuple(_lower_network(site, host, name) for name in sorted(names))


def _lower_network(site: Site, host: str, name: str) -> NetworkPlan:
    network = site.host_networks[host, name]
    kind = kind_of(network)
    interface = interface_of(name, network)
    uplink, *more = (f"vx{network.vni}",) if isinstance(network, Vxlan) else named_uplinks(network)
    source = f"{site.homes.get(('network', name), '')} [network.{name}]".lstrip()
    extra = [*(("uplink", f"uplink={each}") for each in more), *_extra_words(network)]
    named = ("kind", kind.interface, "mtu", "uplink", *dict(extra))
    keys = [key for key in dict.fromkeys(named) if key in kind.model.model_fields]
    words = (name, network.kind, interface, str(network.mtu), uplink, *(word for _, word in extra))
    steps: tuple[Step, ...] = ()
    if kind.made:
        steps = (Step("network", words, tuple(f"network:{name}.{key}" for key in keys), f"network.{name}"),)
    uplinks = (uplink, *more) if uplink != "none" else ()
    has_uplink = kind.takes_uplink and bool(uplinks)
    return NetworkPlan(
        name=name,
        kind=network.kind,
        interface=interface,
        uplinks=uplinks,
        mtu=network.mtu,
        source=source,
        steps=steps,
        modules=(*kind.modules, *(kind.uplink_modules if has_uplink else ())),
        joined=uplinks if has_uplink and kind.bridged and getattr(network, "vlan", None) is None else (),
        nat=lower_nat(site, host, name, network, interface) if isinstance(network, Nat) else None,
    )


def _extra_words(network: AnyNetwork) -> Iterator[tuple[str, str]]:
    """Settings of a network besides interface, MTU and uplink: the key, and ``key=value``."""
    for key in kind_of(network).words:
        value = getattr(network, key)
        if value is True:
            yield key, key
        elif isinstance(value, tuple):
            yield from ((key, f"{key}={each}") for each in value)
        elif value is not None and value is not False:
            is_group = isinstance(network, Vxlan) and key == "remote" and is_multicast(value)
            yield key, f"{'group' if is_group else key}={value}"
