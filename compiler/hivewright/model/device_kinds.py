"""The kinds of devices of a VM, one row each: what treats devices alike takes its list from here.

What the models say is taken from them: whether a kind is a table of tables by name, whether ``true`` stands for it, and
which keys it has (``slot``, ``boot_index``, ``vf``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from hivewright.model.base import Switch, Table
from hivewright.model.vm import Vm
from hivewright.values import PciAddress

PASSTHRU = "passthru"
"""What bhyve calls a device of the host that a guest has for itself."""

SAVED = ("virtio-blk", "ahci-hd", "ahci-cd", "ahci", "virtio-net", "e1000", "virtio-rnd", "fbuf")
"""The emulations that bhyve saves to a checkpoint, which fails or is not whole with any other device."""

HOSTBRIDGE = (0, 0, 0)
FRAMEBUFFER = (0, 29, 0)
TABLET = (0, 30, 0)
LPC = (0, 31, 0)
"""PCI addresses that are kept: all but the framebuffer's never change."""


def lpc_address(vm: Vm) -> PciAddress:
    """Where the LPC bridge of a VM is."""
    return LPC if vm.machine.lpc_slot is None else (0, vm.machine.lpc_slot, 0)


def has_screen_tablet(vm: Vm) -> bool:
    """Whether the screen of a VM has a tablet, which its own would take the place of."""
    return vm.vnc is not None and vm.vnc.tablet and vm.tablet is None


def tablet_address(vm: Vm) -> PciAddress | None:
    """Where the tablet of the screen is, if there is one."""
    if vm.vnc is None or not has_screen_tablet(vm):
        return None
    return vm.vnc.tablet_slot or TABLET


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """One kind of device."""

    key: str
    """Its table in a VM. AHCI controllers, which disks and drives name, are there without it."""
    lock: str
    """The name of its addresses in the lock, before that of the device; none for what is no PCI device."""
    emulations: tuple[str, ...]
    """What bhyve calls it (bhyve(8), -s): the first, unless ``chosen_by`` or ``vf`` of the device says otherwise."""
    chosen_by: str = ""
    """The key that names the emulation."""
    of_host: tuple[str, str] | None = None
    """What it has of the host it is on and every other would have to have as well: a word for it, and the key."""
    together: bool = False
    """Whether all of a VM are one PCI device."""
    named: bool = False
    """Whether a VM has any number of them, by name."""
    switch: bool = False
    """Whether ``true`` and ``false`` switch it on and off."""
    keys: frozenset[str] = frozenset()
    """The keys of its table."""

    @property
    def is_many(self) -> bool:
        """Whether the lock has an address for each name."""
        return self.named and not self.together

    def devices(self, vm: Vm) -> list[tuple[str, Any]]:
        """The devices of this kind, by name; a single one has none."""
        found = getattr(vm, self.key, None)
        if not found:
            return []
        if not self.named:
            return [("", found)]
        return [*found.items()] if len(found) < 2 else sorted(found.items())

    def lock_names(self, vm: Vm) -> list[str]:
        """Under which names the lock keeps the addresses of the devices of this kind."""
        found = getattr(vm, self.key, None)
        if not found or not self.lock:
            return []
        if not self.is_many:
            return [self.lock]
        if "controller" in self.keys:
            return [f"{self.lock}.{name}" for name in sorted(found) if found[name].controller is None]
        return [f"{self.lock}.{name}" for name in sorted(found)]

    def path(self, name: str) -> tuple[str, ...]:
        """The key path of a device below its VM."""
        return (self.key, name) if name else (self.key,)

    def emulation(self, device: Any) -> str:
        """What bhyve calls a device of this kind."""
        if "vf" in self.keys and device.vf is not None:
            return PASSTHRU
        return getattr(device, self.chosen_by) if self.chosen_by else self.emulations[0]


def _kind(key: str, lock: str, *emulations: str, **facts: Any) -> DeviceKind:
    field = Vm.model_fields[key]
    named = get_origin(field.annotation) is dict
    table = next(each for each in get_args(field.annotation) if isinstance(each, type) and issubclass(each, Table))
    return DeviceKind(
        *(key, lock, emulations),
        named=named,
        switch=Switch in field.metadata,
        keys=frozenset(table.model_fields),
        **facts,
    )


CHANNELS = "channels"
"""What the lock calls the one device of all channels, whose address ``machine.channel_slot`` says."""
CONTROLLER = _kind("controller", "controller", "ahci")

DEVICES = (
    _kind("cd", "cd", "ahci-cd"),
    CONTROLLER,
    _kind("disk", "disk", "virtio-blk", "ahci-hd", "nvme", "virtio-scsi", chosen_by="bus"),
    _kind("vnc", "fbuf", "fbuf"),
    _kind("nic", "nic", "virtio-net", "e1000", PASSTHRU, chosen_by="model"),
    _kind("passthrough", "passthrough", PASSTHRU),
    _kind("rng", "rng", "virtio-rnd"),
    _kind("cloud_init", "seed", "ahci-cd"),
    _kind("channel", CHANNELS, "virtio-console", together=True),
    _kind("input", "input", "virtio-input", of_host=("device", "device")),
    _kind("sound", "sound", "hda"),
    _kind("share", "share", "virtio-9p", of_host=("directory", "path")),
    _kind("agent", "agent", "virtio-console"),
    _kind("tablet", "tablet", "xhci"),
    _kind("tpm", "", "tpm"),
)
"""All kinds, in the order in which the devices of a VM first get their addresses."""

KINDS: Mapping[str, DeviceKind] = {kind.key: kind for kind in DEVICES}
"""The kinds that have a table of their own, by its name."""

SWITCHES = frozenset(kind.key for kind in DEVICES if kind.switch)
"""Tables that ``true`` and ``false`` switch on and off."""


def with_key(key: str) -> tuple[DeviceKind, ...]:
    """The kinds whose table has a key, such as ``slot``."""
    return tuple(kind for kind in DEVICES if key in kind.keys)


SLOTTED, BOOTABLE, FUNCTIONS = with_key("slot"), with_key("boot_index"), with_key("vf")
"""Those that may have a fixed address, a place in the boot order, or be a virtual function of the host."""


def has_boot_order(vm: Vm) -> bool:
    """Whether any device of a VM has a place in the order in which the firmware tries them."""
    return any(device.boot_index is not None for kind in BOOTABLE for _, device in kind.devices(vm))
