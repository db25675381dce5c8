"""Scenarios of one guest's life: start, reboot, power-off, crash, stop."""

from __future__ import annotations

from .play import Play, Scenario, down, leftovers, made, up


def first_start(play: Play) -> None:
    """Everything is made: directories, disk, UEFI variables, seed, modules, networks, tap."""
    play.hivectl("start", "web1")
    play.show()
    disk = play.host.path("/srv/vms/web1/root.img").stat()
    assert (disk.st_size, disk.st_mode & 0o777) == (2 << 30, 0o600)
    assert play.host.path("/var/db/hivewright/web1/seed.iso").stat().st_mode & 0o777 == 0o600
    assert play.host.path("/var/db/hivewright/web1/vars.fd").stat().st_mode & 0o777 == 0o600
    play.wait(10)
    play.hivectl("stop", "web1")
    play.show()
    assert not leftovers(play.host)


def second_start(play: Play) -> None:
    """Nothing is to be created any more."""
    up(play, "web1")
    down(play, "web1")
    play.hivectl("start", "web1")
    play.show("interface", "context", "guest", "process")


def volume_start(play: Play) -> None:
    """A volume is created; its node appears two seconds later, and the start waits for it."""
    play.hivectl("start", "db1")
    play.show("volume", "guest", "interface")
    assert "guest db1" in play.host.state()


def already_running(play: Play) -> None:
    """A second start changes nothing."""
    up(play, "web1")
    before = play.host.state()
    play.hivectl("start", "web1", status=None)
    assert play.host.state() == before


def guest_reboots(play: Play) -> None:
    """The context is destroyed and bhyve runs again, with the same tap."""
    play.guest("web1", {"end": "reboot", "after": 100}, {"end": "reboot", "after": 100}, {})
    up(play, "web1")
    play.wait(300)
    play.show("interface", "context", "guest", "process")
    assert "guest web1" in play.host.state()
    down(play, "web1")


def guest_powers_off(play: Play) -> None:
    """on_poweroff = destroy: nothing is left."""
    play.guest("web1", {"end": "poweroff", "after": 100})
    up(play, "web1")
    play.wait(120)
    play.show()
    assert not leftovers(play.host)
    play.hivectl("status", "web1", status=None)


def guest_halts(play: Play) -> None:
    """A halt is a power-off; hook1 restarts after it."""
    play.guest("hook1", {"end": "halt", "after": 100}, {})
    up(play, "hook1")
    play.wait(200)
    assert "guest hook1" in play.host.state()


def crash_and_limit(play: Play) -> None:
    """Three restarts with growing pauses are granted, the fourth crash is the last."""
    play.guest("web1", *[{"end": "triple", "after": 4}] * 5)
    up(play, "web1")
    play.wait(500)
    play.show()
    assert play.status("web1") == "failed"
    assert not leftovers(play.host)
    play.hivectl("status", "web1", status=None)
    play.say("a later start begins anew")
    play.hivectl("start", "web1")


def crashes_far_apart(play: Play) -> None:
    """Crashes further apart than the limit's span never end the guest."""
    play.guest("web1", *[{"end": "error", "after": 400}] * 6, {})
    up(play, "web1")
    play.wait(6 * 430)
    assert "guest web1" in play.host.state()


def bhyve_refuses(play: Play) -> None:
    """A device that cannot be opened ends bhyve at once, with status 4 and the context left: a crash."""
    made(play, "web1")
    play.guest("web1", *[{"refuse": "bind: Address already in use"}] * 5)
    play.hivectl("start", "web1", status=None)
    play.wait(500)
    play.show("interface", "context", "guest", "process", "file /var/run/hivewright/web1/phase")
    assert not leftovers(play.host)
    assert "Address already in use" in play.hivectl("status", "web1", status=None).out


def stop_in_time(play: Play) -> None:
    """The guest takes the power button and ends."""
    up(play, "web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    play.show()
    assert not leftovers(play.host)


def stop_ignored_once(play: Play) -> None:
    """The first press of the button has no effect, a later one has."""
    play.guest("web1", {"ignore": 1})
    up(play, "web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)


def stop_by_force(play: Play) -> None:
    """The guest ignores the button for ever; --force-poweroff ends it."""
    play.guest("web1", {"ignore": 1000})
    up(play, "web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)


def stop_by_kill(play: Play) -> None:
    """Not even --force-poweroff ends it; SIGKILL does."""
    play.guest("web1", {"ignore": 1000, "wedged": True})
    up(play, "web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)


def stop_before_acpi(play: Play) -> None:
    """SIGTERM kills a guest that has not switched ACPI on: a stop, not a crash."""
    play.guest("web1", {"acpi": None})
    up(play, "web1")
    play.host.advance(1)
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)
    assert play.status("web1") == "stopped"


def stop_during_pause(play: Play) -> None:
    """A stop while the loop waits before a restart ends it at once."""
    play.guest("web1", *[{"end": "triple", "after": 1}] * 3, {})
    up(play, "web1")
    play.host.advance(4)
    assert play.status("web1") == "pausing"
    play.quietly()
    play.hivectl("status", "web1", status=None)
    play.hivectl("stop", "web1")
    play.show()
    assert not leftovers(play.host)
    play.host.advance(300)
    assert "guest web1" not in play.host.state()


def stop_of_stopped(play: Play) -> None:
    """A stop of what does not run succeeds and does nothing."""
    play.hivectl("stop", "web1")
    up(play, "web1")
    down(play, "web1")
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)


def restart(play: Play) -> None:
    """Stop, then start."""
    up(play, "web1")
    play.host.advance(10)
    play.hivectl("restart", "web1")
    assert "guest web1" in play.host.state()


SCENARIOS = [
    Scenario("first-start", first_start),
    Scenario("second-start", second_start),
    Scenario("volume-start", volume_start),
    Scenario("already-running", already_running),
    Scenario("guest-reboots", guest_reboots),
    Scenario("guest-powers-off", guest_powers_off),
    Scenario("guest-halts", guest_halts),
    Scenario("crash-and-limit", crash_and_limit),
    Scenario("crashes-far-apart", crashes_far_apart),
    Scenario("bhyve-refuses", bhyve_refuses),
    Scenario("stop-in-time", stop_in_time),
    Scenario("stop-ignored-once", stop_ignored_once),
    Scenario("stop-by-force", stop_by_force),
    Scenario("stop-by-kill", stop_by_kill),
    Scenario("stop-before-acpi", stop_before_acpi),
    Scenario("stop-during-pause", stop_during_pause),
    Scenario("stop-of-stopped", stop_of_stopped),
    Scenario("restart", restart),
]
