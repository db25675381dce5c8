"""Sizes as zfs(8) and truncate(1) read and print them, and digests of what is that large."""

from __future__ import annotations

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}


def size_of(text: str) -> int:
    """A size with an optional binary unit; raises ValueError."""
    unit = text[-1:].upper()
    return int(text[:-1]) * UNITS[unit] if unit in UNITS and unit else int(text)


def human(number: int) -> str:
    """A size in at most five characters (zfs_nicenum() of libzfs)."""
    value, level = number, 0
    while value >= 1024:
        value, level = value >> 10, level + 1
    unit, scale = list(UNITS)[level], 1 << (10 * level)
    if number % scale == 0:
        return f"{value}{unit or 'B'}"
    text = ""
    for places in (2, 1, 0):
        text = f"{number / scale:.{places}f}{unit}"
        if len(text) <= 5:
            break
    return text


def digest_of(data: bytes) -> str:
    """SHA-256. The module brings OpenSSL, which takes as long as all of this package, and few scenarios need it."""
    from hashlib import sha256

    return sha256(data).hexdigest()
