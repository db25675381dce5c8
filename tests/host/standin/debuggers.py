"""lldb(1) and gdb: they run bhyve as somebody who types run and, when it has ended, quit."""

from __future__ import annotations

import ctypes
import os
import select
import signal

from .client import Link
from .local import UsageError, execute

STAYS = "/.linux/run/debugger-stays"
"""While this file exists, nobody types quit."""

DETACHES = "/.linux/run/debugger-detaches"
"""Where this file exists, somebody types detach and quit after 20 seconds."""

KINDS = {
    "lldb": ("-o", "--", {"process handle -s false -n false -p true SIGTERM SIGCONT"}),
    "gdb": ("-ex", "--args", {"handle SIGTERM SIGCONT nostop noprint pass"}),
}
SETTINGS = ("settings set target.input-path ", "settings set target.output-path ")


def debugger(name: str, words: list[str], link: Link) -> int:
    """Run a program to its end; it dies with its debugger (ptrace(2))."""
    option, separator, commands = KINDS[name]
    terminal, rest = "", list(words)
    while rest and rest[0] != separator:
        word = rest.pop(0)
        if word.startswith("--tty=") and name == "gdb":
            terminal = word[len("--tty=") :]
        elif word != option or not rest:
            raise UsageError(f"unknown option {word}")
        elif rest[0].startswith(SETTINGS) and name == "lldb":
            terminal = rest.pop(0).rpartition(" ")[2]
        elif rest.pop(0) not in commands:
            raise UsageError("unknown command")
    program = rest[1:]
    if not program:
        raise UsageError("no program")
    parent, child = os.getpid(), os.fork()
    if child == 0:
        if not os.path.exists(DETACHES):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if terminal:
            for number in range(2):
                os.dup2(os.open(terminal, os.O_RDWR), number)
        execute(program)
    if os.path.exists(DETACHES):
        link.call("sleep", 20.0)
        return 0
    os.waitpid(child, 0)
    while os.path.exists(STAYS):
        select.select([], [], [])
    return 0
