"""The locks of a project: read, and completed by allocation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hivewright.allocation.allocate import Allocation, allocate, collisions
from hivewright.allocation.lock import Lock, lock_file, read_lock, write_lock
from hivewright.diagnostics import Diagnostic, Spot
from hivewright.site import Site
from hivewright.source import Project


class Numbers(NamedTuple):
    """The allocation of a site, and the lock files that differ from it."""

    allocation: Allocation
    changed_locks: Mapping[str, bytes]
    """File below locks/ -> content."""
    diagnostics: tuple[Diagnostic, ...]


class Locks(NamedTuple):
    """The locks of a site by VM, removed VMs included, since their numbers are not reused."""

    locks: Mapping[str, Lock]
    diagnostics: tuple[Diagnostic, ...]


def read_locks(project: Project, names: Iterable[str] | None = None) -> Locks:
    """Reads all locks, or those of some file names. Unreadable locks are reported and skipped."""
    locks: dict[str, Lock] = {}
    faults: list[Diagnostic] = []
    folder = os.fspath(project.locks)
    for name in lock_names(project) if names is None else names:
        vm = name.removesuffix(".toml")
        lock = _read_lock(f"{folder}/{name}", lock_file(vm))
        if isinstance(lock, Diagnostic):
            faults.append(lock)
        else:
            locks[vm] = lock
    return Locks(locks, tuple(faults))


def is_in_locks(project: Project, names: Iterable[str], numbers: Iterable[str]) -> bool:
    """Whether one of some numbers stands in one of some lock files, or one of these cannot be read so."""
    wanted = [number.encode() for number in numbers]
    folder = os.fspath(project.locks)
    for name in names if wanted else ():
        try:
            with open(f"{folder}/{name}", "rb", buffering=0) as stream:
                content = stream.read()
        except OSError:
            return True
        # Text may be written in other ways, by a hand that is not ours.
        if b"\\" in content or any(number in content for number in wanted):
            return True
    return False


def lock_names(project: Project) -> list[str]:
    """The names of the lock files, sorted; empty when there is no folder of locks yet."""
    try:
        names = os.listdir(project.locks)
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".toml") and not name.startswith("."))


def _read_lock(path: str, name: str) -> Lock | Diagnostic:
    try:
        with open(path, "rb", buffering=0) as stream:
            return read_lock(stream.read().decode(), name)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        help_text = "restore it from version control"
        return Diagnostic("LOCK001", f"cannot read the lock: {reason}", Spot(name, 1, 1), help_text)


def lock_faults(found: Locks) -> tuple[Diagnostic, ...]:
    """What is wrong with the locks in themselves, which can be said of a site with errors too."""
    return (*found.diagnostics, *collisions(found.locks))


def allocate_numbers(site: Site, found: Locks, given: Mapping[str, Lock] = MappingProxyType({})) -> Numbers:
    """Completes the locks, those of ``given`` where a VM has one there. Writes nothing."""
    allocation = allocate(site, {**found.locks, **given} if given else found.locks)
    changed = {
        f"{vm}.toml": write_lock(vm, lock).encode()
        for vm, lock in allocation.locks.items()
        if found.locks.get(vm) != lock
    }
    return Numbers(allocation, changed, (*found.diagnostics, *allocation.diagnostics))
