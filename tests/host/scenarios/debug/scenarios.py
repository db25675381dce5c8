"""Scenarios of guests that are debugged, and of consoles that are windows of tmux."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from host.play import HIVECTL, Play
from host.scenario import scenario

RUN = "/var/run/hivewright"
STAYS = "/.linux/run/debugger-stays"
"""See standin/debuggers.py."""

GDB = "gdb -ex 'handle SIGTERM SIGCONT nostop noprint pass' --args /usr/sbin/bhyve"
BEGUN = [
    "bug1: disk root: creating the file",
    "bug1: making the UEFI variables",
    "bug1: bhyve is under gdb: run starts",
]
ENDED = "bug1: the debugger ended"
DESTROY = "bhyvectl --destroy --vm=bug1"
TAP = "ifconfig tap-bug1-inner destroy"
POSTSTOP = "timeout * HIVE_MOMENT=poststop HIVE_STATUS=unknown"
STOPPED = "bug1: stopped: a stop was asked for"
WINDOW = f"tmux -S {RUN}/term1/tmux.sock"


def undone(reason: str) -> tuple[str, ...]:
    """What a session undoes at its end: the context, then what the hook wants to know, then the tap."""
    return (DESTROY, f"{POSTSTOP} 'HIVE_REASON={reason}' * HIVE_TAPS=tap-bug1-inner", TAP)


def debug(play: Play, name: str, *debugger: str) -> None:
    """Debug a guest in another terminal, until bhyve runs."""
    play.spawn("debugging", HIVECTL, "debug", name, *debugger)
    play.host.advance(10)
    assert play.names("guest") == [name], play.host.transcript()
    play.take()


def ends(play: Play, says: Sequence[str], status: int = 0) -> None:
    """The other terminal has its prompt again. What shells say of a debugger that was killed differs."""
    outcome = play.host.wait("debugging")
    play.take()
    play.say("the other terminal")
    said = [line for line in outcome.err.splitlines() if not re.search(r"\b(Killed|Terminated)\b", line)]
    play.check("the other terminal", replace(outcome, err="\n".join(said)), status, says)


def nobody_debugs(play: Play, name: str) -> None:
    """Nothing is left, no debugger, no window, and the guest can be started."""
    play.nothing_left()
    assert not play.host.path(f"{RUN}/{name}/tmux.sock").exists()
    state = play.state(f"file {RUN}/{name}/debugger")
    assert state in ([f"file {RUN}/{name}/debugger 0644 ''"], []), state
    play.guest(name, {})
    play.made(name)


@scenario(transcript=True)
def debugged_once(play: Play) -> None:
    """A guest runs once, however it ends; meanwhile nobody else starts it, and its state says so."""
    play.guest("bug1", {"end": "reboot", "after": 100})
    debug(play, "bug1")
    play.hivectl("status", "bug1", status=1)
    play.hivectl("start", "bug1", status=1)
    play.hivectl("debug", "bug1", status=1)
    play.wait(100)
    ends(play, [*BEGUN, ENDED])
    assert play.phase("bug1") == "stopped: the debugger ended"
    nobody_debugs(play, "bug1")


@scenario()
def debugged_by_choice(play: Play) -> None:
    """Who asks for lldb gets lldb, on the terminal of the console, which stays a window of tmux."""
    play.made("term2")
    debug(play, "term2", "lldb")
    window = f"tmux -S {RUN}/term2/tmux.sock"
    load = "bhyveload -c stdio -m 1G -d /srv/vms/term2/root.img term2"
    settings = "lldb -o 'settings set target.input-path /dev/pts/0' -o 'settings set target.output-path /dev/pts/0'"
    signals = "-o 'process handle -s false -n false -p true SIGTERM SIGCONT' -- /usr/sbin/bhyve"
    play.order(
        f"{window} -f /dev/null start-server", "stty raw -echo", load, f"{settings} {signals}", "bhyve ... term2"
    )
    play.hivectl("stop", "term2", says="term2: stopped: a stop was asked for")
    play.order("pwait -t 5 N", "bhyvectl --destroy --vm=term2", f"{window} kill-server", "rm -f")
    play.never("bhyvectl --force-poweroff")
    ends(play, ["term2: bhyve is under lldb: run starts it, quit ends it", "term2: the debugger ended"])
    nobody_debugs(play, "term2")


@scenario()
def debugger_is_left_at_its_prompt(play: Play) -> None:
    """A stop ends the guest in good order, then its debugger."""
    play.host.path(STAYS).touch()
    debug(play, "bug1")
    play.order("timeout * HIVE_MOMENT=prestart", "ifconfig tap create name tap-bug1-inner", GDB, "bhyve ... bug1")
    play.never("timeout * HIVE_MOMENT=poststart")
    play.hivectl("stop", "bug1", says=STOPPED)
    play.order("pwait -t 5 N = 124", *undone("a stop was asked for"), "pwait -t 5 N")
    play.never("bhyvectl --force-poweroff")
    ends(play, [*BEGUN, ENDED])
    play.host.path(STAYS).unlink()
    nobody_debugs(play, "bug1")


@scenario()
def debugged_guest_is_stubborn(play: Play) -> None:
    """One that stands at a breakpoint notices no power button: when the time is over, it is killed."""
    play.host.path(STAYS).touch()
    play.guest("bug1", {"ignore": 100, "wedged": True})
    debug(play, "bug1")
    play.hivectl("stop", "bug1", says=["bug1: did not stop in 20 seconds; forcing it", f"{STOPPED}, and took force"])
    late = "pwait -t 5 N = 124"
    play.order(
        *[late] * 4,
        "bhyvectl --force-poweroff --vm=bug1",
        late,
        *undone("a stop was asked for, and took force"),
        "pwait -t 5 N",
    )
    ends(play, [*BEGUN, ENDED])
    play.host.path(STAYS).unlink()
    nobody_debugs(play, "bug1")


@scenario()
def debugging_is_refused(play: Play) -> None:
    """A guest that runs, a debugger that is not there, a word that is none."""
    play.up("bug1")
    play.hivectl("debug", "bug1", status=1, says="bug1: it is running; stop it first")
    play.down("bug1")
    play.host.path("/usr/local/bin/gdb").unlink()
    missing = "bug1: /usr/local/bin/gdb is not on this host; install it: pkg install gdb"
    play.hivectl("debug", "bug1", status=1, says=missing)
    play.nothing_ran()
    play.host.path("/usr/bin/lldb").unlink()
    missing = "bug1: /usr/bin/lldb is not on this host; use gdb: hivectl debug bug1 gdb"
    play.hivectl("debug", "bug1", "lldb", status=1, says=missing)
    play.nothing_ran()
    assert "hivectl debug [-n] vm [lldb|gdb]" in play.hivectl("debug", "bug1", "dbx", status=2).err
    play.nothing_ran()
    play.nothing_left()


@scenario()
def debugging_fails_early(play: Play) -> None:
    """What a start would miss is missed here too, and undone."""
    play.made("bug1")
    play.host.path("/srv/vms/bug1/root.img").unlink()
    gone = "bug1: disk root: /srv/vms/bug1/root.img was there once and is missing; import its pool or mount its file"
    play.hivectl("debug", "bug1", status=1, says=gone)
    play.never("ifconfig", "gdb", "bhyve", "truncate")
    play.nothing_left()


CLEARED = (
    "pgrep -fx",
    "pwait -t 5 <bhyve bug1>",
    f"pkill -KILL -F {RUN}/bug1/debugger -fx -u 0 -j none '(/usr/bin/lldb|*/gdb) */bhyve* * bug1'",
    "pgrep -fx",
    DESTROY,
    "timeout * HIVE_MOMENT=poststop",
    TAP,
)
"""What is done about a session whose supervisor is gone: the guest ends in order, then its debugger."""
AGAIN = ("timeout * HIVE_MOMENT=prestart", "ifconfig tap create", "bhyve ... bug1", "timeout * HIVE_MOMENT=poststart")
UNSUPERVISED = "bug1: stopping bhyve N, which nobody supervises"


@scenario()
def debugged_guest_without_supervisor(play: Play) -> None:
    """The supervisor is killed: a stop ends guest and debugger, a start ends them first."""
    gone = "bug1: stopped: cleaned up after its supervisor, which was gone"
    told = ["bug1 is lost since 10s", "its supervisor is gone; start and stop end the debugger first"]
    for verb, begun, says, then in (
        ("stop", BEGUN, gone, ()),
        ("start", BEGUN[2:], "bug1: started (pid N)", AGAIN),
    ):
        play.host.path(STAYS).touch()
        debug(play, "bug1")
        play.kill("owner bug1")
        ends(play, begun, status=70)
        play.tells("bug1", *told, "does not start with the host", "log", status=1)
        play.host.path(STAYS).unlink()
        play.hivectl(verb, "bug1", says=[UNSUPERVISED, says])
        play.order(*CLEARED, *then)
        assert not play.host.call("kill", target="debugger bug1")
        if verb == "start":
            play.down("bug1")
    nobody_debugs(play, "bug1")


@scenario()
def debugged_guest_without_lock(play: Play) -> None:
    """The holder of the lock is killed: the same, and the supervisor sees that it was deposed."""
    debug(play, "bug1")
    play.kill("holder bug1")
    play.hivectl("start", "bug1", says=[UNSUPERVISED, "bug1: started (pid N)"])
    play.order(*CLEARED, *AGAIN)
    assert play.host.wait("debugging").status == 137
    assert play.status("bug1") == "running"
    play.down("bug1")
    nobody_debugs(play, "bug1")


@scenario()
def debugger_is_killed(play: Play) -> None:
    """The guest dies with its debugger, and all is undone."""
    debug(play, "bug1")
    play.kill("debugger bug1")
    ends(play, [*BEGUN, ENDED])
    play.order(GDB, *undone("the debugger ended"))
    assert play.names("interface") == ["br-inner", "bridge7"]
    nobody_debugs(play, "bug1")


@scenario()
def debugger_lets_go(play: Play) -> None:
    """bhyve goes on without its debugger: the session waits for its end, and a stop ends it as always."""
    play.host.path("/.linux/run/debugger-detaches").touch()
    debug(play, "bug1")
    play.wait(20)
    alone = "bhyve N goes on without gdb"
    says = ["bug1 is debugging since 10s, pid N", alone, "does not start with the host", "log"]
    play.tells("bug1", *says, status=1)
    play.hivectl("start", "bug1", status=1, says="bug1: it is being debugged")
    play.hivectl("stop", "bug1", says=STOPPED)
    play.order("pwait -t 5 N", *undone("a stop was asked for"))
    play.never("bhyvectl --force-poweroff")
    ends(play, [*BEGUN, f"bug1: {alone}; ^C presses its power button", "bug1: bhyve ended"])
    nobody_debugs(play, "bug1")


@scenario(listening=["127.0.0.1:1234"])
def stub_is_taken(play: Play) -> None:
    """bhyve ends with status 1 where the address of the stub is taken, which is no power-off."""
    play.hivectl("start", "stub1", status=None)
    play.order("bhyve ... stub1 = 1", "bhyvectl --destroy --vm=stub1")
    play.wait(5)
    play.nothing_ran()
    reason = "bhyve ended at once with status 1: bhyve: gdb socket bind: Address already in use"
    told = ["stub1 is failed since 5s", reason, "does not start with the host", "log"]
    play.tells("stub1", *told, status=1)
    play.nothing_left()


@scenario(everyday=True)
def stub_listens(play: Play) -> None:
    """A power-off within the first minute is one all the same."""
    play.guest("stub1", {"end": "poweroff", "after": 5})
    play.hivectl("start", "stub1")
    play.wait(10)
    play.order("bhyvectl --destroy --vm=stub1")
    assert play.phase("stub1") == "stopped: the guest powered off"
    nobody_debugs(play, "stub1")


@scenario()
def window_for_a_console(play: Play) -> None:
    """One window for all runs of a guest; a view of it is what the operator gets."""
    play.guest("term1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "term1")
    opened = (f"{WINDOW} -f /dev/null start-server ; set-option -g history-limit 10000", "stty raw -echo")
    play.order(*opened, "bhyve ... term1")
    play.wait(150)
    play.order("bhyvectl --destroy --vm=term1", f"{WINDOW} list-panes", "bhyve ... term1")
    play.never(opened[0])
    assert play.names("guest") == ["term1"]
    attached = ["term1: connecting to its terminal; leave with C-b d", "[detached]"]
    play.hivectl("console", "term1", says=attached)
    play.order(f"{WINDOW} attach-session -t =term1")
    play.hivectl("stop", "term1", says="term1: stopped: a stop was asked for")
    play.order("bhyvectl --destroy --vm=term1", f"{WINDOW} kill-server", f"rm -f {RUN}/term1/tmux.sock")
    play.hivectl("console", "term1", status=1, says="term1: its terminal is not there; is the guest running?")
    nobody_debugs(play, "term1")


@scenario()
def window_is_killed(play: Play) -> None:
    """Who kills the window under a guest takes its console; the next run has one again."""
    play.guest("term1", {"end": "reboot", "after": 100}, {})
    play.up("term1")
    play.sh(f"{WINDOW} kill-server")
    play.wait(150)
    play.order(f"{WINDOW} list-panes -F #{{pane_tty}} = 1", f"{WINDOW} -f /dev/null start-server", "bhyve ... term1")
    assert play.names("guest") == ["term1"]
    play.down("term1")
    nobody_debugs(play, "term1")


@scenario()
def window_of_a_killed_guest(play: Play) -> None:
    """Supervisor and guest are killed: a start makes the window anew, a stop ends it; so it is with an orphan."""
    play.up("term1")
    play.kill("supervisor term1", "bhyve term1")
    play.hivectl("start", "term1", says="term1: started (pid N)")
    remains = ("bhyvectl --destroy --vm=term1", f"{WINDOW} kill-server")
    play.order(*remains, f"{WINDOW} -f /dev/null start-server", "bhyve ... term1")
    play.kill("supervisor term1")
    gone = "term1: stopped: cleaned up after its supervisor, which was gone"
    play.hivectl("stop", "term1", says=["term1: stopping bhyve N, which nobody supervises", gone])
    play.order("bhyvectl --destroy --vm=term1", f"{WINDOW} kill-server", "rm -f")
    nobody_debugs(play, "term1")
    play.up("term1")
    play.kill("supervisor term1")
    play.up("term1")
    play.down("term1")
    nobody_debugs(play, "term1")


@scenario()
def window_without_tmux(play: Play) -> None:
    """The message names the package, and nothing is made."""
    play.host.path("/usr/local/bin/tmux").unlink()
    missing = "term1: /usr/local/bin/tmux is not on this host; install it: pkg install tmux"
    play.hivectl("start", "term1", status=1, says=missing)
    play.never("truncate", "bhyve")
    play.nothing_left()


@scenario()
def console_that_is_logged(play: Play) -> None:
    """tmux has what the window shows kept, from before each run of bhyve on; the log is rotated like any other."""
    window = f"tmux -S {RUN}/term3/tmux.sock"
    keep = f"{window} pipe-pane -t =term3: 'while /usr/local/sbin/hivectl _record term3 com1; [ $? -gt 128 ];"
    play.made("term3")
    play.guest("term3", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "term3", says="term3: started (pid N)")
    play.order(f"{window} -f /dev/null start-server", keep, "bhyve ... term3")
    play.wait(100)
    play.order("bhyvectl --destroy --vm=term3", f"{window} list-panes", keep, "bhyve ... term3")
    log = play.host.path("/var/log/hivewright/term3.com1.log")
    play.hivectl("log", "term3", "com1", status=1, says="term3: there is no /var/log/hivewright/term3.com1.log")
    play.hivectl("log", "term3", "com5", status=2)
    log.write_text("login: \x1b]0;title\x07 ok\r\n")
    assert play.hivectl("log", "term3", "com1").out == "login: ]0;title ok\n"
    log.write_text("x" * 1024 * 1024)
    play.hivectl("_logs", says=None)
    assert (log.read_text(), len(log.with_name("term3.com1.log.0").read_text())) == ("", 1024 * 1024)
    play.down("term3")
    play.nothing_left()
