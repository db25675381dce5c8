"""Disks and optical drives: where they are, checks before a start, and what provisioning makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from hivewright.lower.context import Guest
from hivewright.lower.devices.access import access_of
from hivewright.lower.devices.iscsi import lun_path, prepare_lun
from hivewright.model.disk import Cd, Disk, clones_image
from hivewright.model.image import Image, name_in
from hivewright.model.image_uses import image_uses
from hivewright.model.storage import VOLBLOCKSIZE, AnyStorage, Iscsi, Zfs
from hivewright.plan import DiskPlan, Provenance, Step

IMAGES = "/var/cache/hivewright"
"""Where provisioning keeps fetched images: not among the state of VMs, whose names could clash."""

_VOLUME_PROPERTIES = {"volmode": "dev", "volblocksize": VOLBLOCKSIZE}
"""volmode=dev keeps GEOM of the host from tasting the guest's partitions."""

_IMAGES_DATASET = "Images"
"""Below the dataset of a storage, next to those of VMs: names of VMs are in lower case, so they cannot clash."""

_WHOLE = "whole"
"""The snapshot that is made when the volume of an image is complete; clones are made of it."""


def disk_path(guest: Guest, name: str, disk: Disk) -> tuple[str, Provenance]:
    """Where the host has a disk, and the keys that say so."""
    if disk.path is not None:
        return disk.path, (f"disk.{name}.path",)
    if disk.ram is not None:
        return "memory", (f"disk.{name}.ram",)
    storage = _storage(guest, disk)
    if isinstance(storage, Iscsi):
        return lun_path(guest, name), (f"disk.{name}.storage", "rule:iscsi")
    if isinstance(storage, Zfs):
        path, key = f"/dev/zvol/{storage.dataset}/{guest.name}/{name}", "dataset"
    else:
        path, key = f"{storage.path}/{guest.name}/{name}.img", "path"
    return path, (f"disk.{name}.storage", f"storage:{disk.storage}.{key}")


def cd_path(name: str, cd: Cd) -> tuple[str, Provenance]:
    """Where the host has an optical medium: a path of its own, or an image in the cache of provisioning."""
    if cd.path is not None:
        return cd.path, (f"cd.{name}.path",)
    return f"{IMAGES}/{cd.image}", (f"cd.{name}.image",)


def _storage(guest: Guest, disk: Disk) -> AnyStorage:
    assert disk.storage is not None, "a disk has a path or a storage"
    return guest.site.host_storages[guest.host_name, disk.storage]


def prepare_disks(guest: Guest) -> Iterator[Step]:
    """Checks before a start: bhyve(8) silently opens a disk read-only if it cannot write to it."""
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.ram is not None:
            continue
        storage = _storage(guest, disk) if disk.path is None else None
        if isinstance(storage, Iscsi):
            yield prepare_lun(name, disk, storage)
            continue
        path, keys = disk_path(guest, name, disk)
        access, access_keys = access_of(name, disk)
        yield Step("disk", (name, path, access), (*keys, *access_keys), f"disk.{name}")
    for name, cd in sorted(guest.vm.cd.items()):
        path, keys = cd_path(name, cd)
        words = [name, path]
        if guest.vm.install is not None and name in guest.vm.install.cd:
            words.append("install")
            keys = (*keys, "install.cd")
        if cd.controller is not None:
            words.append("port")
            keys = (*keys, f"cd.{name}.controller")
        yield Step("medium", tuple(words), keys, f"cd.{name}")


def provision_images(guest: Guest) -> Iterator[Step]:
    """The images that disks, drives and UEFI variables of this guest are made from, each once."""
    users: dict[str, list[str]] = {}
    for use in image_uses(guest.vm):
        users.setdefault(use.image, []).append(".".join(use.path))
    for name in sorted(users):
        image = guest.site.image(name, guest.host.arch)
        assert image is not None, "rules refuse an image that does not exist"
        words = (name, image.url or image.path or "", image.checksum, image.stored, *_extras(image))
        keys = (*users[name], f"image:{name}")
        if guest.host.media is not None and image.url is not None:
            words, keys = (*words, f"media={guest.host.media}"), (*keys, "host:media")
        yield Step("image", words, keys, ", ".join(users[name]))


def provision_datasets(guest: Guest) -> Iterator[Step]:
    """What the datasets are to have that hold the volumes of this guest, where a storage says that."""
    users: dict[str, list[str]] = {}
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.path is None and disk.storage is not None:
            users.setdefault(disk.storage, []).append(f"disk.{name}.storage")
    for name in sorted(users):
        storage = guest.site.host_storages[guest.host_name, name]
        if isinstance(storage, Zfs) and storage.dataset_properties:
            words = (f"{storage.dataset}/{guest.name}", *_settings(storage.dataset_properties))
            keys = (f"storage:{name}.dataset", f"storage:{name}.dataset_properties", *users[name])
            yield Step("dataset", words, keys, f"storage.{name}.dataset_properties")


