"""What the bhyve of a host cannot do although the site asks for it, and ``extra_args`` that cannot work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hivewright.extra_args import Argument, parse_extra_args, slot_of
from hivewright.lower.context import Device, Guest
from hivewright.report import Diagnostic
from hivewright.units import PciAddress, format_pci_address

_UNSAFE = re.compile(r"[%\\\x00-\x1f\x7f]")
_OURS = {"c": "cpus and topology", "m": "memory", "U": "uuid", "A": "", "H": "", "P": "", "w": "machine.ignore_msr"}
_OURS |= {"u": "machine.rtc", "S": "machine.wired", "Y": ""}
_NVME_SECTORS = ("512", "4096", "8192")
_FRAMEBUFFER_LEAST = (640, 480)
_VARIABLE = re.compile(
    r"(?:name|cpus|sockets|cores|threads|memory\.size|memory\.wired|uuid|bootrom|bootvars|console|config\.dump|acpi_tables"
    r"|lpc\.(?:bootrom|bootvars|com[1-4]\.path)|pci\.[0-9]+\.[0-9]+\.[0-9]+\.device)=",
)
"""Variables that say what options of ours say (bhyve_config(5)), or that keep the guest from being started."""


def check_limits(guest: Guest) -> Iterator[Diagnostic]:
    """Keys that this release or architecture cannot follow."""
    vm, features = guest.vm, guest.features
    where = f"FreeBSD {features.release} on {features.arch}"
    if features.vcpus and vm.cpus > features.vcpus:
        yield _limit(guest, ("cpus",), f"bhyve of {where} gives a guest at most {features.vcpus} vCPUs")
    if vm.memory % 2**20:
        yield _limit(guest, ("memory",), "bhyve takes memory in whole megabytes")
    if vm.firmware.kind is not None and vm.firmware.rom is None and (vm.firmware.kind == "uefi") != features.pc:
        yield _limit(guest, ("firmware", "kind"), f"bhyve of {where} has no {vm.firmware.kind} firmware")
    if not features.pc:
        for port in sorted(set(vm.serial) - {"com1"}):
            yield _limit(guest, ("serial", port), f"bhyve of {where} has one console only, com1")
    for name, disk in sorted(vm.disk.items()):
        if disk.bus == "nvme" and disk.sector_size and disk.sector_size.partition("/")[0] not in _NVME_SECTORS:
            path = ("disk", name, "sector_size")
            yield _limit(guest, path, f"an nvme disk has sectors of {', '.join(_NVME_SECTORS)} bytes")
    if vm.vnc is not None:
        size = tuple(int(part) for part in vm.vnc.resolution.split("x"))
        pairs = zip(_FRAMEBUFFER_LEAST, size, features.framebuffer, strict=True)
        if not all(least <= part <= most for least, part, most in pairs):
            least, most = ("x".join(str(part) for part in pair) for pair in (_FRAMEBUFFER_LEAST, features.framebuffer))
            yield _limit(guest, ("vnc", "resolution"), f"the framebuffer of {where} goes from {least} to {most}")


def _limit(guest: Guest, path: tuple[str, ...], message: str) -> Diagnostic:
    return Diagnostic(
        "BHYVE002",
        f"{guest.name} on {guest.host_name}: {message}",
        guest.site.place("vm", guest.name, *path),
        "change the value, or run the VM on a host that can do it",
        (guest.site.place("host", guest.host_name, "freebsd"),),
    )


def check_extra_args(guest: Guest, devices: Iterable[Device]) -> tuple[tuple[Argument, ...], list[Diagnostic]]:
    """The arguments of ``extra_args``, without those that cannot work, and why they cannot."""
    words = guest.vm.extra_args
    if not words:
        return (), []
    try:
        arguments = parse_extra_args(words)
    except ValueError as error:
        return (), [_fault(guest, "BHYVE003", 0, f"extra_args of {guest.name}: {error}", "write them as for bhyve(8)")]
    occupied = {device.address: device.option.label for device in devices}
    good: list[Argument] = []
    faults: list[Diagnostic] = []
    for argument in arguments:
        fault = _unusable(guest, argument) or _collision(guest, argument, occupied)
        if fault is None:
            good.append(argument)
        else:
            faults.append(fault)
    return tuple(good), faults


def _fault(guest: Guest, code: str, index: int, message: str, help_text: str) -> Diagnostic:
    return Diagnostic(code, message, guest.site.place("vm", guest.name, "extra_args", index), help_text)


def _unusable(guest: Guest, argument: Argument) -> Diagnostic | None:
    letter, features = argument.flag[1], guest.features
    if letter not in features.flags and letter not in features.options:
        message = f"bhyve of FreeBSD {features.release} on {features.arch} has no option {argument.flag}"
    elif _UNSAFE.search(argument.value):
        message = "bhyve expands % and \\ in arguments and cannot be given them"
    else:
        return None
    help_text = "remove it, or run the VM on a host that can do it"
    return _fault(guest, "BHYVE003", argument.index, f"extra_args of {guest.name}: {message}", help_text)


def _collision(guest: Guest, argument: Argument, occupied: dict[PciAddress, str]) -> Diagnostic | None:
    letter, value = argument.flag[1], argument.value
    reason, help_text = "", "remove it from extra_args"
    if letter in _OURS:
        key = _OURS[letter]
        reason = f"{argument.flag} is an option that hivewright decides on"
        help_text = f"set {key} instead" if key else help_text
    elif letter == "s":
        return _slot_collision(guest, argument, occupied)
    elif letter == "l":
        device = value.partition(",")[0].lower()
        if device == "bootrom" or device in guest.vm.serial:
            reason, help_text = f"{device} is taken by the VM itself", "use firmware or serial instead"
    elif letter == "p":
        if value.partition(":")[0] in {str(int(vcpu)) for vcpu in guest.vm.pin}:
            reason, help_text = f"vCPU {value.partition(':')[0]} has a pin already", "use pin instead"
    elif letter == "o":
        pinned = any(value.startswith(f"vcpu.{int(vcpu)}.cpuset=") for vcpu in guest.vm.pin)
        if pinned or _VARIABLE.match(value):
            reason = f"{value.partition('=')[0]} is a variable that hivewright decides on"
    if not reason:
        return None
    return _fault(guest, "BHYVE004", argument.index, f"extra_args of {guest.name}: {reason}", help_text)


def _slot_collision(guest: Guest, argument: Argument, occupied: dict[PciAddress, str]) -> Diagnostic | None:
    _, comma, emulation = argument.value.partition(",")
    message, code = "", "BHYVE003"
    try:
        address = slot_of(argument)
    except ValueError as error:
        address, message = None, str(error)
    if address is not None:
        kind = emulation.partition(",")[0]
        if not comma or not kind:
            message = "-s needs an address, a comma and a device"
        elif address in occupied:
            code, message = "BHYVE004", f"{format_pci_address(address)} is taken by {occupied[address]}"
        elif kind == "lpc" or (kind == "fbuf" and guest.vm.vnc is not None):
            code, message = "BHYVE004", f"a guest can have one {kind} only"
        else:
            occupied[address] = "another -s of extra_args"
    if not message:
        return None
    help_text = "choose an address from slot 3 to 28 that is free"
    return _fault(guest, code, argument.index, f"extra_args of {guest.name}: {message}", help_text)
