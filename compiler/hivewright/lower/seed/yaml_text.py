"""YAML for seeds, read and written by PyYAML.

Thousands of guests have seeds that differ only in names and addresses, and PyYAML is slow. So PyYAML writes each
*shape* of a document once, with a placeholder in double quotes for every ``Text``, and the placeholders are replaced
by texts of a safe alphabet, for which double quotes need no escape.

libyaml, which not every PyYAML has, writes what it and PyYAML itself write alike, and writes it faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from hivewright.values.yaml_alike import is_read_alike

try:
    from yaml import CSafeDumper as _BaseDumper
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]

_SAFE = re.compile(r"[A-Za-z0-9_./:+-]*")
_NUMBER_LIKE = re.compile(r"[-+]?[.]?[0-9][0-9A-Fa-fOoXx_.+:-]*")
"""Texts that some readers of YAML take for a number, such as 1e3 and 0o17."""
_SPECIAL = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
"""What readers take for the end of a line, or for no text at all, unless it is escaped."""
_SHORT_KEY = 40
"""Characters of a key that both writers put on the line of its value; an empty one only libyaml does."""
_PLACEHOLDER = "HIVEWRIGHT.PLACEHOLDER"
_WIDTH = 2**30
"""Never fold: nuageinit(7) of FreeBSD 14 reads a subset of YAML."""


class Text(str):
    """Text that is written in double quotes."""

    __slots__ = ()


class Verbatim(NamedTuple):
    """A scalar that is not text, kept as it was written: readers differ about 0644 or yes."""

    tag: str
    text: str


class _Loader(_BaseLoader):
    pass


class _PureLoader(yaml.SafeLoader):
    pass


class _Dumper(_BaseDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


class _PureDumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


class _IndentingDumper(_PureDumper):
    """Indents lists. The parser of early nuageinit takes what follows an unindented one for part of its last entry."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


_TAG = "tag:yaml.org,2002:"
_DEPTH = 60
_NODES = 100_000
"""How deep user-data may be nested, and how many values it may have with aliases expanded."""


def _construct_text(loader: Any, node: Any) -> str | Verbatim:
    # Plain 1e3 is text for PyYAML and a number for others, so it is kept as it was written.
    if not node.style and _NUMBER_LIKE.fullmatch(node.value):
        return Verbatim(node.tag, node.value)
    return str(loader.construct_scalar(node))


def _represent_text(dumper: Any, text: str) -> Any:
    # A literal block that keeps empty lines at its end is followed by "...", which would end the whole document.
    literal = "\n" in text and text.strip("\n") != "" and not text.endswith("\n\n")
    plain = "|" if literal else "'" if _NUMBER_LIKE.fullmatch(text) else None
    style = '"' if _SPECIAL.search(text) else plain
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


for _dumper in (_Dumper, _PureDumper):
    _dumper.add_representer(str, _represent_text)
    _dumper.add_representer(Text, lambda dumper, text: dumper.represent_scalar(f"{_TAG}str", str(text), style='"'))
    _dumper.add_representer(Verbatim, lambda dumper, scalar: dumper.represent_scalar(scalar.tag, scalar.text))
for _loader in (_Loader, _PureLoader):
    _loader.add_constructor(f"{_TAG}str", _construct_text)
    for _kind in ("int", "float", "bool", "null", "timestamp", "binary"):
        _loader.add_constructor(f"{_TAG}{_kind}", lambda _, node: Verbatim(node.tag, node.value))


def read_mapping(text: str) -> dict[str, Any]:
    """A YAML mapping whose scalars keep their spelling; rules have checked that it is a mapping or empty.

    ``ValueError`` when it is too large with aliases expanded.
    """
    value = yaml.load(text, Loader=_Loader if is_read_alike(text) else _PureLoader)
    _check_extent(value)
    return value if isinstance(value, dict) else {}


def _check_extent(value: object) -> None:
    """Aliases are expanded; an alias may be recursive or expand to very many values."""
    waiting = [(value, 0)]
    nodes = 0
    while waiting:
        current, depth = waiting.pop()
        nodes += 1
        if nodes > _NODES or depth > _DEPTH:
            raise ValueError("it is nested too deeply, or its aliases stand for too much")
        if isinstance(current, dict):
            waiting += [(item, depth + 1) for item in current.values()]
        elif isinstance(current, list):
            waiting += [(item, depth + 1) for item in current]


def _is_ordinary(value: object) -> bool:
    """Whether libyaml writes a value just as PyYAML does without it."""
    if isinstance(value, str):
        return _SPECIAL.search(value) is None
    if isinstance(value, dict):
        are_simple = all(0 < len(str(key)) <= _SHORT_KEY for key in value)
        return are_simple and all(map(_is_ordinary, (*value, *value.values())))
    return not isinstance(value, Iterable) or all(map(_is_ordinary, value))


class YamlWriter:
    """Writes documents and remembers the shapes it has seen."""

    def __init__(self, indenting: bool = False) -> None:
        self._indenting = indenting
        self._shapes: dict[str, list[str]] = {}

    def write(self, document: Mapping[str, object]) -> str:
        """A mapping in block style, keys in their order."""
        return "".join([self._block(key, value) for key, value in document.items()])

    def _block(self, key: str, value: object) -> str:
        texts: list[str] = []
        shape = f"{key!r}:{_shape(value, texts)}"
        if _SAFE.fullmatch("".join(texts)) is None:
            return self._dump({key: value})
        parts = self._shapes.get(shape)
        if parts is None:
            written = self._dump({key: _with_placeholders(value)})
            parts = self._shapes[shape] = written.split(_PLACEHOLDER) if texts else [written]
        if len(parts) != len(texts) + 1:
            return self._dump({key: value})
        pieces = parts[:1]
        for text, part in zip(texts, parts[1:], strict=True):
            pieces += (text, part)
        return "".join(pieces)

    def _dump(self, document: object) -> str:
        dumper = _IndentingDumper if self._indenting else _Dumper if _is_ordinary(document) else _PureDumper
        return yaml.dump(
            document, Dumper=dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=_WIDTH
        )


def _shape(value: object, texts: list[str]) -> str:
    """A key for a value without its ``Text`` parts, which are appended to ``texts`` in order."""
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
