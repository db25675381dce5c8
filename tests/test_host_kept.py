"""Persistent taps on the stand-in host: they stay with their bridge, are used again, and go when nothing needs them.

The guests are kept-1 (a bridge) and kept-2 (routed) of tests/sites/networks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.play import HIVECTL, Play, up
from host.sandbox import SHELLS, Host
from test_host_networks import EVERYDAY, FRAMES, GOLDEN, built_tree, made_of_ours

__all__ = ["built_tree"]
TAPS = {"kept-1": "tap-kept-1-lan", "kept-2": "tap-kept-2-lan"}
SHELLS_EACH = [pytest.param(shell, marks=[] if shell == EVERYDAY else [pytest.mark.slow]) for shell in SHELLS]
SHOWN = ("interface", "route")


@pytest.fixture
def play(open_host: Callable[..., Host], request: pytest.FixtureRequest) -> Play:
    ethers = [f"ix{number}" for number in range(5)]
    shell = getattr(request, "param", EVERYDAY)
    return Play(open_host(shell, release=(15, 1), ethers=ethers, bridges={}, sysctl=FRAMES))


def shown(host: Host, name: str) -> str:
    """The guest's tap as it stands; nothing when it is not there."""
    return next((line for line in host.state() if line.startswith(f"interface {TAPS[name]},")), "")


def ifconfigs(play: Play) -> list[str]:
    """The ifconfig calls since the last look."""
    return [line.split(maxsplit=2)[2] for line in play.host.transcript() if " ifconfig " in line]


def start(play: Play, name: str) -> list[str]:
    """Start it; the ifconfig calls that this takes."""
    outcome = play.host.run(HIVECTL, "start", name)
    assert outcome.status == 0, outcome
    play.host.advance(10)
    return ifconfigs(play)


def stop(play: Play, name: str) -> list[str]:
    outcome = play.host.run(HIVECTL, "stop", name)
    assert outcome.status == 0, outcome
    return ifconfigs(play)


@pytest.mark.parametrize("play", SHELLS_EACH, indirect=True)
def test_taps_stay_and_are_used_again(play: Play, snapshot: Snapshot) -> None:
    assert play.host.run(HIVECTL, "network", "up").status == 0
    play.quietly()
    for name in TAPS:
        play.hivectl("start", name)
        play.host.advance(10)
        play.hivectl("stop", name)
    play.show(*SHOWN)
    play.say("started again, they are used as they are")
    for name in TAPS:
        play.hivectl("start", name)
        play.host.advance(10)
    play.show(*SHOWN)
    for name in TAPS:
        play.hivectl("stop", name)
    play.hivectl("network", "down")
    assert made_of_ours(play.host) == []
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), "taps-that-stay.txt")


@pytest.mark.parametrize("name", TAPS)
def test_a_start_takes_fewer_calls_and_a_stop_none(name: str, play: Play) -> None:
    up(play, name)
    stop(play, name)
    first = shown(play.host, name)
    assert first
    assert len(start(play, name)) == 1
    assert stop(play, name) == []
    assert shown(play.host, name) == first


@pytest.mark.parametrize("name", TAPS)
@pytest.mark.parametrize("victims", [["supervisor"], ["daemon", "supervisor"]], ids=" ".join)
def test_after_a_kill_nothing_differs(name: str, victims: list[str], play: Play) -> None:
    up(play, name)
    stop(play, name)
    first = shown(play.host, name)
    for verb in ("start", "stop"):
        up(play, name)
        for victim in victims:
            play.host.call("kill", target=f"{victim} {name}")
        assert play.host.run(HIVECTL, verb, name).status == 0
        play.host.advance(10)
        if verb == "start":
            stop(play, name)
        assert shown(play.host, name) == first


