"""Scenarios of guests that are debugged, and of consoles that are windows of tmux."""

from __future__ import annotations

import re
from dataclasses import replace

from .play import HIVECTL, Play, Scenario, down, leftovers, made, up

RUN = "/var/run/hivewright"
STAYS = "/.linux/run/debugger-stays"
"""See standin/debuggers.py."""


def debug(play: Play, name: str, *debugger: str) -> None:
    """Debug a guest in another terminal, until bhyve runs."""
    play.lines.append(f"$ hivectl debug {' '.join((name, *debugger))} &")
    play.host.spawn(HIVECTL, "debug", name, *debugger, name="debugging")
    play.host.advance(10)
    assert f"guest {name}" in play.host.state(), play.host.transcript()


def end(play: Play) -> None:
    """The other terminal has its prompt again. What shells say of a debugger that was killed differs."""
    play.take()
    play.say("the other terminal")
    outcome = play.host.wait("debugging")
    said = [line for line in outcome.err.splitlines() if not re.search(r"\b(Killed|Terminated)\b", line)]
    play.result(replace(outcome, err="\n".join(said)))


def nobody_debugs(play: Play, name: str) -> None:
    """Nothing is left, no debugger, no window, and the guest can be started."""
    assert not leftovers(play.host), leftovers(play.host)
    assert not play.host.path(f"{RUN}/{name}/tmux.sock").exists()
    state = [line for line in play.host.state() if line.startswith(f"file {RUN}/{name}/debugger")]
    assert state == [f"file {RUN}/{name}/debugger 0644 ''"] or not state, state
    play.guest(name, {})
    up(play, name)
    down(play, name)


def debugged_once(play: Play) -> None:
    """A guest runs once, however it ends; meanwhile nobody else starts it, and its state says so."""
    play.guest("bug1", {"end": "reboot", "after": 100})
    debug(play, "bug1")
    play.take()
    play.hivectl("status", "bug1", status=1)
    play.hivectl("start", "bug1", status=1)
    play.hivectl("debug", "bug1", status=1)
    play.wait(100)
    end(play)
    play.hivectl("status", "bug1", status=1)
    nobody_debugs(play, "bug1")


def debugged_by_choice(play: Play) -> None:
    """Who asks for lldb gets lldb; its console stays a window of tmux."""
    made(play, "term2")
    debug(play, "term2", "lldb")
    play.take()
    play.hivectl("stop", "term2")
    end(play)
    nobody_debugs(play, "term2")


def debugger_is_left_at_its_prompt(play: Play) -> None:
    """A stop ends the guest in good order, then its debugger."""
    play.host.path(STAYS).touch()
    debug(play, "bug1")
    play.take()
    play.hivectl("stop", "bug1")
    end(play)
    play.host.path(STAYS).unlink()
    nobody_debugs(play, "bug1")


def debugged_guest_is_stubborn(play: Play) -> None:
    """One that stands at a breakpoint notices no power button: when the time is over, it is killed."""
    play.host.path(STAYS).touch()
    play.guest("bug1", {"ignore": 100, "wedged": True})
    debug(play, "bug1")
    play.take()
    play.hivectl("stop", "bug1")
    end(play)
    play.host.path(STAYS).unlink()
    nobody_debugs(play, "bug1")


def debugging_is_refused(play: Play) -> None:
    """A guest that runs, a debugger that is not there, a word that is none."""
    up(play, "bug1")
    play.hivectl("debug", "bug1", status=1)
    down(play, "bug1")
    play.host.path("/usr/local/bin/gdb").unlink()
    play.hivectl("debug", "bug1", status=1)
    play.host.path("/usr/bin/lldb").unlink()
    play.hivectl("debug", "bug1", "lldb", status=1)
    play.hivectl("debug", "bug1", "dbx", status=2)
    assert not leftovers(play.host)


def debugging_fails_early(play: Play) -> None:
    """What a start would miss is missed here too, and undone."""
    made(play, "bug1")
    play.host.path("/srv/vms/bug1/root.img").unlink()
    play.hivectl("debug", "bug1", status=1)
    assert not leftovers(play.host), leftovers(play.host)


def debugged_guest_without_supervisor(play: Play) -> None:
    """The supervisor is killed: a stop ends guest and debugger, a start ends them first."""
    for verb in ("stop", "start"):
        play.host.path(STAYS).touch()
        debug(play, "bug1")
        assert play.host.call("kill", target="owner bug1")
        end(play)
        play.hivectl("status", "bug1", status=1)
        play.host.path(STAYS).unlink()
        play.hivectl(verb, "bug1")
        assert not play.host.call("kill", target="debugger bug1")
        if verb == "start":
            down(play, "bug1")
    nobody_debugs(play, "bug1")


