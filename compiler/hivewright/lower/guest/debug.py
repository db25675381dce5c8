"""The gdb stub of bhyve(8), -G."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.plan import Option, Provenance, Step


def gdb_address(guest: Guest) -> str:
    """Address and port of the stub; empty without one.

    bhyve takes what follows the last colon as the port and resolves the rest unchanged, so an IPv6 address must not
    have brackets (bhyve(8), -G).
    """
    stub = guest.vm.debug.gdb if guest.vm.debug is not None else None
    return f"{stub.address}:{stub.port}" if stub is not None else ""


def lower_gdb(guest: Guest) -> Iterator[Option]:
    stub = guest.vm.debug.gdb if guest.vm.debug is not None else None
    if stub is None:
        return
    keys: Provenance = ("debug.gdb.address", "debug.gdb.port")
    wait = ""
    if stub.wait:
        wait, keys = "w", ("debug.gdb.wait", *keys)
    yield Option(("-G", f"{wait}{gdb_address(guest)}"), keys, "debug.gdb")


def prepare_debug(guest: Guest) -> Iterator[Step]:
    """Checks that bhyve has a stub, whose address may be in use."""
    if guest.vm.debug is not None and guest.vm.debug.gdb is not None:
        yield Step("stub", (gdb_address(guest),), ("debug.gdb.address", "debug.gdb.port"), "debug.gdb")
