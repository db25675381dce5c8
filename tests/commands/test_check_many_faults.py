"""Very many faults are reported with work in proportion to their number."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from conftest import BASE, write_files
from hivewright.diagnostics import Place, locate, printer, wording
from hivewright.diagnostics.report import Diagnostic
from hivewright.diagnostics.wording import MOST_COMPARED, Suggestions
from projects import Project

pytest_plugins = ["project_fixtures"]

FEW = 300
WEB = '[vm.web1]\nhost = "alpha"\nmemory = "1G"\n'


def vms(count: int, key: str) -> str:
    return "".join(f'[vm.web{each}]\nhost = "alpha"\nmemory = "1G"\n{key.format(each)}\n' for each in range(count))


def names(count: int, before: str) -> str:
    return ", ".join(f'"{before}{each}"' for each in range(count))


def events(count: int, *values: str) -> str:
    """As many pairs of events that can be one, each of which excludes all others."""
    return WEB + "".join(
        f'[vm.web1.event.e{each}-{number}]\naction = "start"\n{value.format(each)}\n'
        for each in range(count)
        for number, value in enumerate(values)
    )


SITES: dict[str, Callable[[int], str]] = {
    "unknown keys of one table": lambda count: WEB + "".join(f"unknown{each} = 1\n" for each in range(count)),
    "an unknown key in each VM": lambda count: vms(count, "unknown{} = 1"),
    "unknown tables": lambda count: WEB + "".join(f"[unknown{each}]\n" for each in range(count)),
    "VMs to wait for that do not exist": lambda count: f"{WEB}after = [{names(count, 'other')}]\n",
    "each waits for another that does not exist": lambda count: vms(count, 'after = ["other{}"]'),
    "a network for each that does not exist": lambda count: vms(count, 'nic.lan.network = "lan{}"'),
    "templates that do not exist": lambda count: f"{WEB}inherit = [{names(count, 'other')}]\n",
    "events that are one": lambda count: events(count, 'system = "S{}"\ntype = "a"', 'system = "S{}"\ntype = "*a*"'),
    "interfaces of networks": lambda count: "".join(
        f'[network.n{each}]\nkind = "bridge"\nuplink = "tap{each}"\n[vm.web{each}]\nhost = "alpha"\nmemory = "1G"\n'
        f'nic.x = {{ existing = "tap{each}", network = "n{each}" }}\n'
        for each in range(count)
    ),
    "hosts that do not exist": lambda count: f'[vm.web1]\nmemory = "1G"\nhosts = [{names(count, "other")}]\n',
}


def calls(action: Callable[[], Any]) -> int:
    """How many functions an action calls, those of C included."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:  # noqa: ARG001
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("name", SITES)
def test_twice_the_faults_are_twice_the_work(name: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hivewright.system.parallel.usable_cpus", lambda: 1)  # what another process does is not counted
    work = []
    for count in (1, FEW, 2 * FEW, 4 * FEW):  # the first loads modules
        write_files(project.root / "site", f"{BASE}{SITES[name](count)}")
        for path in (project.root / "site").rglob("*.toml"):
            if path.name != "site.toml":
                path.unlink()
        done: list[str] = []
        work.append(calls(lambda done=done: done.append(project.run("--format", "short", "check").err)))  # type: ignore[misc]
        assert done[0].count("error[") == count
    assert work[3] - work[2] < 2.2 * (work[2] - work[1])


def test_only_so_many_names_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def none(_: str, candidates: list[str], **__: object) -> list[str]:
        compared.append(len(candidates))
        return []

    monkeypatch.setattr("difflib.get_close_matches", none)
    there = Suggestions((f"web{each:05}" for each in range(10 * MOST_COMPARED)), "VM")
    for each in range(10 * MOST_COMPARED):
        there.remedy(f"wbe{each:05}")
    assert len(compared) == MOST_COMPARED
    assert max(compared) <= MOST_COMPARED


def test_of_very_many_names_the_one_that_was_meant_is_found() -> None:
    many = [f"web{each:05}" for each in range(10 * MOST_COMPARED)]
    assert wording.nearest("databse", [*many, "database", "zeta"]) == "database"
    assert wording.nearest("Web00123", many) == "web00123"
    assert wording.nearest("wEb-00123", ["web_00123"]) == "web_00123"


def test_the_lines_of_a_text_are_looked_for_once() -> None:
    text = "".join(f"key{each} = 1\r\n" for each in range(100))
    locate.line_starts.cache_clear()
    spots = [locate.locate(text, (f"key{each}",), "value") for each in range(100)]
    assert spots == [(each + 1, 8 + len(str(each)) - 1, 1) for each in range(100)]
    assert locate.line_starts.cache_info().misses == 1


def test_of_a_long_line_only_what_is_shown_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Texts:
        def path(self, name: str) -> str:
            return name

        def text(self, name: str) -> str:  # noqa: ARG002
            return f"a = [{'1, ' * 100_000}]\n"

    seen: list[int] = []
    shown = printer._shown

    def counted(text: str) -> str:
        seen.append(len(text))
        return shown(text)

    monkeypatch.setattr(printer, "_shown", counted)
    fault = Diagnostic("KEY004", "wrong", Place("a.toml", ("a", 50_000)))
    assert "^" in printer.format_diagnostics([fault], Texts(), "full")
    assert sum(seen) <= 100
