"""bhyve(8): arguments read as strictly as the real one reads them, devices opened, a scripted guest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from . import pci, swtpm
from .backends import open_console, open_fbuf, open_lpc, open_tap
from .paths import OPENED, RefusedError, open_paths, variables_of
from .reply import Later, Reply, Result, fail
from .strict import misread
from .stub import open_stub
from .switches import close
from .world import Behaviour, Guest, World

KILLED = -1
"""In the transcript: a signal ended bhyve, its shell knows which."""
ENDS = {"reboot": 0, "poweroff": 1, "halt": 2, "triple": 3, "error": 4, "abort": 134}
AMD64 = "AaCc:DeG:Hf:hIk:K:l:m:o:Pp:r:Ss:U:uWwxY"
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


def parse(world: World, words: list[str]) -> Machine:
    """Read the options in order; raises RefusedError as bhyve's own option loop does."""
    known = AMD64 if world.arch == "amd64" else ARM64
    if world.release >= (15, 0):
        known += "n:"
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
    if len(rest) != 1:
        raise RefusedError("Usage: bhyve [-AaCDeHhPSuWwxY] ...", 1)
    machine.name = rest[0]
    return machine


def option(machine: Machine, letter: str, value: str) -> None:
    """One option with its value."""
    if letter == "c":
        machine.cpus = topology(value)
    elif letter == "m":
        if not re.fullmatch(r"[0-9]+[KMGTkmgt]?", value):
            raise RefusedError(f"invalid memsize '{value}'", 64)
    elif letter == "s":
        slot(machine, value)
    elif letter == "l":
        device, _, backend = value.partition(",")
        if device not in ("com1", "com2", "com3", "com4", "bootrom", "tpm", "fwcfg"):
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
    elif letter in "kr" and not os.path.exists(value):
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


def open_devices(world: World, machine: Machine, guest: Guest, stdin: str) -> None:
    """Open what the devices need; the context exists already and stays when this fails."""
    emulations = {emulation for emulation, _ in machine.devices.values()}
    if machine.lpc and "lpc" not in emulations:
        raise RefusedError("bhyve: lpc devices need an lpc bridge")
    for vcpu, cpu in machine.pins:
        if vcpu >= machine.cpus:
            raise RefusedError(f"bhyve: vcpu {vcpu} does not exist")
        if cpu >= int(world.sysctl["hw.ncpu"]):
            raise RefusedError("Assertion failed: (error == 0), function fbsdrun_start_thread", 134)
    for device, backend in machine.lpc:
        open_lpc(world, device, backend, stdin)
        if device == "tpm":
            guest.tpm, fault = swtpm.connect(world, backend)
            if fault:
                raise RefusedError(fault)
    for address, (emulation, conf) in machine.devices.items():
        first, _, more = conf.partition(",")
        if emulation in BLOCK:
            if not os.path.exists(first):
                raise RefusedError(f"Could not open backing file: {first}: No such file or directory")
            guest.disks.append(first)
        elif emulation in ("virtio-net", "e1000"):
            open_tap(world, guest, first, more)
        elif emulation == "fbuf":
            open_fbuf(world, guest, conf)
        elif emulation == "passthru":
            node = "pci.{}.{}.{}.".format(*address)
            pci.open_device(world, guest, conf, node, machine.config, "S" in machine.flags)
        elif emulation in OPENED:
            open_paths(emulation, conf)
        elif emulation == "virtio-9p" and not os.path.isdir(first.partition("=")[2]):
            raise RefusedError(f"virtio-9p: {first}: No such file or directory")
    rom = machine.config.get("bootrom")
    if rom is not None and not os.path.exists(rom):
        raise RefusedError(f'Error opening bootrom "{rom}": No such file or directory')
    if "console" in machine.config:
        open_console(world, machine.config["console"], stdin)
    open_stub(world, guest, machine.config.get("gdb", ""))


