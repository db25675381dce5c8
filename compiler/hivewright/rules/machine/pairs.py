"""What stays behind when a VM is brought from its home to another of its hosts: its disks, or what its memory holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.machine.saving import unsaved
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, ordered, storage_place

if TYPE_CHECKING:
    from hivewright.model.storage import AnyStorage
    from hivewright.model.vm import Vm

_LOCAL = tuple(f"/dev/{disk}" for disk in ("ada", "mmcsd", "nda", "nvd", "vtbd", "zvol/"))
"""Disks in a host and volumes of its pools. What begins with /dev/da may be in a storage network."""


def _movable(index: SiteIndex) -> Iterator[tuple[str, Vm, str, str]]:
    """Each VM with several hosts of which one owns it, its home and another one."""
    for name, vm in index.using("hosts"):
        home, *others = index.hosts_of[name] or ("",)
        if vm.owner_check is not False:
            yield from ((name, vm, home, other) for other in others)


def disks_come_along(index: SiteIndex) -> Iterator[Diagnostic]:
    """Volumes are sent to a pool, files to a directory; nothing sends one to the other."""
    site = index.site
    for name, vm, home, other in _movable(index):
        for key, disk in ordered(vm.disk):
            here = site.host_storages.get((home, disk.storage or ""))
            there = site.host_storages.get((other, disk.storage or ""))
            if here is None or there is None or here.kind == there.kind or "iscsi" in (here.kind, there.kind):
                continue
            yield diagnose(
                "VM113",
                f"{name} cannot be brought from {home} to {other}: the storage {disk.storage} of its disk {key} is of "
                f"kind {here.kind} on {home} and of kind {there.kind} on {other}",
                site.place("vm", name, "disk", key, "storage"),
                f"choose a storage of one kind for it, or delete {other} from its hosts",
                [storage_place(site, other, disk.storage or "", "kind"), host_place(site, name)],
            )


def disks_in_one_host(index: SiteIndex) -> Iterator[Diagnostic]:
    """A move leaves alone what lies at a path: it takes it for the same disk on both hosts."""
    told: set[tuple[str, str]] = set()
    for name, vm, home, other in _movable(index):
        for key, disk in ordered(vm.disk):
            if disk.path is None or not disk.path.startswith(_LOCAL) or disk.readonly or (name, key) in told:
                continue
            told.add((name, key))
            yield diagnose(
                "STO028",
                f"disk {key} of {name} is {disk.path}, which on {other} is another disk than on {home}, and no move "
                "takes along what it holds",
                index.site.place("vm", name, "disk", key, "path"),
                "write storage and size, so that it is sent, or owner_check = false if each host has its own",
                [host_place(index.site, name)],
                "warning",
            )


def memory_comes_along(index: SiteIndex) -> Iterator[Diagnostic]:
    """A frozen move restores on one host what the bhyve of the other saved: only one like it can read that."""
    site = index.site
    for name, vm, home, other in _movable(index):
        if not site.hosts[home].capabilities or next(unsaved(site, name, vm), None):
            continue
        found = _other_host(index, home, other) or _other_places(index, vm, home, other)
        told = vm.checkpoint or vm.on_host_shutdown == "suspend"
        if found is None or (told and "snapshot" not in site.hosts[other].capabilities):  # VM098
            continue
        why, places, remedy = found
        yield diagnose(
            "VM114",
            f"{name} loses what its memory holds when it is brought from {home} to {other}: {why}",
            host_place(site, name),
            f"{remedy}; otherwise it is stopped there and started here, as by --method cold or shared",
            places,
            "warning",
        )


Reason = tuple[str, list[Place], str]


def _other_host(index: SiteIndex, home: str, other: str) -> Reason | None:
    """What the two hosts differ in."""
    site = index.site
    here, there = site.hosts[home], site.hosts[other]
    for capability in here.capabilities:
        if capability not in there.capabilities:
            places = [site.place("host", home, "capabilities")]
            remedy = f'write capabilities = ["{capability}"] in [host.{other}] if it has such a bhyve too'
            return f"{other} is not said to have the capability {capability}", places, remedy
    if len({here.freebsd, there.freebsd}) > 1:
        places = [site.place("host", host, "freebsd") for host in (other, home)]
        why = f"{home} has FreeBSD {here.freebsd} and {other} has {there.freebsd}"
        return why, places, "bring both to the same release"
    if here.iommu and there.iommu and here.iommu != there.iommu:
        places = [site.place("host", host, "iommu") for host in (other, home)]
        return f"the CPUs of {home} are of {here.iommu} and those of {other} of {there.iommu}", places, "use like hosts"
    return None


def _other_places(index: SiteIndex, vm: Vm, home: str, other: str) -> Reason | None:
    """Paths and bridges are words of bhyve, which have to be the same for what it saved."""
    site = index.site
    for _, disk in ordered(vm.disk):
        name = disk.storage or ""
        here, there = site.host_storages.get((home, name)), site.host_storages.get((other, name))
        if here is not None and there is not None and _path(here) != _path(there):
            key = "dataset" if there.kind == "zfs" else "path"
            places = [storage_place(site, other, name, key)]
            return f"the storage {name} lies elsewhere there", places, "give it the same place on both"
    return None


def _path(storage: AnyStorage) -> str:
    if storage.kind == "iscsi":
        return ""
    return storage.dataset if storage.kind == "zfs" else storage.path
