"""Scenarios of a guest that is ready when a program of the site's own says so."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

WAITS = "waiting: it comes after db1, which is not ready, as its hook says: "
STARTED = "running: started (pid N)"


def boots(play: Play) -> None:
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.service("faststart", says=[])


@scenario(everyday=True)
def a_program_says_it(play: Play) -> None:
    """Those that come after start when it says yes, and the ready hooks are told then."""
    boots(play)
    play.wait(10)
    assert play.phase("db1") == STARTED
    assert "web1" not in play.names("guest")
    play.tells("db1", "db1 is running", "started", "is ready when its hook says so", "wave")
    assert not play.host.path("/tmp/moments").exists()
    play.host.path("/tmp/primary").touch()
    play.wait(10)
    assert play.phase("web1") == STARTED
    assert play.host.path("/tmp/moments").read_text() == "ready\n"
    assert set(play.host.path("/tmp/asked").read_text().splitlines()) == {"db1 readiness"}
    play.service("faststop")
    play.nothing_left()


@scenario()
def a_program_says_it_late(play: Play) -> None:
    """Those that come after wait in the background, say what it says last, and start when it says yes."""
    boots(play)
    play.wait(40)
    assert play.phase("web1") == WAITS + "no primary yet"
    play.host.path("/tmp/primary").touch()
    play.wait(20)
    assert play.phase("web1") == STARTED


@scenario()
def a_program_that_hangs(play: Play) -> None:
    """Each run of it is ended after ten seconds, and the guest counts as not ready when its time is over."""
    play.host.path("/tmp/hang").touch()
    boots(play)
    play.wait(100)
    assert play.phase("web1") == WAITS + "took over 10 seconds"
    assert "it was not ready within 20 s; its ready hooks are not told" in play.log("db1")
    play.host.path("/tmp/hang").unlink()
    play.host.path("/tmp/primary").touch()
    play.wait(40)
    assert play.phase("web1") == STARTED


@scenario()
def a_program_that_was_changed(play: Play) -> None:
    """It is not run: it is not what was reviewed, and the phase says so."""
    hook = play.host.path("/usr/local/etc/hivewright/vms/db1/hooks/readiness/10-is-ready.sh")
    hook.write_text("#!/bin/sh\ntouch /tmp/harm\n")
    boots(play)
    play.wait(40)
    told = "the hook readiness/10-is-ready.sh was changed on this host since it was shipped; ship it again"
    assert told in play.phase("web1")
    assert not play.host.path("/tmp/harm").exists()


@scenario()
def what_is_waited_for_is_told_at_once(play: Play) -> None:
    """While the wave waits for it, a guest that was not begun says why it is not running."""
    boots(play)
    play.wait(5)
    assert play.phase("web1") == "stopped: it comes after db1, which is not ready, as its hook says: no primary yet"
