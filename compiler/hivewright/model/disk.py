"""Disks and optical drives of a VM."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hivewright.model.base import HostPath, ImageName, Name, SectorSize, Serial, Size, Slot, Table


class Disk(Table):
    """A disk: ``[vm.NAME.disk.DISK]``. Give ``storage`` and ``size``, or the ``path`` of something that exists."""

    storage: Name | None = Field(None, description="The [storage.NAME] it lies on.")
    size: Size | None = Field(None, description="Its size. A larger one grows the disk; it never shrinks.")
    path: HostPath | None = Field(None, description="An existing file or device, used as it is.")
    image: ImageName | None = Field(None, description="The image that fills it when it is created.")
    bus: Literal["virtio-blk", "ahci-hd", "nvme"] = Field("virtio-blk", description="The device the guest sees.")
    sector_size: SectorSize | None = Field(None, description="Logical, or logical/physical, sector size in bytes.")
    readonly: bool = Field(False, description="The guest cannot write.")
    shared: bool = Field(False, description="Several guests may have it at the same time: all of them must say so.")
    serial: Serial | None = Field(None, description="Serial number; derived from the VM and disk names if absent.")
    cache: Literal["default", "nocache", "direct", "nocache-direct"] = Field(
        "default", description="nocache bypasses the host's cache (O_DIRECT), direct writes through (O_SYNC)."
    )
    properties: dict[str, str] = Field(
        default_factory=dict, description="ZFS properties of the volume, over those of the storage."
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Cd(Table):
    """An optical drive: ``[vm.NAME.cd.DRIVE]``."""

    path: HostPath | None = Field(None, description="The ISO image on the host.")
    image: ImageName | None = Field(None, description="An image, fetched on provisioning.")
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")
