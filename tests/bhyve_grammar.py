"""A strict reader of bhyve's command line, independent of the compiler.

bhyve itself ignores unknown keys of devices, unknown configuration variables and much trailing text without a word;
this parser raises ``ValueError`` instead, and knows what each release and architecture takes (bhyve(8),
bhyve_config(5)).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bhyve_variables import read_lpc, read_variable
from bhyve_words import (
    AMD64_FLAGS,
    AMD64_OPTIONS,
    ARM64_FLAGS,
    ARM64_OPTIONS,
    BACKENDS,
    DEVICE_KEYS,
    FWCFG,
    LAYOUT,
    NAME,
    NUMA,
    NUMBER,
    OPTIONS_SINCE,
    PATH,
    PC_DEVICES,
    PORT,
    SOCKET_LENGTH,
    STUB,
    SWITCHES,
    UUID,
    Command,
    Form,
)


def parse_command(words: Sequence[str], release: str, arch: str, loaded: bool = False) -> Command:
    """The words behind ``bhyve``, the name of the guest last. ``loaded``: by a program of the host, not by a ROM."""
    if not words or NAME.fullmatch(words[-1]) is None:
        raise ValueError("the last word is the name of the guest")
    major, _, minor = release.partition(".")
    command = Command(words[-1], (int(major), int(minor)), arch)
    flags, options = (AMD64_FLAGS, AMD64_OPTIONS) if arch == "amd64" else (ARM64_FLAGS, ARM64_OPTIONS)
    rest = list(words[:-1])
    while rest:
        word = rest.pop(0)
        if re.fullmatch("-[A-Za-z]", word) is None:
            raise ValueError(f"{word!r} is no option")
        letter = word[1]
        if command.release < OPTIONS_SINCE.get(letter, (0, 0)):
            raise ValueError(f"{release} has no {word}")
        if letter in flags:
            if letter in command.flags:
                raise ValueError(f"{word} twice")
            command.flags.add(letter)
        elif letter in options:
            if not rest:
                raise ValueError(f"{word} needs an argument")
            _option(command, letter, rest.pop(0))
        else:
            raise ValueError(f"bhyve of {release} on {arch} has no {word}")
    _check_whole(command, loaded)
    return command


def _option(command: Command, letter: str, value: str) -> None:
    if re.search(r"[%\\\x00-\x1f\x7f]", value) or not value:
        raise ValueError(f"unsafe argument {value!r}")
    if letter == "s":
        _slot(command, value)
    elif letter == "l":
        read_lpc(command, value)
    elif letter == "o":
        read_variable(command, value)
    elif letter == "c":
        match = re.fullmatch(r"cpus=([0-9]+),sockets=([0-9]+),cores=([0-9]+),threads=([0-9]+)", value)
        if match is None or int(match[1]) != int(match[2]) * int(match[3]) * int(match[4]) or command.cpus:
            raise ValueError(f"incomplete, wrong or repeated topology {value!r}")
        command.cpus = int(match[1])
        if command.release < (14, 0) and command.cpus > 16:
            raise ValueError("more than 16 vCPUs")
    elif letter == "m":
        if re.fullmatch("[1-9][0-9]*[MG]", value) is None or command.memory:
            raise ValueError(f"memory {value!r}")
        command.memory = value
    elif letter == "k":
        if PATH.fullmatch(value) is None or not command.slots:
            raise ValueError(f"configuration {value!r}; it must follow the devices whose variables it sets")
        command.configurations.append(value)
    elif letter == "U":
        if UUID.fullmatch(value) is None or command.uuid:
            raise ValueError(f"UUID {value!r}")
        command.uuid = value
    elif letter == "G":
        match = STUB.fullmatch(value)
        if match is None or not 1 <= int(match[1]) <= 65535 or command.stub:
            raise ValueError(f"gdb stub {value!r}")
        command.stub = value
    elif letter == "n":
        match = NUMA.fullmatch(value)
        if match is None or int(match[1]) in command.domains:
            raise ValueError(f"memory domain {value!r}")
        command.domains[int(match[1])] = range(int(match[2]), int(match[3] or match[2]) + 1)
    elif letter == "f":
        match = FWCFG.fullmatch(value)
        if match is None or match[1] in command.files:
            raise ValueError(f"fw_cfg file {value!r}")
        command.files.append(match[1])
    elif letter == "K":
        if LAYOUT.fullmatch(value) is None or command.keyboard:
            raise ValueError(f"keyboard layout {value!r}")
        command.keyboard = value
    else:
        raise ValueError(f"-{letter} is not looked into by this parser")


def _slot(command: Command, value: str) -> None:
    where, comma, device = value.partition(",")
    parts = where.split(":")
    if len(parts) > 3 or not all(NUMBER.fullmatch(part) for part in parts) or not comma:
        raise ValueError(f"address in {value!r}")
    numbers = [int(part) for part in parts]
    bus, slot, function = numbers if len(parts) == 3 else [0, *numbers, 0][:3]
    if bus > 255 or slot > 31 or function > 7:
        raise ValueError(f"address out of range in {value!r}")
    if (bus, slot, function) in command.slots:
        raise ValueError(f"{where} already occupied")
    emulation, _, configuration = device.partition(",")
    if emulation not in DEVICE_KEYS:
        raise ValueError(f"unknown device {emulation!r}")
    if command.arch == "arm64" and emulation in PC_DEVICES:
        raise ValueError(f"no {emulation} on arm64")
    if emulation == "lpc" and bus:
        raise ValueError("lpc beyond bus 0")
    if any(emulation == other == "fbuf" or emulation == other == "lpc" for other, _ in command.slots.values()):
        raise ValueError(f"second {emulation}")
    if command.configurations:
        raise ValueError("-s behind -k: its address may be occupied by variables")
    if emulation == "virtio-input" and command.release < (14, 0):
        raise ValueError("no virtio-input")
    command.slots[bus, slot, function] = (emulation, configuration)
    if emulation == "ahci":
        _ahci_ports(command, configuration)
        return
    if emulation == "virtio-console":
        _ports(configuration.split(","))
        return
    _configuration(command, emulation, configuration.split(",") if configuration else [])


def _ahci_ports(command: Command, configuration: str) -> None:
    """Of an AHCI controller: ``hd:`` or ``cd:`` and the configuration of ahci-hd or ahci-cd; an empty port is left."""
    ports = re.split(",(?=[hc]d:)", configuration)
    if len(ports) > 32 or not all(port[:3] in ("hd:", "cd:") for port in ports) or len(ports[-1]) == 3:
        raise ValueError(f"ports {ports}")
    for port in ports:
        if len(port) > 3:
            _configuration(command, f"ahci-{port[:2]}", port[3:].split(","))


def _ports(ports: list[str]) -> None:
    """Of a virtio console: NAME=SOCKET, 16 at most."""
    matches = [PORT.fullmatch(port) for port in ports]
    if len(ports) > 16 or not all(match and len(match[1]) <= SOCKET_LENGTH for match in matches):
        raise ValueError(f"ports {ports}")
    if len({port.partition("=")[0] for port in ports}) < len(ports):
        raise ValueError("two ports of one name")


def _configuration(command: Command, emulation: str, words: list[str]) -> None:
    keys = dict(DEVICE_KEYS[emulation])
    if emulation == "passthru" and not words:
        return
    if emulation in BACKENDS:
        backend = words.pop(0) if words else ""
        if BACKENDS[emulation].fullmatch(backend) is None:
            raise ValueError(f"backend {backend!r} of {emulation}")
        if emulation in ("virtio-net", "e1000"):
            _backend(command, backend, words, keys)
    seen: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in keys or key in seen:
            raise ValueError(f"unknown or repeated key {key!r} of {emulation}")
        form = keys[key]
        if bool(equals) != (form is not None) or (form is not None and form.fullmatch(value) is None):
            raise ValueError(f"{word!r} of {emulation}")
        seen[key] = value
    if emulation in _CHECKS:
        _CHECKS[emulation](command, seen)


def _backend(command: Command, backend: str, words: list[str], keys: dict[str, Form | None]) -> None:
    """What carries the frames of a NIC; some kinds have keys of their own."""
    if backend in SWITCHES:
        since, own = SWITCHES[backend]
        if command.release < since:
            raise ValueError(f"{backend} is not in this release")
        keys |= own
        required = {"path", "peerhook"} if backend == "netgraph" else set()
        if not required <= {word.partition("=")[0] for word in words}:
            raise ValueError(f"{backend} lacks {required}")
        if "open" in words and command.release < (15, 1):
            raise ValueError("slirp knows open since 15.1")
    elif ":" in backend:
        if len(backend) > 15:
            raise ValueError(f"{backend!r} is too long")
    elif not backend.startswith(("tap", "vmnet")):
        raise ValueError(f"{backend!r} is not known for a tap by its name")


def _check_framebuffer(command: Command, keys: dict[str, str]) -> None:
    width, height = (3840, 2160) if command.release >= (15, 0) else (1920, 1200)
    if not (640 <= int(keys["w"]) <= width and 480 <= int(keys["h"]) <= height):
        raise ValueError("resolution out of range")
    if "rfb" in keys:
        if command.release < (15, 1) or "tcp" in keys:
            raise ValueError("no VNC on a socket, or on two")
        return
    if not 1 <= int(keys["tcp"].rpartition(":")[2]) <= 65535:
        raise ValueError("VNC port out of range")


def _check_network(command: Command, keys: dict[str, str]) -> None:
    if "mac" not in keys or keys["mac"] == "00:00:00:00:00:00" or keys["mac"] in command.macs:
        raise ValueError("a NIC needs a MAC address of its own")
    command.macs.append(keys["mac"])


def _check_disk(_command: Command, keys: dict[str, str]) -> None:
    if "ser" not in keys:
        raise ValueError("a disk needs a serial number: bhyve derives one from the path")


def _check_passthrough(command: Command, keys: dict[str, str]) -> None:
    if keys and command.release < (14, 0):
        raise ValueError("passthru knows rom since 14.0")


_CHECKS: dict[str, Callable[[Command, dict[str, str]], None]] = {
    "fbuf": _check_framebuffer,
    "passthru": _check_passthrough,
    **dict.fromkeys(("virtio-net", "e1000"), _check_network),
    **dict.fromkeys(("virtio-blk", "ahci-hd", "nvme"), _check_disk),
}


def _check_whole(command: Command, loaded: bool) -> None:
    for what, value in (("-c", command.cpus), ("-m", command.memory), ("-U", command.uuid)):
        if not value:
            raise ValueError(f"{what} is missing")
    for bus, slot, function in command.slots:
        if function and (bus, slot, 0) not in command.slots:
            raise ValueError(f"{bus}:{slot} has no function 0")
    for name in command.variables:
        if name.startswith("vcpu.") and int(name.split(".")[1]) >= command.cpus:
            raise ValueError(f"{name}: no such vCPU")
    if command.domains and sorted(cpu for cpus in command.domains.values() for cpu in cpus) != [*range(command.cpus)]:
        raise ValueError("each vCPU is in one memory domain")
    if command.domains and loaded:
        raise ValueError("memory domains need a boot ROM")
    boots = [configuration for _, configuration in command.slots.values()]
    if any("bootindex=" in text for text in boots) and command.firmware_files != "qemu":
        raise ValueError("bootindex without lpc.fwcfg=qemu")
    emulations = {emulation for emulation, _ in command.slots.values()}
    if ("passthru", "") in command.slots.values() and "/devices" not in "".join(command.configurations):
        raise ValueError("nobody says which device is passed")
    if "passthru" in emulations and "S" not in command.flags:
        raise ValueError("passthru without -S")
    if command.arch == "amd64":
        if command.release >= (15, 0) and "A" not in command.flags:
            raise ValueError("-A is missing where ACPI cannot be switched off")
        if any(bus for bus, _, _ in command.slots) and "Y" not in command.flags:
            raise ValueError("a device beyond bus 0 without -Y")
        if command.lpc and "lpc" not in emulations:
            raise ValueError("-l without lpc")
        if command.files and command.firmware_files != "qemu":
            raise ValueError("-f is only seen with lpc.fwcfg=qemu")
        if command.keyboard and "fbuf" not in emulations:
            raise ValueError("-K without fbuf")
    consoles = [backend for port, backend in command.lpc.items() if port.startswith("com")]
    if len(set(consoles)) < len(consoles):
        raise ValueError("one backend for two serial ports")
    if ("bootrom" in command.lpc or "bootrom" in command.variables) == loaded:
        raise ValueError("a boot ROM and a loader" if loaded else "no boot ROM")
    if loaded and ("fbuf" in emulations or command.arch != "amd64"):
        raise ValueError("fbuf without a boot ROM, or a loader on arm64")
