"""Breakages of a valid site, one at a time: what somebody who writes TOML gets wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.diagnostics.locate import locate
from hivewright.rules import check_rules
from hivewright.site.load import load
from hivewright.site.sound import is_about
from hivewright.source import Sources, find_project, read_site

_PAIR = re.compile(r"(\s*)([a-z0-9_.-]+)( = )(.*)")
PROPERTIES = ("compression", "volblocksize")
"""Properties of ZFS, which are not keys of ours: zfs(8) knows which there are."""
_REFERENCES = ("host", "network", "storage", "profile", "image", "topology")


@dataclass(frozen=True, slots=True)
class Breakage:
    """One line of one file, written otherwise."""

    file: str
    line: int
    kind: str
    text: str
    """What stands there then; several lines, or none."""


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
        yield "table twice", f"{line}\n{line}"
        kind, dot, rest = line[1:].partition(".")
        if "." not in rest:
            yield "unknown table", f"[x{kind}{dot}{rest}"
            yield "array of tables", f"[{line}]"
        return
    match = _PAIR.fullmatch(line)
    if match is None:
        return
    indent, key, equals, value = match.groups()
    last = key.rpartition(".")[2]
    yield "no value", f"{indent}{key}{equals}"
    yield "bare text", f"{indent}{key}{equals}2G"
    yield "no equals sign", f"{indent}{key} {value}"
    if '"' in value:
        yield "quote not closed", f"{indent}{key}{equals}{value.rpartition(chr(34))[0]}"
    yield "key twice", f"{line}\n{line}"
    if last not in PROPERTIES:
        yield "misspelt key", f"{indent}{key[:-1]}{key[-1] * 2}{equals}{value}"
    yield "unknown key", f"{line}\n{indent}xyzzy_17 = 1"
    yield "a date", f"{indent}{key}{equals}2026-01-01"
    yield "a control character", f'{indent}{key}{equals}"\\u0001"'
    if last in _REFERENCES and value.startswith('"'):
        yield "missing reference", f'{indent}{key}{equals}"nowhere-17"'


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
