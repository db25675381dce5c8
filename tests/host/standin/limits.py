"""cpuset(1), renice(8), protect(1) and rctl(8), for processes that live."""

from __future__ import annotations

import os
import re

from .local import UsageError, options
from .reply import Reply, fail
from .world import World

RULE = re.compile(r"process:([0-9]+):([a-z]+):([a-z0-9]+)=([0-9]+)")


def lives(pid: str) -> bool:
    """Whether there is such a process."""
    return pid.isdigit() and os.path.exists(f"/.linux/proc/{pid}")


def cpuset(world: World, words: list[str]) -> Reply:
    """``cpuset -l LIST -p PID``; CPUs that are not there are refused."""
    given, rest = options(words, "l:p:")
    if rest or set(given) != {"l", "p"}:
        raise UsageError("only -l and -p are known here")
    highest = max(int(number) for number in re.findall("[0-9]+", given["l"]))
    if highest >= int(world.sysctl["hw.ncpu"]):
        return fail("cpuset: setaffinity: Resource deadlock avoided")
    return Reply() if lives(given["p"]) else fail("cpuset: setaffinity: No such process")


def renice(_: World, words: list[str]) -> Reply:
    """``renice PRIORITY -p PID``."""
    if len(words) != 3 or not re.fullmatch("-?[0-9]+", words[0]) or words[1] != "-p":
        return fail("usage: renice priority [[-p] pid ...]", 1)
    return Reply() if lives(words[2]) else fail(f"renice: {words[2]}: getpriority: No such process")


def protect(_: World, words: list[str]) -> Reply:
    """``protect -p PID``."""
    given, rest = options(words, "icdp:g:")
    if rest or "p" not in given:
        raise UsageError("a pid is needed")
    return Reply() if lives(given["p"]) else fail("protect: procctl: No such process")


def rctl(world: World, words: list[str]) -> Reply:
    """``rctl -a RULE``."""
    if len(words) != 2 or words[0] != "-a":
        return fail("usage: rctl [-h] [-a rule | -l filter | -r filter | -u filter | filter]")
    if world.sysctl.get("kern.racct.enable") != "1":
        return fail("rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable")
    match = RULE.fullmatch(words[1])
    if match is None:
        return fail(f"rctl: failed to parse rule '{words[1]}'")
    return Reply() if lives(match[1]) else fail("rctl: failed to add rule: No such process")
