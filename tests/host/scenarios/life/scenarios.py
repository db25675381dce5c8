"""Scenarios of one guest's life: start, reboot, power-off, crash, stop."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

TAP = "ifconfig tap-web1-lan destroy"
UNDO = ("bhyvectl --destroy --vm=web1", TAP)
"""What is undone when a guest is gone: its context, then its tap, which bhyve may still hold before."""
RUNNING = ["daemon web1", "supervisor web1"]


def runs(play: Play) -> None:
    """web1 runs, its tap is in the bridge, and somebody supervises it."""
    assert play.names("guest") == play.names("context") == ["web1"]
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]
    play.has("interface tap-web1-lan, up, mtu 1500, held by web1")
    assert play.state("process") == [f"process {name}" for name in RUNNING]


@scenario(transcript=True)
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
    play.nothing_left()


@scenario(everyday=True, transcript=True)
def second_start(play: Play) -> None:
    """Nothing is to be created any more."""
    play.made("web1")
    play.hivectl("start", "web1")
    runs(play)


@scenario(transcript=True)
def volume_start(play: Play) -> None:
    """A volume is created; its node appears two seconds later, and the start waits for it."""
    play.hivectl("start", "db1")
    play.has("guest db1", "volume zroot/vms/db1/data 4294967296 nothing", "interface tap-db1-lan, up*held by db1")


@scenario()
def already_running(play: Play) -> None:
    """A second start changes nothing."""
    play.up("web1")
    before = play.state()
    play.hivectl("start", "web1", says="web1: already running (pid N)")
    play.order("daemon * /usr/local/etc/hivewright/vms/web1/start supervise = 3")
    assert len(play.step) == 1
    assert play.state() == before


@scenario()
def guest_reboots(play: Play) -> None:
    """The context is destroyed and bhyve runs again, with the same tap."""
    play.guest("web1", {"end": "reboot", "after": 100}, {"end": "reboot", "after": 100}, {})
    play.up("web1")
    play.wait(300)
    play.order(*["bhyvectl --destroy --vm=web1", "bhyve ... web1"] * 2)
    play.never("ifconfig", "sleep")
    runs(play)
    play.down("web1")


@scenario()
def guest_powers_off(play: Play) -> None:
    """on_poweroff = destroy: nothing is left."""
    play.guest("web1", {"end": "poweroff", "after": 100})
    play.up("web1")
    play.wait(120)
    play.order(*UNDO)
    play.never("bhyve")
    assert play.members("br-lan") == ["ix0"]
    assert play.phase("web1") == "stopped: the guest powered off"
    play.nothing_left()
    says = ["web1 is stopped since 20s", "the guest powered off", "log /var/log/hivewright/web1.log"]
    play.tells("web1", *says, status=1)


@scenario()
def guest_halts(play: Play) -> None:
    """A halt is a power-off; again1 starts again after it, without a pause."""
    play.guest("again1", {"end": "halt", "after": 100}, {})
    play.up("again1")
    play.wait(200)
    play.order("bhyvectl --destroy --vm=again1", "bhyve ... again1")
    play.never("sleep")
    assert play.names("guest") == ["again1"]


@scenario(transcript=True)
def crash_and_limit(play: Play) -> None:
    """Three restarts with growing pauses are granted, the fourth crash is the last."""
    play.guest("web1", *[{"end": "triple", "after": 4}] * 5)
    play.up("web1")
    play.wait(500)
    assert play.phase("web1") == "failed: 3 restarts within 600 s; last: the guest took a triple fault"
    play.nothing_left()
    play.hivectl("status", "web1", status=1)
    play.say("a later start begins anew")
    play.hivectl("start", "web1")
    assert play.status("web1") == "running"


@scenario()
def crashes_far_apart(play: Play) -> None:
    """Crashes further apart than the limit's span never end the guest; each pause is the shortest."""
    play.guest("web1", *[{"end": "error", "after": 400}] * 6, {})
    play.up("web1")
    play.wait(6 * 430)
    again = ("bhyvectl --destroy --vm=web1", "sleep 1", "bhyve ... web1")
    play.order(*[*again[:2], f"{again[2]} = 4"] * 5, *again)
    runs(play)


