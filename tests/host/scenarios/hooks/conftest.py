"""The other host of the site, and the link between both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host.link import Link
from host.play import Play
from host.sandbox import Host
from host.scenario import scenario_of

HERE, THERE = "192.0.2.11", "192.0.2.12"


@pytest.fixture
def far(request: pytest.FixtureRequest, shell: str, open_site: Callable[..., Host]) -> Play:
    """The host beta."""
    scenario = scenario_of(request.node)
    assert scenario
    return Play(open_site(Path(request.path).parent, "beta", shell, **scenario.settings))


@pytest.fixture
def link(play: Play, far: Play) -> Link:
    """It lets both reach each other."""
    return Link({HERE: play.host, THERE: far.host})
