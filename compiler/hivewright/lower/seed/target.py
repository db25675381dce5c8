"""Which of its disks an installer puts the guest on."""

from __future__ import annotations

from hivewright.lower.context import Guest
from hivewright.values import parse_pci_address


def target_of(guest: Guest) -> tuple[str | None, list[str]]:
    """The disk that it boots from, and the others that can be written to.

    That is the one of the lowest boot_index, else that of the first address.
    """
    able = [name for name, disk in guest.vm.disk.items() if not disk.readonly and disk.ram is None]
    if not able:
        return None, []
    target = min(able, key=lambda name: _rank(guest, name))
    return target, [name for name in able if name != target]


def _rank(guest: Guest, name: str) -> tuple[int, tuple[int, int, int], str]:
    disk = guest.vm.disk[name]
    place = guest.lock.slots.get(f"disk.{name}") or guest.lock.slots.get(f"controller.{disk.controller}") or "255:31:7"
    return (256 if disk.boot_index is None else disk.boot_index, parse_pci_address(place), name)
