"""What a guest starts with: the boot ROM of a command, or the loader before it."""

from __future__ import annotations

import re

from hivewright.importers.blocks import absolute
from hivewright.importers.forms import Guest, Target

_ROMS = "/usr/local/share/uefi-firmware"
_UEFI = (f"{_ROMS}/BHYVE_UEFI.fd", f"{_ROMS}/BHYVE_UEFI_CODE.fd")
"""The boot ROM of the package edk2-bhyve, with variables in it and without."""
_CSM = f"{_ROMS}/BHYVE_UEFI_CSM.fd"


def read_bootrom(guest: Guest, target: Target, words: list[str]) -> None:
    """``ROM[,VARIABLES][,fwcfg=…]`` (bhyve(8), -l bootrom)."""
    rom, *rest = words
    variables = [word for word in rest if word and not word.startswith("fwcfg=")]
    if "fwcfg=qemu" in rest:
        guest.extra("-o", "lpc.fwcfg=qemu")
    if rom == _CSM:
        guest.set(("firmware", "kind"), "uefi-csm")
    elif rom not in _UEFI:
        guest.set(("firmware", "kind"), "rom")
        guest.set(("firmware", "rom"), rom)
    if rom == _CSM or not target.keeps_variables:
        if variables:
            guest.note(f"UEFI variables in {variables[0]}", "the release of the host, or this ROM, keeps none")
        return
    if variables:
        guest.set(("firmware", "variables_template"), variables[0])
        guest.comments.setdefault(
            ("firmware", "variables_template"),
            "The guest's UEFI variables are copied from here once, before its first start.",
        )
    elif rom in _UEFI:
        guest.set(("firmware", "variables"), False)


def read_loader(guest: Guest, words: tuple[str, ...]) -> None:
    """The command of bhyveload(8) or grub-bhyve(8)."""
    program = words[0].rpartition("/")[2]
    if program == "bhyveload":
        _read_bhyveload(guest, words[1:])
    elif program == "grub-bhyve":
        _read_grub(guest, words[1:])
    else:
        guest.set(("firmware", "kind"), "loader")
        own: dict[str, object] = {"program": absolute(words[0])}
        if words[1:]:
            own["arguments"] = list(words[1:])
        guest.set(("firmware", "loader"), own)


_LONG = {
    "--root": "-r", "--device-map": "-m", "--memory": "-M", "--cons-dev": "-c", "--directory": "-d",
    "--grub-cfg": "-g", "--evga": "-e", "--ncpus": "-n", "--wire": "-S",
}  # fmt: skip
"""Long options of grub-bhyve(8)."""


def _options(words: tuple[str, ...], letters: str, without: str) -> list[tuple[str, str]]:
    """The options of a loader: letters that take a value, and those that do not."""
    found: list[tuple[str, str]] = []
    rest: list[str] = []
    for word in words:
        long, equals, value = word.partition("=")
        rest += [_LONG[long], value] if long in _LONG and equals else [_LONG.get(word, word)]
    while rest:
        word = rest.pop(0)
        match = re.fullmatch(r"-([A-Za-z])(.*)", word, re.DOTALL)
        if match is None:
            continue  # the name of the guest
        letter, value = match[1], match[2]
        if letter in letters:
            if not value and not rest:
                raise ValueError(f"-{letter} of the loader needs a value")
            found.append((letter, value or rest.pop(0)))
        elif letter in without:
            found.append((letter, ""))
            if value:
                rest.insert(0, f"-{value}")
        else:
            raise ValueError(f"the loader has no option -{letter}")
    return found


def _read_bhyveload(guest: Guest, words: tuple[str, ...]) -> None:
    guest.set(("firmware", "kind"), "bhyveload")
    boots: list[str] = []
    for letter, value in _options(words, "cdehlm", "CS"):
        if letter == "e":
            name, _, text = value.partition("=")
            guest.set(("firmware", "bhyveload", "variables"), {**_variables(guest), name: text})
        elif letter == "h":
            guest.set(("firmware", "bhyveload", "host_directory"), value)
        elif letter == "l":
            guest.set(("firmware", "bhyveload", "os_loader"), value)
        elif letter == "d":
            boots.append(value)
        elif letter == "C":
            guest.note("bhyveload -C", "it is for core dumps of the loader itself")
    _boot_from(guest, boots)


def _variables(guest: Guest) -> dict[str, str]:
    found: dict[str, str] = guest.keys["firmware"].get("bhyveload", {}).get("variables", {})
    return found


def _read_grub(guest: Guest, words: tuple[str, ...]) -> None:
    guest.set(("firmware", "kind"), "grub")
    for letter, value in _options(words, "cdegmMnr", "S"):
        if letter == "r" and value in ("cd", "cd0"):
            pass  # the drive that it starts from
        elif letter == "r" and value == "host":
            if not guest.old.menu:
                guest.note("grub-bhyve -r host", "the commands in that grub.cfg are not known here; write them as "
                           "firmware.grub.commands")  # fmt: skip
        elif letter == "r" and (root := re.sub("^hd0,([0-9]+)$", r"hd0,msdos\1", value)) != "hd0,msdos1":
            guest.set(("firmware", "grub", "root"), root)
        elif letter == "d" and not guest.old.menu and value != "/boot/grub":
            guest.set(("firmware", "grub", "directory"), value)
        elif letter == "g":
            guest.set(("firmware", "grub", "config"), value)
    if guest.old.menu:
        guest.set(("firmware", "grub", "commands"), list(guest.old.menu))
    _boot_from(guest, [guest.old.boots])


def _boot_from(guest: Guest, paths: list[str]) -> None:
    """The first ``-d`` is what it boots from; a site boots from its only disk, or from that called root."""
    disks = guest.keys.get("disk", {})
    name = next((name for name, disk in disks.items() if paths and disk.get("path") == paths[0]), None)
    if name is not None and name != "root" and len(disks) > 1:
        guest.set(("firmware", "boot"), name)
    cds = guest.keys.get("cd", {})
    drive = next((name for name, cd in cds.items() if paths and cd.get("path") == paths[0]), None)
    if name is None and drive is not None:
        guest.set(("firmware", "boot"), drive)
