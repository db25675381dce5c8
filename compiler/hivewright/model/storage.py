"""Storage and images: ``[storage.NAME]``, ``[host.HOST.storage.NAME]``, ``[image.NAME]``."""

from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import Dataset, HostPath, Line, ListOf, Name, Sha256, Table


class Zfs(Table):
    """ZFS volumes below a dataset: ``DATASET/VM/DISK``."""

    kind: Literal["zfs"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    dataset: Dataset = Field(description="The dataset below which volumes are created.")
    sparse: bool = Field(False, description="Create volumes without a reservation.")
    properties: dict[str, str] = Field(default_factory=dict, description="ZFS properties of new volumes.")


class Directory(Table):
    """Sparse files below a directory: ``PATH/VM/DISK.img``."""

    kind: Literal["directory"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    path: HostPath = Field(description="The directory.")


Storage = Annotated[Zfs | Directory, Field(discriminator="kind")]


class Image(Table):
    """A disk image: fetched, checked and unpacked on the host when a disk is made from it."""

    url: Annotated[str, Field(pattern=r"^(https?|ftp)://[!-~]+$")] | None = Field(
        None, description="Where it is fetched from; .xz, .gz and .zst are unpacked."
    )
    path: HostPath | None = Field(None, description="Instead of url: a file on the host.")
    sha256: Sha256 | Literal["none"] | None = Field(
        None, description='Checksum of what is fetched; "none" is an explicit way to go without.'
    )
    format: Literal["raw", "qcow2"] = Field("raw", description="qcow2 needs qemu-img on the host.")
    description: Line = Field("", description="For people.")
