"""A guest goes to another host while it runs: the bhyve there waits for it, and holds it until it has ended here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from host.link import Link
from host.play import Play
from host.scenario import scenario

from .scenarios import markers, told

pytestmark = pytest.mark.usefixtures("play", "link")
GOES = ("migrate", "--method", "live")
LIVE: dict[str, Any] = {"net": True, "snapshot": True, "migrates": True}


@scenario(everyday=True, **LIVE)
def live(play: Play, far: Play, link: Link) -> None:
    """It is never off, and what its memory held goes along."""
    play.hivectl("start", "live1")
    play.wait(5)
    far.guest("live1", {"acpi": 0})
    outcome = play.hivectl("migrate", "live1", "beta")
    assert "beta can wait for it at port 24983" in outcome.out
    play.ran("bhyvectl --migrate=192.0.2.12,24983 --vm=live1")
    assert [line.split()[2] for line in link.asked] == [
        "check",
        "offer",
        "file",
        "await",
        "bhyve",
        "came",
        "keep",
        "run",
    ]
    assert markers(play, "live1") == ["owner=beta"]
    assert (told(play, "live1"), told(far, "live1")) == ("beta", "beta")
    play.nothing_left()
    far.has("guest live1")
    status = far.hivectl("status", "live1").out
    assert "live1 is running" in status
    assert "came from alpha while it ran: its power button works only after a reboot" in status
    play.hivectl("start", "live1", status=1, says="it lives on beta")
    far.hivectl("migrate", "--method", "live", "live1", "alpha")
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")
    far.nothing_left()


def asks(link: Link, verb: str) -> int:
    """How often this was asked for."""
    return [line.split()[2] for line in link.asked].count(verb)


def at(link: Link, verb: str, action: Callable[[], object]) -> None:
    """Do something once, right before this is taken by the other host."""

    def met() -> None:
        if link.asked[-1].split()[2] == verb:
            link.met = lambda: None
            action()

    link.met = met


def lacks(far: Play, usage: str) -> None:
    """The bhyve of the other host is that of a release."""
    far.sh(f"rm /usr/sbin/bhyvectl; printf '#!/bin/sh\necho \"{usage}\" >&2; exit 1\n' >/usr/sbin/bhyvectl")
    far.sh("chmod 755 /usr/sbin/bhyvectl")


@scenario(**LIVE)
def what_is_missing_is_named(play: Play, far: Play, link: Link) -> None:
    """Each of the two has to be said to have such a bhyve, and to have it; nothing is done before."""
    play.hivectl(*GOES, "live1", "beta", status=1, says="it does not run; what is off goes by")
    play.hivectl("start", "live1")
    conf = play.host.path("/usr/local/etc/hivewright/host.conf")
    text = conf.read_text()
    ours, theirs = "\nlive 192.0.2.11 24983", " 192.0.2.12 24983  #"
    for gone, host in ((ours, "alpha"), (theirs, "beta")):
        assert text.count(gone) == 1, gone
        conf.write_text(text.replace(gone, "\n#" if gone == ours else "  #"))
        says = f'capabilities = ["live-migration"] of {host} in the site; without that: --method shared, or frozen'
        play.hivectl(*GOES, "live1", "beta", status=1, says=says)
        assert not link.asked
    conf.write_text(text)
    lacks(far, "--suspend=")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "NO: the bhyvectl of beta has no --migrate, as in all releases of FreeBSD" in outcome.out
    outcome = play.hivectl("migrate", "-n", "live1", "beta")
    assert "it cannot go there live: the bhyvectl of beta has no --migrate" in outcome.out
    assert "would move it by the method frozen" in outcome.out
    lacks(play, "--suspend=")
    play.hivectl(
        "migrate", "--method", "live", "live1", "beta", status=1, says="the bhyvectl of alpha has no --migrate"
    )
    assert {line.split()[2] for line in link.asked} == {"check"}
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")


@scenario(net=True, snapshot=True)
def no_release_has_it(play: Play, far: Play) -> None:
    """The bhyve of a release knows neither; without --method nobody hears of that."""
    play.hivectl("start", "live1")
    play.hivectl(
        "migrate", "--method", "live", "live1", "beta", status=1, says="the bhyvectl of alpha has no --migrate"
    )
    outcome = play.hivectl("migrate", "live1", "beta")
    assert "it cannot go there live" not in outcome.out
    far.has("guest live1")
    assert "restored from checkpoint suspended" in far.hivectl("status", "live1").out


@scenario(**LIVE)
def what_cannot_go_so_is_told(play: Play, link: Link) -> None:
    """Disks in the pool of one host, devices that bhyve cannot save, a guest that is held."""
    play.hivectl("start", "small1")
    play.hivectl(
        "migrate", "--method", "live", "small1", "beta", status=1, says="it has volumes in the pool of this host"
    )
    play.hivectl("start", "live1")
    play.hivectl("pause", "live1")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "it is paused; it stays here" in outcome.err
    assert asks(link, "await") == 0
    play.hivectl("resume", "live1")
    play.sh("sed -i 's/hostbridge/virtio-9p/' /var/run/hivewright/live1/words")
    play.hivectl(
        "migrate", "--method", "live", "live1", "beta", status=1, says="bhyve does not save the device virtio-9p"
    )
    play.has("guest live1")


@scenario(listening=["0.0.0.0:24983"], **LIVE)
def a_port_that_is_taken(play: Play, far: Play) -> None:
    """It is looked at before anything is done."""
    play.hivectl("start", "live1")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "NO: somebody listens at port 24983 on beta, where it would be waited for" in outcome.out
    far.never("bhyve ... live1")
    play.has("guest live1")


@scenario(**LIVE)
def a_bhyve_that_does_not_wait(play: Play, far: Play) -> None:
    """The port was taken in between: the guest never noticed."""
    play.hivectl("start", "live1")
    far.guest("live1", {"refuse": "Could not bind: Address already in use"})
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert (
        "beta says: live1: bhyve did not receive it (status 4): Could not bind: Address already in use" in outcome.err
    )
    assert markers(play, "live1") == ["owner=alpha"]
    play.never("bhyvectl --migrate=*")
    play.has("guest live1")
    far.nothing_left()
    play.hivectl("migrate", "live1", "beta")
    far.has("guest live1")


@scenario(**LIVE)
def who_waits_dies(play: Play, far: Play, link: Link) -> None:
    """Before anything came the guest goes on at home; when all came, one more command starts it anew."""
    play.hivectl("start", "live1")
    play.wait(5)
    at(link, "bhyve", lambda: far.host.call("kill", target="bhyve live1"))
    outcome = play.hivectl("migrate", "live1", "beta", status=1)
    assert "it did not come to beta: bhyve did not receive it" in outcome.err
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")
    pid = play.host.path("/var/run/hivewright/live1/pid").read_text()
    far.nothing_left()
    at(link, "keep", lambda: far.host.call("kill", target="bhyve live1"))
    play.hivectl("migrate", "live1", "beta", status=1)
    assert markers(play, "live1") == ["owner=alpha>beta"]
    play.hivectl("start", "live1", status=1, says="alpha hands it over to beta")
    play.hivectl("migrate", "--back", "live1", "beta")
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")
    assert play.host.path("/var/run/hivewright/live1/pid").read_text() != pid


@scenario(**LIVE)
def who_supervises_it_there_dies(play: Play, far: Play, link: Link) -> None:
    """What came is held, and the start that ends the move adopts it."""
    play.hivectl("start", "live1")
    at(link, "keep", lambda: far.host.call("kill", target="daemon live1"))
    play.hivectl("migrate", "live1", "beta")
    far.has("guest live1")
    assert "live1 is running" in far.hivectl("status", "live1").out
    far.hivectl("stop", "live1")
    far.nothing_left()


@scenario(**LIVE)
def an_end_that_comes_first(play: Play, far: Play) -> None:
    """A guest that reboots or is stopped before it was sent is not run twice, and not lost."""
    play.guest("live1", {"saving": 60, "end": "reboot", "after": 40}, {"saving": 60})
    play.hivectl("start", "live1")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "it did not come to beta" in outcome.err
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")
    far.nothing_left()
    play.spawn("mover", "/usr/local/sbin/hivectl", "migrate", "--method", "live", "live1", "beta")
    play.wait(10)
    assert "alpha hands it over to beta" in play.hivectl("status", "live1").out
    far.has("waiting live1")
    assert "waits for it, which runs on alpha" in far.hivectl("status", "live1", status=1).out
    play.hivectl("stop", "live1")
    play.join("mover", 1)
    assert markers(play, "live1") == ["owner=alpha"]
    play.nothing_left()
    far.nothing_left()


@scenario(**LIVE)
def the_other_host_is_lost(play: Play, far: Play, link: Link) -> None:
    """Whichever is left has the guest: at home it runs on, and there it goes on with its memory."""
    play.guest("live1", {"saving": 1000}, {})
    play.hivectl("start", "live1")
    at(link, "came", lambda: setattr(link, "down", True))
    play.spawn("mover", "/usr/local/sbin/hivectl", "migrate", "--method", "live", "live1", "beta")
    play.wait(20)
    play.kill("session mover")
    pid = play.host.path("/var/run/hivewright/live1/pid").read_text()
    play.hivectl("migrate", "--back", "live1", "beta", status=1)
    play.hivectl("start", "live1", "--take-over", "beta")
    assert markers(play, "live1") == ["owner=alpha"]
    assert play.host.path("/var/run/hivewright/live1/pid").read_text() == pid
    link.down = False
    far.hivectl("poweroff", "live1")
    far.nothing_left()
    play.hivectl("stop", "live1")
    play.hivectl("start", "live1")
    at(link, "came", lambda: setattr(link, "down", True))
    play.hivectl(*GOES, "live1", "beta", status=1)
    far.has("held live1")
    assert "came from alpha, and goes on when this host is its owner" in far.hivectl("status", "live1", status=1).out
    far.hivectl("start", "live1", "--take-over", "alpha")
    far.has("guest live1")
    assert markers(play, "live1") == ["owner=beta"]
    assert "came from alpha while it ran" in far.hivectl("status", "live1").out


@scenario(**LIVE)
def what_is_held_can_be_stopped(play: Play, far: Play, link: Link) -> None:
    """It never runs by that."""
    play.hivectl("start", "live1")
    link.cut_at(7)
    play.hivectl(*GOES, "live1", "beta", status=1)
    link.cut_at(0)
    far.has("held live1")
    assert "power button" not in far.hivectl("stop", "live1").out
    far.nothing_left()
    play.hivectl("migrate", "live1", "beta")
    far.has("guest live1")
