"""Commands that the scenario starts, each in a session of its own."""

from __future__ import annotations

import socket
import subprocess
import sys

from . import syscalls

BECOME = "import sys; sys.path.insert(0, '/.linux'); from standin.seccomp import become; become()"
"""What a command is started through when its system calls are to stop."""
ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin", "HOME": "/root"}


def start(name: str, argv: list[str], *, traps: bool, looks: bool) -> tuple[subprocess.Popen[bytes], int | None]:
    """Start a command whose output goes to files; with ``traps`` also the listener for its system calls, and with
    ``looks`` for those that only look at a path."""
    theirs, ours = socket.socketpair()
    with theirs, ours, open(f"/.linux/run/{name}.out", "wb") as out, open(f"/.linux/run/{name}.err", "wb") as err:
        if traps:
            argv = [sys.executable, "-IS", "-c", BECOME, str(theirs.fileno()), str(int(looks)), *argv]
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            pass_fds=[theirs.fileno()] if traps else [],
        )
        theirs.close()
        return process, syscalls.take(ours) if traps else None
