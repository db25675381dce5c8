"""The kernel of the stand-in host: takes every command, one at a time, and moves the clock.

Nothing depends on how fast this machine is. A command goes on only when every process of the sandbox sleeps, and
of several that wait the one that sorts first goes on. When none waits, the clock jumps to the next timer. So a
scenario gives the same transcript each time, and a timeout of a minute takes no time at all.
"""

from __future__ import annotations

import _socket
import contextlib
import errno
import os
import random
import select
import subprocess
from collections.abc import Callable
from typing import Any

from . import bhyve, commands, operators, pools, syscalls, victims
from .calls import Entry, Request, describe
from .pci import make_functions
from .processes import Watch, alive, parent_of, read
from .reply import Become, Input, Local, Reply, Result, fail
from .settings import Settings
from .space import Space
from .world import PanicError, World

SERVER = "/.linux/run/server"
"""Its socket, which command.c knows too."""
LONGEST = 2000.0
SECOND_LOOK = 2
"""Milliseconds between two looks at sleeping processes, before the clock moves."""
PATIENCE = 50
"""Tenths of a second in which nothing happens before a command counts as hanging."""


class Server:
    """Scheduler, transcript, and the calls of the scenario."""

    def __init__(self, settings: Settings) -> None:
        self.world = World(settings)
        make_functions(self.world)
        for pool in settings.get("pools", ["zroot"]):
            pools.import_pool(self.world, pool)
        self.listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self.listener.bind(SERVER)
        self.listener.listen(512)
        self.poll = select.poll()
        self.poll.register(self.listener.fileno(), select.POLLIN)
        self.clients: dict[int, Any] = {}
        self.pids: dict[int, int] = {}
        self.local: dict[int, Entry] = {}
        self.readers: dict[int, Request] = {}
        self.pending: list[Request | syscalls.Trap] = []
        self.transcript: list[Entry] = []
        self.names: dict[int, str] = {}
        self.daemons: dict[str, tuple[int, int]] = {}
        self.operators: dict[str, subprocess.Popen[bytes]] = {}
        self.terminals: dict[str, int] = {}
        """Our sides of those at which operators sit."""
        self.ours = frozenset({1, os.getpid(), os.getppid()})
        self.watch = Watch(self.ours)
        seed = settings.get("seed")
        self.chance = random.Random(seed) if seed is not None else None
        self.space = Space()
        self.world.spend = self.space.spend
        self.counted: bool = settings.get("counted", False)
        """Scripts stop at each system call that writes or makes a file (``syscalls``)."""
        self.listeners: set[int] = set()
        self.hooks: list[tuple[int, Callable[[], None]]] = []
        """What happens when so many commands have run, before the next one does."""
        self.count = 0
        self.kill_after: tuple[int, list[str]] | None = None
        self.killed: list[str] = []
        self.fail_at: tuple[int, int] | None = None
        """When so many commands have run, the next one fails with this status."""
        self.failed = ""
        """The command that did."""

    def actor(self, pid: int) -> str:
        """On whose behalf a process runs: operators and daemons lead the sessions of the sandbox."""
        fields = read(f"/.linux/proc/{pid}/stat").rpartition(")")[2].split()
        return self.names.get(int(fields[3]), "orphan") if fields else "gone"

    def receive(self, timeout: float) -> bool:
        """Take what the clients sent; true when there was anything."""
        events = self.poll.poll(timeout)
        for descriptor, event in events:
            if descriptor == self.listener.fileno():
                number, _address = self.listener._accept()  # type: ignore[attr-defined]
                self.clients[number] = _socket.socket(fileno=number)
                self.poll.register(number, select.POLLIN)
            elif descriptor in self.listeners:
                self.trapped(descriptor, event)
            else:
                self.message(descriptor)
        return bool(events)

    def trapped(self, listener: int, event: int) -> None:
        """A system call stopped. One that may fail, or that makes a device, waits for its turn like a command."""
        trap = syscalls.receive(listener) if event & select.POLLIN else None
        if trap is not None and (self.world.clones(trap.path) or self.writes(trap)):
            trap.actor = self.actor(trap.pid)
            self.pending.append(trap)
        elif trap is not None:
            trap.answer()
        elif event & select.POLLHUP:
            self.poll.unregister(listener)
            self.listeners.discard(listener)
            os.close(listener)

    def writes(self, trap: syscalls.Trap) -> bool:
        """Whether a stopped call is one of those that are counted."""
        return self.counted and trap.verb != "look" and self.space.concerns(trap.path)

    def message(self, descriptor: int) -> None:
        """Take one message, or the end, of a client."""
        client = self.clients[descriptor]
        try:
            data = client.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.poll.unregister(descriptor)
            del self.clients[descriptor]
            client.close()
            self.pending = [each for each in self.pending if getattr(each, "socket", None) is not client]
            self.readers.pop(descriptor, None)
            bhyve.died(self.world, self.pids.pop(descriptor, 0))
            return
        kind, _, rest = data.partition(b"\0")
        if kind == b"input":
            self.input(descriptor, rest)
        else:
            self.field_message(descriptor, client, kind.decode(), [os.fsdecode(each) for each in rest.split(b"\0")])

    def field_message(self, descriptor: int, client: Any, kind: str, fields: list[str]) -> None:
        """A message of text fields: a command that waits for its turn now, or what one that is Python does."""
        if kind == "command":
            pid = int(fields[0])
            self.pids[descriptor] = pid
            self.pending.append(Request(client, pid, fields[4:], fields[2], int(fields[1]), fields[3], self.actor(pid)))
            while pid > 1 and pid not in self.world.births:
                self.world.births[pid] = self.world.now
                pid = parent_of(pid)
        elif kind == "signal":
            for guest in list(self.world.guests.values()):
                if guest.pid == self.pids[descriptor]:
                    bhyve.press(self.world, guest)
        elif kind == "ended":
            self.local.pop(descriptor).status = int(fields[0])
        elif kind == "sleep":
            actor = self.actor(self.pids.get(descriptor, 0))
            self.world.at(float(fields[0]), lambda: self.acknowledge(client), actor)
        elif kind == "daemon":
            self.register_daemon(int(fields[0]), fields[1])
            self.acknowledge(client)
        else:
            self.register_child(int(fields[0]), int(fields[1]))
            self.acknowledge(client)

    def input(self, descriptor: int, piece: bytes) -> None:
        """A piece of a command's standard input came; after the last the command waits for its turn again."""
        request = self.readers[descriptor]
        request.given.append(piece)
        if not piece:
            self.pending.append(self.readers.pop(descriptor))

    def acknowledge(self, client: Any) -> None:
        """Answer a local command, which may be gone."""
        with contextlib.suppress(OSError):
            client.send(b"done")

    def register_daemon(self, pid: int, pid_file: str) -> None:
        """A daemon(8) tells who it is: the directory of its pid file names it."""
        self.names[pid] = os.path.basename(os.path.dirname(pid_file))
        self.world.births[pid] = self.world.now

    def register_child(self, pid: int, child: int) -> None:
        """A daemon(8) tells its child."""
        self.daemons[self.names[pid]] = (pid, child)
        self.world.births[child] = self.world.now

    def settle(self) -> None:
        """Wait until all processes sleep: look ever more rarely while they do not, since each look takes its time."""
        pause = 1
        while True:
            if self.receive(0):
                pause = 1
            elif self.watch.quiet():
                if not self.receive(0):
                    return
            elif not self.receive(pause):
                pause = min(2 * pause, 8)

    def step(self, limit: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let one thing happen, unless ``until`` holds; false when nothing can before ``limit`` on the clock."""
        while True:
            self.settle()
            if until() or self.world.fire():
                return True
            if self.pending:
                self.pending.sort(key=self.rank)
                index = self.chance.randrange(len(self.pending)) if self.chance else 0
                self.go_on(self.pending.pop(index))
                return True
            # On a busy machine a process may sleep for the kernel's sake alone: look again before the clock moves.
            if not self.receive(SECOND_LOOK) and self.watch.quiet():
                return self.tick(limit)

    def give_up(self, ended: Callable[[], bool]) -> bool:
        """Whether nothing happens any more, also in some seconds of real time."""

        def goes_on() -> bool:
            return ended() or self.receive(100) or bool(self.pending) or not self.watch.quiet()

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

    def rank(self, each: Request | syscalls.Trap) -> tuple[str, str, int]:
        """The order of those that wait."""
        text = f"{each.verb} {each.path}" if isinstance(each, syscalls.Trap) else describe(each, self.names)
        return each.actor, text, each.pid

    def go_on(self, each: Request | syscalls.Trap) -> None:
        """Let one of those that wait go on."""
        try:
            if isinstance(each, syscalls.Trap):
                self.let_pass(each)
            else:
                self.execute(each)
        except PanicError as panic:
            self.world.fault("panic", f"the host panicked: {panic}")
            self.pending.clear()
            self.world.timers.clear()
            victims.kill_all(self)

    def let_pass(self, trap: syscalls.Trap) -> None:
        """A system call goes on, or fails because the file system is full; one that names a tap makes it before."""
        if not alive(trap.pid):
            return
        if self.world.clones(trap.path):
            self.world.look(trap.path)
        failed = self.writes(trap) and self.space.fails(trap.verb, trap.path)
        if failed:
            text = f"{trap.verb} {trap.path}: No space left on device"
            self.transcript.append(Entry(self.world.now, trap.actor, text))
        trap.answer(errno.ENOSPC if failed else 0)

    def execute(self, request: Request) -> None:
        """Run one command."""
        while request.entry is None and self.hooks and self.count >= self.hooks[0][0]:
            self.hooks.pop(0)[1]()
        os.chdir(request.directory)
        if request.then is not None:
            self.take_result(request, request.then(b"".join(request.given)))
            return
        request.entry = Entry(self.world.now, request.actor, describe(request, self.names))
        self.transcript.append(request.entry)
        if request.argv[0] == "bhyve":
            self.names[request.pid] = f"bhyve {request.argv[-1]}"
        if self.fail_at and self.count == self.fail_at[0]:
            self.failed = request.entry.text
            result: Result = fail(f"{request.argv[0]}: failed as it was told to", self.fail_at[1])
        else:
            result = commands.run(self.world, request)
        self.count += 1
        if self.kill_after and self.count == self.kill_after[0]:
            self.killed = [target for target in self.kill_after[1] if victims.kill(self, target)]
        self.take_result(request, result)

    def take_result(self, request: Request, result: Result) -> None:
        """Do what a command answers."""
        assert request.entry is not None
        if isinstance(result, Reply):
            self.finish(request, result)
        elif isinstance(result, Become):
            request.answer("exec", words=result.words)
        elif isinstance(result, Local):
            self.local[request.socket.fileno()] = request.entry
            request.answer("local")
        elif isinstance(result, Input):
            request.then = result.then
            self.readers[request.socket.fileno()] = request
            request.answer("input")
        else:
            if result.block:
                request.answer("block")
            result.register(lambda reply: self.finish(request, reply))

    def finish(self, request: Request, reply: Reply) -> None:
        """End a command."""
        assert request.entry is not None
        request.entry.status = reply.status
        request.answer("exit", reply.out, reply.err, reply.status)

    def spawn(self, name: str, argv: list[str], typed: str | None = None) -> None:
        """Start an operator's command; at a terminal, where somebody types."""
        looks = self.world.devfs_cloning
        its = None
        if typed is not None:
            self.terminals[name], its = operators.open_terminal(typed)
        process, listener = operators.start(name, argv, traps=self.counted or looks, looks=looks, terminal=its)
        if its is not None:
            os.close(its)
        if listener is not None:
            self.listeners.add(listener)
            self.poll.register(listener, select.POLLIN)
        self.operators[name] = process
        self.names[process.pid] = name
        self.world.births[process.pid] = self.world.now

    def wait(self, name: str) -> dict[str, Any]:
        """Let things happen until an operator's command ends."""
        process = self.operators[name]
        limit = self.world.now + LONGEST

        def ended() -> bool:
            return process.poll() is not None

        while not ended():
            if not self.step(limit, ended) and self.give_up(ended):
                return {"status": None, "out": self.output(name, "out"), "err": victims.list_all(self)}
        while self.receive(0):  # what its commands told before they ended
            pass
        return {"status": process.returncode, "out": self.output(name, "out"), "err": self.output(name, "err")}

    def output(self, name: str, kind: str) -> str:
        """What an operator's command wrote so far; what it showed at a terminal are its errors."""
        if kind == "err" and name in self.terminals:
            return operators.shown(self.terminals.pop(name))
        with open(f"/.linux/run/{name}.{kind}", encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def advance(self, seconds: float) -> None:
        """Let things happen for so many seconds of the clock."""
        limit = self.world.now + seconds
        while self.step(limit):
            pass
        self.world.now = max(self.world.now, limit)
