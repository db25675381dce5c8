"""Scenarios of guests without a boot ROM: a loader runs before each run of bhyve."""

from __future__ import annotations

from .play import Play, Scenario, down, leftovers, made, up


def loader_each_run(play: Play) -> None:
    """bhyveload runs before bhyve at the start and after each reboot, in a context made anew."""
    play.guest("load1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "load1")
    play.wait(150)
    assert "guest load1" in play.host.state()
    play.hivectl("stop", "load1")
    play.show("context", "guest", "file /var/run/hivewright/load1")
    assert not leftovers(play.host)


def loader_with_menu(play: Play) -> None:
    """grub-bhyve gets its device.map and a menu of the commands."""
    play.hivectl("start", "grub1")
    for name in ("device.map", "grub.cfg"):
        play.lines.extend(play.host.path(f"/var/run/hivewright/grub1/{name}").read_text().splitlines())
    play.say("a second start writes them anew")
    down(play, "grub1")
    up(play, "grub1")
    assert play.host.path("/var/run/hivewright/grub1/grub.cfg").read_text().count("menuentry") == 1
    down(play, "grub1")


def loader_fails(play: Play) -> None:
    """A guest that cannot be loaded: the start says why, and nothing is left."""
    made(play, "load1")
    play.guest("load1", {"unloadable": "Could not find /boot/loader.lua"})
    outcome = play.hivectl("start", "load1", status=1)
    assert "bhyveload failed (status 1): Could not find /boot/loader.lua" in outcome.err
    play.show("context", "guest", "process", "file /var/run/hivewright/load1/phase")
    assert not leftovers(play.host)
    up(play, "load1")
    down(play, "load1")


def loader_fails_after_reboot(play: Play) -> None:
    """A reboot into a kernel that cannot be loaded ends the guest as failed."""
    play.guest("load1", {"end": "reboot", "after": 100}, {"unloadable": "elf64_loadimage: no kernel"})
    up(play, "load1")
    play.wait(150)
    play.show("context", "guest", "process", "file /var/run/hivewright/load1/phase")
    assert play.status("load1") == "failed"
    assert not leftovers(play.host)
    play.hivectl("status", "load1", status=None)


def loader_stopped(play: Play) -> None:
    """A stop while the loader waits at its prompt ends it."""
    made(play, "load1")
    play.guest("load1", {"loading": 10000}, {})
    play.host.spawn("/usr/local/sbin/hivectl", "start", "load1", name="starter")
    play.host.advance(30)
    play.hivectl("stop", "load1")
    play.result(play.host.wait("starter"))
    play.take()
    assert not leftovers(play.host)
    play.guest("load1", {})
    up(play, "load1")
    down(play, "load1")


def loader_missing(play: Play) -> None:
    """The loader's package is not installed: the message names it."""
    play.host.path("/usr/local/sbin/grub-bhyve").unlink()
    outcome = play.hivectl("start", "grub1", status=1)
    assert "pkg install grub2-bhyve" in outcome.err
    assert not leftovers(play.host)


SCENARIOS = [
    Scenario("loader-each-run", loader_each_run),
    Scenario("loader-with-menu", loader_with_menu),
    Scenario("loader-fails", loader_fails),
    Scenario("loader-fails-after-reboot", loader_fails_after_reboot),
    Scenario("loader-stopped", loader_stopped),
    Scenario("loader-missing", loader_missing),
]