@scenario()
def bhyve_refuses(play: Play) -> None:
    """A device that cannot be opened ends bhyve at once, with status 4 and the context left: a crash."""
    play.made("web1")
    play.guest("web1", *[{"refuse": "bind: Address already in use"}] * 5)
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.order("ifconfig tap create name tap-web1-lan", "bhyve ... web1 = 4", UNDO[0], "sleep 1")
    play.wait(500)
    failed, destroy = "bhyve ... web1 = 4", UNDO[0]
    play.order(failed, destroy, "sleep 2", failed, destroy, "sleep 4", failed, destroy, TAP)
    reason = "3 restarts within 600 s; last: bhyve failed (status 4): bind: Address already in use"
    assert play.phase("web1") == f"failed: {reason}"
    play.nothing_left()
    play.tells("web1", "web1 is failed since 8m13s", reason, "was run again 3 times", "last crash", "log", status=1)


@scenario(transcript=True)
def stop_in_time(play: Play) -> None:
    """The guest takes the power button and ends."""
    play.up("web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    play.show()
    play.nothing_left()


@scenario()
def stop_ignored_once(play: Play) -> None:
    """The first press of the button has no effect, a later one has."""
    play.guest("web1", {"ignore": 1})
    play.up("web1")
    play.host.advance(10)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.order("pwait -t 5 <web1> = 124", "pwait -t 5 <web1>", *UNDO)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario(transcript=True)
def stop_by_force(play: Play) -> None:
    """The guest ignores the button for ever; --force-poweroff ends it."""
    play.guest("web1", {"ignore": 1000})
    play.up("web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    assert play.phase("web1") == "stopped: a stop was asked for, and took force"
    play.nothing_left()


@scenario()
def stop_by_kill(play: Play) -> None:
    """Not even --force-poweroff ends it; SIGKILL does."""
    play.guest("web1", {"ignore": 1000, "wedged": True})
    play.up("web1")
    play.host.advance(10)
    forced = "web1: stopped: a stop was asked for, and took force"
    play.hivectl("stop", "web1", says=["web1: did not stop in 20 seconds; forcing it", forced])
    late = "pwait -t 5 <web1> = 124"
    play.order(*[late] * 4, "bhyvectl --force-poweroff --vm=web1", late, "pwait -t 5 <web1>", *UNDO)
    play.nothing_left()


@scenario()
def stop_before_acpi(play: Play) -> None:
    """SIGTERM kills a guest that has not switched ACPI on: a stop, not a crash."""
    play.guest("web1", {"acpi": None})
    play.up("web1")
    play.host.advance(1)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.order("pwait -t 5 <web1>", *UNDO)
    play.nothing_left()
    assert play.phase("web1") == "stopped: a stop was asked for"


@scenario()
def stop_during_pause(play: Play) -> None:
    """A stop while the loop waits before a restart ends it at once."""
    play.guest("web1", *[{"end": "triple", "after": 1}] * 3, {})
    play.up("web1")
    play.host.advance(4)
    play.quietly()
    says = ["web1 is pausing since 1s", "the guest took a triple fault; starting again in 2 s"]
    says += ["was run again 2 times", "last crash", "log"]
    play.tells("web1", *says, status=1)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.order("pwait -t 5 <web1>", TAP)
    play.never("bhyve", "bhyvectl")
    assert play.phase("web1") == "stopped: a stop was asked for"
    play.nothing_left()
    play.wait(300)
    play.nothing_ran()
    assert play.names("guest") == []


@scenario()
def stop_of_stopped(play: Play) -> None:
    """A stop of what does not run succeeds and does nothing."""
    play.hivectl("stop", "web1", says="web1: not running")
    play.made("web1")
    play.hivectl("stop", "web1", says="web1: not running")
    play.nothing_ran()
    play.nothing_left()


@scenario()
def restart(play: Play) -> None:
    """Stop, then start, with a tap of its own each time."""
    play.up("web1")
    play.host.advance(10)
    play.hivectl("restart", "web1", says=["web1: stopped: a stop was asked for", "web1: started (pid N)"])
    made = ("ifconfig tap create name tap-web1-lan", "ifconfig br-lan addm tap-web1-lan")
    play.order("pwait -t 5 <web1>", *UNDO, "daemon", *made, "bhyve ... web1")
    runs(play)
