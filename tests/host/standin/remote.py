"""ssh(1) to another stand-in host, as a host does it that nobody sits at."""

from __future__ import annotations

from itertools import pairwise

from .options import UsageError
from .reply import Input, Reply, Result
from .world import World

ASKS_NOBODY = {"BatchMode=yes", "StrictHostKeyChecking=yes"}


def ssh(world: World, words: list[str]) -> Result:
    """``ssh -T -o … -- address command …``: who does not forbid questions could wait for an answer for ever."""
    end = words.index("--") if "--" in words else 0
    settings = {word for before, word in pairwise(words[:end]) if before == "-o"}
    if ASKS_NOBODY - settings:
        raise UsageError(f"it may ask somebody; say {', '.join(sorted(ASKS_NOBODY))}")
    address, *command = words[end + 1 :]

    def send(data: bytes) -> Reply:
        return Reply(*world.ask([address, " ".join(command)], data))

    return Input(send)
