"""The old command beside the new one: each word that differs, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hivewright.bhyve.options import parse_extra_args
from hivewright.importers.blocks import default_serial
from hivewright.importers.command import memory_size
from hivewright.importers.devices import default_mac
from hivewright.importers.forms import Guest
from hivewright.values import format_pci_address, parse_pci_address


class Row(NamedTuple):
    """Words of both commands that mean the same; an empty side has none. No reason: they are the same."""

    old: str
    new: str
    reason: str = ""


UNEXPLAINED = "this difference is not explained: look at it before the switch"


def compare_commands(guest: Guest, words: Sequence[str]) -> list[Row]:
    """The words of both, without the name of the guest, in the order of the new command."""
    old, new = _options(guest.old.words), _options(words)
    rows = []
    for key, text in new.items():
        before = old.pop(key, "")
        rows.append(Row(_hidden(before), text, _reason(guest, key, before, text)))
    rows += [Row(_hidden(text), "", _reason(guest, key, text, "")) for key, text in old.items()]
    return rows


def _hidden(text: str) -> str:
    """No secret gets into a report."""
    return re.sub(r"password=[^,]*", "password=…", text)


def _options(words: Sequence[str]) -> dict[tuple[str, str], str]:
    """Options by what they are about: a flag, the address of a device, a port of the LPC bridge, a variable."""
    found: dict[tuple[str, str], str] = {}
    for flag, value, _ in parse_extra_args(words):
        if flag == "-s":
            where, _, device = value.partition(",")
            address = format_pci_address(parse_pci_address(where))
            found[flag, address] = f"-s {address},{device}"
        elif flag == "-l":
            found[flag, value.partition(",")[0]] = f"-l {value}"
        elif flag == "-p":
            vcpu = value.partition(":")[0]
            key = ("-o", f"vcpu.{vcpu}.cpuset")
            found[key] = f"{found[key]} -p {value}" if key in found else f"-p {value}"
        elif flag == "-o":
            found[flag, value.partition("=")[0]] = f"-o {value}"
        elif flag in ("-k", "-f", "-n"):
            found[flag, value.partition(",")[0]] = f"{flag} {value}"
        else:
            found[flag, ""] = f"{flag} {value}".rstrip()
    return found


_ADDED = {
    "-A": "ACPI tables; accepted and ignored from FreeBSD 15.0 on, where they are always made",
    "-Y": "a device is beyond bus 0, where an MP table cannot name it",
    "-S": "a device is passed through, so bhyve wires the memory anyway",
    "-U": "the UUID stays the same at each start, wherever the guest runs",
}
_MEANINGLESS = ("-a", "-I")
_SAME_VARIABLES = {
    "acpi_tables", "destroy_on_poweroff", "memory.guest_in_core", "memory.wired", "memory.size", "uuid",
    "rtc.use_localtime", "virtio_msix", "x86.mptable", "x86.strictio", "x86.strictmsr", "x86.vmexit_on_hlt",
    "x86.vmexit_on_pause", "x86.x2apic", "keyboard.layout", "cpus", "sockets", "cores", "threads", "console",
    "bootrom", "lpc.bootrom", "config.dump", "name",
}  # fmt: skip
"""Variables of bhyve_config(5) that options set as well."""


def _reason(guest: Guest, key: tuple[str, str], old: str, new: str) -> str:
    flag, about = key
    if old == new:
        return ""
    if flag == "-s":
        return _device_reason(guest, about, old, new)
    if flag == "-l":
        return _lpc_reason(about, old, new)
    if flag == "-c":
        return "bhyve's own numbers, written out"
    if flag == "-m" and old and memory_size(old.split()[1]) == memory_size(new.split()[1]):
        return "the same size, written otherwise"
    if flag == "-n" and old and new and _domain(old) == _domain(new):
        return "the same, written otherwise"
    if flag == "-G" and old and new.split()[1:] == [f"127.0.0.1:{old.split()[1]}"]:
        return "the address that bhyve listens on, written out"
    if flag == "-o" and about.startswith("vcpu."):
        return "the same CPUs: -p takes one of them at a time"
    if (flag, about) == ("-o", "lpc.fwcfg") and any("fwcfg=qemu" in word for word in guest.old.words):
        return "a word of the boot ROM, or of the LPC bridge, said it"
    if flag == "-o" and (about in _SAME_VARIABLES or re.fullmatch(r"lpc\.com[1-4]\.path", about)):
        return "an option says it"
    if (flag, about) == ("-o", "lpc.fwcfg") and not old:
        return "the firmware reads the boot order, or files, from it"
    if flag == "-k" and new:
        return "what must not be seen in the list of processes, or is found at the start, is in this file"
    if flag in _MEANINGLESS and not new:
        return "bhyve does the same without it"
    noted = next((note.why for note in guest.notes if note.what.startswith(flag)), "")
    if noted:
        return noted
    if not old and "-o" in dict.fromkeys(guest.old.words) and flag in _switches(guest.old.words):
        return "a variable of bhyve_config(5) said it"
    if flag == "-A" and not new:
        return _ADDED["-A"]
    if not old and flag in _ADDED:
        return _ADDED[flag]
    if old and new and flag in ("-U", "-K") and old.lower() == new.lower():
        return "the same, in lower case"
    return UNEXPLAINED


def _domain(text: str) -> dict[str, str]:
    """What a memory domain is, with its size in one spelling."""
    parts = dict(part.partition("=")[::2] for part in text.split()[1].split(","))
    return parts | ({"size": memory_size(parts["size"])} if "size" in parts else {})


def _switches(words: Sequence[str]) -> set[str]:
    """Options that variables of a command stand for."""
    from hivewright.importers.variables import option_of

    return {option_of(value) for flag, value in pairwise(words) if flag == "-o"}


def _lpc_reason(device: str, old: str, new: str) -> str:
    if device.startswith("com"):
        if not old:
            return "the loader, or a site, wants a console; a guest that has none leaves it alone"
        return "another end on the host; the guest sees the same serial port"
    if device == "bootrom":
        if new and old.removesuffix(",fwcfg=qemu") == new:
            return "an option of its own says fwcfg"
        if old and new and old.split(",")[1] == new.split(",")[1]:
            return "a copy of the variables, in the folder that hivewright keeps for the guest"
        if "BHYVE_UEFI_CODE.fd" in new and "BHYVE_UEFI" in old:
            return "the same firmware, without variables of its own: those of the guest are in a copy beside it"
    if device == "tpm" and new == f"{old},version=2.0":
        return "what bhyve takes where nothing is said, written out"
    if device == "tpm" and "swtpm" in new:
        return "hivewright starts swtpm itself"
    return UNEXPLAINED


_DEFAULTS = {"w": "1024", "h": "768", "vga": "io", "mtu": "1500"}


def _device_reason(guest: Guest, address: str, old: str, new: str) -> str:
    """Why a device has other words. Each that differs has a reason of its own."""
    if not new:
        return next((note.why for note in guest.notes if address in note.what), UNEXPLAINED)
    if not old:
        return "the bridge that serial ports are on" if new.endswith(",lpc") else UNEXPLAINED
    reasons: dict[str, None] = {}
    before, after = _parts(old), _parts(new)
    for part in [*(part for part in after if part not in before), *(part for part in before if part not in after)]:
        reason = _part_reason(guest, address, part, before, after)
        if reason:
            reasons[reason] = None
    return "; ".join(reasons) or "the same words in another order"


def _parts(text: str) -> list[str]:
    return text.partition(" ")[2].split(",")


def _part_reason(guest: Guest, address: str, part: str, before: list[str], after: list[str]) -> str:
    name, _, value = part.partition("=")
    emulation = after[1]
    if name == "ser" and f"serial={value}" not in before and part in after:
        path = before[2] if len(before) > 2 else ""
        port = next((each[3:] for each in before if each[:3] == "hd:" and default_serial(each[3:]) == value), path)
        if value == default_serial(port) or value.startswith("NVME-"):
            return "the serial number that bhyve derived, written down, so that it outlives a change of the path"
    if name in ("ser", "serial") and any(each.endswith(f"={value}") for each in after):
        if not any(each.partition("=")[0] in ("ser", "serial") for each in before):
            return "it had no serial number, or bhyve would derive one from the path; this one stays"
        return "another spelling"
    if name == "mac" and value == default_mac(guest.old.called, parse_pci_address(address)):
        return "the MAC address that bhyve derived, written down"
    if name == "mac" and any(each.lower() == part.lower() for each in (after if part in before else before)):
        return "the same address, in lower case"
    if emulation in ("virtio-net", "e1000") and "=" not in part:
        return "another interface on the host, in the same network; the guest does not see it"
    if name in ("socket", "peerhook", "hook") or (emulation in ("virtio-net", "e1000") and name == "path"):
        return "the port on the host has another name; the guest does not see it"
    if name == "mtu" and part in after and not any(each.startswith("mtu=") for each in before):
        return "the MTU of its network, told to the guest"
    if name == "mtu" and emulation == "e1000":
        return "bhyve tells no MTU to an e1000"
    if _DEFAULTS.get(name) == value:
        return "what bhyve takes where nothing is said, written out"
    if name == "password":
        return "the password comes from a file of secrets, past the list of processes"
    if emulation == "fbuf" and name in ("tcp", "rfb") and f"{name}={value.removeprefix('127.0.0.1')}" in before:
        return "the address that bhyve listens on, written out"
    if emulation == "fbuf" and name in ("tcp", "rfb"):
        return "the same place" if name == "rfb" or any(each.endswith(value) for each in before) else _noted_port(guest)
    if emulation == "virtio-console":
        return "the socket on the host lies elsewhere; the guest sees the same port"
    ports = {part, f"hd:{part}", f"cd:{part}", part[3:]}
    if emulation in ("ahci-hd", "ahci-cd", "ahci") and before[1] != emulation and ports & {*before, *after}:
        return "a controller with one port, by its shorter name"
    if part == "ro" and emulation in ("ahci-cd", "ahci"):
        return "an optical drive is read-only in any case"
    if emulation == "passthru" and len(before) > 2 and part in (before[2], after[2]):
        return "the same device, written otherwise"
    if (name, value) in (("sync", ""), ("direct", "")):
        return "another word for the same"
    noted = next((note.why for note in guest.notes if note.what.startswith(part)), "")
    return noted or UNEXPLAINED


def _noted_port(guest: Guest) -> str:
    return next((note.why for note in guest.notes if note.what.startswith("port ")), UNEXPLAINED)
