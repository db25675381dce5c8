"""Diagnostics as text for people (full, short) and for programs (json)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from hivewright.diagnostics.locate import line_starts, locate
from hivewright.diagnostics.report import Diagnostic, Place, Spot

Form = Literal["full", "short", "json"]

_WIDTH = 100
"""Columns of a source line that are shown; longer ones are cut around the fault."""
_TAB = 4
_LIKEWISE = 3
"""Sentences on others with the same fault that are shown; JSON has all."""
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Characters that could move the cursor, or colour or reorder text on a terminal; except tab and newline."""

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "bold": "\x1b[1m", "dim": "\x1b[34m", "off": "\x1b[0m"}


class Texts(Protocol):
    """The methods of ``Sources`` that the printer uses."""

    def path(self, name: str) -> str:
        """The path on disk of a file named in a ``Place``."""

    def text(self, name: str) -> str | None:
        """Its text, where it can be read."""


class _Found(NamedTuple):
    """A diagnostic with its positions looked up."""

    diagnostic: Diagnostic
    spot: Spot | None
    also: tuple[Spot, ...]

    def order(self) -> tuple[str, int, int, str, str]:
        spot = self.spot
        where = (spot.file, spot.line, spot.column) if spot is not None else ("", 0, 0)
        return (*where, self.diagnostic.code, self.diagnostic.message)


def format_diagnostics(diagnostics: Iterable[Diagnostic], texts: Texts, form: Form, *, colour: bool = False) -> str:
    """All diagnostics, sorted by file, line and code. Empty when there are none, except as JSON: an empty list."""
    found = sorted((_find(each, texts) for each in diagnostics), key=_Found.order)
    if form == "json":
        import json

        return json.dumps([_as_json(each, texts) for each in found], indent=2) + "\n"
    if form == "short":
        return "".join(f"{_short(each, texts)}\n" for each in found)
    return "".join(f"{_full(each, texts, colour)}\n\n" for each in found)


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``; empty when there are none."""
    counts = ((sum(each.severity == kind for each in diagnostics), kind) for kind in ("error", "warning"))
    return ", ".join(f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts if count)


def visible(text: str) -> str:
    """Text with control characters made visible, so that input cannot control the terminal."""
    return _INVISIBLE.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def display_path(path: str) -> str:
    """A path as a person at the shell would write it: relative when it is below the current directory."""
    relative = os.path.relpath(path)
    return visible(path if relative.startswith("../../..") else relative)


def _find(diagnostic: Diagnostic, texts: Texts) -> _Found:
    spot = _spot(diagnostic.place, texts) if diagnostic.place is not None else None
    also = (_spot(place, texts) for place in diagnostic.also)
    return _Found(diagnostic, spot, tuple(each for each in also if each is not None))


def _spot(place: Place | Spot, texts: Texts) -> Spot | None:
    if isinstance(place, Spot):
        return place
    if not place.file:
        return None
    text = texts.text(place.file)
    return Spot(place.file, *(locate(text, place.path, place.part) if text is not None else (1, 1, 1)))


def _position(spot: Spot, texts: Texts) -> str:
    return f"{display_path(texts.path(spot.file))}:{spot.line}:{spot.column}"


def _short(found: _Found, texts: Texts) -> str:
    diagnostic = found.diagnostic
    where = f"{_position(found.spot, texts)}: " if found.spot is not None else ""
    more = f" (and {len(diagnostic.likewise)} more like it)" if diagnostic.likewise else ""
    return f"{where}{diagnostic.severity}[{diagnostic.code}]: {_one_line(diagnostic.message)}{more}"


def _one_line(text: str) -> str:
    return visible(text.replace("\n", " ").replace("\t", " "))


def _full(found: _Found, texts: Texts, colour: bool) -> str:
    def paint(text: str, name: str) -> str:
        return f"{_COLOURS[name]}{text}{_COLOURS['off']}" if colour else text

    diagnostic, spot = found.diagnostic, found.spot
    title = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    lines = [f"{title}{paint(f': {_one_line(diagnostic.message)}', 'bold')}"]
    margin = " " * len(str(spot.line)) if spot is not None else ""
    if spot is not None:
        lines.append(f"{margin}{paint('-->', 'dim')} {_position(spot, texts)}")
        shown = _excerpt(spot, texts.text(spot.file))
        if shown is not None:
            bar = paint("|", "dim")
            lines.append(f"{margin} {bar}")
            lines.append(f"{paint(f'{spot.line} |', 'dim')} {shown[0]}".rstrip())
            lines.append(f"{margin} {bar} {paint(shown[1], diagnostic.severity)}")
    label = f"{margin} {paint('=', 'dim')}"
    lines += (f"{label} also: {_position(each, texts)}" for each in found.also)
    lines += (f"{label} likewise: {_one_line(each)}" for each in diagnostic.likewise[:_LIKEWISE])
    if len(diagnostic.likewise) > _LIKEWISE:
        lines.append(f"{label} likewise: {len(diagnostic.likewise) - _LIKEWISE} more")
    if diagnostic.help:
        lines.append(f"{label} help: {_one_line(diagnostic.help)}")
    return "\n".join(lines)


def _excerpt(spot: Spot, text: str | None) -> tuple[str, str] | None:
    """The source line as it is shown, and the carets below it; cut when it is long."""
    if text is None or spot.line > len(line_starts(text)):
        return None
    begin, length = _line(text, spot.line)
    start = spot.column - 1
    end = max(start + 1, min(start + spot.length, length))
    first = 0
    if end > _WIDTH or length > _WIDTH:
        first = max(0, min(start - _WIDTH // 4, length - _WIDTH))
    last = min(length, first + _WIDTH)
    end = min(end, max(last, start + 1))
    left, right = "…" * (first > 0), "…" * (last < length)
    line = text[begin + first : begin + last]  # a line may be as long as the file
    before, marked = _shown(line[: start - first]), _shown(line[start - first : end - first])
    blank = " " * (_columns(before) + len(left))
    carets = "^" * max(1, _columns(marked))
    return f"{left}{before}{marked}{_shown(line[end - first :])}{right}", blank + carets


def _line(text: str, number: int) -> tuple[int, int]:
    """Where a line begins, and its length without its end."""
    starts = line_starts(text)
    begin = starts[number - 1]
    end = starts[number] - 1 if number < len(starts) else len(text)
    if text[end - 1 : end] == "\r" and end > begin:
        end -= 1
    return begin, end - begin


def _shown(text: str) -> str:
    return visible(text.replace("\t", " " * _TAB))


def _columns(text: str) -> int:
    """Columns of a terminal that text takes: two for East Asian wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.category(character) in ("Mn", "Me") for character in text)


def _as_json(found: _Found, texts: Texts) -> dict[str, Any]:
    diagnostic = found.diagnostic
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_spot_as_json(found.spot, texts),
        "help": diagnostic.help,
        "also": [_spot_as_json(each, texts) for each in found.also],
        "likewise": list(diagnostic.likewise),
    }


def _spot_as_json(spot: Spot | None, texts: Texts) -> dict[str, Any]:
    if spot is None:
        return {"file": None, "line": None, "column": None, "length": None}
    path = display_path(texts.path(spot.file))
    return {"file": path, "line": spot.line, "column": spot.column, "length": spot.length}
