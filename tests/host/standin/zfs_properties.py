"""Properties of ZFS datasets: which there are, what they may be, whose they are (zfsprops(7), OpenZFS 2.2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from . import datasets, zfs_resume
from .sizes import human, size_of
from .things import Dataset
from .world import World

USER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.:")
ON_OFF = ("on", "off")
ALL = "filesystem,volume,snapshot"
VOLBLOCKSIZE = "16K"
COMPRESSION: tuple[str, ...] = ("on", "off", "lzjb", "gzip", "zle", "lz4", "zstd", "zstd-fast")
COMPRESSION += tuple(f"gzip-{level}" for level in range(1, 10)) + tuple(f"zstd-{level}" for level in range(1, 20))
CHECKSUM = ("on", "off", "fletcher2", "fletcher4", "sha256", "noparity", "sha512", "skein", "edonr", "blake3")
CACHE = ("all", "none", "metadata")


@dataclass(frozen=True)
class Native:
    """A property of ZFS itself."""

    kinds: str
    default: str = "-"
    values: tuple[str, ...] = ()
    inherits: bool = True
    readonly: bool = False
    size: bool = False


def fixed(kinds: str = ALL, size: bool = False) -> Native:
    """One that nobody sets."""
    return Native(kinds, inherits=False, readonly=True, size=size)


BOTH = "filesystem,volume"
NATIVE = {
    "volmode": Native(BOTH, "default", ("default", "full", "geom", "dev", "none")),
    "compression": Native(BOTH, "on", COMPRESSION),
    "checksum": Native(BOTH, "on", CHECKSUM),
    "sync": Native(BOTH, "standard", ("standard", "always", "disabled")),
    "primarycache": Native(ALL, "all", CACHE),
    "secondarycache": Native(ALL, "all", CACHE),
    "logbias": Native(BOTH, "latency", ("latency", "throughput")),
    "copies": Native(BOTH, "1", ("1", "2", "3")),
    "dedup": Native(BOTH, "off", (*ON_OFF, "verify", *CHECKSUM)),
    "readonly": Native(BOTH, "off", ON_OFF),
    "snapdev": Native(BOTH, "hidden", ("hidden", "visible")),
    "redundant_metadata": Native(BOTH, "all", ("all", "most", "some", "none")),
    "atime": Native("filesystem", "on", ON_OFF),
    "relatime": Native("filesystem", "on", ON_OFF),
    "exec": Native("filesystem", "on", ON_OFF),
    "setuid": Native("filesystem", "on", ON_OFF),
    "snapdir": Native("filesystem", "hidden", ("hidden", "visible")),
    "recordsize": Native("filesystem", "128K", size=True),
    "canmount": Native("filesystem", "on", ("on", "off", "noauto"), inherits=False),
    "mountpoint": Native("filesystem"),
    "quota": Native("filesystem", "none", inherits=False, size=True),
    "refquota": Native("filesystem", "none", inherits=False, size=True),
    "reservation": Native(BOTH, "none", inherits=False, size=True),
    "refreservation": Native(BOTH, "none", inherits=False, size=True),
    "volsize": Native("volume,snapshot", inherits=False, size=True),
    "volblocksize": Native("volume", inherits=False, readonly=True, size=True),
    **{name: fixed() for name in ("name", "type", "guid", "createtxg", "creation")},
    **{name: fixed(size=True) for name in ("used", "referenced", "written", "logicalreferenced")},
    **{name: fixed("snapshot") for name in ("clones", "userrefs", "defer_destroy")},
    **{name: fixed(BOTH) for name in ("origin", "receive_resume_token")},
    **{name: fixed() for name in ("encryptionroot", "keystatus")},
    "available": fixed(BOTH, size=True),
    "mounted": fixed("filesystem"),
    **{name: fixed(BOTH, size=True) for name in ("usedbydataset", "usedbysnapshots", "usedbyrefreservation")},
}
ALIASES = {"avail": "available", "refer": "referenced", "refreserv": "refreservation", "volblock": "volblocksize"}
ALIASES |= {"compress": "compression", "reserv": "reservation", "recsize": "recordsize", "rdonly": "readonly"}


SINCE = "written@"
"""``written@SNAPSHOT``: what was written since."""


def is_user(name: str) -> bool:
    """A user property has a colon in its name."""
    return ":" in name and set(name) <= USER and len(name) < 256


def known(name: str) -> bool:
    """Whether there is such a property."""
    return name in NATIVE or is_user(name) or name.startswith(SINCE)


def refusal(name: str, value: str, kind: str, *, new: bool = False) -> str:
    """Why a property cannot be set on a dataset of a kind; empty when it can."""
    if is_user(name):
        return f"property value is too long: '{name}'" if len(value) >= 8192 else ""
    native = NATIVE.get(name)
    if native is None:
        return f"invalid property '{name}'"
    if native.readonly and not (new and name == "volblocksize"):
        return f"'{name}' is readonly"
    if kind not in native.kinds.split(","):
        return f"'{name}' does not apply to datasets of this type"
    if native.values and value not in native.values:
        return f"'{name}' must be one of '{' | '.join(native.values)}'"
    if name == "mountpoint" and not value.startswith("/") and value not in ("none", "legacy"):
        return f"'{name}' must be an absolute path, 'none', or 'legacy'"
    if native.size and value not in ("none", "auto"):
        try:
            size_of(value)
        except ValueError:
            return f"bad numeric value '{value}'"
    return ""


def stored(name: str, value: str) -> str:
    """A value as it is kept: sizes in bytes."""
    native = NATIVE.get(name)
    if native is not None and native.size:
        return "none" if value in ("none", "0") else value if value == "auto" else str(size_of(value))
    return value


EMPTIED_LOG = "1024"
"""Bytes written to a clone without a change of what is in it: its intent log is emptied, if the snapshot had one."""

METADATA = 12288
"""Bytes that a volume refers to before anything is written, as 14.0 shows them."""


def reservation_of(size: int) -> str:
    """What refreservation=auto means for a volume: its size and the pointers to its blocks."""
    return str(size + size // 32)


def free_space(world: World, pool: str) -> int:
    """What is left of a pool when all reservations are kept."""
    taken = 0
    for volume in datasets.volumes(world, pool):
        reserved = volume.properties.get("refreservation", "none")
        taken += max(volume.length, int(reserved) if reserved.isdigit() else 0)
    return world.pool_size - taken


def computed(world: World, dataset: Dataset, name: str) -> str:
    """The value of a property that nobody sets, as -p prints it."""
    pool = dataset.name.partition("@")[0].split("/")[0]
    earlier = datasets.snapshots(world, dataset.name.partition("@")[0])
    unchanged = dataset.kind == "volume" and bool(earlier) and earlier[-1].content == dataset.content
    reserved = dataset.properties.get("refreservation", "none")
    spare = max(0, int(reserved) - dataset.length) if reserved.isdigit() else 0
    values: dict[str, Callable[[], str]] = {
        "name": lambda: dataset.name,
        "type": lambda: dataset.kind,
        "guid": lambda: str(dataset.guid),
        "createtxg": lambda: str(dataset.made),
        "creation": lambda: str(dataset.born),
        "origin": lambda: dataset.origin or "-",
        "clones": lambda: ",".join(each.name for each in datasets.clones(world, dataset.name)),
        "userrefs": lambda: str(len(dataset.holds)),
        "defer_destroy": lambda: "off",
        "receive_resume_token": lambda: zfs_resume.token(dataset),
        "encryptionroot": lambda: datasets.encryption_root(world, dataset.name) or "-",
        "keystatus": lambda: "unavailable" if datasets.encryption_root(world, dataset.name) else "-",
        "mounted": lambda: "yes" if datasets.directory(world, dataset) else "no",
        "volblocksize": lambda: str(dataset.block),
        "available": lambda: str(free_space(world, pool)),
        "used": lambda: str(dataset.length + spare),
        "usedbydataset": lambda: str(dataset.length),
        "usedbysnapshots": lambda: "0",
        "usedbyrefreservation": lambda: str(spare),
        "referenced": lambda: str(dataset.length + (METADATA if dataset.kind == "volume" else 0)),
        "logicalreferenced": lambda: str(dataset.length),
        "written": lambda: "0" if unchanged else str(dataset.length),
    }
    return values[name]()


def property_of(world: World, dataset: Dataset, name: str) -> tuple[str, str]:
    """A property's value, as -p prints it, and its source."""
    if name.startswith(SINCE):
        snapshot = world.datasets.get(f"{dataset.name}@{name[len(SINCE) :]}")
        if snapshot is None:
            return "-", "-"
        if snapshot.content != dataset.content:
            return str(max(dataset.length, 512)), "-"
        return (EMPTIED_LOG if dataset.made > snapshot.made else "0"), "-"
    native = NATIVE.get(name)
    if native is not None and dataset.kind not in native.kinds.split(","):
        return "-", "-"
    if native is not None and native.readonly:
        return computed(world, dataset, name), "-"
    if name == "volsize":
        return (str(dataset.size), "local" if dataset.kind == "volume" else "-") if dataset.size else ("-", "-")
    value, source = inherited(world, dataset, name, native is None or native.inherits)
    if name == "mountpoint":
        return datasets.mountpoint(world, dataset.name), source
    if source == "default" and native is not None:
        return (str(size_of(native.default)) if name == "recordsize" else native.default), source
    return value, source


def inherited(world: World, dataset: Dataset, name: str, inherits: bool) -> tuple[str, str]:
    """The nearest value up the tree."""
    at: Dataset | None = dataset
    while at is not None:
        for values, source in ((at.properties, "local"), (at.received, "received")):
            if name in values:
                return values[name], source if at is dataset else f"inherited from {at.name}"
        at = world.datasets.get(datasets.parent_of(at.name)) if inherits else None
    return "-", "default" if name in NATIVE else "-"


def shown(world: World, dataset: Dataset, name: str, exact: bool) -> str:
    """A property's value for people, or for scripts with -p."""
    value = property_of(world, dataset, name)[0]
    native = NATIVE.get(name)
    if exact:
        return "0" if value == "none" and native is not None and native.size else value
    if native is not None and native.size and value.isdigit():
        return human(int(value))
    if name == "creation":
        return time.strftime("%a %b %e %H:%M %Y", time.gmtime(int(value)))
    return value
