"""Events of devd(8), reload and hooks meet a command that fails, a kill and a full file system at each step: the same
event once more, or the command, has what was promised."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from host.meeting import TROUBLES, meeting
from host.play import HIVECTL, leftovers
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

RUN, DB = "/var/run/hivewright", "/var/db/hivewright"
FOLLOW = ("operator victim", "verb _follow")


def phase(host: Host, name: str) -> str:
    (row,) = json.loads(host.run(HIVECTL, "status", "--json", name).out)
    return str(row["state"])


def sh(host: Host, script: str) -> None:
    outcome = host.run("/bin/sh", "-c", f"set -e; {script.replace('hivectl', HIVECTL)}")
    assert outcome.status == 0, outcome


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("comes", [True, False])
def test_an_address_is_followed_in_the_end(comes: bool, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "follows", "alpha", "dash", counted=trouble == "full")
    event = (HIVECTL, "event", "carp", "7@ix0")

    def prepare() -> None:
        host.call("carp", name="ix0", vhid=7, state="BACKUP" if comes else "MASTER")
        host.run(HIVECTL, "stop", "vip1")
        host.run(HIVECTL, "start", "vip1")
        host.advance(10)
        assert phase(host, "vip1") == ("standby" if comes else "running")
        host.call("carp", name="ix0", vhid=7, state="MASTER" if comes else "BACKUP")

    for status in meeting(host, trouble, event[1:], prepare, *FOLLOW):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        assert host.run(*event).status == 0, where
        host.advance(90)
        assert phase(host, "vip1") == ("running" if comes else "standby"), where
        assert comes or leftovers(host) == [], where


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("action", ["start", "stop", "restart", "hook"])
def test_an_event_of_the_site_is_followed_in_the_end(action: str, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "follows", "alpha", "dash", counted=trouble == "full")
    name = "ups2/mains-lost" if action == "hook" else "ups1/mains-lost"
    event = (HIVECTL, "event", "own", "!system=ACPI", f"{action}:{name}")

    def prepare() -> None:
        sh(host, f"hivectl {'stop' if action == 'start' else 'start'} ups1 >/dev/null; rm -f /tmp/told")
        host.advance(10)

    for status in meeting(host, trouble, event[1:], prepare, *FOLLOW):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        host.run(*event)
        host.advance(90)
        if action == "hook":
            assert "ups2 event-mains-lost !system=ACPI\n" in host.path("/tmp/told").read_text(), where
        else:
            assert phase(host, "ups1") == ("stopped" if action == "stop" else "running"), where


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_record_of_a_crash_is_whole(trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "follows", "alpha", "dash", counted=trouble == "full")
    host.guest("ups1", *[{"end": "abort", "after": 30}, {}] * 100)
    record = host.path(f"{DB}/ups1/crashes/1")

    def prepare() -> None:
        sh(host, f"hivectl stop ups1 >/dev/null; rm -rf {DB}/ups1/crashes; hivectl start ups1 >/dev/null")
        host.advance(35)
        assert "core none\n" in record.read_text()

    for status in meeting(host, trouble, ("event", "core", "/var/crash/bhyve.core"), prepare):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        text = record.read_text()
        assert text.endswith("end\n"), where
        assert text.count("\ncore ") == 1, where
        assert host.run(HIVECTL, "event", "core", "/var/crash/bhyve.core").status == 0
        assert "core /var/crash/bhyve.core\n" in record.read_text(), where
        assert not host.path(f"{record}.new").exists() or trouble != "full"


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_reload_is_done_in_the_end(trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "follows", "alpha", "dash", counted=trouble == "full")
    sh(host, "hivectl start ups1 >/dev/null")

    def prepare() -> None:
        sh(host, f"touch -t 200001010000 /var/run/devd.pid; rm -f {RUN}/host.made")

    for status in meeting(host, trouble, ("reload",), prepare):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        again = host.run(HIVECTL, "reload")
        assert again.status == 0, f"{again}\n{where}"
        assert host.path(f"{RUN}/host.made").exists(), where
        assert host.run("service", "devd", "status").status == 0, where
        assert phase(host, "ups1") == "running", where


WATCHER, SUPERVISOR = "verb _became_ready", "supervisor all1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "victims"),
    [("failure", ()), ("full", ()), ("kill", (WATCHER,)), ("kill", (SUPERVISOR,)), ("kill", (SUPERVISOR, WATCHER))],
)
def test_ready_hooks_are_told_in_the_end(
    trouble: str, victims: tuple[str, ...], open_site: Callable[..., Host]
) -> None:
    """Once for a run of the guest: by whoever waits for that, or by who adopts the guest when nobody does any more;
    again if whoever told them was killed meanwhile. A hook that could not be run is told in the log."""
    host = open_site(SCENARIOS / "hooks", "alpha", "dash", counted=trouble == "full")
    host.guest("all1", *[{"ports": {"192.0.2.10:80": 3}}] * 400)
    told = host.path("/tmp/moments")

    def prepare() -> None:
        sh(host, "hivectl stop all1 >/dev/null; rm -f /tmp/moments /var/log/hivewright/all1.log")

    for status in meeting(host, trouble, ("start", "all1"), prepare, *victims, lasting=10):
        where = f"{status}\n" + "\n".join(host.transcript()[-40:])
        if SUPERVISOR in victims or "ready" not in moments(told):
            host.call("kill", target=SUPERVISOR)
            assert host.run(HIVECTL, "start", "all1").status == 0, where
            host.advance(20)
        assert phase(host, "all1") == "running", where
        found = moments(told)
        log = host.path("/var/log/hivewright/all1.log").read_text()
        often = 1 + (WATCHER in victims)
        assert 1 <= found.count("ready") <= often or "the hook ready/" in log, f"{found}\n{where}\n{log}"


def moments(told: Path) -> list[str]:
    return told.read_text().splitlines() if told.exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("moment", ["create", "checkpoint"])
def test_no_hook_that_may_refuse_is_left_out(moment: str, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "hooks", "alpha", "dash", counted=trouble == "full", snapshot=True)
    words = ("provision", "all1") if moment == "create" else ("checkpoint", "create", "all1", "v1")

    def prepare() -> None:
        if moment == "create":
            sh(host, f"rm -rf {DB}/all1 /srv/vms/all1 {RUN}/all1 /tmp/moments")
        else:
            sh(host, "hivectl start all1 >/dev/null; hivectl checkpoint delete all1 v1 >/dev/null 2>&1 || :")
            host.advance(10)
            sh(host, "rm -f /tmp/moments")

    for status in meeting(host, trouble, words, prepare):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        told = host.path("/tmp/moments")
        assert status != 0 or (told.exists() and moment in told.read_text()), where
        if status != 0:
            host.run(HIVECTL, *words)
            assert moment in told.read_text(), where
