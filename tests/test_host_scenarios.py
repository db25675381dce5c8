"""The scenarios of the stand-in host: built scripts, unchanged, in four shells, against golden transcripts.

``make golden`` writes the transcripts in tests/host/golden anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.play import Play, Scenario
from host.sandbox import SHELLS, Host
from host.scenarios_disks import SCENARIOS as DISKS

GOLDEN = Path(__file__).parent / "host" / "golden"
EVERYDAY = "dash"
ALL = [
    pytest.param(scenario, shell, id=f"{scenario.name}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow])
    for scenario in DISKS
    for shell in SHELLS
    if not scenario.wide or shell != "mksh"
]


@pytest.mark.parametrize(("scenario", "shell"), ALL)
def test_scenario(scenario: Scenario, shell: str, open_host: Callable[..., Host], snapshot: Snapshot) -> None:
    play = Play(open_host(shell, **scenario.settings))
    scenario.play(play)
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), f"{scenario.name}.txt")
