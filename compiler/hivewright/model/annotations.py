"""What the keys of a table need of a host: the facts that stand as annotations on its fields."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from hivewright.bhyve.facts import Fact, Only, Since, Until
from hivewright.model.base import Table

Key = tuple[str, tuple[Fact, ...], tuple[type[Table], ...]]
"""The name of a field, its facts, and the tables that it may hold."""


@cache
def annotated_keys(table: type[Table]) -> tuple[Key, ...]:
    """The keys of a table that have facts, or hold tables."""
    keys = []
    for name, field in table.model_fields.items():
        facts = tuple([each for each in field.metadata if isinstance(each, (Since, Until, Only))])
        tables = _tables(field.annotation)
        if facts or tables:
            keys.append((name, facts, tables))
    return tuple(keys)


def tables_within(tables: Iterable[type[Table]]) -> tuple[type[Table], ...]:
    """Tables and those that they hold, each once."""
    found: dict[type[Table], None] = {}
    waiting = list(tables)
    while waiting:
        table = waiting.pop(0)
        if table not in found:
            found[table] = None
            waiting += [each for _, _, held in annotated_keys(table) for each in held]
    return tuple(found)


def _tables(annotation: Any) -> tuple[type[Table], ...]:
    """The tables in the type of a field: ``dict[Name, Disk]``, ``Name | Topology | None``."""
    if isinstance(annotation, type):
        # Not issubclass(): the metaclass of models makes that slow.
        return (annotation,) if Table in annotation.__mro__ else ()
    # Of Annotated the first of get_args(), of all others the same, in a fraction of the time.
    parts = getattr(annotation, "__args__", ())
    return tuple([table for part in parts for table in _tables(part)]) if parts else ()
