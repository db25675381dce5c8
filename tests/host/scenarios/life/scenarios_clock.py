"""Scenarios of a wall clock that is set: what takes time is counted, whatever the clock says."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

AGAIN = ("bhyvectl --destroy --vm=web1", "sleep 1", "bhyve ... web1 = 3")


def steps(play: Play, seconds: float) -> None:
    """The clock is set forward, or back."""
    play.host.call("set_clock", seconds=seconds)


@scenario()
def crashes_while_the_clock_is_set_forward(play: Play) -> None:
    """A guest that crashes after some seconds each time meets its limit, as if the clock had not been touched."""
    play.guest("web1", *[{"end": "triple", "after": 4}] * 5)
    play.up("web1")
    for _ in range(20):
        steps(play, 3600)
        play.host.advance(3)
    assert play.phase("web1") == "failed: 3 restarts within 600 s; last: the guest took a triple fault"
    play.nothing_left()


@scenario()
def crashes_while_the_clock_is_set_back(play: Play) -> None:
    """A guest that ran for long begins anew after a crash: its pause is the shortest, and its limit is not met."""
    play.guest("web1", *[{"end": "triple", "after": 700}] * 5, {})
    play.up("web1")
    for _ in range(5):
        steps(play, -36000)
        play.wait(701.5)
        play.order(*AGAIN[:2], "bhyve ... web1" if len(play.names("guest")) else AGAIN[2])
    assert play.names("guest") == ["web1"]
    play.tells("web1", "web1 is running", "started", "was run again 5 times", "last crash", "wave")


@scenario()
def a_bad_command_line_while_the_clock_is_set(play: Play) -> None:
    """bhyve ends with 1 at once: that is no power-off, though hours seem to have passed."""
    play.made("web1")
    play.guest("web1", {"end": "poweroff", "after": 100})
    play.up("web1")
    steps(play, -7200)
    play.wait(120)
    assert play.phase("web1") == "stopped: the guest powered off"


@scenario()
def a_second_signal_while_the_clock_is_set_back(play: Play) -> None:
    """The supervisor is told to end: ten seconds after the first signal another one forces, whatever the clock says."""
    play.guest("web1", {"ignore": 1000})
    play.up("web1")
    play.host.advance(10)
    assert play.host.call("signal", target="supervisor web1", number=15)
    play.host.advance(1)
    steps(play, 3600)
    assert play.host.call("signal", target="supervisor web1", number=15)
    play.wait(8)
    play.never("bhyvectl")
    steps(play, -7200)
    play.wait(3)
    assert play.host.call("signal", target="supervisor web1", number=15)
    play.wait(1)
    play.order("bhyvectl --force-poweroff", "bhyvectl --destroy --vm=web1")
    play.nothing_left()
