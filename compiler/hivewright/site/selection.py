"""Guests as they are named on a command line: names, patterns, tags, and lists of these with commas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

Tags = Mapping[str, Collection[str]]
"""The tags of each guest."""


class SelectionError(ValueError):
    """A word that selects nothing, and what there is instead."""

    def __init__(self, word: str, fault: str) -> None:
        super().__init__(fault)
        self.word = word


def select_vms(vms: Collection[str], words: Iterable[str], tags: Tags | None = None, kind: str = "VM") -> list[str]:
    """The VMs that words name (``web1``, ``web*``, ``@prod``, ``web1,db1``), each once, in the order of the words.

    Without ``tags`` those of ``vms`` are not known, or there are none. Raises ``SelectionError`` for a word that names
    none.
    """
    found: dict[str, None] = {}
    for word in words:
        for part in word.split(","):
            if part.startswith("@") and tags is not None:
                names = [name for name in vms if part[1:] in tags.get(name, ())]
            else:
                names = [name for name in vms if fnmatchcase(name, part)]
            if not names:
                raise SelectionError(part, _fault(part, vms, tags, kind))
            found.update(dict.fromkeys(names))
    return list(found)


def _fault(word: str, names: Collection[str], tags: Tags | None, kind: str) -> str:
    from hivewright.diagnostics.wording import suggestion

    if word.startswith("@") and tags is not None:
        known = sorted({tag for each in tags.values() for tag in each})
        return f"no VM has the tag {word[1:]!r}; {suggestion(word[1:], known, 'tag')}"
    return f"there is no {kind} {word!r}; {suggestion(word, list(names), kind)}"
