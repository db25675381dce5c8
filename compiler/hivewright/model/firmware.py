"""What a guest starts with: a boot ROM, or a program of the host that loads it."""

import re
from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import UEFI_VARIABLES, Only
from hivewright.model.base import (
    IMAGE_NAME_PATTERN,
    Duration,
    HostPath,
    Line,
    ListOf,
    Name,
    Table,
    absolute_path,
    described,
    reader,
)

_FILE_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
_LOADER_VALUE = r"[ -~]{0,255}"
_LOADER_VARIABLE = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
_PART = "(?:msdos|gpt|bsd|openbsd|netbsd)?[0-9]{1,3}"
_GRUB_DEVICE = rf"(?:hd|cd)[0-9]{{1,2}}(?:,{_PART}){{0,2}}|lvm/[A-Za-z0-9_.-]+"


def _grub_device(text: str) -> str:
    if re.fullmatch(_GRUB_DEVICE, text) is None:
        raise ValueError(
            'a device is named as GRUB names it, without parentheses: "hd0,msdos1", "hd0,gpt2", "hd0,openbsd4" or "cd0"'
        )
    return text


def _loader_variable(text: str) -> str:
    if re.fullmatch(_LOADER_VARIABLE, text) is None:
        raise ValueError("a loader variable has up to 64 letters, digits, dots, - and _")
    return text


def _loader_value(text: str) -> str:
    if re.fullmatch(_LOADER_VALUE, text) is None:
        raise ValueError("the value of a loader variable has up to 255 ASCII characters")
    return text


GrubDevice = Annotated[
    str,
    reader(_grub_device, '"hd0,msdos1"'),
    described(
        "^((hd|cd)[0-9]{1,2}(,(msdos|gpt|bsd|openbsd|netbsd)?[0-9]{1,3}){0,2}|lvm/[A-Za-z0-9_.-]+)$", "hd0,msdos1"
    ),
]
LoaderVariable = Annotated[
    str, reader(_loader_variable, '"autoboot_delay"'), described("^[A-Za-z_][A-Za-z0-9_.-]{0,63}$", "autoboot_delay")
]
LoaderValue = Annotated[str, reader(_loader_value, '"3"'), described("^[ -~]{0,255}$", "3")]


def _variables_template(text: str) -> str:
    if re.fullmatch(IMAGE_NAME_PATTERN, text, re.ASCII):
        return text
    if not text.startswith("/"):
        raise ValueError('this is a path on the host, for example "/srv/firmware/VARS.fd", or the name of an image')
    return absolute_path(text)


VariablesTemplate = Annotated[
    str,
    reader(_variables_template, '"/srv/firmware/VARS.fd"'),
    described(f"^(/|{IMAGE_NAME_PATTERN}$)", "/srv/firmware/VARS.fd"),
]
"""A path begins with a slash; anything else is the name of an image."""


def _grub_config(text: str) -> str:
    return text if re.fullmatch(_FILE_NAME, text) else absolute_path(text)


GrubConfig = Annotated[
    str, reader(_grub_config, '"/boot/grub/own.cfg"'), described(f"^(/|{_FILE_NAME}$)", "/boot/grub/own.cfg")
]


class Bhyveload(Table):
    """How bhyveload(8) loads a FreeBSD guest: ``[vm.NAME.firmware.bhyveload]``."""

    variables: dict[LoaderVariable, LoaderValue] = Field(
        default_factory=dict, description='Variables of the loader: { autoboot_delay = "3" }.'
    )
    os_loader: HostPath | None = Field(None, description="The OS loader, instead of /boot/userboot.so.")
    host_directory: HostPath | None = Field(None, description="A directory that the loader sees as host:.")


