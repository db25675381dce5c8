"""Tools that unpack and convert images, of which busybox has none: zstd(1), and qemu-img of a package."""

from __future__ import annotations

import os
import zipfile

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
    """``unzip -Z1 FILE`` and ``unzip -p FILE`` (unzip(1) of the base system)."""
    if len(words) != 2 or words[0] not in ("-Z1", "-p"):
        raise UnmodelledError("anything but -Z1 and -p")
    try:
        with zipfile.ZipFile(words[1]) as archive:
            names = archive.namelist()
            if words[0] == "-Z1":
                return Reply("".join(f"{name}\n" for name in names))
            return Reply(b"".join(map(archive.read, names)).decode("utf-8", "surrogateescape"))
    except (OSError, zipfile.BadZipFile) as error:
        return fail(f"unzip: {words[1]}: {error}")


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
