"""Scenarios of several actors: the service, two starts at once, orphans, and what status and list say."""

from __future__ import annotations

import json
from pathlib import Path

from host.build import install
from host.play import HIVECTL, Play
from host.scenario import scenario

ANSWERS = {"ports": {"192.0.2.20:5432": 8}}
GUESTS = ["app1", "db1", "gpu1", "web1"]
"""Those that start with the host."""
DESTROY = "bhyvectl --destroy --vm=web1"
UNDO = (DESTROY, "ifconfig tap-web1-lan destroy")
BEGIN = "daemon -m 0 -P /var/run/hivewright/web1/lock"
ORPHAN = "its supervisor is gone; start adopts the guest, stop ends it"


def enable(play: Play) -> None:
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')


def ready_to_start(play: Play) -> None:
    """The service is enabled, and the disks are made."""
    play.made("db1", "web1", "app1", "gpu1")
    enable(play)


def orphaned(play: Play, *targets: str) -> None:
    """web1 runs, and what supervises it was killed ten seconds ago."""
    play.up("web1")
    play.kill(*(f"{target} web1" for target in targets))
    play.host.advance(10)
    play.quietly()


def adopts(play: Play) -> None:
    """A start takes the running guest over, and starts nothing."""
    play.hivectl("start", "web1", says="web1: adopted (pid N): it ran without its supervisor")
    play.order(BEGIN, "pgrep -fx", "pwait <bhyve web1>")
    play.never("bhyve", "ifconfig", "bhyvectl")


@scenario(transcript=True)
def service_start_and_shutdown(play: Play) -> None:
    """Boot and shutdown: order, after, ready; equal orders side by side, stopped in reverse."""
    ready_to_start(play)
    play.guest("db1", ANSWERS)
    play.service("start")
    assert play.names("guest") == GUESTS
    assert play.members("br-inner") == ["tap-app1-inner private"]
    play.wait(30)
    play.service("faststop")
    for name in GUESTS:
        assert play.phase(name) == "stopped: a stop was asked for"
    play.nothing_left()


@scenario()
def boot_in_background(play: Play) -> None:
    """rc(8) calls faststart at boot: the boot goes on, a stop ends what is still to be started."""
    ready_to_start(play)
    play.guest("db1", ANSWERS)
    play.service("faststart", says=[])
    play.order("daemon -f -P /var/run/hivewright/boot.lock", "bhyve ... db1", "bhyve ... web1")
    play.wait(4)
    play.order(*["nc -z -w 1 192.0.2.20 5432 = 1"] * 4)
    assert play.names("guest") == ["db1", "web1"]
    play.service("faststop", says=["web1: stopped: a stop was asked for", "db1: stopped: a stop was asked for"])
    play.order("lockf * /var/run/hivewright/boot.lock true = 75", "pwait -t 5 <web1>", "pwait -t 5 <db1>")
    play.wait(60)
    play.nothing_ran()
    play.nothing_left("boot")


@scenario()
def service_not_ready(play: Play) -> None:
    """db1 never answers: app1, which needs it, waits in the background; the others are started, gpu1 after the time."""
    ready_to_start(play)
    started = [f"{name}: started (pid N)" for name in ("db1", "web1", "gpu1")]
    late = "app1: waits: it comes after db1, which does not answer at 192.0.2.20:5432"
    play.service("start", status=1, says=[*started[:2], late, started[2]])
    play.order("bhyve ... db1", "bhyve ... web1", "bhyve ... gpu1")
    assert play.ran("nc -z -w 1 192.0.2.20 5432 = 1") > 8
    assert play.names("guest") == ["db1", "gpu1", "web1"]


@scenario()
def ready_while_the_clock_is_set(play: Play) -> None:
    """db1 answers in time, whatever the clock says meanwhile; so the guest after it is started."""
    ready_to_start(play)
    play.guest("db1", ANSWERS)
    play.spawn("start", HIVECTL, "start", "db1", "app1")
    play.host.advance(2)
    play.host.call("set_clock", seconds=7200)
    play.join("start", says=["db1: started (pid N)", "app1: started (pid N)"])


