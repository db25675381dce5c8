"""What waits for the server: a command of a client; and what the transcript keeps of it."""

from __future__ import annotations

import contextlib
import marshal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .reply import Result


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

    def answer(self, out: str, err: str, action: str, value: Any) -> None:
        """Send a message to the client, which may be gone."""
        with contextlib.suppress(OSError):
            self.socket.send(marshal.dumps((out, err, action, value)))

    def say(self, text: str) -> None:
        """Make the client write a message, and go on."""
        self.answer("", text, "", 0)

    def catch(self) -> None:
        """Make the client report SIGTERM."""
        self.answer("", "", "catch", 0)


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
