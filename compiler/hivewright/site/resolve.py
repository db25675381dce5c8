"""Merges the layers of each VM: [defaults], profile, templates, and the VM itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from hivewright.diagnostics import Diagnostic, KeyPath, Part, Place
from hivewright.diagnostics.wording import Suggestions, is_key_of, quoted
from hivewright.model.device_kinds import SWITCHES
from hivewright.model.vm import DEFAULT_PROFILE
from hivewright.site.profiles import Profiles
from hivewright.site.site import Layer
from hivewright.site.tables import Tables, Values
from hivewright.source import Sources

_Rivals = Mapping[str, tuple[str, ...]]
"""Key -> the keys of weaker layers that it excludes."""

_HOST_RIVALS: _Rivals = {"host": ("hosts",), "hosts": ("host",)}
_DEVICE_RIVALS: Mapping[str, _Rivals] = {
    "disk": {
        "path": ("storage", "size", "image", "clone_image", "clone", "lun", "properties", "ram"),
        "storage": ("path", "ram"),
        "ram": ("path", "storage", "size", "image", "clone_image", "clone", "lun", "properties"),
        "lun": ("size", "image", "clone_image", "clone", "properties"),
        "size": ("lun",),
        "clone": ("image", "clone_image"),
        "image": ("clone",),
    },
    "cd": {"path": ("image",), "image": ("path",)},
}
_RIVALLED = frozenset((*_HOST_RIVALS, *_DEVICE_RIVALS))
"""Keys of a weaker layer that a stronger layer may exclude."""

_MAX_DEPTH = 20
"""Deeper tables are not keys of a VM; they are replaced, not merged, so that recursion is bounded."""


class MergedVm(NamedTuple):
    """A VM with all its layers merged; the strongest layer is the first."""

    values: Values
    layers: tuple[Layer, ...]


class Resolver:
    """Finds the layers of VMs and merges them. VMs with the same profile and templates share the merged lower ones."""

    def __init__(self, sources: Sources, tables: Tables) -> None:
        self.sources = sources
        self.tables = tables
        self.profiles = Profiles(sources)
        self.diagnostics: list[Diagnostic] = []
        self.incomplete: set[str] = set()
        """VMs of which a layer is not known."""
        self._lost_layers = {path for lost in sources.lost for path in lost.tables()} | tables.unclear
        self._suggestions: dict[str, Suggestions] = {}
        self._bases: dict[tuple[str, tuple[str, ...]], MergedVm] = {}

    def resolve(self, name: str) -> MergedVm:
        """A VM merged over its lower layers."""
        values = self.tables.named["vm"][name]
        layer = Layer("vm", self.tables.homes["vm", name], ("vm", name), values)
        inherit = self._inherited(name, layer)
        profile = self._profile(name, layer, inherit)
        base = self._base(profile, inherit)
        layers_of = (("defaults",), *((("template",), *(("template", each) for each in inherit)) if inherit else ()))
        if not self._lost_layers.isdisjoint(layers_of):
            self.incomplete.add(name)
        lower: Mapping[str, object] = base.values
        layers = base.layers
        if not _RIVALLED.isdisjoint(lower):
            lower = _without_rivals(lower, values)
        if lower is not base.values:
            layers = tuple(
                Layer(each.label, each.file, each.prefix, _without_rivals(each.values, values)) for each in layers
            )
        merged = merge(values, lower)
        devices = self.profiles.devices(profile, merged)
        if devices is None:
            return MergedVm(merged, (layer, *layers))
        return MergedVm(merge(merged, devices.values), (layer, *layers, devices))

    def template_layer(self, name: str) -> Layer:
        """A template's keys. Templates do not inherit."""
        values = without(self.tables.named["template"][name], "inherit")
        return Layer(f"template {name}", self.tables.homes["template", name], ("template", name), values)

    @cached_property
    def defaults(self) -> Layer | None:
        """The keys of ``[defaults]``."""
        values = self.tables.single.get("defaults")
        if values is None:
            return None
        return Layer("defaults", self.tables.homes[("defaults",)], ("defaults",), values)

    def _inherited(self, vm: str, layer: Layer) -> tuple[str, ...]:
        """The names of existing templates of a VM, in order; those that do not exist are reported."""
        wanted = layer.values.get("inherit")
        if wanted is None and self.defaults is not None:
            layer, wanted = self.defaults, self.defaults.values.get("inherit")
        found = []
        for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
            if not isinstance(name, str):
                continue
            if name in self.tables.named["template"]:
                found.append(name)
            else:
                self.incomplete.add(vm)
                self._missing("REF003", "template", name, self.tables.named["template"], layer, ("inherit", index))
        return tuple(found)

    def _profile(self, vm: str, layer: Layer, inherit: Sequence[str]) -> str:
        """The name of a VM's profile; the default if it names none, or one that does not exist."""
        for candidate in chain((layer,), map(self.template_layer, reversed(inherit)), (self.defaults,)):
            name = candidate.values.get("profile") if candidate is not None else None
            if candidate is None or name is None:
                continue
            if not isinstance(name, str):
                break
            if self.profiles.ask(name):
                self.profiles.chain(name)
                if name in self.profiles.broken:
                    self.incomplete.add(vm)
                return name
            self.incomplete.add(vm)
            if name not in self.sources.profile_names():
                self._missing("REF002", "profile", name, self.sources.profile_names(), candidate, ("profile",))
            break
        self.profiles.ask(DEFAULT_PROFILE)
        return DEFAULT_PROFILE

    def may_exist(self, name: str, kind: str) -> bool:
        """Whether an object may be defined in what could not be read or is not where it should be."""
        return self.sources.may_define(name) or name in self.tables.misnamed or (kind,) in self.tables.unclear

    def _missing(self, code: str, what: str, name: str, known: Iterable[str], layer: Layer, path: KeyPath) -> None:
        if self.may_exist(name, what):
            return
        place = Place(layer.file, (*layer.prefix, *path))
        if what not in self._suggestions:
            self._suggestions[what] = Suggestions(known, what)
        remedy = self._suggestions[what].remedy(name)
        self.diagnostics.append(Diagnostic(code, f"there is no {what} {quoted(name)}", place, remedy))

    def _base(self, profile: str, inherit: tuple[str, ...]) -> MergedVm:
        """The layers below the VM itself, merged."""
        known = self._bases.get((profile, inherit))
        if known is not None:
            return known
        candidates = [*map(self.template_layer, reversed(inherit)), *self.profiles.layers(profile), self.defaults]
        values: Values = {}
        layers: list[Layer] = []
        for layer in (candidate for candidate in candidates if candidate is not None):
            lower = _without_rivals(layer.values, values)
            layers.append(Layer(layer.label, layer.file, layer.prefix, lower))
            values = merge(values, lower)
        self._bases[profile, inherit] = MergedVm(values, tuple(layers))
        return self._bases[profile, inherit]


