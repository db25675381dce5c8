"""What a bhyve with BHYVE_SNAPSHOT saves and restores: FILE, FILE.kern and FILE.meta."""

from __future__ import annotations

import errno
import json
import os

from .arguments import Machine
from .paths import RefusedError
from .things import Guest
from .world import World

SAVED = ("hostbridge", "amd_hostbridge", "lpc", "virtio-blk", "virtio-net", "e1000", "virtio-rnd", "fbuf", "xhci")
AHCI = ("ahci", "ahci-hd", "ahci-cd")
KERNEL = ("vhpet", "vm", "vioapic", "vlapic", "vmcx", "vatpit", "vatpic", "vpmtmr", "vrtc")
SECTION = 512


def obstacle(guest: Guest) -> tuple[str, int]:
    """The first device that cannot be saved, and the error it gives; empty when all can."""
    for device in guest.devices:
        emulation = device.partition("@")[0]
        if emulation in AHCI and guest.behaviour.fresh:
            return device, errno.EFAULT
        if emulation not in SAVED + AHCI:
            return device, 45  # FreeBSD's EOPNOTSUPP
    return "", 0


def save(world: World, guest: Guest, path: str) -> bool:
    """Write the three files; false when bhyve gives up, of which only its own output and the files tell.

    A file system that is full leaves the first one short and the others empty; a device that cannot be saved leaves
    a description that breaks off.
    """
    names = (path, path + ".kern", path + ".meta")
    for name in names:
        with open(name, "wb"):
            os.chmod(name, 0o700)
    try:
        for name in names:
            world.spend(name)
    except OSError as error:
        os.truncate(path, guest.memory // 2)
        guest.process.say(f"Failed to write to checkpoint file: {error.strerror}\n")
        return False
    device, number = obstacle(guest)
    saved = guest.devices[: guest.devices.index(device)] if device else [*guest.devices, "atkbdc"]
    more = 16 << 20 if any(each.startswith("fbuf@") for each in guest.devices) else 0
    os.truncate(path, guest.memory + more)
    os.truncate(names[1], SECTION * (len(KERNEL) + len(saved)))
    text = json.dumps(description(guest, saved, guest.memory), indent=2)
    with open(names[2], "w", encoding="utf-8") as stream:
        stream.write(text[: text.rindex("]")].rstrip() if device else text + "\n")
    if device:
        guest.process.say(f"Failed to snapshot {device}; ret={number}\n")
    return not device


def description(guest: Guest, saved: list[str], memory: int) -> dict[str, object]:
    """FILE.meta (usr.sbin/bhyve/snapshot.c)."""
    sections = [
        {"device": name, "size": SECTION, "file_offset": SECTION * number}
        for number, name in enumerate([*KERNEL, *saved])
    ]
    basic = {"ncpus": guest.cpus, "vmname": guest.name, "memsize": memory, "memflags": 0}
    kernel = sections[: len(KERNEL)]
    return {"basic metadata": basic, "kern_structs": kernel, "devices": sections[len(KERNEL) :]}


def check(world: World, machine: Machine) -> None:
    """``-r FILE``: a device that was not saved ends bhyve, one that is missing from the words is not noticed."""
    path = machine.restore
    unreadable = RefusedError(f"Failed to read checkpoint info from file: '{path}'.", 1)
    try:
        with open(path + ".meta", encoding="utf-8") as stream:
            meta = json.load(stream)
        size, kernel = os.path.getsize(path), os.path.getsize(path + ".kern")
    except (OSError, json.JSONDecodeError):
        raise unreadable from None
    sections = [*meta["kern_structs"], *meta["devices"]]
    if size < meta["basic metadata"]["memsize"] or kernel < sum(section["size"] for section in sections):
        raise unreadable
    machine.name = machine.name or meta["basic metadata"]["vmname"]
    machine.memory, machine.cpus = meta["basic metadata"]["memsize"], meta["basic metadata"]["ncpus"]
    if machine.name in world.contexts:
        raise RefusedError("bhyve: could not activate CPU 0: Device busy", 71)
    saved = {section["device"] for section in meta["devices"]}
    for (bus, slot, function), (emulation, _) in machine.devices.items():
        if f"{emulation}@pci.{bus}.{slot}.{function}" not in saved:
            raise RefusedError(f"Failed to restore dev: {emulation}@pci.{bus}.{slot}.{function}", 1)
