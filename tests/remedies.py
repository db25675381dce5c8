"""Remedies as people follow them: what a remedy that is exact says is done to the line that it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.diagnostics.locate import locate

_PAIR = re.compile(r'(\s*(?:[A-Za-z0-9_."-]+\.)?)([A-Za-z0-9_-]+)(\s*(?:=|:| )\s*)(.*)')


class _Line:
    """A line of a document, and the part of it that is marked."""

    def __init__(self, text: str, spot: Spot) -> None:
        self.text = text
        self.begin, self.end = spot.column - 1, spot.column - 1 + spot.length

    def marked(self, new: str) -> str:
        """With other text where the mark is; what is in quotes stays so."""
        old = self.text[self.begin : self.end]
        shown = f'"{new}"' if old.startswith('"') else new
        return self.text[: self.begin] + shown + self.text[self.end :]

    def assigned(self, key: str, value: str) -> str | None:
        """With another value of its key."""
        match = _PAIR.fullmatch(self.text)
        if match is None or match[2] != key:
            return None
        return f"{match[1]}{key} = {value}"

    def header(self, header: str) -> str | None:
        """With another header, where it is one."""
        return header if self.text.lstrip().startswith("[") else None


def _meant_table(line: _Line, kind: str) -> str | None:
    """``[xvm.web1]`` for ``did you mean [vm]?``."""
    return re.sub(r"^\[\w+", f"[{kind}", line.text) if line.text.startswith("[") else None


def _closed(line: _Line) -> str | None:
    """With quotes at the end; where the text is in an array or table, that has to be closed as well."""
    return None if re.search(r"[\[{]", line.text) else f'{line.text}"'


_EXACT: Mapping[str, Callable[..., str | None]] = {
    r'did you mean "(.*)"\?': _Line.marked,
    r"did you mean \[(\w+)\]\?": _meant_table,
    r'write "([a-z0-9_-]*)"': _Line.marked,
    r"write (\[+[^]]*\]+)(?: instead of .*)?": _Line.header,
    r"write it as (\[[^]]*\])": _Line.header,
    r"write ([\w-]+) = ((?:(?! or |; )[^…])*?)(?:, without quotes|, or a table: .*)?": _Line.assigned,
    r"keep one of the two(?:, or give them different names)?": lambda _: "",
    r"(?:delete it|.* move it there, or delete it)(?:,.*)?": lambda _: "",
    r'close it with the quotes that opened it; only """ holds several lines': _closed,
}
"""Remedy -> the line as it is then; ``None`` where it is about something else, such as a header within a line."""


def followed(text: str, diagnostic: Diagnostic) -> str | None:
    """A document after the remedy of a diagnostic about it; ``None`` where it does not say what to write."""
    place = diagnostic.place
    if place is None:
        return None
    spot = place if isinstance(place, Spot) else Spot(place.file, *locate(text, place.path, place.part))
    lines = text.split("\n")
    for pattern, follow in _EXACT.items():
        match = re.fullmatch(pattern, diagnostic.help)
        if match is not None:
            new = follow(_Line(lines[spot.line - 1], spot), *match.groups())
            if new is None:
                return None
            lines[spot.line - 1] = new
            return "\n".join(lines)
    return None
