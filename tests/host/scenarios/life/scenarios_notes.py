"""Scenarios of notes and logs that cannot be written: they decide nothing about a guest, and a stop works."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

LOGS = "/var/log/hivewright"
BLOCKED = f"rm -r {LOGS} && echo >{LOGS}"
"""The folder of the logs is gone, and cannot be made."""
STOPPED = "a stop was asked for"


def full(play: Play) -> None:
    """From now on nothing more can be written to /var."""
    play.host.call("fill_at", write=1, count=0)


def reboots(play: Play, name: str = "web1") -> None:
    """The guest runs, and reboots after 100 seconds."""
    play.guest(name, {"end": "reboot", "after": 100}, {})
    play.up(name)


@scenario()
def log_gone_at_a_reboot(play: Play) -> None:
    """Nobody can write the log: bhyve runs again, and its status is its own."""
    play.guest("web1", {"end": "reboot", "after": 100}, {"end": "triple", "after": 100}, {})
    play.up("web1")
    play.sh(BLOCKED)
    play.wait(150)
    play.order("bhyvectl --destroy --vm=web1", "bhyve ... web1")
    assert play.status("web1") == "running"
    play.wait(100)
    play.order("bhyvectl --destroy --vm=web1", "sleep 1", "bhyve ... web1")
    assert play.names("guest") == ["web1"]
    play.down("web1")


@scenario()
def log_made_again(play: Play) -> None:
    """The folder of the logs was removed: the next run of the guest has a log again, not for everybody to read."""
    reboots(play)
    play.sh(f"rm -r {LOGS}")
    play.wait(150)
    assert play.names("guest") == ["web1"]
    assert "running bhyve" in play.log("web1")
    assert play.host.path(f"{LOGS}/web1.log").stat().st_mode & 0o777 == 0o640
    play.down("web1")


@scenario()
def start_without_a_log(play: Play) -> None:
    """There is no log, and none can be made: the guest starts, stops and is provisioned all the same."""
    play.sh(f"mkdir -p /var/log && echo >{LOGS}")
    made = ["web1: disk root: creating", "web1: making the UEFI", "web1: making the first-boot data"]
    play.hivectl("start", "web1", says=[*made, "web1: started (pid N)"])
    play.host.advance(10)
    play.hivectl("stop", "web1", says=f"web1: stopped: {STOPPED}")
    play.nothing_left()


@scenario(counted=True)
def full_at_a_reboot(play: Play) -> None:
    """/var is full when the guest reboots and when it crashes: it runs again, and a stop ends it."""
    play.guest("web1", {"end": "reboot", "after": 100}, {"end": "triple", "after": 100}, {})
    play.up("web1")
    full(play)
    play.wait(300)
    assert play.names("guest") == ["web1"]
    told = "its state could not be written"
    play.tells("web1", "web1 is running", told, "wave")
    play.hivectl("stop", "web1", says="web1: stopped")
    play.nothing_left()


@scenario(counted=True)
def stop_on_a_full_file_system(play: Play) -> None:
    """on_poweroff = "restart": a stop that can note nothing ends the guest, and it is not started again."""
    play.made("again1")
    play.up("again1")
    play.host.advance(10)
    full(play)
    play.hivectl("stop", "again1", says="again1: stopped")
    play.never("bhyve", "bhyvectl --force-poweroff")
    play.wait(100)
    play.nothing_ran()
    play.nothing_left()


@scenario(counted=True)
def stop_of_all_on_a_full_file_system(play: Play) -> None:
    """The same for all guests, as the host does when it shuts down; one waits before its next run."""
    play.made("again1", "web1")
    play.guest("web1", {"end": "triple", "after": 11}, {})
    play.up("again1", "web1")
    play.host.advance(11.5)
    full(play)
    play.service("onestop", says=["web1: stopped", "again1: stopped"])
    play.never("bhyve", "bhyvectl --force-poweroff")
    play.wait(100)
    play.nothing_ran()
    play.nothing_left()


@scenario(counted=True)
def stop_of_a_guest_whose_pid_was_not_written(play: Play) -> None:
    """The pid of bhyve is found by its name, and the power button is pressed as often as ever."""
    play.guest("again1", {"end": "reboot", "after": 100}, {"ignore": 2})
    play.up("again1")
    full(play)
    play.wait(150)
    play.hivectl("stop", "again1", says="again1: stopped")
    play.order(*["pwait -t 5 <again1> = 124"] * 2, "pwait -t 5 <again1>")
    play.never("bhyve", "bhyvectl --force-poweroff")
    play.nothing_left()


@scenario(counted=True)
def start_on_a_full_file_system(play: Play) -> None:
    """Nothing is begun that nobody could stop; the reason says what cannot be written."""
    play.made("web1")
    full(play)
    full_at = "daemon: /var/run/hivewright/web1/lock: No space left on device"
    reason = f"web1: cannot start its supervisor: {full_at}"
    play.hivectl("start", "web1", status=1, says=reason)
    play.never("ifconfig", "bhyve")
    play.nothing_left()
    play.host.call("fill_at", write=0)
    play.hivectl("start", "web1", says="web1: started (pid N)")
