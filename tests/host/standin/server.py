"""The kernel of the stand-in host: takes every command, one at a time, and moves the clock.

Nothing depends on how fast this machine is. A command goes on only when every process of the sandbox sleeps, and
of several that wait the one that sorts first goes on. When none waits, the clock jumps to the next timer. So a
scenario gives the same transcript each time, and a timeout of a minute takes no time at all.
"""

from __future__ import annotations

import _socket
import contextlib
import json
import marshal
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import bhyve, commands
from .client import SERVER
from .pci import make_functions
from .processes import alive, quiet, read, require_wchan
from .reply import Become, Later, Local, Reply
from .world import World

LONGEST = 2000.0
SECOND_LOOK = 2
"""Milliseconds between two looks at sleeping processes, before the clock moves."""
PATIENCE = 50
"""Tenths of a second in which nothing happens before a command counts as hanging."""
PID_FILES = {"holder": "lock", "owner": "supervisor", "debugger": "debugger"}


@dataclass
class Entry:
    """A line of the transcript."""

    time: float
    actor: str
    text: str
    status: int | None = None


@dataclass
class Request:
    """A command that a client asked for."""

    socket: Any
    pid: int
    argv: list[str]
    directory: str
    umask: int
    stdin: str
    actor: str

    def answer(self, out: str, err: str, action: str, value: Any) -> None:
        """Send a message to the client, which may be gone."""
        with contextlib.suppress(OSError):
            self.socket.send(marshal.dumps((out, err, action, value)))

    def catch(self) -> None:
        """Make the client report SIGTERM."""
        self.answer("", "", "catch", 0)


