"""The sites of the project, and which keys and values they use."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hivewright.model.roots import ROOTS, SINGLE
from hivewright.schema.json_schema import Schema
from projects import CHECKOUT

PROJECTS = [
    CHECKOUT,
    *sorted(
        path.parent for each in ("sites", "host/scenarios") for path in (CHECKOUT / "tests" / each).glob("*/site.toml")
    ),
]
"""The example, and the sites of the tests."""

TOP = {kind: tuple(model.__name__ for model in root.models) for kind, root in ROOTS.items()}


def files(project: Path) -> dict[str, dict[str, Any]]:
    folder = project / "site" if (project / "site").is_dir() else project
    paths = sorted(path for path in folder.rglob("*.toml") if not {"locks", "profiles"} & set(path.parts))
    return {str(path.relative_to(folder)): tomllib.loads(path.read_text()) for path in paths}


def used_keys(values: dict[str, Any], table: str, tables: dict[str, Schema]) -> Iterator[tuple[str, str, object]]:
    """(class, key, value) of every key below a table, those of tables within it too; a value of arrays is each entry.

    The value of a table is each of its keys: some tables have keys from a fixed list. A table in an array has none.
    """
    for key, value in values.items():
        for single in value if isinstance(value, (list, dict)) else [value]:
            yield table, key, None if isinstance(single, dict) else single
        if value in ([], {}):
            yield table, key, None
        node = tables[table]["properties"][key]
        items = node.get("items", {})
        choices = [node, *node.get("anyOf", ()), items, *items.get("anyOf", ())]
        named = [inner for group in ("patternProperties", "properties") for inner in node.get(group, {}).values()]
        holders = value if isinstance(value, list) else [value]
        for holder, found in (*((each, choices) for each in holders), *((inner, named) for inner in _tables(value))):
            for reference in {choice["$ref"] for choice in found if "$ref" in choice}:
                if isinstance(holder, dict):
                    yield from used_keys(holder, reference.rpartition("/")[2], tables)


def _tables(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else []


def uses_of(project: Path, tables: dict[str, Schema]) -> Iterator[tuple[str, str, object]]:
    objects = [
        (kind, name, table)
        for values in files(project).values()
        for kind, found in values.items()
        for name, table in ({"": found} if kind in SINGLE else found).items()
    ]
    forms = {(kind, name): _form(kind, table) for kind, name, table in objects}
    for kind, name, table in objects:
        yield from used_keys(table, forms[kind, name], tables)
        for group in ("network", "storage") if kind == "host" else ():
            for other, override in table.get(group, {}).items():
                yield from used_keys(override, forms[group, other], tables)


def _form(kind: str, table: dict[str, Any]) -> str:
    return next((form for form in TOP[kind] if form.lower() == table.get("kind")), TOP[kind][0])


def literals(tables: dict[str, Schema]) -> Iterator[tuple[str, str, object]]:
    """(class, key, value) of every value that a key takes from a fixed list."""
    for name, table in tables.items():
        for key, node in table["properties"].items():
            for choice in (node, *node.get("anyOf", ()), node.get("items", {})):
                for value in (*choice.get("enum", ()), *choice.get("properties", ())):
                    yield name, key, value
                if "const" in choice:
                    yield name, key, choice["const"]
