"""What generated scripts give bhyve and its loaders, read as a shell reads them and without running them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from hivewright.emit.verify import LINE
from hivewright.plan import HIVE, Artifact, HostPlan


def verify_words(plan: HostPlan, artifacts: Mapping[str, Artifact]) -> list[str]:
    """Whether the start scripts, read as a shell reads them, give bhyve the words of the plan."""
    defects: list[str] = []
    for vm in plan.vms:
        path = f"{HIVE}vms/{vm.name}/start"
        found = script_words(artifacts[path].content.decode())
        expected = [word for option in vm.options for word in option.words] + [vm.name]
        if found != expected:
            defects.append(f"{path} gives bhyve other words than planned: {_first(expected, found)}")
        loader = [[step.verb, *step.words] for step in vm.loader]
        if loader_calls(artifacts[path].content.decode()) != loader:
            defects.append(f"{path} does not load the guest as planned")
    return defects


def _first(expected: Sequence[str], found: Sequence[str]) -> str:
    """The first word that differs."""
    for left, right in zip(expected, found, strict=False):
        if left != right:
            return f"{right!r} instead of {left!r}"
    return f"{len(found)} words instead of {len(expected)}"


def script_words(script: str) -> list[str]:
    """The arguments of bhyve that a start script collects, without running it."""
    words: list[str] = []
    for match in LINE.finditer(script):
        if match["call"] == "set --" and match["words"]:
            words += shlex.split(match["words"])[1:]
        elif match["call"] == "run":
            words += shlex.split(match["words"])[2:]
    return words


def loader_calls(script: str) -> list[list[str]]:
    """The calls of a start script that say what loads the guest, without running it."""
    calls = (match for match in LINE.finditer(script) if (match["call"] or "").startswith("loader"))
    return [[call["call"], *shlex.split(call["words"])] for call in calls]
