"""How keys, tables and values of the site are named in messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hivewright.diagnostics.report import KeyPath

_BARE = re.compile(r"[A-Za-z0-9_-]+")


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
    """The known name that a mistyped one was most likely meant to be."""
    import difflib

    candidates = list(known)
    folded = name.lower().replace("-", "_")
    for candidate in candidates:
        if candidate.lower().replace("-", "_") == folded and candidate != name:
            return candidate
    matches = difflib.get_close_matches(name[:80], candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """A help text for an unknown name: the nearest one, or the first of those there are."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    if not names:
        return f"no {what} is defined"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"known: {shown}"
