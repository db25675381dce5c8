"""What a command answers: at once, later, or by becoming something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

BUSYBOX = "/.linux/busybox"
"""Linux's own utilities, in the sandbox."""


class UnmodelledError(Exception):
    """The real command can do this and its stand-in cannot: the scenario fails, whatever the script makes of it."""


@dataclass
class Reply:
    """The command is over."""

    out: str = ""
    err: str = ""
    status: int = 0


@dataclass
class Later:
    """The command goes on; ``register`` is given the function that ends it with a Reply."""

    register: Callable[[Callable[[Reply], None]], None]
    block: bool = False
    """It waits in state D: signals do not end it."""


@dataclass
class Become:
    """The client becomes another program: its path, then its argv."""

    words: list[str] = field(default_factory=list)


@dataclass
class Local:
    """The client is the command itself (local.c, daemon.c, debuggers.py)."""

    command: str


@dataclass
class Input:
    """The client reads its standard input to the end; then the command goes on with that."""

    then: Callable[[bytes], Result]


Result = Reply | Later | Become | Local | Input


def fail(message: str, status: int = 1) -> Reply:
    """A command that ends with a message and a status."""
    return Reply("", message + "\n", status)
