"""Commands that need real processes and locks of their own: daemon(8), lockf(1), timeout(1).

They run in the client. What takes time is asked of the server, whose clock is not the wall's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
from typing import Any

from .client import Link, write_all

TIMEOUT_LONG = {"--foreground": "-f", "--preserve-status": "-p", "--kill-after": "-k", "--signal": "-s"}


class UsageError(Exception):
    """The command line is not what the manual page allows."""


def options(words: list[str], known: str) -> tuple[dict[str, str], list[str]]:
    """getopt(3): ``known`` is its option string; returns the options given and the operands."""
    given: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            place = known.find(letter)
            if place < 0 or letter == ":":
                raise UsageError(f"illegal option -- {letter}")
            if known[place + 1 : place + 2] == ":":
                if not letters and not rest:
                    raise UsageError(f"option requires an argument -- {letter}")
                given[letter], letters = (letters, "") if letters else (rest.pop(0), "")
            else:
                given[letter] = given.get(letter, "") + "x"
    return given, rest


def run(command: str, argv: list[str], link: Link) -> int:
    """Run the command; returns its exit status."""
    try:
        if command in ("lldb", "gdb"):
            from .debuggers import debugger

            return debugger(command, argv[1:], link)
        return {"daemon": daemon, "lockf": lockf, "timeout": timeout}[command](argv[1:], link)
    except UsageError as usage:
        write_all(2, f"{command}: {usage}\n")
        return 64 if command == "lockf" else 1


def status_of(wait_status: int) -> int:
    """What a shell would show for the status of waitpid(2)."""
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def execute(words: list[str], missing: int = 127) -> None:
    """Become another program, as execvp(3) does; never returns. ``missing`` is the status when there is none."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        write_all(2, f"{words[0]}: {error.strerror}\n")
        os._exit(missing)


