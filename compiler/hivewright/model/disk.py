"""Disks and optical drives of a VM."""

import re
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hivewright.bhyve.facts import Only, Since
from hivewright.model.base import (
    NAME_FORM,
    NAME_PATTERN,
    DiskModel,
    DiskRevision,
    Eui64,
    HostPath,
    ImageName,
    Line,
    Name,
    SectorSize,
    Serial,
    Size,
    Slot,
    Table,
)
from hivewright.model.several import texts_of
from hivewright.model.storage import AnyStorage, Zfs, volblocksize
from hivewright.model.storage_values import Snapshot

BootIndex = Annotated[
    Annotated[int, Field(ge=0, le=255)] | None,
    Only("amd64", "bhyve(8), bootindex: by fw_cfg of the LPC bridge", instead="delete it; u-boot has its own order"),
    Since("14.0", "bhyve(8), bootindex"),
]


class Nvme(Table):
    """The controller of a disk on bus nvme: ``[vm.NAME.disk.DISK.nvme]``."""

    queues: int | None = Field(None, ge=1, le=16, description="Most queues; 16 if absent.")
    queue_size: int | None = Field(None, ge=2, le=2048, description="Most entries of a queue; 2048 if absent.")
    io_slots: int | None = Field(None, ge=1, le=1024, description="Most requests at the same time; 8 if absent.")
    eui64: Eui64 | None = Field(None, description="The EUI-64 of the namespace; derived by bhyve(8) if absent.")
    dataset_management: Literal["auto", "enable", "disable"] | None = Field(
        None, description="Whether the guest may free blocks; auto, which asks the backend, if absent."
    )


class Disk(Table):
    """A disk: ``[vm.NAME.disk.DISK]``. Give ``storage`` and ``size``, or the ``path`` of something that exists.

    On a storage of kind iscsi it has a ``lun`` instead of a size.
    """

    description: Line = Field("", description="For people; INVENTORY.md of the host shows it.")
    storage: Name | None = Field(None, description="The [storage.NAME] it lies on.")
    size: Size | None = Field(None, description="Its size. A larger one grows the disk; it never shrinks.")
    path: HostPath | None = Field(None, description="An existing file or device, used as it is.")
    image: ImageName | None = Field(None, description="The image that fills it when it is created.")
    clone_image: bool | None = Field(
        None,
        description="On a storage of kind zfs: create it as a clone of its image, at once and without the space of a "
        "copy; what clone_images of its storage says if absent. The image becomes one volume, "
        "DATASET/Images/IMAGE-DIGEST, which must not be destroyed as long as clones of it exist.",
    )
    clone: Snapshot | None = Field(
        None,
        description="On a storage of kind zfs: create it as a clone of this snapshot of a volume of the same storage. "
        "You make the snapshot, with zfs(8); it must not be destroyed as long as the disk exists. On one of kind "
        'directory, without a snapshot ("golden/root"): create it as a full copy of that disk, whose guest is off.',
    )
    full_copy: bool = Field(
        False,
        description="With clone: create it as a full copy of that snapshot, which takes as much space and depends on "
        "nothing: the snapshot may be destroyed afterwards.",
    )
    lun: Annotated[int, Field(ge=0, le=255)] | None = Field(
        None, description="On a storage of kind iscsi: which logical unit of the target it is."
    )
    bus: Literal["virtio-blk", "ahci-hd", "nvme", "virtio-scsi"] = Field(
        "virtio-blk", description="The device the guest sees. virtio-scsi takes a port of ctl(4) as path."
    )
    ram: Size | None = Field(
        None, description="With bus nvme, instead of storage or path: a disk in memory, empty at each start."
    )
    controller: Name | None = Field(
        None, description="With bus ahci-hd: one AHCI controller for all disks and drives that name it."
    )
    nvme: Nvme | None = Field(None, description="With bus nvme: settings of its controller.")
    initiator: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        None, description="With bus virtio-scsi: the initiator that ctl(4) sees."
    )
    trim: bool = Field(True, description="Whether the guest may free blocks.")
    boot_index: BootIndex = Field(None, description="The firmware tries lower ones first.")
    sector_size: SectorSize | None = Field(None, description="Logical, or logical/physical, sector size in bytes.")
    readonly: bool = Field(False, description="The guest cannot write.")
    shared: bool = Field(False, description="Several guests may have it at the same time: all of them must say so.")
    serial: Serial | None = Field(None, description="Serial number; derived from the VM and disk names if absent.")
    model: DiskModel | None = Field(None, description="With bus ahci-hd: the model that the guest reads.")
    revision: DiskRevision | None = Field(None, description="With bus ahci-hd: the revision of its firmware.")
    rotation_rate: Annotated[int, Field(ge=1, le=65534)] | None = Field(
        None, description="With bus ahci-hd: rotations a minute; 1 says that it is a solid-state disk."
    )
    cache: Literal["default", "nocache", "direct", "nocache-direct"] = Field(
        "default", description="nocache bypasses the host's cache (O_DIRECT), direct writes through (O_SYNC)."
    )
    properties: dict[str, str] = Field(
        default_factory=dict, description="ZFS properties of the volume, over those of the storage."
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


def clones_image(disk: Disk, storage: AnyStorage) -> bool:
    """Whether a disk is made as a clone of its image: as it says, or else its storage, where that can be."""
    if disk.image is None or disk.clone is not None or not isinstance(storage, Zfs):
        return False
    if disk.clone_image is not None:
        return disk.clone_image
    own_blocks = "volblocksize" in disk.properties
    return storage.clone_images and not (
        own_blocks and volblocksize(disk.properties) != volblocksize(storage.properties)
    )


def _drives(value: object) -> tuple[str, ...]:
    names = texts_of(value, '"install"')
    if any(re.fullmatch(NAME_PATTERN, name, re.ASCII) is None for name in names):
        raise PydanticCustomError("value", "{reason}", {"reason": NAME_FORM})
    return names


_DRIVE = {"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["install"]}
Drives = Annotated[
    tuple[str, ...],
    PlainValidator(_drives),
    WithJsonSchema({"anyOf": [_DRIVE, {"type": "array", "items": _DRIVE, "minItems": 1, "uniqueItems": True}]}),
]
"""One name, or several in an array."""


class Install(Table):
    """How it is installed: ``install = { cd = "install" }``."""

    cd: Drives = Field(
        description="Its drives with the media of the installer. They are there until the guest reboots or powers off "
        "by itself for the first time; a screen waits for a client until then. hivectl(8) iso inserts and ejects them."
    )


class Controller(Table):
    """Where an AHCI controller is that disks and drives name: ``[vm.NAME.controller.CONTROLLER]``."""

    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Cd(Table):
    """An optical drive: ``[vm.NAME.cd.DRIVE]``."""

    description: Line = Field("", description="For people; INVENTORY.md of the host shows it.")
    path: HostPath | None = Field(None, description="The ISO image on the host.")
    image: ImageName | None = Field(None, description="An image, fetched on provisioning.")
    controller: Name | None = Field(None, description="One AHCI controller for all disks and drives that name it.")
    boot_index: BootIndex = Field(None, description="The firmware tries lower ones first.")
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")
