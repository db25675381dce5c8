"""The stand-in host as a program: it serves a scenario, one JSON object a line in, one out."""

from __future__ import annotations

import json
import sys

from .processes import require_proc
from .scene import Scene
from .server import Server
from .settings import Settings


def main() -> None:
    """The first line has the settings, each other one a call of ``scene.Scene``."""
    require_proc()
    settings = Settings(json.loads(sys.stdin.readline()))
    scene = Scene(Server(settings))
    if settings.unread():
        raise SystemExit(f"the stand-in host has no settings {settings.unread()}")
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        verb, arguments = json.loads(line)
        answer = getattr(scene, verb)(**arguments)
        print(json.dumps([answer, scene.take_faults()]), flush=True)
