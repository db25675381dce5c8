"""Scenarios of many guests that start: as many at once as the host takes, with a pause between two."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario


@scenario()
def so_many_at_once(play: Play) -> None:
    """Two are being started at any moment, and the next begins when the first of them is up; waves stay in order."""
    play.spawn("start", HIVECTL, "start")
    running = []
    for _ in range(4):
        play.wait(9)
        phases = [play.host.path(f"/var/run/hivewright/a{number}/phase") for number in range(1, 6)]
        starting = [path.parent.name for path in phases if path.exists() and path.read_text().startswith("starting")]
        assert len(starting) <= 2, starting
        running.append(play.names("guest"))
    play.join("start")
    assert running == [[], ["a1", "a2"], ["a1", "a2", "a3", "a4"], ["a1", "a2", "a3", "a4", "a5"]]


@scenario(everyday=True, host="beta")
def a_pause_between_two(play: Play) -> None:
    """Where all are started; who names guests has them at once."""
    play.spawn("start", HIVECTL, "start")
    running = []
    for _ in range(3):
        play.wait(2.5)
        running.append(len(play.names("guest")))
    play.join("start")
    assert running == [1, 2, 3]
    play.down("b1", "b2", "b3")
    play.hivectl("start", "b1", "b2", "b3")
    play.never("sleep 3")
    assert len(play.names("guest")) == 3


@scenario()
def what_a_start_is_about(play: Play) -> None:
    """Whoever looks while a start takes long reads at what it is."""
    play.spawn("start", HIVECTL, "start", "a1")
    play.wait(5)
    assert play.phase("a1") == "starting: its prestart hooks are under way"
    play.join("start")
    assert play.phase("a1") == "running: started (pid N)"
