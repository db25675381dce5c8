"""zpool(8), and pools that come and go."""

from __future__ import annotations

import os
import re

from . import datasets
from .options import UsageError, options
from .reply import Reply, Result, UnmodelledError, fail
from .sizes import human
from .world import World

HIDDEN = "/.linux/pools"
OTHERS: tuple[str, ...] = (
    "create",
    "destroy",
    "add",
    "remove",
    "scrub",
    "upgrade",
    "history",
    "attach",
    "detach",
    "offline",
    "online",
)
OTHERS += (
    "replace",
    "clear",
    "trim",
    "split",
    "labelclear",
    "initialize",
    "iostat",
    "events",
    "wait",
    "reguid",
    "sync",
)


def import_pool(world: World, pool: str) -> None:
    """Make a pool, or bring back what it had when it was exported; a volume whose node was lost has it then."""
    world.pools.add(pool)
    if pool not in world.datasets:
        datasets.mount(world, datasets.add(world, pool, "filesystem"))
    for hidden, place in world.exported.pop(pool, []):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if os.path.isdir(place) and not os.listdir(place):
            os.rmdir(place)
        os.rename(hidden, place)
    for volume in datasets.volumes(world, pool):
        volume.lost = False
        if datasets.mode_of(world, volume.name) != "none" and not datasets.encryption_root(world, volume.name):
            world.node(f"zvol/{volume.name}", own=True)


def export_pool(world: World, pool: str) -> None:
    """Take a pool away, with its nodes and directories."""
    world.pools.discard(pool)
    for volume in datasets.volumes(world, pool):
        world.unnode(f"zvol/{volume.name}")
    places = [datasets.directory(world, each) for each in [world.datasets[pool], *datasets.below(world, pool)]]
    os.makedirs(HIDDEN, exist_ok=True)
    for place in sorted({each for each in places if each not in ("", "/")}):
        if os.path.isdir(place):
            hidden = f"{HIDDEN}/{len(os.listdir(HIDDEN))}"
            os.rename(place, hidden)
            world.exported.setdefault(pool, []).append((hidden, place))


def zpool(world: World, words: list[str]) -> Result:
    """zpool(8): list, get, status -x, export and import."""
    verb, rest = words[0] if words else "", words[1:]
    if verb in OTHERS:
        raise UnmodelledError(verb)
    if verb not in ZPOOL:
        return fail(f"unrecognized command '{verb}'\nusage: zpool command args ...", 2)
    try:
        return ZPOOL[verb](world, rest)
    except (UsageError, ValueError) as error:
        return fail(f"{error}\nusage: zpool {verb}", 2)


def columns_of(world: World, pool: str, exact: bool) -> dict[str, str]:
    """The properties of a pool that are known here."""
    used = sum(volume.length for volume in datasets.volumes(world, pool))
    show = str if exact else human
    known = {"name": pool, "health": "ONLINE", "size": show(world.pool_size), "allocated": show(used)}
    known |= {"free": show(world.pool_size - used), "guid": str(world.datasets[pool].guid), "altroot": "-"}
    return known | {"capacity": str(100 * used // world.pool_size) + "%" * (not exact), "readonly": "off"}


def rename_pool(world: World, old: str, new: str) -> None:
    """Give an exported pool another name."""
    tree = [world.datasets[old], *datasets.below(world, old)]
    names = {each.name: new + each.name[len(old) :] for each in tree}
    for each in tree:
        del world.datasets[each.name]
        each.name = names[each.name]
        world.datasets[each.name] = each
    for other in world.datasets.values():
        other.origin = names.get(other.origin, other.origin)
    world.exported[new] = [
        (hidden, re.sub(f"^/{re.escape(old)}(?=/|$)", f"/{new}", place))
        for hidden, place in world.exported.pop(old, [])
    ]


def zpool_list(world: World, words: list[str]) -> Reply:
    """``zpool list [-Hp] [-o name,…] [pool …]``."""
    given, names = options(words, "Hpo:")
    wanted = given.get("o", "name,size,allocated,free,capacity,health").split(",")
    lines, errors = [] if "H" in given else ["\t".join(wanted).upper()], ""
    for name in names or sorted(world.pools):
        if name not in world.pools:
            errors += f"cannot open '{name}': no such pool\n"
            continue
        known = columns_of(world, name, "p" in given)
        if set(wanted) - set(known):
            raise UnmodelledError(f"the properties {sorted(set(wanted) - set(known))}")
        lines.append("\t".join(known[each] for each in wanted))
    return Reply("".join(line + "\n" for line in lines), errors, 1 if errors else 0)


def zpool_get(world: World, words: list[str]) -> Reply:
    """``zpool get -H [-p] -o value property pool``."""
    given, (wanted, pool) = options(words, "Hpo:")
    if pool not in world.pools:
        return fail(f"cannot open '{pool}': no such pool")
    if given.get("o") != "value":
        raise UnmodelledError("anything but -o value")
    known = columns_of(world, pool, "p" in given)
    if set(wanted.split(",")) - set(known):
        raise UnmodelledError(f"the property {wanted}")
    return Reply("".join(known[each] + "\n" for each in wanted.split(",")))


def zpool_status(world: World, words: list[str]) -> Reply:
    """``zpool status -x [pool …]``: all are well here."""
    given, names = options(words, "x")
    if "x" not in given:
        raise UnmodelledError("anything but -x")
    for name in names:
        if name not in world.pools:
            return fail(f"cannot open '{name}': no such pool")
    return Reply("".join(f"pool '{name}' is healthy\n" for name in names) or "all pools are healthy\n")


def zpool_export(world: World, words: list[str]) -> Reply:
    """``zpool export [-f] pool …``: a pool with an open volume stays, -f too."""
    _, names = options(words, "f")
    for pool in names:
        if pool not in world.pools:
            return fail(f"cannot open '{pool}': no such pool")
        for dataset in [world.datasets[pool], *datasets.below(world, pool)]:
            if datasets.users(world, dataset) and dataset.kind == "volume":
                return fail(f"cannot export '{pool}': pool is busy")
            if datasets.users(world, dataset):
                return fail(f"cannot unmount '{datasets.directory(world, dataset)}': pool or dataset is busy")
        export_pool(world, pool)
    return Reply()


def zpool_import(world: World, words: list[str]) -> Reply:
    """``zpool import [-fN] pool [name]``: one that was exported, perhaps under another name."""
    given, names = options(words, "fNad:o:")
    if set(given) - {"f"} or len(names) not in (1, 2):
        raise UnmodelledError("anything but one pool by name, with another name, and -f")
    pool, name = names[0], names[-1]
    if name != pool and pool not in world.pools and pool in world.datasets:
        if name in world.datasets:
            return fail(f"cannot import '{pool}': a pool with that name already exists")
        rename_pool(world, pool, name)
        pool = name
    if pool in world.pools:
        return fail(f"cannot import '{pool}': a pool with that name already exists\nuse the form 'zpool import'")
    if pool not in world.datasets:
        return fail(f"cannot import '{pool}': no such pool available")
    import_pool(world, pool)
    return Reply()


ZPOOL = {"list": zpool_list, "get": zpool_get, "status": zpool_status, "export": zpool_export, "import": zpool_import}
