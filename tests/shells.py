"""The shells that every script must run in."""

from __future__ import annotations

import subprocess

SHELLS: dict[str, tuple[str, ...]] = {
    "dash": ("dash",),
    "ash": ("busybox", "ash"),
    "posix": ("bash", "--posix"),
    "bash": ("bash",),
    "mksh": ("mksh",),
}
"""FreeBSD's own /bin/sh is not among them: dash is its closest relative."""


def run_shell(shell: str, script: str, *arguments: str) -> bytes:
    """What a script prints when it runs in a shell; a failure or a message is an error."""
    command = [*SHELLS[shell], *arguments]
    done = subprocess.run(command, input=script.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b""), (shell, done.stderr.decode(errors="replace"))
    return done.stdout
