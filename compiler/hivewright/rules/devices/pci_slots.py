"""PCI addresses of devices within a VM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.facts import PC
from hivewright.diagnostics import Diagnostic
from hivewright.model.device_kinds import FRAMEBUFFER, HOSTBRIDGE, LPC, SLOTTED, TABLET, has_screen_tablet, lpc_address
from hivewright.rules.site_index import Owner, SiteIndex, clash, clashes, diagnose
from hivewright.values import PciAddress

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_HELP = "choose a free slot (3 to 28 are for such devices), or delete slot; hivewright then finds one"


def same_slot(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve exits when a PCI address is used twice (bhyve(8), -s)."""
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
    """The PCI addresses that are set in the site, by VM."""
    given: dict[str, list[tuple[PciAddress, Owner]]] = {}
    for kind in SLOTTED:
        for name, vm in index.using(kind.key):
            for key, device in kind.devices(vm):
                if device.slot is not None:
                    given.setdefault(name, []).append((device.slot, (name, *kind.path(key), "slot")))
    for name, vm in index.using("vnc"):
        if vm.vnc is not None and has_screen_tablet(vm) and vm.vnc.tablet_slot is not None:
            given.setdefault(name, []).append((vm.vnc.tablet_slot, (name, "vnc", "tablet_slot")))
    for name, vm in index.using("machine"):
        if vm.channel and vm.machine.channel_slot is not None:
            given.setdefault(name, []).append((vm.machine.channel_slot, (name, "machine", "channel_slot")))
        if vm.machine.lpc_slot is not None:
            given.setdefault(name, []).append((lpc_address(vm), (name, "machine", "lpc_slot")))
    return given


def _reserved_slots(index: SiteIndex, name: str, vm: Vm) -> dict[PciAddress, str]:
    reserved: dict[PciAddress, str] = {}
    if vm.machine.hostbridge != "none":
        reserved[HOSTBRIDGE] = "host bridge"
    if vm.machine.lpc_slot is None and any(index.has(host, PC) for host in index.hosts_of[name]):
        reserved[LPC] = "LPC bridge"
    if vm.vnc is not None:
        if has_screen_tablet(vm) and vm.vnc.tablet_slot is None:
            reserved[TABLET] = "USB controller of the VNC tablet"
        if vm.vnc.slot is None:
            reserved[FRAMEBUFFER] = "VNC framebuffer"
    return reserved


def _pair(first: Owner, second: Owner) -> str:
    return f"{' '.join(first[1:-1])} and {' '.join(second[1:-1])}"


def _text(address: PciAddress) -> str:
    bus, slot, function = address
    return str(slot) if not bus and not function else f"{slot}:{function}" if not bus else f"{bus}:{slot}:{function}"
