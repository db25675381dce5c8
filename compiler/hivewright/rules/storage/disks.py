"""Disks and drives of VMs: storage, size, sectors, paths, names of volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hivewright.diagnostics import Diagnostic
from hivewright.model.storage import volblocksize
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, ordered, storage_place
from hivewright.rules.storage.iscsi import on_iscsi
from hivewright.values import format_size

DATASET_LIMIT = 250
"""Characters of a volume's name: ZFS takes 255, and its node below /dev is called zvol/NAME."""

NVME_SECTOR_SIZES = ("512", "4096", "8192")
"""Sector sizes of bhyve's nvme (bhyve(8), sectsz)."""


def storage_absent(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, disk in index.disks:
        if disk.storage is None:
            continue
        for host in index.hosts_of[name]:
            if (host, disk.storage) in site.host_storages or disk.storage not in site.storages:
                continue
            yield diagnose(
                "STO001",
                f"disk {key} of {name} lies on the storage {disk.storage}, which {host} does not have",
                site.place("vm", name, "disk", key, "storage"),
                f"add {host} to the hosts of the storage, or choose another storage or host",
                [site.place("storage", disk.storage, "hosts"), host_place(site, name)],
            )


def disk_source(index: SiteIndex) -> Iterator[Diagnostic]:
    """A disk is made on a storage with a size, or exists at a path."""
    place = index.site.place
    for name, key, disk in index.disks:
        here = ("vm", name, "disk", key)
        if disk.ram is not None:
            continue
        if disk.storage is None and disk.path is None:
            yield diagnose(
                "STO003",
                f"disk {key} of {name} has neither storage nor path",
                place(*here, part="table"),
                'write storage = "NAME" and a size for a new disk, or path = "/…" for an existing one',
            )
        elif disk.storage is not None and disk.path is not None:
            yield diagnose(
                "STO003",
                f"disk {key} of {name} has both storage and path",
                place(*here, "path"),
                "keep storage for a disk that hivewright makes, or path for one that exists",
                [place(*here, "storage")],
            )
        elif disk.storage is not None and disk.size is None and disk.lun is None and not on_iscsi(index, name, disk):
            yield diagnose(
                "STO004",
                f"disk {key} of {name} has a storage but no size",
                place(*here, "storage"),
                'add a size, for example size = "20G"',
            )
        elif disk.path is not None and disk.size is not None:
            yield diagnose(
                "STO004",
                f"disk {key} of {name} has a size, but the file or device at its path has its own",
                place(*here, "size"),
                "delete size, or replace path by storage",
                [place(*here, "path")],
            )
        if disk.path is not None and disk.storage is None and disk.image is not None:
            yield diagnose(
                "STO006",
                f"disk {key} of {name} has an image, but hivewright never writes to what exists at a path",
                place(*here, "image"),
                "delete image, or replace path by storage and size",
                [place(*here, "path")],
            )


def size_in_blocks(index: SiteIndex) -> Iterator[Diagnostic]:
    """A volume is made of whole blocks (zfsprops(7), volsize), any disk of whole sectors."""
    site = index.site
    blocks = {
        key: volblocksize(storage.properties) for key, storage in site.host_storages.items() if storage.kind == "zfs"
    }
    for name, key, disk in index.disks:
        if disk.size is None or disk.storage is None:
            continue
        sector = int(disk.sector_size.partition("/")[0]) if disk.sector_size else 512
        for host in index.hosts_of[name]:
            block, field = blocks.get((host, disk.storage), 512), "volblocksize"
            if block != 512 and "volblocksize" in disk.properties:
                block = volblocksize(disk.properties)
            if sector > block:
                block, field = sector, "sector_size"
            if disk.size % block:
                yield diagnose(
                    "STO005",
                    f"the size {format_size(disk.size)} of disk {key} of {name} is not a multiple of its "
                    f"{field} {format_size(block)}",
                    site.place("vm", name, "disk", key, "size"),
                    f"round it, for example to {format_size(disk.size + block - disk.size % block)}",
                )
                break


def sector_size(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, key, disk in index.disks:
        if disk.sector_size is None:
            continue
        logical, slash, physical = disk.sector_size.partition("/")
        if disk.bus == "nvme" and disk.sector_size not in NVME_SECTOR_SIZES:
            message = f"bus nvme of disk {key} of {name} cannot have the sector size {disk.sector_size}"
            remedy = f"write one of {', '.join(NVME_SECTOR_SIZES)}, or choose another bus"
        elif slash and int(physical) < int(logical):
            message = (
                f"the physical sectors of disk {key} of {name} ({physical}) are smaller than the logical ({logical})"
            )
            remedy = f'the logical size comes first: sector_size = "{physical}/{logical}"'
        else:
            continue
        yield diagnose("STO011", message, index.site.place("vm", name, "disk", key, "sector_size"), remedy)


def volume_names(index: SiteIndex) -> Iterator[Diagnostic]:
    """Names of volumes are short enough, and no dataset lies below a volume (zfs(8))."""
    datasets: dict[str, dict[str, str]] = {}
    for (host, name), storage in index.site.host_storages.items():
        if storage.kind == "zfs":
            datasets.setdefault(host, {})[name] = storage.dataset
    for host, named in datasets.items():
        longest = max(map(len, named.values()))
        nested = any(_parents(dataset) & set(named.values()) for dataset in named.values()) if len(named) > 1 else False
        if longest <= DATASET_LIMIT - 64 and not nested:  # two names of 31 characters and their slashes
            continue
        volumes = {
            f"{named[disk.storage]}/{name}/{key}": (name, key, disk.storage)
            for name, vm in index.guests[host].items()
            for key, disk in ordered(vm.disk)
            if disk.storage in named
        }
        yield from _volumes_too_long(index, host, volumes)
        yield from _datasets_in_volumes(index, host, named, volumes)


def _parents(dataset: str) -> set[str]:
    """The datasets above one: ``{"zroot", "zroot/vms"}`` for ``zroot/vms/web1``."""
    parts = dataset.split("/")
    return {"/".join(parts[:length]) for length in range(1, len(parts))}


def _volumes_too_long(index: SiteIndex, host: str, volumes: Mapping[str, tuple[str, str, str]]) -> Iterator[Diagnostic]:
    for volume, (name, key, storage) in volumes.items():
        if len(volume) > DATASET_LIMIT:
            yield diagnose(
                "STO019",
                f"the name of the volume of disk {key} of {name} would have {len(volume)} characters; "
                f"FreeBSD takes {DATASET_LIMIT}",
                index.site.place("vm", name, "disk", key, "storage"),
                "shorten the dataset of the storage",
                [storage_place(index.site, host, storage, "dataset")],
            )


def _datasets_in_volumes(
    index: SiteIndex, host: str, named: Mapping[str, str], volumes: Mapping[str, tuple[str, str, str]]
) -> Iterator[Diagnostic]:
    for storage, dataset in named.items():
        for volume in sorted((_parents(dataset) | {dataset}) & volumes.keys()):
            name, key, _ = volumes[volume]
            yield diagnose(
                "STO014",
                f"the dataset {dataset} of the storage {storage} lies in the volume of disk {key} of {name} on {host}",
                storage_place(index.site, host, storage, "dataset"),
                "choose another dataset: a volume cannot hold datasets",
                [index.site.place("vm", name, "disk", key, "storage")],
            )
