"""An index of a site that most rules need, and the wording of clashes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from hivewright.bhyve.facts import holds, version
from hivewright.diagnostics import Diagnostic, Place, Spot

if TYPE_CHECKING:
    from hivewright.bhyve.facts import Fact, Version
    from hivewright.model.disk import Cd, Disk
    from hivewright.model.network import AnyNetwork
    from hivewright.model.nic import Nic
    from hivewright.model.vm import Vm
    from hivewright.site import Site

Value = TypeVar("Value")
Key = TypeVar("Key", bound=Hashable)

Owner = tuple[str, ...]
"""A key path below ``vm`` that uses something exclusively: ``("web1", "nic", "lan", "mac")``."""


class SiteIndex(NamedTuple):
    """A site with its VMs by host. Hosts that do not exist are left out everywhere."""

    site: Site
    hosts_of: Mapping[str, tuple[str, ...]]
    """VM -> the hosts it may run on, its home first, without repetition."""
    guests: Mapping[str, Mapping[str, Vm]]
    """Host -> the VMs that may run there."""
    at_home: Mapping[str, Mapping[str, Vm]]
    """Host -> the VMs whose home it is."""
    releases: Mapping[str, Version]
    """Host -> its FreeBSD release: ``(14, 3)``. Rules ask ``has``; ``support`` alone compares them."""
    networks_used: Mapping[str, Sequence[str]]
    """Host -> its networks that VMs which may run there are connected to, sorted."""
    disks: Sequence[tuple[str, str, Disk]]
    """VM, name and definition of every disk, sorted."""
    cds: Sequence[tuple[str, str, Cd]]
    """VM, name and definition of every optical drive, sorted."""
    nics: Sequence[tuple[str, str, Nic]]
    """VM, name and definition of every network interface, sorted."""
    functions: Sequence[tuple[str, str, Nic]]
    """VM, name and definition of every network interface that is a virtual function, sorted."""
    connections: Sequence[tuple[str, str, Nic, str, AnyNetwork]]
    """VM, name and definition of every NIC, with a host and its network there: the home's, and those that differ."""
    alike: Mapping[frozenset[str], Sequence[tuple[str, Vm]]]
    """Sets of keys -> the VMs that set exactly these keys, in their order."""

    def using(self, *keys: str) -> Iterable[tuple[str, Vm]]:
        """The VMs that set one of these keys, in their order. Cost is proportional to the VMs that set the key."""
        found = [vms for written, vms in self.alike.items() if not written.isdisjoint(keys)]
        return found[0] if len(found) == 1 else sorted([entry for vms in found for entry in vms], key=itemgetter(0))

    def has(self, host: str, fact: Fact) -> bool:
        """Whether something holds on a host, by its release and architecture."""
        return holds(fact, self.releases[host], self.site.hosts[host].arch)

    def passing(self) -> dict[str, Vm]:
        """The VMs that have a device of their host (passthrough or virtual function), sorted."""
        found = {name: vm for name, vm in self.using("passthrough") if vm.passthrough}
        found.update((name, self.site.vms[name]) for name, _, _ in self.functions)
        return dict(sorted(found.items()))


Rule = Callable[[SiteIndex], Iterator[Diagnostic]]


def index_site(site: Site) -> SiteIndex:
    at_home: dict[str, dict[str, Vm]] = {host: {} for host in site.hosts}
    hosts_of: dict[str, tuple[str, ...]] = {}
    for name, vm in site.vms.items():
        hosts = site.hosts_of(vm)
        if len(hosts) > 1:
            hosts = tuple(dict.fromkeys(hosts))
        hosts = tuple([host for host in hosts if host in at_home])
        hosts_of[name] = hosts
        if hosts:
            at_home[hosts[0]][name] = vm
    releases = {name: version(host.freebsd) for name, host in site.hosts.items()}
    disks = [(name, key, disk) for name, vm in site.vms.items() for key, disk in ordered(vm.disk)]
    cds = [(name, key, cd) for name, vm in site.vms.items() if vm.cd for key, cd in ordered(vm.cd)]
    nics = [(name, key, nic) for name, vm in site.vms.items() for key, nic in ordered(vm.nic)]
    used = {(host, nic.network) for name, _, nic in nics for host in hosts_of[name]}
    networks_used: dict[str, list[str]] = {host: [] for host in site.hosts}
    for host, network in sorted(used & site.host_networks.keys()):
        networks_used[host].append(network)
    functions = [entry for entry in nics if entry[2].vf is not None]
    connections = list(_connections(site, nics, hosts_of))
    return SiteIndex(
        site=site,
        hosts_of=hosts_of,
        guests=site.guests,
        at_home=at_home,
        releases=releases,
        networks_used=networks_used,
        disks=disks,
        cds=cds,
        nics=nics,
        functions=functions,
        connections=connections,
        alike=_alike(site),
    )


