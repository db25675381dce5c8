"""What a site compiles to, word by word with origins, and what changes when the value at one of them does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import Lock
from hivewright.lower import lower
from hivewright.lower.origins import Tracer
from hivewright.plan import HostPlan
from hivewright.rules import check_rules
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import Project, SourceFile, Sources
from origin_values import UNSET, Path, Values, other_values

MOST_TRIED = 40
"""Values that are tried at a place before it is said that none is valid there."""


SPARE: Values = {
    "storage": {
        "spare": {"kind": "zfs", "dataset": "spare/vms"},
        "spare-folder": {"kind": "directory", "path": "/spare"},
    },
    "network": {
        "spare": {"kind": "bridge", "uplink": "none", "mtu": 2000},
        "spare-switch": {"kind": "vale", "switch": "vale99"},
    },
    "image": {"spare": {"url": "https://images.example.net/spare.raw", "sha256": "none"}},
}
"""Objects that nobody uses, for keys that name one. Hosts get a device besides."""


def _with_spare_device(host: Values) -> Values:
    return {**host, "device": {**host.get("device", {}), "spare": {"pci": "99/0/0"}}}


class Written(Sources):
    """A site whose files are values in memory; profiles among them, once they were asked for."""

    def __init__(self, project: Project, values: dict[str, Values]) -> None:
        super().__init__(project, tuple(SourceFile(name, "", keys) for name, keys in sorted(values.items())))
        self.values = values
        self.profile_values: dict[str, Values] = {}

    def read_profile(self, name: str) -> tuple[SourceFile | None, list[Any]]:
        label = next((label for known, (label, _) in self._profiles().items() if known == name), "")
        if label in self.profile_values:
            return SourceFile(label, "", self.profile_values[label]), []
        file, faults = super().read_profile(name)
        if file is not None:
            self.profile_values[label] = file.values
        return file, faults


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A key in a file, or in a lock."""

    file: str
    path: Path

    def covers(self, other: Place) -> bool:
        """Whether one is the other, or a table around it."""
        length = min(len(self.path), len(other.path))
        return self.file == other.file and self.path[:length] == other.path[:length]

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))} ({self.file})"


@dataclass(frozen=True, slots=True)
class Line:
    """Words that belong together, an option of bhyve or a step, and the keys that they follow from."""

    host: str
    vm: str
    """The guest, if it is one of its words."""
    kind: str
    words: tuple[str, ...]
    label: str = field(compare=False)
    keys: tuple[str, ...] = field(compare=False)
    site: Site = field(compare=False, repr=False)

    def places(self) -> list[Place]:
        """Where people are told to look; a default is changed in the VM."""
        tracer = Tracer(self.site, self.host, self.vm)
        origins = [tracer.origin(key) for key in self.keys]
        return [
            Place(self.site.homes["vm", self.vm], ("vm", self.vm, *origin.path))
            if origin.label == "default"
            else Place(origin.file, origin.path)
            for origin in origins
            if origin.label != "rule"
        ]

    def claims(self, place: Place) -> bool:
        """Whether it says that it follows from the place, from a table around it, or from something in it."""
        return any(each.covers(place) for each in self.places())

    @property
    def text(self) -> tuple[str, ...]:
        return (self.host, self.vm, self.kind, *self.words)

    def __str__(self) -> str:
        return f"{self.host} {self.vm} {self.kind}: {' '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Compiled:
    lines: tuple[Line, ...]
    locks: Mapping[str, Lock]


@dataclass(frozen=True, slots=True)
class Workshop:
    """A site as it is, to be compiled with one value changed at a time."""

    project: Project
    files: dict[str, Values]
    """All files, profiles included, by name."""
    base: Compiled
    claimed: tuple[tuple[Line, list[Place]], ...]
    """The lines of the site as it is, with their places."""

    def compiled(self, place: Place, value: Any) -> Compiled | None:
        """The site with another value at a place; None where that is not valid."""
        if place.file.startswith("locks/"):
            return _compiled(self.project, self.files, _with_number(self.base.locks, place, value))
        files = {**self.files, place.file: _with_value(self.files[place.file], place.path, value)}
        return _compiled(self.project, files, self.base.locks)

    def values(self, place: Place) -> Iterator[Any]:
        """Other values for a place, perhaps valid."""
        if place.file.startswith("locks/"):
            yield from _other_numbers(place.path)
            return
        whole: Values = {}
        for values in self.files.values():
            for kind, table in values.items():
                whole[kind] = {**whole.get(kind, {}), **table} if isinstance(table, dict) else table
        path = place.path
        if place.file.startswith("profiles/") and path[0] == "vm":
            path = ("vm", "", *path[1:])
        yield from other_values(whole, path, _value_at(self.files[place.file], place.path))


def workshop(project: Project, files: Mapping[str, Values]) -> Workshop:
    """A site that is valid, with the locks it gets."""
    values = dict(files)
    for name, keys in files.items():
        hosts = {host: _with_spare_device(table) for host, table in keys.get("host", {}).items()}
        values[name] = {**keys, "host": hosts} if hosts else keys
    values["spare.toml"] = SPARE
    sources = Written(project, values)
    site = _site(sources)
    assert site is not None
    locks = allocate(site, {}).locks
    base = _compiled(project, values, locks)
    assert base is not None
    claimed = tuple((line, line.places()) for line in base.lines)
    return Workshop(project, {**values, **sources.profile_values}, base, claimed)


