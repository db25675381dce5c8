"""Passthrough devices: which guest has them, and functions of one card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose, host_place, ordered
from hivewright.site.host_devices import virtual_functions
from hivewright.values import format_virtual_function

if TYPE_CHECKING:
    from hivewright.model.host import Device
    from hivewright.model.vm import Vm


def same_passthrough(index: SiteIndex) -> Iterator[Diagnostic]:
    """A device belongs to one guest at a time (bhyve(8), passthru); of two guests only the first would start."""
    claims = (
        ((host, passthrough.device), (name, "passthrough", key, "device"))
        for name, vm in index.using("passthrough")
        for host in index.hosts_of[name]
        for key, passthrough in ordered(vm.passthrough)
        if passthrough.device
    )
    for (host, device), first, second in clashes(claims):
        yield clash(
            index.site,
            "VM021",
            f"{both(first, second)} have the same device {device} of {host}",
            (first, second),
            "give the device to one of them; a PCI device serves one guest at a time",
        )


def passthrough_moves(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.passing().items():
        if len(vm.hosts) < 2:
            continue
        what, path = _first_of(vm)
        yield diagnose(
            "VM022",
            f"{name} cannot move between hosts: it has the {what} of one of them",
            host_place(index.site, name),
            f"give {name} one host, or delete its passthrough tables and its nics with vf",
            [index.site.place("vm", name, *path)],
        )


def _first_of(vm: Vm) -> tuple[str, tuple[str, str, str]]:
    """A device of the host that a VM has, and its key."""
    for key, passed in sorted(vm.passthrough.items()):
        if passed.device:
            return f"device {passed.device}", ("passthrough", key, "device")
    kind, key, function = next(virtual_functions(vm))
    return f"virtual function {format_virtual_function(function)}", (kind, key, "vf")


def cards_apart(index: SiteIndex) -> Iterator[Diagnostic]:
    """The functions of one card often share their reset and their IOMMU group, so that one guest could affect the
    function of another. Within a guest, drivers look for all functions in the same slot."""
    for host, definition in index.site.hosts.items():
        if len(definition.device) < 2:
            continue
        first: dict[str, Owner] = {}
        for owner, device in _given(index, host):
            card = device.pci.rpartition("/")[0]
            other = first.setdefault(card, owner)
            known = definition.device[_device_of(index, other)]
            if known == device or (known.independent and device.independent):
                continue
            yield from _apart(index, (host, card), other, owner)


def _given(index: SiteIndex, host: str) -> Iterator[tuple[Owner, Device]]:
    """The devices of a host that guests have, each with its key."""
    devices = index.site.hosts[host].device
    for name, vm in index.using("passthrough"):
        if host in index.hosts_of[name]:
            for key, passed in ordered(vm.passthrough):
                if passed.device in devices:
                    yield (name, "passthrough", key, "device"), devices[passed.device]


def _device_of(index: SiteIndex, owner: Owner) -> str:
    return index.site.vms[owner[0]].passthrough[owner[2]].device


def _apart(index: SiteIndex, card: tuple[str, str], first: Owner, second: Owner) -> Iterator[Diagnostic]:
    """Whether two functions of one card are in different guests, or in different slots of one."""
    place = index.site.place
    silence = "or, if each can be reset by itself, write independent = true in the devices"
    if first[0] != second[0]:
        remedy = f"give both to one guest, {silence}"
        what = f"{both(first, second)} have functions of one card, {'/'.join(card[1:])} of {card[0]}"
        yield diagnose("PCI009", what, place("vm", *second), remedy, [place("vm", *first)], "warning")
        return
    passthrough = index.site.vms[first[0]].passthrough
    slots = [passthrough[owner[2]].slot for owner in (first, second)]
    if all(slots) and len({slot[:2] for slot in slots if slot is not None}) == 1:
        return
    what = f"{both(first, second)} are functions of one card, but not of one slot of the guest"
    remedy = f'write slot = "8:0" and slot = "8:1" (any free slot), {silence}'
    yield diagnose("PCI010", what, place("vm", *second), remedy, [place("vm", *first)], "warning")


def same_selector(index: SiteIndex) -> Iterator[Diagnostic]:
    """With two names for one PCI device, its use by two guests would not be detected."""
    for host, definition in index.site.hosts.items():
        first: dict[str, str] = {}
        for name, device in ordered(definition.device):
            other = first.setdefault(device.pci, name)
            if other != name:
                yield diagnose(
                    "HOST003",
                    f"the devices {other} and {name} of {host} are the same PCI device {device.pci}",
                    index.site.place("host", host, "device", name, "pci"),
                    "delete one of the two, or correct its selector (pciconf -l lists them)",
                    [index.site.place("host", host, "device", other, "pci")],
                )
