"""Errors of a site that is not written, told at what another tool has: nobody can look at TOML that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from hivewright.diagnostics import Diagnostic, KeyPath, Place
from hivewright.editing.unwritten import is_unwritten, value_at, would_be
from hivewright.importers.forms import Guest

_OTHERS = "change it there, or import the others by --only and write this one by hand"
_MANY = 3
"""So many definitions are named; of more, how many they are."""


def at_their_source(
    faults: Iterable[Diagnostic], guests: Sequence[Guest], texts: Mapping[str, str]
) -> list[Diagnostic]:
    """The same errors; those in files that were to be written name guests and keys of the other tool in their place."""

    def told(fault: Diagnostic) -> Diagnostic:
        if not isinstance(fault.place, Place) or not is_unwritten(fault.place, texts):
            return fault
        new = [place for place in (fault.place, *fault.also) if isinstance(place, Place) and is_unwritten(place, texts)]
        where = dict.fromkeys(_where(place, guests, texts) for place in new)
        there = tuple(place for place in fault.also if place not in new)
        what = f"it would be {would_be(fault.place, texts)} in the site"
        words = f"{what}{f' ({fault.help})' if fault.help else ''}; {_OTHERS}"
        return fault._replace(message=f"{' and '.join(where)}: {fault.message}", place=None, also=there, help=words)

    return [told(fault) for fault in faults]


def _where(place: Place, guests: Sequence[Guest], texts: Mapping[str, str]) -> str:
    """The definitions that a key follows from, with the line that has its value where there is one such line."""
    named = [guest for guest in guests if _has(guest, place.path[:2])] or [*guests]
    value = value_at(place, texts)
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
