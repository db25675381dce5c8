"""The machine as a whole: its switches, what SMBIOS says of it, and files for its firmware."""

import re
from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import Only, Until
from hivewright.model.base import HostPath, Slot, Table, described, reader

_PLAIN = r"[ -$&-\[\]-~]{1,128}"
_FIRMWARE_FILE = r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*"
_LAYOUT = r"[a-z][A-Za-z0-9_.]{0,30}"

FIRMWARE_FILE_LENGTH = 55
"""Longest name of a fw_cfg file; bhyve refuses longer ones (bhyve(8), -f)."""

IGNITION = "opt/com.coreos/config"
"""The file that ignition reads (its "Supported Platforms"); Flatcar's does so as well."""


def _plain(text: str) -> str:
    # bhyve expands %(name) and, in some releases, backslashes in values of configuration variables.
    if re.fullmatch(_PLAIN, text) is None:
        raise ValueError("this is 1 to 128 ASCII characters without percent signs and backslashes, which bhyve expands")
    return text


def _firmware_file(text: str) -> str:
    if re.fullmatch(_FIRMWARE_FILE, text) is None or len(text) > FIRMWARE_FILE_LENGTH:
        raise ValueError(
            f'a fw_cfg file is named like a path, in up to {FIRMWARE_FILE_LENGTH} characters: "opt/org.example/token"'
        )
    return text


def _layout(text: str) -> str:
    if re.fullmatch(_LAYOUT, text) is None:
        raise ValueError('a keyboard layout is the name of a file in /usr/share/bhyve/kbdlayout, for example "de"')
    return text


PlainText = Annotated[
    str,
    reader(_plain, '"Example Inc."'),
    described(r"^[ -$&-\[\]-~]{1,128}$", "Example Inc."),
]
"""Text for a configuration variable of bhyve."""

FirmwareFile = Annotated[
    str,
    reader(_firmware_file, '"opt/org.example/token"'),
    described("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", "opt/org.example/token"),
]


def _variable_name(text: str) -> str:
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,63}", text) is None:
        raise ValueError(
            "an environment variable is named by up to 64 letters, digits and _, and does not begin with a digit"
        )
    return text


VariableName = Annotated[
    str, reader(_variable_name, '"SLIRP_DEBUG"'), described("^[A-Za-z_][A-Za-z0-9_]{0,63}$", "SLIRP_DEBUG")
]
"""The name of an environment variable (environ(7))."""


def _variable_value(text: str) -> str:
    if len(text) > LONGEST_VALUE or not all(letter.isprintable() or letter == "\xa0" for letter in text):
        raise ValueError(f"the value of an environment variable has up to {LONGEST_VALUE} printable characters")
    return text


LONGEST_VALUE = 4096
"""All that a program is given has to fit into what execve(2) takes, words and environment together."""
VariableValue = Annotated[
    str, reader(_variable_value, '"call"'), described(f"^[^\\x00-\\x1f\\x7f]{{0,{LONGEST_VALUE}}}$", "call")
]
"""What an environment variable holds."""

Layout = Annotated[str, reader(_layout, '"de"'), described("^[a-z][A-Za-z0-9_.]*$", "de")]

_BRIDGES = Only("amd64", "bhyve(8), amd_hostbridge", value=("amd", "none"), instead='write hostbridge = "standard"')
_LPC = Only("amd64", "bhyve(8), lpc")
_LOCAL_TIME = Only("amd64", "bhyve(8), -u", value="localtime")
_FAULTS = Only("amd64", "bhyve(8), -w", value=False)
_STRICT_IO = Only("amd64", "bhyve(8), -e", value=True)
_NO_ACPI = (
    Only("amd64", "bhyve(8), -A", value=False),
    Until("15.0", "bhyve(8), -A: the tables are always made", value=False),
)
_X2APIC = Only("amd64", "bhyve(8), -x", value=True)
_MP_TABLE = Only("amd64", "bhyve(8), -Y", value=True)
_NO_HALT = Only("amd64", "bhyve(8), -H", value=False)
_NO_PAUSE = Only("amd64", "bhyve(8), -P", value=False)


