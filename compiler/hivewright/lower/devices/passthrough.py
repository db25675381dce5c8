"""Devices of the host that a guest has for itself: PCI devices, and virtual functions that one of them makes."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Device, Guest, device, node_of
from hivewright.plan import Option, Provenance, Step
from hivewright.site.host_devices import virtual_functions
from hivewright.values import format_virtual_function


def lower_passthrough(guest: Guest) -> Iterator[Device]:
    """bhyve(8), passthru. The address of a virtual function is known to the host only: it is in the file of ``-k``."""
    for name, passed in sorted(guest.vm.passthrough.items()):
        if passed.vf is not None:
            continue
        selector = guest.host.device[passed.device].pci
        keys: Provenance = (f"passthrough.{name}.device", f"host:device.{passed.device}.pci")
        words = f"passthru,{selector}"
        if passed.rom is not None:
            words, keys = f"{words},rom={passed.rom}", (*keys, f"passthrough.{name}.rom")
        yield device(guest, f"passthrough.{name}", words, keys, f"passthru {selector}")
    for kind, name, function in virtual_functions(guest.vm):
        key = f"{kind}.{name}"
        yield device(guest, key, "passthru", (f"{key}.vf",), f"passthru {format_virtual_function(function)}")


def lower_functions(guest: Guest) -> Iterator[Option]:
    """Variables of virtual functions. They must follow all devices: -s refuses an address that has variables."""
    keys = tuple(f"{kind}.{name}.vf" for kind, name, _ in virtual_functions(guest.vm))
    if not keys:
        return
    for name, passed in sorted(guest.vm.passthrough.items()):
        key = f"passthrough.{name}"
        if passed.vf is not None and passed.rom is not None:
            yield Option(
                ("-o", f"{node_of(guest, key)}.rom={passed.rom}"), (f"{key}.rom", guest.slot_key(key)), f"{key}.rom"
            )
    yield Option(("-k", f"{RUN}/{guest.name}/devices"), (*keys, "rule:functions"), "vf")


def prepare_passthrough(guest: Guest) -> Iterator[Step]:
    """Reserved devices must exist; those that are bound at each start come later (``prepare_binds``)."""
    for name, passed in sorted(guest.vm.passthrough.items()):
        key = f"passthrough.{name}"
        if passed.vf is None and guest.host.device[passed.device].bind == "boot":
            keys: Provenance = (f"{key}.device", f"host:device.{passed.device}.pci")
            yield Step("passthrough", (name, guest.host.device[passed.device].pci), keys, key)
        if passed.rom is not None:
            yield Step("file", (f"ROM of {name}", passed.rom), (f"{key}.rom",), f"{key}.rom")
    for kind, name, (physical, number) in virtual_functions(guest.vm):
        key = f"{kind}.{name}"
        label = name if kind == "passthrough" else key
        words: tuple[str, ...] = (label, physical, str(number), node_of(guest, key))
        keys = (f"{key}.vf", guest.slot_key(key))
        pci_name = guest.host.sriov[physical].pci_name
        if pci_name is not None:
            words, keys = (*words, pci_name), (*keys, f"host:sriov.{physical}.pci_name")
        yield Step("vf", words, keys, key)


def prepare_binds(guest: Guest) -> Iterator[Step]:
    """Devices that their drivers have while no guest uses them."""
    for name, passed in sorted(guest.vm.passthrough.items()):
        if passed.vf is None and guest.host.device[passed.device].bind == "start":
            keys = (f"passthrough.{name}.device", *(f"host:device.{passed.device}.{key}" for key in ("pci", "bind")))
            yield Step("bind", (name, guest.host.device[passed.device].pci), keys, f"passthrough.{name}")


def passed_devices(guest: Guest) -> tuple[tuple[str, str], ...]:
    """Each device of the host that the guest has, and what it is, for people."""
    found = []
    for name, passed in sorted(guest.vm.passthrough.items()):
        if passed.vf is None:
            given = guest.host.device[passed.device]
            found.append((name, given.pci if given.bind == "boot" else f"{given.pci}, bound at each start"))
    for kind, name, (physical, number) in virtual_functions(guest.vm):
        found.append((name if kind == "passthrough" else f"nic {name}", f"virtual function {number} of {physical}"))
    return tuple(found)


def reserved_devices(guest: Guest) -> tuple[str, ...]:
    """The PCI devices that are taken from their drivers at boot."""
    devices = [guest.host.device[passed.device] for passed in guest.vm.passthrough.values() if passed.vf is None]
    return tuple(sorted(device.pci for device in devices if device.bind == "boot"))
