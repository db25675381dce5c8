"""Guests with devices of their host on the stand-in host; see test_host_scenarios."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.build import SITE
from host.play import Play, Scenario
from host.sandbox import SHELLS, Host
from host.scenarios_passthrough import SCENARIOS

GOLDEN = Path(__file__).parent / "host" / "golden"
EVERYDAY = "dash"


@pytest.mark.parametrize(
    ("scenario", "shell"),
    [
        pytest.param(each, shell, id=f"{each.name}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow])
        for each in SCENARIOS
        for shell in SHELLS
    ],
)
def test_scenario(scenario: Scenario, shell: str, open_site: Callable[..., Host], snapshot: Snapshot) -> None:
    play = Play(open_site(SITE.parent / "passthrough", "alpha", shell, **scenario.settings))
    scenario.play(play)
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), f"{scenario.name}.txt")