def _site(sources: Sources) -> Site | None:
    loaded = load(sources)
    if loaded.site is None or any(each.severity == "error" for each in check_rules(loaded.site)):
        return None
    return loaded.site


def _compiled(project: Project, files: Mapping[str, Values], locks: Mapping[str, Lock]) -> Compiled | None:
    sources = Written(project, {name: values for name, values in files.items() if not name.startswith("profiles/")})
    sources.profile_values = {name: values for name, values in files.items() if name.startswith("profiles/")}
    site = _site(sources)
    if site is None:
        return None
    allocation = allocate(site, locks)
    if allocation.diagnostics:
        return None
    lowered = lower(site, allocation)
    if lowered.diagnostics:
        return None
    return Compiled(tuple(line for plan in lowered.plans for line in _lines(site, plan)), allocation.locks)


def _lines(site: Site, plan: HostPlan) -> Iterator[Line]:
    host = plan.name
    for network in plan.networks:
        for step in network.steps:
            yield Line(host, "", "host.conf", (step.verb, *step.words), step.label, step.keys, site)
    for vm in plan.vms:
        for option in vm.options:
            yield Line(host, vm.name, "bhyve", option.words, option.label, option.keys, site)
        calls = {"hook": vm.named_hooks, "prepare": vm.prepare, "provision": vm.provision, "loader": vm.loader}
        for kind, steps in calls.items():
            for step in steps:
                yield Line(host, vm.name, kind, (step.verb, *step.words), step.label, step.keys, site)


def _value_at(values: Any, path: Path) -> Any:
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return UNSET
        values = values[part]
    return values


def _with_value(values: Values, path: Path, value: Any) -> Values:
    """A copy of the tables of a file with another value at a place; ``rng = true`` becomes a table if need be."""
    changed = deepcopy(values)
    table = changed
    for part in path[:-1]:
        if not isinstance(table.get(str(part)), dict):
            table[str(part)] = {}
        table = table[str(part)]
    if value is UNSET:
        table.pop(str(path[-1]), None)
    else:
        table[str(path[-1])] = value
    return changed


def _other_numbers(path: Path) -> Iterator[Any]:
    """Other numbers for a place in a lock; addresses of the usual kind first."""
    yield from {
        "uuid": ("01234567-89ab-4def-8123-456789abcdef",),
        "vnc": (5999, 5950, 5907),
        "slots": ("0:27:0", "0:26:0", "7:9:0", "0:3:7", "0:4:6"),
        "macs": ("58:9c:fc:ff:ee:dd",),
        "taps": ("tap-another",),
        "consoles": ("nmdm-another.1",),
        "ports": ("main:9", "sata:9"),
        "pipes": ("19998",),
    }[str(path[0])]


def _with_number(locks: Mapping[str, Lock], place: Place, value: Any) -> dict[str, Lock]:
    vm = place.file.removeprefix("locks/").removesuffix(".toml")
    table = str(place.path[0])
    if len(place.path) > 1:
        value = {**getattr(locks[vm], table), place.path[1]: value}
    return {**locks, vm: locks[vm]._replace(**{table: value})}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not true of an origin."""

    place: Place
    what: str
    line: Line | None = None
    value: Any = None

    def __str__(self) -> str:
        return f"{self.place} {self.what}" + (f" with {self.value!r}: {self.line}" if self.line is not None else "")


def places_of(site: Workshop) -> list[Place]:
    """Every place that some word claims."""
    return sorted({place for _, places in site.claimed for place in places}, key=str)


def faults_of(site: Workshop, place: Place) -> list[Fault]:
    """Changes the value at a place until every word that claims it has changed once; no other word may change."""
    waiting = [line for line, places in site.claimed if place in places]
    faults: dict[tuple[str, ...], Fault] = {}
    valid = 0
    for value in islice(site.values(place), MOST_TRIED):
        changed = site.compiled(place, value)
        if changed is None:
            continue
        valid += 1
        gone, new = differences(site.base.lines, changed.lines)
        for line in unexplained(place, gone, new):
            faults.setdefault(line.text, Fault(place, "changes", line, value))
        texts = {line.text for line in gone}
        waiting = [line for line in waiting if line.text not in texts]
        if not waiting:
            break
    if not valid:
        return [Fault(place, "has no other valid value")]
    return [*faults.values(), *(Fault(place, "does not change", line) for line in waiting)]


def differences(before: Iterable[Line], after: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    """The lines that are gone, and those that are new."""
    old, new = Counter(before), Counter(after)
    return [*(old - new).elements()], [*(new - old).elements()]


def unexplained(place: Place, gone: Iterable[Line], new: Iterable[Line]) -> Iterator[Line]:
    """Lines that differ though neither they nor what stands in their place claim the place.

    A key that adds nothing is no origin; where it adds something the new words say so.
    """
    gone, new = list(gone), list(new)
    explained = {(line.host, line.vm, line.kind, line.label) for line in (*gone, *new) if line.claims(place)}
    for line in (*gone, *new):
        if (line.host, line.vm, line.kind, line.label) not in explained:
            yield line
