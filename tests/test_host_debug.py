"""Debugging and consoles in windows of tmux on the stand-in host; see test_host_scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.build import build_tree
from host.play import HIVECTL, Play, Scenario, leftovers
from host.sandbox import SHELLS, Host
from host.scenarios_debug import SCENARIOS

TESTS = Path(__file__).parent
EVERYDAY = "dash"


@pytest.fixture(scope="session")
def debug_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lands at / of the host of tests/sites/debug."""
    return build_tree(tmp_path_factory.mktemp("debug"), "alpha", TESTS / "sites" / "debug")


@pytest.fixture
def open_debug_host(tmp_path: Path, standin: Path, debug_tree: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def open_one(shell: str, **settings: Any) -> Host:
        hosts.append(Host(debug_tree, tmp_path, standin, shell, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.mark.parametrize(
    ("scenario", "shell"),
    [
        pytest.param(each, shell, id=f"{each.name}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow])
        for each in SCENARIOS
        for shell in SHELLS
    ],
)
def test_scenario(scenario: Scenario, shell: str, open_debug_host: Callable[..., Host], snapshot: Snapshot) -> None:
    play = Play(open_debug_host(shell, **scenario.settings))
    scenario.play(play)
    snapshot.snapshot_dir = TESTS / "host" / "golden"
    snapshot.assert_match(play.text(), f"{scenario.name}.txt")


VICTIMS = {
    "supervisor": ["owner stub1"],
    "holder": ["holder stub1"],
    "debugger": ["debugger stub1"],
    "operator": ["operator victim"],
    "all": ["operator victim", "holder stub1", "owner stub1", "debugger stub1"],
}


@pytest.mark.parametrize("verb", ["start", "stop"])
@pytest.mark.parametrize(
    "victims", [pytest.param(name, marks=[] if name == "all" else [pytest.mark.slow]) for name in VICTIMS]
)
def test_a_killed_debugging_session_is_repaired(verb: str, victims: str, open_debug_host: Callable[..., Host]) -> None:
    """Kill at the first, second, … command of a session; the next start or stop leaves no debugger behind."""
    host = open_debug_host("dash")
    assert [host.run(HIVECTL, each, "stub1").status for each in ("start", "stop")] == [0, 0]
    hits = 0
    for step in range(1, 100):
        start = host.call("executed")
        host.call("kill_after", count=step, targets=VICTIMS[victims])
        host.spawn(HIVECTL, "debug", "stub1", name="victim")
        host.advance(10)
        over = host.call("executed") - start < step
        killed = host.call("killed")
        hits += bool(killed)
        # A session goes on without the shell that asked for it.
        if verb == "start" and killed not in ([], ["operator victim"]):
            outcome = host.run(HIVECTL, "start", "stub1")
            assert outcome.status == 0, f"killed at step {step}: {outcome}\n{host.transcript()[-40:]}"
            host.advance(5)
            assert [line for line in host.state() if line.startswith("guest ")] == ["guest stub1"]
        outcome = host.run(HIVECTL, "stop", "stub1")
        assert outcome.status == 0, f"killed at step {step}: {outcome}\n{host.transcript()[-40:]}"
        assert not leftovers(host), f"killed at step {step}: {leftovers(host)}\n{host.transcript()[-40:]}"
        assert not host.call("kill", target="debugger stub1"), f"killed at step {step}"
        host.wait("victim")
        host.transcript()
        if over:
            assert hits > 1, "nothing was ever killed"
            return
    raise AssertionError("there is no end of steps")
