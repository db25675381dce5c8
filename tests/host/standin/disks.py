"""What bhyve opens as a disk, told by what it is and not by the name it has: hard and symbolic links, aliases of a
directory, volumes, logical units of iSCSI."""

from __future__ import annotations

import errno
import os
import re

from . import nullfs
from .sizes import digest_of
from .things import Dataset, Disk, Guest
from .world import NODES, NULL, World

ZVOL = "/dev/zvol/"


def resolved(path: str) -> str:
    """The path without links, but of a device its name below /dev."""
    folder, name = os.path.split(path)
    while True:
        place = os.path.join(os.path.realpath(folder), name)
        if not os.path.islink(place):
            return place
        target = os.readlink(place)
        if target == NULL or target.startswith(NODES):
            return place
        folder, name = os.path.split(os.path.join(os.path.dirname(place), target))


def is_node(path: str) -> bool:
    """Whether a path is a device itself: here devices are links, on FreeBSD they are not."""
    if not os.path.islink(path):
        return False
    target = os.readlink(path)
    return target == NULL or target.startswith(NODES)


def is_device(path: str) -> bool:
    """Whether a path leads to a device."""
    return is_node(resolved(path))


def volume_of(world: World, path: str) -> Dataset | None:
    """The volume that a path leads to."""
    name = resolved(path)
    dataset = world.datasets.get(name[len(ZVOL) :]) if name.startswith(ZVOL) else None
    return dataset if dataset is not None and dataset.kind == "volume" else None


def identity(world: World, path: str) -> str:
    """What is the same for all names of a file, volume or device."""
    volume = volume_of(world, path)
    if volume is not None:
        return f"volume {volume.guid}"
    name = resolved(path)
    for (_, target), session in world.sessions.items():
        for lun, device in session.devices.items():
            if name == f"/dev/{device}":
                return f"unit {target} {lun}"
    found = os.stat(nullfs.below(world, path))
    return f"device {name}" if is_node(name) else f"file {found.st_dev}:{found.st_ino}"


def part_of(one: Disk, other: Disk) -> bool:
    """Whether a device is a partition or slice of another (gpart(8))."""
    whole = re.escape(other.identity)
    return other.identity.startswith("device ") and re.fullmatch(f"{whole}[ps][0-9]+[a-h]?", one.identity) is not None


def open_disk(world: World, guest: Guest, path: str, writable: bool) -> None:
    """bhyve opens a disk. No two may have one when either writes it, whatever names it goes by."""
    disk = Disk(path, identity(world, path), writable)
    for other in world.guests.values():
        for theirs in other.disks:
            one = theirs.identity == disk.identity or part_of(theirs, disk) or part_of(disk, theirs)
            if one and not theirs.gone and (theirs.writable or writable):
                name = path if theirs.path == path else f"{path} = {theirs.path}"
                world.fault("two writers", f"guests {other.name} and {guest.name} have {name} open")
    guest.disks.append(disk)


def fill(world: World, path: str, data: bytes) -> None:
    """Write to a device: a volume remembers what, others take it."""
    if not os.path.exists(path):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), path)
    same = identity(world, path)
    for guest in world.guests.values():
        if any(disk.identity == same and not disk.gone for disk in guest.disks):
            world.fault("two writers", f"dd writes {path} while guest {guest.name} has it open")
    volume = volume_of(world, path)
    if volume is not None:
        if len(data) > volume.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        volume.content, volume.length = digest_of(data)[:8], len(data)
        world.written[volume.content] = data


def guest_writes(world: World, guest: Guest) -> None:
    """A guest writes something to each of its disks."""
    for disk in guest.disks:
        if guest.over or not disk.writable:
            continue
        volume = volume_of(world, disk.path)
        if volume is None:
            os.utime(disk.path)
        else:
            data = f"{volume.content} and more".encode()
            volume.content, volume.length = digest_of(data)[:8], len(data)
            world.written[volume.content] = data


def content_of(world: World, path: str, limit: int | None) -> bytes:
    """Read a file, or what was written to a volume, with zeros behind it as far as is asked for."""
    if not is_device(path):
        with open(path, "rb") as stream:
            return stream.read(limit if limit is not None else -1)
    if not os.path.exists(path):
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    volume = volume_of(world, path)
    data = world.written.get(volume.content, b"") if volume is not None else b""
    return data[:limit] if limit is None or len(data) >= limit else data + bytes(limit - len(data))


def place_of(guest: Guest) -> list[str]:
    """Lines about disks that were taken from a guest."""
    return [f"guest {guest.name} lost {disk.path}" for disk in guest.disks if disk.gone]
