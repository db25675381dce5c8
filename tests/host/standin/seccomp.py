"""A command whose system calls stop (``syscalls``): what asks the kernel for that, and becomes the command."""

from __future__ import annotations

import array
import ctypes
import errno
import os
import socket
import struct
import sys

from .syscalls import FLAGS, LOOKS, NUMBERS

PR_SET_NO_NEW_PRIVS, SET_MODE_FILTER, NEW_LISTENER = 38, 1, 8
ALLOW, NOTIFY, REFUSE = 0x7FFF0000, 0x7FC00000, 0x00050000 | errno.ENOSYS
UNKNOWN = ("sendfile", "copy_file_range")
"""Linux's own ways to copy: refused as unknown, so that cp writes as FreeBSD's does."""


def program(looks: bool) -> bytes:
    """The filter: which calls the kernel asks about."""
    arch, numbers = NUMBERS[os.uname().machine]
    lines: list[tuple[int, int, int, int]] = [(0x20, 0, 0, 4), (0x15, 1, 0, arch), (0x06, 0, 0, ALLOW), (0x20, 0, 0, 0)]
    for name, number in numbers.items():
        if name in LOOKS and not looks:
            continue
        if name in FLAGS and not looks:
            lines += [(0x15, 0, 4, number), (0x20, 0, 0, 16 + 8 * FLAGS[name]), (0x45, 0, 1, os.O_CREAT)]
            lines += [(0x06, 0, 0, NOTIFY), (0x06, 0, 0, ALLOW)]
        else:
            lines += [(0x15, 0, 1, number), (0x06, 0, 0, REFUSE if name in UNKNOWN else NOTIFY)]
    return b"".join(struct.pack("=HBBI", *line) for line in [*lines, (0x06, 0, 0, ALLOW)])


class Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(looks: bool) -> int:
    """Ask the kernel to stop this process and all that come of it; returns the listener's descriptor."""
    number = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
    libc = ctypes.CDLL(None, use_errno=True)
    content = program(looks)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rules = Filter(len(content) // 8, content)
    listener = libc.syscall(number, SET_MODE_FILTER, NEW_LISTENER, ctypes.byref(rules))
    if listener < 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
    return int(listener)


def become() -> None:
    """Started as ``main(descriptor, looks, program, …)``: install the filter, hand it over, become the program."""
    descriptor, looks, *words = sys.argv[1:]
    listener = install(looks == "1")
    with socket.socket(fileno=int(descriptor)) as channel:
        channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    os.close(listener)
    os.execvp(words[0], words)
