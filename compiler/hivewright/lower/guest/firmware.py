"""Boot ROMs and UEFI variables."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import STATE, Guest
from hivewright.model.firmware import LOADERS, WITH_VARIABLES
from hivewright.plan import Option, Provenance, Step

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
    if not guest.features.uefi_variables or firmware.kind not in WITH_VARIABLES:
        return False
    if firmware.variables is not None:
        return firmware.variables and (firmware.kind != "rom" or firmware.variables_template is not None)
    # A template belongs to one ROM: that of the package does not fit another ROM.
    return firmware.rom is None or firmware.variables_template is not None


def _variables_keys(guest: Guest) -> Provenance:
    """What decides whether the guest keeps UEFI variables (``has_variables``)."""
    firmware = guest.vm.firmware
    if firmware.kind not in WITH_VARIABLES:
        return ("firmware.kind",)
    if not guest.features.uefi_variables:
        return ("firmware.kind", "host:freebsd")
    if firmware.variables is not None:
        return ("firmware.kind", "firmware.variables")
    if firmware.rom is None:
        return ("firmware.kind", "firmware.variables", "firmware.rom")
    if firmware.variables_template is None:
        return ("firmware.rom", "firmware.variables_template")
    return ("firmware.kind", "firmware.variables", "firmware.rom", "firmware.variables_template")


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


def _rom_keys(guest: Guest) -> Provenance:
    """What decides which ROM it is."""
    if guest.vm.firmware.rom is not None or not guest.features.pc:
        return ("firmware.rom",)
    return _united(("firmware.kind", "firmware.rom"), _variables_keys(guest))


def _united(*several: Provenance) -> Provenance:
    """The keys of several, each once."""
    return tuple(dict.fromkeys(key for keys in several for key in keys))


def lower_firmware(guest: Guest) -> Iterator[Option]:
    """``-l bootrom`` on amd64, works in every release; arm64 has no LPC bridge and takes a configuration variable."""
    if not has_rom(guest):
        return
    rom = rom_path(guest)
    if not guest.features.pc:
        yield Option(("-o", f"bootrom={rom}"), (*_rom_keys(guest), "rule:arm64-rom"), "firmware")
    elif has_variables(guest):
        words = ("-l", f"bootrom,{rom},{variables_path(guest.name)}")
        yield Option(words, _united(_rom_keys(guest), _variables_keys(guest)), "firmware")
    else:
        keys = _united(_rom_keys(guest), _variables_keys(guest))
        yield Option(("-l", f"bootrom,{rom}"), keys, "firmware")


def prepare_rom(guest: Guest) -> Iterator[Step]:
    if has_rom(guest):
        yield Step("rom", (rom_path(guest),), _rom_keys(guest), "firmware")


def prepare_variables(guest: Guest) -> Iterator[Step]:
    if has_variables(guest):
        yield Step("vars", (variables_path(guest.name),), _variables_keys(guest), "firmware")


def provision_firmware(guest: Guest) -> Iterator[Step]:
    if has_variables(guest):
        image = guest.vm.firmware.variables_image
        template = f"image={image}" if image else guest.vm.firmware.variables_template or ROM_VARIABLES
        keys = _united(_variables_keys(guest), ("firmware.variables_template",))
        yield Step("variables", (template,), keys, "firmware")
