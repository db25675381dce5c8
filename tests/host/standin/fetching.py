"""fetch(1) and the network it looks at, which the scenario says: an address and what is there.

That is a text, or a table with ``content`` and how the server behaves: ``redirect`` names another address, ``cut`` is
how many bytes of each answer arrive before the connection breaks, ``short`` the same of a server that does not say how
long its answers are, ``slow`` is that nothing more comes after those bytes.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from .options import UsageError, options
from .reply import Reply, Result, fail
from .world import World

_REDIRECTIONS = 20
"""As many as libfetch follows."""


class Answer(NamedTuple):
    """What a server sends."""

    content: bytes
    arrives: int
    """How many bytes of an answer arrive."""
    known: bool
    """Whether it says how long its answer is."""
    slow: bool


def fetch(world: World, words: list[str], umask: int) -> Result:
    """fetch(1): ``fetch [-qFrs] [-S size] [-T seconds] [-o FILE] URL``; fetch.c says which failures keep the file."""
    try:
        given, (url,) = options(words, "qmnaFrso:T:w:S:")
    except (UsageError, ValueError):
        return fail("usage: fetch [-146AadFlMmnPpqRrsUv] [-o file] URL ...")
    answer = _look(world, url)
    if answer is None:
        return fail(f"fetch: {url}: Not Found")
    if "s" in given:
        return Reply(f"{len(answer.content)}\n" if answer.known else "Unknown\n")
    target = given.get("o", url.rpartition("/")[2])
    size, whole = given.get("S"), len(answer.content)
    if size is not None and answer.known and int(size) != whole:
        return fail(f"fetch: {url}: size mismatch: expected {size}, actual {whole}")
    begin = os.path.getsize(target) if "r" in given and os.path.exists(target) else 0
    if begin and answer.known and begin > whole:
        return fail(f"fetch: {target}: local file ({begin} bytes) is longer than remote file ({whole} bytes)")
    end = min(whole, begin + answer.arrives)
    try:
        world.spend(target)
        flags = os.O_WRONLY | os.O_CREAT | (0 if begin else os.O_TRUNC)
        descriptor = os.open(target, flags, 0o644 & ~umask)
    except OSError as error:
        if "r" not in given and os.path.exists(target):
            os.unlink(target)
        return fail(f"fetch: {target}: {error.strerror}")
    os.pwrite(descriptor, answer.content[begin:end], begin)
    os.close(descriptor)
    if end < whole and (answer.known or answer.slow):
        said = "fetch: transfer timed out\n" if answer.slow else ""
        return fail(f"{said}fetch: {target} appears to be truncated: {end}/{whole} bytes")
    return Reply()


def _look(world: World, url: str) -> Answer | None:
    for _ in range(_REDIRECTIONS):
        found: Any = world.urls.get(url)
        if found is None:
            return None
        if isinstance(found, str):
            return Answer(found.encode("latin-1"), len(found), True, False)
        if "redirect" not in found:
            content = found["content"].encode("latin-1")
            arrives = found.get("cut", found.get("short", found.get("slow", len(content))))
            return Answer(content, arrives, "short" not in found, "slow" in found)
        url = found["redirect"]
    return None