@pytest.mark.parametrize("name", TAPS)
def test_one_that_somebody_destroyed_is_made_anew(name: str, play: Play) -> None:
    up(play, name)
    stop(play, name)
    first = shown(play.host, name)
    assert play.host.run("ifconfig", TAPS[name], "destroy").status == 0
    start(play, name)
    stop(play, name)
    assert shown(play.host, name) == first


def test_one_that_lost_its_bridge_gets_it_back(play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    assert play.host.run("ifconfig", "br-kept", "deletem", TAPS["kept-1"]).status == 0
    play.quietly()
    assert len(start(play, "kept-1")) == 2
    assert any("br-kept" in line and "member tap-kept-1-lan private" in line for line in play.host.state())


@pytest.mark.parametrize("running", [True, False])
def test_a_bridge_that_was_made_anew_has_its_kept_taps(running: bool, play: Play) -> None:
    up(play, "kept-1")
    if not running:
        stop(play, "kept-1")
    assert play.host.run("ifconfig", "br-kept", "destroy").status == 0
    outcome = play.host.run(HIVECTL, "network", "up")
    assert outcome.status == 0, outcome
    assert any("br-kept" in line and "member tap-kept-1-lan private" in line for line in play.host.state())


def test_an_interface_of_this_name_that_is_not_ours_is_left_alone(play: Play) -> None:
    assert play.host.run("ifconfig", "tap", "create", "name", TAPS["kept-1"]).status == 0
    outcome = play.host.run(HIVECTL, "start", "kept-1")
    assert outcome.status == 1
    assert "exists and is not ours" in outcome.err
    assert shown(play.host, "kept-1")


def test_another_interface_in_the_place_of_a_kept_one_is_left_alone(play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    for words in ([TAPS["kept-1"], "destroy"], ["tap", "create", "name", TAPS["kept-1"], "up"]):
        assert play.host.run("ifconfig", *words).status == 0
    before = shown(play.host, "kept-1")
    outcome = play.host.run(HIVECTL, "start", "kept-1")
    assert outcome.status == 1
    assert "exists and is not ours" in outcome.err
    assert shown(play.host, "kept-1") == before
    assert not any("member tap-kept-1-lan" in line for line in play.host.state())


def edit(play: Play, name: str, old: str, new: str) -> None:
    script = play.host.path(f"/usr/local/etc/hivewright/vms/{name}/start")
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [(" 1500 ", " 1400 "), (" private ", " ")])
def test_one_that_shall_be_another_is_made_anew(old: str, new: str, play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    edit(play, "kept-1", f"br-kept{old}" if old == " 1500 " else old, f"br-kept{new}" if old == " 1500 " else new)
    assert len(start(play, "kept-1")) > 2
    stop(play, "kept-1")
    assert len(start(play, "kept-1")) == 1


def test_one_that_is_persistent_no_longer_goes_at_the_next_start(play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    edit(play, "kept-1", " persistent ", " ")
    up(play, "kept-1")
    stop(play, "kept-1")
    assert not shown(play.host, "kept-1")


def test_one_of_a_nic_that_left_goes_at_the_next_start(play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    edit(play, "kept-1", TAPS["kept-1"], "tap-kept-1-wan")
    up(play, "kept-1")
    assert not shown(play.host, "kept-1")


def test_one_of_a_guest_that_left_goes_when_networks_are_made(play: Play) -> None:
    up(play, "kept-1", "kept-2")
    stop(play, "kept-1")
    for script in Path(play.host.path("/usr/local/etc/hivewright/vms/kept-1")).iterdir():
        if script.is_file():
            script.unlink()
    assert play.host.run(HIVECTL, "network", "up").status == 0
    assert not shown(play.host, "kept-1")
    assert "held by kept-2" in shown(play.host, "kept-2")


def test_networks_of_running_guests_keep_their_taps(play: Play) -> None:
    up(play, "kept-1")
    stop(play, "kept-1")
    up(play, "kept-2")
    before = play.host.state()
    assert play.host.run(HIVECTL, "network", "down").status == 1
    assert play.host.state() == before
