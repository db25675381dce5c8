"""cpuset(1), renice(8), protect(1) and rctl(8), for processes that live."""

from __future__ import annotations

import os
import re

from .options import UsageError, options
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


REFUSED = ("pcpu:throttle", "readbps:deny", "writebps:deny", "readiops:deny", "writeiops:deny")
"""What the kernel does not do for a resource (rctl(8), and seen for the first two)."""


def rctl(world: World, words: list[str]) -> Reply:
    """``rctl -a RULE``, ``rctl -r FILTER`` and ``rctl [FILTER]``; rules go with their process."""
    if len(words) > 2 or (words[:1] not in (["-a"], ["-r"]) and any(word.startswith("-") for word in words)):
        return fail("usage: rctl [-h] [-a rule | -l filter | -r filter | -u filter | filter]")
    if world.sysctl.get("kern.racct.enable") != "1":
        return fail("rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable")
    world.rules = [rule for rule in world.rules if lives(rule.split(":")[1])]
    wanted = words[-1] if words else ""
    matching = [rule for rule in world.rules if rule == wanted or rule.startswith(wanted.rstrip(":") + ":")]
    if words[:1] == ["-r"]:
        world.rules = [rule for rule in world.rules if rule not in matching]
        return Reply() if matching else fail(f"rctl: failed to remove rule '{wanted}': No such process")
    if words[:1] != ["-a"]:
        return Reply("".join(f"{rule}\n" for rule in (matching if wanted else world.rules)))
    match = RULE.fullmatch(wanted)
    if match is None:
        return fail(f"rctl: failed to parse rule '{wanted}'")
    if f"{match[2]}:{match[3]}" in REFUSED:
        return fail(f"rctl: failed to add rule '{wanted}': Operation not supported")
    if not lives(match[1]):
        return fail(f"rctl: failed to add rule '{wanted}': No such process")
    world.rules.append(wanted)
    return Reply()
