"""PCI addresses of a domain: those that it says, and those that libvirt's bhyve driver would give it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hivewright.importers.xml_text import Element
from hivewright.values import PciAddress

LPC_OF_LIBVIRT: PciAddress = (0, 1, 0)
"""The slot that libvirt's bhyve driver keeps for the LPC bridge."""
PORTS = 32
"""Disks of a SATA controller."""
CONSOLES = 16
"""Ports of a virtio-serial controller."""


@dataclass(slots=True)
class Controller:
    """A controller, which the domain names or which its devices need."""

    kind: str
    index: int
    element: Element | None = None
    address: PciAddress | None = None


def number(text: str) -> int:
    """A number of libvirt: decimal or with ``0x``. Raises ``ValueError``."""
    return int(text, 0)


def pci_address(element: Element | None) -> PciAddress | None:
    """``<address type='pci' …>``; none where it says none, or all zeroes, as libvirt does."""
    own = element.first("address") if element is not None else None
    if own is None or own.get("type") != "pci":
        return None
    own.get("multifunction")
    try:
        domain, bus, slot, function = (number(own.get(key, "0")) for key in ("domain", "bus", "slot", "function"))
    except ValueError:
        raise own.fault("its address has a part that is no number") from None
    if domain or bus > 255 or slot > 31 or function > 7:
        raise own.fault("bhyve has one domain, buses up to 255, slots up to 31 and functions up to 7")
    return None if (bus, slot) == (0, 0) else (bus, slot, function)


class Places:
    """Slots that are taken. As libvirt does it, a device that says no address gets the lowest slot that is free."""

    def __init__(self) -> None:
        self._taken: dict[PciAddress, Element] = {}

    def take(self, address: PciAddress, element: Element) -> None:
        other = self._taken.get(address)
        if other is not None:
            bus, slot, function = address
            raise element.fault(f"its address {bus}:{slot}:{function} is that of <{other.name}> at {other.place} too")
        self._taken[address] = element

    def holds(self, slot: int) -> bool:
        return any(taken[:2] == (0, slot) for taken in self._taken)

    def next(self, element: Element) -> PciAddress:
        free = next((slot for slot in range(1, 32) if not self.holds(slot)), None)
        if free is None:
            raise element.fault("there is no free slot for it: the domain has more than 31 PCI devices")
        self.take((0, free, 0), element)
        return 0, free, 0


def disk_index(disk: Element) -> tuple[str, int, int]:
    """The bus of a disk, the number of its controller by its name, and its number on that: ``sdb`` is 1."""
    name = disk.at("target", "dev")
    bus = disk.at("target", "bus") or _bus_of(name)
    match = re.fullmatch("nvme([0-9]+)n([0-9]+)", name)
    if match is not None:
        return bus, int(match[1]), int(match[2]) - 1
    match = re.fullmatch("(?:hd|sd|vd|xvd|fd|ubd)([a-z]{1,3})[0-9]*", name)
    if match is None:
        raise disk.fault(f'its target is called "{name}", which libvirt does not take either')
    index = 0
    for letter in match[1]:
        index = index * 26 + ord(letter) - ord("a") + 1
    return bus, (index - 1) // PORTS, index - 1


def _bus_of(name: str) -> str:
    """As libvirt guesses a bus from the name of a target."""
    return {"hd": "ide", "sd": "scsi", "vd": "virtio", "xv": "xen", "fd": "fdc", "nv": "nvme"}.get(name[:2], "")


def controller_of(disk: Element) -> tuple[str, int]:
    """The controller that a disk is on."""
    bus, guessed, _ = disk_index(disk)
    address = disk.first("address")
    if address is not None and address.get("type") == "drive":
        for part in ("bus", "target", "unit"):
            address.get(part)
        return bus, number(address.get("controller", "0"))
    return bus, guessed if bus in ("sata", "nvme") else 0


def sorted_disks(disks: Iterable[Element]) -> list[Element]:
    """In the order of libvirt: those of one bus together, by their names."""
    groups: dict[str, list[tuple[int, int, Element]]] = {}
    for disk in disks:
        bus, own, index = disk_index(disk)
        groups.setdefault(bus, []).append((own, index, disk))
    return [disk for group in groups.values() for _, _, disk in sorted(group, key=lambda entry: entry[:2])]


def add_controller(controllers: list[Controller], new: Controller) -> None:
    """Where libvirt puts it: behind those of its kind with lower numbers, else at the end."""
    if any((each.kind, each.index) == (new.kind, new.index) for each in controllers):
        return
    place = None
    for position, each in enumerate(controllers):
        if each.kind == new.kind and each.index > new.index:
            place = position
            break
        if each.kind == new.kind:
            place = position + 1
    controllers.insert(len(controllers) if place is None else place, new)


def read_controllers(elements: Iterable[Element]) -> list[Controller]:
    """The controllers that a domain names."""
    found: list[Controller] = []
    for element in elements:
        kind = element.get("type")
        text = element.get("index")
        own = sum(each.kind == kind for each in found)
        add_controller(found, Controller(kind, int(text) if text.isdecimal() else own, element))
    return found
