"""One TOML file that is edited: its comments, its order and what else is not concerned stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import reduce
from typing import Any

import tomli
import tomlkit
from tomlkit.items import InlineTable

from hivewright.editing.assignment import KeyPath


class UneditableError(ValueError):
    """A file that is written in a way that cannot be edited here; the text says what to do."""


def set_key(text: str, path: KeyPath, value: Any) -> str:
    """The document with a key set, or deleted where ``value`` is ``None``; tables around it are made as needed.

    Raises ``UneditableError``.
    """
    try:
        wanted = changed(tomli.loads(text), path, value)
    except (tomli.TOMLDecodeError, RecursionError):
        raise UneditableError(f"the file of {'.'.join(path[:2])} is no TOML; mend it first") from None
    try:
        document = tomlkit.parse(text)
        _delete(document, path) if value is None else _set(document, path, value)
        edited = _spaced(tomlkit.dumps(document), text)
        found = tomli.loads(edited)
    except (tomlkit.exceptions.TOMLKitError, tomli.TOMLDecodeError, KeyError, TypeError, ValueError, IndexError):
        found, edited = None, ""
    if found != wanted and not (value is None and _is_without(found, wanted, path)):
        raise UneditableError(f"{'.'.join(path)} is written in a way that cannot be edited here; edit the file by hand")
    return edited


def _is_without(found: Any, wanted: dict[str, Any], path: KeyPath) -> bool:
    """Whether what differs is that tables around a deleted key are gone, of which nothing but that key spoke."""
    for length in range(len(path) - 1, 1, -1):
        if reduce(lambda table, part: table.get(part, {}), path[:length], wanted):
            return False
        wanted = changed(wanted, path[:length], None)
        if found == wanted:
            return True
    return False


def _spaced(edited: str, text: str) -> str:
    """The document with an empty line around each table that is new in it."""
    known = set(text.splitlines())
    lines: list[str] = []
    is_new = False
    for line in edited.splitlines():
        starts = line.startswith("[")
        is_new, was_new = starts and line not in known if starts else is_new, is_new
        if starts and (is_new or was_new) and lines and lines[-1]:
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n" if text.endswith("\n") or not text else "\n".join(lines)


def write_tables(path: KeyPath, values: Mapping[str, Any]) -> str:
    """A table and those in it as a document, each with a header of its own and an empty line between."""
    own = [(key, value) for key, value in values.items() if not isinstance(value, Mapping)]
    lines = [f"{tomlkit.key(key).as_string()} = {tomlkit.item(value).as_string()}\n" for key, value in own]
    header = f"[{'.'.join(tomlkit.key(str(part)).as_string() for part in path)}]\n"
    tables = [write_tables((*path, key), value) for key, value in values.items() if isinstance(value, Mapping)]
    # A table that only has others in it needs no header.
    return "\n".join([*([header + "".join(lines)] if lines or not tables else []), *tables])


def changed(values: Mapping[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    """The values of a document after the edit, of which those before are left alone."""
    result = deepcopy(dict(values))
    table = result
    for part in path[:-1]:
        if value is None and part not in table:
            return result
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            inner = table[part] = {}
        table = inner
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value
    return result


def _set(table: Any, path: KeyPath, value: Any) -> None:
    for part in path[:-1]:
        inner = table.get(part)
        if not isinstance(inner, Mapping):
            inner = tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table()
            table[part] = inner
            inner = table[part]
        table = inner
    table[path[-1]] = value


def _delete(table: Any, path: KeyPath) -> None:
    for part in path[:-1]:
        table = table.get(part)
        if not isinstance(table, Mapping):
            return
    if path[-1] in table:
        del table[path[-1]]
