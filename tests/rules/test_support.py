"""What a host cannot do by its release and architecture: each fact of the models, on both sides of its boundary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builders import build_site
from hivewright.bhyve.facts import RELEASES, Fact, Only, Since, Until, holds, version, words
from hivewright.diagnostics import Diagnostic
from hivewright.model.annotations import annotated_keys
from hivewright.model.base import Table
from hivewright.model.roots import ROOTS
from hivewright.rules import check_rules
from hivewright.site import Site
from projects import CHECKOUT

SAMPLES: dict[tuple[str, str], Any] = {
    ("Host", "capabilities"): ["snapshot"],
    ("FunctionSettings", "vlan"): 100,
    ("Vm", "numa"): {"0": {"cpus": "0"}},
    ("Vm", "fwcfg"): {"one": {"name": "opt/one", "string": "1"}},
    ("Vm", "passthrough"): {"one": {"device": "gpu0"}},
    ("Vm", "input"): {"one": {"device": "/dev/input/event2"}},
    ("Firmware", "variables_template"): "/srv/vars.fd",
    ("Firmware", "loader"): {"program": "/usr/local/sbin/load"},
    ("Disk", "boot_index"): 0,
    ("Cd", "boot_index"): 0,
    ("Nic", "vf"): "ix0:1",
    ("Passthrough", "rom"): "/srv/one.rom",
    ("Debug", "gdb"): {"port": 1234},
    ("Machine", "lpc_slot"): 30,
}
"""Values of keys that are neither true or false, nor bounded, nor a table that may be empty, and have no value that the
fact is about."""

BEYOND = {16: 17, "1920x1200": "1921x1200"}
"""A bound -> the first value above it."""

BESIDE: dict[str, dict[str, Any]] = {"Sriov": {"vfs": 1}, "Slirp": {"kind": "slirp"}, "Bridge": {"kind": "bridge"}}
"""Keys that a table has to have."""

NAMES = {"serial": "com1", "numa": "0", "sriov": "ix0", "vf": "0"}
"""Names of tables by name, where not every name will do."""


@dataclass(frozen=True)
class Case:
    """A fact, and keys of a host, a network or a VM that run into it."""

    kind: str
    path: tuple[str, ...]
    keys: dict[str, Any]
    fact: Fact

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.path)}: {words(self.fact)}"


def values_of(table: type[Table], key: str, fact: Fact) -> Iterator[object]:
    """Each value of a key that asks for what a fact is about."""
    if isinstance(fact, Since) and fact.above is not None:
        yield BEYOND[fact.above]
    elif key == "serial":
        assert isinstance(fact.value, tuple)
        yield from ({name: {}} for name in fact.value)
    elif fact.value is not None:
        yield from fact.value if isinstance(fact.value, tuple) else [fact.value]
    else:
        is_switch = table.model_fields[key].annotation in (bool, bool | None)
        yield True if is_switch else SAMPLES.get((table.__name__, key), {})


def cases_of(kind: str, table: type[Table], path: tuple[str, ...] = ()) -> Iterator[Case]:
    for key, facts, inner in annotated_keys(table):
        for fact in facts:
            for value in values_of(table, key, fact):
                yield Case(kind, (*path, key), {**BESIDE.get(table.__name__, {}), key: value}, fact)
        for each in inner:
            named = str(table.model_fields[key].annotation).startswith("dict")
            name = (NAMES.get(key, "one"),) if named else ()
            for case in cases_of(kind, each, (*path, key, *name)):
                keys = case.keys
                for step in reversed(name):
                    keys = {step: keys}
                yield Case(kind, case.path, {**BESIDE.get(table.__name__, {}), key: keys}, case.fact)


CASES = [case for kind in ("host", "network", "vm") for table in ROOTS[kind].models for case in cases_of(kind, table)]


def site_of(case: Case, release: str, arch: str = "amd64", hosts: tuple[str, ...] = ("alpha",)) -> Site:
    host = {"freebsd": release, "arch": arch, "device": {"gpu0": {"pci": "2/0/0"}}}
    host |= case.keys if case.kind == "host" else {}
    network = case.keys if case.kind == "network" else {"kind": "bridge", "uplink": "ix0"}
    vm = case.keys if case.kind == "vm" else {"nic": {"lan": {"network": "lan"}}}
    return build_site({"web1": {"hosts": hosts, **vm}}, hosts=dict.fromkeys(hosts, host), networks={"lan": network})


def told(site: Site, code: str) -> list[Diagnostic]:
    return [each for each in check_rules(site) if each.code == code]


def of(kind: type) -> list[Case]:
    return [case for case in CASES if isinstance(case.fact, kind)]


@pytest.mark.parametrize("case", of(Since), ids=str)
def test_what_came_with_a_release_is_refused_before_and_taken_from_it_on(case: Case) -> None:
    assert isinstance(case.fact, Since)
    arch = str(case.fact.value) if case.path == ("arch",) else "amd64"
    for first in case.fact.releases.split():
        before = RELEASES[RELEASES.index(first) - 1]
        (diagnostic,) = told(site_of(case, before, arch), "REL001")
        assert case.path[-1] in diagnostic.message
        assert f"alpha has {before}" in diagnostic.message
        assert f"bring alpha to FreeBSD {first} or later" in diagnostic.help
        assert told(site_of(case, first, arch), "REL001") == []


@pytest.mark.parametrize("case", of(Only), ids=str)
def test_what_one_architecture_has_is_refused_on_the_other(case: Case) -> None:
    assert isinstance(case.fact, Only)
    other = {"amd64": "arm64", "arm64": "amd64"}[case.fact.arch]
    (diagnostic,) = told(site_of(case, RELEASES[-1], other), "REL002")
    assert f"which {case.fact.arch} alone has, but alpha is an {other} host" in diagnostic.message
    assert told(site_of(case, RELEASES[-1], case.fact.arch), "REL002") == []


@pytest.mark.parametrize("case", of(Until), ids=str)
def test_what_is_gone_is_refused_from_that_release_on(case: Case) -> None:
    assert isinstance(case.fact, Until)
    (diagnostic,) = told(site_of(case, case.fact.release), "REL003")
    assert f"gone since FreeBSD {case.fact.release}" in diagnostic.message
    assert told(site_of(case, RELEASES[RELEASES.index(case.fact.release) - 1]), "REL003") == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fact_says_where_it_is_from_and_how_releases_are_called(case: Case) -> None:
    assert re.search(r"[a-z_]\([0-9]\)|package ", case.fact.source)
    named = [] if isinstance(case.fact, Only) else re.findall(r"[0-9.]+", words(case.fact).partition("FreeBSD")[2])
    assert set(named) <= set(RELEASES)


def test_a_later_branch_has_what_came_with_releases_of_earlier_ones() -> None:
    fact = Since("13.4 14.2", "iovctl.conf(5)")
    before, after = ("13.2", "13.3", "14.0", "14.1"), ("13.4", "13.5", "14.2", "14.9", "15.0", "16.0")
    has = [release for release in (*before, *after) if holds(fact, version(release), "amd64")]
    assert has == [*after]


def test_one_diagnostic_names_all_hosts_and_all_tables_that_are_concerned() -> None:
    keys = {"fwcfg": {name: {"name": f"opt/{name}", "string": "1"} for name in ("b", "a")}}
    hosts = {"alpha": {"freebsd": "13.5"}, "beta": {"freebsd": "14.0"}, "gamma": {"freebsd": "13.2"}}
    (diagnostic,) = told(build_site({"web1": {"hosts": list(hosts), **keys}}, hosts=hosts), "REL001")
    assert diagnostic.message == (
        "web1 asks for fwcfg.a and fwcfg.b, which came with FreeBSD 14.0, but alpha has 13.5 and gamma has 13.2"
    )
    assert diagnostic.help == "delete them, or bring alpha and gamma to FreeBSD 14.0 or later"
    places = [diagnostic.place, *diagnostic.also]
    assert [place.path[-2:] for place in places if place is not None and not hasattr(place, "line")] == [
        *(("fwcfg", "a"), ("fwcfg", "b"), ("alpha", "freebsd"), ("gamma", "freebsd")),
    ]


def test_a_table_that_cannot_be_had_is_refused_without_what_is_in_it() -> None:
    site = build_site({"web1": {"vnc": {"socket": True}}}, hosts={"alpha": {"freebsd": "15.0", "arch": "arm64"}})
    assert [each.code for each in check_rules(site) if each.code.startswith("REL")] == ["REL002"]


def test_a_network_is_told_once_for_all_hosts_where_it_is_the_same() -> None:
    hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
    site = build_site(
        {"web1": {"hosts": ["alpha", "beta"], "nic": {"lan": {"network": "lan"}}}},
        hosts=hosts,
        networks={"lan": {"kind": "slirp"}},
    )
    (diagnostic,) = told(site, "REL001")
    assert "but alpha has 14.3 and beta has 14.3" in diagnostic.message


def test_no_other_module_compares_releases() -> None:
    """What a release or an architecture has is a fact; but for the rule, nobody knows numbers of releases."""
    package = CHECKOUT / "compiler" / "hivewright"
    forms = r"releases\[|\bversion\(|\(1[0-9], [0-9]+\)|freebsd (==|!=|<|>)|\barch [=!]= [\"(]"
    found = {
        str(path.relative_to(package)): lines
        for room in ("rules", "lower", "allocation", "model", "site")
        for path in sorted((package / room).rglob("*.py"))
        if path.name not in ("support.py", "site_index.py")
        if (lines := [line.strip() for line in path.read_text().splitlines() if re.search(forms, line)])
    }
    assert found == {}


def test_every_name_in_this_module_is_used() -> None:
    tables = {table for table, _ in SAMPLES} | set(BESIDE)
    assert tables <= set(re.findall(r"^class ([A-Za-z]+)\(Table\)", models(), re.M))


def models() -> str:
    return "\n".join(path.read_text() for path in Path(CHECKOUT, "compiler/hivewright/model").glob("*.py"))
