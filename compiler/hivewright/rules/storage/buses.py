"""Options of disks that only some buses have, AHCI controllers with several ports, and the boot order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.device_kinds import BOOTABLE, with_key
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values import is_whole_mebibytes

if TYPE_CHECKING:
    from hivewright.model.disk import Disk

PORTS = 32
"""Ports of an AHCI controller."""

_AHCI = ("controller", "model", "revision", "rotation_rate")
_SPECIAL = frozenset({"nvme", "ram", "initiator", *_AHCI})
"""Keys of a disk that only some buses know."""

CTL = "/dev/cam/ctl"
_PORT = rf"{CTL}(?:[0-9]+\.[0-9]+)?"


def options_of_buses(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve silently ignores an option that a device does not know."""
    for name, key, disk in index.disks:
        if disk.bus != "virtio-scsi" and _SPECIAL.isdisjoint(disk.model_fields_set):
            continue
        for option, why, remedy in _misfits(disk):
            yield diagnose(
                "DEV007",
                f"disk {key} of {name} has {option}, {why}",
                index.site.place("vm", name, "disk", key, option),
                remedy,
                [index.site.place("vm", name, "disk", key, "bus")],
            )
    for name, key, cd in index.cds:
        if cd.controller is not None and cd.slot is not None:
            yield diagnose(
                "DEV007",
                f"cd {key} of {name} has slot, but is a port of the controller {cd.controller}",
                index.site.place("vm", name, "cd", key, "slot"),
                "delete slot or controller",
                [index.site.place("vm", name, "cd", key, "controller")],
            )


def _misfits(disk: Disk) -> Iterator[tuple[str, str, str]]:
    """Keys of a disk that do not fit its bus or each other: the key, why, and what to do."""
    only = {"nvme": ("nvme", "ram"), "virtio-scsi": ("initiator",), "ahci-hd": _AHCI}
    for bus, options in only.items():
        for option in options:
            if getattr(disk, option) is not None and disk.bus != bus:
                yield option, f"which only bus {bus} knows", f'write bus = "{bus}", or delete {option}'
    if disk.bus == "virtio-scsi":
        for option in ("sector_size", "serial"):
            if getattr(disk, option) is not None:
                yield option, "which CTL decides for virtio-scsi", "delete it, and see ctladm(8)"
        for option, usual in (("cache", "default"), ("readonly", False), ("trim", True)):
            if getattr(disk, option) != usual:
                yield option, "which CTL decides for virtio-scsi", "delete it, and see ctladm(8)"
        if disk.path is not None and re.fullmatch(_PORT, disk.path) is None:
            yield "path", "which is no port of CTL", f'write path = "{CTL}", or one of its ports such as "{CTL}2.1"'
        elif disk.storage is not None:
            yield "storage", "but virtio-scsi takes a port of CTL", f'write path = "{CTL}" instead'
    if disk.ram is not None:
        for option in ("storage", "path", "size", "image", "lun", "boot_index"):
            if getattr(disk, option) is not None:
                yield option, "but lies in memory", f"delete {option} or ram"
        if not is_whole_mebibytes(disk.ram):
            yield "ram", "which is not in whole mebibytes", 'write it with the unit M, for example ram = "512M"'
    if disk.controller is not None and disk.slot is not None:
        yield "slot", f"but is a port of the controller {disk.controller}", "delete slot or controller"


def controller_ports(index: SiteIndex) -> Iterator[Diagnostic]:
    for name in _setting(index, "controller"):
        vm = index.site.vms[name]
        named = [disk.controller for disk in vm.disk.values()] + [cd.controller for cd in vm.cd.values()]
        for controller in sorted({each for each in named if each is not None}):
            count = named.count(controller)
            if count > PORTS:
                yield diagnose(
                    "DEV008",
                    f"the controller {controller} of {name} has {count} disks and drives; AHCI has {PORTS} ports",
                    index.site.place("vm", name, part="table"),
                    "give some of them another controller",
                )


def controller_unused(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("controller"):
        named = {disk.controller for disk in vm.disk.values()} | {cd.controller for cd in vm.cd.values()}
        for controller in sorted(vm.controller.keys() - named):
            yield diagnose(
                "DEV022",
                f"no disk or drive of {name} is on the controller {controller}",
                index.site.place("vm", name, "controller", controller, part="table"),
                f'write controller = "{controller}" in a disk or drive, or delete the table',
            )


def _setting(index: SiteIndex, key: str) -> list[str]:
    """The VMs that set a key in one of the devices that have it, sorted."""
    return sorted(
        {
            name
            for kind in with_key(key)
            for name, vm in index.using(kind.key)
            if any(key in device.model_fields_set for _, device in kind.devices(vm))
        }
    )


def boot_order(index: SiteIndex) -> Iterator[Diagnostic]:
    """Which device is tried first (bhyve(8), bootindex)."""
    site = index.site
    for name in _setting(index, "boot_index"):
        vm = site.vms[name]
        first: dict[int, tuple[str, str]] = {}
        asked = [(kind.key, key, device.boot_index) for kind in BOOTABLE for key, device in kind.devices(vm)]
        for kind, key, number in asked:
            if number is None:
                continue
            place = site.place("vm", name, kind, key, "boot_index")
            other = first.setdefault(number, (kind, key))
            if other != (kind, key):
                yield diagnose(
                    "DEV009",
                    f"{other[0]} {other[1]} and {kind} {key} of {name} have the same boot index {number}",
                    place,
                    "give each a number of its own; the lowest is tried first",
                    [site.place("vm", name, *other, "boot_index")],
                )
