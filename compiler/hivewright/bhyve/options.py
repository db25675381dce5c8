"""``extra_args``: the user's own words for bhyve(8), split as its getopt(3) splits them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hivewright.bhyve.facts import FIRMWARE_FILES, MEMORY_DOMAINS, PC, Fact
from hivewright.values import PciAddress, parse_pci_address

WITHOUT_VALUE = "aACDeHIPSuWwxY"
"""Options of bhyve(8) that take no argument. -h would print the usage and end with 0, which means a reboot."""

WITH_VALUE = "cfGKklmnoprsU"
"""Options of bhyve(8) that take an argument."""

_OF_ARM64 = frozenset("CDSWfkopcsmU")
"""What bhyve takes on arm64 (bhyve(8), SYNOPSIS)."""

_CAME: dict[str, Fact] = {"-f": FIRMWARE_FILES, "-n": MEMORY_DOMAINS}
"""Options that came behind the oldest supported release."""


class Argument(NamedTuple):
    """One option of extra_args. ``value`` is empty for an option without one; ``place`` counts words from 0."""

    flag: str
    value: str
    place: int


def parse_extra_args(words: Sequence[str]) -> tuple[Argument, ...]:
    """The options in ``words``; ``ValueError`` names a word that is not one."""
    arguments: list[Argument] = []
    index = 0
    while index < len(words):
        word = words[index]
        if len(word) < 2 or not word.startswith("-"):
            raise ValueError(f'"{word}" is not an option; the name of the VM is added by hivewright')
        for position, flag in enumerate(word[1:], 2):
            if flag in WITHOUT_VALUE:
                arguments.append(Argument(f"-{flag}", "", index))
                continue
            if flag not in WITH_VALUE:
                raise ValueError(f"bhyve(8) has no option -{flag}, or it cannot be used here")
            value, start = word[position:], index
            if not value:
                index += 1
                value = words[index] if index < len(words) else ""
            if not value:
                raise ValueError(f"-{flag} needs an argument")
            arguments.append(Argument(f"-{flag}", value, start))
            break
        index += 1
    return tuple(arguments)


def facts_of(argument: Argument) -> tuple[Fact, ...]:
    """What an option needs of a host."""
    came = _CAME.get(argument.flag)
    pc = () if argument.flag[1] in _OF_ARM64 else (PC,)
    return pc if came is None else (*pc, came)


def slot_of(argument: Argument) -> PciAddress | None:
    """The PCI address of an ``-s``; None for other options. Raises ``ValueError`` when it is not an address."""
    return parse_pci_address(argument.value.partition(",")[0]) if argument.flag == "-s" else None


def slots_of(words: Sequence[str]) -> list[tuple[PciAddress, int]]:
    """The PCI addresses in extra_args, with the index of their words; none when the words cannot be read.

    Rules report what is wrong with them; allocation avoids these addresses.
    """
    try:
        found = [(slot_of(argument), argument.place) for argument in parse_extra_args(words)]
    except ValueError:
        return []
    return [(address, index) for address, index in found if address is not None]


def disks_of(words: Sequence[str]) -> list[tuple[str, bool, int]]:
    """The disks in extra_args: path, whether the guest only reads it, and the index of its word; none when the words
    cannot be read. The runtime finds them in the same way (lib/disks.subr)."""
    try:
        arguments = parse_extra_args(words) if words else ()
    except ValueError:
        return []
    variables = {argument.value for argument in arguments if argument.flag == "-o"}
    found: list[tuple[str, bool, int]] = []
    for argument in arguments:
        if argument.flag == "-s":
            device = argument.value.partition(",")[2]
            found += [(path, reads_only, argument.place) for path, reads_only in _disks_of_device(device)]
        elif argument.flag == "-o" and argument.value.startswith("pci.") and ".path=/" in argument.value:
            node, _, path = argument.value.partition(".path=")
            found.append((path, not variables.isdisjoint({f"{node}.ro=true", f"{node}.type=cd"}), argument.place))
    return found


def _disks_of_device(text: str) -> list[tuple[str, bool]]:
    """Those of one device without its address: ``virtio-blk,/path,ro``, ``ahci,hd:/path,cd:/path``."""
    emulation, *parts = text.split(",")
    if emulation == "ahci":
        return [(part[3:], part.startswith("cd:")) for part in parts if part.startswith(("hd:/", "cd:/"))]
    if emulation not in ("virtio-blk", "ahci-hd", "ahci-cd", "nvme", "virtio-scsi") or not parts[:1]:
        return []
    return [(parts[0], emulation == "ahci-cd" or "ro" in parts)] if parts[0].startswith("/") else []
