"""Reads generated sh: literal calls, one a line, each perhaps with the key that it follows from as a comment.

Revisions hold what earlier releases wrote, so any call is taken, and a line that is none is a call of its own.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

_WORD = r"""(?:[^\s'"\\#;&|<>()$`]++|'[^'\x00]*+'|\\'|"\$@")+"""
_LINE = re.compile(
    rf"(?:[ \t]*(?P<words>{_WORD}(?: +{_WORD})*)?[ \t]*(?:(?:(?<=\s)|^)#[ ]?(?P<label>[^\n]*))?(?:\n|\Z))", re.MULTILINE
)
_FLAGS = frozenset(("private", "persistent", "sparse", "vlan_filter"))
"""Words of calls that may stand anywhere behind the others, as those with ``=`` may."""


_WITH_PORTS = frozenset(("ahci", "virtio-scsi"))
"""Emulations that are given several devices, in an order that counts."""


class Call(NamedTuple):
    """``prepare tap lan … # nic.lan``: the verb, the other words, and the comment."""

    verb: str
    words: tuple[str, ...]
    label: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the comment."""
        return tuple(key for key in self.label.strip().split(", ") if key)

    @property
    def meaning(self) -> tuple[str, ...]:
        """The same for calls that differ in the order of words only."""
        if self.verb == "set":
            return _option(self.words)
        first = [word for word in self.words if "=" not in word and word not in _FLAGS]
        rest = sorted(word for word in self.words if "=" in word or word in _FLAGS)
        return (self.verb, *first, *rest)

    @property
    def text(self) -> str:
        """The call as people read it."""
        return " ".join(self.words if self.verb == "set" else (self.verb, *self.words))


def read_calls(content: bytes | None) -> list[Call]:
    """The calls of a script in order, without comments and empty lines; none of a file that is not there."""
    return [*_read(content or b"")]


@lru_cache(maxsize=8)
def _read(content: bytes) -> tuple[Call, ...]:
    """Several look at the scripts of one guest, before the next one's come."""
    return tuple(_calls(content.decode("utf-8", "replace")))


def _calls(text: str) -> Iterator[Call]:
    position = 0
    while position < len(text):
        match = _LINE.match(text, position)
        if match is None:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            yield Call("?", (text[position:end].strip(),))
            position = end + 1
            continue
        position = match.end()
        if match["words"]:
            yield _call(match["words"], match["label"] or "")


def _call(line: str, label: str) -> Call:
    line = line.replace(' "$@"', "")
    words = line.split() if "'" not in line and "\\" not in line else shlex.split(line)
    if words[:2] == ["set", "--"]:
        return Call("set", tuple(words[2:]), label)
    return Call(words[0], tuple(words[1:]), label)


def _option(words: tuple[str, ...]) -> tuple[str, ...]:
    """An option of bhyve(8); what stands behind the emulation of a device may have any order.

    Only not of a controller, whose ports are numbered by it.
    """
    if len(words) == 2 and words[0] == "-s":
        slot, emulation, *rest = (*words[1].split(","), "")
        return ("-s", slot, emulation, *(rest if emulation in _WITH_PORTS else sorted(rest)))
    return words


class Difference(NamedTuple):
    """The calls that one side has and the other has not, by meaning."""

    old: tuple[Call, ...]
    new: tuple[Call, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for call in (*self.old, *self.new) for key in call.keys))


def difference(old: Iterable[Call], new: Iterable[Call]) -> Difference:
    before, after = list(old), list(new)
    left, right = _unlike(before, after), _unlike(after, before)
    return Difference(_without(left, right), _without(right, left))


def _unlike(calls: list[Call], others: list[Call]) -> list[Call]:
    """Without what the others have word for word, which is most: its meaning need not be found out."""
    known = Counter(call[:2] for call in others)
    found = []
    for call in calls:
        if known[call[:2]] > 0:
            known[call[:2]] -= 1
        else:
            found.append(call)
    return found


def _without(calls: list[Call], others: list[Call]) -> tuple[Call, ...]:
    known = Counter(call.meaning for call in others)
    found = []
    for call in calls:
        if known[call.meaning] > 0:
            known[call.meaning] -= 1
        else:
            found.append(call)
    return tuple(found)
