"""Memory and CPUs of VMs against those of their host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, listed
from hivewright.values import format_cpu_list, format_size

if TYPE_CHECKING:
    from hivewright.site import Site

OVERCOMMIT = 8
"""vCPUs for each CPU of a host above which guests slow each other down."""


def _in_memory(index: SiteIndex) -> dict[str, int]:
    """Bytes of disks in memory by VM: bhyve allocates them in addition to guest memory (bhyve(8), nvme, ram)."""
    found: dict[str, int] = {}
    for name, _, disk in index.disks:
        if disk.ram is not None:
            found[name] = found.get(name, 0) + disk.ram
    return found


def memory_of_one(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    disks = _in_memory(index)
    for host, definition in site.hosts.items():
        if definition.memory is None:
            continue
        room = definition.memory - definition.reserve_memory
        sizes = {name: vm.memory + disks.get(name, 0) for name, vm in index.guests[host].items()}
        over = [name for name, size in sizes.items() if size > room]
        has = f"{format_size(max(room, 0))} for VMs ({format_size(definition.memory)} less "
        has += f"{format_size(definition.reserve_memory)} for itself)"
        if _host_is_at_fault(site, over, "memory", len(sizes)):
            yield diagnose(
                "HOST005",
                f"{host} has {has}, and each of its {len(sizes)} VMs has more; the largest are {_largest(sizes)}",
                site.place("host", host, "memory"),
                "give the host the memory that it has",
                [site.place("vm", name, "memory") for name in _top(sizes)],
            )
            continue
        for name in over:
            own = format_size(sizes[name] - disks.get(name, 0))
            with_disks = f" and disks of {format_size(disks[name])} in it" if disks.get(name) else ""
            yield diagnose(
                "HOST005",
                f"{name} has {own} of memory{with_disks}, but {host} has {has}",
                site.place("vm", name, "memory"),
                "give it less memory, or let it run on a larger host",
                [site.place("host", host, "memory")],
            )


def _host_is_at_fault(site: Site, over: list[str], key: str, number: int) -> bool:
    """Whether none of several VMs fits on a host, each with a value of its own: one fault, and not one for each."""
    return len(over) == number > 1 and len({site.place("vm", name, key) for name in over}) > 1


def memory_of_all(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    disks = _in_memory(index)
    passing = index.passing()
    for host, definition in site.hosts.items():
        if definition.memory is None:
            continue
        room = definition.memory - definition.reserve_memory
        vms = index.at_home[host]
        started = {name: vm.memory + disks.get(name, 0) for name, vm in vms.items() if vm.autostart}
        wired = {name: vm.memory for name, vm in vms.items() if vm.machine.wired or name in passing}
        for code, sizes, what in (
            ("HOST004", started, "that start with it"),
            ("HOST006", wired, "with wired memory"),
        ):
            if len(sizes) < 2 or (total := sum(sizes.values())) <= room or max(sizes.values()) > room:
                continue
            with_disks = " and disks in it" if code == "HOST004" and sizes.keys() & disks.keys() else ""
            yield diagnose(
                code,
                f"the {len(sizes)} VMs of {host} {what} have {format_size(total)} of memory{with_disks} together, "
                f"but {host} has {format_size(max(room, 0))} for VMs ({format_size(definition.memory)} less "
                f"{format_size(definition.reserve_memory)} for itself); the largest are {_largest(sizes)}",
                site.place("host", host, "memory"),
                _MEMORY_HELP[code],
                [site.place("vm", name, "memory") for name in _top(sizes)],
            )


_MEMORY_HELP = {
    "HOST004": "give them less memory, set autostart = false for some, or move some to another host",
    "HOST006": "wired memory cannot be lent to others: give them less, delete machine.wired where it is not "
    "needed, or move some to another host",
}


def _top(sizes: dict[str, int]) -> list[str]:
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:3]


def _largest(sizes: dict[str, int]) -> str:
    return listed(f"{name} ({format_size(sizes[name])})" for name in _top(sizes))


def cpus_of_one(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for host, definition in site.hosts.items():
        limit = definition.cpus
        if limit is None:
            continue
        vms = index.guests[host]
        over = [name for name, vm in vms.items() if vm.cpus > limit]
        if _host_is_at_fault(site, over, "cpus", len(vms)):
            yield diagnose(
                "HOST007",
                f"{host} has {limit} CPUs, and each of its {len(vms)} VMs has more vCPUs",
                site.place("host", host, "cpus"),
                "give the host the CPUs that it has; more vCPUs than CPUs make a guest slower",
                [site.place("vm", name, "cpus") for name in _top({name: vm.cpus for name, vm in vms.items()})],
            )
            continue
        for name in over:
            yield diagnose(
                "HOST007",
                f"{name} has {vms[name].cpus} vCPUs, but {host} has {limit} CPUs",
                site.place("vm", name, "cpus"),
                f"give it at most {limit}; more vCPUs than CPUs make a guest slower",
                [site.place("host", host, "cpus")],
            )


def cpus_of_all(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for host, definition in site.hosts.items():
        if definition.cpus is None:
            continue
        started = {name: vm.cpus for name, vm in index.at_home[host].items() if vm.autostart}
        total = sum(started.values())
        if total > OVERCOMMIT * definition.cpus:
            yield diagnose(
                "HOST008",
                f"the VMs that start with {host} have {total} vCPUs together, more than {OVERCOMMIT} "
                f"for each of its CPUs ({definition.cpus})",
                site.place("host", host, "cpus"),
                "give them fewer vCPUs, set autostart = false for some, or move some to another host",
                [site.place("vm", name, "cpus") for name in _top(started)],
                "warning",
            )


def topology_product(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve exits when sockets, cores and threads do not multiply to the vCPUs (bhyve(8), -c)."""
    site = index.site
    for name, vm in index.using("topology"):
        topology = site.topologies.get(vm.topology) if isinstance(vm.topology, str) else vm.topology
        if topology is None:
            continue
        parts = (topology.sockets, topology.cores, topology.threads)
        if prod(parts) == vm.cpus:
            continue
        also: list[Place] = [site.place("vm", name, "cpus")]
        if isinstance(vm.topology, str):
            also.append(site.place("topology", vm.topology, part="table"))
        yield diagnose(
            "VM024",
            f"{name} has {vm.cpus} {'vCPU' if vm.cpus == 1 else 'vCPUs'}, but its topology makes "
            f"{' x '.join(map(str, parts))} = {prod(parts)}",
            site.place("vm", name, "topology"),
            f"sockets x cores x threads must be {vm.cpus}; correct the topology or cpus, or delete the topology",
            also,
        )


