"""Tools that unpack and convert images, of which busybox has none: zstd(1), and qemu-img of a package."""

from __future__ import annotations

import os

from .options import UsageError, options
from .reply import BUSYBOX, Become, Input, Reply, Result, UnmodelledError, fail
from .world import World

ZSTD = b"\x28\xb5\x2f\xfd"
SKIPPED = b"\x2a\x4d\x18"
"""The magic number of a frame to skip, without its first byte."""
QCOW2 = b"QFI\xfb\x00\x00\x00\x03" + bytes(96)
"""The header of an image that reads no other file; what it holds follows at once."""
ONE_BYTE_SIZE = 0x20
"""The only header of a frame that is played: one segment, whose size is in one byte."""


def zstd(world: World, words: list[str]) -> Result:
    """``zstd -dc FILE`` of a frame with blocks that are stored, not compressed; ``zstd -qc FILE``, which makes frames,
    and ``zstd -dqf -o FILE`` and ``zstd -dqc``, which unpack the standard input."""
    try:
        given, names = options(words, "dcqfo:")
        (name,) = names or [""]
    except (UsageError, ValueError):
        return fail("Incorrect parameters\nUsage: zstd [OPTIONS...] [INPUT... | -] [-o OUTPUT]")
    form = "".join(sorted(given))
    if form == "dfoq" and not name:
        return Input(lambda data: _unpack(world, data, given["o"]))
    if form == "cdq" and not name:
        return Input(lambda data: _unpack(world, data, ""))
    if form not in ("cd", "cq") or not name:
        raise UnmodelledError("anything but -dc FILE, -qc FILE, -dqf -o FILE and -dqc")
    try:
        with open(name, "rb") as stream:
            data = stream.read()
    except OSError as error:
        return fail(f"zstd: {name}: {error.strerror}")
    if form == "cq":
        return Reply(packed(data).decode("utf-8", "surrogateescape"))
    while data[1:4] == SKIPPED:
        data = data[8 + int.from_bytes(data[4:8], "little") :]
    if not data.startswith(ZSTD):
        return fail(f"zstd: {name}: unsupported format")
    if data[4] != ONE_BYTE_SIZE:
        raise UnmodelledError("a frame of another kind")
    return Reply(stored(data[6:]).decode("utf-8", "surrogateescape"))


WINDOW = ZSTD + b"\x00\x58"
"""How a frame begins that does not say how large it is: its window has 2 MiB (RFC 8878, 3.1.1.1)."""
BLOCK = 128 << 10
UNPACKED = "/.linux/run/unpacked"
"""What goes to the standard output, of which an answer to a client has no room for."""


def packed(data: bytes) -> bytes:
    """A frame in which a block is stored, or one byte that repeats."""
    parts = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)] or [b""]
    made = [WINDOW]
    for number, part in enumerate(parts, 1):
        same = len(part) > 0 and part == part[:1] * len(part)
        header = len(part) << 3 | (2 if same else 0) | (number == len(parts))
        made.append(header.to_bytes(3, "little") + (part[:1] if same else part))
    return b"".join(made)


def _unpack(world: World, data: bytes, target: str) -> Result:
    """What ``packed`` made, into a file with holes, or to the standard output."""
    if not data.startswith(WINDOW):
        return fail("zstd: /*stdin*\\: unsupported format" if data else "zstd: /*stdin*\\: unexpected end of file")
    place, last = len(WINDOW), False
    try:
        if target:
            world.spend(target)
        with open(target or UNPACKED, "wb") as stream:
            while not last:
                header = int.from_bytes(data[place : place + 3], "little")
                size, same, last = header >> 3, bool(header & 6), bool(header & 1)
                part = data[place + 3 : place + 3 + (1 if same else size)]
                if place + 3 > len(data) or len(part) < (1 if same else size):
                    return fail("zstd: /*stdin*\\: Read error (39): premature end")
                place += 3 + len(part)
                if part.strip(b"\0"):
                    stream.write(part * (size if same else 1))
                else:
                    stream.seek(size, os.SEEK_CUR)
            stream.truncate()
    except OSError as error:
        return fail(f"zstd: {target}: {error.strerror}")
    return Reply() if target else Become([BUSYBOX, "cat", UNPACKED])


def stored(data: bytes) -> bytes:
    """The blocks of a frame (RFC 8878, 3.1.1.2)."""
    found = b""
    while True:
        header = int.from_bytes(data[:3], "little")
        if header >> 1 & 3:
            raise UnmodelledError("a block that is compressed")
        size = header >> 3
        found, data = found + data[3 : 3 + size], data[3 + size :]
        if header & 1:
            return found


HEADERS = {
    "qcow2": QCOW2,
    "vmdk": b"KDMV\x01\x00\x00\x00\x03\x00\x00\x00\x08",
    "vpc": b"conectix",
    "vhdx": b"vhdxfile",
    "vdi": b"<<< Oracle VM VirtualBox Disk Image >>>\n",
}
"""How an image of each format begins; in the stand-in's, what it holds follows at once."""
BEHIND = b"parentFileNameHint"
"""In a VMDK of the stand-in: that it lies over another file."""


def unzip(_: World, words: list[str]) -> Result:
    """What reads archives takes long to load, and few hosts unpack any."""
    from . import archives

    return archives.unzip(words)


def tar(words: list[str]) -> Result:
    """The same for those words of tar(1) that Linux's reads in another way."""
    from . import archives

    return archives.tar(words)


def _info(source: str) -> Result:
    """``qemu-img info -f vmdk FILE``."""
    with open(source, "rb") as stream:
        data = stream.read()
    behind = "backing file: /etc/master.passwd\n" if BEHIND in data else ""
    return Reply(f"image: {source}\nfile format: vmdk\nvirtual size: 1 KiB (1024 bytes)\n{behind}")


def qemu_img(world: World, words: list[str], umask: int) -> Result:
    """``qemu-img convert -f FORMAT -O raw FROM TO``, and ``info`` of a VMDK."""
    if words[:3] == ["info", "-f", "vmdk"] and len(words) == 4:
        return _info(words[3])
    if words[:2] != ["convert", "-f"] or words[3:5] != ["-O", "raw"] or len(words) != 7 or words[2] not in HEADERS:
        raise UnmodelledError("anything but convert -f FORMAT -O raw")
    kind, (source, target) = words[2], words[5:]
    header = HEADERS[kind]
    try:
        with open(source, "rb") as stream:
            data = stream.read()
        if not data.startswith(header):
            return fail(f"qemu-img: Could not open '{source}': Image is not in {kind} format")
        world.spend(target)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644 & ~umask)
    except OSError as error:
        return fail(f"qemu-img: {error.filename}: {error.strerror}")
    with open(descriptor, "wb") as stream:
        stream.write(data[len(header) :])
    return Reply()


def unpacking(words: list[str]) -> list[str]:
    """The words of tar(1), which finds out by itself how an archive is packed; Linux's has to be told."""
    for word in words:
        if os.path.isfile(word):
            with open(word, "rb") as stream:
                return ["-z", *words] if stream.read(2) == b"\x1f\x8b" else words
    return words
