"""Scenarios of several actors: the service, two starts at once, orphans, and what status and list say."""

from __future__ import annotations

import json

from .play import HIVECTL, Play, Scenario, down, leftovers, made, up

ENABLED = 'hivewright_enable="YES"\n'
ANSWERS = {"ports": {"192.0.2.20:5432": 8}}


def service_start_and_shutdown(play: Play) -> None:
    """Boot and shutdown: order, after, ready; equal orders side by side, stopped in reverse."""
    made(play, "db1", "web1", "app1", "gpu1")
    play.host.path("/etc/rc.conf").write_text(ENABLED)
    play.guest("db1", ANSWERS)
    play.service("start")
    play.show("interface", "guest", "process")
    guests = {line.split()[1] for line in play.host.state() if line.startswith("guest ")}
    assert guests == {"db1", "web1", "app1", "gpu1"}
    play.wait(30)
    play.service("faststop")
    play.show()
    assert not leftovers(play.host)


def boot_in_background(play: Play) -> None:
    """rc(8) calls faststart at boot: the boot goes on, a stop ends what is still to be started."""
    made(play, "db1", "web1", "app1", "gpu1")
    play.host.path("/etc/rc.conf").write_text(ENABLED)
    play.guest("db1", ANSWERS)
    play.service("faststart")
    play.wait(4)
    play.show("guest")
    play.service("faststop")
    play.wait(60)
    assert not [line for line in leftovers(play.host) if "boot" not in line]


def service_not_ready(play: Play) -> None:
    """db1 never answers: app1, which needs it, is not started; the others are."""
    made(play, "db1", "web1", "gpu1")
    play.host.path("/etc/rc.conf").write_text(ENABLED)
    play.service("start", status=None)
    play.show("guest")
    assert "guest web1" in play.host.state()


def service_disabled(play: Play) -> None:
    """A service that is not enabled does nothing; one may start a guest all the same."""
    play.service("start")
    assert not [line for line in play.host.state() if line.startswith(("guest", "interface tap"))]
    play.service("onestart", "web1")
    assert "guest web1" in play.host.state()
    play.service("onestatus", status=None)
    play.service("onestop", "web1")
    assert not leftovers(play.host)


def shutdown_with_stubborn(play: Play) -> None:
    """One guest that needs force does not hold up those beside it."""
    play.guest("web1", {"ignore": 1000})
    play.host.path("/etc/rc.conf").write_text(ENABLED)
    play.guest("db1", ANSWERS)
    play.service("start")
    play.host.advance(60)
    play.quietly()
    play.service("faststop")
    assert not leftovers(play.host)


def two_starts_at_once(play: Play) -> None:
    """One of two starts wins, the other finds the guest started."""
    made(play, "web1")
    play.host.spawn(HIVECTL, "start", "web1", name="first")
    play.host.spawn(HIVECTL, "start", "web1", name="second")
    for name in ("first", "second"):
        play.say(name)
        play.result(play.host.wait(name))
    play.take()
    guests = [line for line in play.show("interface", "context", "guest", "process") if line.startswith("guest")]
    assert guests == ["guest web1"]
    down(play, "web1")


def start_and_stop_at_once(play: Play) -> None:
    """Whatever wins, nothing is half done."""
    made(play, "web1")
    play.host.spawn(HIVECTL, "start", "web1", name="start")
    play.host.spawn(HIVECTL, "stop", "web1", name="stop")
    for name in ("start", "stop"):
        outcome = play.host.wait(name)
        assert outcome.status is not None, outcome.err
        play.say(name)
        play.result(outcome)
    play.take()
    down(play, "web1")


def orphan_adopted(play: Play) -> None:
    """Supervisor and daemon were killed; a start takes the running guest over."""
    play.guest("web1", {"end": "reboot", "after": 200}, {})
    up(play, "web1")
    assert play.host.call("kill", target="daemon web1")
    assert play.host.call("kill", target="supervisor web1")
    play.host.advance(10)
    play.quietly()
    play.hivectl("status", "web1", status=None)
    play.hivectl("start", "web1")
    play.show("interface", "context", "guest", "process")
    assert "guest web1" in play.host.state()
    play.wait(300)
    assert "guest web1" in play.host.state()
    down(play, "web1")


def orphan_stopped(play: Play) -> None:
    """Supervisor and daemon were killed; a stop ends the guest and cleans up."""
    up(play, "web1")
    play.host.call("kill", target="daemon web1")
    play.host.call("kill", target="supervisor web1")
    play.host.advance(10)
    play.quietly()
    play.hivectl("stop", "web1")
    play.show()
    assert not leftovers(play.host)


def daemon_killed(play: Play) -> None:
    """Only daemon(8) was killed: a second supervisor must not fight with the first."""
    play.guest("web1", {"end": "reboot", "after": 200}, {})
    up(play, "web1")
    play.host.call("kill", target="daemon web1")
    play.host.advance(10)
    play.quietly()
    play.hivectl("start", "web1", status=None)
    play.wait(300)
    assert [line for line in play.host.state() if line.startswith("guest")] == ["guest web1"]
    down(play, "web1")


def supervisor_killed(play: Play) -> None:
    """Only the supervising shell was killed; its daemon ends with it, the guest lives on."""
    up(play, "web1")
    play.host.call("kill", target="supervisor web1")
    play.host.advance(10)
    play.quietly()
    play.hivectl("list")
    play.hivectl("start", "web1")
    down(play, "web1")


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
    up(play, "web1")
    ask("running")
    play.host.advance(53)
    assert play.status("web1") == "pausing"
    play.quietly()
    ask("pausing")
    down(play, "web1")
    ask("stopped")
    play.guest("web1", *[{"end": "triple", "after": 1}] * 5)
    up(play, "web1")
    play.host.advance(500)
    play.quietly()
    ask("failed")


SCENARIOS = [
    Scenario("service-start-and-shutdown", service_start_and_shutdown),
    Scenario("boot-in-background", boot_in_background),
    Scenario("service-not-ready", service_not_ready),
    Scenario("service-disabled", service_disabled),
    Scenario("shutdown-with-stubborn", shutdown_with_stubborn),
    Scenario("two-starts-at-once", two_starts_at_once),
    Scenario("start-and-stop-at-once", start_and_stop_at_once),
    Scenario("orphan-adopted", orphan_adopted),
    Scenario("orphan-stopped", orphan_stopped),
    Scenario("daemon-killed", daemon_killed),
    Scenario("supervisor-killed", supervisor_killed),
    Scenario("what-status-says", what_status_says),
]
