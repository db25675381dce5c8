"""Memory domains of guests (bhyve(8), -n): that they are numbered, and cover vCPUs and memory exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.firmware import LOADERS
from hivewright.rules.site_index import SiteIndex, diagnose, listed
from hivewright.values import MEBIBYTE, format_size, is_whole_mebibytes

if TYPE_CHECKING:
    from hivewright.model.vm import Vm


def numa(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("numa"):
        if vm.numa:
            yield from _numbers(index, name, vm)
            yield from _vcpus(index, name, vm)
            yield from _sizes(index, name, vm)


def _numbers(index: SiteIndex, name: str, vm: Vm) -> Iterator[Diagnostic]:
    site = index.site
    place = site.place("vm", name, "numa", part="table")
    if vm.firmware.kind in LOADERS:
        yield diagnose(
            "VM072",
            f"{name} has memory domains, which need a boot ROM, and is loaded by {vm.firmware.kind}",
            place,
            'delete numa, or write kind = "uefi"',
            [site.place("vm", name, "firmware", "kind")],
        )
    numbers = sorted(map(int, vm.numa))
    if numbers != list(range(len(numbers))):
        yield diagnose(
            "VM073",
            f"the memory domains of {name} are {listed(map(str, numbers))}, and not numbered from 0 without a gap",
            place,
            f"number them {listed(map(str, range(len(numbers))))}",
        )


def _vcpus(index: SiteIndex, name: str, vm: Vm) -> Iterator[Diagnostic]:
    """Each vCPU is in one domain. A list with a gap would be split at its comma by bhyve."""
    site = index.site
    owner: dict[int, str] = {}
    for number, domain in sorted(vm.numa.items()):
        place = site.place("vm", name, "numa", number, "cpus")
        remedy = "give every vCPU to one domain"
        first, last = domain.cpus[0], domain.cpus[-1]
        taken = [cpu for cpu in domain.cpus if cpu in owner]
        if len(domain.cpus) != last - first + 1:
            fault, remedy = "are not one range", f'bhyve takes one range for each domain, such as "{first}-{last}"'
        elif last >= vm.cpus:
            fault, remedy = f"go to {last}, but its last vCPU is {vm.cpus - 1}", "name vCPUs that it has, or write cpus"
        elif taken:
            fault = f"hold vCPU {taken[0]}, which is in domain {owner[taken[0]]} already"
        else:
            owner.update(dict.fromkeys(domain.cpus, number))
            continue
        yield diagnose("VM074", f"the vCPUs of memory domain {number} of {name} {fault}", place, remedy)
        return
    missing = [cpu for cpu in range(vm.cpus) if cpu not in owner]
    if missing:
        yield diagnose(
            "VM074",
            f"vCPU {missing[0]} of {name} is in no memory domain",
            site.place("vm", name, "numa", part="table"),
            "give every vCPU to one domain",
            [site.place("vm", name, "cpus")],
        )


def _sizes(index: SiteIndex, name: str, vm: Vm) -> Iterator[Diagnostic]:
    """bhyve takes the sum of the sizes as the memory and ignores -m, or uses only -m when a size is missing."""
    site = index.site
    place = site.place("vm", name, "numa", part="table")
    also = [site.place("vm", name, "memory")]
    sizes = [domain.size for domain in vm.numa.values()]
    known = [size for size in sizes if size is not None]
    if not known:
        if vm.memory % (len(sizes) * MEBIBYTE):
            fault = f"its {format_size(vm.memory)} cannot be split evenly among {len(sizes)} domains"
            yield diagnose("VM075", f"{name} says no sizes, and {fault}", place, "write a size for each domain", also)
    elif len(known) < len(sizes):
        yield diagnose(
            "VM075", f"some memory domains of {name} have a size and some have none", place, "write all or none", also
        )
    elif not all(map(is_whole_mebibytes, known)):
        yield diagnose(
            "VM075", f"a memory domain of {name} is not whole mebibytes", place, "write sizes in M or G", also
        )
    elif sum(known) != vm.memory:
        yield diagnose(
            "VM075",
            f"the memory domains of {name} have {format_size(sum(known))} together, but it has "
            f"{format_size(vm.memory)} of memory",
            place,
            "let the sizes add up to the memory",
            also,
        )
