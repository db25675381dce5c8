"""docs/coverage.md: every word of bhyve and every key of a site is in it, and it says what is true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import pytest

from bhyve_words import AMD64_FLAGS, AMD64_OPTIONS, ARM64_FLAGS, ARM64_OPTIONS, DEVICE_KEYS
from full_house import BOTH, PARTS, PC
from hivewright.bhyve.releases import RELEASES
from hivewright.cli import VERBS
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
            "bootrom,ROM,VARS", "tpm,passthru,…", "tpm,swtpm,…", "tpm,…,version=", "fwcfg,bhyve", "fwcfg,qemu",
            "pc-testdev"},
    "1.3": {"name", "cpus", "sockets", "cores", "threads", "vcpu.N.cpuset", "memory.size", "memory.wired",
            "memory.guest_in_core", "acpi_tables", "destroy_on_poweroff", "gdb.port", "gdb.address", "gdb.wait",
            "keyboard.layout", "rtc.use_localtime", "uuid", "virtio_msix", "config.dump", "x86.mptable", "x86.x2apic",
            "x86.strictio", "x86.strictmsr", "x86.vmexit_on_hlt", "x86.vmexit_on_pause", "bios.*", "system.*",
            "board.*", "chassis.*", "lpc.fwcfg", "lpc.comN.path", "console", "bootrom", "bootvars", "lpc.bootrom",
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
            found.append(Row(section, line[0], tokens, named.get("since", ""), line[-1]))
    return tuple(found)


@cache
def tables() -> dict[str, Schema]:
    return definitions((*COMPLETE, *LAYERED))


def inner(node: Schema) -> Iterator[str]:
    """The classes of the tables that a key may hold, by themselves or by name."""
    named = [each for group in ("patternProperties", "properties") for each in node.get(group, {}).values()]
    for choice in (node, *node.get("anyOf", ()), *named):
        for each in (choice, *choice.get("anyOf", ()), choice.get("additionalProperties")):
            if isinstance(each, dict) and "$ref" in each:
                yield each["$ref"].rpartition("/")[2]


def walk(prefix: str, table: str) -> Iterator[tuple[str, str, str]]:
    """(key as the page writes it, class, key) of a table and those within it."""
    for key, node in tables()[table]["properties"].items():
        yield prefix + key, table, key
        for each in dict.fromkeys(inner(node)):
            yield from walk(f"{prefix}{key}.", each)


@cache
def keys() -> dict[str, set[object]]:
    """Every key as the page writes it, and the values it takes from a fixed list."""
    values: dict[tuple[str, str], set[object]] = {}
    for table, key, value in literals(tables()):
        values.setdefault((table, key), set()).add(value)
    found: dict[str, set[object]] = {}
    homes = {kind: classes for kind, classes in TOP.items() if kind not in ("defaults", "template")}
    for kind, classes in {**homes, "profile": ("Profile",)}.items():
        for name in classes:
            for path, table, key in walk("" if kind == "vm" else f"{kind}.", name):
                found.setdefault(path, set()).update(values.get((table, key), ()))
    return found


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
        assert row.since in ("", "all", *RELEASES)


@pytest.mark.parametrize("section", WORDS)
def test_every_word_of_bhyve_has_one_row(section: str) -> None:
    found = [
        word for row in rows() if row.section == section for word in re.findall("`([^`]+)`", row.first) or [row.first]
    ]
    assert sorted(found) == sorted(WORDS[section])


@pytest.mark.parametrize("section", FEATURES)
def test_every_feature_of_other_managers_has_one_row(section: str) -> None:
    assert [row.first for row in rows() if row.section == section] == list(map(str, FEATURES[section]))


def keys_below(values: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    """The keys of a definition as the page writes them: what is no key is a name."""
    for word, value in values.items():
        path = prefix + word if prefix + word in keys() else prefix.rstrip(".")
        if path:
            yield path
        if isinstance(value, Mapping):
            yield from keys_below(value, f"{path}." if path else "")


def test_what_came_with_a_release_is_refused_before() -> None:
    """The tests of the full house prove the releases of its parts; the page must not differ from them."""
    since: dict[str, set[str]] = {}
    for part in PARTS:
        found = (*keys_below(part.vm), *keys_below(part.networks, "network."))
        since.setdefault("{}.{}".format(*part.since), set()).update(found)
    later = [row for row in rows() if row.since not in ("", "all")]
    assert later
    for row in later:
        if "arm64" in row.note.split("; ")[0].split():
            continue
        named = {match[1] for token in row.tokens if (match := KEY.fullmatch(token))}
        assert named & since[row.since], row


def test_what_is_for_amd64_alone_says_so() -> None:
    """A key of which the full house has nothing on arm64 says amd64 in its rows of part 1."""
    both = {key for part in PARTS if part.archs == BOTH for key in keys_below(part.vm)}
    alone = {key for part in PARTS if part.archs == PC for key in keys_below(part.vm)} - both
    for row in rows():
        named = {match[1] for token in row.tokens if (match := KEY.fullmatch(token))}
        if row.section in ("1.1", "1.2") and named and named <= alone:
            assert "amd64" in row.note or "arm64" in row.note, row


def test_options_of_arm64_are_not_called_those_of_amd64() -> None:
    for row in rows():
        if row.section == "1.1" and row.tokens and row.first.strip("`")[1] in ARM64_FLAGS | ARM64_OPTIONS:
            allowed = {"-f"}  # without an LPC bridge nothing shows the files
            assert row.first.strip("`") in allowed or not row.note.startswith("amd64"), row


@pytest.mark.parametrize("path", ["README.md", "docs/getting-started.md"])
def test_readers_find_the_page(path: str) -> None:
    assert "coverage.md)" in (CHECKOUT / path).read_text()
