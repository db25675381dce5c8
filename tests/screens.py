"""A real terminal, that of tmux(1), in which tests type; see screen_fixtures."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from projects import CHECKOUT

LONGEST = 30.0
"""Seconds to wait for what should come at once."""


class Screen:
    """A shell in a terminal, in an empty folder, with ``hivewright`` on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self._socket = folder / "socket"
        programs = folder / "bin"
        for each in (self.folder, programs):
            each.mkdir()
        program = programs / "hivewright"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT}/compiler exec {sys.executable} -m hivewright "$@"\n')
        program.chmod(0o755)
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
        shell = ("env", *(f"{name}={value}" for name, value in environment.items()), "dash")
        size = ("-x", "150", "-y", "200")
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(self.folder), *shell)
        self.type("PS1='ready: '", "ready: ")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words], capture_output=True, text=True, check=False, timeout=LONGEST
        )
        return done.stdout

    def shown(self, *words: str) -> str:
        return self.tmux("capture-pane", "-p", "-J", *words).rstrip()

    def wait(self, end: str, lines: int) -> None:
        """Until the screen has more than so many lines, and ends so."""
        until = time.monotonic() + LONGEST
        while not (self.shown().endswith(end.rstrip()) and len(self.shown().splitlines()) > lines):
            assert time.monotonic() < until, (end, self.shown())
            time.sleep(0.02)

    def press(self, key: str, end: str) -> str:
        """Presses a key and waits for what the screen ends with then; the line before that."""
        lines = len(self.shown().splitlines())
        self.tmux("send-keys", key)
        self.wait(end, lines)
        return self.shown().splitlines()[-2].strip()

    def type(self, text: str, end: str) -> str:
        """Types a line, likewise."""
        self.tmux("send-keys", "-l", text)
        return self.press("Enter", end)


def settle(screen: Screen) -> None:
    """Until nothing more comes."""
    shown = None
    while (now := screen.shown()) != shown:
        shown = now
        time.sleep(0.3)


def until(screen: Screen, text: str) -> None:
    """Until the last line has a text."""
    end = time.monotonic() + LONGEST
    while text not in screen.shown().splitlines()[-1]:
        assert time.monotonic() < end, screen.shown()
        time.sleep(0.05)


def completes(screen: Screen, folder: Path, program: Sequence[str], load: str, wanted: Mapping[str, str]) -> None:
    """Type each begin of a line and a Tab in another shell, which has loaded what completes it."""
    for line in (f"clear; cd {shlex.quote(str(folder))}; exec {shlex.join(program)}", load):
        screen.tmux("send-keys", "-l", line)
        screen.tmux("send-keys", "Enter")
        settle(screen)
    for typed, whole in wanted.items():
        screen.tmux("send-keys", "-l", typed)
        screen.tmux("send-keys", "Tab")
        until(screen, whole)
        screen.tmux("send-keys", "C-u")
    screen.tmux("send-keys", "-l", "exit")
    screen.tmux("send-keys", "Enter")
