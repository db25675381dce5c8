"""Scenarios of stops that meet a supervisor which cleans up already, and of what a policy preserves meanwhile."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

CRASH = "the guest took a triple fault"


def hook_lines(play: Play) -> list[str]:
    """What the poststop hook said."""
    return [line for line in play.log("late1").splitlines() if line.startswith(("begins", "is done"))]


@scenario(everyday=True)
def poststop_hooks_have_their_time(play: Play) -> None:
    """Force ends the guest, not the supervisor that cleans up after it: its hook is run once, and to its end."""
    play.up("late1")
    play.wait(30)
    forced = "late1: stopped: a stop was asked for, and took force"
    play.hivectl("poweroff", "late1", says=["late1: stopping it by force", forced])
    assert hook_lines(play) == ["begins after a stop was asked for, and took force", "is done"]
    play.nothing_left()


@scenario()
def a_hook_outlasts_the_time_of_a_stop(play: Play) -> None:
    """The guest shuts down when its time is nearly over; what follows takes no force."""
    play.guest("late1", {"shutdown": 15})
    play.up("late1")
    play.wait(30)
    play.hivectl("stop", "late1", says="late1: stopped: a stop was asked for")
    play.never("bhyvectl --force-poweroff")
    assert hook_lines(play) == ["begins after a stop was asked for", "is done"]
    play.nothing_left()


@scenario()
def stopped_while_it_is_preserved(play: Play) -> None:
    """The power is cut, and a stop comes, while the supervisor still tells its hook of the crash: all of it stays."""
    for verb in ("poweroff", "stop"):
        play.guest("late1", {"end": "triple", "after": 40})
        play.up("late1")
        play.wait(45)
        assert play.status("late1") == "stopping"
        play.hivectl(verb, "late1", says=f"late1: preserved: {CRASH}")
        play.never("bhyvectl")
        assert hook_lines(play)[-2:] == [f"begins after {CRASH}", "is done"]
        assert play.names("context") == ["late1"]
        play.hivectl(verb, "late1", says="late1: does not run, and is preserved as it ended; hivectl release late1")
        play.hivectl("release", "late1", says="late1: nothing of it is kept any more")
        play.nothing_left()


@scenario()
def preserved_since_a_stop_looked(play: Play) -> None:
    """Who cleans up under the lock looks again: what is preserved by then stays, also where its supervisor was killed
    before it had said that it ended."""
    play.guest("late1", {"end": "triple", "after": 40})
    play.up("late1")
    play.wait(80)
    assert play.phase("late1") == f"preserved: {CRASH}"
    kept = "late1: does not run, and is preserved as it ended; hivectl release late1 lets go of it"
    play.do(HIVECTL, "_clear", "late1", "0", says=kept)
    play.sh("echo 1 2 >/var/run/hivewright/late1/supervisor")
    play.hivectl("poweroff", "late1", says=kept)
    assert play.names("context") == ["late1"]
    play.hivectl("release", "late1", says="late1: nothing of it is kept any more")
    play.nothing_left()
