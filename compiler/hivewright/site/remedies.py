"""What to write instead of a key or a value that a model refuses.

A remedy that says ``write KEY = VALUE`` is one that the model takes. Where no such value can be made of what is
written, there is an example, or what the key is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from hivewright.diagnostics import KeyPath
from hivewright.diagnostics.wording import key_text, one_of, quoted, table_text, value_text
from hivewright.model.base import NAME_EXAMPLE, Name
from hivewright.model.host import Host
from hivewright.model.roots import ROOTS
from hivewright.site.keys import (
    annotations_of,
    description_of,
    examples_of,
    homes_of,
    keys_of,
    mapping_key,
    required_keys,
    without_names,
)

_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
TABLES = frozenset({"dict_type", "model_type", "model_attributes_type"})
"""pydantic's types of errors where a table is wanted."""
NOT_OFFERED: Mapping[tuple[str, str], str] = {
    ("ready", "phone_home"): "a call that came once cannot be asked for again: take hook or file instead, as "
    "docs/first-boot.md shows",
}
"""Keys that one looks for in a table, but has not on purpose: table and key -> why, and what to take instead."""
_ARRAYS = frozenset({"tuple_type", "list_type"})


def how_to_write(
    types: Mapping[str, Mapping[str, Any]], model: type[BaseModel], path: KeyPath, written: KeyPath, value: object
) -> str:
    """How a value of the wrong kind would be written right.

    ``types`` are pydantic's types of errors, one for each form that the value may have, with their contexts. ``path``
    is that of the value below the model, ``written`` that in the file.
    """
    if not path or isinstance(path[-1], int):
        return ""
    key = key_text(path[-1])
    if "text" in types and types.keys() & TABLES:
        return f'write {key} = "NAME" or {key} = {{ … }}'
    if "bool_type" in types:
        return _truth(key, value)
    if types.keys() & TABLES:
        if isinstance(value, str) and value.lower() in (*_YES, *_NO) and takes(model, path, True):
            return _truth(key, value)
        return _table(key, "dict_type" in types, model, path, written)
    if types.keys() & _ARRAYS:
        if isinstance(value, (str, int)) and takes(model, path, [value]):
            return f"write {key} = [{value_text(value)}]"
        if isinstance(value, dict) and keys_of(model, path):
            return f"write [{table_text(written)}]"
        return f"write it as an array: {key} = [ … ]"
    if types.keys() & {"text", "string_type"}:
        found = _text(key, model, path, value, str(types.get("text", {}).get("example", "")).strip('"'))
    else:
        found = _number(key, model, path, value)
    described = description_of(model, path)
    return found or (f"{key}: {described}" if described else "")


def _truth(key: str, value: object) -> str:
    word = str(value).lower()
    if word in _YES or word in _NO:
        return f"write {key} = {'true' if word in _YES else 'false'}, without quotes"
    return f"write {key} = true or {key} = false"


def _table(key: str, is_mapping: bool, model: type[BaseModel], path: KeyPath, written: KeyPath) -> str:
    if is_mapping and keys_of(model, (*path, "NAME")):
        return f"write it as a table: {table_text((*written, 'NAME'))}"
    if takes(model, path, True):
        return f"write {key} = true, or a table: {table_text(written)}"
    required = required_keys(model, path)
    if required:
        named = {each for each in required if takes(model, (*path, each), NAME_EXAMPLE)}
        inner = ", ".join(f'{each} = "NAME"' if each in named else f"{each} = …" for each in required)
        about = "; ".join(f"{each}: {description_of(model, (*path, each))}" for each in required)
        return f"write {key} = {{ {inner} }}; {about}"
    return f"write it as a table: {table_text(written)}"


def _text(key: str, model: type[BaseModel], path: KeyPath, value: object, example: str) -> str:
    text = value.isoformat() if isinstance(value, (datetime, date, time)) else value_text(value)
    examples = examples_of(model, path)
    # Truth is a mistake for something else, such as a rule of sudoers; and no number names a profile or a file.
    is_itself = isinstance(value, (int, float, datetime, date, time)) and not isinstance(value, bool)
    if is_itself and not examples and "/" not in example and takes(model, path, text):
        return f"write {key} = {quoted(text)}"
    for each in (*examples, example):
        # The example of a name is not one of what it may name here.
        if each not in ("", NAME_EXAMPLE) and takes(model, path, each):
            return f"for example {key} = {quoted(each)}"
    return ""


def _number(key: str, model: type[BaseModel], path: KeyPath, value: object) -> str:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value, re.ASCII) and takes(model, path, int(value)):
        return f"write {key} = {int(value)}, without quotes"
    if isinstance(value, float) and value.is_integer() and takes(model, path, int(value)):
        return f"write {key} = {int(value)}"
    return ""


def takes(model: type[BaseModel], path: KeyPath, value: object) -> bool:
    """Whether the key at a path below a model may have a value, as far as the model knows."""
    for adapter in _adapters(model, without_names(model, path)):
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError:
            continue
        return True
    return False


@cache
def _adapters(model: type[BaseModel], path: KeyPath) -> list[TypeAdapter[Any]]:
    return [TypeAdapter(annotation) for annotation in annotations_of(model, path)]


def unknown_key(model: type[BaseModel], path: KeyPath, near: str | None) -> str:
    """What to do about a key that the table at a path does not have."""
    name = str(path[-1])
    if is_refused(path):
        return NOT_OFFERED[str(path[-2]), name]
    if near is not None:
        return f"did you mean {quoted(near)}?"
    if len(path) == 1:
        for kind, root in ROOTS.items():
            forms = [form for form, other in root.forms.items() if name in keys_of(other, ())]
            if model in root.models and forms:
                return f"delete it, or take another kind: {kind}s of the kind {one_of(forms)} have {quoted(name)}"
    homes = homes_of(name)
    if homes:
        return f"{quoted(name)} belongs to {one_of(homes[:4])}: move it there, or delete it"
    return f"known here: {', '.join(keys_of(model, path[:-1]))}"


def is_refused(path: KeyPath) -> bool:
    """Whether a key is one that its table has not on purpose: it means something, which is not known then."""
    return len(path) > 1 and (str(path[-2]), str(path[-1])) in NOT_OFFERED


def is_nameless(model: type[BaseModel], path: KeyPath) -> bool:
    """Whether a key stands in a table of named tables, although it is one of theirs: ``vm.a.nic.network``."""
    if model is Host and path[:-1] in (("network",), ("storage",)):
        return any(path[-1] in keys_of(form, ()) for form in ROOTS[str(path[0])].models)
    return mapping_key(model, path[:-1]) is not None and path[-1] in keys_of(model, (*path[:-1], "NAME"))


def with_name(model: type[BaseModel], path: KeyPath, written: KeyPath) -> str:
    """What to do where a name is missing before the keys of a table."""
    kind = mapping_key(model, path) or Name
    names = [*(each for each in get_args(kind) if isinstance(each, str)), f"{path[-1]}0", "0"]
    return name_wanted(written, next(name for name in names if _is_valid(kind, name)))


def name_wanted(table: KeyPath, example: str) -> str:
    """The remedy for a table that lacks a name."""
    return f"write {table_text((*table, 'NAME'))}, with a name of its own such as {example}"


def _is_valid(annotation: Any, value: object) -> bool:
    try:
        TypeAdapter(annotation).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True
