"""Scenarios of two who stop a guest at once: its power button is pressed as often as its definition says."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

POWERED_OFF = "stopped: a stop was asked for"


def stopped_twice(play: Play, vm: str, after: float) -> None:
    """Somebody stops a guest, and somebody else so many seconds later."""
    play.spawn("first", "/usr/local/sbin/hivectl", "stop", vm)
    play.host.advance(after)
    play.spawn("second", "/usr/local/sbin/hivectl", "stop", vm)


@scenario()
def pressed_once_by_two(play: Play) -> None:
    """The second of them waits for the guest, which would take another press for a cancellation."""
    play.guest("omni1", {"cancels": True, "shutdown": 12})
    play.up("omni1")
    play.wait(30)
    stopped_twice(play, "omni1", 4)
    play.join("second", says=f"omni1: {POWERED_OFF}")
    play.join("first", says=f"omni1: {POWERED_OFF}")
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def pressed_again_when_its_time_was_over(play: Play) -> None:
    """A press that was not heard, of a stop that was broken off, is none of the stop after it."""
    play.guest("omni1", {"shutdown": 1})
    play.up("omni1")
    play.wait(30)
    pid = play.host.path("/var/run/hivewright/omni1/pid").read_text().strip()
    play.host.path("/var/run/hivewright/omni1/pressed").write_text(f"{pid} 1\n")
    play.wait(60)
    play.hivectl("stop", "omni1", says=f"omni1: {POWERED_OFF}")
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def pressed_at_intervals_by_two(play: Play) -> None:
    """The third press would come too soon if both pressed: the guest is pressed at 0, 7 and 14 seconds."""
    play.guest("slow1", {"ignore": 2, "shutdown": 0})
    play.up("slow1")
    play.wait(30)
    began = play.host.call("now")
    stopped_twice(play, "slow1", 3)
    play.join("first", says=f"slow1: {POWERED_OFF}")
    assert 13.9 < play.host.call("now") - began < 16
    play.join("second", says=f"slow1: {POWERED_OFF}")
    play.nothing_left()
