"""Disks that are clones: of their image, or of a snapshot that exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.storage import volblocksize
from hivewright.rules.site_index import SiteIndex, diagnose, storage_place

if TYPE_CHECKING:
    from hivewright.model.disk import Disk


def _clones(index: SiteIndex) -> list[tuple[str, str, Disk, str]]:
    """VM, name and definition of disks that are clones, and the key that makes them so."""
    return [
        (name, key, disk, "clone" if disk.clone is not None else "clone_image")
        for name, key, disk in index.disks
        if disk.clone_image or disk.clone is not None
    ]


def clone_storage(index: SiteIndex) -> Iterator[Diagnostic]:
    """Only volumes can be cloned (zfs-clone(8))."""
    site = index.site
    for name, key, disk, word in _clones(index):
        here = site.place("vm", name, "disk", key, word)
        given = next((other for other in ("path", "ram") if getattr(disk, other) is not None), None)
        if given is not None:
            yield diagnose(
                "STO020",
                f"disk {key} of {name} shall be a clone, but has {given}",
                here,
                f"delete {word}, or write storage and size instead of {given}",
                [site.place("vm", name, "disk", key, given)],
            )
        elif disk.storage is not None:
            for host in index.hosts_of[name]:
                storage = site.host_storages.get((host, disk.storage))
                if storage is not None and storage.kind == "zfs" and disk.clone is not None and "@" not in disk.clone:
                    yield diagnose(
                        "STO020",
                        f"disk {key} of {name} shall be a clone of {disk.clone}, which is no snapshot",
                        here,
                        f'name a snapshot of it, such as "{disk.clone}@v1"',
                        [storage_place(site, host, disk.storage, "kind")],
                    )
                    break
                if storage is not None and storage.kind == "directory" and disk.clone is not None:
                    if "@" in disk.clone:
                        yield diagnose(
                            "STO020",
                            f"disk {key} of {name} shall be a clone of the snapshot {disk.clone}, but the storage "
                            f"{disk.storage} on {host} is of kind directory, where disks have none",
                            here,
                            f'write "{disk.clone.partition("@")[0]}", of which it is then a full copy',
                            [storage_place(site, host, disk.storage, "kind")],
                        )
                        break
                    continue
                if storage is not None and storage.kind != "zfs":
                    yield diagnose(
                        "STO020",
                        f"disk {key} of {name} shall be a clone, but the storage {disk.storage} on {host} is of kind "
                        f"{storage.kind}",
                        here,
                        f"choose a storage of kind zfs, or delete {word}",
                        [storage_place(site, host, disk.storage, "kind")],
                    )
                    break


def clone_source(index: SiteIndex) -> Iterator[Diagnostic]:
    """A clone has one origin."""
    place = index.site.place
    for name, key, disk in index.disks:
        if disk.full_copy and disk.clone is None:
            yield diagnose(
                "STO021",
                f"disk {key} of {name} shall be a full copy, but of no snapshot"
                + (f"; one with an image is a copy of {disk.image} without that" if disk.image is not None else ""),
                place("vm", name, "disk", key, "full_copy"),
                'name a snapshot, such as clone = "golden/root@v1", or delete full_copy',
            )
    for name, key, disk, word in _clones(index):
        here = ("vm", name, "disk", key)
        other = "clone_image" if disk.clone_image else "image"
        if word == "clone_image" and disk.image is None:
            yield diagnose(
                "STO021",
                f"disk {key} of {name} shall be a clone of its image, but has none",
                place(*here, "clone_image"),
                'add image = "NAME", or delete clone_image',
            )
        elif word == "clone" and (disk.clone_image or disk.image is not None):
            yield diagnose(
                "STO022",
                f"disk {key} of {name} would be made from the snapshot {disk.clone} and from an image",
                place(*here, "clone"),
                f"keep one of clone and {other}",
                [place(*here, other)],
            )
        elif disk.clone is not None and disk.clone.partition("/")[0] == name:
            yield diagnose(
                "STO024",
                f"disk {key} of {name} would be a clone of {disk.clone}, a disk of {name} itself",
                place(*here, "clone"),
                f"name a disk of another VM: one of {name} does not exist before {name} is provisioned",
            )


def clone_blocks(index: SiteIndex) -> Iterator[Diagnostic]:
    """A clone has the block size of its origin (zfsprops(7), volblocksize)."""
    site = index.site
    for name, key, disk, word in _clones(index):
        if "volblocksize" not in disk.properties:
            continue
        here = site.place("vm", name, "disk", key, "properties", "volblocksize")
        if word == "clone":
            yield diagnose(
                "STO023",
                f"disk {key} of {name} asks for a volblocksize, but a clone has that of its origin",
                here,
                "delete it, or delete clone",
                [site.place("vm", name, "disk", key, word)],
            )
            continue
        for host in index.hosts_of[name]:
            storage = site.host_storages.get((host, disk.storage or ""))
            if storage is None or storage.kind != "zfs":
                continue
            blocks = volblocksize(storage.properties)
            if volblocksize(disk.properties) != blocks:
                yield diagnose(
                    "STO023",
                    f"disk {key} of {name} asks for a volblocksize of {disk.properties['volblocksize']}, but a clone "
                    f"has that of its image, which the storage {disk.storage} makes {blocks // 1024 or blocks}"
                    f"{'K' if blocks >= 1024 else ' bytes'}",
                    here,
                    "delete it, write it in the properties of the storage, or delete clone_image",
                    [site.place("vm", name, "disk", key, word)],
                )
                break
