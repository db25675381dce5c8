"""``zfs rename`` and ``zfs promote``."""

from __future__ import annotations

import os

from . import datasets
from .datasets import parent_of
from .options import UsageError, options
from .reply import Reply, UnmodelledError, fail
from .things import Dataset
from .world import World
from .zfs_list import reachable


def zfs_rename(world: World, words: list[str]) -> Reply:
    """``zfs rename [-fpu] old new`` and ``zfs rename [-r] dataset@old [dataset]@new``."""
    given, names = options(words, "fpur")
    if len(names) != 2:
        raise UsageError("missing target dataset argument" if len(names) == 1 else "too many arguments")
    old, new = names
    wrong = reachable(world, old)
    if wrong:
        return fail(wrong)
    if "@" in old:
        return rename_snapshot(world, old, new, "r" in given)
    if "r" in given:
        return fail("source dataset must be a snapshot for recursive rename")
    wrong = datasets.invalid(new)
    if wrong:
        return fail(f"cannot rename to '{new}': {wrong}")
    if old in world.pools or old.split("/")[0] != new.split("/")[0]:
        return fail(f"cannot rename to '{new}': datasets must be within same pool")
    if new in world.datasets:
        return fail(f"cannot rename '{old}': dataset already exists")
    if new.startswith(old + "/"):
        return fail(f"cannot rename to '{new}': New dataset name cannot be a descendant of current dataset name")
    if parent_of(new) not in world.datasets:
        if "p" not in given:
            return fail(f"cannot rename to '{new}': parent does not exist")
        make_parents(world, parent_of(new))
    dataset = world.datasets[old]
    for each in [dataset, *datasets.below(world, old)]:
        if each.kind == "filesystem" and datasets.users(world, each):
            return fail(f"cannot unmount '{datasets.directory(world, each)}': pool or dataset is busy")
    move(world, dataset, new)
    return Reply()


def make_parents(world: World, name: str) -> None:
    """What -p makes."""
    if name not in world.datasets:
        make_parents(world, parent_of(name))
        datasets.mount(world, datasets.add(world, name, "filesystem"))


def move(world: World, dataset: Dataset, new: str) -> None:
    """Give a dataset and what is below it new names. An open volume is taken from the guest that has it open."""
    old = dataset.name
    tree = [dataset, *datasets.below(world, old)]
    nodes = {each.name for each in tree if os.path.lexists(f"/dev/zvol/{each.name}")}
    place = datasets.directory(world, dataset)
    for each in tree:
        if each.kind == "volume":
            world.unnode(f"zvol/{each.name}")
            datasets.lose(world, each, "zfs rename")
            for guest in list(datasets.holders(world, each)):
                for disk in guest.disks:
                    disk.gone = disk.gone or disk.identity == f"volume {each.guid}"
    for each in tree:
        del world.datasets[each.name]
    renamed = {each.name: new + each.name[len(old) :] for each in tree}
    appears = {renamed[name] for name in nodes}
    for each in tree:
        each.name = renamed[each.name]
        world.datasets[each.name] = each
    for other in world.datasets.values():
        other.origin = renamed.get(other.origin, other.origin)
    for each in tree:
        if each.kind == "volume" and each.name in appears and datasets.mode_of(world, each.name) != "none":
            world.node(f"zvol/{each.name}", own=True)
    target = datasets.directory(world, dataset)
    if place and target != place:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(place, target)


def rename_snapshot(world: World, old: str, new: str, deep: bool) -> Reply:
    """Snapshots stay with their dataset."""
    base, _, label = old.partition("@")
    if new.partition("@")[0] not in ("", base) or "@" not in new:
        return fail(f"cannot rename to '{new}': snapshots must be part of same dataset")
    target = new.partition("@")[2]
    tree = [base, *(each.name for each in datasets.below(world, base) if each.kind != "snapshot")] if deep else [base]
    there = [name for name in tree if f"{name}@{label}" in world.datasets]
    taken = [name for name in there if f"{name}@{target}" in world.datasets]
    if taken:
        return fail(f"cannot rename '{old}': dataset already exists")
    for name in there:
        snapshot = world.datasets.pop(f"{name}@{label}")
        snapshot.name = f"{name}@{target}"
        world.datasets[snapshot.name] = snapshot
        for other in world.datasets.values():
            other.origin = snapshot.name if other.origin == f"{name}@{label}" else other.origin
    return Reply()


def zfs_promote(world: World, words: list[str]) -> Reply:
    """``zfs promote clone``: the origin and the snapshots before it become the clone's."""
    _, (name,) = options(words, "")
    wrong = reachable(world, name)
    if wrong:
        return fail(wrong)
    clone = world.datasets[name]
    if not clone.origin:
        return fail(f"cannot promote '{name}': not a cloned filesystem")
    origin = world.datasets[clone.origin]
    former = world.datasets[parent_of(origin.name)]
    moved = [each for each in datasets.snapshots(world, former.name) if each.made <= origin.made]
    conflicts = [
        each.name.partition("@")[2] for each in moved if f"{name}@{each.name.partition('@')[2]}" in world.datasets
    ]
    if conflicts:
        return fail(f"cannot promote '{name}': conflicting snapshot '{conflicts[0]}' from parent '{clone.origin}'")
    if any(each.full for each in moved):
        raise UnmodelledError(f"the files in {former.name}")
    for each in moved:
        old = each.name
        world.datasets[f"{name}@{old.partition('@')[2]}"] = world.datasets.pop(old)
        each.name = f"{name}@{old.partition('@')[2]}"
        for other in world.datasets.values():
            other.origin = each.name if other.origin == old else other.origin
    clone.origin, former.origin = former.origin, f"{name}@{origin.name.partition('@')[2]}"
    return Reply()
