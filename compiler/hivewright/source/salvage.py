"""What can still be read of a document with a fault of syntax: the fault hides nothing else and causes no other.

Tables are left out one by one, each with its header, until the rest can be parsed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hivewright.diagnostics.wording import plain_name

_HEADER = re.compile(r"[ \t]*\[")
_NAMES = re.compile(
    r"""[ \t]*\[{1,2}[ \t]*(\w+)(?:[ \t]*\.[ \t]*["']?([\w.-]+?)["']?[ \t]*(?=[.\]]|$))?""", re.MULTILINE
)
_WORD = re.compile(r"[\w.-]+")
_LONG = 4000
"""Characters of a line that may hold a number which Python refuses to read."""
_MOST = 50
"""Tables that are left out at most; a document with more faults is left out as a whole."""


class Lost(NamedTuple):
    """What could not be read of a site's file, and may define anything that it names."""

    text: str | None
    """``None`` when nothing of it is known."""

    def names(self, word: str) -> bool:
        """Whether the word stands there, alone or between dots."""
        return self.text is None or word in _words(self.text)

    def tables(self) -> set[tuple[str, ...]]:
        """The objects to which its tables belong: ``("vm", "web1")``, ``("site",)``."""
        found = _NAMES.findall(self.text or "")
        parts = [_parts(line) for line in (self.text or "").split("\n") if _HEADER.match(line)]
        meant = [(*each[:1], *map(plain_name, each[1:2])) for each in parts if each]
        return {*meant, *((kind, name) if name else (kind,) for kind, name in found)}


@lru_cache(maxsize=4)
def _words(text: str) -> frozenset[str]:
    """The words of a text, and their parts between dots; many names may be looked for."""
    whole = _WORD.findall(text)
    meant = [plain_name(part) for line in text.split("\n") if _HEADER.match(line) for part in _parts(line)]
    return frozenset((*whole, *(part for each in whole for part in each.split(".")), *meant))


def _parts(header: str) -> list[str]:
    """The names in the header of a table, whatever letters they have."""
    return [each.strip() for each in header.partition("#")[0].strip().strip("[]").split(".")]


def salvage(text: str) -> tuple[dict[str, object], Lost]:
    """The values of the tables that can be read, and what is lost."""
    import tomli

    lines = text.split("\n")
    lost: list[str] = []
    for _ in range(_MOST):
        try:
            return tomli.loads("\n".join(lines)), Lost("\n".join(lost))
        except RecursionError:
            break
        except tomli.TOMLDecodeError as error:
            line = min(int(getattr(error, "lineno", 1)), len(lines)) - 1
        except ValueError:  # a number of thousands of digits
            line = next((number for number, each in enumerate(lines) if len(each) > _LONG), 0)
        # A fault may be noticed only at the end of the document, or at the next header.
        while line > 0 and not lines[line].strip():
            line -= 1
        first = line
        while first > 0 and not _HEADER.match(lines[first]):
            first -= 1
        last = line + 1
        while last < len(lines) and not _HEADER.match(lines[last]):
            last += 1
        if not any(each.strip() for each in lines[first:last]):
            break
        lost += lines[first:last]
        lines[first:last] = [""] * (last - first)
    return {}, Lost(text)
