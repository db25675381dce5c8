"""Where a key stands in the text of a TOML file. Used only when something is reported.

The text is scanned once and leniently: either it was parsed before, or it has a syntax error.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from hivewright.diagnostics.report import KeyPath, Part

Range = tuple[int, int]

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[^\s,\]}#]*|[^\s,\]}#]+")
_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NEWLINE = re.compile("\n")
_LINE = re.compile(r"[^\n]*\n?")


@dataclass(slots=True)
class KeyPosition:
    """Where the parts of one key path are written."""

    key: Range | None = None
    value: Range | None = None
    table: Range | None = None
    explicit: bool = False


def locate(text: str, path: KeyPath, part: Part) -> tuple[int, int, int]:
    """Line, column and length of a key, its value or its table's header; line and column count from 1.

    A path that is not written falls back to the innermost table around it that is. A span of several lines is cut to
    its first.
    """
    index = _index(text)
    wanted: tuple[str, ...] = _PREFERENCE[part]
    for length in range(len(path), 0, -1):
        written = index.get(path[:length])
        if written is None:
            wanted = _PREFERENCE["table"]
            continue
        found = next((span for name in wanted if (span := getattr(written, name)) is not None), None)
        if found is not None:
            return _position(text, found)
    return 1, 1, 1


_PREFERENCE: dict[Part, tuple[str, ...]] = {
    "key": ("key", "table", "value"),
    "value": ("value", "table", "key"),
    "table": ("table", "key", "value"),
}


@lru_cache(maxsize=4)
def line_starts(text: str) -> list[int]:
    """Where each line of a text begins; found once, since many positions may be asked for."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


def _position(text: str, span: Range) -> tuple[int, int, int]:
    start, end = span
    starts = line_starts(text)
    line = bisect_right(starts, start)
    if line < len(starts) and starts[line] <= end:
        newline = starts[line] - 1
        end = newline - 1 if text[newline - 1 : newline] == "\r" else newline
    return line, start - starts[line - 1] + 1, max(1, end - start)


@lru_cache(maxsize=4)
def _index(text: str) -> dict[KeyPath, KeyPosition]:
    scanner = _Scanner(text)
    with suppress(RecursionError):  # very deeply nested values: what was found so far is used
        scanner.scan()
    return scanner.index


class _Scanner:
    """One pass over a document that notes where every key path is written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.index: dict[KeyPath, KeyPosition] = {}
        self.elements: dict[KeyPath, int] = {}

    def scan(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_SPACE)
            start = self.position
            if start >= len(self.text):
                return
            if self.text[start] == "[":
                table = self._header()
                self._skip(_LINE)
            elif not self._pair(table):
                self._skip(_LINE)
                if self.position == start:
                    return

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def _header(self) -> KeyPath:
        start = self.position
        double = self.text.startswith("[[", start)
        self.position += 2 if double else 1
        keys = self._keys()
        end = self.text.find("]", self.position)
        end = len(self.text) if end == -1 else end + (2 if double else 1)
        self.position = max(self.position, end)
        path: KeyPath = ()
        for number, (key, span) in enumerate(keys, 1):
            path = (*path, key)
            last = number == len(keys)
            self._note_table(path, span, (start, end), explicit=last)
            if last and double:
                self.elements[path] = self.elements.get(path, -1) + 1
            if path in self.elements:
                path = (*path, self.elements[path])
                self._note_table(path, span, (start, end), explicit=last)
        return path

    def _note_table(self, path: KeyPath, key: Range, header: Range, *, explicit: bool) -> None:
        written = self.index.setdefault(path, KeyPosition())
        if written.table is None or (explicit and not written.explicit):
            written.key, written.table, written.explicit = key, header, explicit

    def _keys(self) -> list[tuple[str, Range]]:
        """The parts of a dotted key, with where each is written."""
        keys: list[tuple[str, Range]] = []
        while True:
            self._skip(_BLANK)
            match = _BARE_KEY.match(self.text, self.position) or _STRING.match(self.text, self.position)
            if match is None:
                return keys
            keys.append((_unquoted(match[0]), match.span()))
            self.position = match.end()
            self._skip(_BLANK)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def _pair(self, table: KeyPath) -> bool:
        """One ``key = value``; false when there is none."""
        keys = self._keys()
        if not keys or not self.text.startswith("=", self.position):
            return False
        self.position += 1
        self._skip(_BLANK)
        path = table
        for key, span in keys:
            path = (*path, key)
            written = self.index.setdefault(path, KeyPosition())
            written.key = written.key or span
        self.index[path].value = self._value(path)
        return True

    def _value(self, path: KeyPath) -> Range:
        start = self.position
        character = self.text[start : start + 1]
        if character == "[":
            self._array(path)
        elif character == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if character in ('"', "'") else _SCALAR)
        return start, self.position

    def _array(self, path: KeyPath) -> None:
        self.position += 1
        number = 0
        while not self._closed("]"):
            before = self.position
            element = (*path, number)
            written = self.index[element] = KeyPosition()
            written.value = written.key = self._value(element)
            number += 1
            if self.position == before:
                return

    def _inline_table(self, path: KeyPath) -> None:
        self.position += 1
        while not self._closed("}"):
            if not self._pair(path):
                return

    def _closed(self, bracket: str) -> bool:
        """Skips blanks, comments and commas; true at the closing bracket or at the end of the text."""
        self._skip(_SPACE)
        while self.text.startswith(",", self.position):
            self.position += 1
            self._skip(_SPACE)
        if self.text.startswith(bracket, self.position):
            self.position += 1
            return True
        return self.position >= len(self.text)


def _unquoted(token: str) -> str:
    if token[0] not in "\"'":
        return token
    import tomli

    try:
        return str(tomli.loads(f"key = {token}")["key"])
    except ValueError:
        return token[1:-1]
