"""The QEMU guest agent (qemu-ga) in a guest, and nc(1) -U that speaks to it through bhyve's virtio-console.

bhyve serves one client of a socket at a time and closes every other at once (pci_virtio_console.c). What comes before
the guest drives its port is thrown away; after that it lies in the guest until an agent reads it, however late.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from typing import TYPE_CHECKING, Any

from . import system
from .options import UsageError, options
from .processes import alive
from .reply import Input, Later, Reply, Result, fail
from .things import Guest

if TYPE_CHECKING:
    from .calls import Request
    from .world import World

FROZEN = (
    *("guest-fsfreeze-freeze", "guest-fsfreeze-status", "guest-fsfreeze-thaw"),
    *("guest-info", "guest-ping", "guest-sync", "guest-sync-delimited"),
)
"""What an agent takes while file systems are frozen."""
FILE_SYSTEMS = 2


def nc(world: World, words: list[str], request: Request) -> Result:
    """nc(1): ``nc -U path`` sends its standard input and prints what comes; all else is ``system.nc``."""
    if "-U" not in words:
        return system.nc(world, words)
    try:
        given, (path,) = options(words, "UN")
    except (UsageError, ValueError):
        return fail("usage: nc [-NU] path")
    if "N" in given:
        return fail("nc: bhyve closes a connection that is shut down on one side, and nothing is answered")
    return Input(lambda text: connect(world, path, text, request))


def connect(world: World, path: str, text: bytes, request: Request) -> Result:
    """What comes back from the socket, when its standard input has come to its end."""
    guest = next((each for each in world.guests.values() if path in each.channels), None)
    if guest is None or not os.path.exists(path) or not stat.S_ISSOCK(os.stat(path).st_mode):
        return Reply("", "", 1)
    lines = [line for line in text.split(b"\n") if line]
    named = re.findall(rb'"execute": *"([^"]+)"', text)
    if request.entry is not None:
        request.entry.text += ": " + " ".join(name.decode() for name in named)
    if guest.client and alive(guest.client):
        return Reply()
    if not guest.acpi and not guest.restored:
        guest.client = request.pid
        return Later(lambda finish: guest.mourners.append(lambda: finish(Reply())))
    return converse(world, guest, lines, request)


def converse(world: World, guest: Guest, lines: list[bytes], request: Request) -> Result:
    """The agent takes the lines, at once or when it is there."""
    behaviour = guest.behaviour
    guest.client = request.pid
    heard: list[str] = []
    begin = behaviour.agent
    silent = begin is None
    if begin is not None and world.now < guest.started + begin:
        silent = True
        world.at(guest.started + begin - world.now, lambda: read_late(world, guest, lines))
    elif begin is not None:
        heard = answers(world, guest, lines)
    if silent or not heard or heard[-1] == "":
        said = "".join(each + "\n" for each in heard if each)
        return Later(lambda finish: guest.mourners.append(lambda: finish(Reply(said))))
    guest.client = 0
    return Reply("".join(each + "\n" for each in heard))


def read_late(world: World, guest: Guest, lines: list[bytes]) -> None:
    """What lay in the guest: the agent does it, and nobody is there to hear its answers."""
    answers(world, guest, lines)


def answers(world: World, guest: Guest, lines: list[bytes]) -> list[str]:
    """What the agent says to each line; nothing is an empty text."""
    if guest.over:
        return []
    return [answer(world, guest, line) for line in lines]


def answer(world: World, guest: Guest, line: bytes) -> str:
    """What it says to one line, and does."""
    said = ""
    if line.startswith(b"\xff"):
        said, line = failure("GenericError", "JSON parse error, stray '\xff'") + "\n", line[1:]
    try:
        asked: dict[str, Any] = json.loads(line)
        command, given = asked["execute"], asked.get("arguments", {})
    except (ValueError, KeyError, TypeError):
        return failure("GenericError", "JSON parse error")
    guest.heard.append(command)
    if command in guest.behaviour.agent_says:
        return said + guest.behaviour.agent_says[command]
    if guest.frozen and command not in FROZEN:
        return said + failure("GenericError", f"Command {command} has been disabled: the agent is in frozen state")
    value = obey(world, guest, command, given)
    return said + (value if isinstance(value, str) else json.dumps({"return": value}))


def obey(world: World, guest: Guest, command: str, given: dict[str, Any]) -> Any:
    """Do it: a value, or a whole answer as a text."""
    if command == "guest-sync":
        return given["id"]
    if command == "guest-fsfreeze-freeze":
        if guest.frozen:
            return failure("GenericError", "already frozen")
        guest.frozen = True
        return FILE_SYSTEMS
    if command == "guest-fsfreeze-thaw":
        was, guest.frozen = guest.frozen, False
        return FILE_SYSTEMS if was else 0
    if command == "guest-fsfreeze-status":
        return json.dumps({"return": "frozen" if guest.frozen else "thawed"})
    if command == "guest-shutdown":
        from .bhyve import ENDS, come_to_end

        mode = given.get("mode", "powerdown")
        status = ENDS["reboot" if mode == "reboot" else "poweroff"]
        world.at(guest.behaviour.shutdown, lambda: come_to_end(world, guest, status), guest.name)
        return ""
    if command == "guest-set-time":
        guest.clock = given.get("time", 0)
        return {}
    if command == "guest-network-get-interfaces":
        return guest.behaviour.interfaces
    if command.startswith("guest-file-"):
        return handle_file(world, guest, command, given)
    return {} if command == "guest-ping" else failure("CommandNotFound", f"The command {command} has not been found")


def handle_file(world: World, guest: Guest, command: str, given: dict[str, Any]) -> Any:
    """Open a file for reading, or close one that is open."""
    path, handle = given.get("path", ""), given.get("handle")
    if command == "guest-file-open":
        if guest.behaviour.has.get(path, math.inf) > world.now - guest.started:
            return failure("GenericError", f"failed to open file '{path}' (mode: 'r'): No such file or directory")
        handle = max(guest.opened, default=999) + 1
        guest.opened.add(handle)
        return handle
    if handle not in guest.opened:
        return failure("GenericError", f"handle '{handle}' has not been found")
    guest.opened.remove(handle)
    return {}


def failure(kind: str, text: str) -> str:
    """An error, as the agent says it."""
    return json.dumps({"error": {"class": kind, "desc": text}})
