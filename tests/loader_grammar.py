"""A strict reader of the command lines of bhyveload(8) and grub-bhyve, which load a guest before bhyve runs it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bhyve_words import NAME, NMDM


def parse_loader(words: Sequence[str]) -> dict[str, list[str]]:
    """The options of bhyveload(8) or grub-bhyve by letter; the program first, the name of the guest last."""
    program, *rest, name = words
    takes = {"/usr/sbin/bhyveload": "cdehlm", "/usr/local/sbin/grub-bhyve": "cdgMmr"}[program]
    found: dict[str, list[str]] = {}
    while rest:
        word = rest.pop(0)
        if re.fullmatch("-[A-Za-z]", word) is None or (word[1] not in takes and word != "-S"):
            raise ValueError(f"{program} has no {word!r}")
        found.setdefault(word[1], []).append("" if word == "-S" else rest.pop(0))
    if NAME.fullmatch(name) is None or (found["c"] != ["stdio"] and NMDM.fullmatch(found["c"][0]) is None):
        raise ValueError(f"name or console of {words}")
    return found
