"""Errors of pydantic as diagnostics: one for each fault, without text of pydantic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.diagnostics import Diagnostic, KeyPath, Part, Place
from hivewright.diagnostics.wording import (
    MOST_COMPARED,
    choice_of,
    is_key_of,
    key_text,
    kind_text,
    meant,
    nearest,
    one_of,
    plain_name,
    quoted,
    table_text,
    value_text,
)
from hivewright.model.base import NAME_FORM

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Where = Callable[[KeyPath, Part], Place]
"""From a key path below the validated table to the place that supplied it, or the innermost table that is written."""

PATTERNS = {
    r"^[^\x00-\x1f\x7f]*$": "this must be one line without control characters",
    r"^[^\x00-\x08\x0b-\x1f\x7f]*$": "this must be text without control characters but tabs and line ends",
    r"^[0-9]{2}\.[0-9]{1,2}$": 'a release of FreeBSD is written "14.3"',
    r"^(https?|ftp)://[!-~]+$": "a URL begins with http://, https:// or ftp:// and is plain ASCII without blanks",
}
"""What a pattern of the models demands, as a sentence."""

_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "an array",
    "list_type": "an array",
}
_RANGES = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "more than"),
    "less_than": ("lt", "less than"),
}
_LAYERS: Sequence[KeyPath] = (("inherit",), ("profile",))
"""Keys of a VM that name its layers: when they are misspelt, the layers are not known."""
_FORMS = ("value", "string_pattern_mismatch")


class _Fault(NamedTuple):
    """One error of pydantic, with the path in the data (union branches removed) it is about."""

    type: str
    path: KeyPath
    is_key: bool
    value: object
    context: Mapping[str, Any]


def diagnose(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, object], where: Where, *, partial: bool = False
) -> list[Diagnostic]:
    """The diagnostics for one failed validation.

    In a ``partial`` layer a missing key is no fault, and so is not that its table is none of the other things which may
    stand there.
    """
    groups: dict[tuple[KeyPath, bool], list[_Fault]] = {}
    unfinished: set[KeyPath] = set()
    for found in error.errors(include_url=False):
        path, is_key = _data_path(found["loc"], values)
        if found["type"] == "missing":
            if partial:
                unfinished.add(path)
                continue
            path = (*path, found["loc"][-1])
        fault = _Fault(found["type"], path, is_key, found["input"], found.get("ctx", {}))
        groups.setdefault((path, is_key), []).append(fault)
    groups = {key: faults for key, faults in groups.items() if key[1] or key[0] not in unfinished}
    nameless = _nameless(groups, model)
    if nameless:
        groups = {key: faults for key, faults in groups.items() if not _stands_in(key[0], faults[0], nameless, model)}
    misspellings = misspelt(error, model, values)
    spelt = {path for path, _ in misspellings.values()}
    plain = {(*path[:-1], plain_name(str(path[-1]))) for path, is_key in groups if is_key and path}
    deeper = {path[:length] for path, is_key in groups if not is_key for length in range(len(path))}
    unnamed = [_lacks_name(path, model, where(nameless[path], "value")) for path in nameless]
    return unnamed + [
        _describe(faults, model, where, misspellings)
        for (path, is_key), faults in groups.items()
        # If a fault is within a table, errors of the other branches of its union are dropped. A key that is missing
        # because it is misspelt is one fault, and so is one that is in a table whose name is, or what such a name has.
        if is_key
        or (
            path not in deeper
            and (path, True) not in groups
            and (faults[0].type != "missing" or (path not in spelt and path[:-1] not in plain))
        )
    ]


def _nameless(groups: Mapping[tuple[KeyPath, bool], list[_Fault]], model: type[BaseModel]) -> dict[KeyPath, KeyPath]:
    """Tables of named tables that hold keys of these instead, ``[vm.a.nic]`` with ``network`` -> one such key."""
    from hivewright.site.remedies import TABLES, is_nameless

    found: dict[KeyPath, KeyPath] = {}
    for (path, is_key), faults in groups.items():
        wants_table = len(path) > 1 and not is_key and not TABLES.isdisjoint(each.type for each in faults)
        if wants_table and path[:-1] not in found and is_nameless(model, path):
            found[path[:-1]] = path
    return found


def _stands_in(path: KeyPath, fault: _Fault, nameless: Iterable[KeyPath], model: type[BaseModel]) -> bool:
    """Whether a path leads through a key that needs a name before it, or what is missing may be such a key."""
    from hivewright.site.remedies import is_nameless

    return any(
        path[: len(table)] == table and (fault.type == "missing" or is_nameless(model, path[: len(table) + 1]))
        for table in nameless
        if len(path) > len(table)
    )


def _lacks_name(path: KeyPath, model: type[BaseModel], key: Place) -> Diagnostic:
    from hivewright.site.remedies import with_name

    place = Place(key.file, key.path[:-1], "table")
    message = f"{table_text(place.path)} lacks a name: its tables are {table_text((*place.path, 'NAME'))}"
    return Diagnostic("KEY003", message, place, with_name(model, path, place.path))


def misspelt(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, object]
) -> dict[KeyPath, tuple[KeyPath, bool]]:
    """Unknown keys -> the paths that were meant, and whether there is nothing at these yet.

    Of very many only the first are compared with what is known: nobody corrects more of them one by one.
    """
    found: dict[KeyPath, tuple[KeyPath, bool]] = {}
    compared = 0
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        if fault["type"] == "extra_forbidden":
            path, is_key = _data_path(fault["loc"], values)
            if is_key or not path:
                continue
            compared += 1
            if compared > MOST_COMPARED:
                break
            near = _meant_key(path, model)
            table: Any = values
            for part in path[:-1]:
                table = table[part]
            if near is not None:
                found[path] = (*path[:-1], near), near not in table
    return found


def repaired(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A copy of a table in which misspelt keys have their right names, without other keys that have faults.

    And whether nothing is lost by that but keys that mean nothing. What is misspelt may stand in a stronger layer than
    what has the right name.
    """
    from hivewright.site.remedies import is_refused

    kept = dict(values)
    complete = True
    meant_keys = misspelt(error, model, values)
    meant_paths = {path for path, _ in meant_keys.values()}
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        path, is_key = _data_path(found["loc"], values)
        if found["type"] == "missing":
            complete = complete and (*path, found["loc"][-1]) in meant_paths
            continue
        complete = complete and found["type"] == "extra_forbidden" and not is_key and not is_refused(path)
        table = kept
        for number, part in enumerate(path, 1):
            inner = table.get(str(part))
            if number == len(path) or not isinstance(inner, dict):
                complete = complete and number == len(path)
                value = table.pop(str(part), None)
                near, is_free = meant_keys.get(path, ((), False))
                complete = complete and (is_free or not near) and near not in _LAYERS
                if is_free:
                    table[str(near[-1])] = value
                break
            table[str(part)] = table = dict(inner)
    return kept, complete


