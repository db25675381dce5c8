"""A console at a TCP address, on a real terminal: all keys go to the guest but one, and the terminal is as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
from pathlib import Path

import pytest

from projects import LIBRARY
from shells import SHELLS

NC = '#!/bin/sh\nprintf \'port %s of %s;\' "$2" "$1"\nexec cat -v\n'
SCRIPT = """
set -u
load_part() {{ :; }}
say() {{ printf '%s\\n' "$*"; }}
fail() {{ printf '%s\\n' "$*"; exit 1; }}
vm=web1
. {library}/verbs/console
talk_by_tcp '[2001:db8::1]:7001'
printf 'left\\n'
read -r line
"""
"""FreeBSD takes the terminal from everybody when this ends, and what was not read of it is lost: so it is told to."""


def until(terminal: int, text: bytes) -> bytes:
    """What the terminal shows, until this is there."""
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, seen
        more = os.read(terminal, 1000)
        assert more, seen
        seen += more
    return seen


def sit_at_terminal() -> None:
    """As a login does: the terminal is the session's, and ^C ends what reads there, even if the tests ignore it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.mark.parametrize("shell", SHELLS)
def test_keys_go_to_the_guest(shell: str, tmp_path: Path) -> None:
    program = tmp_path / "nc"
    program.write_text(NC)
    program.chmod(0o755)
    terminal, its = pty.openpty()
    before = termios.tcgetattr(its)
    script = subprocess.Popen(
        [*SHELLS[shell], "-c", SCRIPT.format(library=LIBRARY)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=sit_at_terminal,
    )
    try:
        until(terminal, b"port 7001 of 2001:db8::1;")
        os.write(terminal, b"\x03\x1a\x1c\x04x\r")
        # cat -v would show a line that the terminal made of the carriage return as one.
        assert b"\n" not in until(terminal, b"^C^Z^\\^Dx^M")
        os.write(terminal, b"\x1d")
        until(terminal, b"left")
        assert termios.tcgetattr(its) == before
        os.write(terminal, b"\n")
        assert script.wait(20) == 0
    finally:
        script.kill()
        script.wait()
        os.close(terminal)
        os.close(its)
