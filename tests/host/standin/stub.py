"""The gdb stub of bhyve(8): ``-G [w][ADDRESS:]PORT``."""

from __future__ import annotations

import re

from .paths import RefusedError
from .things import Guest
from .world import World


def open_stub(world: World, guest: Guest, value: str) -> None:
    """An address nobody listens on; the port is what follows the last colon, and brackets are no part of an address."""
    if not value:
        return
    address, _, port = value.removeprefix("w").rpartition(":")
    if not re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*|", address) or not port.isdigit():
        raise RefusedError("bhyve: gdb address resolution: Name does not resolve", 1)
    guest.stub = f"{address or 'localhost'}:{port}"
    taken = [text for other in world.guests.values() if other is not guest for text in (other.stub, other.listen)]
    if guest.stub in taken + world.listening:
        raise RefusedError("bhyve: gdb socket bind: Address already in use", 1)
