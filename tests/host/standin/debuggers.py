"""lldb(1) and gdb: they run bhyve as somebody who types run and, when it has ended, quit.

They are processes of their own, become of the command that was called (command.c), whose connection to the server
they inherit: what is sent on it are fields with a NUL between.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys

from .options import UsageError

STAYS = "/.linux/run/debugger-stays"
"""While this file exists, nobody types quit."""

DETACHES = "/.linux/run/debugger-detaches"
"""Where this file exists, somebody types detach and quit after 20 seconds."""

KINDS = {
    "lldb": ("-o", "--", {"process handle -s false -n false -p true SIGTERM SIGCONT"}),
    "gdb": ("-ex", "--args", {"handle SIGTERM SIGCONT nostop noprint pass"}),
}
SETTINGS = ("settings set target.input-path ", "settings set target.output-path ")


def debugger(name: str, words: list[str], server: socket.socket) -> int:
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
        os.execvp(program[0], program)
    if os.path.exists(DETACHES):
        server.send(b"sleep\x0020")
        server.recv(64)
        return 0
    os.waitpid(child, 0)
    while os.path.exists(STAYS):
        select.select([], [], [])
    return 0


def main() -> None:
    """``/.linux/debugger DESCRIPTOR COMMAND WORDS``: run the command that was called."""
    with socket.socket(fileno=int(sys.argv[1])) as server:
        server.set_inheritable(False)
        name = os.path.basename(sys.argv[2])
        try:
            status = debugger(name, sys.argv[3:], server)
        except UsageError as usage:
            sys.stderr.write(f"{name}: {usage}\n")
            status = 1
        server.send(f"ended\0{status}".encode())
    sys.exit(status)
