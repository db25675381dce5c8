"""Commands that the scenario starts, each in a session of its own."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
import termios

from . import syscalls

BECOME = "import sys; sys.path.insert(0, '/.linux'); from standin.seccomp import become; become()"
"""What a command is started through when its system calls are to stop."""
ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin", "HOME": "/root"}


PTMX, UNLOCK, NUMBER = "/.linux/dev/ptmx", 0x40045431, 0x80045430
"""What makes terminals in the sandbox, and TIOCSPTLCK and TIOCGPTN of Linux."""


def open_terminal(typed: str) -> tuple[int, int]:
    """A terminal at which somebody has typed this and then leaves: our side, and that of the command. What is typed
    is not echoed, and what is written comes as it is."""
    ours = os.open(PTMX, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    fcntl.ioctl(ours, UNLOCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(ours, NUMBER, struct.pack("i", 0)))
    its = os.open(f"/.linux/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(its)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(its, termios.TCSANOW, settings)
    os.write(ours, typed.encode() + b"\x04")
    return ours, its


def shown(terminal: int) -> str:
    """What was written to a terminal that no command has any more."""
    pieces = b""
    try:
        while piece := os.read(terminal, 65536):
            pieces += piece
    except OSError:  # EIO: nobody has the other side
        pass
    os.close(terminal)
    return pieces.decode(errors="replace")


def start(
    name: str, argv: list[str], *, traps: bool, looks: bool, terminal: int | None = None
) -> tuple[subprocess.Popen[bytes], int | None]:
    """Start a command whose output goes to files, or to a terminal, from which it also reads; with ``traps`` also the
    listener for its system calls, and with ``looks`` for those that only look at a path."""
    theirs, ours = socket.socketpair()
    with theirs, ours, open(f"/.linux/run/{name}.out", "wb") as out, open(f"/.linux/run/{name}.err", "wb") as err:
        if traps:
            argv = [sys.executable, "-IS", "-c", BECOME, str(theirs.fileno()), str(int(looks)), *argv]
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=out,
            stderr=err if terminal is None else terminal,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            pass_fds=[theirs.fileno()] if traps else [],
        )
        theirs.close()
        return process, syscalls.take(ours) if traps else None
