"""The files of a host as one text, and what one host has otherwise than another."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff

from hivewright.plan import Artifact

Files = Mapping[str, Artifact]


def text_of(files: Files) -> str:
    """Every file with its mode above it, as head(1) shows several files."""
    return "\n".join(f"==> {path} {item.mode:04o} <==\n{item.content.decode()}" for path, item in files.items())


def differences(before: Files, after: Files) -> str:
    """A unified diff without context: what both have in common may change, and it stays as it is."""
    return "".join(
        line
        for path in sorted(before.keys() | after.keys())
        for line in unified_diff(_lines(path, before), _lines(path, after), path, path, n=0)
    )


def _lines(path: str, files: Files) -> list[str]:
    """Mode and lines of a file; none of one that is not there."""
    item = files.get(path)
    return [] if item is None else [f"{item.mode:04o}\n", *item.content.decode().splitlines(keepends=True)]
