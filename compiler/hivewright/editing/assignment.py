"""What is typed on a command line to give a key a value: ``memory=8G``, ``disk.root.size=40G``, ``autostart=false``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import tomli

from hivewright.diagnostics import Diagnostic, Place

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A key and what it gets; ``value`` is ``None`` for a key that is to be deleted."""

    path: KeyPath
    value: Any
    text: str
    """The value as it was typed."""

    @property
    def key(self) -> str:
        """The key as it is written."""
        return ".".join(self.path)

    def as_text(self) -> Assignment:
        """The same with the typed text as value where TOML took it for a number or the like: ``description=5``."""
        return (
            self if self.value is None or isinstance(self.value, str) else Assignment(self.path, self.text, self.text)
        )


def at_fault(assignments: Iterable[Assignment], faults: Iterable[Diagnostic]) -> list[Assignment]:
    """Those at which an error of a VM points."""
    wrong = {each.place.path[2:] for each in faults if each.severity == "error" and isinstance(each.place, Place)}
    return [each for each in assignments if each.path in wrong]


def without_types(assignments: Iterable[Assignment], faults: Iterable[Diagnostic]) -> list[Assignment]:
    """The same, as text those at which an error points: what TOML takes for a number may be meant as such."""
    assignments = list(assignments)
    wrong = at_fault(assignments, faults)
    return [each.as_text() if each in wrong else each for each in assignments]


class AssignmentError(ValueError):
    """What was typed is none; the text says why, and what to type."""


def key_path(text: str) -> KeyPath:
    """The parts of a dotted key, as TOML reads it. Raises ``AssignmentError``."""
    try:
        table: Any = tomli.loads(f"{text} = 0")
    except tomli.TOMLDecodeError:
        raise AssignmentError(f"{text!r} is no key; write it as in TOML: memory, disk.root.size") from None
    path = []
    while isinstance(table, dict):
        ((part, table),) = table.items()
        path.append(part)
    return tuple(path)


def read_assignment(text: str) -> Assignment:
    """``KEY=VALUE``. A value is what it is in TOML, and text where it is nothing in TOML; without one, the key goes.

    Raises ``AssignmentError``.
    """
    key, mark, typed = text.partition("=")
    if not mark:
        raise AssignmentError(f"{text!r} gives nothing a value; write KEY=VALUE, or KEY= to delete the key")
    path, typed = key_path(key.strip()), typed.strip()
    return Assignment(path, _value(typed) if typed else None, typed)


def _value(typed: str) -> Any:
    try:
        table = tomli.loads(f"value = {typed}")
    except tomli.TOMLDecodeError:
        return typed
    # Several lines may hold more than one key.
    return table["value"] if list(table) == ["value"] and "\n" not in typed else typed
