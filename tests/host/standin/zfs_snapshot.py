"""``zfs snapshot``, ``rollback``, ``destroy``, ``hold``, ``holds`` and ``release``."""

from __future__ import annotations

from . import datasets
from .datasets import parent_of
from .options import UsageError, options
from .reply import Reply, UnmodelledError, fail
from .things import Dataset
from .world import World
from .zfs_list import reachable, table


def zfs_snapshot(world: World, words: list[str]) -> Reply:
    """``zfs snapshot [-r] [-o user:property=value] dataset@name …``: all of them or none."""
    properties: dict[str, str] = {}
    rest = list(words)
    while "-o" in rest:
        at = rest.index("-o")
        key, _, value = rest[at + 1].partition("=")
        if ":" not in key:
            return fail("cannot create snapshots : invalid property")
        properties[key] = value
        del rest[at : at + 2]
    given, names = options(rest, "r")
    if not names:
        raise UsageError("missing snapshot argument")
    wanted: list[str] = []
    for name in names:
        base, at_sign, label = name.partition("@")
        wrong = datasets.invalid(name)
        if wrong or not at_sign:
            return fail(f"cannot create snapshot '{name}': {wrong or 'missing @ delimiter in snapshot name'}")
        wrong = reachable(world, base)
        if wrong:
            return fail(wrong)
        tree = [base, *(each.name for each in datasets.below(world, base) if each.kind != "snapshot")]
        wanted += [f"{each}@{label}" for each in (tree if "r" in given else [base])]
    if len({name.split("/")[0].partition("@")[0] for name in wanted}) > 1:
        return fail("cannot create snapshots : not all of them are in one pool\nno snapshots were created")
    taken = [name for name in wanted if name in world.datasets]
    if taken:
        messages = [f"cannot create snapshot '{name}': dataset already exists" for name in taken]
        return fail("\n".join(messages + (["no snapshots were created"] if len(wanted) > 1 else [])))
    for name in wanted:
        origin = world.datasets[parent_of(name)]
        same = {"size": origin.size, "block": origin.block, "content": origin.content, "length": origin.length}
        full = datasets.holds_files(world, origin)
        datasets.add(world, name, "snapshot", properties=dict(properties), full=full, **same)
    return Reply()


def zfs_rollback(world: World, words: list[str]) -> Reply:
    """``zfs rollback [-rf] snapshot``: succeeds under a guest that has the volume open."""
    given, (name,) = options(words, "rRf")
    wrong = reachable(world, name)
    if wrong:
        return fail(wrong)
    snapshot = world.datasets[name]
    if snapshot.kind != "snapshot":
        return fail(f"cannot open '{name}': operation not applicable to datasets of this type")
    dataset = world.datasets[parent_of(name)]
    later = [each for each in datasets.snapshots(world, dataset.name) if each.made > snapshot.made]
    cloned = [clone.name for each in later for clone in datasets.clones(world, each.name)]
    if later and not {"r", "R"} & set(given):
        lines = [f"cannot rollback to '{name}': more recent snapshots or bookmarks exist"]
        lines += ["use '-r' to force deletion of the following snapshots and bookmarks:"]
        return fail("\n".join([*lines, *(each.name for each in later)]))
    if cloned and "R" not in given:
        lines = [f"cannot rollback to '{name}': clones of previous snapshots exist"]
        lines += ["use '-R' to force deletion of the following clones and dependents:"]
        return fail("\n".join(lines + cloned))
    if cloned:
        raise UnmodelledError("-R that destroys clones")
    if snapshot.full or datasets.holds_files(world, dataset):
        raise UnmodelledError(f"the files in {dataset.name}")
    held = [each.name for each in later if each.holds]
    if held:
        return fail("\n".join(map(held_message, held)))
    for each in later:
        del world.datasets[each.name]
    datasets.lose(world, dataset, "zfs rollback")
    dataset.content, dataset.length, dataset.size = snapshot.content, snapshot.length, snapshot.size
    return Reply()


def held_message(name: str) -> str:
    """The message about a snapshot that somebody holds."""
    return f"cannot destroy snapshot {name}: it's being held. Run 'zfs holds -r {name}' to see holders."


def zfs_destroy(world: World, words: list[str]) -> Reply:
    """``zfs destroy [-rRf] dataset`` and ``zfs destroy [-rR] dataset@snapshot[,…]``."""
    given, (name,) = options(words, "rRfdnpv")
    if set(given) & set("dnpv") or "%" in name or "#" in name:
        raise UnmodelledError("-d, -n, -p, -v, ranges of snapshots, and bookmarks")
    if "@" in name:
        return destroy_snapshots(world, name, given)
    wrong = reachable(world, name)
    if wrong:
        return fail(wrong)
    dataset = world.datasets[name]
    if name in world.pools:
        return fail(
            f"cannot destroy '{name}': operation does not apply to pools\nuse 'zfs destroy -r {name}' to "
            f"destroy all datasets in the pool\nuse 'zpool destroy {name}' to destroy the pool itself"
        )
    under = datasets.below(world, name)
    if under and not {"r", "R"} & set(given):
        lines = [f"cannot destroy '{name}': {dataset.kind} has children", "use '-r' to destroy the following datasets:"]
        return fail("\n".join(lines + [each.name for each in under]))
    outside = [
        clone.name
        for each in under
        for clone in datasets.clones(world, each.name)
        if clone not in under and clone is not dataset
    ]
    if outside and "R" not in given:
        lines = [f"cannot destroy '{name}': {dataset.kind} has dependent clones"]
        return fail("\n".join([*lines, "use '-R' to destroy the following datasets:", *outside]))
    if outside:
        raise UnmodelledError("-R that destroys clones elsewhere")
    return destroy_tree(world, [dataset, *under])


