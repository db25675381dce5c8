"""What a change is compared with: a tree of compiled files, in a folder or anywhere else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from hivewright.impact.seeds import Pair
from hivewright.plan import MANIFEST, ROOT

Files = Mapping[str, bytes]
"""Contents by path below the folder of a host, ``root/…`` only."""

Differences = dict[str, dict[str, Pair]]
"""For each host the files that are not the same, before and after."""


class TreeError(Exception):
    """A tree cannot be read: why, and the remedy. ``status`` is that of the command."""

    def __init__(self, reason: str, remedy: str, status: int = 1) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.status = status


class Tree(Protocol):
    """The older side of a comparison."""

    def hosts(self) -> dict[str, frozenset[str]]:
        """Its hosts, the runtime among them, with the paths of their files."""

    def differences(self, compiled: Mapping[str, Files]) -> Differences:
        """What is not the same; a host that is on one side only differs in all of its files."""


class FileTree:
    """A tree whose files are known."""

    def __init__(self, files: Mapping[str, Files]) -> None:
        self._files = files

    def hosts(self) -> dict[str, frozenset[str]]:
        return {host: frozenset(files) for host, files in self._files.items()}

    def differences(self, compiled: Mapping[str, Files]) -> Differences:
        hosts = compiled.keys() | self._files.keys()
        return {host: pairs(self._files.get(host, {}), compiled.get(host, {})) for host in hosts}


class FolderTree:
    """A tree on disk: the folder ``build`` of a project."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._hosts = {
            host: frozenset(_files_below(os.path.join(directory, host)))
            for host in sorted(os.listdir(directory))
            if os.path.isfile(os.path.join(directory, host, MANIFEST))
        }

    def hosts(self) -> dict[str, frozenset[str]]:
        return self._hosts

    def differences(self, compiled: Mapping[str, Files]) -> Differences:
        found: Differences = {}
        for host in compiled.keys() | self._hosts.keys():
            new = compiled.get(host, {})
            old = {path: self._read(host, path) for path in self._hosts.get(host, ())}
            found[host] = pairs(old, new)
        return found

    def _read(self, host: str, path: str) -> bytes:
        with open(os.path.join(self._directory, host, path), "rb") as stream:
            return stream.read()


def pairs(old: Files, new: Files) -> dict[str, Pair]:
    """The files that are not the same on two sides."""
    paths = old.keys() | new.keys()
    return {path: (old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)}


def _files_below(directory: str) -> Iterator[str]:
    for folder, _, names in os.walk(os.path.join(directory, ROOT)):
        below = os.path.relpath(folder, directory)
        yield from (f"{below}/{name}" for name in names if os.path.isfile(os.path.join(folder, name)))


def folder_tree(directory: Path) -> FolderTree:
    """The tree of a folder: a ``build``, or a project that has one. Raises ``TreeError`` where there is none."""
    for candidate in (directory, directory / "build"):
        if _is_build(candidate):
            return FolderTree(candidate)
    reason = f"{directory} is neither a folder that hivewright build wrote nor a project with one"
    raise TreeError(reason, "name the folder that has a folder with a MANIFEST for each host", 2)


def _is_build(directory: Path) -> bool:
    try:
        names: Iterable[str] = os.listdir(directory)
    except OSError:
        return False
    return any(os.path.isfile(os.path.join(directory, name, MANIFEST)) for name in names)
