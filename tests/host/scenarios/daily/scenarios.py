"""Scenarios of verbs that act on a running guest from outside: reset, nmi, poweroff, and -n of those that act."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario


@scenario(everyday=True)
def reset_is_a_reboot(play: Play) -> None:
    """The guest starts again, as after a reboot of its own, and at once a second time."""
    play.up("web1")
    play.hivectl("reset", "web1", says="web1: was reset; what follows is as after a reboot")
    play.wait(5)
    assert play.names("guest") == ["web1"]
    assert play.phase("web1") == "running: started (pid N)"
    play.hivectl("reset", "web1", "db1", status=1, says=["web1: was reset", "db1: it is stopped: never started"])
    play.wait(5)
    assert play.names("guest") == ["web1"]


@scenario(pci={"3/0/0": "mpr1"}, modules=["vmm"])
def reset_of_one_that_ends_with_a_reboot(play: Play) -> None:
    """on_reboot says what follows."""
    play.up("gpu1")
    play.hivectl("reset", "gpu1", says="gpu1: was reset")
    play.wait(5)
    assert play.phase("gpu1") == "stopped: the guest rebooted"
    play.nothing_left()


@scenario()
def reset_of_a_paused_guest(play: Play) -> None:
    """A held bhyve would not see it, so it goes on."""
    play.up("web1")
    play.hivectl("pause", "web1")
    play.hivectl("reset", "-n", "web1", says=["web1: would run: kill -CONT", "would run: bhyvectl --force-reset"])
    play.nothing_ran()
    assert play.hivectl("status", "web1", status=1).out.startswith("web1 is paused")
    play.hivectl("reset", "web1", says="web1: was reset")
    play.wait(5)
    assert play.phase("web1") == "running: started (pid N)"


@scenario()
def nmi(play: Play) -> None:
    """The guest gets one; bhyve goes on."""
    play.up("web1")
    play.hivectl("nmi", "--all", status=1, says=["web1: got an NMI", "db1: it is", "gpu1: it is", "web2: it is"])
    play.ran("bhyvectl --inject-nmi --vm=web1")
    assert play.names("guest") == ["web1"]
    play.hivectl("nmi", "nobody1", status=1, says='there is no VM "nobody1" on this host')


@scenario()
def poweroff_asks_nobody(play: Play) -> None:
    """No power button, no hooks; it stays off, although it would start again otherwise, and is so the next time."""
    play.up("web1", "db1")
    play.hivectl("poweroff", "-n", "web*", says=["web2: is off", "web1: would be powered off at once"])
    assert play.names("guest") == ["db1", "web1"]
    play.hivectl(
        "poweroff", "web1", says=["web1: stopping it by force", "web1: stopped: a stop was asked for, and took force"]
    )
    play.ran("bhyvectl --force-poweroff --vm=web1")
    assert play.names("guest") == ["db1"]
    play.hivectl("poweroff", "web1", says="web1: not running")
    play.hivectl("poweroff", "--all")
    play.nothing_left()
    play.hivectl("poweroff", "--all", says=[])


@scenario()
def poweroff_of_an_orphan(play: Play) -> None:
    """Its supervisor was killed: bhyve ends all the same."""
    play.up("web1")
    play.kill("daemon web1", "supervisor web1")
    play.hivectl("poweroff", "web1", status=None)
    play.hivectl("stop", "web1")
    play.nothing_left()


@scenario()
def what_would_be_done(play: Play) -> None:
    """-n starts no program that changes something."""
    play.up("db1")
    play.hivectl(
        *("start", "-n"),
        says=["db1: is running, and would be left alone", "web1: would be started (wave 50, after db1)"],
    )
    play.hivectl("start", "-n", "web2", says="web2: would be started (wave 50.1, after web1)")
    play.hivectl("stop", "-n", says="db1: would be stopped")
    play.hivectl("stop", "-n", "db1", "web1", says=["web1: is off", "db1: would be stopped"])
    play.hivectl("restart", "-n", says=["db1: would be stopped", "db1: would be started (wave 10)"])
    assert play.names("guest") == ["db1"]


@scenario()
def nobody_to_be_asked(play: Play) -> None:
    """Without names, and without a terminal: its words are told."""
    for verb in ("reset", "nmi", "poweroff"):
        outcome = play.do(HIVECTL, verb, status=2)
        assert outcome.err.startswith(f"usage: hivectl {verb} [-n] vm ...")


@scenario(host="beta")
def ready_when_the_host_has_it(play: Play) -> None:
    """A socket of the host says that a guest is ready; a file there is none."""
    play.sh("echo >/var/run/late1.sock")
    play.spawn("starter", HIVECTL, "start", "late1", "after1")
    play.wait(20)
    late = "after1: not started: it comes after late1, which was not ready within 15 s"
    play.join("starter", status=1, says=None)
    assert play.status("late1") == "running"
    assert late in play.log("after1") or play.phase("after1").endswith("was not ready within 15 s")
    play.sh("rm /var/run/late1.sock; echo >/var/run/flag1.up")
    assert "is ready when there is /var/run/late1.sock" in play.hivectl("status", "late1").out
    play.hivectl("_ready", "late1", status=1, says="it comes after late1, which waits for the socket")
    play.up("flag1")
    play.hivectl("_ready", "flag1", says=[])