def destroy_tree(world: World, tree: list[Dataset]) -> Reply:
    """Destroy from below. The snapshots go first: of a busy dataset they are gone although it stays."""
    for each in tree:
        if each.kind == "snapshot" and each.holds:
            return fail(held_message(each.name))
    clones = [each for each in tree if each.origin]
    ordered = [each for each in reversed(tree) if each in clones]
    ordered += [each for each in reversed(tree) if each.kind == "snapshot"]
    ordered += [each for each in reversed(tree) if each not in ordered]
    messages = ""
    for each in ordered:
        busy = each.kind != "snapshot" and datasets.users(world, each)
        if busy and each.kind == "filesystem":
            place = datasets.directory(world, each)
            messages += f"cannot unmount '{place}': pool or dataset is busy\n"
        elif busy:
            messages += f"cannot destroy '{each.name}': dataset is busy\n"
        elif any(other.name.startswith(each.name + "/") for other in world.datasets.values()):
            continue
        else:
            remove(world, each)
    return Reply("", messages, 1 if messages else 0)


def remove(world: World, dataset: Dataset) -> None:
    """A dataset is gone, with its node or its directory."""
    if dataset.kind == "volume":
        world.unnode(f"zvol/{dataset.name}")
    elif dataset.kind == "filesystem":
        datasets.unmount(world, dataset)
    del world.datasets[dataset.name]


def destroy_snapshots(world: World, words: str, given: dict[str, str]) -> Reply:
    """``dataset@one,two``; with -r those of all below it as well."""
    base, _, labels = words.partition("@")
    wrong = reachable(world, base)
    if wrong:
        return fail(wrong)
    tree = [base, *(each.name for each in datasets.below(world, base) if each.kind != "snapshot")]
    found: list[Dataset] = []
    for label in labels.split(","):
        names = [f"{each}@{label}" for each in (tree if {"r", "R"} & set(given) else [base])]
        there = [world.datasets[name] for name in names if name in world.datasets]
        if not there:
            return fail(f"could not find any snapshots to destroy; check snapshot names.\n'{base}@{label}'")
        found += there
    for each in found:
        cloned = [clone.name for clone in datasets.clones(world, each.name)]
        if cloned and "R" in given:
            raise UnmodelledError("-R that destroys clones")
        if cloned:
            lines = [f"cannot destroy '{each.name}': snapshot has dependent clones"]
            return fail("\n".join([*lines, "use '-R' to destroy the following datasets:", *cloned]))
        if each.holds:
            return fail(held_message(each.name))
    for each in found:
        remove(world, each)
    return Reply()


def of_snapshots(world: World, names: list[str], deep: bool) -> tuple[list[Dataset], str]:
    """The snapshots that a command names, with those of the same name below when ``deep``."""
    found: list[Dataset] = []
    for name in names:
        base, at_sign, label = name.partition("@")
        if not at_sign:
            return [], f"'{name}' is not a snapshot"
        tree = [base, *(each.name for each in datasets.below(world, base) if each.kind != "snapshot")]
        there = [f"{each}@{label}" for each in (tree if deep else [base]) if world.exists(f"{each}@{label}")]
        if not there:
            return [], f"cannot open '{name}': dataset does not exist"
        found += [world.datasets[each] for each in there]
    return found, ""


def zfs_hold(world: World, words: list[str]) -> Reply:
    """``zfs hold [-r] tag snapshot …``."""
    given, (tag, *names) = options(words, "r")
    found, wrong = of_snapshots(world, names, "r" in given)
    if wrong:
        return fail(wrong)
    for each in found:
        if tag in each.holds:
            return fail(f"cannot hold snapshot '{each.name}': tag already exists on this dataset")
    for each in found:
        each.holds[tag] = world.wall()
    return Reply()


def zfs_release(world: World, words: list[str]) -> Reply:
    """``zfs release [-r] tag snapshot …``."""
    given, (tag, *names) = options(words, "r")
    found, wrong = of_snapshots(world, names, "r" in given)
    if wrong:
        return fail(wrong)
    for each in found:
        if tag not in each.holds:
            return fail(f"cannot release hold from snapshot '{each.name}': no such tag on this dataset")
    for each in found:
        del each.holds[tag]
    return Reply()


def zfs_holds(world: World, words: list[str]) -> Reply:
    """``zfs holds [-Hpr] snapshot …``."""
    given, names = options(words, "Hpr")
    found, wrong = of_snapshots(world, names, "r" in given)
    if wrong:
        return fail(wrong)
    if "p" not in given and any(each.holds for each in found):
        raise UnmodelledError("the dates of holds for people; use -p")
    rows = [[each.name, tag, str(moment)] for each in found for tag, moment in each.holds.items()]
    return Reply(table(rows, ["NAME", "TAG", "TIMESTAMP"], "H" in given))
