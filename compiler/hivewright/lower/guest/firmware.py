"""Boot ROMs and UEFI variables."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import STATE, Guest
from hivewright.model.firmware import LOADERS
from hivewright.plan import Option, Step

_UEFI = "/usr/local/share/uefi-firmware"
ROM = f"{_UEFI}/BHYVE_UEFI.fd"
ROM_CODE = f"{_UEFI}/BHYVE_UEFI_CODE.fd"
ROM_VARIABLES = f"{_UEFI}/BHYVE_UEFI_VARS.fd"
"""Files of the package edk2-bhyve."""
ROM_CSM = f"{_UEFI}/BHYVE_UEFI_CSM.fd"
"""File of the package bhyve-firmware: a BIOS, without variables."""
ROM_UBOOT = "/usr/local/share/u-boot/u-boot-bhyve-arm64/u-boot.bin"
"""File of the package u-boot-bhyve-arm64."""


def has_rom(guest: Guest) -> bool:
    """Whether a boot ROM starts the guest; otherwise a loader does (``lower.loader``)."""
    return guest.vm.firmware.kind not in LOADERS


def has_variables(guest: Guest) -> bool:
    """Whether the guest keeps UEFI variables; otherwise those that an installer writes are lost at the next start."""
    firmware = guest.vm.firmware
    if not guest.features.uefi_variables or firmware.kind not in (None, "uefi", "rom"):
        return False
    if firmware.variables is not None:
        return firmware.variables and (firmware.kind != "rom" or firmware.variables_template is not None)
    # A template belongs to one ROM: that of the package does not fit another ROM.
    return firmware.rom is None or firmware.variables_template is not None


def variables_path(vm: str) -> str:
    """The private copy of the UEFI variables, which the guest writes to."""
    return f"{STATE}/{vm}/vars.fd"


def rom_path(guest: Guest) -> str:
    if guest.vm.firmware.rom is not None:
        return guest.vm.firmware.rom
    if not guest.features.pc:
        return ROM_UBOOT
    if guest.vm.firmware.kind == "uefi-csm":
        return ROM_CSM
    return ROM_CODE if has_variables(guest) else ROM


def lower_firmware(guest: Guest) -> Iterator[Option]:
    """``-l bootrom`` on amd64, works in every release; arm64 has no LPC bridge and takes a configuration variable."""
    if not has_rom(guest):
        return
    rom = rom_path(guest)
    kind = () if guest.vm.firmware.kind is None else ("firmware.kind",)
    if not guest.features.pc:
        yield Option(("-o", f"bootrom={rom}"), (*kind, "firmware.rom", "rule:arm64-rom"), "firmware")
    elif has_variables(guest):
        words = ("-l", f"bootrom,{rom},{variables_path(guest.name)}")
        yield Option(words, (*kind, "firmware.rom", "firmware.variables"), "firmware")
    else:
        keys = (*kind, "firmware.rom", "firmware.variables", "host:freebsd")
        yield Option(("-l", f"bootrom,{rom}"), keys, "firmware")


def prepare_rom(guest: Guest) -> Iterator[Step]:
    if has_rom(guest):
        yield Step("rom", (rom_path(guest),), ("firmware.rom",), "firmware")


def prepare_variables(guest: Guest) -> Iterator[Step]:
    if has_variables(guest):
        yield Step("vars", (variables_path(guest.name),), ("firmware.variables",), "firmware")


def provision_firmware(guest: Guest) -> Iterator[Step]:
    if has_variables(guest):
        template = guest.vm.firmware.variables_template or ROM_VARIABLES
        yield Step("variables", (template,), ("firmware.variables_template",), "firmware")
