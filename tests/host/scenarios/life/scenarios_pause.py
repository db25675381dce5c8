"""Scenarios of guests that are paused: they take no CPU time, and whoever ends them lets them go on first."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

HELD = "web1: paused (pid N); it goes on with: hivectl resume web1"


def paused(play: Play) -> None:
    """web1 runs and is paused."""
    play.up("web1")
    play.hivectl("pause", "web1", says=HELD)
    play.nothing_ran()


@scenario()
def paused_and_resumed(play: Play) -> None:
    """The guest would have powered off meanwhile; it does when it goes on."""
    play.guest("web1", {"end": "poweroff", "after": 100})
    paused(play)
    play.wait(300)
    since = "web1 is paused since 5m0s, pid N"
    play.hivectl("status", "web1", status=1, says=[since, "    goes on with: hivectl resume web1", *["    "] * 4])
    play.hivectl("pause", "web1", says="web1: already paused")
    assert "web1             paused" in play.hivectl("list").out
    assert '"state": "paused", "pid": ' in play.hivectl("status", "--json", "web1").out
    play.hivectl("resume", "web1", says="web1: goes on (pid N)")
    play.wait(1)
    assert play.phase("web1") == "stopped: the guest powered off"
    play.nothing_left()


@scenario()
def resumed_twice(play: Play) -> None:
    """To repeat it does no harm."""
    paused(play)
    play.hivectl("resume", "web1", says="web1: goes on (pid N)")
    play.hivectl("resume", "web1", says="web1: not paused")
    assert "web1 is running" in play.hivectl("status", "web1").out
    play.down("web1")


@scenario()
def paused_and_stopped(play: Play) -> None:
    """A stop lets the guest go on, and so it sees its power button."""
    paused(play)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()
    play.up("web1")
    assert "web1 is running" in play.hivectl("status", "web1").out


@scenario()
def paused_at_shutdown(play: Play) -> None:
    """The shutdown of the host does the same."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.up("db1")
    paused(play)
    play.service("faststop", status=0)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def paused_and_restarted(play: Play) -> None:
    """A restart does, too; the next bhyve is not paused."""
    paused(play)
    play.hivectl("restart", "web1", status=0)
    play.never("bhyvectl --force-poweroff")
    assert "web1 is running" in play.hivectl("status", "web1").out


@scenario()
def paused_without_supervisor(play: Play) -> None:
    """An adopted guest stays paused, and a stop that finds no supervisor lets it go on."""
    paused(play)
    play.kill("supervisor web1")
    play.wait(0)
    play.hivectl("start", "web1", says="web1: adopted (pid N): it ran without its supervisor")
    play.hivectl("resume", "web1", says="web1: goes on (pid N)")
    play.hivectl("pause", "web1", says=HELD)
    play.kill("supervisor web1")
    play.wait(0)
    play.hivectl("stop", "web1", status=0)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def only_what_runs_is_paused(play: Play) -> None:
    """Each guest is told of, and the others are paused all the same."""
    play.up("web1")
    play.hivectl(
        "pause",
        "db1",
        "web1",
        status=1,
        says=[HELD, "db1: it is stopped; only a running guest can be paused"],
    )
    play.hivectl("resume", "db1", "web1", status=1, says=["web1: goes on (pid N)", "db1: it is stopped"])
    play.hivectl("pause", status=2)
    play.hivectl("pause", "web2", status=1)
