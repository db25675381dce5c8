"""System calls of the scripts that the server lets pass or fail: seccomp(2) with a listener.

A process that wants to create or write a file stops in the kernel until the server says whether the call goes on or
fails. So a failing write is the very system call of an unchanged shell or tool, and the server knows each by number.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import socket
import struct
from dataclasses import dataclass

RECEIVE, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
AT_FDCWD = -100
DESCRIPTORS = {"write": 0, "pwrite64": 0, "writev": 0, "pwritev": 0}
"""Calls that write to an open file -> which argument is its descriptor."""
PATHS = {"open": (None, 0), "openat": (0, 1), "creat": (None, 0), "mkdir": (None, 0), "mkdirat": (0, 1)}
PATHS |= {"symlink": (None, 1), "symlinkat": (1, 2), "link": (None, 1), "linkat": (2, 3), "mknod": (None, 0)}
PATHS |= {"mknodat": (0, 1)}
"""Calls that make a file -> the arguments that are its directory's descriptor and its path."""
FLAGS = {"open": 1, "openat": 2}
"""Calls that make a file only with O_CREAT among the flags -> which argument these are."""
LOOKS = {"stat": (None, 0), "lstat": (None, 0), "access": (None, 0), "newfstatat": (0, 1), "faccessat": (0, 1)}
LOOKS |= {"faccessat2": (0, 1), "statx": (0, 1)}
"""Calls that only look at a path."""
NUMBERS = {
    "x86_64": (
        0xC000003E,
        {"write": 1, "open": 2, "stat": 4, "lstat": 6, "pwrite64": 18, "writev": 20, "access": 21, "sendfile": 40}
        | {"mkdir": 83, "creat": 85, "link": 86, "symlink": 88, "mknod": 133, "openat": 257, "mkdirat": 258}
        | {"mknodat": 259, "newfstatat": 262, "linkat": 265, "symlinkat": 266, "faccessat": 269, "pwritev": 296}
        | {"copy_file_range": 326, "statx": 332, "faccessat2": 439},
    ),
    "aarch64": (
        0xC00000B7,
        {"mknodat": 33, "mkdirat": 34, "symlinkat": 36, "linkat": 37, "faccessat": 48, "openat": 56, "write": 64}
        | {"writev": 66, "pwrite64": 68, "pwritev": 70, "sendfile": 71, "newfstatat": 79, "copy_file_range": 285}
        | {"statx": 291, "faccessat2": 439},
    ),
}
"""Machine -> AUDIT_ARCH and the numbers of its calls."""


@dataclass
class Trap:
    """A call that waits for an answer: what it does to which file."""

    listener: int
    number: int
    pid: int
    verb: str
    path: str
    actor: str = ""

    def answer(self, error: int = 0) -> None:
        """Let the call go on, or make it fail with an error; its process may be gone."""
        response = struct.pack("=QqiI", self.number, 0, -error, 0 if error else CONTINUE)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.listener, SEND, bytearray(response))


def take(channel: socket.socket) -> int:
    """The listener that a starting process hands over."""
    _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    if not ancillary:
        raise SystemExit("the kernel does not let the stand-in host stop system calls (seccomp(2), a listener)")
    return int(array.array("i", ancillary[0][2][:4])[0])


def receive(listener: int) -> Trap | None:
    """The next call that waits; None when its process is gone."""
    buffer = bytearray(80)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    number, pid, _, nr, _, _, *arguments = struct.unpack("=QIIiIQ6Q", buffer)
    name = next(name for name, each in NUMBERS[os.uname().machine][1].items() if each == nr)
    trap = Trap(listener, number, pid, name, "")
    if name in DESCRIPTORS:
        trap.verb, trap.path = "write", link(pid, f"fd/{arguments[DESCRIPTORS[name]]}")
        return trap
    directory, place = (PATHS | LOOKS)[name]
    base = AT_FDCWD if directory is None else struct.unpack("i", struct.pack("I", arguments[directory] & 0xFFFFFFFF))[0]
    start = link(pid, "cwd" if base == AT_FDCWD else f"fd/{base}")
    path = os.path.join(start, text_at(pid, arguments[place]))
    trap.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    creates = name not in FLAGS or arguments[FLAGS[name]] & os.O_CREAT
    trap.verb = "look" if name in LOOKS or not creates or os.path.lexists(trap.path) else "create"
    return trap


def link(pid: int, name: str) -> str:
    """Where a link of /proc leads; empty when the process is gone."""
    try:
        return os.readlink(f"/.linux/proc/{pid}/{name}")
    except OSError:
        return ""


def text_at(pid: int, address: int) -> str:
    """A text in the memory of a process; empty when the process is gone."""
    try:
        memory = os.open(f"/.linux/proc/{pid}/mem", os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        room = 4096 - address % 4096
        data = os.pread(memory, room, address)
        if b"\0" not in data:
            data += os.pread(memory, 4096, address + room)
        return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(memory)
