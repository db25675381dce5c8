"""zfs(8): datasets made, changed and destroyed. What the real one can do and this cannot fails the scenario."""

from __future__ import annotations

from . import datasets
from .datasets import parent_of
from .options import UsageError, options
from .reply import Reply, Result, UnmodelledError, fail
from .sizes import size_of
from .things import Dataset
from .world import World
from .zfs_list import reachable, zfs_get, zfs_list
from .zfs_properties import (
    ALIASES,
    NATIVE,
    VOLBLOCKSIZE,
    free_space,
    is_user,
    known,
    refusal,
    reservation_of,
    stored,
)
from .zfs_rename import zfs_promote, zfs_rename
from .zfs_send import zfs_receive, zfs_send
from .zfs_snapshot import zfs_destroy, zfs_hold, zfs_holds, zfs_release, zfs_rollback, zfs_snapshot

OTHERS: tuple[str, ...] = (
    "mount",
    "unmount",
    "umount",
    "share",
    "unshare",
    "upgrade",
    "userspace",
    "groupspace",
    "projectspace",
)
OTHERS += ("project", "allow", "unallow", "diff", "bookmark", "load-key", "unload-key", "change-key", "program")
OTHERS += ("jail", "unjail", "redact", "wait", "version")


def zfs(world: World, words: list[str]) -> Result:
    """zfs(8)."""
    verb, rest = words[0] if words else "", words[1:]
    if verb in OTHERS:
        raise UnmodelledError(verb)
    if verb not in ZFS:
        return fail(f"unrecognized command '{verb}'\nusage: zfs command args ...", 2)
    try:
        return ZFS[verb](world, rest)
    except (UsageError, ValueError, IndexError) as error:
        return fail(f"{error}\nusage: zfs {verb}", 2)


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
            if name in properties:
                raise UsageError(f"property '{name}' specified multiple times")
            properties[ALIASES.get(name, name)] = value
        else:
            rest.append(word)
    return properties, rest


def parents(world: World, name: str, make: bool) -> str:
    """Make the parents of a new dataset, or say that they are missing."""
    pool, parent = name.split("/")[0], parent_of(name)
    if pool not in world.pools:
        return f"cannot create '{name}': no such pool '{pool}'"
    if parent not in world.datasets:
        if not make:
            return f"cannot create '{name}': parent does not exist"
        wrong = parents(world, parent, make)
        if wrong:
            return wrong
        datasets.mount(world, datasets.add(world, parent, "filesystem"))
    if world.datasets[parent].kind != "filesystem":
        return f"cannot create '{name}': parent is not a filesystem"
    if datasets.encryption_root(world, parent):
        return f"cannot create '{name}': encryption root's key is not loaded or provided"
    return ""


def zfs_create(world: World, words: list[str]) -> Reply:
    """``zfs create [-pus] [-o property=value] [-b blocksize] [-V size] name``."""
    properties, rest = properties_of(words)
    given, names = options(rest, "psunvPV:b:")
    if set(given) & set("nvP"):
        raise UnmodelledError("-n, -v and -P")
    (name,) = names
    wrong = datasets.invalid(name)
    if wrong or "@" in name:
        return fail(f"cannot create '{name}': {wrong or 'snapshot delimiter @ is not expected here'}")
    if world.exists(name):
        return Reply() if "p" in given else fail(f"cannot create '{name}': dataset already exists")
    kind = "volume" if "V" in given else "filesystem"
    if "b" in given:
        properties["volblocksize"] = given["b"]
    for key, value in properties.items():
        wrong = refusal(key, value, kind, new=True)
        if wrong:
            return fail(f"cannot create '{name}': {wrong}")
    if kind == "volume":
        return create_volume(world, name, given, properties)
    wrong = parents(world, name, "p" in given)
    if wrong:
        return fail(wrong)
    kept = {key: stored(key, value) for key, value in properties.items()}
    datasets.mount(world, datasets.add(world, name, kind, properties=kept))
    return Reply()


def create_volume(world: World, name: str, given: dict[str, str], properties: dict[str, str]) -> Reply:
    """Make a volume: whole blocks, and space that is there unless it is sparse."""
    size, block = size_of(given["V"]), size_of(properties.pop("volblocksize", VOLBLOCKSIZE))
    if not 512 <= block <= 128 << 10 or block & (block - 1):
        return fail(f"cannot create '{name}': 'volblocksize' must be power of 2 from 512B to 128K")
    if size % block or not size:
        return fail(f"cannot create '{name}': volume size must be a multiple of volume block size")
    if "s" not in given:
        properties.setdefault("refreservation", "auto")
    if properties.get("refreservation") == "auto":
        properties["refreservation"] = reservation_of(size)
    properties = {key: stored(key, value) for key, value in properties.items()}
    wrong = parents(world, name, "p" in given)
    if wrong:
        return fail(wrong)
    kept = properties.get("refreservation", "none")
    if kept.isdigit() and int(kept) > free_space(world, name.split("/")[0]):
        return fail(f"cannot create '{name}': out of space")
    datasets.appear(world, datasets.add(world, name, "volume", size=size, block=block, properties=properties))
    return Reply()


