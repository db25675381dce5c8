"""The site's models as JSON Schema (draft 2020-12): for editors, and the source of the key reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hivewright.bhyve.facts import words
from hivewright.model.annotations import annotated_keys, tables_within
from hivewright.model.base import NAME_PATTERN, Switch
from hivewright.model.profile import Profile
from hivewright.model.roots import ROOTS, Root
from hivewright.values import format_duration, format_size

if TYPE_CHECKING:
    from hivewright.model.base import Table

Schema = dict[str, Any]

COMPLETE: tuple[type[Table], ...] = (
    *(model for root in ROOTS.values() if not root.layer for model in root.models),
    Profile,
)
"""Tables that are complete in themselves: required keys must be in them."""

LAYERED: tuple[type[Table], ...] = tuple(
    dict.fromkeys(model for root in ROOTS.values() if root.layer for model in root.models)
)
"""Tables that may be one of several layers: a required key may be in another layer."""

_SIZE = "^[0-9]+[KMGT]$"
_DURATION = "^[0-9]+(s|m|h)$"
_NAMED = f"^{NAME_PATTERN}$"


def site_schema() -> Schema:
    """The schema of one file of a site. No table is required: a site may be split over many files."""
    tables = definitions(COMPLETE) | {name: _partial(table) for name, table in definitions(LAYERED).items()}
    del tables["Profile"]
    for table in tables.values():
        table["properties"] = {key: _with_support(node) for key, node in table["properties"].items()}
    for key in ("network", "storage"):
        names = [model.__name__ for model in ROOTS[key].models]
        tables["Host"]["properties"][key] |= _named(_overrides(tables[name] for name in names))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of a hivewright site",
        "description": "See hivewright.toml(5).",
        "type": "object",
        "additionalProperties": False,
        "properties": {kind: _root(root) for kind, root in ROOTS.items()},
        "$defs": dict(sorted(tables.items())),
    }


def _with_support(node: Schema) -> Schema:
    """The schema of a key with what its description has to say of releases and architectures."""
    support = "; ".join(node.get("support", ()))
    node = {word: value for word, value in node.items() if word != "support"}
    if support:
        support = f"S{support[1:]}" if support.startswith("since") else support
        node["description"] = f"{node.get('description', '')} {support}.".lstrip()
    return node


def _root(root: Root) -> Schema:
    """What stands at the top of a site for one kind of table."""
    forms = [_reference(model.__name__) for model in root.models]
    table = forms[0] if len(forms) == 1 else {"oneOf": forms}
    table |= {"description": root.description} if root.description else {}
    return _named(table) if root.name else table


def definitions(models: Iterable[type[Table]]) -> dict[str, Schema]:
    """The schema of each model and of the tables within it, by class name.

    ``support`` of a key is what it needs of a host, in words: ``["amd64 only", "since FreeBSD 14.0"]``.
    """
    result: dict[str, Schema] = {}
    for model in models:
        raw = model.model_json_schema()
        for name, table in (raw.pop("$defs", {}) | {model.__name__: raw}).items():
            result[name] = _tidy(table)
        for key, field in model.model_fields.items():
            if Switch in field.metadata:
                described = result[model.__name__]["properties"][key]
                choices = described.pop("anyOf", None) or [{"$ref": described.pop("$ref")}]
                described["anyOf"] = [{"type": "boolean"}, *choices]
    for model in tables_within(models):
        for key, facts, _ in annotated_keys(model):
            if facts:
                result[model.__name__]["properties"][key]["support"] = [words(fact) for fact in facts]
    return result


def _tidy(node: Schema) -> Schema:
    """Without titles and null, which TOML does not have, and with defaults as they are written in TOML."""
    result = {key: value for key, value in node.items() if key not in ("title", "propertyNames", "discriminator")}
    if result.get("examples") == [""]:
        del result["examples"]
    if "description" in result:
        result["description"] = result["description"].replace("``", "")
    if "anyOf" in result:
        choices = [_tidy(choice) for choice in result.pop("anyOf") if choice.get("type") != "null"]
        result = choices[0] | result if len(choices) == 1 else result | {"anyOf": choices}
    for key in ("properties", "patternProperties"):
        if key in result:
            result[key] = {name: _tidy(value) for name, value in result[key].items()}
    if "items" in result:
        result["items"] = _tidy(result["items"])
    if "patternProperties" in result:
        result["additionalProperties"] = False
    elif "enum" in node.get("propertyNames", {}):
        table = result["additionalProperties"]
        result["properties"] = dict.fromkeys(node["propertyNames"]["enum"], table)
        result["additionalProperties"] = False
    return _with_written_default(result)


def _with_written_default(node: Schema) -> Schema:
    default = node.get("default", ...)
    if default in (None, "", []):
        del node["default"]
    elif isinstance(default, int) and node.get("pattern") == _SIZE:
        node["default"] = format_size(default)
    elif isinstance(default, int) and node.get("pattern") == _DURATION:
        node["default"] = format_duration(default)
    return node


def _partial(table: Schema) -> Schema:
    return {key: value for key, value in table.items() if key != "required"}


def _overrides(tables: Iterable[Schema]) -> Schema:
    """Any keys of any of the tables: what ``[host.HOST.network.NAME]`` may hold."""
    properties: Schema = {}
    for table in tables:
        for key, value in table["properties"].items():
            if key in properties and properties[key] != value:
                value = {"anyOf": [properties[key], value]}
            properties[key] = value
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _named(table: Mapping[str, Any]) -> Schema:
    return {"type": "object", "additionalProperties": False, "patternProperties": {_NAMED: dict(table)}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
