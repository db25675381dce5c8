"""One disk has one writer, however it is given to guests: made for them, by a path, as a medium, by ``extra_args``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from hivewright.bhyve.options import disks_of
from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, ordered

_PART = re.compile(r"(/dev/[^/]+?)[ps][0-9]+[a-h]?")
"""A partition or slice, by the name that gpart(8) gives it, and its disk."""


class _Use(NamedTuple):
    """A disk of a guest: the key path at which the site says so, below ``vm``, and the path as it is written."""

    vm: str
    key: tuple[str | int, ...]
    path: str
    reads_only: bool
    shared: bool
    managed: bool = False

    def __str__(self) -> str:
        kind, name = self.key[:2]
        return f"extra_args of {self.vm}" if kind == "extra_args" else f"{kind} {name} of {self.vm}"


def same_path(index: SiteIndex) -> Iterator[Diagnostic]:
    """Two guests that write to one disk destroy it; so does a guest that writes below another's own disk."""
    by_path = any(disk.path for _, _, disk in index.disks) or any(cd.path for _, _, cd in index.cds)
    if not by_path and not any(vm.extra_args for _, vm in index.using("extra_args")):
        return
    reported: set[tuple[str, tuple[str | int, ...]]] = set()
    for host in index.guests:
        users: dict[str, _Use] = {}
        parts: dict[str, _Use] = {}
        for use in _uses(index, host):
            path = "/" + posixpath.normpath(use.path).lstrip("/")
            part = _PART.fullmatch(path)
            others = [users.get(path), parts.get(path), users.get(part[1]) if part else None]
            users.setdefault(path, use)
            if part:
                parts.setdefault(part[1], use)
            other = next((each for each in others if each is not None and _clash(use, each)), None)
            if other is not None and not use.managed and (use.vm, use.key) not in reported:
                reported.add((use.vm, use.key))
                yield _report(index, host, other, use)


def _clash(one: _Use, other: _Use) -> bool:
    return not (one.reads_only and other.reads_only) and not (one.shared and other.shared)


def _report(index: SiteIndex, host: str, first: _Use, second: _Use) -> Diagnostic:
    writer = second.vm if first.reads_only else first.vm
    theirs, own = (posixpath.normpath(use.path).lstrip("/") for use in (first, second))
    if theirs == own:
        message = f"{first} and {second} are both {second.path} on {host}, and {writer} writes to it"
    else:
        message = f"{first}, {first.path}, and {second}, {second.path}, overlap on {host}, and {writer} writes to it"
    both = first.key[0] == second.key[0] == "disk"
    return diagnose(
        "STO009",
        message,
        index.site.place("vm", second.vm, *second.key),
        "give each its own disk, or write readonly = true, or shared = true, for both"
        if both
        else "give each its own disk, or let both only read it",
        [index.site.place("vm", first.vm, *first.key)],
    )


def _uses(index: SiteIndex, host: str) -> Iterator[_Use]:
    """The disks of all guests; managed ones come first, so that a diagnostic is at the path that names one of them."""
    vms = index.guests[host]
    for name, vm in vms.items():
        for key, disk in ordered(vm.disk):
            storage = index.site.host_storages.get((host, disk.storage)) if disk.storage is not None else None
            if storage is None or storage.kind == "iscsi":
                continue
            if storage.kind == "zfs":
                path = f"/dev/zvol/{storage.dataset}/{name}/{key}"
            else:
                path = f"{storage.path}/{name}/{key}.img"
            yield _Use(name, ("disk", key, "path"), path, disk.readonly, disk.shared, managed=True)
    for name, vm in vms.items():
        for key, disk in ordered(vm.disk):
            if disk.path is not None:
                yield _Use(name, ("disk", key, "path"), disk.path, disk.readonly, disk.shared)
        for key, cd in ordered(vm.cd):
            if cd.path is not None:
                yield _Use(name, ("cd", key, "path"), cd.path, reads_only=True, shared=False)
        for path, reads_only, place in disks_of(vm.extra_args):
            yield _Use(name, ("extra_args", place), path, reads_only, shared=False)
