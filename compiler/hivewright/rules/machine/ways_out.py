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
    from collections.abc import Iterable

    from hivewright.model.guest import CloudInit
    from hivewright.model.network import AnyNetwork
    from hivewright.model.nic import Nic
    from hivewright.model.readers import Reader

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


def _told(index: SiteIndex) -> Iterator[_Told]:
    networks = index.site.host_networks
    for name, vm in index.using("cloud_init"):
        reader = index.site.reader(vm)
        hosts = index.hosts_of[name]
        if vm.cloud_init is None or not vm.cloud_init.network or reader is None or not vm.nic or not hosts:
            continue
        nics = ordered(vm.nic)
        own = {key: networks[hosts[0], nic.network] for key, nic in nics if (hosts[0], nic.network) in networks}
        yield _Told(name, vm.cloud_init, reader, nics, own)


def _may_be_told(nic: Nic) -> bool:
    """Whether a guest may learn more by a NIC than its site says: from a DHCP server, a router, or inside."""
    return not (nic.fixed4 or nic.fixed6) or (bool(nic.ipv6) and not nic.gateway6) or nic.ipv4 == ("dhcp",)


def no_gateway(index: SiteIndex) -> Iterator[Diagnostic]:
    """Networks that lead nowhere, and guests whose gateway is said to be none, are meant so."""
    routers: dict[str, str] = {}
    for _, _, nic in index.nics:
        if nic.gateway4 and not nic.on_link:
            routers.setdefault(nic.network, nic.gateway4)
    for vm in _told(index):
        if any(_has_a_way(nic) for _, nic in vm.nics):
            continue
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


def two_gateways(index: SiteIndex) -> Iterator[Diagnostic]:
    """On a routed network gateway4 is needed for the host's own end, so it is not counted."""
    site = index.site
    for vm in _told(index):
        counted = [(key, nic) for key, nic in vm.nics if key not in vm.networks or kind_of(vm.networks[key]).interface]
        for field in ("gateway4", "gateway6"):
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


def no_name_server(index: SiteIndex) -> Iterator[Diagnostic]:
    """Packages are fetched by the names of their servers."""
    for vm in _told(index):
        if not vm.cloud_init.packages or "packages" in vm.reader.lacks:
            continue
        if any(nic.dns or _may_be_told(nic) for _, nic in vm.nics):
            continue
        own = read_user_data(index.site, vm.cloud_init.user_data)
        if own is None or _SETS_RESOLVER & own.keys():
            continue
        yield diagnose(
            "NET049",
            f"{vm.name} is to install packages, but has no name server to find them by",
            index.site.place("vm", vm.name, "cloud_init", "packages"),
            f'write dns = ["…"] in [vm.{vm.name}.nic.{next(iter(vm.nics))[0]}] or in its template',
            severity="warning",
        )