def debugged_guest_without_lock(play: Play) -> None:
    """The holder of the lock is killed: the same, and the supervisor sees that it was deposed."""
    debug(play, "bug1")
    assert play.host.call("kill", target="holder bug1")
    play.hivectl("start", "bug1")
    assert play.host.wait("debugging").status == 137
    assert play.status("bug1") == "running"
    down(play, "bug1")
    nobody_debugs(play, "bug1")


def debugger_is_killed(play: Play) -> None:
    """The guest dies with its debugger, and all is undone."""
    debug(play, "bug1")
    assert play.host.call("kill", target="debugger bug1")
    end(play)
    nobody_debugs(play, "bug1")


def debugger_lets_go(play: Play) -> None:
    """bhyve goes on without its debugger: the session waits for its end, and a stop ends it as always."""
    play.host.path("/.linux/run/debugger-detaches").touch()
    debug(play, "bug1")
    play.wait(20)
    play.hivectl("status", "bug1", status=1)
    play.hivectl("start", "bug1", status=1)
    play.hivectl("stop", "bug1")
    end(play)
    nobody_debugs(play, "bug1")


def stub_is_taken(play: Play) -> None:
    """bhyve ends with status 1 where the address of the stub is taken, which is no power-off."""
    play.hivectl("start", "stub1", status=None)
    play.wait(5)
    play.hivectl("status", "stub1", status=1)
    assert play.status("stub1") == "failed"
    assert not leftovers(play.host)


def stub_listens(play: Play) -> None:
    """A power-off within the first minute is one all the same."""
    play.guest("stub1", {"end": "poweroff", "after": 5})
    play.hivectl("start", "stub1")
    play.wait(10)
    assert play.status("stub1") == "stopped"
    nobody_debugs(play, "stub1")


def window_for_a_console(play: Play) -> None:
    """One window for all runs of a guest; a view of it is what the operator gets."""
    play.guest("term1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "term1")
    play.wait(150)
    assert "guest term1" in play.host.state()
    play.hivectl("console", "term1")
    play.hivectl("stop", "term1")
    play.hivectl("console", "term1", status=1)
    nobody_debugs(play, "term1")


def window_is_killed(play: Play) -> None:
    """Who kills the window under a guest takes its console; the next run has one again."""
    play.guest("term1", {"end": "reboot", "after": 100}, {})
    up(play, "term1")
    assert play.host.run("tmux", "-S", f"{RUN}/term1/tmux.sock", "kill-server").status == 0
    play.quietly()
    play.wait(150)
    assert "guest term1" in play.host.state()
    down(play, "term1")
    nobody_debugs(play, "term1")


def window_of_a_killed_guest(play: Play) -> None:
    """Supervisor and guest are killed: a start finds the window, a stop ends it; so it is with an orphan."""
    up(play, "term1")
    assert play.host.call("kill", target="supervisor term1")
    assert play.host.call("kill", target="bhyve term1")
    play.hivectl("start", "term1")
    assert play.host.call("kill", target="supervisor term1")
    play.hivectl("stop", "term1")
    nobody_debugs(play, "term1")
    up(play, "term1")
    assert play.host.call("kill", target="supervisor term1")
    up(play, "term1")
    down(play, "term1")
    nobody_debugs(play, "term1")


def window_without_tmux(play: Play) -> None:
    """The message names the package."""
    play.host.path("/usr/local/bin/tmux").unlink()
    play.hivectl("start", "term1", status=1)
    assert not leftovers(play.host)


SCENARIOS = [
    Scenario("debugged-once", debugged_once),
    Scenario("debugged-by-choice", debugged_by_choice),
    Scenario("debugger-is-left-at-its-prompt", debugger_is_left_at_its_prompt),
    Scenario("debugged-guest-is-stubborn", debugged_guest_is_stubborn),
    Scenario("debugging-is-refused", debugging_is_refused),
    Scenario("debugging-fails-early", debugging_fails_early),
    Scenario("debugged-guest-without-supervisor", debugged_guest_without_supervisor),
    Scenario("debugged-guest-without-lock", debugged_guest_without_lock),
    Scenario("debugger-is-killed", debugger_is_killed),
    Scenario("debugger-lets-go", debugger_lets_go),
    Scenario("stub-is-taken", stub_is_taken, {"listening": ["127.0.0.1:1234"]}),
    Scenario("stub-listens", stub_listens),
    Scenario("window-for-a-console", window_for_a_console),
    Scenario("window-is-killed", window_is_killed),
    Scenario("window-of-a-killed-guest", window_of_a_killed_guest),
    Scenario("window-without-tmux", window_without_tmux),
]
