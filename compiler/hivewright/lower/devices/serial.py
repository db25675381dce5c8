"""Serial ports."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest, console_path
from hivewright.model.guest import SerialPort
from hivewright.plan import Provenance, Step
from hivewright.values.serial_lines import is_null_modem

TMUX = "/usr/local/bin/tmux"
"""File of the package tmux."""


def serial_backend(guest: Guest, name: str, port: SerialPort) -> tuple[str, Provenance]:
    """What bhyve connects a serial port to, and the keys that say so."""
    if port.kind == "nmdm":
        return f"{console_path(guest, name)}A", (f"serial.{name}.kind", f"lock:consoles.{name}")
    if port.kind == "tmux":
        return "stdio", (f"serial.{name}.kind",)
    if port.kind == "device":
        return port.device or "", (f"serial.{name}.kind", f"serial.{name}.device")
    address = f"[{port.address}]" if ":" in port.address else port.address
    keys = tuple(f"serial.{name}.{key}" for key in ("kind", "address", "port"))
    return f"tcp={address}:{port.port}", keys


def serial_ports(guest: Guest) -> tuple[tuple[str, str], ...]:
    """Each port and where people reach it: an nmdm(4) device without its end (bhyve opens A), ``tcp=…``, ``tmux``, or
    ``device=…``, which bhyve opens."""
    return tuple((name, _reached(guest, name, port)) for name, port in sorted(guest.vm.serial.items()))


def _reached(guest: Guest, name: str, port: SerialPort) -> str:
    if port.kind == "tmux":
        return "tmux"
    if port.kind == "device":
        return f"device={port.device}"
    return serial_backend(guest, name, port)[0].removesuffix("A")


def prepare_serial(guest: Guest) -> Iterator[Step]:
    """tmux must be there for a port on stdio, and a serial line of the host; an end of an nmdm(4) comes when it is
    opened."""
    for name, port in sorted(guest.vm.serial.items()):
        label = f"serial.{name}"
        if port.kind == "tmux":
            log, keys = ((f"log={name}",), (f"{label}.log",)) if port.log else ((), ())
            yield Step("terminal", (TMUX, *log), (f"{label}.kind", *keys), label)
        elif port.kind == "device" and not is_null_modem(port.device or ""):
            yield Step("file", ("serial line", port.device or ""), (f"{label}.kind", f"{label}.device"), label)
