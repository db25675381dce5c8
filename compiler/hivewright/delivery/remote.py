"""A package is installed on hosts over ssh(1): by the same script that a bundle brings."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import NamedTuple, TypeVar

from hivewright.delivery.archive import FOLDER
from hivewright.impact.remote import AT_ONCE, SSH

_UNPACK = (
    f"umask 077 && d=$(mktemp -d /var/tmp/hivewright.{'X' * 8}) && "
    f'trap "rm -rf $d" EXIT && tar -xf - -C $d && /bin/sh $d/{FOLDER}/install'
)
"""One line without quotes of its own and without "!": the login shell of root may be csh(1)."""

Result = TypeVar("Result")


class Answer(NamedTuple):
    """How a command on a host ended, the lines that it said, and what of that was its output alone."""

    status: int
    lines: list[str]
    output: str = ""


_UNANSWERED = 255
"""As ssh(1) ends where it cannot reach a host."""

ASKED_AT_ONCE = 128
"""Hosts that are asked side by side for a few words; each takes a thread that waits, and a process of ssh(1)."""


def side_by_side(
    act: Callable[[str], Result], hosts: Sequence[str], at_once: int = AT_ONCE
) -> Iterator[tuple[str, Result]]:
    """Does something with each host, and yields what comes of it as soon as it does."""
    with ThreadPoolExecutor(at_once) as pool:
        under_way = {pool.submit(act, host): host for host in hosts}
        for each in as_completed(under_way):
            yield under_way[each], each.result()


def install(address: str, archive: bytes, *words: str) -> Answer:
    """Unpacks an archive on a host, runs its script with some words, and removes it there. ``OSError`` without ssh."""
    return run(address, f"/bin/sh -c '{' '.join([_UNPACK, *words])}'", archive)


def run(address: str, command: str, given: bytes = b"", limit: float | None = None) -> Answer:
    """Runs a command on a host, without questions, and for so many seconds at most."""
    words = [*SSH, "--", address, command]
    try:
        done = subprocess.run(words, input=given, capture_output=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return Answer(_UNANSWERED, [f"it did not answer within {limit:g} seconds"])
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return Answer(done.returncode, said.splitlines(), done.stdout.decode("utf-8", "replace"))
