"""The runtime's window of tmux(1), with the real tmux: a program that plays bhyve is seen and can be typed to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime_parts import library_at
from shells import SHELLS

LONGEST = 30.0
"""Seconds to wait for what should come at once."""

SCRIPT = """
. "$1/lib/runtime.subr"
load_part guest/terminal.subr
vm=web1 run=$2 log=$2/log
"""

BHYVE = r"""
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, f"\r\nrun {sys.argv[1]}, login: ".encode())
word = b""
while not word.endswith(b"\r"):
    word += os.read(0, 1)
os.write(1, b"hello " + word)
os.write(2, b"the log: " + repr(word).encode() + b"\n")
termios.tcsetattr(0, termios.TCSANOW, before)
"""
"""As bhyve does: raw mode from the first moment, and what was before in the end."""


@dataclass
class Guest:
    """A directory of run-time state, and the shell that is the supervisor."""

    run: Path
    library: Path
    shell: tuple[str, ...]

    def call(self, text: str) -> subprocess.Popen[str]:
        """Run a line of the supervisor, a child of the leader of a session of its own, as under daemon(8).

        On Linux the leader itself would get the first terminal it opens for its own.
        """
        words = [
            "sh",
            "-c",
            '"$@"; exit $?',
            "sh",
            *self.shell,
            "-c",
            SCRIPT + text,
            "sh",
            str(self.library),
            str(self.run),
        ]
        return subprocess.Popen(
            words, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def said(self, text: str) -> str:
        """What a line of the supervisor prints; it must succeed."""
        process = self.call(text)
        output, _ = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, output
        return output

    def tmux(self, *words: str) -> str:
        """What an operator's tmux prints."""
        command = ["tmux", "-S", str(self.run / "tmux.sock"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def wait_for(self, text: str) -> None:
        """Until it is on the screen."""
        eventually(lambda: text in self.tmux("capture-pane", "-p", "-t", "=web1:"))


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.fixture(params=[pytest.param(each, marks=[] if each == "dash" else [pytest.mark.slow]) for each in SHELLS])
def guest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guest]:
    (tmp_path / "bhyve").write_text(BHYVE)
    found = Guest(tmp_path, library_at(tmp_path / "library"), SHELLS[request.param])
    yield found
    found.tmux("kill-server")


RUN = f'open_terminal && "{sys.executable}" "$run/bhyve" {{}} <"$terminal" >>"$terminal" 2>>"$log" && echo "$terminal"'
"""As launch in guest/bhyve.subr does."""


def test_what_is_typed_arrives_and_what_is_said_is_seen(guest: Guest) -> None:
    terminals = []
    for word in ("one", "two"):
        bhyve = guest.call(RUN.format(word))
        guest.wait_for(f"run {word}, login:")
        assert (guest.run / "tmux.sock").stat().st_mode & 0o77 == 0
        # In raw mode a guest gets these keys; nothing else of the session does.
        guest.tmux("send-keys", "-t", "=web1:", "C-c", "C-z", word, "Enter")
        output, _ = bhyve.communicate(timeout=LONGEST)
        assert bhyve.returncode == 0, output
        terminals.append(output)
        assert f"the log: b'\\x03\\x1a{word}\\r'" in (guest.run / "log").read_text()
        os.truncate(guest.run / "log", 0)
        # Between two runs nobody reads, and the keys that would end what holds the window do not.
        guest.tmux("send-keys", "-t", "=web1:", "C-c", "C-\\", "C-z")
    assert len(set(terminals)) == 1, "a reboot takes the window that is there"
    assert guest.said("undo_terminal") == ""
    assert not (guest.run / "tmux.sock").exists()
    assert guest.said("undo_terminal") == "", "the undo can be done twice"


def test_no_key_behind_the_prefix_ends_the_window(guest: Guest) -> None:
    guest.said("open_terminal")
    keys = {line.split()[3] for line in guest.tmux("list-keys", "-T", "prefix").splitlines()}
    assert keys == {"C-b", "d", "[", "PPage"}
    assert guest.tmux("show-options", "-g", "history-limit") == "history-limit 10000\n"


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_dead_server_is_replaced(guest: Guest) -> None:
    first = guest.said("open_terminal; echo $terminal")
    pid = int(guest.tmux("display-message", "-p", "#{pid}"))
    os.kill(pid, 9)
    eventually(lambda: not lives(pid))
    second = guest.said("open_terminal; echo $terminal")
    assert first.startswith("/dev/pts/"), first
    assert second.startswith("/dev/pts/"), second
    guest.wait_for("")


def test_a_tmux_that_fails_is_told(guest: Guest) -> None:
    (guest.run / "tmux.sock").mkdir()
    assert "tmux gives no terminal: " in guest.said('open_terminal || echo "$reason"')


LARGEST = 16384
"""A limit is in units of 512 bytes, and in bash in those of 1,024."""

RECORD = """
. "$1/lib/runtime.subr"
hive_log=$2
. "$1/verbs/_record"
read_bounds() { largest=4; }
hivectl=$2/rotate
do__record web1 com1
"""
ROTATE = """
. "$1/lib/runtime.subr"
hive_log=$2
. "$1/verbs/_logs"
read_bounds() { largest=4; }
bound_logs
"""
"""What ``hivectl _logs`` does under its lock."""


def recorder(guest: Guest) -> Path:
    """What tmux runs, with a bound of 4 KiB, and what is kept."""
    shell = " ".join(guest.shell)
    for name, called, text in (("record", "hivectl", RECORD), ("logs", "rotate", ROTATE)):
        (guest.run / name).write_text(text)
        script = guest.run / called
        script.write_text(f'#!/bin/sh\nexec {shell} "{guest.run}/{name}" "{guest.library}" "{guest.run}"\n')
        script.chmod(0o755)
    return guest.run / "web1.com1.log"


OPEN = "recorded=com1 hivectl=$2/hivectl; open_terminal; printf '%s' \"$terminal\""


def test_what_a_window_shows_is_kept_and_seen(guest: Guest) -> None:
    kept = recorder(guest)
    with open(guest.said(OPEN), "w") as terminal:
        terminal.write("login: ")
        terminal.flush()
        guest.wait_for("login:")
        eventually(lambda: kept.exists() and "login: " in kept.read_text())
        assert kept.stat().st_mode & 0o777 == 0o640
        guest.said(OPEN)
        terminal.write("again")
        terminal.flush()
        eventually(lambda: kept.read_text() == "login: again")
        guest.wait_for("again")
    assert guest.said("undo_terminal") == ""


def test_a_flood_is_bounded_and_what_comes_after_it_is_kept(guest: Guest) -> None:
    kept = recorder(guest)
    with open(guest.said(OPEN), "w") as terminal:
        for _ in range(300):
            terminal.write("flood " * 100)
            terminal.flush()
            assert not kept.exists() or kept.stat().st_size <= LARGEST
        terminal.write("END")
        terminal.flush()
        guest.wait_for("END")
        copy = kept.with_name("web1.com1.log.0")
        eventually(copy.exists)
        assert copy.stat().st_size <= LARGEST
        ended = time.monotonic() + LONGEST
        while "after" not in kept.read_text():
            assert time.monotonic() < ended
            terminal.write("after")
            terminal.flush()
            time.sleep(0.1)
    assert guest.said("undo_terminal") == ""
