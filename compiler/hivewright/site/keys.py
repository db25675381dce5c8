"""The keys that the models know, for suggestions. Used only when something is reported."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hivewright.diagnostics import KeyPath
from hivewright.diagnostics.wording import table_text
from hivewright.model.roots import ROOTS


@cache
def keys_of(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys of the table at a path below a model; none where any key may stand."""
    return sorted({key for found in _descend(model, path) if _is_model(found) for key in _fields(found)})


def fields_of(model: type[BaseModel], path: KeyPath) -> dict[str, FieldInfo]:
    """The fields of the table at a path below a model, in the order of the model."""
    return {
        name: field for found in _descend(model, path) if _is_model(found) for name, field in _fields(found).items()
    }


def model_of(model: type[BaseModel], path: KeyPath) -> str:
    """The name of the class of the table at a path; empty where there is none."""
    return next((str(found.__name__) for found in _descend(model, path) if _is_model(found)), "")


def description_of(model: type[BaseModel], path: KeyPath) -> str:
    """What the key at a path is for."""
    for found in _descend(model, path[:-1]):
        if _is_model(found) and path[-1] in _fields(found):
            return _fields(found)[str(path[-1])].description or ""
    return ""


def without_names(model: type[BaseModel], path: KeyPath) -> KeyPath:
    """A path in which NAME stands for each name that somebody chose."""
    return tuple(
        "NAME" if any(map(_is_mapping, _descend(model, path[:length]))) else part for length, part in enumerate(path)
    )


def annotations_of(model: type[BaseModel], path: KeyPath) -> list[Any]:
    """The types of the key at a path, with all that its field says about it."""
    found: list[Any] = []
    for holder in _descend(model, path[:-1]):
        if _is_model(holder) and path[-1] in _fields(holder):
            field = _fields(holder)[str(path[-1])]
            found.append(Annotated[(field.annotation, *field.metadata, None)])
        elif _is_mapping(holder):
            found.append(get_args(holder)[1])
    return found


def examples_of(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Texts that the field of a key gives as examples."""
    holders = [holder for holder in _descend(model, path[:-1]) if _is_model(holder) and path[-1] in _fields(holder)]
    return [str(each) for holder in holders for each in _fields(holder)[str(path[-1])].examples or ()]


def required_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that the table at a path must have."""
    holders = [found for found in _descend(model, path) if _is_model(found)]
    return [key for holder in holders[:1] for key, field in _fields(holder).items() if field.is_required()]


def mapping_key(model: type[BaseModel], path: KeyPath) -> Any:
    """What the names in a table of tables are; ``None`` when there is no such table at a path."""
    for found in _descend(model, path):
        if _is_mapping(found) and any(map(_is_model, _branches(get_args(found)[1]))):
            return get_args(found)[0]
    return None


def homes_of(key: str) -> list[str]:
    """The tables that know a key: ``[vm.NAME.disk.NAME]``."""
    return _all_homes().get(key, [])


@cache
def _all_homes() -> dict[str, list[str]]:
    """Every key -> the tables that know it."""
    found: dict[str, dict[str, None]] = {}
    for kind, root in ROOTS.items():
        if root.of:
            continue
        start: KeyPath = (kind, "NAME") if root.name else (kind,)
        for model in root.models:
            for key, path in _homes(model, start):
                found.setdefault(key, {})[table_text(path)] = None
    return {key: list(homes) for key, homes in found.items()}


def _homes(model: type[BaseModel], path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    for name, field in _fields(model).items():
        yield name, path
        named = _is_mapping(field.annotation)
        for inner in _models(field.annotation):
            yield from _homes(inner, (*path, name, "NAME") if named else (*path, name))


def _descend(model: type[BaseModel], path: KeyPath) -> list[Any]:
    """The annotations that a value at a path may have."""
    found: list[Any] = [model]
    for part in path:
        if isinstance(part, int):  # an array was unwrapped to what is in it
            continue
        step: list[Any] = []
        for annotation in found:
            if _is_model(annotation):
                field = _fields(annotation).get(str(part))
                step += _branches(field.annotation) if field is not None else ()
            elif _is_mapping(annotation):
                step += _branches(get_args(annotation)[1])
        found = step
    return found


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by their names in TOML: keywords of Python, such as ``in``, are named otherwise there."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _branches(annotation: Any) -> list[Any]:
    """The members of a union, and what Annotated wraps; models and mappings are kept whole."""
    if _is_model(annotation) or _is_mapping(annotation):
        return [annotation]
    return [branch for inner in get_args(annotation) for branch in _branches(inner)]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if _is_model(annotation):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models(inner)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_mapping(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict
