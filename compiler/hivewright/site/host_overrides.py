"""Networks and storages: their forms, told apart by the key ``kind``, and what single hosts override."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from hivewright.diagnostics import Diagnostic, Place
from hivewright.diagnostics.wording import (
    Suggestions,
    choice_of,
    meant,
    nearest,
    quoted,
    table_text,
    value_text,
)
from hivewright.model.base import Table
from hivewright.site.resolve import merge, without
from hivewright.site.site import Layer
from hivewright.site.tables import Tables, Values

Forms = Mapping[str, type[Table]]
"""Each value of ``kind`` -> the model of that form."""


class Check(Protocol):
    """Validates merged values; faults are reported at the layer that supplied them."""

    def __call__(
        self, model: type[Table], values: Mapping[str, object], layers: tuple[Layer, ...], *, partial: bool
    ) -> Table | None: ...


def form_of(forms: Forms, values: Mapping[str, object], place: Place) -> type[Table] | Diagnostic:
    """The model for a table, by its key ``kind``; ``place`` is that of the table."""
    chosen = values.get("kind")
    if isinstance(chosen, str) and chosen in forms:
        return forms[chosen]
    if "kind" not in values:
        for key in values:
            if nearest(key, ("kind",)) is not None:
                message = f"unknown key {quoted(key)} in {table_text(place.path)}"
                return Diagnostic(
                    "KEY001", message, Place(place.file, (*place.path, key), "key"), 'did you mean "kind"?'
                )
        where = Place(place.file, place.path, "table")
        message = f'{table_text(place.path)} lacks the key "kind"'
        return Diagnostic("KEY002", message, where, f"add kind: {choice_of(forms)}")
    where = Place(place.file, (*place.path, "kind"))
    message = f'"kind" must be {choice_of(forms)}, not {value_text(chosen)}'
    return Diagnostic("KEY006", message, where, meant(chosen, forms))


def apply_host_overrides(
    kind: str,
    forms: Forms,
    objects: Mapping[str, Any],
    tables: Tables,
    check: Check,
    may_exist: Callable[[str, str], bool],
) -> tuple[dict[tuple[str, str], Any], list[Diagnostic]]:
    """(host, name) -> the network or storage with the overrides of that host. Others are shared."""
    found: dict[tuple[str, str], Any] = {}
    diagnostics: list[Diagnostic] = []
    missing = Suggestions(tables.named[kind], kind)
    listed: dict[str, frozenset[str]] = {name: frozenset(valid.hosts) for name, valid in objects.items()}
    for host, values in tables.named["host"].items():
        overrides = values.get(kind)
        overrides = overrides if isinstance(overrides, dict) else {}
        for name, valid in objects.items():
            if name not in overrides and (not listed[name] or host in listed[name]):
                found[host, name] = valid
        for name, keys in overrides.items():
            layer = Layer("", tables.homes["host", host], ("host", host, kind, name), keys)
            if not isinstance(keys, dict) or (name not in tables.named[kind] and may_exist(name, kind)):
                continue
            fault = _refused(kind, name, tables, layer, listed, missing)
            if fault is not None:
                diagnostics.append(fault)
                continue
            overridden = _apply_override(kind, name, forms, tables, layer, check, name in objects)
            if isinstance(overridden, Diagnostic):
                diagnostics.append(overridden)
            elif overridden is not None:
                found[host, name] = overridden
    return dict(sorted(found.items())), diagnostics


def _refused(
    kind: str, name: str, tables: Tables, layer: Layer, listed: Mapping[str, Collection[str]], missing: Suggestions
) -> Diagnostic | None:
    """Why a host cannot override an object at all."""
    header = Place(layer.file, layer.prefix, "table")
    if name not in tables.named[kind]:
        message = f"{table_text(layer.prefix)} overrides a {kind} that does not exist"
        return Diagnostic("REF013", message, header, missing.remedy(name))
    if "hosts" in layer.values:
        message = f'"hosts" is not allowed in {table_text(layer.prefix)}'
        remedy = f"say in {table_text((kind, name))} which hosts have it"
        return Diagnostic("KEY008", message, Place(layer.file, (*layer.prefix, "hosts"), "key"), remedy)
    host = layer.prefix[1]
    if listed.get(name) and host not in listed[name]:
        message = f"{table_text(layer.prefix)} overrides a {kind} that {host} does not have"
        also = Place(tables.homes[kind, name], (kind, name, "hosts"))
        return Diagnostic("REF014", message, header, f'add "{host}" to its hosts, or remove the override', (also,))
    return None


def _apply_override(
    kind: str, name: str, forms: Forms, tables: Tables, layer: Layer, check: Check, valid: bool
) -> Table | Diagnostic | None:
    base = Layer("", tables.homes[kind, name], (kind, name), tables.named[kind][name])
    merged: Values = merge(layer.values, base.values)
    model = form_of(forms, merged, Place(layer.file, layer.prefix))
    if isinstance(model, Diagnostic):
        return model if "kind" in layer.values else None
    if merged.get("kind") != base.values.get("kind"):
        # Another kind on this host: keys that this kind does not have are dropped.
        foreign = base.values.keys() - model.model_fields.keys()
        base = Layer(base.label, base.file, base.prefix, without(base.values, *foreign))
        merged = merge(layer.values, base.values)
    return check(model, merged, (layer, base), partial=not valid)
