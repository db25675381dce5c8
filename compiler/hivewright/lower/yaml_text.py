"""YAML for seeds, written by PyYAML.

Thousands of guests have seeds that differ only in names and addresses, and PyYAML is slow. So PyYAML writes each
*shape* of a document once, with a placeholder in double quotes for every ``Text``, and the placeholders are replaced
by texts of a safe alphabet, for which double quotes need no escape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

try:
    from yaml import CSafeDumper as _BaseDumper
except ImportError:  # PyYAML without libyaml
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]

_SAFE = re.compile(r"[A-Za-z0-9_./:+-]*")
_PLACEHOLDER = "HIVEWRIGHT.PLACEHOLDER"
_WIDTH = 2**30
"""Never fold: nuageinit(7) of FreeBSD 14 reads a subset of YAML."""


class Text(str):
    """Text that is written in double quotes."""

    __slots__ = ()


class _Dumper(_BaseDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


_Dumper.add_representer(
    Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


class YamlWriter:
    """Writes documents and remembers the shapes it has seen."""

    def __init__(self) -> None:
        self._shapes: dict[str, list[str]] = {}

    def write(self, document: Mapping[str, object]) -> str:
        """A mapping in block style, keys in their order."""
        return "".join([self._block(key, value) for key, value in document.items()])

    def _block(self, key: str, value: object) -> str:
        texts: list[str] = []
        shape = f"{key!r}:{_shape(value, texts)}"
        if not texts:
            parts = self._shapes.get(shape)
            if parts is None:
                parts = self._shapes[shape] = [_dump({key: value})]
            return parts[0]
        if _SAFE.fullmatch("".join(texts)) is None:
            return _dump({key: value})
        parts = self._shapes.get(shape)
        if parts is None:
            parts = self._shapes[shape] = _dump({key: _with_placeholders(value)}).split(_PLACEHOLDER)
        if len(parts) != len(texts) + 1:
            return _dump({key: value})
        pieces = [parts[0]]
        for text, part in zip(texts, parts[1:], strict=True):
            pieces += (text, part)
        return "".join(pieces)


def _dump(document: object) -> str:
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=_WIDTH
    )


def _shape(value: object, texts: list[str]) -> str:
    """A key for everything about a value but its ``Text``, which are appended to ``texts`` in order."""
    if type(value) is Text:
        texts.append(value)
        return "T"
    if type(value) is dict:
        return f"{{{','.join([f'{key!r}:{_shape(item, texts)}' for key, item in value.items()])}}}"
    if type(value) is list:
        return f"[{','.join([_shape(item, texts) for item in value])}]"
    return f"{type(value).__name__}({value!r})"


def _with_placeholders(value: object) -> object:
    if type(value) is Text:
        return Text(_PLACEHOLDER)
    if type(value) is dict:
        return {key: _with_placeholders(item) for key, item in value.items()}
    if type(value) is list:
        return [_with_placeholders(item) for item in value]
    return value
