"""The definition of a VM as a build sees it: every key with its value, and where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

from hivewright.diagnostics import KeyPath
from hivewright.model.base import Written
from hivewright.model.vm import Vm
from hivewright.site.keys import annotations_of
from hivewright.site.site import Site

_BARE = re.compile("[A-Za-z0-9_-]+", re.ASCII).fullmatch


class Entry(NamedTuple):
    """A key that is set or has a built-in default."""

    key: str
    """With dots: ``disk.root.size``."""
    value: Any
    """As it is written in the site."""
    origin: str
    """A file, a layer with its file, or ``default``."""


def definition(site: Site, vm: str) -> Iterator[Entry]:
    """Every key of a VM that is set or has a built-in default."""
    for path, value in _keys_below((), site.vms[vm].model_dump(by_alias=True)):
        origin = site.trace(vm, path)
        if origin.file:
            written = written_value(site, vm, path)
            if not value or not isinstance(written, dict):
                label = origin.file if origin.label == "vm" else f"{origin.label} ({origin.file})"
                yield Entry(".".join(path), written, label)
        elif not isinstance(value, dict) and value not in (None, (), ""):
            yield Entry(".".join(path), default_form(path, value), "default")


def _keys_below(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of a table and of those in it, with its value."""
    for key, value in table.items():
        yield (*path, key), value
        if isinstance(value, dict):
            yield from _keys_below((*path, key), value)


def written_value(site: Site, vm: str, path: KeyPath) -> Any:
    """The value in the strongest layer that has the key."""
    for layer in site.layers[vm]:
        found: Any = layer.values
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return found
    raise AssertionError(f"no layer has {path}")


def in_toml(value: Any) -> str:
    """A value as TOML writes it on one line; JSON has the same form for all but tables."""
    if isinstance(value, dict):
        # Keys of the site are bare; a name of a user's own choice may not be.
        pairs = [f"{key if _BARE(key) else in_toml(key)} = {in_toml(each)}" for key, each in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join([in_toml(each) for each in value])}]"
    return json.dumps(value, ensure_ascii=False)


def default_form(path: KeyPath, value: Any) -> Any:
    """A built-in default as TOML would have it: of a duration ``"60s"``."""
    for found in annotations_of(Vm, path):
        for form in _forms(found):
            return form(value)
    return value


def _forms(annotation: Any) -> Iterator[Callable[[Any], str]]:
    for part in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        if isinstance(part, Written):
            yield part.form
        else:
            yield from _forms(part)
