"""What the modules of lowering share: the guest that is lowered, and its devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hivewright.allocation.lock import Lock
from hivewright.bhyve.releases import Features
from hivewright.diagnostics import Diagnostic
from hivewright.model.host import Host
from hivewright.model.vm import Vm
from hivewright.plan import HostPlan, Option, Provenance
from hivewright.site import Site
from hivewright.values import PciAddress, parse_pci_address

RUN = "/var/run/hivewright"
"""Where run-time state is kept, one directory for each VM."""

STATE = "/var/db/hivewright"
"""Where state that outlives a boot is kept, one directory for each VM."""


class Lowered(NamedTuple):
    """Plans of hosts, sorted by name, and diagnostics of lowering."""

    plans: tuple[HostPlan, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One VM on one host."""

    site: Site
    host_name: str
    host: Host
    features: Features
    name: str
    vm: Vm
    lock: Lock
    fixed: Mapping[str, str]
    """The devices whose address the VM itself says, by their names in the lock -> the key by which it does."""

    @property
    def first_name(self) -> str:
        """What the guest reads and remembers follows from this name, also after it was renamed."""
        return self.lock.name or self.name

    def slot_key(self, device: str) -> str:
        """Where the address of a device is from: a key of the VM, or the lock."""
        return self.fixed.get(device) or f"lock:slots.{device}"


def uuid_of(guest: Guest) -> tuple[str, Provenance]:
    """What tells a guest from all others, also from another one of its name, and where that is from."""
    return (guest.vm.uuid, ("uuid",)) if guest.vm.uuid is not None else (guest.lock.uuid, ("lock:uuid", "rule:uuid"))


class Device(NamedTuple):
    """A PCI device of a guest: where it is, the option that makes it, and a description for people."""

    address: PciAddress
    option: Option
    description: str


def device(guest: Guest, key: str, words: str, keys: Provenance, description: str) -> Device:
    """A device with the name ``key`` in the lock; ``words`` follow the address."""
    slot = guest.lock.slots[key]
    bus, number, function = slot.split(":")
    option = Option(("-s", f"{slot},{words}"), (*keys, guest.slot_key(key)), key)
    return Device((int(bus), int(number), int(function)), option, f"{key} {description}")


def fixed_device(address: PciAddress, words: str, keys: Provenance) -> Device:
    """A device that always has the same address."""
    bus, number, function = address
    emulation = words.partition(",")[0]
    return Device(address, Option(("-s", f"{bus}:{number}:{function},{words}"), keys, emulation), emulation)


def console_path(guest: Guest, port: str) -> str:
    """The nmdm(4) device without its end: bhyve opens A, people open B."""
    return f"/dev/{guest.lock.consoles[port]}"


def node_of(guest: Guest, key: str) -> str:
    """The configuration node of a device: ``pci.0.29.0`` (bhyve_config(5))."""
    bus, slot, function = parse_pci_address(guest.lock.slots[key])
    return f"pci.{bus}.{slot}.{function}"
