"""The stand-in host as a program: it serves a scenario, one JSON object a line in, one out."""

from __future__ import annotations

import json
import sys
from functools import partial

from . import bhyve
from .processes import require_proc
from .scene import Scene
from .server import Server
from .settings import Settings

GIVEN = "/.linux/run/given"
"""What another host gets on its standard input."""


def main() -> None:
    """The first line has the settings, each other one a call of ``scene.Scene``."""
    require_proc()
    settings = Settings(json.loads(sys.stdin.readline()))
    server = Server(settings)
    scene = Scene(server)

    def ask(words: list[str], given: bytes) -> tuple[str, str, int]:
        with open(GIVEN, "wb") as stream:
            stream.write(given)
        print(json.dumps({"ssh": words, "given": GIVEN}), flush=True)
        out, err, status = json.loads(sys.stdin.readline())
        return out, err, status

    server.world.ask = ask
    server.world.end = partial(bhyve.end, server.world)
    server.world.live = partial(bhyve.live, server.world)
    if settings.unread():
        raise SystemExit(f"the stand-in host has no settings {settings.unread()}")
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        verb, arguments = json.loads(line)
        answer = getattr(scene, verb)(**arguments)
        print(json.dumps([answer, scene.take_faults()]), flush=True)
