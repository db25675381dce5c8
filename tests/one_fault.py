"""Breakages of a valid site, one at a time: what somebody who writes TOML gets wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.diagnostics.locate import locate
from hivewright.model.device_kinds import KINDS
from hivewright.model.roots import NAMED
from hivewright.rules import check_rules
from hivewright.site.load import load
from hivewright.site.sound import is_about
from hivewright.source import Sources, find_project, read_site
from hivewright.source.parsing import parse_toml

_PAIR = re.compile(r"(\s*)([a-z0-9_.-]+)( = )(.*)")
PROPERTIES = ("compression", "quota", "volblocksize")
"""Properties of ZFS, which are not keys of ours: zfs(8) knows which there are."""
_FREE = ("forward", "env", "metadata", "variables", "properties")
"""Tables whose keys somebody chose: none of them is misspelt."""
NUMBERS_OR_TEXTS = ("slot", "tablet_slot", "channel_slot", "port")
"""Keys that may be either."""
TEXTS_OR_ARRAYS = ("ipv4", "ipv6", "uplink", "cd", "renamed_from")
_NAMED_TABLES = {
    *NAMED,
    *(kind.key for kind in KINDS.values() if kind.is_many),
    *("device", "sriov", "vf"),
}
_REFERENCES = ("host", "network", "storage", "profile", "image", "topology")


@dataclass(frozen=True, slots=True)
class Breakage:
    """One line of one file, written otherwise."""

    file: str
    line: int
    kind: str
    text: str
    """What stands there then; several lines, or none."""


ARBITRARY = {"bare text", "a date", "a control character", "a number for a text", "a decimal number for a text"}
"""Breakages whose value is any: of the right form it may still be wrong."""
REMEDIED = {
    *(
        "header not closed",
        "table twice",
        "unknown table",
        "array of tables",
        "a capital",
        "a letter of another alphabet",
    ),
    *("quote not closed", "text without quotes", "truth with a capital", "no equals sign", "a colon", "key twice"),
    *("misspelt key", "a word for truth", "a number in quotes", "a decimal number", "one without its array"),
}
"""Breakages whose remedy says what to write, to the letter."""


def breakages(file: str, text: str) -> Iterator[Breakage]:
    """Every breakage that is known of a file."""
    lines = text.split("\n")
    depth = 0
    for number, line in enumerate(lines):
        open_brackets = line.count("[") + line.count("{") - line.count("]") - line.count("}")
        whole = depth == 0 and open_brackets == 0
        depth += open_brackets
        if not whole:
            continue
        for kind, changed in _of_line(line):
            yield Breakage(file, number, kind, changed)


def _of_line(line: str) -> Iterator[tuple[str, str]]:
    if line.startswith("["):
        yield "header not closed", line.replace("]", "", 1)
        if not line.startswith("[["):
            yield "table twice", f"{line}\n{line}"
        kind, dot, rest = line[1:].partition(".")
        if "." not in rest:
            yield "unknown table", f"[x{kind}{dot}{rest}"
            yield "array of tables", f"[{line}]"
        yield from _of_names(line)
        return
    match = _PAIR.fullmatch(line)
    if match is None or "  # " in line:
        return
    indent, key, equals, value = match.groups()
    last = key.rpartition(".")[2]
    yield "no value", f"{indent}{key}{equals}"
    yield "bare text", f"{indent}{key}{equals}2G"
    if re.fullmatch(r'"[A-Za-z0-9/][\w./:@+-]*"', value) and not _is_toml(value[1:-1]):
        yield "text without quotes", f"{indent}{key}{equals}{value[1:-1]}"
    if value in ("true", "false"):
        yield "truth with a capital", f"{indent}{key}{equals}{value.capitalize()}"
    if value.isdecimal():
        yield "a leading zero", f"{indent}{key}{equals}0{value}"
    yield "no equals sign", f"{indent}{key} {value}"
    if '"' in value:
        yield "quote not closed", f"{indent}{key}{equals}{value.rpartition(chr(34))[0]}"
    yield "key twice", f"{line}\n{line}"
    if last not in PROPERTIES and key.split(".")[0] not in _FREE and not last.isdecimal():
        yield "misspelt key", f"{indent}{key[:-1]}{key[-1] * 2}{equals}{value}"
    yield "unknown key", f"{line}\n{indent}xyzzy_17 = 1"
    yield "a date", f"{indent}{key}{equals}2026-01-01"
    yield "a control character", f'{indent}{key}{equals}"\\u0001"'
    if last in _REFERENCES and value.startswith('"'):
        yield "missing reference", f'{indent}{key}{equals}"nowhere-17"'
    yield "a colon", f"{indent}{key}: {value}"
    if last not in PROPERTIES:
        yield from ((kind, f"{indent}{key}{equals}{other}") for kind, other in _of_another_kind(last, value))


def _is_toml(value: str) -> bool:
    return parse_toml("a.toml", f"x = {value}\n")[1] is None


def _of_names(line: str) -> Iterator[tuple[str, str]]:
    """The name of a table left out, or written as no name is."""
    table, _, name = line.strip("[]").rpartition(".")
    if table.rpartition(".")[2] not in _NAMED_TABLES:
        return
    yield "no name", f"[{table}]"
    if not name.isdecimal():
        yield "a capital", f"[{table}.{name.capitalize()}]"
    foreign = name.translate(str.maketrans("aeioun", "àéíôüñ"))
    if foreign != name and "ü" not in foreign:
        yield "a letter of another alphabet", f"[{table}.{foreign}]"


def _of_another_kind(key: str, value: str) -> Iterator[tuple[str, str]]:
    """A value as another kind of value."""
    if value in ("true", "false"):
        yield "a word for truth", f'"{value}"'
        yield "another word", '"perhaps"'
    elif value.isdecimal() and key not in NUMBERS_OR_TEXTS:
        yield "a number in quotes", f'"{value}"'
        yield "a decimal number", f"{value}.0"
        yield "true for a number", "true"
    elif re.fullmatch(r'"[0-9]+([KMGT]|[smh]|[KMG]bit)"', value):
        yield "far too many digits", f'"{"9" * 20}{value[1:]}'
    elif value.startswith('"') and key not in NUMBERS_OR_TEXTS:
        yield "true for a text", "true"
        yield "a number for a text", "17"
        yield "a decimal number for a text", "1.5"
        if key not in TEXTS_OR_ARRAYS:
            yield "an array of a text", f"[{value}]"
    elif re.fullmatch(r'\["[^"]*"\]', value):
        yield "one without its array", value[1:-1]
        yield "true for an array", "true"
    elif value.startswith("{"):
        yield "a text for a table", '"x"'
        yield "a number for a table", "17"


def errors_of(folder: Path) -> tuple[list[Diagnostic], Sources]:
    """What a check of a site finds, warnings left out."""
    sources = read_site(find_project(folder))
    loaded = load(sources)
    rules = [each for each in check_rules(loaded.rest) if not is_about(each, {*loaded.uncertain})]
    return [each for each in (*loaded.diagnostics, *rules) if each.severity == "error"], sources


def line_of(diagnostic: Diagnostic, sources: Sources) -> tuple[str, int]:
    """File and line of a diagnostic."""
    place = diagnostic.place
    assert place is not None, diagnostic
    if isinstance(place, Spot):
        return place.file, place.line
    return place.file, locate(sources.text(place.file) or "", place.path, place.part)[0]
