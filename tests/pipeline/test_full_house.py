"""A guest with everything that each release can do, as files for its host; and what a release earlier says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from bhyve_grammar import parse_command
from bhyve_words import DEVICE_KEYS
from full_house import PARTS, full_site, full_tables, site_of
from hivewright.allocation.allocate import allocate
from hivewright.bhyve.facts import RELEASES, Only, Until, version
from hivewright.bhyve.releases import TABLE
from hivewright.diagnostics import Diagnostic
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.model.annotations import annotated_keys, tables_within
from hivewright.model.vm import Vm
from hivewright.plan import MANIFEST, Artifact, HostPlan
from hivewright.rules import check_rules
from hivewright.schema.json_schema import COMPLETE, LAYERED, definitions
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from parts import Keys, Part
from projects import CHECKOUT
from site_keys import used_keys
from whole_hosts import differences, text_of

SNAPSHOTS = CHECKOUT / "tests" / "snapshots" / "full-house"
EVERYTHING = CHECKOUT / "tests" / "sites" / "everything"
PLACES = sorted(TABLE, key=lambda place: (version(place[0]), place[1]))
IDS = [f"{release}-{arch}" for release, arch in PLACES]


def plan_of(release: str, arch: str) -> HostPlan:
    site = full_site(release, arch)
    assert [str(each) for each in check_rules(site) if each.severity == "error"] == []
    allocation = allocate(site, {})
    lowered = lower(site, allocation)
    assert (allocation.diagnostics, lowered.diagnostics) == ((), ())
    return lowered.plans[0]


def test_the_releases_are_those_from_13_2_on_and_arm64_from_15_0_on() -> None:
    assert RELEASES[0] == "13.2"
    assert {release for release, arch in PLACES if arch == "amd64"} == set(RELEASES)
    young = {release for release in RELEASES if version(release) >= (15, 0)}
    assert {release for release, arch in PLACES if arch == "arm64"} == young


def files_of(plan: HostPlan) -> dict[str, Artifact]:
    """The files of a host, without seeds and hooks."""
    return {
        path: artifact
        for path, artifact in render(plan).items()
        if path != MANIFEST and "/seed/" not in path and "/hooks/" not in path
    }


def release_before(release: str, arch: str) -> str | None:
    """The one before it in its family, which is of one major release and one architecture."""
    family = [each for each, its in PLACES if its == arch and version(each)[0] == version(release)[0]]
    position = family.index(release)
    return family[position - 1] if position else None


@pytest.mark.parametrize(("release", "arch"), PLACES, ids=IDS)
def test_what_a_release_makes_of_it_is_this(release: str, arch: str, snapshot: Snapshot) -> None:
    """The first of a family as a whole, each later one by what it has otherwise than the one before."""
    snapshot.snapshot_dir = SNAPSHOTS
    files, before = files_of(plan_of(release, arch)), release_before(release, arch)
    if before is None:
        snapshot.assert_match(text_of(files), f"{release}-{arch}.txt")
    else:
        snapshot.assert_match(differences(files_of(plan_of(before, arch)), files), f"{release}-{arch}.diff")


def test_what_the_site_of_all_keys_compiles_to_is_this(snapshot: Snapshot) -> None:
    site = load(read_site(find_project(EVERYTHING))).site
    assert site is not None
    lowered = lower(site, allocate(site, {}))
    assert lowered.diagnostics == ()
    snapshot.snapshot_dir = SNAPSHOTS.parent
    hosts = {f"{plan.name}.txt": text_of(files_of(plan)) for plan in lowered.plans}
    snapshot.assert_match_dir(hosts, EVERYTHING.name)


def test_there_is_no_snapshot_of_another_release() -> None:
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == sorted(IDS)
    assert [path.stem for path in sorted(SNAPSHOTS.glob("*.txt"))] == [
        *("13.2-amd64", "14.0-amd64", "15.0-amd64", "15.0-arm64")
    ]


def test_every_device_and_every_key_of_one_is_given_by_some_release() -> None:
    given: dict[str, set[str]] = {}
    for release, arch in PLACES:
        vm = plan_of(release, arch).vms[0]
        words = [word for option in vm.options for word in option.words]
        for emulation, configuration in parse_command([*words, vm.name], release, arch).slots.values():
            ports = configuration.split(",") if emulation != "ahci" else []
            given.setdefault(emulation, set()).update(port.partition("=")[0] for port in ports)
    assert sorted(DEVICE_KEYS) == sorted(given)
    assert [
        (emulation, key) for emulation, keys in DEVICE_KEYS.items() for key in keys if key not in given[emulation]
    ] == []


def parts(wanted: Callable[[Part], bool]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("part", [part for part in PARTS if wanted(part)], ids=lambda part: part.name)


def errors_of(release: str, arch: str, part: Part) -> list[Diagnostic]:
    return [each for each in check_rules(full_site(release, arch, part)) if each.severity == "error"]


@parts(lambda part: part.since != RELEASES[0])
def test_one_release_earlier_an_error_names_the_release_that_can(part: Part) -> None:
    errors = errors_of(RELEASES[RELEASES.index(part.since) - 1], "amd64", part)
    assert {error.code for error in errors} == {"REL001"}
    assert any(f"FreeBSD {part.since} or later" in error.help for error in errors)


@parts(lambda part: any(isinstance(fact, Only) for fact in part.needs))
def test_on_arm64_an_error_says_that_it_cannot(part: Part) -> None:
    errors = errors_of(RELEASES[-1], "arm64", part)
    assert "REL002" in {error.code for error in errors} <= {"REL002", "REL003"}


@parts(lambda part: any(isinstance(fact, Until) for fact in part.needs))
def test_what_a_release_no_longer_does_is_an_error_there(part: Part) -> None:
    assert [error.code for error in errors_of(RELEASES[-1], "amd64", part)] == ["REL003"]


ELSEWHERE = {
    ("Firmware", "bhyveload"): "a guest has one loader",
    ("Firmware", "grub"): "a guest has one loader",
    ("Firmware", "loader"): "a guest has one loader",
    ("Firmware", "kind"): "that of the architecture is the default",
    ("Nic", "vf"): "its host makes no virtual functions",
}
"""Keys that not every host has, but that the full house does without, and why."""


def test_every_key_that_not_every_host_has_is_in_the_full_house() -> None:
    schemas = definitions((*COMPLETE, *LAYERED))
    used = {(table, key) for part in PARTS for table, key, _ in used_keys(dict(part.vm), "Vm", schemas)}
    wanted = {
        (table.__name__, key) for table in tables_within([Vm]) for key, facts, _ in annotated_keys(table) if facts
    }
    assert wanted - used == set(ELSEWHERE)


IDLE = {
    ("cloud_init", "hostname"): "it is the name",
    ("cloud_init", "windows", "image"): "its reader is not that of an installer",
    ("machine", "wired"): "devices are passed through",
}
"""Keys of the full house that change nothing there, and why."""


def leaves(table: Keys, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def without(table: Keys, path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    return {
        name: without(value, tuple(rest)) if name == key else value
        for name, value in table.items()
        if rest or name != key
    }


@pytest.mark.slow
@pytest.mark.parametrize(("release", "arch"), [("14.4", "amd64"), (RELEASES[-1], "amd64"), (RELEASES[-1], "arm64")])
def test_every_key_that_is_not_a_default_changes_the_plan(release: str, arch: str) -> None:
    tables = full_tables(release, arch)
    site = site_of(tables)
    plans = lower(site, allocate(site, {})).plans
    idle = set()
    for path in leaves(tables["vm"]["full"]):
        try:
            other = site_of({**tables, "vm": {"full": without(tables["vm"]["full"], path)}})
            is_idle = other.vms != site.vms and lower(other, allocate(other, {})).plans == plans
        except (AssertionError, KeyError, ValueError):  # what is left is no guest, or none that bhyve would take
            is_idle = False
        if is_idle:
            idle.add(path)
    assert idle - set(IDLE) == set()
