"""Storage: ``[storage.NAME]``, ``[host.HOST.storage.NAME]``."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import Dataset, HostPath, ListOf, Name, Table
from hivewright.model.storage_values import ChapUser, IscsiName, Portal

VOLBLOCKSIZE = "16K"
"""Blocks of a volume whose properties do not say otherwise; given to each, because releases differ in theirs."""

BLOCK_SIZES = tuple(2**power for power in range(9, 18))
"""512 to 128K (zfsprops(7), volblocksize)."""

_BLOCK = r"([0-9]{1,7})([KkMm]?)"

NOT_OF_VOLUMES = {
    "volsize": "write size in the disk",
    "reservation": "write sparse = true or false in the storage",
    "refreservation": "write sparse = true or false in the storage",
    **dict.fromkeys(
        ("atime", "canmount", "mountpoint", "quota", "recordsize", "refquota", "sharenfs", "sharesmb"),
        "a volume is no file system; delete it",
    ),
}
"""Properties that hivewright sets from a key of its own, or that zfs create -V refuses (zfsprops(7)): what to do."""

NOT_OF_DATASETS = dict.fromkeys(
    ("volblocksize", "volmode", "volsize", "volthreading"),
    "it is one of volumes; write it in properties of the storage, or of a disk",
)
"""Properties that a file system does not have, or that are decided for the volumes in it."""


class Zfs(Table):
    """ZFS volumes below a dataset: ``DATASET/VM/DISK``."""

    kind: Literal["zfs"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    dataset: Dataset = Field(description="The dataset below which volumes are created.")
    sparse: bool = Field(False, description="Create volumes without a reservation.")
    clone_images: bool = Field(
        False,
        description="Create disks that have an image as clones of one volume of that image, unless their clone_image "
        "says otherwise. Not those that ask for a volblocksize of their own: they are copies. Disks that exist stay "
        "what they are.",
    )
    properties: dict[str, str] = Field(default_factory=dict, description="ZFS properties of new volumes.")
    dataset_properties: dict[str, str] = Field(
        default_factory=dict,
        description="ZFS properties of DATASET/VM, in which the volumes of one guest lie, for when that is made: "
        '{ quota = "200G", canmount = "off" }. One that is there keeps its own.',
    )


class Directory(Table):
    """Sparse files below a directory: ``PATH/VM/DISK.img``."""

    kind: Literal["directory"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    path: HostPath = Field(description="The directory.")


class Chap(Table):
    """How the host proves to a target who it is: ``[storage.NAME.chap]``."""

    user: ChapUser = Field(description="The name that the target knows.")
    secret: Name = Field(
        description="The file below /usr/local/etc/hivewright/secrets that holds the secret: 1 to 64 printable "
        "characters on one line, no double quotes. The administrator makes it, owned by root and of mode 0600."
    )


class Iscsi(Table):
    """Logical units of an iSCSI target. iscsid(8) must run on the host.

    The first guest that starts makes the session, unless the host has one with this portal and target. The last that
    stops removes it, unless somebody else made it.
    """

    kind: Literal["iscsi"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    portal: Portal = Field(description="Address of the target, with its port unless that is 3260.")
    target: IscsiName = Field(description="Name of the target.")
    initiator_name: IscsiName | None = Field(
        None, description="What the host calls itself; iqn.1994-09.org.freebsd:HOSTNAME if absent (iscsi.conf(5))."
    )
    chap: Chap | None = Field(None, description="User and secret, where the target asks for them.")


AnyStorage = Zfs | Directory | Iscsi

Storage = Annotated[AnyStorage, Field(discriminator="kind")]


def volblocksize(properties: Mapping[str, str]) -> int:
    """Bytes of a volume's blocks."""
    size = block_size(properties["volblocksize"]) if "volblocksize" in properties else 0
    return size if size in BLOCK_SIZES else block_size(VOLBLOCKSIZE)


def block_size(text: str) -> int:
    """Bytes of a block size as zfs(8) reads it; 0 when it is none."""
    match = re.fullmatch(_BLOCK, text, re.ASCII)
    if match is None:
        return 0
    return int(match[1]) * {"": 1, "K": 2**10, "M": 2**20}[match[2].upper()]
