"""Tools that unpack and convert images, of which busybox has none: zstd(1), and qemu-img of a package."""

from __future__ import annotations

import os

from .options import UsageError, options
from .reply import Reply, Result, UnmodelledError, fail
from .world import World

ZSTD = b"\x28\xb5\x2f\xfd"
SKIPPED = b"\x2a\x4d\x18"
"""The magic number of a frame to skip, without its first byte."""
QCOW2 = b"QFI\xfb\x00\x00\x00\x03" + bytes(96)
"""The header of an image that reads no other file; what it holds follows at once."""
ONE_BYTE_SIZE = 0x20
"""The only header of a frame that is played: one segment, whose size is in one byte."""


def zstd(_: World, words: list[str]) -> Result:
    """``zstd -dc FILE`` of a frame with blocks that are stored, not compressed."""
    try:
        given, (name,) = options(words, "dc")
    except (UsageError, ValueError):
        return fail("Incorrect parameters\nUsage: zstd [OPTIONS...] [INPUT... | -] [-o OUTPUT]")
    if set(given) != {"d", "c"}:
        raise UnmodelledError("anything but -dc")
    try:
        with open(name, "rb") as stream:
            data = stream.read()
    except OSError as error:
        return fail(f"zstd: {name}: {error.strerror}")
    while data[1:4] == SKIPPED:
        data = data[8 + int.from_bytes(data[4:8], "little") :]
    if not data.startswith(ZSTD):
        return fail(f"zstd: {name}: unsupported format")
    if data[4] != ONE_BYTE_SIZE:
        raise UnmodelledError("a frame of another kind")
    return Reply(stored(data[6:]).decode("utf-8", "surrogateescape"))


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


def qemu_img(world: World, words: list[str], umask: int) -> Result:
    """``qemu-img convert -f qcow2 -O raw FROM TO``: the stand-in's qcow2 is a header before what it holds."""
    if words[:5] != ["convert", "-f", "qcow2", "-O", "raw"] or len(words) != 7:
        raise UnmodelledError("anything but convert -f qcow2 -O raw")
    source, target = words[5:]
    try:
        with open(source, "rb") as stream:
            data = stream.read()
        if not data.startswith(QCOW2):
            return fail(f"qemu-img: Could not open '{source}': Image is not in qcow2 format")
        world.spend(target)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644 & ~umask)
    except OSError as error:
        return fail(f"qemu-img: {error.filename}: {error.strerror}")
    with open(descriptor, "wb") as stream:
        stream.write(data[len(QCOW2) :])
    return Reply()


def unpacking(words: list[str]) -> list[str]:
    """The words of tar(1), which finds out by itself how an archive is packed; Linux's has to be told."""
    for word in words:
        if os.path.isfile(word):
            with open(word, "rb") as stream:
                return ["-z", *words] if stream.read(2) == b"\x1f\x8b" else words
    return words
