"""Variables of bhyve_config(5), most of which are other spellings of options."""

from __future__ import annotations

import re

from hivewright.bhyve.options import Argument
from hivewright.importers.forms import Guest, KeyPath

SWITCHES: dict[str, tuple[KeyPath, object, object]] = {
    "A": (("machine", "acpi"), None, False),
    "H": (("machine", "yield_on_halt"), None, False),
    "P": (("machine", "yield_on_pause"), None, False),
    "w": (("machine", "ignore_msr"), None, False),
    "u": (("machine", "rtc"), None, "localtime"),
    "e": (("machine", "strict_io"), True, None),
    "x": (("machine", "x2apic"), True, None),
    "S": (("machine", "wired"), True, None),
    "C": (("machine", "memory_in_core"), True, None),
    "W": (("machine", "msi"), True, None),
    "D": (("machine", "destroy_on_poweroff"), True, None),
    "Y": (("machine", "mptable"), False, None),
}
"""Letter of an option -> key, its value where the option is given, and where it is not; ``None`` is the default."""

_FLAGS = {
    "acpi_tables": ("A", True),
    "destroy_on_poweroff": ("D", True),
    "memory.guest_in_core": ("C", True),
    "memory.wired": ("S", True),
    "rtc.use_localtime": ("u", False),
    "virtio_msix": ("W", False),
    "x86.mptable": ("Y", False),
    "x86.strictio": ("e", True),
    "x86.strictmsr": ("w", False),
    "x86.vmexit_on_hlt": ("H", True),
    "x86.vmexit_on_pause": ("P", True),
    "x86.x2apic": ("x", True),
}
"""Variables that are switches -> the option that sets them, and to what."""

_OPTIONS = {"memory.size": "-m", "uuid": "-U", "keyboard.layout": "-K"}
_TRUE = ("true", "on", "yes", "1")
_FALSE = ("false", "off", "no", "0")
_SMBIOS = re.compile(r"(system|board|chassis|bios)\.[a-z_]+")


def is_true(name: str, value: str) -> bool:
    """As bhyve reads a boolean; ``ValueError`` for anything else."""
    if value.lower() not in _TRUE + _FALSE:
        raise ValueError(f"{name}={value} is neither true nor false")
    return value.lower() in _TRUE


def read_variable(guest: Guest, name: str, value: str, place: int) -> list[Argument]:
    """The options that a variable stands for; keys of its own are set at once."""
    if name in _FLAGS:
        letter, sense = _FLAGS[name]
        return [Argument(f"-{letter}", "", place)] if is_true(name, value) == sense else []
    if name in _OPTIONS:
        return [Argument(_OPTIONS[name], value, place)]
    if re.fullmatch(r"lpc\.com[1-4]\.path", name):
        return [Argument("-l", f"{name.split('.')[1]},{value}", place)]
    if name in ("cpus", "sockets", "cores", "threads"):
        return [Argument("-c", f"{name}={value}", place)]
    if name in ("bootrom", "lpc.bootrom"):
        return [Argument("-l", f"bootrom,{value}", place)]
    match = re.fullmatch(r"vcpu\.([0-9]+)\.cpuset", name)
    if match is not None:
        guest.set(("pin", match[1]), value)
    elif _SMBIOS.fullmatch(name):
        part, key = name.split(".")
        guest.set(("smbios", part, key), value)
    elif name == "console":
        return [Argument("-l", f"com1,{value}", place)]
    elif name not in ("name", "config.dump") and (name, value) != ("lpc.fwcfg", "bhyve"):
        guest.extra("-o", f"{name}={value}")
    return []


def option_of(variable: str) -> str:
    """The option that a variable stands for; empty for one of its own."""
    name = variable.partition("=")[0]
    if name in _FLAGS:
        return f"-{_FLAGS[name][0]}"
    return _OPTIONS.get(name, "")
