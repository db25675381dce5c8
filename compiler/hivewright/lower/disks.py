"""Disks and optical drives: where they are, checks before a start, and what provisioning makes."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.model.disk import Cd, Disk
from hivewright.model.storage import Directory, Zfs
from hivewright.plan import DiskPlan, Keys, Step

IMAGES = "/var/cache/hivewright"
"""Where provisioning keeps fetched images: a VM may be called anything, so not beside the state of VMs."""

_VOLUME_PROPERTIES = {"volmode": "dev", "volblocksize": "16K"}
"""volmode=dev keeps GEOM of the host from tasting the guest's partitions; 16K is OpenZFS 2.2's own default."""


def disk_path(guest: Guest, name: str, disk: Disk) -> tuple[str, Keys]:
    """Where the host has a disk, and the keys that say so."""
    if disk.path is not None:
        return disk.path, (f"disk.{name}.path",)
    if disk.ram is not None:
        return "memory", (f"disk.{name}.ram",)
    storage = _storage(guest, disk)
    if isinstance(storage, Zfs):
        path, key = f"/dev/zvol/{storage.dataset}/{guest.name}/{name}", "dataset"
    else:
        path, key = f"{storage.path}/{guest.name}/{name}.img", "path"
    return path, (f"disk.{name}.storage", f"storage:{disk.storage}.{key}")


def cd_path(name: str, cd: Cd) -> tuple[str, Keys]:
    """Where the host has an optical medium: a path of its own, or an image in the cache of provisioning."""
    if cd.path is not None:
        return cd.path, (f"cd.{name}.path",)
    return f"{IMAGES}/{cd.image}", (f"cd.{name}.image",)


def _storage(guest: Guest, disk: Disk) -> Zfs | Directory:
    assert disk.storage is not None, "a disk has a path or a storage"
    return guest.site.host_storages[guest.host_name, disk.storage]


def prepare_disks(guest: Guest) -> Iterator[Step]:
    """Checks before a start: bhyve(8) would open a disk that it cannot write read-only, without a word."""
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.ram is not None:
            continue
        path, keys = disk_path(guest, name, disk)
        mode = "ro" if disk.readonly else "rw"
        yield Step("disk", (name, path, mode), (*keys, f"disk.{name}.readonly"), f"disk.{name}")
    for name, cd in sorted(guest.vm.cd.items()):
        path, keys = cd_path(name, cd)
        yield Step("file", ("ahci-cd", path), keys, f"cd.{name}")


def provision_images(guest: Guest) -> Iterator[Step]:
    """The images that disks and drives of this guest are made from, each once."""
    users: dict[str, list[str]] = {}
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.image is not None and disk.path is None:
            users.setdefault(disk.image, []).append(f"disk.{name}.image")
    for name, cd in sorted(guest.vm.cd.items()):
        if cd.image is not None and cd.path is None:
            users.setdefault(cd.image, []).append(f"cd.{name}.image")
    for name in sorted(users):
        image = guest.site.image(name, guest.host.arch)
        assert image is not None, "rules refuse an image that does not exist"
        checksum = f"sha256:{image.sha256}" if image.sha256 not in (None, "none") else "none"
        words = (name, image.url or image.path or "", checksum, image.format)
        yield Step("image", words, (*users[name], f"image:{name}"), ", ".join(users[name]))


def provision_disks(guest: Guest) -> Iterator[Step]:
    """What makes or grows the disks that are ours."""
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.path is not None or disk.ram is not None:
            continue
        storage = _storage(guest, disk)
        keys = [f"disk.{name}.storage", f"disk.{name}.size"]
        image = (f"image={disk.image}",) if disk.image is not None else ()
        if image:
            keys.append(f"disk.{name}.image")
        if isinstance(storage, Zfs):
            properties = _VOLUME_PROPERTIES | storage.properties | disk.properties
            words = (
                *(name, f"{storage.dataset}/{guest.name}/{name}", str(disk.size)),
                *(("sparse",) if storage.sparse else ()),
                *image,
                *(f"{key}={properties[key]}" for key in sorted(properties)),
            )
            keys += (f"storage:{disk.storage}.dataset", f"storage:{disk.storage}.properties", f"disk.{name}.properties")
            yield Step("volume", words, tuple(keys), f"disk.{name}")
        else:
            keys.append(f"storage:{disk.storage}.path")
            words = (name, f"{storage.path}/{guest.name}/{name}.img", str(disk.size), *image)
            yield Step("sparse_file", words, tuple(keys), f"disk.{name}")


def disk_plans(guest: Guest) -> tuple[DiskPlan, ...]:
    return tuple(
        DiskPlan(
            name, disk.bus, disk_path(guest, name, disk)[0], disk.ram or disk.size or 0 if disk.path is None else 0
        )
        for name, disk in sorted(guest.vm.disk.items())
    )