def merge(strong: Mapping[str, object], weak: Mapping[str, object], depth: int = 0) -> Values:
    """Two layers as one: tables key by key, everything else from the stronger."""
    merged = {**weak, **strong}
    for key in strong.keys() & weak.keys():
        above, below = strong[key], weak[key]
        if isinstance(below, dict):
            if isinstance(above, dict) and depth < _MAX_DEPTH:
                merged[key] = merge(above, below, depth + 1)
            elif above is True and depth == 0 and key in SWITCHES:
                merged[key] = below
    return merged


def place_in_layers(layers: Sequence[Layer], path: KeyPath, part: Part) -> Place:
    """Where the strongest layer that has a key of a VM has it; else the innermost table around it."""
    for length in range(len(path), -1, -1):
        for layer in layers:
            if _reaches(layer.values, path[:length]):
                return Place(layer.file, (*layer.prefix, *path[:length]), part if length == len(path) else "table")
    return Place("", path, part)


def sort_tables(values: Mapping[str, object], depth: int = 0) -> Values:
    """The same table with the keys of its tables sorted; its own keys are not, since models have their own order."""
    ordered = dict(values) if depth == 0 or len(values) == 1 else {key: values[key] for key in sorted(values)}
    if depth < _MAX_DEPTH:
        for key, value in ordered.items():
            if type(value) is dict:
                ordered[key] = sort_tables(value, depth + 1)
    return ordered


def without(values: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """A table without some keys; the same object when it has none of them."""
    return {key: value for key, value in values.items() if key not in keys} if values.keys() & keys else values


def _reaches(values: Any, path: KeyPath) -> bool:
    for part in path:
        if not is_key_of(part, values):
            return False
        values = values[part]
    return True


def _without_rivals(weak: Mapping[str, Any], strong: Mapping[str, Any]) -> Mapping[str, Any]:
    """A weaker layer without the keys that a stronger one excludes: ``hosts`` if that one has ``host``.

    The same object when nothing is excluded.
    """
    kept = _less(weak, strong, _HOST_RIVALS)
    for kind, rivals in _DEVICE_RIVALS.items():
        above, below = strong.get(kind), kept.get(kind)
        if isinstance(above, dict) and isinstance(below, dict):
            fewer = {
                name: _less(below[name], above[name], rivals)
                for name in above.keys() & below.keys()
                if isinstance(above[name], dict) and isinstance(below[name], dict)
            }
            if any(fewer[name] is not below[name] for name in fewer):
                kept = {**kept, kind: {**below, **fewer}}
    return kept


def _less(weak: Mapping[str, Any], strong: Mapping[str, Any], rivals: _Rivals) -> Mapping[str, Any]:
    return without(weak, *(rival for key in rivals.keys() & strong.keys() for rival in rivals[key]))
