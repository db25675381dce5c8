"""Directories of the host that guests mount by virtio-9p."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Device, Guest, device
from hivewright.plan import Step


def lower_shares(guest: Guest) -> Iterator[Device]:
    """bhyve(8), virtio-9p."""
    for name, share in sorted(guest.vm.share.items()):
        words, keys = f"virtio-9p,{share.tag or name}={share.path}", [f"share.{name}.tag", f"share.{name}.path"]
        if share.readonly:
            words += ",ro"
            keys.append(f"share.{name}.readonly")
        yield device(guest, f"share.{name}", words, tuple(keys), f"virtio-9p {share.path}")


def prepare_shares(guest: Guest) -> Iterator[Step]:
    """The directories exist."""
    for name, share in sorted(guest.vm.share.items()):
        keys = (f"share.{name}.path", f"share.{name}.readonly")
        yield Step("share", (name, share.path, "ro" if share.readonly else "rw"), keys, f"share.{name}")
