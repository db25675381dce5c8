"""What is true of ZFS datasets: who is below whom, who clones whom, who holds a volume, and where nodes are."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator

from .things import Dataset, Guest
from .world import PanicError, World

CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.: ")
SETTLED = 1.0
"""Seconds that volmode must have been none before a new one makes a node for certain."""
MODES = {"1": "geom", "2": "dev", "3": "none"}
"""vfs.zfs.vol.mode -> what volmode=default means."""


def add(world: World, name: str, kind: str, **fields: object) -> Dataset:
    """Make a dataset with an identity of its own."""
    world.guids += 1
    own = zlib.crc32(world.hostname.encode()) << 20
    made = Dataset(name, kind, guid=own + world.guids, made=world.guids, born=world.wall())
    for key, value in fields.items():
        setattr(made, key, value)
    world.datasets[name] = made
    return made


def parent_of(name: str) -> str:
    """The dataset of a snapshot, the parent of any other; empty for a pool."""
    return name.partition("@")[0] if "@" in name else name.rpartition("/")[0]


def invalid(name: str) -> str:
    """Why a name cannot be one; empty when it can."""
    for part in name.replace("@", "/").split("/"):
        if not part:
            return "empty component or misplaced '@' or '#' delimiter in name"
        wrong = [character for character in part if character not in CHARACTERS]
        if wrong:
            return f"invalid character '{wrong[0]}' in name"
    if len(name) > 255:
        return "name is too long"
    return "multiple '@' and/or '#' delimiters in name" if name.count("@") > 1 else ""


def below(world: World, name: str) -> list[Dataset]:
    """What is below a dataset, its own snapshots and theirs included, parents first."""
    found = [each for each in world.datasets.values() if each.name.startswith((name + "/", name + "@"))]
    return sorted(found, key=order)


def order(dataset: Dataset) -> tuple[list[str], int, str]:
    """The order in which zfs(8) lists datasets: a dataset, its snapshots by age, then what is below it."""
    base = dataset.name.partition("@")[0]
    return base.split("/"), dataset.made if "@" in dataset.name else 0, dataset.name


def snapshots(world: World, name: str) -> list[Dataset]:
    """The snapshots of a dataset, the oldest first."""
    return sorted((each for each in world.datasets.values() if each.name.startswith(name + "@")), key=lambda e: e.made)


def clones(world: World, snapshot: str) -> list[Dataset]:
    """The clones of a snapshot."""
    return sorted((each for each in world.datasets.values() if each.origin == snapshot), key=lambda each: each.name)


def holders(world: World, dataset: Dataset) -> Iterator[Guest]:
    """The guests whose bhyve has a volume open."""
    for guest in world.guests.values():
        if any(disk.identity == f"volume {dataset.guid}" and not disk.gone for disk in guest.disks):
            yield guest


def users(world: World, dataset: Dataset) -> list[str]:
    """The guests that use a volume, or a file in the directory of a file system."""
    if dataset.kind == "volume":
        return [guest.name for guest in holders(world, dataset)]
    place = directory(world, dataset)
    return [
        guest.name
        for guest in world.guests.values()
        if place and any(os.path.realpath(disk.path).startswith(place + "/") for disk in guest.disks)
    ]


def lose(world: World, dataset: Dataset, how: str) -> None:
    """What zfs(8) did to a volume is harm to the guests that have it open."""
    for guest in holders(world, dataset):
        world.fault("lost disk", f"{how} while guest {guest.name} has {dataset.name} open")


def mountpoint(world: World, name: str) -> str:
    """Where a file system is mounted: its own property, or that of a parent with the rest of the name."""
    rest = ""
    while name in world.datasets:
        given = world.datasets[name].properties.get("mountpoint")
        if given is not None:
            return given + rest if given.startswith("/") else given
        if "/" not in name:
            break
        rest = "/" + name.rpartition("/")[2] + rest
        name = parent_of(name)
    return f"/{name}{rest}"


def directory(world: World, dataset: Dataset) -> str:
    """The directory of a mounted file system; empty when it has none."""
    place = mountpoint(world, dataset.name)
    mounts = dataset.kind == "filesystem" and place.startswith("/") and dataset.properties.get("canmount") != "off"
    return os.path.normpath(place) if mounts else ""


def holds_files(world: World, dataset: Dataset) -> bool:
    """Whether there are files in a file system itself; what is in others below it is theirs."""
    place = directory(world, dataset)
    others = {directory(world, each) for each in below(world, dataset.name) if each.kind == "filesystem"}
    if not place or not os.path.isdir(place):
        return False
    return any(os.path.join(place, name) not in others for name in os.listdir(place))


def mount(world: World, dataset: Dataset) -> None:
    """Make the directory of a file system."""
    place = directory(world, dataset)
    if place:
        os.makedirs(place, exist_ok=True)


def unmount(world: World, dataset: Dataset) -> None:
    """A file system is destroyed, and its files with it."""
    place = directory(world, dataset)
    if place not in ("", "/") and os.path.isdir(place):
        shutil.rmtree(place)


def encryption_root(world: World, name: str) -> str:
    """The dataset whose key a dataset needs and has not; empty when it lacks none."""
    name = name.partition("@")[0]
    while name:
        if name in world.datasets and world.datasets[name].locked:
            return name
        name = parent_of(name)
    return ""


def mode_of(world: World, name: str) -> str:
    """What volmode means for a volume of this name, its own or inherited: geom, dev or none."""
    while name:
        value = world.datasets[name].properties.get("volmode") if name in world.datasets else None
        if value not in (None, "default"):
            return "geom" if value == "full" else str(value)
        if value == "default":
            break
        name = parent_of(name)
    return MODES[world.sysctl.get("vfs.zfs.vol.mode", "1")]


def appear(world: World, volume: Dataset) -> None:
    """Make the node of a new volume.

    It is there at once when the mode is inherited. When the volume's own mode is another one, the volume was first
    a GEOM provider and then changed, which races: its node comes late or never (``volmode_race``).
    """
    volume.lost = False
    own, inherited = mode_of(world, volume.name), mode_of(world, parent_of(volume.name))
    if own == "none":
        volume.without = world.now
    elif own == inherited:
        world.node(f"zvol/{volume.name}", own=True)
    else:
        race(world, volume)


def race(world: World, volume: Dataset) -> None:
    """A volume changes between GEOM provider and device."""
    if world.volmode_race == "never":
        volume.lost = True
        world.unnode(f"zvol/{volume.name}")
        return

    def arrive() -> None:
        if (
            world.exists(volume.name)
            and world.datasets[volume.name] is volume
            and mode_of(world, volume.name) != "none"
        ):
            world.node(f"zvol/{volume.name}", own=True)

    world.at(world.zvol_delay, arrive)


def change_mode(world: World, volume: Dataset, before: str) -> None:
    """volmode of a volume, its own or inherited, has changed."""
    now = mode_of(world, volume.name)
    if now == before:
        return
    world.unnode(f"zvol/{volume.name}")
    if now == "none":
        volume.without = world.now
    elif before == "none" and world.now - volume.without >= SETTLED:
        volume.lost = False
        world.node(f"zvol/{volume.name}", own=True)
    else:
        race(world, volume)


def resize(world: World, volume: Dataset, size: int) -> None:
    """Set the size of a volume; the kernel does not survive that of one without its node."""
    if volume.lost and mode_of(world, volume.name) != "none":
        raise PanicError(f"zfs set volsize of {volume.name}, whose node /dev/zvol/{volume.name} is missing")
    if size < volume.size:
        lose(world, volume, "zfs set volsize made it smaller")
    volume.size = size


def volumes(world: World, name: str) -> list[Dataset]:
    """A volume itself, or the volumes below a dataset."""
    found = [world.datasets[name], *below(world, name)] if name in world.datasets else []
    return [each for each in found if each.kind == "volume"]
