"""A console at a TCP address, on a real terminal: all keys go to the guest but one, and the terminal is as it was."""

from __future__ import annotations

import os
import pty
import select
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
"""


def until(terminal: int, text: bytes) -> bytes:
    """What the terminal shows, until this is there."""
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, seen
        seen += os.read(terminal, 1000)
    return seen


@pytest.mark.parametrize("shell", SHELLS)
def test_keys_go_to_the_guest(shell: str, tmp_path: Path) -> None:
    program = tmp_path / "nc"
    program.write_text(NC)
    program.chmod(0o755)
    words = [*SHELLS[shell], "-c", SCRIPT.format(library=LIBRARY)]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
        os.execvp(words[0], words)
    before = termios.tcgetattr(terminal)
    until(terminal, b"port 7001 of 2001:db8::1;")
    os.write(terminal, b"\x03\x1a\x1c\x04x\r")
    # cat -v would show a line that the terminal made of the carriage return as one.
    assert b"\n" not in until(terminal, b"^C^Z^\\^Dx^M")
    os.write(terminal, b"\x1d")
    until(terminal, b"left")
    assert termios.tcgetattr(terminal) == before
    assert os.waitpid(child, 0)[1] == 0
    os.close(terminal)
