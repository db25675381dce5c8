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
