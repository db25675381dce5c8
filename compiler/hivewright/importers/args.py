"""``import args``: a command line, a script, or a file of bhyve_config(5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from hivewright.importers.forms import Bridge, Found, Old, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.scripts import Call, read_script
from hivewright.values import format_pci_address, parse_pci_address

_VARIABLE = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)*=.*")
_LOADERS = ("bhyveload", "grub-bhyve")
_DEVICE = re.compile(r"pci\.([0-9]+)\.([0-9]+)\.([0-9]+)\.(.+)")
_FIRST = {"virtio-blk": "path", "nvme": "path", "virtio-scsi": "path", "virtio-net": "backend", "e1000": "backend"}
"""Devices whose words begin with a value without a name -> the variable that holds it (bhyve_config(5))."""


def read_args(files: Iterable[tuple[str, str]]) -> Found:
    """Every guest of some texts, each with its name."""
    guests = [old for file, text in files for old in _guests(file, text)]
    for old in guests:
        title = f"{old.program.rpartition('/')[2] or 'bhyve'}: {old.called}"
        old.leave = (
            "# shut the guest down, and take its command out of what starts it (rc.local, cron, a loop)",
            f"pgrep -fx '{title}( .*)?' || bhyvectl --destroy --vm={old.called}",
        )
        old.back = ("    true # the old command again",)
    return Found("a command line", guests)


def _guests(file: str, text: str) -> list[Old]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and all(_VARIABLE.fullmatch(line.strip()) for line in lines):
        return [_of_configuration(file, text)]
    if re.match(r"\s*bhyve: \S+", text):
        raise UnreadableError(f"{file}:1", "this is what ps(1) shows of bhyve: its name alone. Give the script that "
                              "starts it, or the log with its command")  # fmt: skip
    calls = read_script(file, text)
    commands = [call for call in calls if call.is_bhyve and len(call.words) > 1]
    if not commands:
        raise UnreadableError(file, "there is no command of bhyve in it")
    return [_of_command(file, call, calls) for call in commands]


def _of_command(file: str, call: Call, calls: list[Call]) -> Old:
    *words, name = call.words[1:]
    place = f"{file}:{call.line}"
    said = (*call.words, *(value for _, value in call.environment))
    hidden = next((word for word in said if "`" in word or "$" in word), None)
    if hidden is not None:
        raise UnreadableError(place, f'"{hidden}" is only known when the script runs; write what it stands for')
    if name.startswith("-") or not words:
        raise UnreadableError(place, "the command does not end with the name of the guest")
    loader = next((each.words for each in reversed(calls)
                   if each.program in _LOADERS and each.line <= call.line and each.words[-1] == name), ())  # fmt: skip
    old = Old(name, place, tuple(words), tuple(loader[:-1]), networks=dict(_bridges(words, calls)))
    old.keys |= {("environment", variable): value for variable, value in call.environment}
    if call.program != "bhyve" and call.words[0].startswith("/"):
        old.program = call.words[0]
    return old


def _bridges(words: list[str], calls: list[Call]) -> Iterable[tuple[str, Bridge]]:
    """The bridges to which the script itself adds the taps of the command."""
    members = {
        call.words[place + 1]: call.words[1]
        for call in calls
        if call.program == "ifconfig"
        for place, word in enumerate(call.words[:-1])
        if word == "addm"
    }
    for flag, value in pairwise(words):
        parts = value.split(",")
        if flag == "-s" and len(parts) > 2 and parts[2] in members:
            bridge = members[parts[2]]
            network = Bridge(site_name(bridge, otherwise="net"), {"kind": "manual", "bridge": bridge})
            yield format_pci_address(parse_pci_address(parts[0])), network


def _of_configuration(file: str, text: str) -> Old:
    """A file of bhyve_config(5), as the words that say the same."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, _, value = line.strip().partition("=")
            values[name], lines[name] = value, number
    for name, value in values.items():
        values[name] = _expanded(file, lines[name], value, values)
    if "name" not in values:
        raise UnreadableError(file, "no line name=… says what the guest is called")
    devices: dict[tuple[int, int, int], dict[str, str]] = {}
    words: list[str] = []
    for name, value in values.items():
        match = _DEVICE.fullmatch(name)
        if match is not None:
            address = (int(match[1]), int(match[2]), int(match[3]))
            devices.setdefault(address, {})[match[4]] = value
        elif name != "name":
            words += ["-o", f"{name}={value}"]
    for address, keys in sorted(devices.items()):
        where = ":".join(map(str, address))
        if "device" not in keys:
            raise UnreadableError(
                file, f"nothing says which device is at {where} (pci.{where.replace(':', '.')}.device)"
            )
        words += ["-s", f"{where},{_device_words(keys)}"]
    return Old(values["name"], file, tuple(words), text=text)


def _expanded(file: str, line: int, value: str, values: Mapping[str, str], depth: int = 0) -> str:
    """``%(name)`` stands for the value of another variable (bhyve_config(5))."""
    if depth > 8:
        raise UnreadableError(f"{file}:{line}", "variables that stand for each other")

    def known(match: re.Match[str]) -> str:
        return _expanded(file, line, values.get(match[1], ""), values, depth + 1)

    return re.sub(r"%\(([^)]*)\)", known, value)


def _device_words(keys: dict[str, str]) -> str:
    device = keys.pop("device")
    words = [device]
    if device == "ahci":
        ports = sorted({int(key.split(".")[1]) for key in keys if re.fullmatch(r"port\.[0-9]+\..*", key)})
        for port in range(max(ports, default=-1) + 1):
            own = {key.split(".", 2)[2]: value for key, value in keys.items() if key.startswith(f"port.{port}.")}
            words.append(f"{own.pop('type', 'hd')}:{own.pop('path', '')}")
            words += _options(own)
        return ",".join(words)
    if device == "virtio-console":
        ports = sorted({int(key.split(".")[1]) for key in keys if key.startswith("port.")})
        return ",".join((device, *(f"{keys[f'port.{port}.name']}={keys[f'port.{port}.path']}" for port in ports)))
    if device == "virtio-9p":
        words.append(f"{keys.pop('sharename', '')}={keys.pop('path', '')}")
    elif device == "passthru":
        words.append("/".join(keys.pop(part, "0") for part in ("bus", "slot", "func")))
    elif device == "xhci":
        words += [value for key, value in keys.items() if key.endswith(".device")]
        keys = {}
    elif device in _FIRST and _FIRST[device] in keys:
        words.append(keys.pop(_FIRST[device]))
    return ",".join((*words, *_options(keys)))


def _options(keys: Mapping[str, str]) -> list[str]:
    """Options of a device; a boolean one is a word alone on a command line, and nothing where it is false."""
    found = []
    for key, value in keys.items():
        if value == "true":
            found.append(key)
        elif value != "false":
            found.append(f"{key}={value}")
    return found
