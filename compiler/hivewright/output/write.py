"""Writes the output: only what differs, each file atomically; removes what earlier builds made and this one does not.

``compare`` decides, ``apply`` does it. A new host is written to a temporary folder and renamed as a whole. For a host
that exists MANIFEST is replaced last, and a journal lists what a killed build may have left. All modes are set as in
MANIFEST, whatever the umask.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from hivewright.output.compare import (
    JOURNAL,
    Changes,
    HostChanges,
    compare_departed,
    compare_files,
    compare_host,
    foreign_beside,
)
from hivewright.output.files import (
    NEW,
    OutputError,
    make_directory,
    remove,
    remove_tree,
    replace,
    set_mode,
    set_umask,
    write_new,
)
from hivewright.plan import MANIFEST, Artifact

__all__ = [
    "Changes",
    "HostChanges",
    "OutputError",
    "apply",
    "compare_departed",
    "compare_files",
    "compare_host",
    "discard",
    "foreign_beside",
    "stage",
]


def stage(work: HostChanges) -> None:
    """Write the files of a new host to a temporary folder, which ``apply`` renames; other hosts are skipped.

    Staged files are freed from memory. ``discard`` removes them if ``apply`` is not called.
    """
    if not work.is_new or work.is_staged:
        return
    directory = _staged(work)
    remove_tree(directory)
    made: set[str] = set()
    try:
        with set_umask(0):
            for path, artifact in work.write:
                target = f"{directory}/{path}"
                make_directory(os.path.dirname(target), artifact.mode, made)
                write_new(target, artifact)
    except BaseException:
        remove_tree(directory)
        raise
    work.write = []
    work.is_staged = True


def discard(work: HostChanges) -> None:
    """Remove what was staged."""
    if work.is_staged:
        remove_tree(_staged(work))


def _staged(work: HostChanges) -> str:
    parent, name = os.path.split(work.directory)
    return os.path.join(parent, f".{name}{NEW}")


def apply(works: Iterable[HostChanges]) -> None:
    """Do what was decided."""
    with set_umask(0):
        for work in works:
            if work.is_leftover:
                remove_tree(work.directory)
            elif work.is_new:
                _apply_new(work)
            else:
                _apply(work)


def _apply_new(work: HostChanges) -> None:
    stage(work)
    try:
        replace(_staged(work), work.directory)
    except BaseException:
        discard(work)
        raise


def _apply(work: HostChanges) -> None:
    made: set[str] = set()
    for path in work.stale:
        remove(f"{work.directory}/{path}")
    if work.journal is not None and (work.write or work.remove):
        make_directory(work.directory, 0o644, made)
        write_new(f"{work.directory}/{JOURNAL}", Artifact(0o644, work.journal))
    for path in work.remove:
        remove(f"{work.directory}/{path}")
    _remove_empty(work.directory, work.emptied)
    for path, artifact in work.write:
        target = f"{work.directory}/{path}"
        make_directory(os.path.dirname(target), artifact.mode, made)
        temporary = f"{target}{NEW}"
        try:
            write_new(temporary, artifact)
            replace(temporary, target)
        except OutputError:
            remove(temporary)
            raise
    for path, mode in work.modes:
        set_mode(f"{work.directory}/{path}", mode)
    if work.journal is not None and (work.write or work.remove):
        remove(f"{work.directory}/{JOURNAL}")
    if work.is_departed:
        _remove_departed(work.directory)


def _remove_departed(directory: str) -> None:
    """Remove the folder of a host with its MANIFEST in one step; only MANIFEST if it has files of others."""
    try:
        left = os.listdir(directory)
    except OSError as error:
        raise OutputError.from_os(error, directory) from None
    if left == [MANIFEST]:
        parent, name = os.path.split(directory)
        leftover = os.path.join(parent, f".{name}{NEW}")
        remove_tree(leftover)
        replace(directory, leftover)
        remove_tree(leftover)
    else:
        remove(f"{directory}/{MANIFEST}")


def _remove_empty(top: str, directories: Iterable[str]) -> None:
    """Remove empty folders below ``top``, and folders above them that become empty."""
    for directory in sorted(directories, key=len, reverse=True):
        path = directory
        while path:
            try:
                os.rmdir(f"{top}/{path}")
            except FileNotFoundError:
                pass
            except OSError:
                # Not empty, or not ours to remove: it stays, and so does what is above it.
                break
            path = os.path.dirname(path)
