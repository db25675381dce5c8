"""Devices of a host that a serial port can be connected to: serial lines, and both ends of an nmdm(4)."""

from __future__ import annotations

import re

_END = {"A": "B", "B": "A"}


def is_null_modem(device: str) -> bool:
    """Whether it is one end of an nmdm(4), which the kernel makes when it is first opened."""
    return re.fullmatch("/dev/nmdm.+[AB]", device) is not None


def other_end(device: str) -> str:
    """Where people find what is at one end of an nmdm(4)."""
    return device[:-1] + _END[device[-1]]


def line_of(device: str) -> str:
    """What nobody else can have open: the call-out and the call-in device of a line exclude each other (uart(4))."""
    return re.sub("^/dev/cua", "/dev/tty", device)


_DISKS = (
    "a?da|acd|ad|aacd|amrd|ar|cd|fd|gated|ggate|idad|ips|mcd|md|mfid|mfisyspd|mlxd|mmcsd|nda|nvd|nvme|pmem|sdda|twed"
    "|vtbd|xbd"
)
"""Disks by their drivers: section 4 of the manual, and geom(4)."""
_GEOMS = "concat|diskid|ext2fs|gpt|gptid|iso9660|label|mirror|msdosfs|multipath|ntfs|raid3?|stripe|ufs|ufsid|zvol"
"""Folders below /dev with volumes of geom(4) and zfs(8)."""
_NO_LINES = (
    (rf"({_GEOMS})/.*|({_DISKS})[0-9]+[a-z0-9.]*", "a disk"),
    (r"pass[0-9]+|ses[0-9]+|ch[0-9]+|[en]*sa[0-9]+[.0-9]*", "a device of CAM"),
    (r"(tap|tun|vmnet)[^/]*|net/.*|bpf[0-9]*", "a network interface"),
    (r"vmm(ctl)?|vmm(\.io)?/.*", "a guest's"),
    ("null|zero|full|u?random|k?mem|io|pci|fd/.*|std(in|out|err)|zfs|devctl2?|klog|(sys)?mouse|kbd.*|ums.*|ukbd.*",
     "no terminal"),
)  # fmt: skip


def not_a_line(device: str) -> str | None:
    """What a device is that bhyve would not take for a console, as far as its name says: it wants a terminal, and
    does not start with another one (uart_backend.c of bhyve)."""
    name = device.removeprefix("/dev/")
    return next((what for pattern, what in _NO_LINES if re.fullmatch(pattern, name)), None)
