"""Guests as they are named on a command line: names, patterns, and lists of these with commas."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase


class SelectionError(ValueError):
    """A word that selects no guest; ``word`` is the one."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def select_vms(vms: Collection[str], words: Iterable[str]) -> list[str]:
    """The VMs that words name (``web1``, ``web*``, ``web1,db1``), each once, in the order of the words.

    Raises ``SelectionError`` for a word that names none.
    """
    found: dict[str, None] = {}
    for word in words:
        for part in word.split(","):
            names = [name for name in vms if fnmatchcase(name, part)]
            if not names:
                raise SelectionError(part)
            found.update(dict.fromkeys(names))
    return list(found)