def _connections(
    site: Site, nics: Iterable[tuple[str, str, Nic]], hosts_of: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str, Nic, str, AnyNetwork]]:
    for name, key, nic in nics:
        seen: list[AnyNetwork] = []
        for host in hosts_of[name]:
            network = site.host_networks.get((host, nic.network))
            if network is not None and not any(network is other or network == other for other in seen):
                seen.append(network)
                yield name, key, nic, host, network


def _alike(site: Site) -> dict[frozenset[str], list[tuple[str, Vm]]]:
    alike: dict[frozenset[str], list[tuple[str, Vm]]] = {}
    for name, vm in site.vms.items():
        alike.setdefault(frozenset(vm.model_fields_set), []).append((name, vm))
    return alike


def ordered(mapping: Mapping[str, Value]) -> Iterable[tuple[str, Value]]:
    """The items sorted by name, so that diagnostics do not depend on the order of tables in a file."""
    return mapping.items() if len(mapping) < 2 else sorted(mapping.items())


def clashes(claims: Iterable[tuple[Key, Owner]]) -> Iterator[tuple[Key, Owner, Owner]]:
    """Every claim that repeats an earlier one, with the first owner; each later owner once."""
    first: dict[Key, Owner] = {}
    reported: set[Owner] = set()
    for key, owner in claims:
        holder = first.setdefault(key, owner)
        if holder is not owner and holder != owner and owner not in reported:
            reported.add(owner)
            yield key, holder, owner


def both(first: Owner, second: Owner) -> str:
    """Names two owners: ``web1 and web2``, or ``nic dmz and nic lan of web1``."""
    if first[0] != second[0]:
        return f"{first[0]} and {second[0]}"
    return f"{' '.join(first[1:3])} and {' '.join(second[1:3])} of {first[0]}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *front, end = names
    return f"{', '.join(front)} {last} {end}" if front else end


def diagnose(
    code: str,
    message: str,
    place: Place,
    remedy: str,
    also: Iterable[Place | Spot] = (),
    severity: Literal["error", "warning"] = "error",
) -> Diagnostic:
    """A diagnostic that does not name its own place again under ``also`` (two VMs may share a template's key)."""
    others = tuple(other for other in dict.fromkeys(also) if other != place)
    return Diagnostic(code, message, place, remedy, others, severity)


def clash(site: Site, code: str, message: str, owners: tuple[Owner, Owner], remedy: str) -> Diagnostic:
    """A diagnostic at the later owner that also points at the first."""
    first, second = (site.place("vm", *owner) for owner in owners)
    if first == second:
        remedy = "both take it from here; delete it, or write it in the VMs themselves with different values"
    return diagnose(code, message, second, remedy, [first])


def host_place(site: Site, vm: str) -> Place:
    """The key that sets the host of a VM."""
    return site.place("vm", vm, "hosts" if site.vms[vm].host is None else "host")


def network_place(site: Site, host: str, network: str, key: str) -> Place:
    """Where a key of a network is set as it holds on a host: the host's override or the network itself."""
    if key in site.hosts[host].network.get(network, {}):
        return site.place("host", host, "network", network, key)
    return site.place("network", network, key)


def storage_place(site: Site, host: str, storage: str, key: str) -> Place:
    """Where a key of a storage is set as it holds on a host: the host's override or the storage itself."""
    if key in site.hosts[host].storage.get(storage, {}):
        return site.place("host", host, "storage", storage, key)
    return site.place("storage", storage, key)
