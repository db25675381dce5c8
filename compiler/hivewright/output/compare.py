"""Decides what must be written and removed so that a folder holds what a build made; never writes.

For a host that exists, MANIFEST lists what earlier builds wrote, and ``.MANIFEST.hivewright-new`` what a killed build
may have written. Symbolic links below the output folder are never followed. Modes are compared as git keeps them
(executable or not), so that a fresh clone counts as unchanged.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hivewright.output.files import NEW, OutputError, read
from hivewright.output.foreign import foreign_files, has_files
from hivewright.plan import INVENTORY, INVENTORY_MARK, MANIFEST, Artifact, checksum, parse_manifest

JOURNAL = f".{MANIFEST}{NEW}"

Known = Mapping[str, tuple[str, ...]]
"""Files that earlier builds wrote, by path below the host's folder, and the checksums they may have."""


@dataclass(slots=True)
class Changes:
    """What a build does, as paths below the output folder, sorted by host and path."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    """Those of ``changed`` that somebody had changed by hand."""
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """No longer wanted, but changed by hand since they were written."""
    refused: list[str] = field(default_factory=list)
    """No longer wanted, but behind a symbolic link or no longer a file."""
    foreign: list[str] = field(default_factory=list)
    """Written by no build. Folders end with a slash."""

    def __bool__(self) -> bool:
        """Whether the output is out of date."""
        return bool(self.created or self.changed or self.removed)

    def add(self, other: Changes) -> None:
        self.created += other.created
        self.changed += other.changed
        self.overwritten += other.overwritten
        self.removed += other.removed
        self.kept += other.kept
        self.refused += other.refused
        self.foreign += other.foreign


@dataclass(slots=True)
class HostChanges:
    """What ``apply`` shall do below one folder, and how it is reported."""

    directory: str
    changes: Changes = field(default_factory=Changes)
    write: list[tuple[str, Artifact]] = field(default_factory=list)
    """Paths below the folder, in the order in which they are written."""
    modes: list[tuple[str, int]] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    emptied: set[str] = field(default_factory=set)
    """Folders of files that are removed, now or by an earlier build; removed themselves when empty."""
    stale: list[str] = field(default_factory=list)
    """Temporary files that a killed build may have left."""
    is_new: bool = False
    is_staged: bool = False
    """The host is new, and its files were written to a temporary folder next to its place."""
    is_leftover: bool = False
    """The folder is the temporary folder of a killed build."""
    is_departed: bool = False
    """The host was removed from the site: MANIFEST is removed last, unless files that we wrote stay."""
    journal: bytes | None = None


def compare_host(build: Path, host: str, artifacts: Mapping[str, Artifact]) -> HostChanges:
    """The changes that make ``build/host`` hold the artifacts. ``OutputError`` when something is in the way."""
    directory = os.path.join(build, host)
    work = HostChanges(directory)
    kind = _kind(directory)
    if kind == "missing":
        work.is_new = True
        work.write = sorted(artifacts.items())
        work.changes.created = [f"{host}/{path}" for path, _ in work.write]
        return work
    if kind != "directory":
        raise OutputError(directory, f"a {kind} stands where the folder {host} belongs", "move it away")
    known, work.stale = _earlier(directory)
    _refuse_in_place_of_directories(directory, artifacts)
    for path in sorted(artifacts):
        if path != MANIFEST:
            _compare(work, f"{host}/{path}", path, artifacts[path], known.get(path, ()))
    _compare_gone(work, host, known, artifacts)
    _compare(work, f"{host}/{MANIFEST}", MANIFEST, artifacts[MANIFEST])
    work.journal = artifacts[MANIFEST].content
    _compare_foreign(work, host, {*artifacts, *known, *work.stale})
    return work


def compare_departed(build: Path, hosts: Collection[str]) -> list[HostChanges]:
    """The changes that remove hosts that left the site: folders with a MANIFEST of ours, not among ``hosts``.

    The folder of the runtime is among the hosts.
    """
    works = []
    for name in _names(build):
        directory = os.path.join(build, name)
        if name.startswith(".") and name.endswith(NEW) and _kind(directory) == "directory":
            works.append(HostChanges(directory, is_leftover=True))
        elif name not in hosts and _is_ours(directory):
            works.append(_departed(directory, name))
    return works


def foreign_beside(build: Path, hosts: Collection[str]) -> list[str]:
    """What lies beside the folders of hosts and is not of a host that left the site; files of git are no matter."""
    found = []
    for name in _names(build):
        directory = os.path.join(build, name)
        if name in hosts or name.startswith(".git") or name.endswith(NEW) or _is_ours(directory):
            continue
        if _kind(directory) != "directory":
            found.append(name)
        elif has_files(directory):
            found.append(f"{name}/")
    return found


def _names(build: Path) -> list[str]:
    try:
        return sorted(os.listdir(build))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutputError.from_os(error, str(build)) from None


def compare_files(directory: Path, files: Mapping[str, bytes | None], prefix: str) -> HostChanges:
    """The changes that make a folder such as ``locks`` hold some files; ``None`` means that a file is removed.

    Changes are reported with ``prefix`` before their paths. Other files are left alone.
    """
    work = HostChanges(str(directory))
    kind = _kind(work.directory)
    if kind == "missing":
        work.write = [
            (path, Artifact(0o644, content)) for path, content in sorted(files.items()) if content is not None
        ]
        work.changes.created = [f"{prefix}{path}" for path, _ in work.write]
        return work
    if kind != "directory":
        raise OutputError(work.directory, "this is not a folder", "move it away")
    _refuse_in_place_of_directories(work.directory, files)
    for path, content in sorted(files.items()):
        if content is not None:
            _compare(work, prefix + path, path, Artifact(0o644, content))
        elif _kind(os.path.join(directory, path)) != "missing":
            work.remove.append(path)
            work.changes.removed.append(prefix + path)
    return work


def _kind(path: str) -> str:
    """``missing``, ``file``, ``directory``, ``symbolic link`` or ``special file``."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        raise OutputError.from_os(error, path) from None
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symbolic link" if stat.S_ISLNK(mode) else "special file"


