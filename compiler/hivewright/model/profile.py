"""Profiles: guest operating systems, what they need, and where their images come from."""

from typing import Annotated, Any, Literal

from pydantic import Field

from hivewright.model.base import ImageName, Line, ListOf, Size, Table
from hivewright.model.image import Image
from hivewright.model.readers import DEFAULT_READERS, ReaderName

Arch = Literal["amd64", "arm64"]

Os = Literal["freebsd", "linux", "openbsd", "netbsd", "dragonfly", "illumos", "windows", "other"]


class Smallest(Table):
    """What a guest needs at least: ``smallest = { disk = "4G", memory = "512M" }``."""

    disk: Size | None = Field(None, description="A disk that takes its image, or an installation.")
    memory: Size | None = Field(None, description="Memory, as its publisher asks for it.")


class Devices(Table):
    """What is taken where a VM says nothing: ``devices = { disk = "nvme", nic = "e1000" }``."""

    disk: Literal["virtio-blk", "ahci-hd", "nvme"] | None = Field(None, description="The bus of disks.")
    nic: Literal["virtio-net", "e1000"] | None = Field(None, description="The model of NICs.")


class Profile(Table):
    """A guest operating system: one file below profiles/, named like it."""

    extends: ImageName | None = Field(
        None,
        description="Another profile, all of whose keys it has where it says nothing itself; tables of vm merge key by "
        "key, and an image is taken whole.",
    )
    os: Os = Field(description="The family.")
    description: Line = Field(description="For people.")
    notes: Line = Field("", description="What a user of it should know.")
    arches: ListOf[Arch] = Field(("amd64", "arm64"), description="Architectures of hosts that it runs on.")
    reader: ReaderName | None = Field(
        None,
        description="What reads first-boot data in the guest. If absent: nuageinit-14.1 for freebsd, cloudbase-init "
        "for windows, cloud-init otherwise.",
    )
    root_by: Literal["sudo", "doas"] | None = Field(
        None,
        description="What it has for users who may become root. If absent: doas for openbsd, sudo otherwise. Of users "
        "with rules for both it gets those for this.",
    )
    user: Line = Field("", description="The account that its image brings; without one if empty.")
    console: Literal["com1", "vnc", "both"] = Field("com1", description="Where it can be seen and typed at.")
    max_sockets: Annotated[int, Field(ge=1, le=255)] | None = Field(
        None, description="How many sockets the system uses at most. If absent: 2 for windows, any number otherwise."
    )
    smallest: Smallest | None = Field(None, description="The smallest disk and memory.")
    devices: Devices | None = Field(None, description="Devices that it has drivers for, where a VM names none.")
    image: dict[Arch, Image] = Field(
        default_factory=dict, description="The image it brings under its own name, by architecture."
    )
    vm: dict[str, Any] = Field(default_factory=dict, description="Keys of a VM.")

    @property
    def sockets(self) -> int | None:
        """How many sockets it uses at most; ``None`` for any number.

        Pro editions of Windows 10 and 11 use two (Microsoft, "Windows 10/11 Pro for Workstations": four CPUs)."""
        return self.max_sockets or (2 if self.os == "windows" else None)

    @property
    def root_rules(self) -> Literal["sudo", "doas"]:
        """What its users become root by."""
        return self.root_by or ("doas" if self.os == "openbsd" else "sudo")

    @property
    def usual_reader(self) -> ReaderName:
        """What reads first-boot data where a VM names no other reader."""
        return self.reader or DEFAULT_READERS.get(self.os, "cloud-init")
