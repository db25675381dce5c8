"""The front of every stand-in command: hand the call to the server, do what it answers.

Each command of the sandbox is a link to a script of three lines that calls ``main``. The server holds all
state, decides when a call goes on, and answers with messages of the form ``(out, err, action, value)``:

- ``exit``: write the texts and end with the status ``value``;
- ``exec``: become the program ``value[0]`` with the words ``value``;
- ``local``: run the command of ``local.py`` named ``value``, which needs real processes or locks;
- ``input``: send the standard input to its end, in pieces, the last of them empty;
- ``catch``: from now on report SIGTERM to the server instead of dying of it (the guest switched ACPI on);
- an empty one: write the texts and wait for the next message;
- ``block``: from now on ignore the signals a process in state D ignores.

Hundreds of these run in a scenario. So it imports only what is compiled into the interpreter: os, signal, socket
and typing would double its time.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERVER = "/.linux/run/server"


class Link:
    """A connection to the server; one message is one packet."""

    def __init__(self) -> None:
        self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self.socket.connect(SERVER)

    def send(self, *message: Any) -> None:
        """Send one message."""
        self.socket.send(marshal.dumps(message))

    def receive(self) -> Any:
        """The next message; ends this process when the server is gone."""
        data = self.socket.recv(1 << 20)
        if not data:
            posix._exit(70)
        return marshal.loads(data)

    def call(self, *message: Any) -> Any:
        """Send one message and wait for the answer."""
        self.send(*message)
        return self.receive()


def write_all(descriptor: int, text: str) -> None:
    """Write to a descriptor that may be closed, as programs do when nobody reads them any more."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        while data:
            data = data[posix.write(descriptor, data) :]
    except OSError:
        pass


def current_umask() -> int:
    """The umask, which can only be read by setting it."""
    mask = posix.umask(0o77)
    posix.umask(mask)
    return mask


def main() -> None:
    """Run the command this process was called as."""
    argv = [sys.argv[0].rpartition("/")[2], *sys.argv[1:]]
    posix.unsetenv("LC_CTYPE")  # Python itself adds it where no locale is set (PEP 538)
    link = Link()
    try:
        stdin = posix.readlink("/.linux/proc/self/fd/0")
    except OSError:
        stdin = ""
    link.send("command", posix.getpid(), argv, posix.getcwd(), current_umask(), stdin)
    while True:
        out, err, action, value = link.receive()
        write_all(1, out)
        write_all(2, err)
        if action == "exit":
            posix._exit(value)
        elif action == "exec":
            posix.execv(value[0], value[1:])
        elif action == "local":
            from . import local

            status = local.run(value, argv, link)
            link.send("ended", status)
            posix._exit(status)
        elif action == "input":
            piece = b"-"
            while piece:
                piece = posix.read(0, 65536)
                link.send("input", piece)
        elif action == "catch":
            _signal.signal(_signal.SIGTERM, lambda *_: link.send("signal"))
        elif action == "block":
            for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
                _signal.signal(number, _signal.SIG_IGN)