def zfs_clone(world: World, words: list[str]) -> Reply:
    """``zfs clone [-pu] [-o property=value] snapshot dataset``."""
    properties, rest = properties_of(words)
    given, (snapshot, name) = options(rest, "pu")
    wrong = reachable(world, snapshot)
    if wrong:
        return fail(wrong)
    origin = world.datasets[snapshot]
    if origin.kind != "snapshot":
        return fail(f"cannot open '{snapshot}': operation not applicable to datasets of this type")
    wrong = datasets.invalid(name)
    if wrong:
        return fail(f"cannot create '{name}': {wrong}")
    if world.exists(name):
        return Reply() if "p" in given else fail(f"cannot create '{name}': dataset already exists")
    if snapshot.partition("@")[0].split("/")[0] != name.split("/")[0]:
        return fail(f"cannot create '{name}': source and target pools differ")
    kind = "volume" if origin.size else "filesystem"
    for key, value in properties.items():
        wrong = refusal(key, value, kind)
        if wrong:
            return fail(f"cannot create '{name}': {wrong}")
    if origin.full:
        raise UnmodelledError(f"the files in {snapshot}")
    wrong = parents(world, name, "p" in given)
    if wrong:
        return fail(wrong)
    if properties.get("refreservation") == "auto":
        properties["refreservation"] = reservation_of(origin.size)
    properties = {key: stored(key, value) for key, value in properties.items()}
    kept = properties.get("refreservation", "none")
    if kept.isdigit() and int(kept) > free_space(world, name.split("/")[0]):
        return fail(f"cannot create '{name}': out of space")
    same = {"size": origin.size, "block": origin.block, "content": origin.content, "length": origin.length}
    made = datasets.add(world, name, kind, origin=snapshot, properties=properties, **same)
    if kind == "volume":
        datasets.appear(world, made)
    else:
        datasets.mount(world, made)
    return Reply()


def zfs_set(world: World, words: list[str]) -> Reply:
    """``zfs set property=value … dataset …``."""
    settings = [word for word in words if "=" in word]
    names = words[len(settings) :]
    if not settings or not names or words[: len(settings)] != settings:
        raise UsageError("missing property=value argument")
    for name in names:
        wrong = reachable(world, name)
        if wrong:
            return fail(wrong)
        for setting in settings:
            key, _, value = setting.partition("=")
            wrong = set_one(world, world.datasets[name], ALIASES.get(key, key), value)
            if wrong:
                return fail(f"cannot set property for '{name}': {wrong}")
    return Reply()


def set_one(world: World, dataset: Dataset, key: str, value: str) -> str:
    """Set a property; the message when that is refused."""
    wrong = refusal(key, value, dataset.kind)
    if wrong:
        return wrong
    if dataset.kind == "snapshot" and not is_user(key):
        return f"'{key}' cannot be set on a snapshot"
    if key == "volsize":
        return set_volsize(world, dataset, size_of(value))
    if key == "volsize" and datasets.encryption_root(world, dataset.name):
        raise UnmodelledError("the size of a volume whose key is not loaded")
    if key in ("mountpoint", "canmount"):
        raise UnmodelledError(f"{key} of a file system that exists")
    if key == "refreservation" and value == "auto":
        value = reservation_of(dataset.size)
    if key in ("refreservation", "reservation") and stored(key, value).isdigit():
        before = dataset.properties.get(key, "none")
        more = int(stored(key, value)) - (int(before) if before.isdigit() else 0)
        if more > free_space(world, dataset.name.split("/")[0]):
            return "size is greater than available space"
    change_modes(world, dataset, lambda: dataset.properties.__setitem__(key, stored(key, value)))
    return ""


def set_volsize(world: World, volume: Dataset, size: int) -> str:
    """The reservation of a volume grows and shrinks with it when it is that of its size."""
    if size % volume.block or not size:
        return f"'volsize' must be a multiple of volume block size ({volume.block >> 10}K)"
    follows = volume.properties.get("refreservation") == reservation_of(volume.size)
    more = size - volume.size
    if follows and more > free_space(world, volume.name.split("/")[0]):
        return "out of space"
    datasets.resize(world, volume, size)
    if follows:
        volume.properties["refreservation"] = reservation_of(size)
    return ""


def change_modes(world: World, dataset: Dataset, change: object) -> None:
    """Change a property, and the nodes of all volumes whose mode changes with it."""
    assert callable(change)
    before = {each.name: datasets.mode_of(world, each.name) for each in datasets.volumes(world, dataset.name)}
    change()
    for name, mode in before.items():
        datasets.change_mode(world, world.datasets[name], mode)


def zfs_inherit(world: World, words: list[str]) -> Reply:
    """``zfs inherit [-r] property dataset …``."""
    given, (key, *names) = options(words, "rS")
    key = ALIASES.get(key, key)
    if "S" in given or not names:
        raise UnmodelledError("-S, and all datasets")
    if not known(key):
        raise UsageError(f"invalid property '{key}'")
    if not is_user(key) and NATIVE[key].readonly:
        return fail(f"'{key}' property is read-only")
    if not is_user(key) and not NATIVE[key].inherits:
        return fail(f"'{key}' property cannot be inherited\nuse 'zfs set {key}=none' to clear")
    if key == "mountpoint":
        raise UnmodelledError("the mountpoint of a file system that exists")
    for name in names:
        wrong = reachable(world, name)
        if wrong:
            return fail(wrong)
        for each in [world.datasets[name], *(datasets.below(world, name) if "r" in given else [])]:
            change_modes(world, each, lambda values=each.properties: values.pop(key, None))
    return Reply()


ZFS = {
    "create": zfs_create,
    "clone": zfs_clone,
    "set": zfs_set,
    "inherit": zfs_inherit,
    "list": zfs_list,
    "get": zfs_get,
    "snapshot": zfs_snapshot,
    "snap": zfs_snapshot,
    "rollback": zfs_rollback,
    "destroy": zfs_destroy,
    "hold": zfs_hold,
    "holds": zfs_holds,
    "release": zfs_release,
    "rename": zfs_rename,
    "promote": zfs_promote,
    "send": zfs_send,
    "receive": zfs_receive,
    "recv": zfs_receive,
}
