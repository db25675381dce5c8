"""``extra_args``: words for bhyve(8) that must not override or repeat those of hivewright."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.options import Argument, facts_of, parse_extra_args, slot_of
from hivewright.diagnostics import Diagnostic
from hivewright.diagnostics.wording import quoted
from hivewright.model.device_kinds import has_boot_order
from hivewright.rules.host.support import hosts_without, lacking
from hivewright.rules.site_index import SiteIndex, diagnose

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_ALWAYS = "hivewright gives it already; delete it"

_OWN_FLAGS = {
    "-A": "delete it; machine.acpi decides, and is true unless you write it",
    "-H": "delete it; machine.yield_on_halt decides, and is true unless you write it",
    "-P": "delete it; machine.yield_on_pause decides, and is true unless you write it",
    "-C": "write machine.memory_in_core = true",
    "-c": "write cpus and topology",
    "-D": "write machine.destroy_on_poweroff = true",
    "-e": "write machine.strict_io = true",
    "-G": "write debug.gdb",
    "-k": "write each of its lines as -o; hivewright has a configuration file of its own",
    "-m": "write memory",
    "-p": "write pin",
    "-r": "a checkpoint is for one start, not for every start; delete it",
    "-S": "write machine.wired = true",
    "-U": "write uuid",
    "-u": 'write machine.rtc = "utc"',
    "-W": "write machine.msi = true",
    "-w": "write machine.ignore_msr = true",
    "-x": "write machine.x2apic = true",
    "-Y": "write machine.mptable = false",
}
"""Options that hivewright sets, and the key to use instead."""

OWN_VARIABLES = {
    **dict.fromkeys(("cpus", "sockets", "cores", "threads"), "write cpus and topology"),
    **dict.fromkeys(("bootrom", "bootvars", "lpc.bootrom", "lpc.bootvars"), "write firmware"),
    "acpi_tables": "write machine.acpi",
    **{f"lpc.com{number}.path": f"write serial.com{number}" for number in range(1, 5)},
    "config.dump": "bhyve would print its configuration and end; delete it",
    "console": "write serial.com1",
    **dict.fromkeys(("gdb.address", "gdb.port", "gdb.wait"), "write debug.gdb"),
    "destroy_on_poweroff": "write machine.destroy_on_poweroff",
    "keyboard.layout": "write vnc.keyboard",
    "memory.guest_in_core": "write machine.memory_in_core",
    "memory.size": "write memory",
    "memory.wired": "write machine.wired",
    "name": "the name is that of the VM",
    "rtc.use_localtime": "write machine.rtc",
    "uuid": "write uuid",
    "virtio_msix": "write machine.msi",
    "x86.vmexit_on_hlt": "write machine.yield_on_halt",
    "x86.vmexit_on_pause": "write machine.yield_on_pause",
    "x86.mptable": "write machine.mptable",
    "x86.strictio": "write machine.strict_io",
    "x86.x2apic": "write machine.x2apic",
    "x86.strictmsr": "write machine.ignore_msr",
}
"""Configuration variables (bhyve_config(5)) that hivewright sets, and the key to use instead."""

_SMBIOS = r"(?:system|board|chassis|bios)\.[a-z_]+"
_VCPU_SET = r"vcpu\.[0-9]+\.cpuset"


def extra_args(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("extra_args"):
        yield from _extra_args(index, name, vm)


def _extra_args(index: SiteIndex, name: str, vm: Vm) -> Iterator[Diagnostic]:
    site = index.site
    for position, word in enumerate(vm.extra_args):
        if "%" in word or "\\" in word:
            yield diagnose(
                "VM042",
                f"extra_args of {name} has {quoted(word)}: bhyve expands percent signs and backslashes",
                site.place("vm", name, "extra_args", position),
                "write a value without % and \\",
            )
    try:
        arguments = parse_extra_args(vm.extra_args)
    except ValueError as error:
        yield diagnose(
            "VM041",
            f"extra_args of {name}: {error}",
            site.place("vm", name, "extra_args"),
            'each word is an entry of its own, an option first: extra_args = ["-o", "key=value"]',
        )
        return
    for argument in arguments:
        path = ("vm", name, "extra_args", argument.place)
        if fault := _malformed(argument):
            yield diagnose("VM041", f"extra_args of {name}: {fault[0]}", site.place(*path), fault[1])
        elif remedy := _instead(argument, vm):
            words = f"{argument.flag} {argument.value}".rstrip()
            message = f"extra_args of {name} has {words}, which hivewright decides"
            yield diagnose("VM040", message, site.place(*path), remedy)
        else:
            yield from _unsupported(index, name, argument)


def _malformed(argument: Argument) -> tuple[str, str] | None:
    """What is wrong with the form of an option, and the right form."""
    value = argument.value
    if value != value.strip():
        return f"{argument.flag} has a blank before or after its value", "write option and value as two entries"
    if argument.flag == "-o" and not all(value.partition("=")):
        return (
            f"-o {value} is not NAME=VALUE",
            "write a configuration variable as bhyve_config(5) names it, and its value",
        )
    if argument.flag == "-l" and value.partition(",")[0].lower() == "fwcfg":
        return f"-l {value}: fwcfg is no device of the LPC bridge", 'write "-o", "lpc.fwcfg=qemu"'
    if argument.flag == "-s":
        try:
            slot_of(argument)
        except ValueError as error:
            return f"-s {value}: {error}", 'write "SLOT,DEVICE", for example "20,virtio-rnd"'
        if not value.partition(",")[2]:
            return f"-s {value} names no device", 'write "SLOT,DEVICE", for example "20,virtio-rnd"'
    return None


def _instead(argument: Argument, vm: Vm) -> str:
    """The remedy for an option that conflicts with those of hivewright; empty when it does not."""
    if argument.flag == "-o":
        variable = argument.value.partition("=")[0]
        if re.fullmatch(_SMBIOS, variable, re.ASCII):
            return f"write smbios.{variable}"
        if variable == "lpc.fwcfg" and (vm.fwcfg or has_boot_order(vm)):
            return _ALWAYS
        return "write pin" if re.fullmatch(_VCPU_SET, variable, re.ASCII) else OWN_VARIABLES.get(variable, "")
    if argument.flag == "-l":
        device, _, backend = argument.value.lower().partition(",")
        if device == "bootrom":
            return "write firmware.rom"
        if device == "tpm" and vm.tpm is not None:
            return "write tpm"
        if backend == "stdio":
            return f'write serial.{device} = {{ kind = "tmux" }}; a guest has no other terminal'
        return f"delete it or serial.{device}" if device in vm.serial else ""
    if argument.flag == "-s":
        device = argument.value.split(",")[1]
        if device in ("hostbridge", "amd_hostbridge"):
            return "write machine.hostbridge"
        if device == "fbuf" and vm.vnc is not None:
            return "a VM has one framebuffer; delete it or vnc"
        if device == "uart" and argument.value.split(",")[2:3] == ["stdio"]:
            return 'write serial.com1 = { kind = "tmux" }; a guest has no other terminal'
        if device == "passthru":
            return "write a table passthrough.NAME, so that the device is kept for this guest and its memory is wired"
        return _ALWAYS if device == "lpc" else ""
    if argument.flag == "-K" and vm.vnc is not None:
        return "write vnc.keyboard"
    if argument.flag == "-n" and vm.numa:
        return "write numa"
    if argument.flag == "-f":
        return "write fwcfg"
    return _OWN_FLAGS.get(argument.flag, "")


def _unsupported(index: SiteIndex, name: str, argument: Argument) -> Iterator[Diagnostic]:
    place = index.site.place("vm", name, "extra_args", argument.place)
    for fact in facts_of(argument):
        hosts = hosts_without(index, fact, index.hosts_of[name])
        if hosts:
            yield lacking(index, fact, f"{name} asks for {argument.flag} in extra_args", [place], hosts)
