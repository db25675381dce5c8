"""Serial ports."""

from __future__ import annotations

from hivewright.lower.context import Guest, console_path
from hivewright.model.guest import SerialPort
from hivewright.plan import Provenance


def serial_backend(guest: Guest, name: str, port: SerialPort) -> tuple[str, Provenance]:
    """What bhyve connects a serial port to, and the keys that say so."""
    if port.kind == "nmdm":
        return f"{console_path(guest, name)}A", (f"serial.{name}.kind", f"lock:consoles.{name}")
    if port.kind == "tmux":
        return "stdio", (f"serial.{name}.kind",)
    address = f"[{port.address}]" if ":" in port.address else port.address
    keys = tuple(f"serial.{name}.{key}" for key in ("kind", "address", "port"))
    return f"tcp={address}:{port.port}", keys


def serial_ports(guest: Guest) -> tuple[tuple[str, str], ...]:
    """Each port and where people reach it: an nmdm(4) device without its end (bhyve opens A), ``tcp=…`` or ``tmux``."""
    return tuple(
        (name, "tmux" if port.kind == "tmux" else serial_backend(guest, name, port)[0].removesuffix("A"))
        for name, port in sorted(guest.vm.serial.items())
    )
