"""Errors in files that are not written: nobody can look there, so the key and its value are told instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tomli

from hivewright.diagnostics import Diagnostic, Place, Spot


def is_unwritten(place: Place | Spot | None, texts: Mapping[str, str | None]) -> bool:
    """Whether a place is in one of the files that were to be written."""
    return isinstance(place, Place) and texts.get(place.file) is not None


def would_be(place: Place, texts: Mapping[str, str | None]) -> str:
    """What was to stand at a place: ``nic.lan.mac = "58:9c:fc:00:00:01"``; of a table, its name."""
    path = place.path[2:] if place.path[:1] == ("vm",) and len(place.path) > 2 else place.path
    value, key = value_at(place, texts), ".".join(map(str, path))
    return f"{key} = {value}" if value is not None else key


def value_at(place: Place, texts: Mapping[str, str | None]) -> str | None:
    """A value as it was to be written; tables and arrays have no short form."""
    found: Any = tomli.loads(texts[place.file] or "")
    try:
        for part in place.path:
            found = found[part]
    except (KeyError, IndexError, TypeError):
        return None
    if isinstance(found, bool):
        return str(found).lower()
    return f'"{found}"' if isinstance(found, str) else str(found) if isinstance(found, int) else None


def without_places(
    faults: Iterable[Diagnostic], texts: Mapping[str, str | None], known: Iterable[str], remedy: str
) -> list[Diagnostic]:
    """The same errors; those in files that are not there, as the ``known`` are, have no place. ``remedy`` follows what
    they say is to be done."""
    new = {name: text for name, text in texts.items() if name not in set(known)}

    def told(fault: Diagnostic) -> Diagnostic:
        if not isinstance(fault.place, Place) or not is_unwritten(fault.place, new):
            return fault
        also = tuple(place for place in fault.also if not is_unwritten(place, new))
        words = [f"it would have {would_be(fault.place, new)}", *([fault.help] if fault.help else []), remedy]
        return fault._replace(place=None, also=also, help="; ".join(words))

    return [told(fault) for fault in faults]
