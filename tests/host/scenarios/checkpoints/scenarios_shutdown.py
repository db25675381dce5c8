"""Scenarios of a host that shuts down: guests that want it are suspended, and go on when it is there again."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

from .scenarios import KNOB, kept


def runs(play: Play) -> None:
    """The service is enabled; late1 wants to be suspended, file1 does not."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.up("late1", "file1")
    play.wait(10)


@scenario(snapshot=True)
def shut_down_and_booted(play: Play) -> None:
    """Guests that say so are suspended when their host shuts down, and go on when it boots."""
    runs(play)
    play.service("faststop")
    assert (kept(play, "late1"), kept(play, "file1")) == (["suspended"], [])
    play.nothing_left()
    play.sh("rm -r /var/run/hivewright")
    play.service("faststart")
    play.wait(10)
    assert play.names("guest") == ["late1"]
    assert "goes on from checkpoint suspended" in play.log("late1")
    assert kept(play, "late1") == []


@scenario(snapshot=True)
def stopped_by_hand(play: Play) -> None:
    """The host does not shut down."""
    runs(play)
    play.service("stop")
    play.never("bhyvectl --suspend=*")
    assert kept(play, "late1") == []
    play.nothing_left()


@scenario(snapshot=True)
def it_cannot_be_saved(play: Play) -> None:
    """It is stopped by its power button then."""
    play.guest("late1", {"fresh": True})
    runs(play)
    play.service("faststop")
    play.ran("bhyvectl --suspend=*")
    play.never("bhyvectl --force-poweroff")
    assert play.phase("late1") == "stopped: a stop was asked for"
    assert kept(play, "late1") == []
    play.nothing_left()


@scenario()
def without_the_capability(play: Play) -> None:
    """Its start says so, and its host stops it."""
    runs(play)
    assert "note: it cannot be saved: " in play.log("late1")
    assert KNOB in play.log("late1")
    play.service("faststop")
    play.never("bhyvectl --suspend=*", "bhyvectl --force-poweroff")
    assert play.phase("late1") == "stopped: a stop was asked for"
    play.nothing_left()


@scenario(snapshot=True)
def saving_takes_too_long(play: Play) -> None:
    """A guest whose memory is not written in the time that was counted on is stopped."""
    play.guest("late1", {"saving": 1000.0})
    runs(play)
    grows = (
        "sleep 5; while sleep 20; do printf x >>/var/db/hivewright/late1/checkpoints/.suspended/memory || exit; done"
    )
    play.host.spawn("/bin/sh", "-c", grows, name="disk")
    before = play.host.call("now")
    outcome = play.service("faststop")
    assert "late1: it was not saved within 76 seconds\nlate1: it is stopped instead\n" in outcome.out
    assert play.host.call("now") - before <= 76 + 10 + 20 + 15
    play.ran("timeout -k 10 76 /usr/local/sbin/hivectl suspend late1 = 124")
    assert kept(play, "late1") == []
    play.nothing_left()
    play.guest("late1", {})
    play.up("late1")
    assert "goes on from checkpoint" not in play.log("late1").rpartition("asked for")[2]
    play.down("late1")