def _data_path(location: tuple[str | int, ...], values: Any) -> tuple[KeyPath, bool]:
    """The part of pydantic's location that names data, and whether it is a key rather than a value."""
    path: list[str | int] = []
    current = values
    last = len(location) - 1
    for position, part in enumerate(location):
        if part == "[key]" and position == last:
            return tuple(path), True
        if is_key_of(part, current):
            current = current[part]
            path.append(part)
    return tuple(path), False


def _describe(
    faults: list[_Fault], model: type[BaseModel], where: Where, misspellings: Mapping[KeyPath, tuple[KeyPath, bool]]
) -> Diagnostic:
    fault = faults[0]
    if fault.is_key:
        return _bad_key(faults, where(fault.path, "key"))
    types = {each.type: each for each in faults}
    if "extra_forbidden" in types:
        near = str(misspellings[fault.path][0][-1]) if fault.path in misspellings else None
        return _unknown_key(fault, model, where(fault.path, "key"), near)
    if "missing" in types:
        return _missing_key(fault, model, where(fault.path, "table"))
    place = where(fault.path, "value")
    for form in _FORMS:
        if form in types:
            return Diagnostic("KEY004", f"{_subject(place)}: {_form(types[form])}", place)
    for kind, (limit, comparison) in _RANGES.items():
        if kind in types:
            bound = f"{comparison} {types[kind].context[limit]}"
            return Diagnostic("KEY005", f"{_subject(place)} must be {bound}, not {value_text(fault.value)}", place)
    return _wrong_kind(faults, model, place)


