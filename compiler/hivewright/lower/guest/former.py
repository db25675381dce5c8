"""What provisioning knows of a guest before it makes anything: owner, former names, and whether it is protected."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.model.storage import Directory, Zfs
from hivewright.plan import Step


def owner_step(guest: Guest) -> Iterator[Step]:
    """Only the host that owns a guest may run it; its home is the first, and who it is stands with its disks."""
    vm = guest.vm
    several = len(guest.site.hosts_of(vm)) > 1
    if several if vm.owner_check is None else vm.owner_check:
        places, keys = data_places(guest)
        key = "hosts" if vm.owner_check is None else "owner_check"
        home = ("hosts" if vm.host is None else "host",)
        words = (guest.site.hosts_of(vm)[0], *(f"{place}/{guest.name}" for place in places))
        yield Step("owner", words, (*dict.fromkeys((key, *home)), *keys), key)


def rival_step(guest: Guest) -> Iterator[Step]:
    """The host that keeps copies of a guest may have taken it over while this one seemed lost."""
    copies = guest.vm.replicate
    if copies is not None and copies.to != guest.host_name:
        yield Step("replica", (copies.to,), ("replicate.to",), "replicate.to")


def provision_former(guest: Guest) -> Iterator[Step]:
    """What provisioning does first: the guest gets what the host has of its former names, once."""
    if guest.vm.renamed_from:
        places, keys = data_places(guest)
        words = (",".join(guest.vm.renamed_from), *places)
        yield Step("renamed_from", words, ("renamed_from", *keys), "renamed_from")
    if guest.vm.moved_from not in (None, guest.host_name):
        number = (str(guest.lock.moves),) if guest.lock.moves > 1 else ()
        yield Step("moved_from", (str(guest.vm.moved_from), *number), ("moved_from",), "moved_from")
    if guest.vm.protected:
        yield Step("protected", (), ("protected",), "protected")


def data_places(guest: Guest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The datasets and directories below which the guest has one of its own, and the keys that say so."""
    places: dict[str, None] = {}
    keys: dict[str, None] = {}
    for name, disk in sorted(guest.vm.disk.items()):
        storage = guest.site.host_storages.get((guest.host_name, disk.storage or "")) if disk.path is None else None
        if isinstance(storage, Zfs | Directory):
            place, key = (storage.dataset, "dataset") if isinstance(storage, Zfs) else (storage.path, "path")
            places[place] = keys[f"disk.{name}.storage"] = keys[f"storage:{disk.storage}.{key}"] = None
    return tuple(places), tuple(keys)
