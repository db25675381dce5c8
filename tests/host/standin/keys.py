"""Keys of encrypted datasets: without its key a volume has no node, and a file system is not mounted, though zfs(8)
lists both.
"""

from __future__ import annotations

import os

from . import datasets
from .pools import HIDDEN
from .world import World


def unload(world: World, name: str) -> None:
    """A dataset is encrypted, and its key is not there, as after a boot; an empty directory is where it was mounted."""
    world.datasets[name].locked = True
    for volume in datasets.volumes(world, name):
        world.unnode(f"zvol/{volume.name}")
    os.makedirs(HIDDEN, exist_ok=True)
    place = datasets.directory(world, world.datasets[name])
    if place and os.path.isdir(place):
        os.rename(place, f"{HIDDEN}/{name.replace('/', '%')}")
        os.makedirs(place)


def load(world: World, name: str) -> None:
    """The key is loaded, and what is below is mounted."""
    world.datasets[name].locked = False
    place = datasets.directory(world, world.datasets[name])
    hidden = f"{HIDDEN}/{name.replace('/', '%')}"
    if place and os.path.isdir(hidden):
        os.rmdir(place)
        os.rename(hidden, place)
    for volume in datasets.volumes(world, name):
        if datasets.mode_of(world, volume.name) != "none":
            world.node(f"zvol/{volume.name}", own=True)
