"""Disks on iSCSI: their logical units, and clashes of units and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, diagnose, storage_place

if TYPE_CHECKING:
    from hivewright.model.disk import Disk
    from hivewright.model.storage import Iscsi


def on_iscsi(index: SiteIndex, vm: str, disk: Disk) -> str | None:
    """The first host of a VM where the storage of one of its disks is of kind iscsi."""
    return next((host for host, kind in _kinds(index, vm, disk) if kind == "iscsi"), None)


def _kinds(index: SiteIndex, vm: str, disk: Disk) -> Iterator[tuple[str, str]]:
    """The hosts of a VM that have the storage of one of its disks, and its kind there."""
    for host in index.hosts_of[vm]:
        storage = index.site.host_storages.get((host, disk.storage or ""))
        if storage is not None:
            yield host, storage.kind


def iscsi_disk(index: SiteIndex) -> Iterator[Diagnostic]:
    """A logical unit has its size and content already, and is identified by its number."""
    place = index.site.place
    any_iscsi = any(storage.kind == "iscsi" for storage in index.site.host_storages.values())
    for name, key, disk in index.disks:
        here = ("vm", name, "disk", key)
        host = on_iscsi(index, name, disk) if any_iscsi else None
        if host is not None and disk.lun is None:
            yield diagnose(
                "STO025",
                f"disk {key} of {name} lies on the iSCSI target of the storage {disk.storage}, but has no lun",
                place(*here, "storage"),
                "add the number of the logical unit, for example lun = 0",
            )
        elif host is None and disk.lun is not None and _is_known(index, name, disk):
            where = f"the storage {disk.storage} is not of kind iscsi" if disk.storage else "lies on no storage"
            yield diagnose(
                "STO025",
                f"disk {key} of {name} has a lun, but {where}",
                place(*here, "lun"),
                "delete lun, or choose a storage of kind iscsi",
            )
        if host is None:
            continue
        for other, kind in _kinds(index, name, disk):
            if kind != "iscsi":
                yield diagnose(
                    "STO025",
                    f"disk {key} of {name} lies on the storage {disk.storage}, which is of kind iscsi on {host} and of "
                    f"kind {kind} on {other}",
                    place(*here, "storage"),
                    "choose a storage of the same kind on all its hosts",
                    [storage_place(index.site, other, disk.storage or "", "kind")],
                )
                break
        for word in ("size", "image"):
            if getattr(disk, word) is not None:
                why = "size" if word == "size" else "content"
                yield diagnose(
                    "STO025",
                    f"disk {key} of {name} has {word}, but a logical unit on iSCSI has its own {why}",
                    place(*here, word),
                    f"delete {word}, or choose another storage",
                    [place(*here, "storage")],
                )


def _is_known(index: SiteIndex, vm: str, disk: Disk) -> bool:
    """Whether a disk has no storage, or one that exists where the VM may run; another rule reports the rest."""
    storage = disk.storage
    return storage is None or any((host, storage) in index.site.host_storages for host in index.hosts_of[vm])


def _units(index: SiteIndex) -> Iterator[tuple[tuple[str, int], str, str, Disk]]:
    """Target and number of each logical unit that a disk is on one of the hosts, the VM, and name and definition."""
    for name, key, disk in index.disks:
        if disk.lun is None or disk.storage is None:
            continue
        for host in index.hosts_of[name]:
            storage = index.site.host_storages.get((host, disk.storage))
            if storage is not None and storage.kind == "iscsi":
                yield (storage.target, disk.lun), name, key, disk


def unit_claims(index: SiteIndex) -> Iterator[tuple[tuple[str, int], Owner]]:
    return ((unit, (name, "disk", key, "lun")) for unit, name, key, _ in _units(index))


def same_lun(index: SiteIndex) -> Iterator[Diagnostic]:
    """A target is the same from every host, so, unlike paths, units are compared across hosts."""
    place = index.site.place
    users: dict[tuple[str, int], tuple[str, str, Disk]] = {}
    reported: set[tuple[str, str]] = set()
    for unit, name, key, disk in _units(index):
        other, other_key, other_disk = users.setdefault(unit, (name, key, disk))
        if (other, other_key) == (name, key) or (name, key) in reported:
            continue
        if (disk.readonly and other_disk.readonly) or (disk.shared and other_disk.shared):
            continue
        reported.add((name, key))
        yield diagnose(
            "STO009",
            f"disk {other_key} of {other} and disk {key} of {name} are both LUN {disk.lun} of {unit[0]}, "
            f"and {name if other_disk.readonly else other} writes to it",
            place("vm", name, "disk", key, "lun"),
            "give each its own disk, or write readonly = true, or shared = true, for both",
            [place("vm", other, "disk", other_key, "lun")],
        )


def same_session(index: SiteIndex) -> Iterator[Diagnostic]:
    """A host has one session with a portal and a target, so all its users need the same initiator."""
    site = index.site
    first: dict[tuple[str, str, str], tuple[str, Iscsi]] = {}
    for (host, name), storage in site.host_storages.items():
        if storage.kind != "iscsi":
            continue
        other, other_storage = first.setdefault((host, storage.portal, storage.target), (name, storage))
        for key in ("initiator_name", "chap"):
            if getattr(storage, key) != getattr(other_storage, key):
                yield diagnose(
                    "STO026",
                    f"the storages {other} and {name} on {host} are the same target, but differ in {key}; "
                    "there is one session for both",
                    storage_place(site, host, name, "target"),
                    f"write the same {key} in both, or use one storage",
                    [storage_place(site, host, other, "target")],
                )
                break
