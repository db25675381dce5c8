"""What a real bhyve does to a guest that goes while it runs, and says to nobody."""

from __future__ import annotations

import pytest

from host.link import Link
from host.play import Play
from host.scenario import scenario

from .scenarios import markers
from .scenarios_live import GOES, LIVE, at

pytestmark = pytest.mark.usefixtures("play", "link")
MOVER = ("mover", "/usr/local/sbin/hivectl", *GOES)


@scenario(**LIVE)
def one_after_another(play: Play, far: Play) -> None:
    """The port at which the first one came is free again at once."""
    for name in ("live1", "bare1"):
        play.hivectl("start", name)
        play.hivectl(*GOES, name, "beta")
        far.has(f"guest {name}")
    far.hivectl(*GOES, "bare1", "alpha")
    play.has("guest bare1")


@scenario(**LIVE)
def one_without_a_place_comes_back(play: Play, far: Play) -> None:
    """Who owns a guest without disks is known to the hosts alone; it is taken back like any other."""
    play.guest("bare1", {"saving": 60}, {})
    play.hivectl("start", "bare1")
    play.spawn(*MOVER, "bare1", "beta")
    play.wait(10)
    status = far.hivectl("status", "bare1", status=1).out
    assert "came from" not in status
    assert "is on its way from alpha to beta" in status
    play.kill("session mover")
    play.hivectl("migrate", "--back", "bare1", "beta", says="it lives here, as before")
    far.nothing_left()
    far.guest("bare1", {"refuse": "no"})
    outcome = play.hivectl(*GOES, "bare1", "beta", status=1)
    assert "it stays here. Try again" in outcome.err
    play.has("guest bare1")


@scenario(**LIVE)
def one_without_a_place_that_was_not_awaited(play: Play, far: Play, link: Link) -> None:
    """Cut off before the other host made ready for it, it runs on at home, and goes there by the next command."""
    play.hivectl("start", "bare1")
    link.cut_at(4)
    outcome = play.hivectl(*GOES, "bare1", "beta", status=1)
    assert [line.split()[2] for line in link.asked] == ["check", "offer", "file", "await", "leave"]
    assert "it stays here. Try again" in outcome.err
    link.cut_at(0)
    far.nothing_left()
    play.hivectl(*GOES, "bare1", "beta")
    far.has("guest bare1")


@scenario(**LIVE)
def bhyve_gives_up(play: Play, far: Play, link: Link) -> None:
    """The one that sends says so to nobody, and the other one may wait for long: that it has no connection tells."""
    play.hivectl("start", "live1")
    at(link, "await", lambda: link.cut_at(1))
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "bhyve gave up sending it; it stays here" in outcome.err
    play.has("guest live1")
    far.nothing_left()


@scenario(**LIVE)
def bhyve_hears_nothing(play: Play, far: Play) -> None:
    """It would hold its guest for hours; when the other host has given it up, it goes on at once."""
    play.guest("live1", {"lost": "answer"})
    play.hivectl("start", "live1")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "but its bhyve did not hear of that; it stays here" in outcome.err
    play.has("guest live1")
    far.nothing_left()


@scenario(**LIVE)
def nor_when_the_other_host_is_lost(play: Play, link: Link) -> None:
    """Whoever says so lets it go on."""
    play.guest("live1", {"lost": "answer"})
    play.hivectl("start", "live1")
    play.spawn(*MOVER, "live1", "beta")
    play.wait(8)
    link.down = True
    play.kill("session mover")
    play.has("sending live1")
    play.hivectl("start", "live1", "--take-over", "beta")
    play.has("guest live1")


@scenario(**LIVE)
def what_broke_off_is_not_taken_for_the_whole(play: Play, far: Play) -> None:
    """The bhyve that receives may do so where the other one was killed."""
    play.guest("live1", {"lost": "end"}, {})
    play.hivectl("start", "live1")
    outcome = play.hivectl(*GOES, "live1", "beta", status=1)
    assert "bhyve was killed by signal 9, so not all of it went to beta; it stays here" in outcome.err
    assert markers(play, "live1") == ["owner=alpha"]
    play.has("guest live1")
    far.nothing_left()


@scenario(**LIVE)
def nor_by_the_next_command(play: Play, far: Play) -> None:
    """The same when nobody looked."""
    play.guest("live1", {"lost": "end", "saving": 20}, {})
    play.hivectl("start", "live1")
    play.spawn(*MOVER, "live1", "beta")
    play.wait(10)
    play.kill("session mover")
    play.wait(20)
    far.has("held live1")
    outcome = play.hivectl("migrate", "--back", "live1", "beta")
    assert "it lives here, as before" in outcome.out + outcome.err
    play.has("guest live1")
    far.nothing_left()


@scenario(**LIVE)
def its_supervisor_dies_meanwhile(play: Play, far: Play) -> None:
    """Nobody waits for the status of bhyve then; one that was killed leaves its context."""
    for lost in ("end", ""):
        play.guest("live1", {"saving": 20, "lost": lost}, {"saving": 20})
        play.hivectl("start", "live1")
        play.spawn(*MOVER, "live1", "beta")
        play.wait(10)
        play.kill("daemon live1", "supervisor live1")
        outcome = play.join("mover", 1 if lost else 0)
        if lost:
            assert "bhyve did not end by itself, so not all of it went to beta; it stays here" in outcome.err
            far.nothing_left()
    far.has("guest live1")
    assert markers(play, "live1") == ["owner=beta"]
