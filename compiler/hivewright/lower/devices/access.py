"""What a guest may do with a disk, and whether others may have it at the same time: a word of its step."""

from __future__ import annotations

from hivewright.model.disk import Disk
from hivewright.plan import Provenance


def access_of(name: str, disk: Disk) -> tuple[str, Provenance]:
    """``ro`` or ``rw``, ``shared-ro`` or ``shared`` where several guests may have it at once, and the keys of it."""
    if disk.shared:
        return "shared-ro" if disk.readonly else "shared", (f"disk.{name}.readonly", f"disk.{name}.shared")
    return "ro" if disk.readonly else "rw", (f"disk.{name}.readonly",)
