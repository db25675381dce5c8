"""Devices of the LPC bridge and configuration variables on bhyve's command line; see ``bhyve_grammar``."""

from __future__ import annotations

import re

from bhyve_words import CPU_LIST, NMDM, PATH, SERIAL_TCP, SMBIOS, SMBIOS_VALUE, TPM, Command, Form


def read_lpc(command: Command, value: str) -> None:
    device, _, backend = value.partition(",")
    if device in command.lpc:
        raise ValueError(f"{device} twice")
    if device in ("com1", "com2", "com3", "com4"):
        if not _is_console(command, backend):
            raise ValueError(f"backend {backend!r} of {device}")
    elif device == "bootrom":
        paths = backend.split(",")
        if command.release >= (14, 0) and len(paths) > 1 and paths[-1] in ("fwcfg=bhyve", "fwcfg=qemu"):
            command.firmware_files = paths.pop().partition("=")[2]
        if not all(PATH.fullmatch(path) for path in paths) or len(paths) > (2 if command.release >= (14, 0) else 1):
            raise ValueError(f"bootrom {backend!r}")
    elif device == "tpm":
        match = TPM.fullmatch(backend)
        if match is None or command.release < ((14, 0) if match[1] == "passthru" else (15, 0)):
            raise ValueError(f"tpm {backend!r}")
    else:
        raise ValueError(f"unknown LPC device {device!r}")
    command.lpc[device] = backend


def _is_console(command: Command, backend: str) -> bool:
    if backend == "stdio":
        return "stdio" not in command.lpc.values()
    return NMDM.fullmatch(backend) is not None or (
        command.release >= (15, 0) and SERIAL_TCP.fullmatch(backend) is not None
    )


def read_variable(command: Command, value: str) -> None:
    name, equals, text = value.partition("=")
    if not equals or not text or name in command.variables:
        raise ValueError(f"variable {value!r}")
    if re.fullmatch(r"vcpu\.[0-9]+\.cpuset", name):
        form = CPU_LIST
    elif command.arch == "arm64" and name == "bootrom":
        form = PATH
    elif command.arch == "arm64" and name == "console":
        form = Form(f"stdio|{NMDM.pattern}|{SERIAL_TCP.pattern}")
    elif command.arch == "amd64" and command.release >= (14, 0) and _is_smbios(name):
        form = SMBIOS_VALUE
    elif command.arch == "amd64" and command.release >= (14, 0) and name == "lpc.fwcfg":
        form = Form("bhyve|qemu")
        command.firmware_files = text
    elif command.release >= (14, 0) and _is_passed(command, name):
        form = PATH
    else:
        raise ValueError(f"unknown variable {name!r}")
    if form.fullmatch(text) is None:
        raise ValueError(f"value of {name}: {text!r}")
    command.variables[name] = text


def _is_passed(command: Command, name: str) -> bool:
    """Of a passthrough device that gets all it is told by variables."""
    match = re.fullmatch(r"pci\.([0-9]+)\.([0-9]+)\.([0-9]+)\.rom", name)
    return match is not None and command.slots.get((int(match[1]), int(match[2]), int(match[3]))) == ("passthru", "")


def _is_smbios(name: str) -> bool:
    part, _, key = name.partition(".")
    return key in SMBIOS.get(part, ())
