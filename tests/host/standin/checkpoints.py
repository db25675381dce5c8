"""What a bhyve with BHYVE_SNAPSHOT saves and restores: FILE, FILE.kern and FILE.meta."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from typing import Any

from .arguments import Machine
from .paths import RefusedError
from .processes import stopped
from .things import Guest
from .world import World

SAVED = ("hostbridge", "amd_hostbridge", "lpc", "virtio-blk", "virtio-net", "e1000", "virtio-rnd", "fbuf", "xhci")
AHCI = ("ahci", "ahci-hd", "ahci-cd")
KERNEL = ("vhpet", "vm", "vioapic", "vlapic", "vmcx", "vatpit", "vatpic", "vpmtmr", "vrtc")
SECTION = 512
FRAMES = 16 << 20
"""The framebuffer's memory, which is in its section."""
BEGIN = 0.25
"""Seconds until bhyve has paused the guest and opened the files: bhyvectl does not wait."""


def names_of(machine: Machine) -> list[str]:
    """The devices as a checkpoint names them: ``virtio-blk@pci.0.3.0``; disks and drives at AHCI are one device."""
    return [
        "{}@pci.{}.{}.{}".format("ahci" if emulation in AHCI else emulation, *place)
        for place, (emulation, _) in sorted(machine.devices.items())
    ]


def obstacle(guest: Guest) -> tuple[str, int]:
    """The first device that cannot be saved, and the error it gives; empty when all can."""
    for device in guest.devices:
        emulation = device.partition("@")[0]
        if emulation in AHCI and guest.behaviour.fresh:
            return device, errno.EFAULT
        if emulation not in SAVED + AHCI:
            return device, 45  # FreeBSD's EOPNOTSUPP
    return "", 0


def save(world: World, guest: Guest, path: str, done: Callable[[], None]) -> None:
    """Save the guest, some time after it was asked for, as usr.sbin/bhyve/snapshot.c does: memory first, what the
    files hold last. ``done`` is called when all is saved; of a failure only bhyve's own output and the files tell.

    While SIGSTOP holds bhyve nothing goes on.
    """
    names = (path, path + ".kern", path + ".meta")

    def later(seconds: float, action: Callable[[], None]) -> None:
        def act() -> None:
            if guest.over:
                return
            if stopped(guest.pid):
                world.watch(lambda: guest.over or not stopped(guest.pid), act)
            else:
                action()

        world.at(seconds, act, guest.name)

    def begin() -> None:
        try:
            for name in names:
                with open(name, "wb"):
                    os.chmod(name, 0o700)
            os.truncate(path, guest.memory // 2)
            for name in names:
                world.spend(name)
        except OSError as error:
            guest.process.say(f"Failed to write in file: {error.strerror}\n")
            return
        later(guest.behaviour.saving, finish)

    def finish() -> None:
        if write(guest, path):
            done()

    later(BEGIN, begin)


def write(guest: Guest, path: str) -> bool:
    """Write what is left; a device that cannot be saved leaves a description that breaks off."""
    if not os.path.exists(path):
        return True  # they were removed meanwhile, which bhyve does not notice
    device, number = obstacle(guest)
    saved = guest.devices[: guest.devices.index(device)] if device else [*guest.devices, "atkbdc"]
    os.truncate(path, guest.memory)
    sections = sections_of(saved)
    os.truncate(path + ".kern", sum(section["size"] for section in sections))
    text = json.dumps(description(guest, sections), indent=2)
    with open(path + ".meta", "w", encoding="utf-8") as stream:
        stream.write(text[: text.rindex("]")].rstrip() if device else text + "\n")
    if device:
        guest.process.say(f"Failed to snapshot {device}; ret={number}\n")
    return not device


def sections_of(saved: list[str]) -> list[dict[str, Any]]:
    """Where FILE.kern has what."""
    found: list[dict[str, Any]] = []
    offset = 0
    for name in [*KERNEL, *saved]:
        size = FRAMES if name.startswith("fbuf@") else SECTION
        found.append({"device": name, "size": size, "file_offset": offset})
        offset += size
    return found


def description(guest: Guest, sections: list[dict[str, Any]]) -> dict[str, object]:
    """FILE.meta (usr.sbin/bhyve/snapshot.c)."""
    basic = {"ncpus": guest.cpus, "vmname": guest.name, "memsize": guest.memory, "memflags": 0}
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
    if machine.name in world.contexts and machine.name not in world.loaded:
        raise RefusedError("bhyve: could not activate CPU 0: Device busy", 71)
    saved = {section["device"] for section in meta["devices"]}
    for name in names_of(machine):
        if name not in saved:
            raise RefusedError(f"Failed to restore dev: {name}", 1)
