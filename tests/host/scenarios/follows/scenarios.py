"""Scenarios of an address of CARP that comes and goes, and of events of the site's own."""

from __future__ import annotations

from host.devd_events import event
from host.play import HIVECTL, Play
from host.scenario import scenario

STARTED = "running: started (pid N)"
STANDS_BY = "standby: its address 7@ix0 is {} on this host"
ACAD = "!system=ACPI subsystem=ACAD type=\\_SB_.ADP1 notify=0x0{}"


def carp(play: Play, state: str, *told: str, vhid: int = 7) -> None:
    """The address gets a state, and the kernel tells it, and those that it had before."""
    play.host.call("carp", name="ix0", vhid=vhid, state=state)
    for each in told or (state,):
        event(play, f"!system=CARP subsystem={vhid}@ix0 type={each}")


def boots(play: Play) -> None:
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.service("faststart", says=[])
    play.wait(5)


@scenario()
def it_runs_where_its_host_is_the_master(play: Play) -> None:
    """It stands by after a boot, starts when the address comes, and stops when that goes or its link is lost."""
    play.host.call("carp", name="ix0", vhid=7, state="BACKUP")
    boots(play)
    assert play.phase("vip1") == STANDS_BY.format("BACKUP")
    play.tells(
        "vip1",
        "vip1 is standby",
        "its address 7@ix0 is BACKUP on this host",
        "follows the address 7@ix0",
        "wave",
        status=1,
    )
    play.hivectl("status", "--check", says="OK: 3 guests run")
    play.hivectl("start", "vip1", status=1, says="vip1: stands by: its address 7@ix0 is BACKUP on this host")
    carp(play, "MASTER", "INIT", "MASTER")
    assert play.phase("vip1") == STARTED
    assert play.log("vip1").count("devd: its address 7@ix0 is MASTER: it is started") == 1
    carp(play, "INIT")
    assert play.phase("vip1") == STANDS_BY.format("INIT")
    carp(play, "BACKUP")
    assert play.log("vip1").count("it is stopped") == 1
    carp(play, "MASTER")
    assert play.phase("vip1") == STARTED
    play.service("faststop")
    play.nothing_left()


@scenario()
def a_master_from_the_beginning(play: Play) -> None:
    """It starts with the host; one that does not start with it is left to its operator, and stopped all the same."""
    play.host.call("carp", name="ix0", vhid=7, state="MASTER")
    event(play, "!system=CARP subsystem=7@ix0 type=MASTER")
    play.never("daemon", "bhyve")
    play.host.call("carp", name="ix0", vhid=8, state="MASTER")
    boots(play)
    assert play.phase("vip1") == STARTED
    assert "vip2" not in play.names("guest")
    play.up("vip2")
    carp(play, "BACKUP", vhid=8)
    assert "vip2" not in play.names("guest")
    carp(play, "MASTER", vhid=8)
    assert "vip2" not in play.names("guest")
    assert play.phase("vip1") == STARTED


@scenario()
def an_address_that_flaps(play: Play) -> None:
    """What lasts less than three seconds is nothing; what comes during a stop is dealt with after it."""
    play.host.call("carp", name="ix0", vhid=7, state="MASTER")
    boots(play)
    play.guest("vip1", {"shutdown": 15.0})
    for number, state in enumerate(("BACKUP", "MASTER", "INIT", "BACKUP", "MASTER")):
        play.host.call("carp", name="ix0", vhid=7, state=state)
        play.spawn(f"flap{number}", HIVECTL, "event", "carp", "7@ix0")
        play.host.advance(1)
    play.host.advance(30)
    assert play.phase("vip1") == STARTED
    assert "it is stopped" not in play.log("vip1")
    play.host.call("carp", name="ix0", vhid=7, state="BACKUP")
    play.spawn("gone", HIVECTL, "event", "carp", "7@ix0")
    play.host.advance(6)
    play.host.call("carp", name="ix0", vhid=7, state="MASTER")
    play.spawn("back", HIVECTL, "event", "carp", "7@ix0")
    play.host.advance(60)
    assert play.phase("vip1") == STARTED
    log = play.log("vip1")
    assert (log.count("it is stopped"), log.count("it is started")) == (1, 1)


@scenario()
def an_address_that_is_not_there(play: Play) -> None:
    """A start says so, and waits for it with the host; what runs goes on when somebody takes the address away."""
    play.hivectl("start", "vip1", status=1, says="vip1: there is no address 7@ix0 (carp(4)) on this host")
    boots(play)
    assert play.phase("vip1") == "waiting: there is no address 7@ix0 (carp(4)) on this host"
    play.host.call("carp", name="ix0", vhid=7, state="MASTER")
    play.wait(70)
    assert play.phase("vip1") == STARTED
    carp(play, "", "INIT")
    assert play.phase("vip1") == STARTED


@scenario(everyday=True)
def events_of_the_site(play: Play) -> None:
    """Each is followed by what the site says, for all guests that share it, beside what FreeBSD does itself."""
    play.up("ups1")
    event(play, ACAD.format(0))
    play.ran("service power_profile 0x00")
    assert "ups1" not in play.names("guest")
    assert "devd: event mains-lost: stop" in play.log("ups1")
    told = play.host.path("/tmp/told").read_text().splitlines()
    assert told == ["ups2 event-mains-lost " + ACAD.format(0)]
    event(play, "!system=IFNET subsystem=ix0 type=LINK_UP")
    assert "ups1" not in play.names("guest")
    assert "devd: event link: is off" in play.log("ups1")
    event(play, ACAD.format(1))
    assert play.phase("ups1") == STARTED
    event(play, "!system=IFNET subsystem=ix0 type=LINK_UP")
    play.ran("bhyvectl --destroy")
    assert play.phase("ups1") == STARTED
    play.down("ups1")


