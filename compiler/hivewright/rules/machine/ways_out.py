"""Whether guests reach what is beyond their networks, by what their first-boot data tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import Diagnostic
from hivewright.model.addresses import within
from hivewright.model.network_kinds import kind_of, leads_out
from hivewright.rules.machine.first_boot import read_user_data
from hivewright.rules.site_index import SiteIndex, diagnose, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hivewright.model.first_boot import CloudInit
    from hivewright.model.network import AnyNetwork
    from hivewright.model.nic import Nic
    from hivewright.model.readers import Reader

_GATEWAYS = ("gateway4", "gateway6")
_SETS_RESOLVER = frozenset({"bootcmd", "manage_resolv_conf", "resolv_conf", "write_files"})
"""Keys of user-data by which a guest may get name servers before packages are installed."""


class _Told(NamedTuple):
    """A VM whose first-boot data tells it its addresses."""

    name: str
    cloud_init: CloudInit
    reader: Reader
    nics: Iterable[tuple[str, Nic]]
    networks: dict[str, AnyNetwork]
    """NIC -> its network on the home of the VM; NICs without one are left out."""


def ways_out(index: SiteIndex) -> Iterator[Diagnostic]:
    """One rule of three, since few guests are of interest to any of them."""
    routers: dict[str, str] = {}
    for name, vm in index.using("cloud_init"):
        cloud_init = vm.cloud_init
        if cloud_init is None or not cloud_init.network or not vm.nic:
            continue
        nics = vm.nic.values()
        lost = not any(_has_a_way(nic) for nic in nics)
        torn = len(nics) > 1 and any(sum(getattr(nic, key) is not None for nic in nics) > 1 for key in _GATEWAYS)
        mute = bool(cloud_init.packages) and not any(nic.dns or nic.ipv6 or _may_be_told(nic) for nic in nics)
        reader, hosts = index.site.reader(vm), index.hosts_of[name]
        if not (lost or torn or mute) or reader is None or not hosts:
            continue
        networks = index.site.host_networks
        sorted_nics = ordered(vm.nic)
        own = {key: networks[hosts[0], nic.network] for key, nic in sorted_nics if (hosts[0], nic.network) in networks}
        told = _Told(name, cloud_init, reader, sorted_nics, own)
        if lost:
            routers = routers or _routers(index)
            yield from _no_gateway(index, told, routers)
        if torn:
            yield from _two_gateways(index, told)
        if mute:
            yield from _no_name_server(index, told)


def _may_be_told(nic: Nic) -> bool:
    """Whether a guest may learn more by a NIC than its site says: from a DHCP server, a router, or inside."""
    return not (nic.fixed4 or nic.fixed6) or (bool(nic.ipv6) and not nic.gateway6) or nic.ipv4 == ("dhcp",)


def _routers(index: SiteIndex) -> dict[str, str]:
    """Network -> the first gateway of its guests."""
    found: dict[str, str] = {}
    for _, _, nic in index.nics:
        if nic.gateway4 and not nic.on_link:
            found.setdefault(nic.network, nic.gateway4)
    return found


def _no_gateway(index: SiteIndex, vm: _Told, routers: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Networks that lead nowhere, and guests whose gateway is said to be none, are meant so."""
    outward = [(key, nic) for key, nic in vm.nics if key in vm.networks and leads_out(vm.networks[key])]
    for key, nic in outward[:1]:
        router = _router(nic, vm.networks[key], routers.get(nic.network, ""))
        yield diagnose(
            "NET047",
            f"{vm.name} has no gateway, so it talks to neighbours on {nic.network} only",
            index.site.place("vm", vm.name, "nic", key, "ipv4"),
            f'write gateway4 = "{router or "…"}"{"" if router else ", the address of the router"}; '
            'if it shall have none, write gateway4 = "none"',
            severity="warning",
        )


def _has_a_way(nic: Nic) -> bool:
    """Whether a NIC has a gateway or a route, may be told one, or is said to have none."""
    return bool(_may_be_told(nic) or nic.routes or nic.gateway6 or "gateway4" in nic.model_fields_set)


def _router(nic: Nic, network: AnyNetwork, other: str) -> str:
    """The gateway that a NIC should have, as far as the site tells: the host behind NAT, or that of its neighbours."""
    if network.kind == "nat":
        return network.ipv4.partition("/")[0]
    own = other != nic.main4 and any(within(other, each) for each in nic.fixed4) if other else False
    return other if own else ""


def _two_gateways(index: SiteIndex, vm: _Told) -> Iterator[Diagnostic]:
    """On a routed network gateway4 is needed for the host's own end, so it is not counted."""
    site = index.site
    counted = [(key, nic) for key, nic in vm.nics if key not in vm.networks or kind_of(vm.networks[key]).interface]
    for field in _GATEWAYS:
        first, *others = [key for key, nic in counted if getattr(nic, field)] or [""]
        for key in others:
            yield diagnose(
                "NET048",
                f"{vm.name} has two default gateways, of nic {first} and of nic {key}; which one it takes is open",
                site.place("vm", vm.name, "nic", key, field),
                f'keep that of one nic and write {field} = "none" for the other; networks behind the other router '
                "are routes",
                [site.place("vm", vm.name, "nic", first, field)],
                "warning",
            )


def _no_name_server(index: SiteIndex, vm: _Told) -> Iterator[Diagnostic]:
    """Packages are fetched by the names of their servers. On IPv6, routers may tell of name servers (RFC 8106)."""
    own = read_user_data(index.site, vm.cloud_init.user_data)
    if "packages" in vm.reader.lacks or own is None or _SETS_RESOLVER & own.keys():
        return
    yield diagnose(
        "NET049",
        f"{vm.name} is to install packages, but has no name server to find them by",
        index.site.place("vm", vm.name, "cloud_init", "packages"),
        f'write dns = ["…"] in [vm.{vm.name}.nic.{next(iter(vm.nics))[0]}] or in its template',
        severity="warning",
    )
