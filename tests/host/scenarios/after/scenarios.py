"""Scenarios of guests that come after one which does not get ready in time: they wait, or do what on_not_ready says."""

from __future__ import annotations

import json
from typing import Any

from host.play import HIVECTL, Play
from host.scenario import scenario

LATE = {"ports": {"192.0.2.20:5432": 300}}
"""db1 answers five minutes after its start."""
SILENT = "it comes after db1, which does not answer at 192.0.2.20:5432"
STARTED = "running: started (pid N)"


def boots(play: Play, *db1: dict[str, Any]) -> None:
    """The host boots, and db1 does this in its first runs."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.guest("db1", *db1)
    play.service("faststart", says=[])


def made(name: str) -> list[str]:
    """What a first start says."""
    return [f"{name}: disk root: creating the file", f"{name}: making the UEFI variables"]


@scenario()
def slow_predecessor(play: Play) -> None:
    """Those that come after wait in the background and say so; others start meanwhile; each follows in its turn."""
    boots(play, LATE)
    play.wait(60)
    assert play.names("guest") == ["db1", "loose1", "must1", "opt1", "other1"]
    assert play.phase("web1") == f"waiting: {SILENT}"
    assert play.phase("shop1") == "waiting: it comes after web1, which is waiting"
    play.tells("web1", "web1 is waiting since", "it comes after db1", "comes after db1", "wave", status=1)
    (row,) = json.loads(play.hivectl("status", "--json", "web1", status=None).out)
    assert (row["state"], row["reason"]) == ("waiting", play.phase("web1").partition(": ")[2])
    play.wait(230)
    assert "web1" not in play.names("guest")
    play.wait(40)
    assert play.phase("web1") == play.phase("shop1") == STARTED
    assert "started" in play.log("web1")
    play.service("faststop")
    play.nothing_left()


@scenario()
def predecessor_starts_by_hand(play: Play) -> None:
    """A predecessor that failed is started by the operator within the hour: those after it follow by themselves."""
    boots(play, *[{"end": "triple", "after": 1}] * 6)
    play.wait(60)
    assert play.status("db1") == "failed"
    assert play.phase("web1") == "waiting: it comes after db1, which is failed"
    play.guest("db1", {"ports": {"192.0.2.20:5432": 3}})
    play.up("db1")
    play.wait(40)
    assert play.phase("web1") == play.phase("shop1") == STARTED


@scenario()
def started_or_skipped(play: Play) -> None:
    """on_not_ready = "start" lets the next one start all the same, "skip" does not start it, and its phase says why."""
    boots(play, LATE)
    play.wait(60)
    assert play.phase("loose1") == STARTED
    assert play.phase("strict1") == "stopped: not started: it comes after must1, which was not ready within 5 s"
    said = play.host.path("/var/log/hivewright/service.boot.log").read_text()
    assert "loose1: note: it comes after opt1, which was not ready within 5 s" in said
    assert f"web1: waits: {SILENT}" in said
    play.up("strict1")
    assert play.phase("strict1") == STARTED


@scenario()
def waited_for_in_vain(play: Play) -> None:
    """Patience ends after an hour: the phase says so, and what was waited for."""
    boots(play, {"ports": {}})
    play.wait(3500)
    assert play.status("web1") == "waiting"
    play.wait(1500)
    reason = f"{SILENT}; given up after an hour"
    assert play.phase("web1") == f"failed: {reason}"
    play.sh(f"{HIVECTL} stop db1")
    play.tells("web1", "web1 is failed since", reason, "comes after db1", "wave", status=1)


@scenario()
def stopped_while_waiting(play: Play) -> None:
    """A stop ends the waiting at once, and nothing is left of it; no hook is run for a guest that never ran."""
    boots(play, LATE)
    play.wait(60)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    assert play.phase("web1") == "stopped: a stop was asked for"
    play.never("bhyvectl", "timeout")
    play.wait(400)
    assert "web1" not in play.names("guest")
    assert play.phase("shop1") == "waiting: it comes after web1, which is stopped"
    play.service("faststop")
    play.nothing_left()


@scenario()
def all_stopped_while_waiting(play: Play) -> None:
    """The service stops guests that wait with all others, and they do not come back."""
    boots(play, LATE)
    play.wait(60)
    play.service("faststop")
    play.nothing_left()
    play.wait(400)
    play.nothing_ran()
    assert play.phase("web1") == play.phase("shop1") == "stopped: a stop was asked for"


@scenario()
def started_by_hand_while_waiting(play: Play) -> None:
    """Whoever starts a guest by name decides for himself: the start takes over from what waits."""
    boots(play, LATE)
    play.wait(60)
    play.hivectl("start", "web1", says=[*made("web1"), "web1: started (pid N)"])
    play.wait(10)
    assert play.phase("web1") == play.phase("shop1") == STARTED
    play.service("faststop")
    play.nothing_left()


@scenario()
def waiting_when_started_by_name(play: Play) -> None:
    """Of several that are started by name, those that come after others wait as well; the caller is told."""
    play.guest("db1", {"ports": {"192.0.2.20:5432": 100}})
    says = [*made("db1"), "db1: started (pid N)", f"web1: waits: {SILENT}"]
    play.hivectl("start", "db1", "web1", status=1, says=says)
    play.wait(100)
    assert play.phase("web1") == STARTED


@scenario()
def killed_while_waiting(play: Play) -> None:
    """What waits was killed: the phase says so, a stop cleans up, and so does a start."""
    boots(play, LATE)
    play.wait(60)
    play.kill("daemon web1", "supervisor web1", "daemon shop1", "supervisor shop1")
    play.tells("web1", "web1 is lost", "its supervisor is gone", "comes after db1", "wave", status=1)
    play.hivectl("stop", "web1", says="web1: stopped: cleaned up after its supervisor, which was gone")
    play.up("shop1")
    assert play.phase("shop1") == STARTED
    play.service("faststop")
    play.nothing_left()


@scenario()
def only_the_daemon_killed_while_waiting(play: Play) -> None:
    """Its daemon(8) was killed: a start takes over, and what waited ends without starting anything."""
    boots(play, LATE)
    play.wait(60)
    play.kill("daemon web1")
    play.up("web1")
    assert play.phase("web1") == STARTED
    play.wait(400)
    assert play.names("guest").count("web1") == 1
    assert play.phase("web1") == STARTED
    play.service("faststop")
    play.nothing_left()


@scenario()
def changed_while_waiting(play: Play) -> None:
    """A definition that is shipped while its guest waits is the one that starts."""
    boots(play, LATE)
    play.wait(60)
    start = play.host.path("/usr/local/etc/hivewright/vms/web1/start")
    start.write_text(start.read_text().replace("-m 1G", "-m 2G"))
    play.wait(300)
    assert "2G" in play.host.path("/var/run/hivewright/web1/words").read_text()
