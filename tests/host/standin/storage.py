"""zfs(8), zpool(8) and the tools for disks: truncate(1), stat(1), dd(1)."""

from __future__ import annotations

import hashlib
import os

from .local import UsageError, options
from .reply import Reply, Result, fail
from .world import Dataset, World

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_of(text: str) -> int:
    """A size with an optional binary unit; raises ValueError."""
    unit = text[-1:].upper()
    return int(text[:-1]) * UNITS[unit] if unit in UNITS and unit else int(text)


def zfs(world: World, words: list[str]) -> Result:
    """zfs(8): the verbs and options the runtime may use; anything else is a usage error, status 2."""
    verb, rest = words[0] if words else "", words[1:]
    if verb not in ZFS:
        return fail(f"unrecognized command '{verb}'", 2)
    try:
        return ZFS[verb](world, rest)
    except (UsageError, ValueError, IndexError) as error:
        return fail(f"zfs {verb}: {error}\nusage", 2)


def reachable(world: World, name: str) -> str:
    """The message for a dataset that cannot be opened; empty when it can."""
    return "" if world.exists(name) else f"cannot open '{name}': dataset does not exist"


def properties_of(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Take every ``-o name=value`` out of the words."""
    properties: dict[str, str] = {}
    rest: list[str] = []
    source = iter(words)
    for word in source:
        if word == "-o":
            name, separator, value = next(source, "").partition("=")
            if not separator:
                raise UsageError("missing '=' for property=value argument")
            properties[name] = value
        else:
            rest.append(word)
    return properties, rest


def zfs_create(world: World, words: list[str]) -> Reply:
    """``zfs create [-pus] [-o property=value] [-V size] name``; the node of a volume comes later."""
    properties, rest = properties_of(words)
    given, names = options(rest, "psuV:b:")
    (name,) = names
    pool, parent = name.split("/")[0], name.rpartition("/")[0]
    if pool not in world.pools:
        return fail(f"cannot create '{name}': no such pool '{pool}'")
    if name in world.datasets:
        return Reply() if "p" in given else fail(f"cannot create '{name}': dataset already exists")
    if parent not in world.datasets:
        if "p" not in given:
            return fail(f"cannot create '{name}': parent does not exist")
        zfs_create(world, ["-p", parent])
    if "V" not in given:
        world.datasets[name] = Dataset(name, "filesystem", 0, properties)
        mountpoint = properties.get("mountpoint", "/" + name)
        if mountpoint.startswith("/"):
            os.makedirs(mountpoint, exist_ok=True)
        return Reply()
    size, block = size_of(given["V"]), size_of(properties.get("volblocksize", given.get("b", "16K")))
    if size % block:
        return fail(f"cannot create '{name}': volume size must be a multiple of volume block size")
    properties.setdefault("refreservation", "none" if "s" in given else str(size))
    world.datasets[name] = Dataset(name, "volume", size, properties)
    appear(world, name)
    return Reply()


def appear(world: World, name: str) -> None:
    """The node of a volume appears some time after it was made."""
    world.at(world.zvol_delay, lambda: world.node(f"zvol/{name}") if world.exists(name) else None)


def value_of(dataset: Dataset, name: str) -> str:
    """One property as -p prints it."""
    known = {"name": dataset.name, "type": dataset.kind, "volsize": str(dataset.size) if dataset.size else "-"}
    if name == "volblocksize" and dataset.kind == "volume":
        return str(size_of(dataset.properties.get(name, "16K")))
    return known.get(name, dataset.properties.get(name, "-"))


def zfs_list(world: World, words: list[str]) -> Reply:
    """``zfs list [-Hp] [-r] [-d depth] [-t type] [-o names] [dataset …]``."""
    given, names = options(words, "Hprd:t:o:s:")
    for name in names:
        message = reachable(world, name)
        if message:
            return fail(message)
        if "t" in given and "r" not in given and world.datasets[name].kind not in given["t"].split(","):
            return fail(f"cannot open '{name}': operation not applicable to datasets of this type")
    columns = given.get("o", "name").split(",")
    kinds = given.get("t", "filesystem,volume,snapshot" if names else "filesystem,volume").split(",")
    lines = []
    for dataset in sorted(world.datasets.values(), key=lambda each: each.name):
        below = "r" in given and any(dataset.name.startswith((name + "/", name + "@")) for name in names)
        if world.exists(dataset.name) and dataset.kind in kinds and (not names or dataset.name in names or below):
            lines.append("\t".join(value_of(dataset, column) for column in columns))
    return Reply("".join(line + "\n" for line in lines))


def zfs_get(world: World, words: list[str]) -> Reply:
    """``zfs get -H[p] -o value property dataset``."""
    given, (wanted, name) = options(words, "Hpro:s:t:")
    message = reachable(world, name)
    if message:
        return fail(message)
    if given.get("o") != "value":
        raise UsageError("only -o value is known here")
    dataset = world.datasets[name]
    return Reply("".join(value_of(dataset, each) + "\n" for each in wanted.split(",")))


def zfs_set(world: World, words: list[str]) -> Reply:
    """``zfs set property=value dataset``."""
    *settings, name = words
    message = reachable(world, name)
    if message:
        return fail(message)
    dataset = world.datasets[name]
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator:
            raise UsageError("missing '='")
        if key == "volsize":
            size = size_of(value)
            if size % size_of(dataset.properties.get("volblocksize", "16K")):
                return fail(f"cannot set property for '{name}': volume size must be a multiple of volume block size")
            dataset.size = size
        else:
            dataset.properties[key] = value
    return Reply()


def lasting(dataset: Dataset) -> dict[str, str]:
    """What a snapshot and its clones have of a volume: the size of its blocks and what is in it."""
    return {key: value for key, value in dataset.properties.items() if key in ("volblocksize", "content")}


def zfs_snapshot(world: World, words: list[str]) -> Reply:
    """``zfs snapshot dataset@name``."""
    _, (name,) = options(words, "r")
    message = reachable(world, name.partition("@")[0])
    if message:
        return fail(message)
    if name in world.datasets:
        return fail(f"cannot create snapshot '{name}': dataset already exists")
    origin = world.datasets[name.partition("@")[0]]
    world.datasets[name] = Dataset(name, "snapshot", origin.size, lasting(origin))
    return Reply()


def zfs_clone(world: World, words: list[str]) -> Reply:
    """``zfs clone [-p] [-o property=value] snapshot dataset``."""
    properties, rest = properties_of(words)
    given, (snapshot, name) = options(rest, "p")
    message = reachable(world, snapshot)
    if message:
        return fail(message)
    if name in world.datasets:
        return fail(f"cannot create '{name}': dataset already exists")
    if world.datasets[snapshot].kind != "snapshot":
        return fail(f"cannot open '{snapshot}': operation not applicable to datasets of this type")
    if snapshot.split("/")[0] != name.split("/")[0]:
        return fail(f"cannot create '{name}': source and target pools differ")
    if not world.exists(name.rpartition("/")[0]):
        if "p" not in given:
            return fail(f"cannot create '{name}': parent does not exist")
        zfs_create(world, ["-p", name.rpartition("/")[0]])
    origin = world.datasets[snapshot]
    kind = "volume" if origin.size else "filesystem"
    if "volblocksize" in properties:
        return fail(f"cannot create '{name}': 'volblocksize' cannot be set for a clone")
    world.datasets[name] = Dataset(name, kind, origin.size, {**lasting(origin), **properties, "origin": snapshot})
    origin.properties["clones"] = ",".join([*filter(None, [origin.properties.get("clones")]), name])
    if kind == "volume":
        appear(world, name)
    return Reply()


def zfs_rename(world: World, words: list[str]) -> Reply:
    """``zfs rename old new``."""
    _, (old, new) = options(words, "pu")
    message = reachable(world, old)
    if message:
        return fail(message)
    if new in world.datasets:
        return fail(f"cannot rename '{old}': dataset already exists")
    dataset = world.datasets.pop(old)
    dataset.name = new
    world.datasets[new] = dataset
    if dataset.kind == "volume":
        world.unnode(f"zvol/{old}")
        appear(world, new)
    return Reply()


def zfs_destroy(world: World, words: list[str]) -> Reply:
    """``zfs destroy dataset``; one with children or snapshots stays."""
    _, (name,) = options(words, "r")
    message = reachable(world, name)
    if message:
        return fail(message)
    if any(other.startswith((name + "/", name + "@")) for other in world.datasets):
        return fail(f"cannot destroy '{name}': {world.datasets[name].kind} has children")
    if any(other.properties.get("origin") == name for other in world.datasets.values()):
        return fail(f"cannot destroy '{name}': snapshot has dependent clones")
    if any(f"/dev/zvol/{name}" in guest.disks for guest in world.guests.values()):
        return fail(f"cannot destroy '{name}': dataset is busy")
    if world.datasets.pop(name).kind == "volume":
        world.unnode(f"zvol/{name}")
    return Reply()


ZFS = {
    "create": zfs_create,
    "list": zfs_list,
    "get": zfs_get,
    "set": zfs_set,
    "snapshot": zfs_snapshot,
    "clone": zfs_clone,
    "rename": zfs_rename,
    "destroy": zfs_destroy,
}


def zpool(world: World, words: list[str]) -> Result:
    """zpool(8): ``zpool list [-H] [-o name] [pool …]``."""
    if words[:1] != ["list"]:
        return fail("zpool: unrecognized command", 2)
    _, names = options(words[1:], "Hpo:")
    for name in names:
        if name not in world.pools:
            return fail(f"cannot open '{name}': no such pool")
    return Reply("".join(f"{name}\n" for name in names or sorted(world.pools)))


def truncate(_: World, words: list[str], umask: int) -> Result:
    """truncate(1): ``truncate [-c] -s [+|-]SIZE file …``."""
    try:
        given, names = options(words, "cs:")
        text = given["s"]
        sign, amount = (text[0], size_of(text[1:])) if text[0] in "+-" else ("", size_of(text))
    except (UsageError, ValueError, KeyError):
        return fail("usage: truncate [-c] -s [+|-|%|/]size[K|k|M|m|G|g|T|t] file ...", 1)
    for name in names:
        try:
            descriptor = os.open(name, os.O_WRONLY | (0 if "c" in given else os.O_CREAT), 0o666 & ~umask)
        except OSError as error:
            return fail(f"truncate: {name}: {error.strerror}")
        size = os.fstat(descriptor).st_size
        os.ftruncate(descriptor, {"": amount, "+": size + amount, "-": max(size - amount, 0)}[sign])
        os.close(descriptor)
    return Reply()


def stat(_: World, words: list[str]) -> Result:
    """stat(1): ``stat [-L] -f FORMAT file …`` with %z %Lp %p %N %m %u %g %HT."""
    given, names = options(words, "Lnf:q")
    if "f" not in given:
        return fail("stat: only -f is known here")
    lines: list[str] = []
    for name in names:
        try:
            found = os.stat(name) if "L" in given else os.lstat(name)
        except OSError as error:
            return Reply("".join(lines), f"stat: {name}: stat: {error.strerror}\n", 1)
        values = {"%z": found.st_size, "%Lp": oct(found.st_mode & 0o777)[2:], "%p": oct(found.st_mode)[2:]}
        values |= {"%N": name, "%m": int(found.st_mtime), "%u": found.st_uid, "%g": found.st_gid}
        text = given["f"]
        for key, value in values.items():
            text = text.replace(key, str(value))
        lines.append(text + ("" if "n" in given else "\n"))
    return Reply("".join(lines))


def dd(world: World, words: list[str]) -> Result:
    """dd(1): ``dd if=FILE of=FILE [bs=SIZE]``; what is written to a volume is remembered as its beginning."""
    operands = dict(word.partition("=")[::2] for word in words)
    if not {"if", "of"} <= set(operands) <= {"if", "of", "bs", "conv", "status"}:
        return fail("dd: unknown operand")
    size_of(operands.get("bs", "512"))
    try:
        with open(operands["if"], "rb") as source:
            data = source.read()
        with open(operands["of"], "r+b" if operands["of"].startswith("/dev/") else "wb") as target:
            target.write(data)
    except OSError as error:
        return fail(f"dd: {error.filename}: {error.strerror}")
    volume = world.datasets.get(operands["of"].removeprefix("/dev/zvol/"))
    if volume is not None:
        volume.properties["content"] = hashlib.sha256(data).hexdigest()[:8]
    return Reply()
