"""The command line of bhyve(8), read as strictly as the real one reads it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from .paths import RefusedError, variables_of
from .sizes import size_of
from .world import World

AMD64 = "AaCc:DeG:Hf:hIk:K:l:m:o:Pp:R:r:Ss:U:uWwxY"
ARM64 = "hCDSWk:f:o:p:c:s:m:U:"
BLOCK = ("virtio-blk", "ahci-hd", "ahci-cd", "nvme")
PLAIN = ("hostbridge", "amd_hostbridge", "lpc", "xhci", "virtio-rnd", "hda", "uart", "virtio-console", "virtio-input")
OTHER = ("virtio-net", "e1000", "fbuf", "passthru", "virtio-9p", "virtio-scsi", "ahci")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Machine:
    """The command line, read."""

    name: str = ""
    flags: set[str] = field(default_factory=set)
    devices: dict[tuple[int, int, int], tuple[str, str]] = field(default_factory=dict)
    lpc: list[tuple[str, str]] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    pins: list[tuple[int, int]] = field(default_factory=list)
    cpus: int = 1
    memory: int = 256 << 20
    restore: str = ""
    receive: str = ""


def parse(world: World, words: list[str]) -> Machine:
    """Read the options in order; raises RefusedError as bhyve's own option loop does."""
    known = AMD64 if world.arch == "amd64" else ARM64
    if world.release >= (15, 0):
        known += "n:"
    if not world.snapshot:
        known = known.replace("r:", "")
    if not world.migrates:
        known = known.replace("R:", "")
    machine = Machine()
    rest = list(words)
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        letters = rest.pop(0)[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            place = known.find(letter)
            if place < 0 or letter == ":":
                raise RefusedError(f"bhyve: illegal option -- {letter}\nUsage: bhyve [-AaCDeHhPSuWwxY] ...", 1)
            if known[place + 1 : place + 2] != ":":
                machine.flags.add(letter)
                continue
            if not letters and not rest:
                raise RefusedError(f"bhyve: option requires an argument -- {letter}", 1)
            value, letters = (letters, "") if letters else (rest.pop(0), "")
            option(machine, letter, value)
    if len(rest) != 1 and not (machine.restore and not rest):
        raise RefusedError("Usage: bhyve [-AaCDeHhPSuWwxY] ...", 1)
    machine.name = rest[0] if rest else ""
    return machine


def option(machine: Machine, letter: str, value: str) -> None:
    """One option with its value."""
    if letter == "c":
        machine.cpus = topology(value)
    elif letter == "m":
        if not re.fullmatch(r"[0-9]+[KMGTkmgt]?", value):
            raise RefusedError(f"invalid memsize '{value}'", 64)
        machine.memory = size_of(value) if value[-1:].isalpha() or int(value) >= 1 << 20 else int(value) << 20
    elif letter == "s":
        slot(machine, value)
    elif letter == "l":
        device, _, backend = value.partition(",")
        if device not in ("com1", "com2", "com3", "com4", "bootrom", "tpm", "pc-testdev"):
            raise RefusedError(f"Unable to parse device name '{value}'", 64)
        machine.lpc.append((device, backend))
    elif letter == "G":
        machine.config["gdb"] = value
    elif letter == "o":
        name, separator, text = value.partition("=")
        if not separator or not text:
            raise RefusedError(f"bhyve: invalid configuration option '{value}'", 64)
        machine.config[name] = text
    elif letter == "p":
        pair = re.match(r"([0-9]+):([0-9]+)", value)
        if not pair:
            raise RefusedError(f"invalid vcpu pinning '{value}'", 64)
        machine.pins.append((int(pair[1]), int(pair[2])))
    elif letter == "U" and not UUID.fullmatch(value):
        raise RefusedError(f"invalid uuid '{value}'", 4)
    elif letter == "r":
        machine.restore = value
    elif letter == "R":
        machine.receive = value
    elif letter == "k" and not os.path.exists(value):
        raise RefusedError(f"bhyve: {value}: No such file or directory", 4)
    elif letter == "k":
        machine.config.update(variables_of(value))


def topology(text: str) -> int:
    """``-c``: sockets default to the cpus, the product must fit."""
    values: dict[str, int] = {}
    for part in text.split(","):
        key, separator, number = part.rpartition("=")
        key = key if separator else "cpus"
        if key not in ("cpus", "sockets", "cores", "threads") or not number.isdigit() or not 0 < int(number) < 65536:
            raise RefusedError(f"invalid cpu topology '{text}'", 64)
        values[key] = int(number)
    cores, threads = values.get("cores", 1), values.get("threads", 1)
    cpus = values.get("cpus", values.get("sockets", 1) * cores * threads)
    sockets = values.get("sockets", cpus)
    if sockets * cores * threads != cpus:
        text = f"Topology ({sockets} sockets, {cores} cores, {threads} threads) does not match {cpus} vCPUs"
        raise RefusedError("bhyve: " + text)
    return cpus


def slot(machine: Machine, text: str) -> None:
    """``-s``: an address, taken once, and a device that exists."""
    place, _, rest = text.partition(",")
    emulation, _, conf = rest.partition(",")
    numbers = place.split(":")
    if not all(number.isdigit() for number in numbers) or len(numbers) > 3:
        raise RefusedError(f"Invalid PCI slot info field '{text}'")
    values = [int(number) for number in numbers]
    if len(values) == 1:
        values.append(0)
    address = (values[0], values[1], values[2]) if len(values) == 3 else (0, values[0], values[1])
    if address[0] > 255 or address[1] > 31 or address[2] > 7:
        raise RefusedError(f"Invalid PCI slot info field '{text}'")
    node = f"pci.{address[0]}.{address[1]}.{address[2]}."
    if address in machine.devices or any(name.startswith(node) for name in machine.config):
        raise RefusedError(f"pci slot {address[1]}:{address[2]} already occupied!")
    if emulation not in BLOCK + PLAIN + OTHER:
        raise RefusedError(f'pci slot {address[1]}:{address[2]}: unknown device "{emulation}"')
    machine.devices[address] = (emulation, conf)
