"""Diagnostics: what is wrong, where, and what to do. Errors are values until a command prints them."""

from __future__ import annotations

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