class Machine(Table):
    """Switches of the machine: ``[vm.NAME.machine]``."""

    hostbridge: Annotated[Literal["standard", "amd", "none"], _BRIDGES] = Field(
        "standard", description="Vendor of the host bridge; none leaves it out, which few guests do without."
    )
    lpc_slot: Annotated[int | None, _LPC] = Field(
        None,
        ge=0,
        le=31,
        description="The PCI slot of the LPC bridge, 31 if absent. Windows wants it there. 0 is the host bridge's.",
    )
    channel_slot: Slot | None = Field(
        None, description="A fixed PCI address of the one device that has all channels; taken from the lock if absent."
    )
    rtc: Annotated[Literal["utc", "localtime"], _LOCAL_TIME] = Field(
        "utc", description="What the real-time clock shows."
    )
    wired: bool = Field(False, description="Wire the guest's memory; passthrough forces it.")
    memory_in_core: bool = Field(False, description="Put the guest's memory into a core dump of bhyve.")
    ignore_msr: Annotated[bool, _FAULTS] = Field(
        True, description="Ignore accesses to unknown MSRs instead of faulting."
    )
    strict_io: Annotated[bool, _STRICT_IO] = Field(
        False, description="End bhyve when the guest uses an I/O port that nothing emulates."
    )
    acpi: Annotated[bool, *_NO_ACPI] = Field(
        True, description="Make ACPI tables. Without them there is no power button."
    )
    x2apic: Annotated[bool, _X2APIC] = Field(False, description="Show an x2APIC instead of an xAPIC.")
    msi: bool = Field(False, description="Let virtio devices use MSI instead of MSI-X.")
    mptable: Annotated[bool | None, _MP_TABLE] = Field(
        None, description="Make an MP table. If absent, only when all devices are on bus 0."
    )
    yield_on_halt: Annotated[bool, _NO_HALT] = Field(True, description="Give the host CPU away while a vCPU is idle.")
    yield_on_pause: Annotated[bool, _NO_PAUSE] = Field(
        True, description="Give the host CPU away while a vCPU spins for a lock."
    )
    destroy_on_poweroff: bool = Field(
        False, description="Let bhyve itself destroy the VM when the guest powers off; the runtime does it anyway."
    )


class SmbiosSystem(Table):
    """What SMBIOS says of the system: ``[vm.NAME.smbios.system]``."""

    manufacturer: PlainText | None = Field(None, description="Manufacturer.")
    product_name: PlainText | None = Field(None, description="Product.")
    version: PlainText | None = Field(None, description="Version.")
    serial_number: PlainText | None = Field(None, description="Serial number.")
    sku: PlainText | None = Field(None, description="Stock-keeping unit.")
    family_name: PlainText | None = Field(None, description="Family of products.")


class SmbiosBoard(Table):
    """What SMBIOS says of the main board: ``[vm.NAME.smbios.board]``."""

    manufacturer: PlainText | None = Field(None, description="Manufacturer.")
    product_name: PlainText | None = Field(None, description="Product.")
    version: PlainText | None = Field(None, description="Version.")
    serial_number: PlainText | None = Field(None, description="Serial number.")
    asset_tag: PlainText | None = Field(None, description="Asset tag.")
    location: PlainText | None = Field(None, description="Location in the chassis.")


class SmbiosChassis(Table):
    """What SMBIOS says of the chassis: ``[vm.NAME.smbios.chassis]``."""

    manufacturer: PlainText | None = Field(None, description="Manufacturer.")
    version: PlainText | None = Field(None, description="Version.")
    serial_number: PlainText | None = Field(None, description="Serial number.")
    asset_tag: PlainText | None = Field(None, description="Asset tag.")
    sku: PlainText | None = Field(None, description="Stock-keeping unit.")


class SmbiosBios(Table):
    """What SMBIOS says of the firmware: ``[vm.NAME.smbios.bios]``."""

    vendor: PlainText | None = Field(None, description="Vendor.")
    version: PlainText | None = Field(None, description="Version.")
    release_date: PlainText | None = Field(None, description='Date of release, as in "03/14/2014".')


class Smbios(Table):
    """Strings of the SMBIOS tables, where they differ from bhyve's: ``[vm.NAME.smbios]``."""

    system: SmbiosSystem | None = Field(None, description="The system.")
    board: SmbiosBoard | None = Field(None, description="The main board.")
    chassis: SmbiosChassis | None = Field(None, description="The chassis.")
    bios: SmbiosBios | None = Field(None, description="The firmware.")


class FirmwareConfiguration(Table):
    """A file that the guest reads by QEMU's fw_cfg: ``[vm.NAME.fwcfg.KEY]``."""

    name: FirmwareFile = Field(description="What the guest knows it by; opt/ and a domain are for files of one's own.")
    string: PlainText | None = Field(None, description="What is in it.")
    file: HostPath | None = Field(None, description="Instead of string: a file of the host whose content it has.")