def open_locked(path: str) -> int:
    """pidfile_open(3): the locked, emptied file; raises BlockingIOError when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(descriptor, 0)
    return descriptor


def daemon(words: list[str], link: Link) -> int:
    """daemon(8) with -P, -p, -f, -c, -o, -m; it cannot restart its child (-r is never right for bhyve)."""
    given, command = options(words, "cfHSp:P:o:t:u:m:")
    if not command:
        raise UsageError(
            "usage: daemon [-cf] [-p child_pidfile] [-P supervisor_pidfile] [-o file] command arguments ..."
        )
    files: list[tuple[str, int]] = []
    for letter in "pP":
        if letter not in given:
            continue
        try:
            files.append((letter, open_locked(given[letter])))
        except BlockingIOError:
            with open(given[letter], encoding="ascii") as stream:
                write_all(2, f"daemon: process already running, pid: {stream.read() or -1}\n")
            return 3
        except OSError as error:
            write_all(2, f"daemon: {given[letter]}: {error.strerror}\n")
            return 1
    output = os.open(given["o"], os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600) if "o" in given else 1
    if os.fork():
        return 0
    link.socket.close()
    os.setsid()
    if "c" in given:
        os.chdir("/")
    if "f" in given:
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
    own = Link()
    if not files:
        execute(command)
    own.call("daemon", os.getpid(), given.get("P") or given.get("p"))
    os._exit(Supervisor(command, files, given, output).run(own))


class Supervisor:
    """The process that daemon(8) leaves behind: it holds the locks and waits for the child.

    The child's output goes through a pipe unless -m 0 is given. What arrives is written to the file of -o at once,
    but to daemon's own output through a buffer, which is emptied when it is full or at the end.
    """

    def __init__(self, command: list[str], files: list[tuple[str, int]], given: dict[str, str], output: int) -> None:
        self.command = command
        self.files = files
        self.given = given
        self.output = output
        self.mask = int(given.get("m", "3"))
        self.buffer = b""

    def run(self, link: Link) -> int:
        """Start the child, write the pid files, carry its output, wait for its end."""
        reader, writer = os.pipe()
        self.write_pid("P", os.getpid())
        child = os.fork()
        if child == 0:
            for descriptor in (1, 2):
                if self.mask & descriptor:
                    os.dup2(writer, descriptor)
            execute(self.command)
        os.close(writer)
        self.write_pid("p", child)
        signal.signal(signal.SIGTERM, lambda *_: self.terminate(child))
        link.call("child", os.getpid(), child)
        end = os.pidfd_open(child)
        poll = select.poll()
        poll.register(end, select.POLLIN)
        poll.register(reader, select.POLLIN)
        gone = False
        while not gone:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if reader in ready and not self.carry(reader):
                poll.unregister(reader)
            gone = end in ready
        os.waitpid(child, 0)
        drain(self, reader)
        self.finish()
        return 0

    def write_pid(self, letter: str, pid: int) -> None:
        """pidfile_write(3); daemon does not look whether it could."""
        for each, descriptor in self.files:
            if each == letter:
                with contextlib.suppress(OSError):
                    os.pwrite(descriptor, str(pid).encode(), 0)

    def carry(self, reader: int) -> bool:
        """Take what the child wrote; false at the end of the pipe."""
        data = os.read(reader, 65536)
        self.buffer += data
        if self.output != 1 or len(self.buffer) >= 4096:
            self.flush()
        return bool(data)

    def flush(self) -> None:
        """Write what was taken."""
        write_all(self.output, self.buffer.decode("utf-8", "replace"))
        self.buffer = b""

    def finish(self) -> None:
        """Write the rest and remove the pid files."""
        self.flush()
        for letter, _ in self.files:
            if os.path.exists(self.given[letter]):
                os.unlink(self.given[letter])

    def terminate(self, child: int) -> None:
        """SIGTERM: pass it on and end at once; the lock is free then although the child lives."""
        os.kill(child, signal.SIGTERM)
        self.finish()
        os._exit(0)


def drain(supervisor: Supervisor, reader: int) -> None:
    """Take what is left in the pipe; others may keep it open for ever, so never wait for its end."""
    os.set_blocking(reader, False)
    try:
        while supervisor.carry(reader):
            pass
    except BlockingIOError:
        pass


def lockf(words: list[str], link: Link) -> int:
    """lockf(1): run a command while a lock is held; 75 when it cannot be had in time."""
    given, rest = options(words, "knst:w")
    if len(rest) < 2:
        raise UsageError("usage: lockf [-kns] [-t seconds] file command [arguments]")
    path, command = rest[0], rest[1:]
    flags = (os.O_WRONLY if "w" in given else os.O_RDONLY) | os.O_CLOEXEC | (0 if "n" in given else os.O_CREAT)
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError as error:
        if "n" in given:
            write_all(2, "" if "s" in given else f"lockf: {path}: {error.strerror}\n")
            return 69
        write_all(2, f"lockf: cannot open {path}: {error.strerror}\n")
        return 73
    except OSError as error:
        write_all(2, f"lockf: cannot open {path}: {error.strerror}\n")
        return 73
    left = int(given.get("t", "-1"))
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if left == 0:
                if "s" not in given:
                    write_all(2, f"lockf: {path}: already locked\n")
                return 75
            left -= 1
            link.call("sleep", 1.0)
    child = os.fork()
    if child == 0:
        execute(command, 1)
    ended = os.waitpid(child, 0)[1]
    if "k" not in given:
        os.unlink(path)
    return os.WEXITSTATUS(ended) if os.WIFEXITED(ended) else 70


def timeout(words: list[str], link: Link) -> int:
    """timeout(1): end a command that takes too long; 124 then."""
    given, rest = options([TIMEOUT_LONG.get(word, word) for word in words], "fk:s:pv")
    if len(rest) < 2:
        raise UsageError("usage: timeout [-fpv] [-k time] [-s signal] duration command [arg ...]")
    duration = seconds(rest[0])
    child = os.fork()
    if child == 0:
        execute(rest[1:])
    poll = select.poll()
    end = os.pidfd_open(child)
    poll.register(end, select.POLLIN)
    poll.register(link.socket.fileno(), select.POLLIN)
    late = False
    if duration > 0:
        link.send("sleep", duration)
    while end not in {descriptor for descriptor, _ in poll.poll()}:
        link.receive()
        os.kill(child, signal.SIGKILL if late else signal.SIGTERM)
        late = True
        if "k" in given:
            link.send("sleep", seconds(given["k"]))
    status = status_of(os.waitpid(child, 0)[1])
    return 124 if late else status


def seconds(text: str) -> float:
    """A duration of timeout(1): a number and perhaps one of s, m, h, d."""
    factors: dict[str, Any] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if text[-1:] in factors:
        return float(text[:-1]) * float(factors[text[-1]])
    return float(text)