def bhyve(world: World, words: list[str], pid: int, stdin: str, catch: Callable[[], None]) -> Result:
    """Run a guest. ``catch`` makes the client report SIGTERM instead of dying of it."""
    try:
        machine = parse(world, words)
    except RefusedError as refused:
        return fail(str(refused), refused.status)
    if machine.config.get("config.dump") == "1":
        return Reply(f"name={machine.name}\n", "", 1)
    if machine.cpus > int(world.sysctl["hw.vmm.maxcpu"]):
        return fail(f"Unable to start {machine.cpus} vCPUs", 4)
    if "vmm" not in world.modules:
        return fail("bhyve: vm_create: No such file or directory", 4)
    has_rom = "bootrom" in dict(machine.lpc) or "bootrom" in machine.config
    fault = misread(world, words, has_rom) if world.strict else ""
    if fault:
        return fail(f"the strict parser refuses {words}: {fault}", 64)
    if machine.name in world.contexts and (has_rom or machine.name not in world.loaded):
        return fail("vm_reinit: Device busy", 4)
    if not has_rom and machine.name not in world.loaded:
        return fail("virtual machine cannot be booted", 4)
    world.loaded.discard(machine.name)

    def register(finish: Callable[[Reply], None]) -> None:
        start(world, machine, pid, stdin, catch, finish)

    return Later(register)


def start(
    world: World,
    machine: Machine,
    pid: int,
    stdin: str,
    catch: Callable[[], None],
    finish: Callable[[Reply], None],
) -> None:
    """Make the context, open the devices, and let the guest do what its scenario says."""
    name = machine.name
    world.contexts.add(name)
    world.node(f"vmm/{name}")
    script = world.behaviours.get(name, [])
    behaviour = script.pop(0) if script else Behaviour()
    guest = Guest(name, pid, behaviour, lambda status, text: finish(Reply("", text, status)), catch, world.now)
    world.guests[name] = guest
    try:
        open_devices(world, machine, guest, stdin)
        if behaviour.refuse:
            raise RefusedError(behaviour.refuse)
    except RefusedError as refused:
        end(world, guest, refused.status, str(refused) + "\n")
        return
    if behaviour.acpi is not None:
        world.at(behaviour.acpi, lambda: enable_acpi(guest))
    if behaviour.end:
        world.at(behaviour.after, lambda: end(world, guest, ENDS[behaviour.end]))


def enable_acpi(guest: Guest) -> None:
    """The guest switches ACPI on: bhyve takes SIGTERM for the power button from now on."""
    if not guest.over:
        guest.acpi = True
        guest.catch()


def press(world: World, guest: Guest) -> None:
    """The power button."""
    guest.presses += 1
    if guest.presses == guest.behaviour.ignore + 1:
        world.at(guest.behaviour.shutdown, lambda: end(world, guest, ENDS["poweroff"]), guest.name)


def end(world: World, guest: Guest, status: int, text: str = "") -> None:
    """bhyve ends: taps go down and are free, the context stays."""
    if guest.over:
        return
    guest.over = True
    if world.guests.get(guest.name) is guest:
        del world.guests[guest.name]
    guest.finish(status, text)
    if guest.tpm:
        swtpm.terminate(guest.tpm)
    close(world, guest.name, guest.ports)
    for name in guest.taps:
        interface = world.interfaces[name]
        interface.holder = ""
        if not interface.link0:
            interface.up, interface.addresses = False, []
        for resume in world.waiting.pop(name, []):
            resume()


def destroy_context(world: World, name: str) -> None:
    """Take the context away; a live guest dies of it."""
    guest = world.guests.get(name)
    world.contexts.discard(name)
    world.loaded.discard(name)
    world.unnode(f"vmm/{name}")
    if guest is not None:
        end(world, guest, ENDS["error"], "vm_run error -1, errno 6\n")


def died(world: World, pid: int) -> None:
    """The process of a guest is gone (SIGKILL, SIGTERM before ACPI): what the kernel closes for it."""
    for guest in [guest for guest in world.guests.values() if guest.pid == pid]:
        end(world, guest, KILLED)
