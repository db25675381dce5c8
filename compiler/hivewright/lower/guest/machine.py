"""Options of the machine as a whole: its switches, strings of SMBIOS, files for the firmware."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.lower.devices.blocks import QEMU_FWCFG
from hivewright.plan import Option, Provenance, Step
from hivewright.site.host_devices import passes_devices, passing_keys

_LAYOUTS = "/usr/share/bhyve/kbdlayout"

_FWCFG = Option(QEMU_FWCFG, ("fwcfg", "rule:fwcfg"), "fwcfg")
_FOR_IGNITION = Option(QEMU_FWCFG, ("cloud_init", "cloud_init.reader", "rule:fwcfg"), "cloud_init")


def _flag(letter: str, key: str, rule: str = "") -> Option:
    keys: Provenance = (key, rule) if rule else (key,)
    return Option((f"-{letter}",), keys, rule.partition(":")[2] or key)


_ACPI = _flag("A", "machine.acpi", "rule:acpi")
_HALT = _flag("H", "machine.yield_on_halt", "rule:halt")
_PAUSE = _flag("P", "machine.yield_on_pause", "rule:pause")
_IGNORE_MSR = _flag("w", "machine.ignore_msr")
_STRICT_IO = _flag("e", "machine.strict_io")
_UTC = _flag("u", "machine.rtc")
_X2APIC = _flag("x", "machine.x2apic")
_NO_MP_TABLE = _flag("Y", "machine.mptable")
_WIRED = _flag("S", "machine.wired")
_IN_CORE = _flag("C", "machine.memory_in_core")
_MSI = _flag("W", "machine.msi")
_DESTROY = _flag("D", "machine.destroy_on_poweroff")


def lower_flags(guest: Guest, beyond: Provenance) -> Iterator[Option]:
    """Options without an argument. ``beyond``: where the addresses of devices beyond bus 0 are from."""
    machine = guest.vm.machine
    if guest.features.pc:
        yield from _lower_pc_flags(guest)
    if passes_devices(guest.vm):
        yield Option(("-S",), (*passing_keys(guest.vm), "rule:wired"), "passthrough")
    elif machine.wired:
        yield _WIRED
    if machine.memory_in_core:
        yield _IN_CORE
    if machine.msi:
        yield _MSI
    if machine.destroy_on_poweroff:
        yield _DESTROY
    if guest.features.pc:
        if machine.mptable is False:
            yield _NO_MP_TABLE
        elif beyond:
            yield Option(("-Y",), ("machine.mptable", *beyond, "rule:mp-table"), "mp-table")


def _lower_pc_flags(guest: Guest) -> Iterator[Option]:
    machine = guest.vm.machine
    switches = (
        (machine.acpi, _ACPI),
        (machine.yield_on_halt, _HALT),
        (machine.yield_on_pause, _PAUSE),
        (machine.ignore_msr, _IGNORE_MSR),
        (machine.strict_io, _STRICT_IO),
        (machine.rtc == "utc", _UTC),
        (machine.x2apic, _X2APIC),
    )
    for is_on, option in switches:
        if is_on:
            yield option


def prepare_environment(guest: Guest) -> Iterator[Step]:
    """One variable a step, so that a change of one is a change of one line."""
    for name, value in sorted(guest.vm.environment.items()):
        yield Step("environment", (f"{name}={value}",), (f"environment.{name}",), f"environment.{name}")


def lower_identity(guest: Guest) -> Iterator[Option]:
    """SMBIOS strings; the variables of bhyve_config(5) have the names of our keys."""
    smbios = guest.vm.smbios
    if smbios is None:
        return
    for part in ("system", "board", "chassis", "bios"):
        table = getattr(smbios, part)
        for key, value in sorted(table.model_dump(exclude_none=True).items()) if table is not None else ():
            path = f"smbios.{part}.{key}"
            yield Option(("-o", f"{part}.{key}={value}"), (path,), path)


def lower_firmware_files(guest: Guest) -> Iterator[Option]:
    """Files of fw_cfg and the device that shows them; then the layout of the framebuffer's keyboard."""
    for key, entry in sorted(guest.vm.fwcfg.items()):
        kind, value = ("string", entry.string) if entry.file is None else ("file", entry.file)
        keys = (f"fwcfg.{key}.name", f"fwcfg.{key}.{kind}")
        yield Option(("-f", f"{entry.name},{kind}={value}"), keys, f"fwcfg.{key}")
    if guest.vm.fwcfg:
        yield _FWCFG
    elif guest.site.medium(guest.vm) == "ignition":
        yield _FOR_IGNITION
    if guest.vm.vnc is not None and guest.vm.vnc.keyboard is not None:
        yield Option(("-K", guest.vm.vnc.keyboard), ("vnc.keyboard",), "vnc.keyboard")


def prepare_machine(guest: Guest) -> Iterator[Step]:
    """Files that bhyve reads must exist: if one is missing it exits with status 1 or 64, or without a message."""
    for key, entry in sorted(guest.vm.fwcfg.items()):
        if entry.file is not None:
            yield Step("file", (f"fwcfg {key}", entry.file), (f"fwcfg.{key}.file",), f"fwcfg.{key}")
    if guest.vm.vnc is not None and guest.vm.vnc.keyboard is not None:
        path = f"{_LAYOUTS}/{guest.vm.vnc.keyboard}"
        yield Step("file", ("keyboard layout", path), ("vnc.keyboard",), "vnc.keyboard")