@scenario()
def what_an_event_tells_is_data(play: Play) -> None:
    """Nothing in it is run or split, and a hook of an event has its time."""
    words = "$(touch /tmp/harm) `touch /tmp/harm` ; touch /tmp/harm ' \" \\"
    line = f"+umass0 at bus=1 vendor={words} on uhub0"
    event(play, line)
    assert play.host.path("/tmp/told").read_text() == f"ups1 event-stick {line}\n"
    assert not play.host.path("/tmp/harm").exists()
    play.host.path("/tmp/hang").touch()
    event(play, ACAD.format(0))
    assert "the hook event-mains-lost/10-told.sh took over 5 seconds" in play.log("ups2")


@scenario()
def the_last_of_several_counts(play: Play) -> None:
    """The mains are lost and come back while the guest stops: it is started then."""
    play.guest("ups1", {"shutdown": 15.0}, {})
    play.up("ups1")
    play.wait(10)
    for name, action in (("lost", "stop"), ("back", "start"), ("again", "stop"), ("last", "start")):
        play.spawn(name, HIVECTL, "event", "own", "told", f"{action}:ups1/mains-{name}")
        play.host.advance(2)
    play.host.advance(60)
    assert play.phase("ups1") == STARTED
    assert "devd: event mains-back: a later one came before its start" in play.log("ups1")
    assert "devd: event mains-again: a later one came before its stop" in play.log("ups1")


@scenario()
def a_start_waits_for_what_comes_late(play: Play) -> None:
    """The mains are back before the file system with its disk is mounted: nobody would start it again."""
    play.made("ups1")
    play.sh("mv /srv/vms /srv/unmounted")
    event(play, ACAD.format(1))
    assert play.phase("ups1").startswith("waiting: disk root: /srv/vms/ups1/root.img was there once and is missing")
    play.sh("mv /srv/unmounted /srv/vms")
    play.wait(70)
    assert play.phase("ups1") == STARTED
    play.down("ups1")


CORE = '!system=kernel subsystem=signal type=coredump comm="/usr/sbin/bhyve" core="{}"'


@scenario()
def a_core_file_is_recorded(play: Play) -> None:
    """Where it is stands in the record of the crash, also where no pattern tells it, and where the name has the pid."""
    play.guest("ups1", {"end": "abort", "after": 40}, {"end": "abort", "after": 40}, {})
    play.up("ups1")
    play.up("ups2")
    play.wait(41)
    play.spawn("core", HIVECTL, "event", "core", '/var/crash/my "bhyve".core')
    play.wait(5)
    play.join("core")
    record = play.host.path("/var/db/hivewright/ups1/crashes/1").read_text()
    assert 'core /var/crash/my "bhyve".core\n' in record
    assert record.endswith("end\n")
    play.wait(45)
    pid = play.host.path("/var/db/hivewright/ups1/crashes/2").read_text().partition("\npid ")[2].partition("\n")[0]
    event(play, CORE.format(f"/var/crash/bhyve.{pid}.core"))
    assert f"/crashes/2 and /var/crash/bhyve.{pid}.core\n" in play.hivectl("status", "ups1").out
    event(play, CORE.format("/var/crash/other.core").replace("/usr/sbin/bhyve", "/usr/bin/true"), ran=False)
    play.down("ups1", "ups2")


@scenario()
def a_core_file_while_the_clock_is_set(play: Play) -> None:
    """It is of the crash of a moment ago, whatever the clock says; a triple fault leaves none."""
    play.guest("ups1", {"end": "abort", "after": 40}, {"end": "triple", "after": 400}, {})
    play.guest("ups2", {"end": "abort", "after": 440}, {})
    play.up("ups1")
    play.up("ups2")
    play.wait(41)
    play.host.call("set_clock", seconds=7200)
    event(play, CORE.format("/var/crash/first.core"))
    crashes = play.host.path("/var/db/hivewright")
    first = (crashes / "ups1/crashes/1").read_text()
    assert "\ncore /var/crash/first.core\n" in first
    play.wait(405)
    play.host.call("set_clock", seconds=-400)
    event(play, CORE.format("/var/crash/second.core"))
    assert (crashes / "ups1/crashes/1").read_text() == first
    assert "\ncore none\n" in (crashes / "ups1/crashes/2").read_text()
    assert "\ncore /var/crash/second.core\n" in (crashes / "ups2/crashes/1").read_text()
    play.wait(60)
    play.down("ups1", "ups2")


@scenario()
def a_core_file_long_after_a_crash(play: Play) -> None:
    """A crash of which no file was told is not that of today's file, though the clock was set back to it."""
    play.guest("ups1", {"end": "abort", "after": 40}, {})
    play.up("ups1")
    play.wait(500)
    play.host.call("set_clock", seconds=-400)
    event(play, CORE.format("/var/crash/today.core"))
    assert "\ncore none\n" in play.host.path("/var/db/hivewright/ups1/crashes/1").read_text()
    play.down("ups1")
