"""What libyaml, which not every PyYAML has, reads otherwise than PyYAML itself, by which cloud-init reads."""

from __future__ import annotations

import re

_OTHERWISE = re.compile("[\t\ufeff]|[|>][-+0-9]*#")
"""A tab between words, a byte order mark within, a comment that touches the sign of a block."""


def is_read_alike(text: str) -> bool:
    return _OTHERWISE.search(text) is None
