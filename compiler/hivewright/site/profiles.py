"""Profiles as they extend one another: the files behind a name, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivewright.diagnostics import Diagnostic, Place
from hivewright.diagnostics.wording import Suggestions, quoted
from hivewright.site.site import Layer
from hivewright.source import SourceFile, Sources

_OWN = ("extends", "inherit", "profile")
"""Keys that one file says for itself, and keys of a VM that no profile may say."""

_SAID = {"disk": ("bus", "controller", "nvme", "ram", "initiator"), "nic": ("model", "vf")}
"""Kinds of devices, with the key that a profile may say, and others that leave it no choice."""


class Profiles:
    """Reads profiles when they are asked for, each once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.asked: set[str] = set()
        """Those that exist, without those that others extend."""
        self.broken: set[str] = set()
        """Those that extend, by themselves or by others, what is not known."""
        self._files: dict[str, SourceFile | None] = {}
        self.diagnostics: list[Diagnostic] = []
        self._chains: dict[str, tuple[SourceFile, ...]] = {}

    def ask(self, name: str) -> bool:
        """Whether there is a profile of this name that can be read; it is one of those that are used then."""
        if self._file(name) is None:
            return False
        self.asked.add(name)
        return True

    def _file(self, name: str) -> SourceFile | None:
        if name not in self._files:
            self._files[name], faults = self.sources.read_profile(name)
            self.diagnostics += faults
        return self._files[name]

    def chain(self, name: str) -> tuple[SourceFile, ...]:
        """A profile's file and those that it extends, itself first; what is wrong with that is reported once."""
        if name not in self._chains:
            self._chains[name] = self._follow(name)
        return self._chains[name]

    def _follow(self, name: str) -> tuple[SourceFile, ...]:
        first = name
        found: dict[str, SourceFile] = {}
        file = self._file(name)
        while file is not None:
            found[name] = file
            parent = file.values.get("extends")
            if not isinstance(parent, str):
                break
            place = Place(file.name, ("extends",))
            if parent in found:
                circle = " extends ".join((*list(found)[list(found).index(parent) :], parent))
                remedy = "delete extends in one of them"
                self.diagnostics.append(Diagnostic("REF016", f"profiles go in a circle: {circle}", place, remedy))
                self.broken.add(first)
                break
            name, file = parent, self._file(parent)
            if file is None:
                self.broken.add(first)
            if file is None and parent not in self.sources.profile_names():
                remedy = Suggestions(self.sources.profile_names(), "profile").remedy(parent)
                message = f"there is no profile {quoted(parent)} to extend"
                self.diagnostics.append(Diagnostic("REF015", message, place, remedy))
        return tuple(found.values())

    def layers(self, name: str) -> list[Layer]:
        """What a profile sets in a VM, and what those that it extends set, itself first."""
        found = []
        for file in self.chain(name):
            keys = file.values.get("vm")
            if isinstance(keys, dict):
                found.append(Layer(f"profile {_name(file)}", file.name, ("vm",), _without(keys)))
        return found

    def devices(self, name: str, merged: Mapping[str, Any]) -> Layer | None:
        """What a profile's ``devices`` say about those of a merged VM that nobody says it about."""
        for file in self.chain(name):
            wanted = file.values.get("devices")
            if isinstance(wanted, dict):
                found = {kind: _unsaid(merged.get(kind), wanted.get(kind), kind) for kind in _SAID}
                values = {kind: tables for kind, tables in found.items() if tables}
                return Layer(f"profile {_name(file)}", file.name, ("devices",), values) if values else None
        return None

    def whole(self, name: str) -> tuple[dict[str, object], tuple[Layer, ...]]:
        """A profile with what it extends, but for the keys of VMs, and the files that say it, itself first."""
        chain = self.chain(name)
        layers = tuple(Layer("", file.name, (), _own_values(file, file is chain[0])) for file in chain)
        values: dict[str, object] = {}
        images: dict[str, object] = {}
        for layer in reversed(layers):
            values.update(layer.values)
            own = layer.values.get("image")
            if isinstance(own, dict):
                images.update(own)
                values["image"] = dict(images)
        return values, layers


def _own_values(file: SourceFile, first: bool) -> Mapping[str, Any]:
    dropped = {"vm"} if first else {"vm", "extends"}
    return {key: value for key, value in file.values.items() if key not in dropped or not isinstance(value, dict | str)}


def _without(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in keys.items() if key not in _OWN}


def _unsaid(devices: object, value: object, kind: str) -> dict[str, object]:
    """The value for each device of a kind that says nothing of it."""
    if not isinstance(devices, dict) or not isinstance(value, str):
        return {}
    keys = _SAID[kind]
    return {
        name: {keys[0]: value}
        for name, table in devices.items()
        if isinstance(table, dict) and table.keys().isdisjoint(keys)
    }


def _name(file: SourceFile) -> str:
    return file.name.rpartition("/")[2].removesuffix(".toml")
