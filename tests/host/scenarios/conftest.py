"""How scenarios run: in which shells, on a host of the site beside it, and with its transcript when one fails."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from host.link import Link
from host.play import Play
from host.sandbox import Host
from host.scenario import scenario_of

HERE, THERE = "192.0.2.11", "192.0.2.12"
"""Addresses of the two hosts, as their sites say."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scenario runs in two shells, and with ``--all-shells`` in each."""
    scenario = scenario_of(metafunc.definition)
    if scenario:
        every = bool(metafunc.config.getoption("--all-shells"))
        metafunc.parametrize("shell", scenario.shells(metafunc.function.__name__, every=every))


@pytest.fixture
def play(request: pytest.FixtureRequest, shell: str, open_site: Callable[..., Host]) -> Play:
    """A host of the site beside the scenario."""
    scenario = scenario_of(request.node)
    assert scenario, "a scenario has the decorator @scenario"
    return Play(open_site(request.path.parent, scenario.host, shell, **scenario.settings))


@pytest.fixture
def far(request: pytest.FixtureRequest, shell: str, open_site: Callable[..., Host]) -> Play:
    """The other host of a site of two, beta."""
    scenario = scenario_of(request.node)
    assert scenario
    return Play(open_site(request.path.parent, "beta", shell, **scenario.settings))


@pytest.fixture
def link(play: Play, far: Play) -> Link:
    """It lets both reach each other."""
    return Link({HERE: play.host, THERE: far.host})


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Compare the transcript, if it is kept; a failure says what differs, and where, and then all that happened."""
    play = pyfuncitem.funcargs["play"]
    assert isinstance(play, Play)
    scenario = scenario_of(pyfuncitem)
    try:
        result = yield
        if scenario and scenario.transcript:
            golden = pyfuncitem.path.parent / "golden" / f"{pyfuncitem.function.__name__}.txt"
            compare(play.text(), golden, pyfuncitem.config.getoption("--snapshot-update"))
        return result
    except AssertionError as error:
        failure = f"{error}\n{place_of(error, pyfuncitem.path)}"
        tell(pyfuncitem, play)
    except BaseException:
        tell(pyfuncitem, play)
        raise
    pytest.fail(failure, pytrace=False)


def tell(item: pytest.Function, play: Play) -> None:
    """Add all that happened to the report."""
    play.quietly()
    item.add_report_section("call", "commands", "\n".join(play.everything))


def place_of(error: AssertionError, path: Path) -> str:
    """The lines of the scenario that led to a failure."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
    return "\n".join(f"{path.parent.name}/{path.name}:{each.lineno}: {each.line}" for each in frames)


def compare(found: str, golden: Path, update: bool) -> None:
    """Compare a transcript with the golden one, or write that anew."""
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found)
        return
    expected = golden.read_text() if golden.exists() else ""
    name = f"{golden.parent.parent.name}/golden/{golden.name}"
    lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), name, "as played", lineterm="", n=2)
    difference = "\n".join(lines)
    if difference:
        raise AssertionError(f"the transcript differs (--snapshot-update writes it anew)\n{difference}")
