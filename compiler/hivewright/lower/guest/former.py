"""What provisioning knows of a guest before it makes anything: owner, former names, and whether it is protected."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.model.storage import Directory, Iscsi, Zfs
from hivewright.plan import Step


def owner_step(guest: Guest) -> Iterator[Step]:
    """Only the host that owns a guest may run it; its home is the first, and who it is stands with its disks."""
    vm = guest.vm
    if _is_checked(guest):
        places, keys = data_places(guest)
        key = "hosts" if vm.owner_check is None else "owner_check"
        home = ("hosts" if vm.host is None else "host",)
        words = (guest.site.hosts_of(vm)[0], *(f"{place}/{guest.name}" for place in places))
        yield Step("owner", words, (*dict.fromkeys((key, *home)), *keys), key)


def rival_step(guest: Guest) -> Iterator[Step]:
    """Another host may have taken a guest over while this one seemed lost: the one that keeps copies of it, or any
    that reaches the same disk, where nothing beside that says who owns the guest, or where it has no disk at all."""
    copies, elsewhere = guest.vm.replicate, tuple(_elsewhere(guest))
    is_said = bool(data_places(guest)[0]) and not elsewhere
    asked = "" if copies is None else copies.to
    if asked not in ("", guest.host_name):
        yield Step("replica", (asked,), ("replicate.to",), "replicate.to")
    if not is_said and _is_checked(guest):
        others = (host for host in guest.site.hosts_of(guest.vm) if host not in (asked, guest.host_name))
        yield from (Step("rival", (host,), ("hosts", *elsewhere), "hosts") for host in others)


def _is_checked(guest: Guest) -> bool:
    """Whether a start asks who owns the guest."""
    several, asked = len(guest.site.hosts_of(guest.vm)) > 1, guest.vm.owner_check
    return several if asked is None else asked


def _elsewhere(guest: Guest) -> Iterator[str]:
    """The keys of what a guest writes that lies neither in a pool nor in a directory of ours."""
    for name, disk in sorted(guest.vm.disk.items()):
        storage = guest.site.host_storages.get((guest.host_name, disk.storage or ""))
        if not disk.readonly and (disk.path is not None or isinstance(storage, Iscsi)):
            yield f"disk.{name}.path" if disk.path is not None else f"disk.{name}.storage"


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
