"""Interfaces of the administrator's that are NICs of guests, and NICs that are span ports of their bridge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.network_kinds import NETWORKS, interface_of, kind_of, members_of
from hivewright.rules.site_index import SiteIndex, diagnose, listed, network_place

if TYPE_CHECKING:
    from hivewright.model.network import AnyNetwork
    from hivewright.model.nic import Nic

_BACKENDS = ("tap", "vmnet")
"""What bhyve opens as a tap, by the beginning of the name (bhyve(8), "Network device backends")."""
_OF_OURS = ("tap", "persistent")
"""Keys about taps that hivewright makes."""
_OF_NETWORKS = ("private", "span", "vlan", "trunk", "forward", "rate_limit")
"""Keys that apply to ports of networks only."""
OF_MEMBERS = ("private", "vlan", "trunk")
"""Keys of a member of a bridge, which a span port is not (if_bridge(4))."""
_BRIDGED = [name for name, kind in NETWORKS.items() if kind.bridged]


def existing_interface(index: SiteIndex) -> Iterator[Diagnostic]:
    """An interface of the administrator's is used as it is, as a backend of bhyve. What networks use is told elsewhere,
    whatever its name is."""
    taken = {host: _taken_by_networks(index, host) for host in index.networks_used}
    for name, key, nic in index.nics:
        if nic.existing is None:
            continue
        is_free = not any(nic.existing in taken.get(host, ()) for host in index.hosts_of[name])
        place = index.site.place
        own = place("vm", name, "nic", key, "existing")
        what = f"nic {key} of {name} is the existing interface {nic.existing}"
        if is_free and not nic.existing.startswith(_BACKENDS):
            kinds = "by names that begin with tap or vmnet"
            remedy = "give it such a name, by ifconfig_tap7_name in rc.conf for example"
            yield diagnose("NET050", f"{what}, but bhyve knows interfaces {kinds}", own, remedy)
        for field in _OF_OURS:
            if getattr(nic, field):
                message = f"{what} and has {field}, which is for taps that hivewright makes"
                where = place("vm", name, "nic", key, field)
                yield diagnose("NET050", message, where, f"delete {field}, or existing", [own])
        fields = [field for field in _OF_NETWORKS if getattr(nic, field) and not nic.network]
        if fields:
            message = f"{what}, which is on no network, and has {listed(fields)}"
            first, *others = [place("vm", name, "nic", key, field) for field in fields]
            remedy = f'delete {listed(fields)}, or write network = "…", whose bridge it then joins'
            yield diagnose("NET050", message, first, remedy, [own, *others[:2]])


def existing_without_bridge(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, key, nic, host, network in index.connections:
        if nic.existing is None or kind_of(network).bridged:
            continue
        yield diagnose(
            "NET050",
            f"nic {key} of {name} is the existing interface {nic.existing}, but a network of the kind {network.kind} "
            "has no bridge that it could join",
            index.site.place("vm", name, "nic", key, "network"),
            f"delete network, or choose one of the kind {listed(_BRIDGED, 'or')}",
            [network_place(index.site, host, nic.network, "kind")],
        )


def existing_is_of_network(index: SiteIndex) -> Iterator[Diagnostic]:
    """An uplink, a span port or a bridge of a network is not a guest's as well."""
    site = index.site
    taken = {host: _taken_by_networks(index, host) for host in index.networks_used}
    for name, key, nic in index.nics:
        for host in index.hosts_of[name] if nic.existing is not None else ():
            if nic.existing not in taken[host]:
                continue
            other, field = taken[host][nic.existing]
            yield diagnose(
                "NET050",
                f"nic {key} of {name} is the existing interface {nic.existing}, which is the {field} of the "
                f"network {other} on {host}",
                site.place("vm", name, "nic", key, "existing"),
                "name another interface",
                [network_place(site, host, other, field)],
            )


def _taken_by_networks(index: SiteIndex, host: str) -> dict[str, tuple[str, str]]:
    """The interfaces that networks of a host use, the first of those that do, and as what."""
    taken: dict[str, tuple[str, str]] = {}
    for name in index.networks_used[host]:
        network = index.site.host_networks[host, name]
        uses = (
            *(("uplink", member) for member in members_of(network)),
            ("span", getattr(network, "span", None)),
            ("bridge", interface_of(name, network)),
        )
        for field, interface in uses:
            if interface:
                taken.setdefault(interface, (name, field))
    return taken


def span_of_network(index: SiteIndex) -> Iterator[Diagnostic]:
    """A member of a bridge, and a bridge, cannot be a span port: addspan says "Device busy" (if_bridge(4))."""
    site = index.site
    for host, networks in index.networks_used.items():
        taken = _taken_by_networks(index, host)
        for name in networks:
            span: str = getattr(site.host_networks[host, name], "span", None) or ""
            other, field = taken.get(span, (name, "span"))
            if field == "span":
                continue
            what = f"its own {field}" if other == name else f"the {field} of the network {other}"
            yield diagnose(
                "NET053",
                f"the span port {span} of the network {name} on {host} is {what}",
                network_place(site, host, name, "span"),
                "name an interface that is part of no network, or delete span",
                [network_place(site, host, other, field)],
            )


def is_span_port(nic: Nic, network: AnyNetwork) -> bool:
    """Whether it is one, on a network that has them."""
    return nic.span and "span" not in kind_of(network).useless(network)


def span_is_member(index: SiteIndex) -> Iterator[Diagnostic]:
    """What no network has is told by NET026, and what has no network by NET050."""
    seen: set[tuple[str, str]] = set()
    for name, key, nic, _, network in index.connections:
        if not is_span_port(nic, network) or (name, key) in seen:
            continue
        seen.add((name, key))
        for field in OF_MEMBERS:
            if getattr(nic, field):
                yield diagnose(
                    "NET051",
                    f"nic {key} of {name} is a span port and has {field}, which is for members of a bridge",
                    index.site.place("vm", name, "nic", key, field),
                    f"delete {field}, or span",
                    [index.site.place("vm", name, "nic", key, "span")],
                )
