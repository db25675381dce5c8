"""What waits for the server: a command of a client; and what the transcript keeps of it."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .reply import Result

ACTIONS = {"exit": b"e", "exec": b"b", "local": b"l", "input": b"i", "catch": b"c", "block": b"d", "": b"-"}
"""What a client is told to do, and how (command.c):

- exit: write the texts and end with a status;
- exec: become the program that the first word names, with the others as its argv;
- local: be the command itself, which needs real processes or locks (local.c, daemon.c, debuggers.py);
- input: send the standard input to its end, in pieces, the last of them empty;
- catch: from now on report SIGTERM instead of dying of it (the guest switched ACPI on);
- block: from now on ignore the signals that a process in state D ignores;
- an empty one: write the texts and wait for the next message.
"""


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
    given: list[bytes] = field(default_factory=list)
    """What came on its standard input, when it was asked for that."""
    then: Callable[[bytes], Result] | None = None
    """How it goes on with that input."""
    entry: Entry | None = None

    def answer(self, action: str, out: str = "", err: str = "", status: int = 0, words: Sequence[str] = ()) -> None:
        """Send a message to the client, which may be gone."""
        texts = [text.encode("utf-8", "surrogateescape") for text in (out, err)]
        head = struct.pack("=cxxxiII", ACTIONS[action], status, *map(len, texts))
        with contextlib.suppress(OSError):
            self.socket.send(b"".join([head, *texts, *(os.fsencode(word) + b"\0" for word in words)]))

    def say(self, text: str) -> None:
        """Make the client write a message, and go on."""
        self.answer("", err=text)

    def catch(self) -> None:
        """Make the client report SIGTERM."""
        self.answer("catch")


def describe(request: Request, names: Mapping[int, str]) -> str:
    """A command as the transcript shows it: quoted where needed, pids by name, bhyve without its options, and awk
    without its program."""
    name, *words = request.argv
    if name == "bhyve":
        return f"bhyve ... {words[-1] if words else ''}"
    if name == "awk":
        return "awk ..."
    shown = [word if word and not set(word) & set(" '\"\n") else repr(word) for word in words]
    if name == "pwait":
        pairs = zip(["", *words], shown, strict=False)
        shown = [
            f"<{names[int(each)]}>" if before != "-t" and each.isdigit() and int(each) in names else each
            for before, each in pairs
        ]
    return " ".join([name, *shown])
