"""Finds what lies below the output folder and was written by no build: whoever ships the folder ships it too."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from hivewright.output.files import OutputError


def foreign_files(top: str, known: Collection[str]) -> list[str]:
    """The paths below a folder that are not among ``known``, sorted.

    A folder without a known file is one entry, ``name/``, and none if it has no files at all.
    """
    folders: set[str] = set()
    for path in known:
        directory = os.path.dirname(path)
        while directory and directory not in folders:
            folders.add(directory)
            directory = os.path.dirname(directory)
    return sorted(_foreign(top, "", known, folders))


def _foreign(top: str, directory: str, known: Collection[str], folders: Collection[str]) -> Iterator[str]:
    for entry in _entries(os.path.join(top, directory)):
        path = f"{directory}/{entry.name}" if directory else entry.name
        if not entry.is_dir(follow_symlinks=False):
            if path not in known:
                yield path
        elif path in folders:
            yield from _foreign(top, path, known, folders)
        elif has_files(entry.path):
            yield f"{path}/"


def has_files(directory: str) -> bool:
    """Whether there is anything but folders below a folder."""
    return any(not entry.is_dir(follow_symlinks=False) or has_files(entry.path) for entry in _entries(directory))


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as found:
            return list(found)
    except OSError as error:
        raise OutputError.from_os(error, directory) from None
