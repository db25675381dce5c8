"""Scenarios of how a guest is stopped: how often its power button is pressed, or force at once."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

NEVER_MIND = {"cancels": True, "shutdown": 12}
"""A guest that takes 12 seconds to shut down, and a second press for a cancellation."""
POWERED_OFF = "stopped: a stop was asked for"
FORCED = "stopped: a stop was asked for, and took force"


@scenario(everyday=True)
def pressed_once(play: Play) -> None:
    """The button of a guest that would take a second press for a cancellation is pressed once, and it is waited for."""
    play.guest("omni1", NEVER_MIND)
    play.up("omni1")
    play.wait(30)
    play.hivectl("stop", "omni1", says=f"omni1: {POWERED_OFF}")
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def cancelled_by_a_second_press(play: Play) -> None:
    """Without a word the button is pressed again, which such a guest misunderstands until its time is over."""
    play.guest("again1", NEVER_MIND)
    play.up("again1")
    play.wait(30)
    play.hivectl("stop", "again1", says=["again1: did not stop in 20 seconds; forcing it", f"again1: {FORCED}"])
    play.nothing_left()


@scenario()
def pressed_once_and_not_heard(play: Play) -> None:
    """A guest that did not notice its only press is forced when its time is over."""
    play.guest("omni1", {"ignore": 1})
    play.up("omni1")
    play.wait(30)
    play.hivectl("stop", "omni1", says=["omni1: did not stop in 60 seconds; forcing it", f"omni1: {FORCED}"])
    play.nothing_left()


@scenario()
def pressed_once_without_a_supervisor(play: Play) -> None:
    """What cleans up after a supervisor that was killed presses once as well."""
    play.guest("omni1", NEVER_MIND)
    play.up("omni1")
    play.wait(30)
    play.kill("daemon omni1", "supervisor omni1")
    says = ["omni1: stopping bhyve N, which nobody supervises", "omni1: stopped: cleaned up after its supervisor"]
    play.hivectl("stop", "omni1", says=says)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def pressed_at_intervals(play: Play) -> None:
    """The second press comes after seven seconds, neither sooner nor later."""
    play.guest("slow1", {"ignore": 1, "shutdown": 0})
    play.up("slow1")
    play.wait(30)
    play.hivectl("stop", "slow1", says=f"slow1: {POWERED_OFF}")
    play.order("pwait -t 5 <slow1> = 124", "pwait -t 2 <slow1> = 124", "pwait -t 5 <slow1>")
    play.nothing_left()


@scenario()
def forced_at_once(play: Play) -> None:
    """Force after the prestop hooks, without the power button."""
    play.guest("cruel1", {"shutdown": 0})
    play.up("cruel1")
    play.wait(30)
    play.hivectl("stop", "cruel1", says=["cruel1: stopping it by force", f"cruel1: {FORCED}"])
    play.order("timeout --foreground", "bhyvectl --force-poweroff --vm=cruel1", "bhyvectl --destroy --vm=cruel1")
    assert "the last words of cruel1" in play.log("cruel1")
    play.nothing_left()
