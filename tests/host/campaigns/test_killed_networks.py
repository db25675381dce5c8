"""On a network of any kind, a start that is killed at any of its steps can be done again, and can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from host.campaigns.test_killed import is_gone_after_stop, killed_at_each_step, works_again
from host.networks import KINDS, NETWORKS, SETTINGS, TAPS
from host.play import HIVECTL, leftovers
from host.sandbox import Host
from host.scenario import SCENARIOS

GUESTS = (*(f"{kind}-1" for kind in KINDS), *TAPS)
JOINED = {"ethers": [f"ix{number}" for number in range(5)], "bridges": {}}
EVERYDAY = ("kept-1", "supervisor-and-daemon")
CASES = [
    pytest.param(
        guest, victims, id=f"{guest}-{victims}", marks=[] if (guest, victims) == EVERYDAY else [pytest.mark.slow]
    )
    for guest in GUESTS
    for victims in ("supervisor-and-daemon", "all")
]


def left_of(guest: str) -> Callable[[Host], list[str]]:
    """What must not be left; a tap that stays is none of that."""
    tap = TAPS.get(guest)
    return lambda host: [line for line in leftovers(host) if tap is None or not line.startswith(f"interface {tap},")]


def networks(host: Host) -> list[str]:
    return [line for line in host.state() if line.startswith(NETWORKS)]


def open_networks(open_site: Callable[..., Host]) -> Host:
    return open_site(SCENARIOS / "networks", "alpha", "dash", **SETTINGS)


@pytest.mark.parametrize(("guest", "victims"), CASES)
def test_a_killed_start_can_be_done_again(guest: str, victims: str, open_site: Callable[..., Host]) -> None:
    host = open_networks(open_site)
    left = left_of(guest)
    works_again(host, 0, guest, left)
    usual = networks(host)
    for step in killed_at_each_step(host, "start", victims, lambda: None, guest, least=1):
        works_again(host, step, guest, left)
        assert networks(host) == usual, f"killed at step {step}"


@pytest.mark.slow
@pytest.mark.parametrize(("guest", "victims"), CASES)
def test_a_killed_start_can_be_stopped(guest: str, victims: str, open_site: Callable[..., Host]) -> None:
    host = open_networks(open_site)
    left = left_of(guest)
    works_again(host, 0, guest, left)
    for step in killed_at_each_step(host, "start", victims, lambda: None, guest, least=1):
        is_gone_after_stop(host, step, guest, left)


@pytest.mark.parametrize(
    "guest", [pytest.param(guest, marks=[] if guest == "kept-2" else pytest.mark.slow) for guest in TAPS]
)
def test_a_killed_first_start_with_a_tap_that_stays(guest: str, open_site: Callable[..., Host]) -> None:
    """The network is undone before each: the tap is made anew, and killed at each step of that."""
    host = open_networks(open_site)
    left = left_of(guest)
    works_again(host, 0, guest, left)
    usual = networks(host)

    def forget() -> None:
        assert host.run(HIVECTL, "network", "down").status == 0
        assert host.run(HIVECTL, "network", "up").status == 0
        assert not [line for line in networks(host) if line.startswith("interface tap")]

    for step in killed_at_each_step(host, "start", "all", forget, guest):
        works_again(host, step, guest, left)
        assert networks(host) == usual, f"killed at step {step}"


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "guest", "settings"), [("networks", "vlan-1", SETTINGS), ("joined", "one", JOINED)])
def test_a_killed_start_that_makes_all_networks(
    topic: str, guest: str, settings: dict[str, Any], open_site: Callable[..., Host]
) -> None:
    """The start of any guest makes the networks of all: it is killed at each step of that. Some have several uplinks
    and addresses."""
    host = open_site(SCENARIOS / topic, "alpha", "dash", **settings)
    works_again(host, 0, guest)
    usual = networks(host)

    def forget() -> None:
        assert host.run(HIVECTL, "network", "down").status == 0
        assert networks(host) == []

    for step in killed_at_each_step(host, "start", "all", forget, guest):
        assert host.run(HIVECTL, "network", "up").status == 0, f"killed at step {step}"
        works_again(host, step, guest)
        assert networks(host) == usual, f"killed at step {step}"
