"""The tools for disks: truncate(1), stat(1), dd(1)."""

from __future__ import annotations

import os
import re

from . import disks, nullfs
from .options import UsageError, options
from .reply import BUSYBOX, Become, Input, Reply, Result, UnmodelledError, fail
from .sizes import size_of
from .world import World


def truncate(world: World, words: list[str], umask: int) -> Result:
    """truncate(1): ``truncate [-c] -s [+|-]SIZE file …``."""
    try:
        given, names = options(words, "cs:")
        text = given["s"]
        sign, amount = (text[0], size_of(text[1:])) if text[0] in "+-" else ("", size_of(text))
    except (UsageError, ValueError, KeyError):
        return fail("usage: truncate [-c] -s [+|-|%|/]size[K|k|M|m|G|g|T|t] file ...", 1)
    for name in names:
        try:
            if not os.path.exists(name) and "c" not in given:
                world.spend(name)
            descriptor = os.open(name, os.O_WRONLY | (0 if "c" in given else os.O_CREAT), 0o666 & ~umask)
        except OSError as error:
            return fail(f"truncate: {name}: {error.strerror}")
        size = os.fstat(descriptor).st_size
        os.ftruncate(descriptor, {"": amount, "+": size + amount, "-": max(size - amount, 0)}[sign])
        os.close(descriptor)
    return Reply()


FORMAT = re.compile(r"%(L?p|z|b|N|m|u|g|d|i|l|r|HT|Sm|%)")


def stat(world: World, words: list[str]) -> Result:
    """stat(1): ``stat [-Lnq] -f FORMAT file …`` with %z %b %p %Lp %N %m %u %g %d %i %l %r %HT."""
    given, names = options(words, "Lnf:q")
    if "f" not in given:
        raise UnmodelledError("anything but -f")
    left = FORMAT.sub("", given["f"])
    if "%" in left or "%Sm" in given["f"]:
        raise UnmodelledError(f"the format {given['f']}")
    lines, errors = "", ""
    for name in names:
        world.look(name)
        try:
            below = nullfs.below(world, name)
            found = os.stat(below) if "L" in given or disks.is_node(name) else os.lstat(below)
        except OSError as error:
            errors += f"stat: {name}: stat: {error.strerror}\n"
            continue
        text = given["f"].replace("%d", nullfs.device(world, name) or "%d")
        lines += formatted(text, found, name) + ("" if "n" in given else "\n")
    return Reply(lines, "" if "q" in given else errors, 1 if errors else 0)


TYPES = {0o100000: "Regular File", 0o040000: "Directory", 0o120000: "Symbolic Link", 0o140000: "Socket"}
TYPES |= {0o020000: "Character Device", 0o010000: "Fifo File"}


def formatted(text: str, found: os.stat_result, name: str) -> str:
    """A whole format."""
    return FORMAT.sub(lambda match: shown(match[1], found, name), text)


def shown(letter: str, found: os.stat_result, name: str) -> str:
    """One part of a format."""
    values = {"p": oct(found.st_mode)[2:], "Lp": oct(found.st_mode & 0o777)[2:], "z": found.st_size, "N": name}
    values |= {"m": int(found.st_mtime), "u": found.st_uid, "g": found.st_gid, "d": found.st_dev, "i": found.st_ino}
    values |= {
        "l": found.st_nlink,
        "b": found.st_blocks,
        "r": found.st_rdev,
        "HT": TYPES[found.st_mode & 0o170000],
        "%": "%",
    }
    return str(values[letter])


def dd(world: World, words: list[str]) -> Result:
    """dd(1): ``dd [if=FILE] [of=FILE] [bs=SIZE] [count=N] [conv=…] [status=…]``, and ``iflag=fullblock`` of a pipe."""
    operands = dict(word.partition("=")[::2] for word in words)
    if operands.get("iflag") == "fullblock" and "if" not in operands:
        if not disks.is_device(operands.get("of", "/")):
            return Become([BUSYBOX, "dd", *words])  # it takes no more of a pipe than it is asked for
        del operands["iflag"]
    unknown = set(operands) - {"if", "of", "bs", "count", "conv", "seek", "status"}
    if unknown & {"skip", "iseek", "oseek", "ibs", "obs", "iflag", "oflag", "msgfmt"}:
        raise UnmodelledError(f"the operands {sorted(unknown)}")
    if unknown:
        return fail(f"dd: unknown operand {min(unknown)}")
    if "seek" in operands and ("notrunc" not in operands.get("conv", "") or disks.is_device(operands.get("of", "/"))):
        raise UnmodelledError("seek of a device, or without conv=notrunc")
    if operands.get("status") == "progress" and "of" not in operands and not disks.is_device(operands["if"]):
        return Become([BUSYBOX, "dd", *words[:-1]])  # all of a file is more than a pipe holds
    limit = size_of(operands.get("bs", "512").upper()) * int(operands["count"]) if "count" in operands else None
    if "if" not in operands:
        return Input(lambda data: write(world, data[:limit], operands))
    try:
        data = disks.content_of(world, operands["if"], limit)
    except OSError as error:
        return fail(f"dd: {operands['if']}: {error.strerror}")
    return write(world, data, operands)


def write(world: World, data: bytes, operands: dict[str, str]) -> Reply:
    """Write what dd has read. What is written to a volume is remembered as its beginning."""
    whole, part = divmod(len(data), size_of(operands.get("bs", "512").upper()))
    records = f"{whole}+{1 if part else 0} records"
    said = f"{records} in\n{records} out\n{len(data)} bytes transferred in 0.001000 secs ({len(data)}000 bytes/sec)\n"
    if operands.get("status") == "none":
        said = ""
    if "of" not in operands:
        return Reply(data.decode("utf-8", "surrogateescape"), said)
    target = operands["of"]
    try:
        if disks.is_device(target):
            disks.fill(world, target, data)
            return Reply("", said)
        world.spend(target)
        cut = "notrunc" not in operands.get("conv", "").split(",")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if cut else 0), 0o644)
        with open(descriptor, "wb") as stream:
            if "seek" in operands:
                stream.seek(int(operands["seek"]) * size_of(operands.get("bs", "512").upper()))
            stream.write(data)
    except OSError as error:
        return fail(f"dd: {target}: {error.strerror}")
    return Reply("", said)
