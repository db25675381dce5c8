"""Guests with unusual devices on the stand-in host; see test_host_scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.build import build_tree
from host.play import Play, Scenario
from host.sandbox import SHELLS, Host
from host.scenarios_devices import ON_BETA, SCENARIOS

TESTS = Path(__file__).parent
SITE = TESTS / "sites" / "devices"
EVERYDAY = "dash"


@pytest.fixture(scope="session")
def device_trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What lands at / of each host of tests/sites/devices."""
    return {host: build_tree(tmp_path_factory.mktemp(host), host, SITE) for host in ("alpha", "beta")}


@pytest.fixture
def open_device_host(tmp_path: Path, standin: Path, device_trees: dict[str, Path]) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def open_one(name: str, shell: str, **settings: Any) -> Host:
        hosts.append(Host(device_trees[name], tmp_path, standin, shell, hostname=name, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.mark.parametrize(
    ("host", "scenario", "shell"),
    [
        pytest.param(
            host, each, shell, id=f"{each.name}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow]
        )
        for host, scenarios in (("alpha", SCENARIOS), ("beta", ON_BETA))
        for each in scenarios
        for shell in SHELLS
    ],
)
def test_scenario(
    host: str, scenario: Scenario, shell: str, open_device_host: Callable[..., Host], snapshot: Snapshot
) -> None:
    play = Play(open_device_host(host, shell, **scenario.settings))
    scenario.play(play)
    snapshot.snapshot_dir = TESTS / "host" / "golden"
    snapshot.assert_match(play.text(), f"{scenario.name}.txt")
