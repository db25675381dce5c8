"""Files of assignments for sh(1), read without running them: what is more than an assignment is refused."""

from __future__ import annotations

import re

from hivewright.importers.forms import UnreadableError

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_TAIL = re.compile(r"\s*;?\s*(?:#.*)?")
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=*!-]*")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def read_assignments(place: str, text: str) -> dict[str, str]:
    """The variables that a file sets, the last of two equal names counting. Raises ``UnreadableError``."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.replace("\r", "").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UnreadableError(f"{place}:{number}", "this is code for sh(1), which is not run here; leave the "
                                  "assignments alone in a copy of the file")  # fmt: skip
        found[match[1]] = _value(f"{place}:{number}", match[2], found)
    return found


def _value(place: str, text: str, known: dict[str, str]) -> str:
    """One word: parts in quotes or without, where a variable that was set before may stand."""
    value, rest = "", text
    while rest and _TAIL.fullmatch(rest) is None:
        if rest[0] == "'":
            part, quote, rest = rest[1:].partition("'")
            closed = bool(quote)
        elif rest[0] == '"':
            part, quote, rest = rest[1:].partition('"')
            part, closed = _expanded(place, part, known), bool(quote)
        else:
            part = (_VARIABLE.match(rest) or _PLAIN.match(rest) or [""])[0]
            rest, closed = rest[len(part) :], bool(part)
            part = _expanded(place, part, known)
        if not closed or "`" in part or "\\" in part:
            raise UnreadableError(place, "its value is more than text in quotes, and no code is run here; write what "
                                  "it stands for")  # fmt: skip
        value += part
    return value


def _expanded(place: str, text: str, known: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in known:
            raise UnreadableError(place, f'"{match[0]}" is only known to CBSD; write what it stands for')
        return known[name]

    expanded = _VARIABLE.sub(one, text)
    if "$" in _VARIABLE.sub("", text):
        raise UnreadableError(place, "its value comes from a command, and none is run here; write what it stands for")
    return expanded