@scenario()
def never_ready_while_the_clock_is_set(play: Play) -> None:
    """db1 never answers, and the clock is set back: the wait ends after 15 seconds all the same."""
    ready_to_start(play)
    play.spawn("start", HIVECTL, "start", "db1", "app1")
    play.host.advance(2)
    play.host.call("set_clock", seconds=-7200)
    play.host.advance(16)
    late = "app1: waits: it comes after db1, which does not answer at 192.0.2.20:5432"
    assert late in play.host.call("output", name="start")
    play.join("start", status=1, says=["db1: started (pid N)", late])


@scenario()
def service_disabled(play: Play) -> None:
    """A service that is not enabled does nothing; one may start a guest all the same."""
    play.service("start", says="Cannot 'start' hivewright. Set hivewright_enable to YES in /etc/rc.conf")
    play.order("service hivewright start")
    assert len(play.step) == 1
    made = ["web1: disk root: creating the file", "web1: making the UEFI variables", "web1: started (pid N)"]
    play.service("onestart", "web1", says=made)
    assert play.names("guest") == ["web1"]
    never = "stopped      1     1G -                -       never started since the boot"
    rows = [f"{name:<16} {never}" for name in ("db1", "app1", "web1", "gpu1", "idle1")]
    rows[2] = "web1             running      1     1G 192.0.2.10+      0s"
    play.service("onestatus", says=["NAME             STATE     CPUS MEMORY ADDRESS          UPTIME  NOTE", *rows])
    play.service("onestop", "web1", says="web1: stopped: a stop was asked for")
    play.order("pwait -t 5 <web1>", *UNDO)
    play.nothing_left()


@scenario()
def shutdown_with_stubborn(play: Play) -> None:
    """One guest that needs force does not hold up those beside it; those after it wait."""
    play.guest("web1", {"ignore": 1000})
    enable(play)
    play.guest("db1", ANSWERS)
    play.service("start")
    play.host.advance(60)
    play.quietly()
    stopped = "stopped: a stop was asked for"
    forced = ["web1: did not stop in 20 seconds; forcing it", f"web1: {stopped}, and took force"]
    play.service("faststop", says=[f"gpu1: {stopped}", f"app1: {stopped}", *forced, f"db1: {stopped}"])
    ends = [f"bhyvectl --destroy --vm={name}" for name in ("gpu1", "app1", "web1", "db1")]
    play.order(*ends[:2], "bhyvectl --force-poweroff --vm=web1", *ends[2:])
    assert play.ran("pwait -t 5 <web1> = 124") == 4
    play.nothing_left()


@scenario(everyday=True)
def two_starts_at_once(play: Play) -> None:
    """One of two starts wins, the other finds the guest started."""
    play.made("web1")
    play.spawn("first", HIVECTL, "start", "web1")
    play.host.spawn(HIVECTL, "start", "web1", name="second")
    play.join("first", says="web1: started (pid N)")
    play.join("second", says="web1: already running (pid N)")
    play.order("ifconfig tap create name tap-web1-lan", "ifconfig br-lan addm tap-web1-lan", "bhyve ... web1")
    assert play.ran(f"{BEGIN} * = 3") == 2
    assert play.names("guest") == play.names("context") == ["web1"]
    assert play.state("process") == ["process daemon web1", "process supervisor web1"]
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]
    play.down("web1")


@scenario()
def start_and_stop_at_once(play: Play) -> None:
    """Whatever wins, nothing is half done."""
    play.made("web1")
    play.spawn("start", HIVECTL, "start", "web1")
    play.host.spawn(HIVECTL, "stop", "web1", name="stop")
    play.join("start")
    play.join("stop")
    assert play.status("web1") in ("running", "stopped")
    play.down("web1")


@scenario()
def orphan_adopted(play: Play) -> None:
    """Supervisor and daemon were killed; a start takes the running guest over; its next run has all steps anew."""
    play.guest("web1", {"end": "reboot", "after": 200}, {})
    orphaned(play, "daemon", "supervisor")
    play.tells("web1", "web1 is lost since 10s, pid N", ORPHAN, "log", status=1)
    adopts(play)
    assert play.state("process") == ["process daemon web1", "process supervisor web1"]
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]
    play.wait(300)
    tap = ("ifconfig tap-web1-lan destroy", "ifconfig tap create name tap-web1-lan")
    play.order(DESTROY, *tap, "bhyve ... web1")
    assert play.names("guest") == ["web1"]
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]
    play.down("web1")


