"""Campaigns meet each step of a verb with some trouble: it is killed there, a command fails, a write finds no space.

``make campaigns`` does all of them with every step; HIVEWRIGHT_SHELL names another shell for those of dash alone.
``make test`` does some, with the first step and a part of the others, another part for each verb, so that it ends in
time.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

EVERY = bool(os.environ.get("HIVEWRIGHT_EVERY_STEP"))
EVERYDAY = "dash"
"""The shell of what does not run in several; the closest relative of FreeBSD's."""
INSTEAD = os.environ.get("HIVEWRIGHT_SHELL", EVERYDAY)
"""The shell that takes its place in this run."""
PART = 6
SAMPLE = 8
"""Of the tests of campaigns/ ``make test`` has one of so many, by their names."""
ALONE = 500
"""Who runs fewer tests than so many wants those."""


def steps(end: int, *what: object) -> Iterator[int]:
    """Numbers of steps below ``end``, from 1 on; ``what`` says which part."""
    yield 1
    first = 2 if EVERY else 2 + zlib.crc32(repr(what).encode()) % PART
    yield from range(first, end, 1 if EVERY else PART)


def stride(part: int) -> int:
    """Every which step is tried by who counts them otherwise."""
    return 1 if EVERY else part


def is_tried(folder: str, test: str) -> bool:
    """Whether a test is part of this run."""
    return EVERY or folder != "campaigns" or zlib.crc32(test.encode()) % SAMPLE == 0


def in_shell(shell: str) -> str:
    """The shell in which a test for this one runs."""
    return INSTEAD if shell == EVERYDAY else shell


def enough(steps_tried: int) -> int:
    """How many of so many steps are tried at least."""
    return steps_tried if EVERY else steps_tried // PART
