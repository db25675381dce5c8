"""Disks and optical drives of a command."""

from __future__ import annotations

import hashlib
import re

from hivewright.importers.forms import Guest
from hivewright.importers.names import disk_name, drive_name, site_name
from hivewright.values import PciAddress, format_pci_address, format_size

_SERIAL = re.compile(r"[A-Za-z0-9_.-]{1,20}")
_VALUES = {
    "sectorsize": ("sector_size",),
    "sectsz": ("sector_size",),
    "bootindex": ("boot_index",),
    "model": ("model",),
    "rev": ("revision",),
    "nmrr": ("rotation_rate",),
    "maxq": ("nvme", "queues"),
    "qsz": ("nvme", "queue_size"),
    "ioslots": ("nvme", "io_slots"),
    "dsm": ("nvme", "dataset_management"),
    "iid": ("initiator",),
}
"""Options with a value (bhyve(8), "Block storage device backends") -> the key of a disk."""
_NUMBERS = ("bootindex", "nmrr", "maxq", "qsz", "ioslots", "iid")


def default_serial(path: str) -> str:
    """The serial number that bhyve gives a disk where none is said: from its path (pci_virtio_block.c, pci_ahci.c)."""
    digits = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest().upper()
    return f"BHYVE-{digits[0:4]}-{digits[4:8]}-{digits[8:12]}"


def read_disk(guest: Guest, address: PciAddress, emulation: str, words: list[str]) -> None:
    """A disk with an address of its own."""
    where = format_pci_address(address)
    serial = f"NVME-{address[1]}-{address[2]}" if emulation == "nvme" else ""
    name = _add_disk(guest, where, emulation, words, serial)
    guest.slots[f"disk.{name}"] = where


def read_drive(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    """An optical drive with an address of its own."""
    where = format_pci_address(address)
    name = _add_drive(guest, where, words)
    guest.slots[f"cd.{name}"] = where


def read_controller(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    """An AHCI controller: ``hd:PATH[,OPTION…],cd:PATH…``. A device alone on port 0 is one without a controller."""
    ports: list[list[str]] = []
    for word in words:
        if word[:3] in ("hd:", "cd:"):
            ports.append([word])
        elif ports:
            ports[-1].append(word)
        else:
            raise ValueError(f"ahci,{','.join(words)}: a port begins with hd: or cd:")
    where = format_pci_address(address)
    controller = site_name("ahci", _controllers(guest))
    for number, (first, *options) in enumerate(ports):
        if first in ("hd:", "cd:"):
            continue  # an empty port
        place = f"{where}/{number}"
        if first.startswith("hd:"):
            key = f"disk.{_add_disk(guest, place, 'ahci-hd', [first[3:], *options], '')}"
        else:
            key = f"cd.{_add_drive(guest, place, [first[3:], *options])}"
        kind, _, name = key.partition(".")
        if len(ports) == 1:
            guest.slots[key] = where
            continue
        guest.keys[kind][name]["controller"] = controller
        guest.ports[key] = f"{controller}:{number}"
        guest.slots[f"controller.{controller}"] = where


def _controllers(guest: Guest) -> set[str]:
    return {key.partition(".")[2] for key in guest.slots if key.startswith("controller.")}


def _add_disk(guest: Guest, where: str, bus: str, words: list[str], serial: str) -> str:
    path, *options = words or [""]
    disks = guest.keys.setdefault("disk", {})
    name = site_name(guest.old.names.get(where) or disk_name(path, len(disks)), disks, "disk")
    disk: dict[str, object] = {}
    if path.startswith("ram="):
        disk["ram"] = format_size(int(path[4:]) * 2**20)
    else:
        disk["path"] = absolute(path)
    if bus != "virtio-blk":
        disk["bus"] = bus
    disks[name] = disk
    given = _read_options(guest, name, bus, options)
    if bus != "virtio-scsi":
        disk["serial"] = given or serial or default_serial(path)
        if not given:
            guest.comments[("disk", name, "serial")] = "bhyve derived it from the path, or the slot."
    return name


def absolute(path: str) -> str:
    """A path of the host; one that is not absolute depends on where the command was started."""
    if not path.startswith("/"):
        raise ValueError(f'the path "{path}" depends on the folder that the command is started in; write it in full')
    return path


def _read_options(guest: Guest, name: str, bus: str, options: list[str]) -> str:
    """Sets the keys of a disk; returns its serial number, if one is said."""
    serial, cache = "", []
    for option in options:
        word, equals, value = option.partition("=")
        if word in ("nocache", "direct", "sync"):
            cache.append("direct" if word == "sync" else word)
        elif word == "ro":
            guest.set(("disk", name, "readonly"), True)
        elif word == "nodelete":
            guest.set(("disk", name, "trim"), False)
        elif word in ("ser", "serial"):
            if _SERIAL.fullmatch(value):
                serial = value
            else:
                guest.note(f"serial number {value} of disk {name}", "1 to 20 letters, digits, - _ and . are possible")
        elif word == "ram":
            why = "bhyve shows a disk in memory then, and never the one that is named; the site has that one"
            guest.note(f"{option} of disk {name} ({bus})", why)
        elif word == "eui64":
            guest.set(("disk", name, "nvme", "eui64"), f"{int(value, 0):016x}")
        elif word in _VALUES and equals:
            guest.set(("disk", name, *_VALUES[word]), int(value) if word in _NUMBERS else value)
        else:
            guest.note(f"{option} of disk {name} ({bus})", "bhyve ignores it, or a site has no key for it")
    if cache:
        guest.set(("disk", name, "cache"), "-".join(sorted(set(cache), reverse=True)))
    return serial


def _add_drive(guest: Guest, where: str, words: list[str]) -> str:
    path, *options = words or [""]
    drives = guest.keys.setdefault("cd", {})
    name = site_name(guest.old.names.get(where) or drive_name(path), drives, "drive")
    drives[name] = {"path": absolute(path)}
    for option in options:
        word, _, value = option.partition("=")
        if word == "bootindex":
            drives[name]["boot_index"] = int(value)
        elif word not in ("ro", "nocache", "direct"):
            guest.note(f"{option} of drive {name}", "guests know an optical drive by its place")
    return name