class Grub(Table):
    """How grub-bhyve(8) of the package grub2-bhyve loads a guest: ``[vm.NAME.firmware.grub]``."""

    root: GrubDevice | None = Field(
        None, description='Where the guest\'s files are; "hd0,msdos1" if absent, or "cd0" where it boots from a drive.'
    )
    directory: HostPath = Field("/boot/grub", description="Where the guest has its GRUB configuration.")
    config: GrubConfig | None = Field(
        None, description="The name of the configuration in that directory, or its path, where it is not grub.cfg."
    )
    commands: ListOf[Line] = Field((), description="GRUB commands instead of the guest's configuration.")
    install_commands: ListOf[Line] = Field(
        (),
        description="With install: GRUB commands for the medium of the installer, cd0, as long as the guest is being "
        "installed. If absent, the medium's own configuration.",
    )
    timeout: Duration = Field(3, description="How long the menu of commands waits.")


class OwnLoader(Table):
    """A program of one's own that loads the guest: ``[vm.NAME.firmware.loader]``."""

    program: HostPath = Field(description="The program. It must exist when the guest starts.")
    arguments: ListOf[Line] = Field(
        (), description="Its arguments; the name of the guest follows them. The memory must have the size of the VM's."
    )


_FITTING = "delete kind, for what fits the host"
_KINDS = (
    Only("amd64", "bhyve(8), -l bootrom", value=("uefi", "uefi-csm", "bhyveload", "grub", "loader"), instead=_FITTING),
    Only("arm64", "package u-boot-bhyve-arm64", value="uboot", instead=_FITTING),
)
_LOADER = Only("amd64", "bhyveload(8), grub-bhyve(8)")
_VARIABLES = (Only("amd64", "bhyve(8), -l bootrom; u-boot keeps none"), UEFI_VARIABLES)


class Firmware(Table):
    """What the guest starts with: ``[vm.NAME.firmware]``."""

    kind: Annotated[Literal["uefi", "uefi-csm", "rom", "bhyveload", "grub", "loader", "uboot"] | None, *_KINDS] = Field(
        None,
        description="A boot ROM: uefi, uefi-csm (BIOS) or uboot of a package, or rom, a file of one's own; or a program"
        " that loads the guest before each run: bhyveload, grub, or loader, one of one's own. If absent uefi on amd64 "
        "and uboot on arm64.",
    )
    rom: HostPath | None = Field(None, description="The ROM image, instead of the one its package installs.")
    variables: Annotated[bool | None, *_VARIABLES] = Field(
        None,
        description="Keep UEFI variables in a private copy. If absent: with the ROM of the package, or when there is a "
        "variables_template, where the host can.",
    )
    variables_template: Annotated[VariablesTemplate | None, *_VARIABLES] = Field(
        None,
        description="What the private copy is made from: a file of the host by its path, or an [image.NAME] with "
        "variables that were prepared, such as keys for Secure Boot.",
    )
    boot: Name | None = Field(
        None,
        description="The disk or drive that bhyveload or grub boots from. If absent the only disk, or root, or without "
        "disks the only drive.",
    )
    bhyveload: Annotated[Bhyveload | None, _LOADER] = Field(None, description="More for bhyveload.")
    grub: Annotated[Grub | None, _LOADER] = Field(None, description="More for grub.")
    loader: Annotated[OwnLoader | None, _LOADER] = Field(None, description="With kind loader: the program that it is.")

    @property
    def variables_image(self) -> str | None:
        """The image that the variables come from, if there are any, and it is one."""
        if self.variables is False or self.kind not in WITH_VARIABLES:
            return None
        return None if (self.variables_template or "/").startswith("/") else self.variables_template


WITH_VARIABLES = (None, "uefi", "rom")
"""Kinds whose ROM can keep variables."""

LOADERS = ("bhyveload", "grub", "loader")
"""Kinds without a boot ROM: a program of the host puts the guest into its memory before each run."""


def boot_device(firmware: Firmware, disks: dict[str, object], cds: dict[str, object]) -> str | None:
    """The key of what a loader boots from: ``disk.root`` or ``cd.install``; ``None`` when that is not clear."""
    name = firmware.boot
    if name is None and not disks and len(cds) == 1:
        return f"cd.{next(iter(cds))}"
    if name is None:
        name = "root" if "root" in disks or len(disks) != 1 else next(iter(disks))
    if name in disks and (name not in cds or firmware.boot is None):
        return f"disk.{name}"
    return f"cd.{name}" if name in cds and name not in disks and firmware.boot is not None else None