def _earlier(directory: str) -> tuple[Known, list[str]]:
    """What earlier builds wrote, and the temporary files that one of them left if it was killed."""
    known: dict[str, tuple[str, ...]] = {}
    stale: list[str] = []
    for name in (MANIFEST, JOURNAL):
        found = read(f"{directory}/{name}")
        if found is None:
            continue
        for path, entry in parse_manifest(found.content)[0].items():
            known[path] = (*known.get(path, ()), entry.checksum)
        if name == JOURNAL:
            stale = [*(f"{path}{NEW}" for path in (*known, INVENTORY, MANIFEST)), JOURNAL]
    return known, stale


def _refuse_in_place_of_directories(top: str, paths: Iterable[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        directory = os.path.dirname(path)
        while directory and directory not in seen:
            seen.add(directory)
            kind = _kind(f"{top}/{directory}")
            if kind not in ("directory", "missing"):
                raise OutputError(f"{top}/{directory}", f"a {kind} stands where a folder belongs", "move it away")
            directory = os.path.dirname(directory)


def _compare(work: HostChanges, name: str, path: str, artifact: Artifact, checksums: Collection[str] = ()) -> None:
    full = f"{work.directory}/{path}"
    found = read(full)
    if found is None:
        kind = _kind(full)
        if kind == "directory":
            raise OutputError(full, "a folder stands where a file belongs", "move it away")
        work.write.append((path, artifact))
        (work.changes.created if kind == "missing" else work.changes.changed).append(name)
    elif found.content != artifact.content or (found.mode ^ artifact.mode) & 0o100:
        work.write.append((path, artifact))
        work.changes.changed.append(name)
        if checksums and found.content != artifact.content and checksum(found.content) not in checksums:
            work.changes.overwritten.append(name)
    elif found.mode != artifact.mode:
        work.modes.append((path, artifact.mode))


def _compare_gone(work: HostChanges, host: str, known: Known, wanted: Collection[str]) -> None:
    """Decide which files of earlier builds are removed, kept or refused."""
    linked: dict[str, bool] = {}
    for path in sorted(known):
        if path in wanted:
            continue
        if _is_behind_link(work.directory, os.path.dirname(path), linked):
            work.changes.refused.append(f"{host}/{path}")
            continue
        full = f"{work.directory}/{path}"
        found = read(full)
        if found is None:
            if _kind(full) != "missing":
                work.changes.refused.append(f"{host}/{path}")
            # A killed build may have removed the file but not its folder.
            work.emptied.add(os.path.dirname(path))
        elif checksum(found.content) in known[path]:
            work.remove.append(path)
            work.emptied.add(os.path.dirname(path))
            work.changes.removed.append(f"{host}/{path}")
        else:
            work.changes.kept.append(f"{host}/{path}")


def _compare_foreign(work: HostChanges, host: str, known: Collection[str]) -> None:
    work.changes.foreign = [f"{host}/{path}" for path in foreign_files(work.directory, known)]


def _is_behind_link(top: str, directory: str, known: dict[str, bool]) -> bool:
    if not directory:
        return False
    if directory not in known:
        known[directory] = (
            _is_behind_link(top, os.path.dirname(directory), known) or _kind(f"{top}/{directory}") == "symbolic link"
        )
    return known[directory]


def _is_ours(directory: str) -> bool:
    """Whether a folder was written by a build: it is a folder, and every line of its MANIFEST is an entry."""
    if _kind(directory) != "directory":
        return False
    manifest = read(f"{directory}/{MANIFEST}")
    return manifest is not None and bool(manifest.content) and parse_manifest(manifest.content)[1]


def _departed(directory: str, host: str) -> HostChanges:
    work = HostChanges(directory)
    known, work.stale = _earlier(directory)
    _compare_gone(work, host, known, ())
    _compare_foreign(work, host, {*known, *work.stale, MANIFEST, INVENTORY})
    inventory = read(f"{directory}/{INVENTORY}")
    if inventory is not None and INVENTORY_MARK in inventory.content:
        work.remove.append(INVENTORY)
        work.changes.removed.append(f"{host}/{INVENTORY}")
    if not work.changes.kept and not work.changes.refused:
        work.is_departed = True
        work.changes.removed.append(f"{host}/{MANIFEST}")
    return work
