"""What keeps the words of a console is killed at each step, its commands fail, its file system is full: what comes
afterwards is kept, and a kill loses nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from host.campaign import steps
from host.meeting import NEVER
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

LOG = "/var/log/hivewright/term3.com1.log"
LINES = 8
SAID = [f"line {number}" for number in range(LINES)]
SPEAK = f"n=0; while [ $n -lt {LINES} ]; do echo line $n; n=$((n + 1)); sleep 3; done"


def recorder(host: Host) -> str:
    """What tmux(1) is told to run, at the start of a guest."""
    assert host.run(HIVECTL, "start", "term3").status == 0
    (line,) = [line for line in host.transcript() if " pipe-pane " in line]
    assert host.run(HIVECTL, "stop", "term3").status == 0
    return shlex.split(line)[-1]


def speak(host: Host, command: str) -> list[str]:
    """A console says a line each three seconds: what is kept of it. Nothing goes on when it is silent for good."""
    outcome = host.run("/bin/sh", "-c", f"{{ {SPEAK}; }} | /bin/sh -c {shlex.quote(command)}", name="port")
    assert outcome.status == 0, outcome
    log = host.path(LOG)
    kept = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    host.advance(10)
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("victims", [("verb _record",), ("all of _record",)])
def test_a_recorder_that_is_killed_comes_back(victims: tuple[str, ...], open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "debug", "alpha", "dash")
    command = recorder(host)
    assert speak(host, command) == SAID
    killed = 0
    for number in steps(60, victims):
        before = host.call("executed")
        host.call("kill_after", count=number, targets=list(victims))
        kept = speak(host, command)
        killed += bool(host.call("killed"))
        met = host.call("executed") - before >= number
        host.call("kill_after", count=NEVER, targets=[])
        assert sorted(kept) == SAID, number
        if not met:
            assert killed > 1
            return
    raise AssertionError("there is no end of steps")


@pytest.mark.slow
def test_what_comes_when_there_is_space_again_is_kept(open_site: Callable[..., Host]) -> None:
    """One write that finds none costs the words of a second, and none twice; a file system that stays full keeps
    nobody waiting."""
    host = open_site(SCENARIOS / "debug", "alpha", "dash", counted=True)
    command = recorder(host)
    for number in steps(60, "full"):
        host.call("fill_at", write=number)
        kept = speak(host, command)
        met = len(host.call("writes")) >= number
        host.call("fill_at", write=0)
        assert kept == sorted(set(kept)), number
        assert len(kept) >= LINES - 2, (number, kept)
        if not met:
            assert number > 2
            break
    host.call("fill_at", write=1, count=0)
    assert speak(host, command) == []
    host.call("fill_at", write=0)
    assert speak(host, command) == SAID


@pytest.mark.slow
def test_a_command_that_fails_ends_no_log(open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "debug", "alpha", "dash")
    command = recorder(host)
    for number in steps(60, "failure"):
        host.call("fail_at", command=number)
        kept = speak(host, command)
        failed = host.call("failed")
        assert len(kept) >= LINES - 2, (failed, kept)
        if not failed:
            assert kept == SAID
            return
    raise AssertionError("there is no end of steps")
