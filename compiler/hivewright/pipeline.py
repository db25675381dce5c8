"""From a valid site to the files of its hosts: locks, allocation, and one compilation per host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from hivewright.allocate import Allocation, allocate
from hivewright.lock import Lock, lock_file, read_lock, write_lock
from hivewright.lower.host import lower_host
from hivewright.manifest import Artifact
from hivewright.render import render
from hivewright.report import Diagnostic, Spot
from hivewright.site import Layer, Site
from hivewright.source import Project
from hivewright.verify import verify


@dataclass(frozen=True, slots=True)
class Numbers:
    """The allocation of a site, and the lock files that differ from it."""

    allocation: Allocation
    changed_locks: Mapping[str, bytes]
    """File below locks/ -> content."""
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks of a site as they were found, by VM; those of VMs that left too, since their numbers stay taken."""

    locks: Mapping[str, Lock]
    diagnostics: tuple[Diagnostic, ...]


def read_locks(project: Project) -> Locks:
    """Reads all locks. One that cannot be read is told and left out."""
    locks: dict[str, Lock] = {}
    faults: list[Diagnostic] = []
    for name in lock_names(project):
        vm = name.removesuffix(".toml")
        lock = _read_lock(os.path.join(project.locks, name), lock_file(vm))
        if isinstance(lock, Diagnostic):
            faults.append(lock)
        else:
            locks[vm] = lock
    return Locks(locks, tuple(faults))


def lock_names(project: Project) -> list[str]:
    """The files of locks, sorted; none when there is no folder of locks yet."""
    try:
        names = os.listdir(project.locks)
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".toml") and not name.startswith("."))


def _read_lock(path: str, name: str) -> Lock | Diagnostic:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return read_lock(stream.read(), name)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        help_text = "restore it from version control"
        return Diagnostic("LOCK001", f"cannot read the lock: {reason}", Spot(name, 1, 1), help_text)


def allocate_numbers(site: Site, found: Locks) -> Numbers:
    """Completes the locks. Nothing is written here."""
    allocation = allocate(site, found.locks)
    changed = {
        f"{vm}.toml": write_lock(vm, lock).encode()
        for vm, lock in allocation.locks.items()
        if found.locks.get(vm) != lock
    }
    return Numbers(allocation, changed, (*found.diagnostics, *allocation.diagnostics))


def compile_host(site: Site, allocation: Allocation, host: str) -> tuple[dict[str, Artifact] | None, list[Diagnostic]]:
    """The artifacts of one host; none when something cannot be lowered.

    Raises ``AssertionError`` when the result contradicts the plan: a defect of hivewright.
    """
    lowered = lower_host(site, allocation, host)
    diagnostics = list(lowered.diagnostics)
    if not lowered.plans or any(each.severity == "error" for each in diagnostics):
        return None, diagnostics
    artifacts = render(lowered.plans[0])
    defects = verify(artifacts)
    if defects:
        raise AssertionError("; ".join(each.message for each in defects))
    return artifacts, diagnostics


def host_digests(site: Site, allocation: Allocation) -> dict[str, str]:
    """For every host a digest of all that its files follow from: the same digest, the same files."""
    common = blake2b(digest_size=16)
    for part in (
        site.table,
        site.networks,
        site.storages,
        site.images,
        site.users,
        site.topologies,
        site.profiles,
        sorted(site.files.items()),
        sorted((key, value) for key, value in site.homes.items() if key[0] != "vm"),
    ):
        common.update(repr(part).encode())
    digests = {}
    for host, table in site.hosts.items():
        digests[host] = common.copy()
        digests[host].update(repr(table).encode())
    for (host, name), realised in (*site.host_networks.items(), *site.host_storages.items()):
        digests[host].update(repr((name, realised)).encode())
    texts: dict[int, str] = {}
    for name, vm in site.vms.items():
        layers = site.layers[name]
        shared = "".join([_text(layer, texts) for layer in layers[1:]])
        lock = allocation.locks[name]
        own = (
            f"{layers[0].file}{layers[0].values}{lock.uuid}{lock.vnc}{lock.slots}{lock.macs}{lock.taps}{lock.consoles}"
        )
        for host in site.hosts_of(vm):
            digests[host].update(f"{name}{own}{shared}".encode())
    return {host: digest.hexdigest() for host, digest in digests.items()}


def _text(layer: Layer, texts: dict[int, str]) -> str:
    """A lower layer as text, made once for all VMs that share it."""
    key = id(layer.values)
    if key not in texts:
        texts[key] = repr(layer)
    return texts[key]
