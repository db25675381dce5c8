"""Diagnostics: what is wrong, where, and what to do. Errors are values until a command prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys and array indexes from the root of one TOML document: ``("vm", "web1", "disk", "root", "size")``."""

Part = Literal["key", "value", "table"]
"""Which part of a key path to point at: the last key, its value, or the header of the table."""


class Place(NamedTuple):
    """A key path in one file of the site. The position is looked up only when it is printed."""

    file: str
    path: KeyPath
    part: Part = "value"


class Spot(NamedTuple):
    """A position in the text of a file: line and column count from 1, length in characters (at least 1)."""

    file: str
    line: int
    column: int
    length: int = 1


class Diagnostic(NamedTuple):
    """One fault of the input: a code for ``explain``, a sentence, the places that contribute, and the remedy."""

    code: str
    message: str
    place: Place | Spot | None = None
    help: str = ""
    also: tuple[Place | Spot, ...] = ()
    severity: Literal["error", "warning"] = "error"
    likewise: tuple[str, ...] = ()
    """Sentences on others that are wrong for the same reason, at the same place."""


def merged(diagnostics: Iterable[Diagnostic], shared: Callable[[Place], bool]) -> list[Diagnostic]:
    """One diagnostic of a code for a ``shared`` place: a value that a hundred VMs have from one line is one fault."""
    found: dict[object, Diagnostic] = {}
    for number, each in enumerate(diagnostics):
        key: object = number
        if isinstance(each.place, Place) and shared(each.place):
            key = (each.code, each.place, each.severity)
        first = found.setdefault(key, each)
        if first is not each:
            found[key] = first._replace(likewise=(*first.likewise, each.message))
    return list(found.values())
