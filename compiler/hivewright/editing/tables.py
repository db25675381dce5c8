"""The tables of one object within a file, as text: renamed, cut out, or copied, with comments and layout as they are.

An object is written as tables of its own, ``[vm.web1]`` and ``[vm.web1.nic.lan]``, with the comments right above them.
Any other way, and what only looks like such a table, is found out by comparing values, and refused.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import tomli

from hivewright.editing.document import UneditableError

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_HEADER = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*[ \t]*\]{{1,2}}[ \t]*(?:#.*)?")


class Parted(NamedTuple):
    """A file without the tables of an object, and these tables."""

    rest: str
    tables: str


def rename_tables(text: str, kind: str, old: str, new: str) -> str:
    """The document with an object under another name. Raises ``UneditableError``."""
    header = _headers_of(kind, old)
    lines = [header.sub(rf"\g<1>{new}", line, count=1) for line in text.splitlines(keepends=True)]
    edited = "".join(lines)
    wanted = tomli.loads(text)
    wanted[kind] = {new if name == old else name: values for name, values in wanted[kind].items()}
    return _checked(edited, wanted, kind, old)


def part_tables(text: str, kind: str, name: str) -> Parted:
    """Takes the tables of an object out of a document. Raises ``UneditableError``."""
    header = _headers_of(kind, name)
    rest: list[str] = []
    tables: list[str] = []
    for block in _blocks(text):
        head = next((line for line in block if _HEADER.fullmatch(line.rstrip("\r\n"))), "")
        (tables if header.match(head) else rest).extend(block)
    wanted = tomli.loads(text)
    own = {kind: {name: wanted[kind].pop(name)}}
    if not wanted[kind]:
        del wanted[kind]
    return Parted(
        _checked(_trimmed(rest), wanted, kind, name),
        _checked(_trimmed(tables), own, kind, name),
    )


def _headers_of(kind: str, name: str) -> re.Pattern[str]:
    """The beginning of the line of a table of an object, up to its name, which may be in quotes."""
    return re.compile(rf"""([ \t]*\[[ \t]*{kind}[ \t]*\.[ \t]*)(?:{name}|"{name}"|'{name}')(?=[ \t]*[.\]])""")


def _blocks(text: str) -> list[list[str]]:
    """The lines of a document, a list for each table: it begins with the comments right above the header."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if _HEADER.fullmatch(line.rstrip("\r\n")):
            above: list[str] = []
            while blocks[-1] and blocks[-1][-1].lstrip().startswith("#"):
                above.insert(0, blocks[-1].pop())
            blocks.append(above)
        blocks[-1].append(line)
    return blocks


def _trimmed(lines: list[str]) -> str:
    """Without empty lines at the end."""
    while lines and not lines[-1].strip():
        lines.pop()
    return "".join(lines)


def _checked(edited: str, wanted: dict[str, Any], kind: str, name: str) -> str:
    try:
        found = tomli.loads(edited)
    except tomli.TOMLDecodeError:
        found = None
    if found != wanted:
        raise UneditableError(
            f"{kind}.{name} is not written as tables of its own, [{kind}.{name}] and so on; edit the file by hand"
        )
    return edited