@scenario()
def orphan_defined_anew(play: Play) -> None:
    """The definition changed before an orphan was adopted: it goes on as it runs, and its next run is the new one."""
    play.guest("web1", {"end": "reboot", "after": 200}, {})
    orphaned(play, "daemon", "supervisor")
    nic = '[vm.web1.nic.lan]\nnetwork = "lan"\n'
    inner = nic.replace("lan", "inner")
    install(play.host, (nic, nic + inner), ("# app1: starts", "# app1: comes"), site=Path(__file__).parent)
    adopts(play)
    assert play.members("br-inner") == []
    changed = "the definition changed since the start"
    brings = "a restart would bring: "
    its_tap = f"{brings}prepare tap inner tap-web1-inner br-inner 1500"
    play.tells("web1", "web1 is running", "adopted", changed, "wave", its_tap, f"{brings}-s 0:5:0")
    play.wait(300)
    play.order(DESTROY, "ifconfig tap-web1-lan destroy", "ifconfig tap create name tap-web1-inner", "bhyve ... web1")
    assert "tap-web1-inner" in play.host.path("/var/run/hivewright/web1/words").read_text()
    assert play.members("br-inner") == ["tap-web1-inner"]
    play.tells("web1", "web1 is running", "started", "wave")
    play.down("web1")


@scenario()
def orphan_stopped(play: Play) -> None:
    """Supervisor and daemon were killed; a stop ends the guest and cleans up."""
    orphaned(play, "daemon", "supervisor")
    gone = "cleaned up after its supervisor, which was gone"
    play.hivectl("stop", "web1", says=["web1: stopping bhyve N, which nobody supervises", f"web1: stopped: {gone}"])
    play.order("lockf * /var/run/hivewright/web1/lock", "pgrep -fx", "pwait -t 5 <bhyve web1>", *UNDO)
    assert play.phase("web1") == f"stopped: {gone}"
    assert play.members("br-lan") == ["ix0"]
    play.nothing_left()


@scenario()
def daemon_killed(play: Play) -> None:
    """Only daemon(8) was killed: a second supervisor must not fight with the first."""
    play.guest("web1", {"end": "reboot", "after": 200}, {})
    orphaned(play, "daemon")
    adopts(play)
    play.wait(300)
    play.order(DESTROY, "bhyve ... web1")
    assert play.names("guest") == ["web1"]
    play.down("web1")


@scenario()
def supervisor_killed(play: Play) -> None:
    """Only the supervising shell was killed; its daemon ends with it, the guest lives on."""
    orphaned(play, "supervisor")
    rows = play.hivectl("list").out.splitlines()
    assert [row.split()[:2] for row in rows[1:]] == [
        [name, "lost" if name == "web1" else "stopped"] for name in ("db1", "app1", "web1", "gpu1", "idle1")
    ]
    assert ORPHAN in rows[3]
    assert play.state("process") == []
    adopts(play)
    play.down("web1")


@scenario(transcript=True)
def what_status_says(play: Play) -> None:
    """status and list in each phase, for people and as JSON."""

    def ask(moment: str) -> None:
        play.say(moment)
        play.hivectl("list", status=None)
        play.hivectl("status", "web1", status=None)
        for words in (("list", "--json"), ("status", "--json", "web1")):
            outcome = play.hivectl(*words, status=None)
            json.loads(outcome.out)

    ask("never started")
    play.guest("web1", {"end": "triple", "after": 50}, {"end": "triple", "after": 1}, {"end": "triple", "after": 1})
    play.up("web1")
    ask("running")
    play.host.advance(53)
    assert play.status("web1") == "pausing"
    play.quietly()
    ask("pausing")
    play.down("web1")
    ask("stopped")
    play.guest("web1", *[{"end": "triple", "after": 1}] * 5)
    play.up("web1")
    play.host.advance(500)
    play.quietly()
    ask("failed")
