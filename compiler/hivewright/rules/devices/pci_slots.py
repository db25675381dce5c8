"""Devices of guests: PCI addresses within a VM, passthrough devices of hosts, names of taps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose, ordered
from hivewright.values import PciAddress

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

HOSTBRIDGE: PciAddress = (0, 0, 0)
FBUF: PciAddress = (0, 29, 0)
XHCI: PciAddress = (0, 30, 0)
LPC: PciAddress = (0, 31, 0)

_HELP = "choose a free slot (3 to 28 are for such devices), or delete slot; hivewright then finds one"


def same_slot(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve exits when a PCI address is occupied twice (bhyve(8), -s)."""
    site = index.site
    for name, given in given_slots(index).items():
        vm = site.vms[name]
        reserved = _reserved_slots(index, name, vm)
        for address, owner in given:
            if address in reserved:
                yield diagnose(
                    "VM017",
                    f"{' '.join(owner[1:3]).removesuffix(' slot')} of {name} cannot have the PCI slot "
                    f"{_text(address)}: the {reserved[address]} is there",
                    site.place("vm", *owner),
                    _HELP,
                )
        for address, first, second in clashes(given):
            yield clash(
                site,
                "VM017",
                f"{_pair(first, second)} of {name} have the same PCI slot {_text(address)}",
                (first, second),
                _HELP,
            )
        occupied = {address for address, _ in given} | set(reserved)
        for (bus, slot, function), owner in given:
            if function and (bus, slot, 0) not in occupied:
                yield diagnose(
                    "VM018",
                    f"{name} uses function {function} of PCI slot {slot} on bus {bus}, but has no function 0 there",
                    site.place("vm", *owner),
                    f'give a device of this VM slot = "{bus}:{slot}:0"; '
                    "a guest does not look at further functions without it",
                )


def given_slots(index: SiteIndex) -> dict[str, list[tuple[PciAddress, Owner]]]:
    """The PCI addresses that somebody wrote, by VM."""
    given: dict[str, list[tuple[PciAddress, Owner]]] = {}
    for kind, devices in (("disk", index.disks), ("cd", index.cds), ("nic", index.nics)):
        for name, key, device in devices:
            if device.slot is not None:
                given.setdefault(name, []).append((device.slot, (name, kind, key, "slot")))
    for kind in ("passthrough", "input", "share"):
        for name, vm in index.using(kind):
            for key, device in ordered(getattr(vm, kind)):
                if device.slot is not None:
                    given.setdefault(name, []).append((device.slot, (name, kind, key, "slot")))
    for kind in ("sound", "rng", "vnc"):
        for name, vm in index.using(kind):
            device = getattr(vm, kind)
            if device is not None and device.slot is not None:
                given.setdefault(name, []).append((device.slot, (name, kind, "slot")))
    return given


def _reserved_slots(index: SiteIndex, name: str, vm: Vm) -> dict[PciAddress, str]:
    reserved = {HOSTBRIDGE: "host bridge"}
    if any(index.site.hosts[host].arch == "amd64" for host in index.hosts_of[name]):
        reserved[LPC] = "LPC bridge"
    if vm.vnc is not None:
        if vm.vnc.tablet:
            reserved[XHCI] = "USB controller of the VNC tablet"
        if vm.vnc.slot is None:
            reserved[FBUF] = "VNC framebuffer"
    return reserved


def _pair(first: Owner, second: Owner) -> str:
    return f"{' '.join(first[1:-1])} and {' '.join(second[1:-1])}"


def _text(address: PciAddress) -> str:
    bus, slot, function = address
    return str(slot) if not bus and not function else f"{slot}:{function}" if not bus else f"{bus}:{slot}:{function}"


def same_tap(index: SiteIndex) -> Iterator[Diagnostic]:
    claims = (
        ((host, nic.tap), (name, "nic", key, "tap"))
        for name, key, nic in index.nics
        if nic.tap is not None
        for host in index.hosts_of[name]
    )
    for (host, tap), first, second in clashes(claims):
        yield clash(
            index.site,
            "VM020",
            f"{both(first, second)} have the same tap {tap} on {host}",
            (first, second),
            "delete one of the two; hivewright then derives a name",
        )


def same_selector(index: SiteIndex) -> Iterator[Diagnostic]:
    """Two names for one PCI device would hide that it is given to two guests."""
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