def provision_disks(guest: Guest) -> Iterator[Step]:
    """The steps that make or grow managed disks."""
    for name, disk in sorted(guest.vm.disk.items()):
        if disk.path is not None or disk.ram is not None:
            continue
        storage = _storage(guest, disk)
        if isinstance(storage, Iscsi):
            continue
        image = (f"image={disk.image}",) if disk.image is not None else ()
        keys = [f"disk.{name}.storage", f"disk.{name}.size", *([f"disk.{name}.image"] if image else [])]
        if isinstance(storage, Zfs):
            properties = _VOLUME_PROPERTIES | storage.properties | disk.properties
            volume = (name, f"{storage.dataset}/{guest.name}/{name}", str(disk.size))
            sparse = ("sparse",) if storage.sparse else ()
            keys += (f"storage:{disk.storage}.dataset", f"storage:{disk.storage}.properties", f"disk.{name}.properties")
            keys += _clone_keys(name, disk, storage)
            if disk.clone is not None or clones_image(disk, storage):
                full = ("full",) if disk.full_copy else ()
                words = (*volume, *_origin(guest, disk, storage), *full, *sparse, *_clone_settings(properties))
                yield Step("clone", words, tuple(keys), f"disk.{name}")
            else:
                words = (*volume, *sparse, *image, *_settings(properties))
                yield Step("volume", words, tuple(keys), f"disk.{name}")
        else:
            keys.append(f"storage:{disk.storage}.path")
            if disk.clone is not None:
                image = (f"copy={storage.path}/{disk.clone}.img",)
                keys.append(f"disk.{name}.clone")
            words = (name, f"{storage.path}/{guest.name}/{name}.img", str(disk.size), *image)
            yield Step("sparse_file", words, tuple(keys), f"disk.{name}")


def _clone_keys(name: str, disk: Disk, storage: Zfs) -> Iterator[str]:
    """What says whether a disk is a clone, and of what."""
    if disk.clone is not None:
        yield f"disk.{name}.clone"
        if disk.full_copy:
            yield f"disk.{name}.full_copy"
    elif disk.image is not None:
        if disk.clone_image is not None:
            yield f"disk.{name}.clone_image"
        elif storage.clone_images:
            yield f"storage:{disk.storage}.clone_images"
        if clones_image(disk, storage):
            yield f"image:{disk.image}"


def _settings(properties: Mapping[str, str], prefix: str = "") -> tuple[str, ...]:
    return tuple(f"{prefix}{key}={properties[key]}" for key in sorted(properties))


def _clone_settings(properties: Mapping[str, str]) -> tuple[str, ...]:
    """A clone has the block size of its origin; other properties may differ (zfs-clone(8))."""
    return _settings({key: value for key, value in properties.items() if key != "volblocksize"})


def _origin(guest: Guest, disk: Disk, storage: Zfs) -> tuple[str, ...]:
    """The snapshot that a clone is made of; for an image, followed by the image and the properties of its volume."""
    if disk.clone is not None:
        return (f"{storage.dataset}/{disk.clone}",)
    assert disk.image is not None, "rules refuse clone_image without an image"
    image = guest.site.image(disk.image, guest.host.arch)
    assert image is not None, "rules refuse an image that does not exist"
    properties = _VOLUME_PROPERTIES | storage.properties
    volume = f"{storage.dataset}/{_IMAGES_DATASET}/{disk.image}-{_version(image, properties['volblocksize'])}"
    return (f"{volume}@{_WHOLE}", f"image={disk.image}", *_settings(properties, "+"))


def _extras(image: Image) -> Iterator[str]:
    """What does not change what an image is: its name elsewhere, its size, and further addresses."""
    if image.url is None:
        return
    if image.file_name != name_in(image.url):
        yield f"file={image.file_name}"
    if image.size is not None:
        yield f"size={image.size}"
    yield from (f"mirror={mirror}" for mirror in image.mirrors)


def _version(image: Image, blocks: str) -> str:
    """Eight digits that change with the source of an image, so that existing clones keep their origin. They change with
    the block size too, which is fixed in a volume. The longest name has 248 characters."""
    parts = (image.url or image.path or "", image.checksum, image.stored, blocks)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def disk_plans(guest: Guest) -> tuple[DiskPlan, ...]:
    return tuple(
        DiskPlan(name, disk.bus, *_for_people(guest, name, disk)) for name, disk in sorted(guest.vm.disk.items())
    )


def _for_people(guest: Guest, name: str, disk: Disk) -> tuple[str, int]:
    """Where a disk is, and its size in bytes; 0 when hivewright does not decide it."""
    storage = _storage(guest, disk) if disk.storage is not None else None
    if isinstance(storage, Iscsi):
        return f"LUN {disk.lun} of {storage.target} at {storage.portal}", 0
    return disk_path(guest, name, disk)[0], disk.ram or disk.size or 0 if disk.path is None else 0
