"""Processes of the sandbox by what they are: to kill them, to name them."""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING

from .processes import PROC, alive, others, parent_of, read

if TYPE_CHECKING:
    from .server import Server

PID_FILES = {"holder": "lock", "owner": "supervisor", "debugger": "debugger"}


def kill(server: Server, target: str, number: int = signal.SIGKILL) -> bool:
    """A signal to ``daemon VM``, ``supervisor VM``, ``bhyve VM``, ``operator NAME`` or all of ``session NAME``, to
    ``everything``, to whom a file of a VM names (PID_FILES), or to what does a ``verb NAME`` of the runtime's own, or
    to that and ``all of`` its children; false without such a one. After SIGKILL it has ended, and its locks are free,
    on return."""
    kind, _, name = target.partition(" ")
    if kind == "everything":
        kill_all(server)
        return True
    if kind == "bhyve":
        guest = server.world.guests.get(name)
        pid = guest.pid if guest else 0
    elif kind == "operator":
        pid = server.operators[name].pid
    elif kind == "verb":
        pid = verb(server, name)
    elif kind == "all" and (pid := verb(server, name.removeprefix("of "))):
        return kill_together([pid, *(each for each in others(server.ours) if parent_of(each) == pid)])
    elif kind == "session":
        leader = server.operators[name].pid
        return kill_together([each for each in others(server.ours) if alive(each) and session_of(each) == leader])
    elif kind in PID_FILES:
        text = read(f"/var/run/hivewright/{name}/{PID_FILES[kind]}").split()
        pid = int(text[0]) if text else 0
    else:
        pid = server.daemons.get(name, (0, 0))[0 if kind == "daemon" else 1]
    if not pid or not alive(pid):
        return False
    process = os.pidfd_open(pid)
    os.kill(pid, number)
    if number == signal.SIGKILL:
        select.select([process], [], [])
    os.close(process)
    return True


def verb(server: Server, name: str) -> int:
    """The shell that runs ``hivectl NAME``, of whomever; 0 when there is none."""
    for pid in others(server.ours):
        words = read(f"{PROC}/{pid}/cmdline").split("\0")
        if words[0] == "/bin/sh" and words[1].endswith("/hivectl") and name in words:
            return pid
    return 0


def kill_together(found: list[int]) -> bool:
    """SIGKILL to processes, of which none notices that another one is gone."""
    handles = [os.pidfd_open(pid) for pid in found]
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    for handle in handles:
        select.select([handle], [], [])
        os.close(handle)
    return bool(found)


def session_of(pid: int) -> int:
    """The leader of a process's session; 0 when the process is gone."""
    text = read(f"{PROC}/{pid}/stat")
    return int(text.rpartition(")")[2].split()[3]) if text else 0


def kill_all(server: Server) -> None:
    """The host is gone, and every process with it."""
    for _ in range(100):
        left = [pid for pid in others(server.ours) if alive(pid)]
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        select.select([], [], [], 0.01)


def list_all(server: Server) -> str:
    """Who is there, for the message about a scenario that hangs."""
    lines = []
    for pid in others(server.ours):
        words = read(f"{PROC}/{pid}/cmdline").replace("\0", " ")
        if words:
            lines.append(f"{server.names.get(pid, pid)}: {words}")
    return "hangs:\n" + "\n".join(lines)
