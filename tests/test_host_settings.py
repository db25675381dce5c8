"""Variables of sysctl(8) on the stand-in host: raised where they are too low, and never lowered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.play import HIVECTL, Play
from host.sandbox import SHELLS, Host
from test_host_networks import EVERYDAY, FRAMES, GOLDEN, built_tree

__all__ = ["built_tree"]
SHELLS_EACH = [pytest.param(shell, marks=[] if shell == EVERYDAY else [pytest.mark.slow]) for shell in SHELLS]
TIMEOUT = "kern.init_shutdown_timeout"
OPEN = Callable[..., Host]


def host_of(open_host: OPEN, shell: str = EVERYDAY, **sysctl: str) -> Play:
    """A host of the networks, with these variables besides those for rate limits."""
    settings: dict[str, Any] = {"ethers": [f"ix{number}" for number in range(5)], "bridges": {}, "release": (15, 1)}
    return Play(open_host(shell, **settings, sysctl={**FRAMES, **sysctl}))


def value(play: Play, name: str) -> str:
    return play.host.run("/bin/sh", "-c", f"sysctl -n {name}").out.strip()


def enable(play: Play) -> None:
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')


@pytest.mark.parametrize("shell", SHELLS_EACH)
def test_the_service_raises_a_variable_before_guests_start(shell: str, open_host: OPEN, snapshot: Snapshot) -> None:
    play = host_of(open_host, shell)
    enable(play)
    play.service("start", "slirp-1")
    assert value(play, TIMEOUT) == "620"
    play.quietly()
    play.say("once per boot")
    play.service("start", "slirp-2")
    assert "sysctl" not in "\n".join(play.lines).partition("once per boot")[2]
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), "settings-are-raised.txt")


@pytest.mark.parametrize("shell", SHELLS_EACH)
@pytest.mark.parametrize(
    ("found", "left"), [("900", "900"), ("620", "620"), ("619", "620"), ("0", "620"), ("-1", "620")]
)
def test_what_the_administrator_set_higher_stays(shell: str, found: str, left: str, open_host: OPEN) -> None:
    play = host_of(open_host, shell, **{TIMEOUT: found})
    enable(play)
    play.service("start", "slirp-1")
    assert value(play, TIMEOUT) == left


@pytest.mark.parametrize("shell", SHELLS_EACH)
def test_limits_that_are_not_in_force_are_told(shell: str, open_host: OPEN) -> None:
    play = host_of(open_host, shell, **{"net.link.bridge.ipfw": "0"})
    outcome = play.hivectl("network", "up", status=1)
    assert "net.link.bridge.ipfw is 0 and has to be 1; INVENTORY.md of this host says" in outcome.err
    assert value(play, "net.link.bridge.ipfw") == "0"
    assert play.host.run(HIVECTL, "start", "kept-1").status == 0


def test_a_variable_that_is_not_there_is_told(open_host: OPEN) -> None:
    settings: dict[str, Any] = {"ethers": [f"ix{number}" for number in range(5)], "bridges": {}, "release": (15, 1)}
    play = Play(open_host(EVERYDAY, **settings))
    outcome = play.hivectl("network", "up", status=1)
    assert "cannot read net.link.ether.ipfw (sysctl: unknown oid 'net.link.ether.ipfw')" in outcome.err


def test_a_variable_that_is_no_number_is_told(open_host: OPEN) -> None:
    play = host_of(open_host, **{TIMEOUT: "forever"})
    outcome = play.hivectl("network", "up", status=1)
    assert f'{TIMEOUT} is "forever", which is no number' in outcome.err
    assert value(play, TIMEOUT) == "forever"
