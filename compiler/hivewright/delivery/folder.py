"""A folder that holds what an export made, and nothing that it did not make is touched.

``.hivewright`` in it lists the files with their checksums, so that the next export removes what is not wanted any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from hivewright.output.files import (
    NEW,
    OutputError,
    make_directory,
    read,
    remove,
    replace,
    set_mode,
    set_umask,
    write_new,
)
from hivewright.plan import ROOT, Artifact, checksum, manifest_line, parse_manifest

RECORD = ".hivewright"


def write_folder(directory: str, artifacts: Mapping[str, Artifact]) -> list[str]:
    """Has a folder hold these files, and says which others of an earlier export stay, since they were changed.

    Raises ``OutputError`` for a folder that has files and no record of ours.
    """
    known = _known(directory)
    record = f"{directory}/{RECORD}"
    lines = [manifest_line(path, artifact) for path, artifact in sorted(artifacts.items())]
    kept = []
    with set_umask(0):
        made: set[str] = set()
        make_directory(directory, 0o644, made)
        # Until all is done, it has what was there as well: what a killed export leaves is still known.
        _write(record, Artifact(0o644, "".join([*_lines(known), *lines]).encode()))
        for path, artifact in artifacts.items():
            make_directory(os.path.dirname(f"{directory}/{path}"), artifact.mode, made)
            _write(f"{directory}/{path}", artifact)
        for path in sorted(known.keys() - artifacts.keys()):
            found = read(f"{directory}/{path}")
            if found is not None and checksum(found.content) not in known[path]:
                kept.append(path)
                continue
            remove(f"{directory}/{path}")
            _remove_empty(directory, os.path.dirname(path))
        _write(record, Artifact(0o644, "".join(lines).encode()))
    return kept


def _known(directory: str) -> dict[str, set[str]]:
    record = read(f"{directory}/{RECORD}")
    if record is None:
        if os.path.lexists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
            raise OutputError(directory, "it has files that no export made", "name a new folder, or an empty one")
        return {}
    found: dict[str, set[str]] = {}
    for line in record.content.splitlines(keepends=True):
        for path, entry in parse_manifest(line)[0].items():
            found.setdefault(path.removeprefix(ROOT), set()).add(entry.checksum)
    return found


def _lines(known: Mapping[str, Iterable[str]]) -> list[str]:
    return [f"{path} 0644 {each}\n" for path, checksums in sorted(known.items()) for each in sorted(checksums)]


def _write(path: str, artifact: Artifact) -> None:
    """By rename, and only what differs."""
    found = read(path)
    if found is not None and found.content == artifact.content:
        if found.mode != artifact.mode:
            set_mode(path, artifact.mode)
        return
    write_new(f"{path}{NEW}", artifact)
    replace(f"{path}{NEW}", path)


def _remove_empty(top: str, directory: str) -> None:
    while directory:
        try:
            os.rmdir(f"{top}/{directory}")
        except OSError:
            return  # not empty, or gone
        directory = os.path.dirname(directory)
