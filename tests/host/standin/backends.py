"""What bhyve(8) opens beside disks: consoles and ROMs, taps and what stands in for them, the port of VNC."""

from __future__ import annotations

import os
import re

from .disks import resolved
from .paths import RefusedError, make_socket
from .switches import open_netgraph, open_vale
from .things import Guest
from .world import World

MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.IGNORECASE)


def open_lpc(world: World, device: str, backend: str, stdin: str) -> None:
    """A serial port or the boot ROM; 13.x takes everything behind ``bootrom,`` for one file name."""
    if device.startswith("com"):
        open_console(world, backend, stdin)
    elif device == "bootrom":
        rom, _, variables = backend.partition(",") if world.release >= (14, 0) else (backend, "", "")
        if not os.path.isfile(rom) or not os.path.getsize(rom):
            raise RefusedError(f'Error opening bootrom "{rom}": No such file or directory')
        if variables and (not os.path.isfile(variables) or not os.path.getsize(variables)):
            raise RefusedError(f'Error opening bootrom variables "{variables}"')


def open_console(world: World, backend: str, stdin: str) -> None:
    """The nmdm pair appears when either end is opened; stdio needs a terminal, and a serial line must be there."""
    if backend == "stdio":
        if stdin == "/dev/null":
            raise RefusedError("Assertion failed: stdin", 134)
        return
    if backend.startswith("tcp=") and world.release >= (15, 0):
        return
    if backend.startswith("/dev/cua") and os.path.exists(backend):
        return
    if not re.fullmatch(r"/dev/nmdm[^/]+[AB]", backend):
        raise RefusedError(f"Unable to initialize backend '{backend}' for LPC device")
    for end in "AB":
        world.node(backend[len("/dev/") : -1] + end)


def open_tap(world: World, guest: Guest, name: str, conf: str) -> None:
    """A tap that exists and that no other bhyve holds; it goes up. Or what stands in for one (bhyve(8))."""
    if name == "netgraph" or name.startswith("vale"):
        error = open_netgraph(world, guest.name, conf) if name == "netgraph" else open_vale(world, name)
        if error:
            raise RefusedError(error)
        guest.ports += [name] if name != "netgraph" else []
        return
    if name == "slirp" and world.release >= (15, 0):
        return
    world.look(f"/dev/{name}")
    unit = os.path.basename(resolved(f"/dev/{name}"))
    interface = next((each for each in world.interfaces.values() if each.unit == unit), None)
    if not name.startswith("tap") or interface is None or interface.kind != "tap":
        raise RefusedError(f"open of tap device /dev/{name} failed: No such file or directory")
    if interface.holder:
        raise RefusedError(f"open of tap device /dev/{name} failed: Device busy")
    for key, _, value in (part.partition("=") for part in conf.split(",") if part):
        if key == "mac" and (not MAC.fullmatch(value) or int(value[:2], 16) & 1):
            raise RefusedError(f"Invalid mac address '{value}'")
    if interface.name != name and name in world.interfaces:
        world.fault("wrong tap", f"guest {guest.name} opened /dev/{name}, which is {interface.name}, and not {name}")
    interface.holder = guest.name
    interface.up = True
    guest.taps.append(interface.name)


def open_fbuf(world: World, guest: Guest, conf: str) -> None:
    """A VNC address nobody listens on."""
    keys = dict(part.partition("=")[::2] for part in conf.split(","))
    listen = keys.get("rfb", keys.get("tcp", "127.0.0.1:5900"))
    if listen.startswith("unix:") and world.release >= (15, 1):
        make_socket(listen.removeprefix("unix:"))
        return
    port = listen.rpartition(":")[2]
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise RefusedError("fbuf: invalid port")
    if any(other.listen == listen for other in world.guests.values()):
        raise RefusedError("bind: Address already in use")
    guest.listen = listen
