"""Tools for files: makefs(8), sha256(1), df(1), install(1)."""

from __future__ import annotations

import base64
import os
import re

from .options import UsageError, options
from .reply import Input, Reply, Result, UnmodelledError, fail
from .sizes import digest_of
from .world import World


def makefs(world: World, words: list[str], umask: int) -> Result:
    """makefs(8): the image holds the names and contents of the tree, and the options it was made with."""
    try:
        given, (image, tree) = options(words, "xZt:o:s:b:B:N:M:m:S:T:F:")
    except (UsageError, ValueError):
        return fail(
            "usage: makefs [-rxZ] [-B endian] ... [-t fs-type] image-file directory | manifest [extra-directory ...]"
        )
    known = {
        "rockridge",
        "omit-trailing-period",
        "R",
        "label",
        "L",
        "publisher",
        "volume_label",
        "volume_id",
        "fat_type",
    }
    for part in given.get("o", "").split(","):
        if part and part.partition("=")[0] not in known:
            return fail(f"makefs: unknown option {part}")
    label = given.get("o", "").partition("label=")[2].partition(",")[0]
    if given.get("t") == "cd9660" and not re.fullmatch("[A-Za-z0-9_]*", label):
        # cd9660_strings.c, cd9660_is_d_char: a label has letters, digits and underscores
        return fail("makefs: error: The Disk Label must be composed of d-characters")
    if given.get("t") not in ("cd9660", "msdos"):
        return fail(f"makefs: unknown fs type `{given.get('t')}'")
    if not os.path.isdir(tree):
        return fail(f"makefs: {tree}: No such file or directory")
    lines = [f"{given['t']} {given.get('o', '')}\n".encode()]
    for folder, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                lines.append(f"== {os.path.relpath(path, tree)}\n".encode() + stream.read())
    try:
        world.spend(image)
        descriptor = os.open(image, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644 & ~umask)
    except OSError as error:
        return fail(f"makefs: Unable to open `{image}': {error.strerror}")
    os.write(descriptor, b"".join(lines))
    os.close(descriptor)
    return Reply()


def b64encode(_: World, words: list[str]) -> Result:
    """b64encode(1): ``b64encode -r FILE NAME``, lines of 60 characters (uuencode.c: 45 bytes each)."""
    given, names = options(words, "rwo:")
    if "r" not in given or "o" in given or len(names) != 2:
        raise UnmodelledError("only b64encode -r FILE NAME")
    try:
        with open(names[0], "rb") as stream:
            content = stream.read()
    except OSError as error:
        return fail(f"b64encode: {names[0]}: {error.strerror}")
    lines = [base64.b64encode(content[at : at + 45]).decode() for at in range(0, len(content), 45)]
    return Reply("".join(f"{line}\n" for line in lines))


def sha256(_: World, words: list[str]) -> Result:
    """sha256(1): ``sha256 [-qr] [-c digest] file …``."""
    return _digests("sha256", words)


def sha512(_: World, words: list[str]) -> Result:
    """sha512(1), the same program."""
    return _digests("sha512", words)


def _digests(kind: str, words: list[str]) -> Result:
    given, names = options(words, "qrc:")
    if not names:
        return Input(lambda data: Reply(_digest(kind, data) + "\n"))
    lines, status = [], 0
    for name in names:
        try:
            with open(name, "rb") as stream:
                digest = _digest(kind, stream.read())
        except OSError as error:
            return fail(f"{kind}: {name}: {error.strerror}")
        failed = "c" in given and given["c"] != digest
        status = 2 if failed else status
        said = f"{digest} {name}" if "r" in given else f"{kind.upper()} ({name}) = {digest}"
        lines.append((digest if "q" in given else said) + (" [ Failed ]" if failed else ""))
    return Reply("".join(line + "\n" for line in lines), "", status)


def _digest(kind: str, data: bytes) -> str:
    if kind == "sha256":
        return digest_of(data)
    import hashlib  # which takes longer to load than all else of this module

    return hashlib.new(kind, data).hexdigest()


def df(world: World, words: list[str]) -> Result:
    """df(1): ``df -k FOLDER``; every file system has the same room."""
    given, (folder,) = options(words, "kP")
    if not os.path.exists(folder):
        return fail(f"df: {folder}: No such file or directory")
    head = "Filesystem 1024-blocks     Used    Avail Capacity  Mounted on\n"
    return Reply(f"{head}zroot/var 1099511627776 1024 {world.free // 1024}     0%    /var\n" if given else head)


def install(world: World, words: list[str], _: int) -> Result:
    """install(1): ``install -m MODE -o 0 -g 0 FILE TARGET``. What was at the target is removed first, and a copy that
    fails does not stay."""
    try:
        given, (source, target) = options(words, "m:o:g:")
        mode = int(given["m"], 8)
    except (UsageError, ValueError, KeyError):
        return fail("usage: install [-bCcpSsUv] [-f flags] [-g group] [-m mode] [-o owner] file1 file2", 64)
    if (given.get("o"), given.get("g")) != ("0", "0"):
        return fail(f"install: unknown user {given.get('o')}", 64)
    try:
        with open(source, "rb") as stream:
            content = stream.read()
        if os.path.lexists(target):
            os.unlink(target)
        world.spend(target)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        return fail(f"install: {target}: {error.strerror}", 71)
    os.write(descriptor, content)
    os.fchmod(descriptor, mode)
    os.close(descriptor)
    return Reply()