def _subject(place: Place) -> str:
    """The key a value belongs to, in quotes: ``"memory"``, ``entry 2 of "dns"``."""
    path = place.path
    if path and isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of {quoted(key_text(path[-2]))}" if len(path) > 1 else "the entry"
    return quoted(str(path[-1])) if path else "this"


def _form(fault: _Fault) -> str:
    if fault.type == "value":
        return str(fault.context.get("reason", "this has a wrong form"))
    return PATTERNS.get(fault.context.get("pattern", ""), "this has a wrong form")


def _bad_key(faults: list[_Fault], place: Place) -> Diagnostic:
    name = str(place.path[-1]) if place.path else ""
    choices = _choices(faults)
    if choices:
        message = f"{quoted(name)} must be {choice_of(choices)}"
        return Diagnostic("KEY006", message, place, meant(name, choices))
    reason = next((_form(fault) for fault in faults if fault.type in _FORMS), "this cannot be a name")
    plain = plain_name(name)
    remedy = f"write {quoted(plain)}" if reason == NAME_FORM and plain != name else ""
    return Diagnostic("KEY004", f"{quoted(name)}: {reason}", place, remedy)


def _wrong_kind(faults: list[_Fault], model: type[BaseModel], place: Place) -> Diagnostic:
    """A value of the wrong type, or none of the choices; several faults are the branches of one union."""
    from hivewright.site.remedies import TABLES, how_to_write, takes

    value = faults[0].value
    choices = _choices(faults)
    wanted = [quoted(choice) for choice in choices]
    wanted += dict.fromkeys(text for fault in faults if (text := _wanted(fault)))
    if not TABLES.isdisjoint(fault.type for fault in faults) and takes(model, faults[0].path, True):
        wanted = ["true", "false", *wanted]
    if not wanted:
        return Diagnostic("KEY004", f"{_subject(place)} cannot be {value_text(value)}", place)
    if choices and len(choices) == len(wanted):
        message = f"{_subject(place)} must be {choice_of(choices)}, not {value_text(value)}"
        return Diagnostic("KEY006", message, place, meant(value, choices))
    remedy = how_to_write({fault.type: fault.context for fault in faults}, model, faults[0].path, place.path, value)
    if isinstance(value, str) and choices:
        message = f"{_subject(place)} must be {one_of(wanted)}, not {value_text(value)}"
        return Diagnostic("KEY006", message, place, meant(value, choices) or remedy)
    message = f"{_subject(place)} must be {one_of(wanted)}, not {kind_text(value)}"
    return Diagnostic("KEY003", message, place, remedy)


def _choices(faults: Iterable[_Fault]) -> list[str]:
    return [
        choice
        for fault in faults
        if fault.type == "literal_error"
        for choice in re.findall("'([^']*)'", fault.context.get("expected", ""))
    ]


def _wanted(fault: _Fault) -> str:
    if fault.type == "text":
        return str(fault.context.get("wanted", "text in quotes"))
    return _WANTED.get(fault.type, "")


def _unknown_key(fault: _Fault, model: type[BaseModel], place: Place, near: str | None) -> Diagnostic:
    from hivewright.site.remedies import unknown_key

    message = f"unknown key {quoted(str(fault.path[-1]))} in {table_text(place.path[:-1])}"
    return Diagnostic("KEY001", message, place, unknown_key(model, fault.path, near))


def _meant_key(path: KeyPath, model: type[BaseModel]) -> str | None:
    """The known key that an unknown one was meant to be, if any."""
    from hivewright.site.keys import homes_of, keys_of

    name = str(path[-1])
    near = nearest(name, keys_of(model, path[:-1]))
    return near if near is not None and (not homes_of(name) or _close(name, near)) else None


def _close(name: str, near: str) -> bool:
    import difflib

    return difflib.SequenceMatcher(None, name, near).ratio() >= 0.8


def _missing_key(fault: _Fault, model: type[BaseModel], place: Place) -> Diagnostic:
    from hivewright.site.keys import description_of

    name = str(fault.path[-1])
    described = description_of(model, fault.path)
    message = f"{table_text(place.path)} lacks the key {quoted(name)}"
    return Diagnostic("KEY002", message, place, f"add {name}: {described}")
