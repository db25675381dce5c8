"""Names of a site for what other tools call otherwise: ``Win10`` becomes ``win10``, ``a.b`` becomes ``a-b``."""

from __future__ import annotations

import re
from collections.abc import Container

from hivewright.model.base import NAME_PATTERN

_LENGTH = 31


def site_name(called: str, taken: Container[str] = (), otherwise: str = "guest") -> str:
    """A name that a site may have, near to how something is called, and that nothing has yet."""
    if re.fullmatch(NAME_PATTERN, called) is not None and called not in taken:
        return called
    plain = re.sub(r"[^a-z0-9_-]+", "-", called.lower()).strip("-_")
    if not re.match("[a-z]", plain):
        plain = f"{otherwise}-{plain}".rstrip("-")
    plain = plain[:_LENGTH].rstrip("-_")
    name, number = plain, 2
    while name in taken:
        tail = f"-{number}"
        name, number = plain[: _LENGTH - len(tail)] + tail, number + 1
    return name


def disk_name(path: str, number: int) -> str:
    """What a person would call a disk: the first is ``root``, others as their file or volume is called."""
    if number == 0:
        return "root"
    last = path.rstrip("/").rpartition("/")[2]
    stem = re.sub(r"\.(img|raw|qcow2|vhd|iso|dsk)\Z", "", last, flags=re.IGNORECASE)
    return site_name(stem, otherwise="disk")


def drive_name(path: str) -> str:
    """What a person would call an optical drive: by its medium."""
    last = path.rpartition("/")[2].lower()
    if last.startswith("seed") or "cidata" in last:
        return "seed"
    return "drivers" if "virtio" in last else "install"