def pins(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("pin"):
        for vcpu, cpus in sorted(vm.pin.items()):
            if int(vcpu) >= vm.cpus:
                has = "the vCPU 0 only" if vm.cpus == 1 else f"the vCPUs 0 to {vm.cpus - 1}"
                yield diagnose(
                    "VM025",
                    f"{name} pins a vCPU {vcpu}, but has {has}",
                    site.place("vm", name, "pin", vcpu, part="key"),
                    "correct the number, delete the entry, or raise cpus",
                    [site.place("vm", name, "cpus")],
                )
            yield from _pin_on_hosts(index, name, vcpu, cpus)


def _pin_on_hosts(index: SiteIndex, name: str, vcpu: str, cpus: Iterable[int]) -> Iterator[Diagnostic]:
    site = index.site
    for host in index.hosts_of[name]:
        limit = site.hosts[host].cpus
        if limit is None or not (beyond := tuple(cpu for cpu in cpus if cpu >= limit)):
            continue
        yield diagnose(
            "VM026",
            f"{name} pins its vCPU {vcpu} to CPU {format_cpu_list(beyond)}, but {host} has the CPUs 0 to {limit - 1}",
            site.place("vm", name, "pin", vcpu),
            "pin it to CPUs that the host has; bhyve aborts otherwise",
            [site.place("host", host, "cpus"), host_place(site, name)],
        )
