"""docs/coverage.md: every word of bhyve and every key of a site is in it, and it says what is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest

from bhyve_words import AMD64_FLAGS, AMD64_OPTIONS, ARM64_FLAGS, ARM64_OPTIONS, DEVICE_KEYS
from hivewright.bhyve.facts import Fact, Only, Since, Until, asks, version
from hivewright.cli import VERBS
from hivewright.model.annotations import annotated_keys, tables_within
from hivewright.schema.json_schema import COMPLETE, LAYERED, Schema, definitions
from projects import CHECKOUT
from runtime_parts import usages
from site_keys import TOP, literals

PAGE = (CHECKOUT / "docs" / "coverage.md").read_text()
KEY = re.compile(r'([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*)(?: = "([^"]*)")?')
GONE = "bgMrh"
"""Options that no supported release has, or that have no place in a definition; they are in the table all the same."""

WORDS = {
    "1.1": {f"-{letter}" for letter in (*AMD64_FLAGS, *AMD64_OPTIONS, *GONE)},
    "1.2": {"com1", "com4", "comN,/dev/nmdm…", "comN,/dev/tty…", "comN,stdio", "comN,tcp=…", "bootrom,ROM",
            "bootrom,ROM,VARS", "tpm,passthru,…", "tpm,swtpm,…", "tpm,…,version=", "bootrom,…,fwcfg=bhyve",
            "bootrom,…,fwcfg=qemu",
            "pc-testdev"},
    "1.3": {"name", "cpus", "sockets", "cores", "threads", "vcpu.N.cpuset", "memory.size", "memory.wired",
            "memory.guest_in_core", "acpi_tables", "destroy_on_poweroff", "gdb.port", "gdb.address", "gdb.wait",
            "keyboard.layout", "rtc.use_localtime", "uuid", "virtio_msix", "config.dump", "x86.mptable", "x86.x2apic",
            "x86.strictio", "x86.strictmsr", "x86.vmexit_on_hlt", "x86.vmexit_on_pause", "bios.*", "system.*",
            "board.*", "chassis.*", "lpc.fwcfg", "lpc.pc-testdev", "lpc.pcireg.*", "acpi_tables_in_memory",
            "tpm.type", "tpm.path", "tpm.version", "pci.B.S.F.pptdev",
            "lpc.comN.path", "console", "bootrom", "bootvars", "lpc.bootrom",
            "lpc.bootvars", "pci.B.S.F.device", "pci.B.S.F.pcireg.*", "rundir"},
    "1.4": {*DEVICE_KEYS, "uart", "address"},
    "1.5": {"path", "nocache", "direct", "sync", "ro", "sectorsize", "nodelete", "bootindex", "ser", "serial",
            *(f"ahci-{kind},{key}" for kind, keys in (("hd", "rev model nmrr"), ("cd", "ser rev model nmrr"))
              for key in keys.split()),
            *(f"nvme,{key}" for key in ["maxq", "qsz", "ioslots", "sectsz", "eui64", "dsm", "ram"]),
            *(f"virtio-scsi,{key}" for key in ["iid", "bootindex", "target", "backend", "num_queues"])},
    "1.6": {"mac", "mtu", "type", "tapN", "vmnetN", "valeSW:PORT", "netmap:IF", "netgraph", "netgraph,path",
            "netgraph,peerhook", "netgraph,socket", "netgraph,hook", "slirp", "slirp,hostfwd", "slirp,open", "ngdN"},
    "1.7": {"fbuf,rfb", "fbuf,tcp", "fbuf,rfb=unix:…", "fbuf,w", "fbuf,h", "fbuf,vga=io", "fbuf,vga=off",
            "fbuf,vga=on", "fbuf,wait", "fbuf,password", "xhci,tablet", "virtio-console,NAME=", "virtio-9p,NAME=",
            "virtio-9p,ro", "virtio-input,/dev/input/…", "hda,play", "hda,rec", "passthru,B/S/F", "passthru,pciB:S:F",
            "passthru,pptN", "passthru,rom", "passthru,bootindex"},
}  # fmt: skip
"""Section -> the words of bhyve(8) and bhyve_config(5) that it has to name."""

FEATURES = {"2.1": range(1, 20), "2.2": range(20, 32), "2.3": range(32, 55), "2.4": range(55, 76), "2.5": range(76, 96)}
"""Section -> the numbers of its features."""


class Row(NamedTuple):
    """A line of a table: its first cell, the words of its key cell, and the cells behind."""

    section: str
    first: str
    tokens: list[str]
    since: str
    architecture: str
    note: str


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for section, text in re.findall(r"^#{2,3} ([0-9](?:\.[0-9])?)\.? .*?$(.*?)(?=^#|\Z)", PAGE, re.M | re.S):
        lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
        cells = [[cell.strip() for cell in line] for line in lines]
        for line in cells[2:]:
            named: dict[str, str] = dict(zip(cells[0], line, strict=True))
            tokens = re.findall("`([^`]+)`", named["key"])
            found.append(Row(section, line[0], tokens, named.get("since", ""), named.get("only", ""), line[-1]))
    return tuple(found)


@cache
def tables() -> dict[str, Schema]:
    return definitions((*COMPLETE, *LAYERED))


def inner(node: Schema) -> Iterator[str]:
    """The classes of the tables that a key may hold, by themselves or by name."""
    named = [each for group in ("patternProperties", "properties") for each in node.get(group, {}).values()]
    for choice in (node, *node.get("anyOf", ()), node.get("items", {}), *named):
        for each in (choice, *choice.get("anyOf", ()), choice.get("additionalProperties")):
            if isinstance(each, dict) and "$ref" in each:
                yield each["$ref"].rpartition("/")[2]


def walk(prefix: str, table: str) -> Iterator[tuple[str, str, str]]:
    """(key as the page writes it, class, key) of a table and those within it."""
    for key, node in tables()[table]["properties"].items():
        yield prefix + key, table, key
        for each in dict.fromkeys(inner(node)):
            yield from walk(f"{prefix}{'moment' if table == 'Hooks' else key}.", each)


@cache
def places() -> dict[str, list[tuple[str, str]]]:
    """Every key as the page writes it, with the classes that have it, and its name there."""
    found: dict[str, list[tuple[str, str]]] = {}
    homes = {kind: classes for kind, classes in TOP.items() if kind not in ("defaults", "template")}
    for kind, classes in {**homes, "profile": ("Profile",)}.items():
        for name in classes:
            for path, table, key in walk("" if kind == "vm" else f"{kind}.", name):
                found.setdefault(path, []).append((table, key))
    return found


@cache
def keys() -> dict[str, set[object]]:
    """Every key as the page writes it, and the values it takes from a fixed list."""
    values: dict[tuple[str, str], set[object]] = {}
    for table, key, value in literals(tables()):
        values.setdefault((table, key), set()).add(value)
    return {path: {value for place in found for value in values.get(place, ())} for path, found in places().items()}


def test_the_page_names_every_key() -> None:
    named = {match[1] for row in rows() for token in row.tokens if (match := KEY.fullmatch(token))}
    assert sorted(keys().keys() - named) == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.section} {row.first}")
def test_a_row_names_keys_values_and_verbs_that_exist(row: Row) -> None:
    for token in row.tokens:
        program, _, verb = token.partition(" ")
        if program in ("hivectl", "hivewright"):
            assert verb in verbs(program), token
            continue
        match = KEY.fullmatch(token)
        assert match is not None, token
        assert match[1] in keys(), f"there is no key {match[1]}"
        assert match[2] is None or match[2] in keys()[match[1]], token


@cache
def verbs(program: str) -> set[str]:
    if program == "hivewright":
        return set(VERBS)
    return set(usages())


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.section} {row.first}")
def test_a_row_without_a_key_says_why(row: Row) -> None:
    assert row.tokens or row.note
    if row.section.startswith("1."):
        assert bool(row.tokens) == bool(row.since)


@pytest.mark.parametrize("section", WORDS)
def test_every_word_of_bhyve_has_one_row(section: str) -> None:
    found = [
        word for row in rows() if row.section == section for word in re.findall("`([^`]+)`", row.first) or [row.first]
    ]
    assert sorted(found) == sorted(WORDS[section])


@pytest.mark.parametrize("section", FEATURES)
def test_every_feature_of_other_managers_has_one_row(section: str) -> None:
    assert [row.first for row in rows() if row.section == section] == list(map(str, FEATURES[section]))


@cache
def facts_of_models() -> dict[str, dict[str, tuple[Fact, ...]]]:
    """Class -> its keys with what they need of a host."""
    models = tables_within((*COMPLETE, *LAYERED))
    return {model.__name__: {key: facts for key, facts, _ in annotated_keys(model)} for model in models}


def needs(path: str) -> Iterator[Fact]:
    """What a key, any of its values, and the tables around it need of a host."""
    around = path.rpartition(".")[0]
    if around in places():
        yield from (fact for fact in needs(around) if counts(fact, None))
    for table, key in places()[path]:
        yield from facts_of_models().get(table, {}).get(key, ())


def counts(fact: Fact, value: str | None) -> bool:
    """Whether a fact counts for a key, or a value of it. What some values need counts for these; where a key is true
    or false, for the key."""
    bound = isinstance(fact, Since) and fact.above is not None
    return not bound and (fact.value is None or isinstance(fact.value, bool) or asks(fact, value))


def needs_of_row(row: Row) -> list[list[Fact]]:
    """What each key of a row needs."""
    named = [match for token in row.tokens if (match := KEY.fullmatch(token))]
    return [[fact for fact in needs(match[1]) if counts(fact, match[2])] for match in named]


def since_of(row: Row) -> str:
    """The release that has all of it."""
    releases = {fact.releases for facts in needs_of_row(row) for fact in facts if isinstance(fact, Since)}
    return max(releases, key=version, default="all" if row.tokens else "")


def architecture_of(row: Row) -> str:
    """The architecture that alone has all keys of a row."""
    found = [{fact.arch for fact in facts if isinstance(fact, Only)} for facts in needs_of_row(row)]
    return next(iter(set.intersection(*found)), "") if found else ""


PART_1 = [row for row in rows() if row.section.startswith("1.")]


@pytest.mark.parametrize("row", PART_1, ids=lambda row: f"{row.section} {row.first}")
def test_release_and_architecture_are_those_of_the_keys(row: Row) -> None:
    assert (row.since, row.architecture) == (since_of(row), architecture_of(row))


@pytest.mark.parametrize("row", [row for row in rows() if row.tokens], ids=lambda row: f"{row.section} {row.first}")
def test_a_release_in_a_note_is_that_of_a_key(row: Row) -> None:
    facts = [fact for token in row.tokens if (match := KEY.fullmatch(token)) for fact in needs(match[1])]
    known = {fact.releases for fact in facts if isinstance(fact, Since)}
    known |= {fact.release for fact in facts if isinstance(fact, Until)}
    assert set(re.findall(r"\b1[3-9]\.[0-9]+\b", row.note)) <= known


@pytest.mark.parametrize("row", PART_1, ids=lambda row: f"{row.section} {row.first}")
def test_what_is_unconfirmed_is_called_so(row: Row) -> None:
    doubted = [fact for facts in needs_of_row(row) for fact in facts if "unconfirmed" in fact.source]
    assert not doubted or "unconfirmed" in row.note


def test_options_of_arm64_are_not_called_those_of_amd64() -> None:
    for row in rows():
        if row.section == "1.1" and row.tokens and row.first.strip("`")[1] in ARM64_FLAGS | ARM64_OPTIONS:
            allowed = {"-f"}  # without an LPC bridge nothing shows the files
            assert row.first.strip("`") in allowed or row.architecture != "amd64", row


@pytest.mark.parametrize("path", ["README.md", "docs/getting-started.md"])
def test_readers_find_the_page(path: str) -> None:
    assert "coverage.md)" in (CHECKOUT / path).read_text()