class Server:
    """Scheduler, transcript, and the calls of the scenario."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.world = World(settings)
        make_functions(self.world)
        self.listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self.listener.bind(SERVER)
        self.listener.listen(512)
        self.poll = select.poll()
        self.poll.register(self.listener.fileno(), select.POLLIN)
        self.clients: dict[int, Any] = {}
        self.pids: dict[int, int] = {}
        self.local: dict[int, Entry] = {}
        self.pending: list[Request] = []
        self.transcript: list[Entry] = []
        self.names: dict[int, str] = {}
        self.daemons: dict[str, tuple[int, int]] = {}
        self.operators: dict[str, subprocess.Popen[bytes]] = {}
        self.ours = frozenset({1, os.getpid(), os.getppid()})
        self.chance = random.Random(settings["seed"]) if "seed" in settings else None
        self.count = 0
        self.kill_after: tuple[int, list[str]] | None = None
        self.killed: list[str] = []

    def actor(self, pid: int) -> str:
        """On whose behalf a process runs: operators and daemons lead the sessions of the sandbox."""
        fields = read(f"/.linux/proc/{pid}/stat").rpartition(")")[2].split()
        return self.names.get(int(fields[3]), "orphan") if fields else "gone"

    def receive(self, timeout: float) -> bool:
        """Take what the clients sent; true when there was anything."""
        events = self.poll.poll(timeout)
        for descriptor, _ in events:
            if descriptor == self.listener.fileno():
                number, _address = self.listener._accept()  # type: ignore[attr-defined]
                self.clients[number] = _socket.socket(fileno=number)
                self.poll.register(number, select.POLLIN)
            else:
                self.message(descriptor)
        return bool(events)

    def message(self, descriptor: int) -> None:
        """Take one message, or the end, of a client."""
        socket = self.clients[descriptor]
        try:
            data = socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.poll.unregister(descriptor)
            del self.clients[descriptor]
            socket.close()
            self.pending = [request for request in self.pending if request.socket is not socket]
            bhyve.died(self.world, self.pids.pop(descriptor, 0))
            return
        kind, *values = marshal.loads(data)
        if kind == "command":
            pid, argv, directory, umask, stdin = values
            self.pids[descriptor] = pid
            self.pending.append(Request(socket, pid, argv, directory, umask, stdin, self.actor(pid)))
        elif kind == "signal":
            for guest in list(self.world.guests.values()):
                if guest.pid == self.pids[descriptor]:
                    bhyve.press(self.world, guest)
        elif kind == "ended":
            self.local.pop(descriptor).status = values[0]
        elif kind == "sleep":
            self.world.at(values[0], lambda: self.acknowledge(socket), self.actor(self.pids.get(descriptor, 0)))
        else:
            self.register_daemon(kind, *values)
            self.acknowledge(socket)

    def acknowledge(self, socket: Any) -> None:
        """Answer a local command, which may be gone."""
        with contextlib.suppress(OSError):
            socket.send(marshal.dumps("done"))

    def register_daemon(self, kind: str, pid: int, value: Any) -> None:
        """A daemon(8) tells who it is (the directory of its pid file names it), and its child."""
        if kind == "daemon":
            self.names[pid] = os.path.basename(os.path.dirname(value))
        else:
            self.daemons[self.names[pid]] = (pid, value)

    def settle(self) -> None:
        """Wait until all processes sleep."""
        while True:
            if self.receive(0):
                continue
            if quiet(self.ours):
                if not self.receive(0):
                    return
            else:
                self.receive(1)

    def step(self, limit: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let one thing happen, unless ``until`` holds; false when nothing can before ``limit`` on the clock."""
        while True:
            self.settle()
            if until() or self.world.fire():
                return True
            if self.pending:
                self.pending.sort(key=lambda request: (request.actor, self.describe(request), request.pid))
                index = self.chance.randrange(len(self.pending)) if self.chance else 0
                self.execute(self.pending.pop(index))
                return True
            # On a busy machine a process may sleep for the kernel's sake alone: look again before the clock moves.
            if not self.receive(SECOND_LOOK) and quiet(self.ours):
                return self.tick(limit)

    def give_up(self, ended: Callable[[], bool]) -> bool:
        """Whether nothing happens any more, also in some seconds of real time."""

        def goes_on() -> bool:
            return ended() or self.receive(100) or bool(self.pending) or not quiet(self.ours)

        return not any(goes_on() for _ in range(PATIENCE))

    def tick(self, limit: float) -> bool:
        """Move the clock to the next timer and run its action."""
        timers = self.world.timers
        if not timers or timers[0][0] > limit:
            return False
        moment, action = self.world.next_timer()
        self.world.now = max(self.world.now, moment)
        action()
        return True

    def execute(self, request: Request) -> None:
        """Run one command."""
        entry = Entry(self.world.now, request.actor, self.describe(request))
        self.transcript.append(entry)
        if request.argv[0] == "bhyve":
            self.names[request.pid] = f"bhyve {request.argv[-1]}"
        os.chdir(request.directory)
        result = commands.run(self.world, request)
        self.count += 1
        if self.kill_after and self.count == self.kill_after[0]:
            self.killed = [target for target in self.kill_after[1] if self.kill(target)]
        if isinstance(result, Reply):
            self.finish(request, entry, result)
        elif isinstance(result, Become):
            request.answer("", "", "exec", result.words)
        elif isinstance(result, Local):
            self.local[request.socket.fileno()] = entry
            request.answer("", "", "local", result.command)
        elif isinstance(result, Later):
            if result.block:
                request.answer("", "", "block", 0)
            result.register(lambda reply: self.finish(request, entry, reply))

    def finish(self, request: Request, entry: Entry, reply: Reply) -> None:
        """End a command."""
        entry.status = reply.status
        request.answer(reply.out, reply.err, "exit", reply.status)

    def describe(self, request: Request) -> str:
        """A command as the transcript shows it: quoted where needed, pids by name, bhyve without its options."""
        name, *words = request.argv
        if name == "bhyve":
            return f"bhyve ... {words[-1] if words else ''}"
        shown = [word if word and not set(word) & set(" '\"\n") else repr(word) for word in words]
        if name == "pwait":
            pairs = zip(["", *words], shown, strict=False)
            shown = [
                f"<{self.names[int(each)]}>" if before != "-t" and self.is_named(each) else each
                for before, each in pairs
            ]
        return " ".join([name, *shown])

    def is_named(self, word: str) -> bool:
        """Whether a word is a pid that has a name."""
        return word.isdigit() and int(word) in self.names

    def kill(self, target: str) -> bool:
        """SIGKILL to ``daemon VM``, ``supervisor VM``, ``bhyve VM`` or ``operator NAME``, or to whom a file of a VM
        names (PID_FILES); false without such a one. It has ended, and its locks are free, when this returns."""
        kind, _, name = target.partition(" ")
        if kind == "bhyve":
            guest = self.world.guests.get(name)
            pid = guest.pid if guest else 0
        elif kind == "operator":
            pid = self.operators[name].pid
        elif kind in PID_FILES:
            text = read(f"/var/run/hivewright/{name}/{PID_FILES[kind]}").split()
            pid = int(text[0]) if text else 0
        else:
            pid = self.daemons.get(name, (0, 0))[0 if kind == "daemon" else 1]
        if not pid or not alive(pid):
            return False
        process = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([process], [], [])
        os.close(process)
        return True

    def spawn(self, name: str, argv: list[str]) -> None:
        """Start an operator's command in a session of its own; its output goes to files."""
        with open(f"/.linux/run/{name}.out", "wb") as out, open(f"/.linux/run/{name}.err", "wb") as err:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                env={"PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin", "HOME": "/root"},
                start_new_session=True,
            )
        self.operators[name] = process
        self.names[process.pid] = name

    def wait(self, name: str) -> dict[str, Any]:
        """Let things happen until an operator's command ends."""
        process = self.operators[name]
        limit = self.world.now + LONGEST

        def ended() -> bool:
            return process.poll() is not None

        while not ended():
            if not self.step(limit, ended) and self.give_up(ended):
                return {"status": None, "out": self.output(name, "out"), "err": self.processes()}
        return {"status": process.returncode, "out": self.output(name, "out"), "err": self.output(name, "err")}

    def output(self, name: str, kind: str) -> str:
        """What an operator's command wrote so far."""
        with open(f"/.linux/run/{name}.{kind}", encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def processes(self) -> str:
        """Who is there, for the message about a scenario that hangs."""
        lines = []
        for entry in sorted((entry for entry in os.listdir("/.linux/proc") if entry.isdigit()), key=int):
            words = read(f"/.linux/proc/{entry}/cmdline").replace("\0", " ")
            if words and int(entry) not in self.ours:
                lines.append(f"{self.names.get(int(entry), entry)}: {words}")
        return "hangs:\n" + "\n".join(lines)

    def advance(self, seconds: float) -> None:
        """Let things happen for so many seconds of the clock."""
        limit = self.world.now + seconds
        while self.step(limit):
            pass
        self.world.now = max(self.world.now, limit)


def main() -> None:
    """Serve the scenario: one JSON object a line in, one out."""
    from .scene import Scene

    require_wchan()
    settings = json.loads(sys.stdin.readline())
    scene = Scene(Server(settings))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        verb, arguments = json.loads(line)
        answer = getattr(scene, verb)(**arguments)
        print(json.dumps(answer), flush=True)
