"""The programs that tests call: which of them do not exist for a system, by programs.txt, and what that leaves out."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("programs.txt")
SYSTEM = platform.system()


def rows() -> list[list[str]]:
    """Purpose, program, packages of Debian and package of FreeBSD of every program."""
    lines = TABLE.read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def extras() -> frozenset[str]:
    """Programs that nobody has to have."""
    return frozenset(program for purpose, program, *_ in rows() if purpose == "extra")


def unknown_to(system: str) -> frozenset[str]:
    """Programs that nobody can install on a system."""
    return frozenset(program for _, program, _, freebsd in rows() if system == "FreeBSD" and freebsd == "none")


def linter(name: str) -> str:
    """The path of a linter: of the virtual environment's, or of the system's where there is no Python package of it."""
    path = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert path is not None, f"{name} is missing; make test installs it"
    return path


def used_by(item: pytest.Item) -> set[str]:
    """Programs of which a test says that it needs them, and its shell; every stand-in host needs its sandbox."""
    marked = {name for mark in item.iter_markers("needs") for name in mark.args}
    shell = item.callspec.params.get("shell") if hasattr(item, "callspec") else None
    if isinstance(shell, str):
        marked.add(shell)
    return marked | ({"bwrap"} if "standin" in getattr(item, "fixturenames", ()) else set())


def leave_out(items: Iterable[pytest.Item]) -> None:
    """Skips the tests whose programs do not exist for this system, or that nobody has to have and are not there."""
    unknown = unknown_to(SYSTEM)
    absent = {name for name in extras() if shutil.which(name) is None}
    for item in items:
        for name in sorted(used_by(item) & (unknown | absent)):
            why = f"does not exist for {SYSTEM}" if name in unknown else "is not on this machine"
            item.add_marker(pytest.mark.skip(reason=f"{name} {why}"))


def left_out(stats: Mapping[str, list[pytest.TestReport]]) -> list[str]:
    """A line for each reason why tests were not run: how many they are, and of which modules."""
    modules: dict[str, Counter[str]] = {}
    for report in stats.get("skipped", []):
        assert isinstance(report.longrepr, tuple)
        reason = report.longrepr[2].removeprefix("Skipped: ")
        modules.setdefault(reason, Counter())[report.nodeid.partition("::")[0]] += 1
    return [
        f"{sum(counts.values())} tests not run, since {reason}: "
        + ", ".join(f"{count} of {module}" for module, count in sorted(counts.items()))
        for reason, counts in modules.items()
    ]
