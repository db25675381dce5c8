"""Disks and drives as devices of bhyve(8), and AHCI controllers with several of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from hivewright.lower.context import Device, Guest, device
from hivewright.lower.devices.disks import cd_path, disk_path
from hivewright.model.device_kinds import BOOTABLE
from hivewright.model.disk import Disk
from hivewright.plan import Option, Provenance
from hivewright.values import MEBIBYTE

_CACHE = {"default": "", "nocache": ",nocache", "direct": ",direct", "nocache-direct": ",nocache,direct"}
_IDENTITY = (("model", "model"), ("revision", "rev"), ("rotation_rate", "nmrr"))
"""Keys of a disk, and bhyve's words for them (bhyve(8), ahci-hd)."""
QEMU_FWCFG = ("-o", "lpc.fwcfg=qemu")
"""The interface by which QEMU shows files to firmware and guest, in place of bhyve's own (bhyve_config(5))."""

_SERIAL_LENGTH = 20


def lower_disks(guest: Guest) -> Iterator[Device]:
    """The disks of a guest (bhyve(8), virtio-blk, ahci-hd, nvme and "Block storage device backends")."""
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.controller is None:
            words, keys = _backend(guest, name, disk)
            yield device(guest, f"disk.{name}", f"{disk.bus},{words}", (f"disk.{name}.bus", *keys), disk.bus)


def lower_cds(guest: Guest) -> Iterator[Device]:
    for name, cd in sorted(guest.vm.cd.items()):
        if cd.controller is None:
            words, keys = _drive(guest, name)
            yield device(guest, f"cd.{name}", f"ahci-cd,{words}", keys, "ahci-cd")


def lower_controllers(guest: Guest) -> Iterator[Device]:
    """Controllers with ports as in the lock; the port of a removed disk stays empty."""
    controllers: dict[str, dict[int, tuple[str, str, Provenance]]] = {}
    members = [(f"disk.{name}", disk.controller) for name, disk in sorted(guest.vm.disk.items())]
    members += [(f"cd.{name}", cd.controller) for name, cd in sorted(guest.vm.cd.items())]
    for key, controller in members:
        if controller is None:
            continue
        kind, _, name = key.partition(".")
        words, keys = _backend(guest, name, guest.vm.disk[name]) if kind == "disk" else _drive(guest, name)
        prefix = "hd:" if kind == "disk" else "cd:"
        number = int(guest.lock.ports[key].partition(":")[2])
        keys = (f"{key}.controller", *keys, f"lock:ports.{key}")
        controllers.setdefault(controller, {})[number] = (key, prefix + words, keys)
    for controller, ports in sorted(controllers.items()):
        words = ",".join(ports[number][1] if number in ports else "hd:" for number in range(max(ports) + 1))
        keys = tuple(key for number in sorted(ports) for key in ports[number][2])
        held = ", ".join(f"{number}: {ports[number][0]}" for number in sorted(ports))
        yield device(guest, f"controller.{controller}", f"ahci,{words}", keys, f"ahci {held}")


def lower_boot_order(guest: Guest) -> Iterator[Option]:
    """The firmware reads the order of boot devices from the fw_cfg of QEMU's kind (bhyve(8), bootindex)."""
    keys = [
        ".".join((*kind.path(name), "boot_index"))
        for kind in BOOTABLE
        for name, found in kind.devices(guest.vm)
        if found.boot_index is not None
    ]
    if keys and not guest.vm.fwcfg and guest.site.medium(guest.vm) != "ignition":
        yield Option(QEMU_FWCFG, (*keys, "rule:boot-order"), "boot_index")


def _backend(guest: Guest, name: str, disk: Disk) -> tuple[str, Provenance]:
    """The backend of a disk with its options, and their keys."""
    prefix = f"disk.{name}"
    if disk.ram is not None:
        words, keys = [f"ram={disk.ram // MEBIBYTE}"], [f"{prefix}.ram"]
    else:
        path, path_keys = disk_path(guest, name, disk)
        words, keys = [path], [*path_keys]
    given = {
        "cache": _CACHE[disk.cache],
        "readonly": ",ro" if disk.readonly else "",
        "trim": "" if disk.trim else ",nodelete",
        "sector_size": _sector_size(disk.bus, disk.sector_size) if disk.sector_size is not None else "",
        "nvme": _nvme(disk),
        "initiator": f",iid={disk.initiator}" if disk.initiator is not None else "",
        "boot_index": f",bootindex={disk.boot_index}" if disk.boot_index is not None else "",
    }
    for key, text in given.items():
        if text:
            words.append(text)
            keys.append(f"{prefix}.{key}")
    if disk.bus != "virtio-scsi":
        words += (",ser=", serial_of(guest, name))
        keys.append(f"{prefix}.serial")
        if disk.serial is None and guest.lock.name is not None:
            keys.append("lock:name")
    for key, word in _IDENTITY:
        value = getattr(disk, key)
        if value is not None:
            words.append(f",{word}={value}")
            keys.append(f"{prefix}.{key}")
    return "".join(words), tuple(keys)


def _drive(guest: Guest, name: str) -> tuple[str, Provenance]:
    cd = guest.vm.cd[name]
    path, keys = cd_path(name, cd)
    if cd.boot_index is None:
        return f"{path},ro", keys
    return f"{path},ro,bootindex={cd.boot_index}", (*keys, f"cd.{name}.boot_index")


def _nvme(disk: Disk) -> str:
    if disk.nvme is None:
        return ""
    nvme = disk.nvme
    values = {"maxq": nvme.queues, "qsz": nvme.queue_size, "ioslots": nvme.io_slots, "dsm": nvme.dataset_management}
    words = [f",{key}={value}" for key, value in values.items() if value is not None]
    if nvme.eui64 is not None:
        words.append(f",eui64=0x{nvme.eui64}")
    return "".join(words)


def serial_of(guest: Guest, name: str) -> str:
    """The serial number by which the guest knows a disk."""
    return guest.vm.disk[name].serial or default_serial(guest.first_name, name)


def default_serial(vm: str, disk: str) -> str:
    """``VM-DISK``; shortened with a digest if longer than the 20 characters that a serial number may have."""
    serial = f"{vm}-{disk}"
    if len(serial) <= _SERIAL_LENGTH:
        return serial
    return f"{serial[:13]}-{hashlib.sha256(serial.encode()).hexdigest()[:6]}"


def _sector_size(bus: str, sector_size: str) -> str:
    if bus == "nvme":
        return f",sectsz={sector_size.partition('/')[0]}"
    return f",sectorsize={sector_size}"
