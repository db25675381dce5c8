"""TOML as a person would write it: short tables on one line, long ones below headers of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hivewright.importers.forms import KeyPath

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LINE = 100


def table_text(path: KeyPath, values: Mapping[str, Any], comments: Mapping[KeyPath, str]) -> str:
    """A table and those within it. ``comments`` are by their key paths below the table; the empty path is above it."""
    return "\n".join(_table(path, values, comments, ())) + "\n"


def _table(path: KeyPath, values: Mapping[str, Any], comments: Mapping[KeyPath, str], below: KeyPath) -> Iterator[str]:
    inline, tables = _parted(values, below)
    if inline or not tables or below == ():
        yield from _comment(comments.get(below, ""))
        yield f"[{'.'.join(_key(part) for part in path)}]"
    for key, value in inline.items():
        yield from _comment(comments.get((*below, key), ""))
        yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        lines = list(_table((*path, key), value, comments, (*below, key)))
        if lines and (inline or below != () or lines[0]):
            yield ""
        yield from (lines[1:] if lines and not lines[0] else lines)


def _parted(values: Mapping[str, Any], below: KeyPath) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """What stands on lines of this table, and the tables below it."""
    inline: dict[str, Any] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and not _is_short(key, value, below):
            tables[key] = value
        else:
            inline[key] = value
    return inline, tables


_ALWAYS_TABLES = ("disk", "cd", "nic", "passthrough", "share", "channel")


def _is_short(key: str, value: Mapping[str, Any], below: KeyPath) -> bool:
    if below == () and key in _ALWAYS_TABLES:
        return False
    if below and below[-1] in _ALWAYS_TABLES:
        return False
    nested = [each for each in value.values() if isinstance(each, Mapping)]
    return len(value) <= 3 and all(not each for each in nested) and len(_value(value)) + len(key) < _LINE - 20


def _comment(text: str) -> Iterator[str]:
    """Lines of a comment, wrapped between words."""
    for paragraph in text.splitlines():
        line = "#"
        for word in paragraph.split():
            if len(line) + 1 + len(word) > _LINE and line != "#":
                yield line
                line = "#"
            line += f" {word}"
        yield line


def _key(part: str) -> str:
    return part if _BARE.fullmatch(part) else quoted(part)


def quoted(text: str) -> str:
    """A basic string of TOML: that of JSON, which escapes all that TOML wants escaped but one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return _array([_value(each) for each in value])
    assert isinstance(value, Mapping), "TOML has no other values here"
    entries = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
    return f"{{ {entries} }}" if entries else "{}"


def _array(entries: list[str]) -> str:
    text = f"[{', '.join(entries)}]"
    if len(text) <= _LINE:
        return text
    return "[\n" + "".join(f"    {entry},\n" for entry in entries) + "]"
