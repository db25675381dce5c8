"""Storages themselves: their directories, and the ZFS properties of volumes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hivewright.diagnostics import Diagnostic, Place
from hivewright.diagnostics.wording import quoted
from hivewright.model.storage import BLOCK_SIZES, NOT_OF_DATASETS, NOT_OF_VOLUMES, block_size
from hivewright.rules.site_index import SiteIndex, diagnose, storage_place

_NAME = r"[a-z0-9:_.][a-z0-9:_.-]*"
_VALUE = r"[\x20-\x7e]+"


def directory_is_root(index: SiteIndex) -> Iterator[Diagnostic]:
    seen: set[Place] = set()
    for (host, name), storage in index.site.host_storages.items():
        if storage.kind != "directory" or storage.path != "/":
            continue
        place = storage_place(index.site, host, name, "path")
        if place not in seen:
            seen.add(place)
            yield diagnose(
                "STO015",
                f"the storage {name} is the root directory of {host}",
                place,
                'name a directory for disks alone, for example path = "/srv/vms"',
            )


def properties(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    seen: set[Place] = set()
    for (host, name), storage in site.host_storages.items():
        if storage.kind != "zfs":
            continue
        kinds = (
            ("properties", storage.properties, NOT_OF_VOLUMES),
            ("dataset_properties", storage.dataset_properties, NOT_OF_DATASETS),
        )
        for key, given, refused in kinds:
            table = storage_place(site, host, name, key)
            if given and table not in seen:
                seen.add(table)
                yield from _properties(f"storage {name}", table, given, refused)
    for name, key, disk in index.disks:
        if not disk.properties:
            continue
        what, table = f"disk {key} of {name}", site.place("vm", name, "disk", key, "properties")
        storage_of = site.storages.get(disk.storage) if disk.storage is not None else None
        if disk.path is not None or (storage_of is not None and storage_of.kind != "zfs"):
            yield diagnose(
                "STO010",
                f"the {what} has ZFS properties, but is no ZFS volume",
                table,
                "delete properties, or choose a storage of kind zfs",
            )
        else:
            yield from _properties(what, table, disk.properties, NOT_OF_VOLUMES)


def _properties(what: str, table: Place, given: Mapping[str, str], refused: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, value in sorted(given.items()):
        here = Place(table.file, (*table.path, name))
        key = Place(table.file, (*table.path, name), "key")
        if re.fullmatch(_NAME, name, re.ASCII) is None:
            yield diagnose(
                "STO010",
                f"{quoted(name)} of the {what} is no name of a ZFS property",
                key,
                "a property has lower-case letters, digits, : _ . and - (zfsprops(7))",
            )
        elif name in refused or name.startswith("hivewright:"):
            remedy = refused.get(name, "hivewright notes something there; choose another name")
            yield diagnose("STO010", f"the {what} cannot set the property {name}", key, remedy)
        elif re.fullmatch(_VALUE, value, re.ASCII) is None:
            yield diagnose(
                "STO010",
                f"the value of the property {name} of the {what} is empty or not plain ASCII on one line",
                here,
                "write the value as zfs(8) takes it",
            )
        elif name == "volmode" and value == "none":
            yield diagnose(
                "STO010",
                f"the {what} has volmode none, so that bhyve would find no device",
                here,
                "delete it; hivewright sets volmode=dev",
            )
        elif name == "volblocksize" and block_size(value) not in BLOCK_SIZES:
            yield diagnose(
                "STO012",
                f"the {what} has the volblocksize {value}",
                here,
                "it is a power of two from 512 to 128K, for example 16K",
            )
