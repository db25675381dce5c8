"""The settings of a guest as rows: every key there is, with its value, where that comes from, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import PydanticUndefined

from hivewright.diagnostics import KeyPath
from hivewright.model.base import Table
from hivewright.model.vm import Vm
from hivewright.schema.json_schema import COMPLETE, LAYERED, definitions
from hivewright.schema.manual_page import type_of
from hivewright.site.definition import default_form, in_toml
from hivewright.site.keys import fields_of, keys_of, mapping_key, model_of
from hivewright.site.resolve import MergedVm

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

DEFAULT = "default"
"""The origin of a value that nobody wrote."""


class Setting(NamedTuple):
    """One key of a guest."""

    path: tuple[str, ...]
    value: Any
    """As it is written in TOML; ``None`` where nothing sets it and there is no default."""
    origin: str
    """A file, a layer with its file, ``default``, or nothing."""

    @property
    def key(self) -> str:
        """With dots, as on the command line."""
        return ".".join(self.path)

    @property
    def text(self) -> str:
        """The value as it is typed: text without its quotes where it stays text without them."""
        if self.value is None:
            return ""
        return self.value if isinstance(self.value, str) and self.value else in_toml(self.value)


def settings_of(whole: MergedVm) -> list[Setting]:
    """Every key of a guest in the order of the manual; of tables with names those that are there."""
    return list(_rows(whole, (), whole.values))


def _rows(whole: MergedVm, path: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[Setting]:
    for key, field in fields_of(Vm, path).items():
        inner = (*path, key)
        found = values.get(key)
        if mapping_key(Vm, inner) is not None:
            named = found if isinstance(found, Mapping) else _default(field) if found is None else {}
            for name in named if isinstance(named, Mapping) else ():
                below = named[name]
                yield from _rows(whole, (*inner, str(name)), below if isinstance(below, Mapping) else {})
        elif keys_of(Vm, inner) and (isinstance(found, Mapping) or _is_there(found, field)):
            yield from _rows(whole, inner, found if isinstance(found, Mapping) else {})
        else:
            yield _row(whole, inner, found, field)


def _is_there(found: Any, field: FieldInfo) -> bool:
    """Whether a table has its keys although nobody wrote it."""
    return found is None and isinstance(_default(field), Table)


def _row(whole: MergedVm, path: tuple[str, ...], found: Any, field: FieldInfo) -> Setting:
    if found is not None:
        return Setting(path, found, _origin(whole, path))
    default = _default(field)
    if default in (None, (), {}, "") or isinstance(default, Table):
        return Setting(path, None, "")
    return Setting(path, default_form(path, default), DEFAULT)


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    return None if default is PydanticUndefined else default


def _origin(whole: MergedVm, path: KeyPath) -> str:
    for layer in whole.layers:
        found: Any = layer.values
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is not None:
            return layer.file if layer.label == "vm" else f"{layer.label} ({layer.file})"
    return ""


def documentation(path: tuple[str, ...]) -> str:
    """What a key is for, what it takes, and which hosts have it; empty for a key that does not exist."""
    node = _nodes().get(model_of(Vm, path[:-1]), {}).get("properties", {}).get(path[-1])
    if node is None:
        return ""
    notes = [type_of(node), *(f"default {in_toml(node['default'])}" for _ in [0] if "default" in node)]
    notes += node.get("support", ())
    return f"{node.get('description', '')} Takes {'; '.join(notes)}."


@cache
def _nodes() -> dict[str, Any]:
    return definitions((*COMPLETE, *LAYERED))
