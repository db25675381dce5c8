"""The rules by which cloud-init merges user-data, as a file of it may say: ``merge_how: dict(recurse_array)+list()``.

Its "Merging user-data sections": a merger for each type with settings, of which the first that is known counts.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

KEYS = ("merge_how", "merge_type")
"""Where a file says it; the first counts."""
_MERGER = re.compile(r"([a-z_][a-z0-9_]*)\((.*)\)")
_DICT = ("replace", "no_replace")
_LIST = ("append", "prepend", "replace", "no_replace")


class Rules(NamedTuple):
    """The settings of each merger; ``None`` for a type without one, whose earlier value stays."""

    dict: tuple[str, ...] | None = None
    list: tuple[str, ...] | None = None
    str: tuple[str, ...] | None = None


def rules_of(document: dict[str, Any]) -> Rules | None:
    """What a file of user-data says of that, if anything. Raises ``ValueError``: cloud-init would read none of it."""
    how = next((document[key] for key in KEYS if document.get(key) is not None), None)
    if how is None:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for name, settings in _written(how) if isinstance(how, str) else _listed(how):
        plain = name.replace("-", "_").strip().removeprefix("m_")
        if plain not in Rules._fields:
            raise ValueError(f"names a merger {name!r}; there are {', '.join(Rules._fields)}")
        found.setdefault(plain, settings)
    return Rules(**found) if found else None


def _written(how: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for each in filter(None, (part.strip().lower() for part in how.split("+"))):
        match = _MERGER.fullmatch(each.replace("-", "_"))
        if match is None:
            raise ValueError(f"has {each!r}, which is no merger with its settings in parentheses")
        found.append((match[1], tuple(filter(None, (setting.strip() for setting in match[2].split(","))))))
    return found


def _listed(how: object) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for each in how if isinstance(how, list) else [None]:
        if isinstance(each, dict):
            name, settings = each.get("name"), each.get("settings")
        else:
            name, settings = (each[0], each[1:]) if isinstance(each, list) and each else (None, None)
        if not isinstance(name, str) or not isinstance(settings, list):
            raise ValueError("is neither one text nor a list of tables with name and settings")
        found.append((name, tuple(map(str, settings))))
    return found


def merge_by(rules: Rules, ours: Any, theirs: Any) -> Any:
    """A value with another one merged into it. What is nothing (null) is ``None``."""
    if isinstance(ours, dict) and rules.dict is not None:
        return _merge_tables(rules, rules.dict, ours, theirs) if isinstance(theirs, dict) else ours
    if isinstance(ours, list) and rules.list is not None:
        return _merge_lists(rules, rules.list, ours, theirs)
    if isinstance(ours, str) and rules.str is not None:
        return f"{ours}{theirs}" if "append" in rules.str and isinstance(theirs, str) else theirs
    return ours


def _first(known: tuple[str, ...], settings: tuple[str, ...], usual: str) -> str:
    return next((each for each in known if each in settings), usual)


def _recurses(settings: tuple[str, ...], theirs: object, *, tables: bool) -> bool:
    if isinstance(theirs, list):
        return not {"recurse_array", "recurse_list"}.isdisjoint(settings)
    if isinstance(theirs, str):
        return "recurse_str" in settings
    return isinstance(theirs, dict) and tables


def _merge_tables(rules: Rules, settings: tuple[str, ...], ours: dict[Any, Any], theirs: dict[Any, Any]) -> Any:
    merged = dict(ours)
    replaces = _first(_DICT, settings, "no_replace") == "replace"
    for key, value in theirs.items():
        if key not in merged:
            merged[key] = value
        elif value is None and "allow_delete" in settings:
            del merged[key]
        elif replaces:
            merged[key] = value
        elif _recurses(settings, value, tables=True):
            merged[key] = merge_by(rules, merged[key], value)
    return merged


def _merge_lists(rules: Rules, settings: tuple[str, ...], ours: list[Any], theirs: Any) -> Any:
    method = _first(_LIST, settings, "replace")
    if method == "replace" and not isinstance(theirs, list):
        return theirs
    if method == "no_replace" or not isinstance(theirs, list | str | dict):
        return ours
    if method != "replace":  # of a text its letters, as cloud-init does
        return [*ours, *theirs] if method == "append" else [*theirs, *ours]
    tables = "recurse_dict" in settings
    pairs = zip(ours, theirs, strict=False)
    begin = [merge_by(rules, mine, new) if _recurses(settings, new, tables=tables) else new for mine, new in pairs]
    return [*begin, *ours[len(begin) :]]
