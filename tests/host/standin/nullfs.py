"""Directories that are seen at a second place, as files of another device with the same inodes (nullfs(5)). Here a copy
lies at the second place, so that test(1) tells the two apart as it does on FreeBSD."""

from __future__ import annotations

import os
import shutil

from .reply import Reply, Result, UnmodelledError
from .world import World


def mount(world: World, lower: str, upper: str) -> None:
    """Somebody mounts it (mount_nullfs(8))."""
    shutil.copytree(lower, upper)
    world.nullfs[upper] = lower


def upper_of(world: World, path: str) -> str:
    """The mount that a path leads into; empty when there is none."""
    real = os.path.realpath(path)
    return next((upper for upper in world.nullfs if real == upper or real.startswith(f"{upper}/")), "")


def below(world: World, path: str) -> str:
    """What is really there."""
    upper = upper_of(world, path)
    return world.nullfs[upper] + os.path.realpath(path).removeprefix(upper) if upper else path


def device(world: World, path: str) -> str:
    """The device number of a mount, which is one of its own; empty elsewhere."""
    upper = upper_of(world, path)
    return str(4_000_000 + sorted(world.nullfs).index(upper)) if upper else ""


def listed(world: World, words: list[str]) -> Result:
    """mount(8): ``mount -t nullfs``."""
    if words != ["-t", "nullfs"]:
        raise UnmodelledError("anything but -t nullfs")
    return Reply("".join(f"{lower} on {upper} (nullfs, local)\n" for upper, lower in world.nullfs.items()))
