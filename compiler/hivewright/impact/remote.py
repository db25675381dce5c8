"""The trees that hosts have, asked for over ssh(1): what ``hivectl _installed`` prints."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import NamedTuple

from hivewright.impact.calls import read_calls
from hivewright.impact.trees import FileTree, TreeError
from hivewright.plan import GUESTS

HIVECTL = "/usr/local/sbin/hivectl"
SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15")
AT_ONCE = 16
"""Hosts that are asked side by side."""

_NOT_FOUND = 127
"""How sh(1) ends when there is no such command."""


class Installed(NamedTuple):
    """What a host has: its files by path as below its folder in build/, and the digests its guests run with."""

    files: dict[str, bytes]
    running: dict[str, str]


def installed_tree(addresses: Mapping[str, str]) -> tuple[FileTree, dict[str, dict[str, str]]]:
    """The tree that hosts have, by their addresses, and for each host the digests that its guests run with.

    A host without a runtime has nothing. Raises ``TreeError`` with all hosts that did not answer.
    """
    answers = ask_hosts(addresses)
    faults = [f"{host}: {answer}" for host, answer in answers.items() if isinstance(answer, str)]
    if faults:
        remedy = "see that ssh reaches these hosts as root without a question, or compare with --against DIR"
        raise TreeError("; ".join(faults), remedy)
    return tree_of(answers)


def ask_hosts(addresses: Mapping[str, str]) -> dict[str, Installed | str | None]:
    """What each host has, by their addresses; see ``ask``."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(addresses, pool.map(ask, addresses.values()), strict=True))


def tree_of(answers: Mapping[str, Installed | str | None]) -> tuple[FileTree, dict[str, dict[str, str]]]:
    """The tree that hosts have that answered, and the digests that their guests run with."""
    found = {host: answer for host, answer in answers.items() if isinstance(answer, Installed)}
    files = {host: answer.files for host, answer in found.items()}
    return FileTree(files), {host: answer.running for host, answer in found.items()}


def ask(address: str) -> Installed | str | None:
    """What a host has; ``None`` when it has no runtime; a text when it cannot be known."""
    try:
        done = subprocess.run(
            [*SSH, "--", address, HIVECTL, "_installed"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise TreeError("ssh is not installed, or not in PATH", "install it, or compare with --against DIR") from None
    if done.returncode == _NOT_FOUND:
        return None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if b"there is no verb" in done.stderr:
        return "its runtime is older than this command; install build/runtime there first"
    if done.returncode != 0:
        return said[-1] if said else f"ssh ended with status {done.returncode}"
    return read_installed(done.stdout) or "its answer is not whole; were files installed meanwhile? Ask again"


def read_installed(answer: bytes) -> Installed | None:
    """What ``hivectl _installed`` prints; ``None`` when that is not whole."""
    files: dict[str, bytes] = {}
    running: dict[str, str] = {}
    sizes: dict[str, int] = {}
    stream = BytesIO(answer)
    if stream.readline() != b"installed 1\n":
        return None
    while line := stream.readline():
        word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if word == "end":
            return Installed(_named(files), running) if not stream.read(1) else None
        if word == "running":
            guest, _, digest = rest.partition(" ")
            running[guest] = digest
        elif word == "contents":
            files.update((path, stream.read(size)) for path, size in sizes.items())
            sizes = {}
        elif not word.isdecimal():
            return None
        elif rest.startswith("/"):  # the last line of wc(1) is their sum
            sizes[f"root{rest}"] = int(word)
    return None


def _named(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without hooks and first-boot data that no script names: nothing takes them off a host, and they do nothing."""
    named = {path: content for path, content in files.items() if not _is_named_by_a_script(path)}
    for path in files:
        guest, _, script = path.rpartition("/")
        if not path.startswith(GUESTS) or script not in ("start", "provision"):
            continue
        for call in read_calls(files[path]):
            if call.verb == "hook" and len(call.words) >= 2:
                below = f"{guest}/hooks/{call.words[0]}/{call.words[1]}"
            elif call.verb == "seed_file" and call.words:
                below = f"{guest}/seed/{call.words[0]}"
            else:
                continue
            if below in files:
                named[below] = files[below]
    return named


def _is_named_by_a_script(path: str) -> bool:
    return path.startswith(GUESTS) and path.removeprefix(GUESTS).split("/")[1:2] in (["hooks"], ["seed"])
