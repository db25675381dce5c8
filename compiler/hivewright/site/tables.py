"""Collects the tables of all files: every object once, by kind and name, before validation."""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.diagnostics import Diagnostic, KeyPath, Place
from hivewright.diagnostics.wording import kind_text, nearest, one_of, plain_name, quoted, table_text
from hivewright.model.base import IMAGE_NAME_FORM, IMAGE_NAME_PATTERN, NAME_FORM, NAME_PATTERN
from hivewright.model.roots import NAMED, ROOTS, SINGLE
from hivewright.source import SourceFile

Values = dict[str, object]


class Tables:
    """The tables of a site as plain values."""

    def __init__(self) -> None:
        self.single: dict[str, Values] = {}
        """``[site]`` and ``[defaults]``, where they are written."""
        self.named: dict[str, dict[str, Values]] = {kind: {} for kind in NAMED}
        """Kind -> name -> keys, the names sorted."""
        self.homes: dict[KeyPath, str] = {}
        """The file that defines each table."""
        self.unclear: set[KeyPath] = set()
        """Objects, and kinds of objects, that are also defined elsewhere, or in another way than they should be."""
        self.misnamed: set[str] = set()
        """What is defined in tables that do not exist."""
        self.diagnostics: list[Diagnostic] = []


def add_up(files: Iterable[SourceFile]) -> Tables:
    """All tables of all files. Of a table that is defined twice the first definition is kept."""
    tables = Tables()
    for file in files:
        for kind, value in file.values.items():
            if kind not in ROOTS:
                tables.diagnostics.append(_unknown(file.name, kind, value))
                if isinstance(value, dict):
                    tables.misnamed.update(value)
                    tables.unclear.update((known, name) for name in value for known in NAMED)
                    tables.unclear.update((known,) for known in SINGLE if nearest(kind, ROOTS) == known)
            elif not isinstance(value, dict):
                tables.unclear.add((kind,))
                tables.diagnostics.append(_no_table(file.name, (kind,), value))
            elif kind in SINGLE:
                if _define(tables, (kind,), file.name):
                    tables.single[kind] = value
            else:
                _add_objects(tables, kind, value, file.name)
    tables.named = {kind: dict(sorted(objects.items())) for kind, objects in tables.named.items()}
    return tables


def _add_objects(tables: Tables, kind: str, objects: Values, file: str) -> None:
    import re

    pattern = re.compile(IMAGE_NAME_PATTERN if kind == "image" else NAME_PATTERN, re.ASCII)
    if any(_is_key(value) and key in _fields_of(kind) for key, value in objects.items()):
        # [vm] with keys of a VM, and perhaps [vm.nic.lan] below it
        tables.unclear.add((kind,))
        tables.diagnostics.append(_no_name(file, kind))
        objects = {name: value for name, value in objects.items() if name not in _fields_of(kind)}
    for name, value in objects.items():
        if not isinstance(value, dict):
            tables.diagnostics.append(_no_table(file, (kind, name), value))
            tables.misnamed.add(name)
        elif _define(tables, (kind, name), file):
            tables.named[kind][name] = value
            if pattern.fullmatch(name) is None:
                plain = plain_name(name)
                tables.misnamed.add(plain)
                tables.unclear.update(((kind, name), (kind, plain)))
                tables.diagnostics.append(_bad_name(file, kind, name))


def _define(tables: Tables, path: KeyPath, file: str) -> bool:
    first = tables.homes.setdefault(path, file)
    if first == file:
        return True
    tables.unclear.add(path)
    tables.diagnostics.append(
        Diagnostic(
            "KEY007",
            f"{table_text(path)} is defined twice",
            Place(file, path, "table"),
            "put all its keys into one of the two files",
            (Place(first, path, "table"),),
        )
    )
    return False


def _unknown(file: str, key: str, value: object) -> Diagnostic:
    place = Place(file, (key,), "key")
    if not isinstance(value, dict):
        from hivewright.site.keys import homes_of

        homes = one_of(homes_of(key)[:4]) or "a table"
        return Diagnostic("KEY001", f"unknown key {quoted(key)} outside of any table", place, f"move it to {homes}")
    near = nearest(key, ROOTS)
    known = ", ".join(table_text((each,)) for each in sorted(ROOTS))
    remedy = f"did you mean {table_text((near,))}?" if near is not None else f"known: {known}"
    return Diagnostic("KEY001", f"unknown table {table_text((key,))}", place, remedy)


def _no_table(file: str, path: KeyPath, value: object) -> Diagnostic:
    message = f"{quoted('.'.join(map(str, path)))} must be a table, not {kind_text(value)}"
    if len(path) == 1 and path[0] in NAMED:
        path_meant: KeyPath = (*path, "NAME")
        if isinstance(value, list):
            return Diagnostic(
                "KEY003", message, Place(file, path), f"write {table_text(path_meant)} instead of [[{path[0]}]]"
            )
    else:
        path_meant = path
    return Diagnostic("KEY003", message, Place(file, path), f"write it as {table_text(path_meant)}")


def _is_key(value: object) -> bool:
    """Whether a value is neither a table nor, by mistake, an array of tables."""
    return not isinstance(value, dict) and not (
        isinstance(value, list) and any(isinstance(each, dict) for each in value)
    )


def _fields_of(kind: str) -> set[str]:
    return {key for model in ROOTS[kind].models for key in model.model_fields}


def _no_name(file: str, kind: str) -> Diagnostic:
    from hivewright.site.remedies import name_wanted

    message = f"{table_text((kind,))} lacks a name: its tables are {table_text((kind, 'NAME'))}"
    return Diagnostic("KEY003", message, Place(file, (kind,), "table"), name_wanted((kind,), f"{kind}1"))


def _bad_name(file: str, kind: str, name: str) -> Diagnostic:
    message = f"{quoted(name)}: {IMAGE_NAME_FORM if kind == 'image' else NAME_FORM}"
    remedy = f"write {table_text((kind, plain_name(name)))}"
    return Diagnostic("KEY004", message, Place(file, (kind, name), "key"), remedy)
