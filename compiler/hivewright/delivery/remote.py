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
    """How a command on a host ended, and the lines that it said."""

    status: int
    lines: list[str]


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


def run(address: str, command: str, given: bytes = b"") -> Answer:
    """Runs a command on a host, without questions."""
    done = subprocess.run([*SSH, "--", address, command], input=given, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return Answer(done.returncode, said.splitlines())
