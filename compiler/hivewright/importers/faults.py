"""Errors of a site that is not written, told at what another tool has: nobody can look at TOML that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import tomli

from hivewright.diagnostics import Diagnostic, KeyPath, Place, Spot
from hivewright.importers.forms import Guest

_OTHERS = "change it there, or import the others by --only and write this one by hand"
_MANY = 3
"""So many definitions are named; of more, how many they are."""


def at_their_source(
    faults: Iterable[Diagnostic], guests: Sequence[Guest], texts: Mapping[str, str]
) -> list[Diagnostic]:
    """The same errors; those in files that were to be written name guests and keys of the other tool in their place."""
    tables = cache(lambda name: tomli.loads(texts[name]))

    def told(fault: Diagnostic) -> Diagnostic:
        if not isinstance(fault.place, Place) or fault.place.file not in texts:
            return fault
        where = {_where(place, guests, tables(place.file)): None for place in (fault.place, *fault.also) if _new(place)}
        there = tuple(place for place in fault.also if not _new(place))
        key, value = _key(fault.place), _value(tables(fault.place.file), fault.place.path)
        what = f"{key} = {value}" if value is not None else key
        help_text = f"it would be {what} in the site{f' ({fault.help})' if fault.help else ''}; {_OTHERS}"
        message = f"{' and '.join(where)}: {fault.message}"
        return fault._replace(message=message, place=None, also=there, help=help_text)

    def _new(place: Place | Spot) -> bool:
        return isinstance(place, Place) and place.file in texts

    return [told(fault) for fault in faults]


def _where(place: Place | Spot, guests: Sequence[Guest], table: Mapping[str, Any]) -> str:
    """The definitions that a key follows from, with the line that has its value where there is one such line."""
    named = [guest for guest in guests if isinstance(place, Place) and _has(guest, place.path[:2])] or [*guests]
    value = _value(table, place.path) if isinstance(place, Place) else None
    places = list(dict.fromkeys(guest.old.place + _line(guest.old.text, value) for guest in named))
    return ", ".join(places) if len(places) <= _MANY else f"{len(places)} definitions ({places[0]} and others)"


def _has(guest: Guest, thing: KeyPath) -> bool:
    """Whether it is this guest, or a network that it is connected to."""
    nics = guest.keys.get("nic", {}).values()
    return thing == ("vm", guest.name) or thing in [("network", nic.get("network")) for nic in nics]


def _line(text: str, value: str | None) -> str:
    """``:LINE`` of the only line that has a value as a word."""
    word = (value or "").strip('"')
    if not word:
        return ""
    pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w.])", re.IGNORECASE)
    found = [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return f":{found[0]}" if len(found) == 1 else ""


def _key(place: Place) -> str:
    path = place.path[2:] if place.path[:1] == ("vm",) and len(place.path) > 2 else place.path
    return ".".join(map(str, path))


def _value(table: Any, path: Sequence[str | int]) -> str | None:
    """A value as it would be written; tables and arrays have no short form."""
    try:
        for part in path:
            table = table[part]
    except (KeyError, IndexError, TypeError):
        return None
    if isinstance(table, bool):
        return str(table).lower()
    return f'"{table}"' if isinstance(table, str) else str(table) if isinstance(table, int) else None
