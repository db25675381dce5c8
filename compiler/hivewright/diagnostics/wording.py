"""How keys, tables and values of the site are named in messages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from hivewright.diagnostics.report import KeyPath

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})

MOST_COMPARED = 200
"""So many names are compared with a mistyped one, and so many mistyped ones with them."""


def key_text(key: str | int) -> str:
    """A key as TOML writes it."""
    text = str(key)
    return text if _BARE.fullmatch(text) else quoted(text)


def table_text(path: KeyPath) -> str:
    """``[vm.web1.disk.root]``; the top of a file for an empty path."""
    return f"[{'.'.join(map(key_text, path))}]" if path else "the top of the file"


def is_key_of(part: str | int, values: object) -> bool:
    """Whether one step of a key path leads into a value: a key of a table, or an index of an array."""
    if isinstance(values, Mapping):
        return part in values
    return isinstance(values, (list, tuple)) and isinstance(part, int) and part < len(values)


def quoted(text: str) -> str:
    """Text in double quotes, shortened when it is long."""
    return f'"{text if len(text) <= 60 else text[:59] + "…"}"'


def value_text(value: object) -> str:
    """A value as a reader of the TOML would call it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a number of more than 64 bits"
    if isinstance(value, float):
        return str(value)
    return kind_text(value)


def kind_text(value: object) -> str:
    """The type of a value in TOML's terms."""
    if isinstance(value, bool):
        return value_text(value)
    for kind, name in (
        (str, "text"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (dict, "a table"),
        ((list, tuple), "an array"),
    ):
        if isinstance(value, kind):
            return name
    return "a date or time"


def one_of(names: Iterable[str]) -> str:
    """``a, b or c``."""
    listed = list(names)
    return " or ".join(part for part in (", ".join(listed[:-1]), listed[-1] if listed else "") if part)


def choice_of(names: Iterable[str]) -> str:
    """``"a" or "b"``, or ``one of "a", "b" or "c"``: what a value must be."""
    listed = [quoted(name) for name in names]
    return f"one of {one_of(listed)}" if len(listed) > 2 else one_of(listed)


def meant(name: object, choices: Iterable[str]) -> str:
    """``did you mean "a"?`` when a value is nearly one of the choices."""
    near = nearest(name, choices) if isinstance(name, str) else None
    return f"did you mean {quoted(near)}?" if near is not None else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped one was most likely meant to be.

    Of very many names only those are compared that stand near it in alphabetical order.
    """
    import difflib

    candidates = list(known)
    folded = _folded(name)
    if len(candidates) > MOST_COMPARED:
        candidates.sort(key=_folded)
        middle = bisect_left(candidates, folded, key=_folded)
        candidates = candidates[max(0, middle - MOST_COMPARED // 2) : middle + MOST_COMPARED // 2]
    for candidate in candidates:
        if _folded(candidate) == folded and candidate != name:
            return candidate
    matches = difflib.get_close_matches(name[:80], candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


class Suggestions:
    """Remedies for names that do not exist, when there may be many of them.

    Only the first ``MOST_COMPARED`` are compared with what there is: nobody corrects more of them one by one.
    """

    def __init__(self, known: Iterable[str], what: str) -> None:
        self._names = sorted(known)
        self._what = what
        self._asked = 0

    def remedy(self, name: str) -> str:
        """A help text for an unknown name: the nearest one, or the first of those there are."""
        self._asked += 1
        near = nearest(name, self._names) if self._asked <= MOST_COMPARED else None
        if near is not None:
            return f"did you mean {quoted(near)}?"
        if not self._names:
            return f"no {self._what} is defined"
        return f"known: {', '.join(self._names[:12])}{', …' if len(self._names) > 12 else ''}"


def plain_name(text: str) -> str:
    """The name in plain letters that another one may become: ``web-1`` for ``Web 1``, ``buero`` for ``Büro``."""
    import unicodedata

    letters = text.lower().translate(_LETTERS)
    ascii_only = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    plain = re.sub("-+", "-", re.sub("[^a-z0-9_-]", "-", ascii_only)).strip("-_")
    return (plain if plain[:1].isalpha() else f"x{plain}")[:31].rstrip("-_")


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """The remedy for a single unknown name."""
    return Suggestions(known, what).remedy(name)
