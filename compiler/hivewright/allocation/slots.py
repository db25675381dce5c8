"""PCI addresses of the devices of one VM: those in a lock stay, new devices get the best free address.

bhyve(8) takes bus 0 to 255, slot 0 to 31 and function 0 to 7. Slots 0 and 29 to 31 of bus 0 are kept for the host
bridge, the framebuffer, the USB tablet and the LPC bridge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hivewright.allocation.first_order import in_first_order
from hivewright.allocation.lock import lock_file
from hivewright.bhyve.options import slots_of
from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.device_kinds import (
    CHANNELS,
    CONTROLLER,
    DEVICES,
    FRAMEBUFFER,
    HOSTBRIDGE,
    LPC,
    SLOTTED,
    TABLET,
    has_screen_tablet,
    lpc_address,
    tablet_address,
    with_key,
)
from hivewright.model.vm import Vm
from hivewright.site import Site
from hivewright.values import PciAddress, format_pci_address, parse_pci_address

_RESERVED = frozenset((HOSTBRIDGE, FRAMEBUFFER, TABLET, LPC))
_SLOTS = range(3, 29)
_ON_CONTROLLERS = with_key("controller")
_BY_LOCK = {kind.lock: kind for kind in DEVICES}


def device_keys(vm: Vm) -> list[str]:
    """The devices of a VM that have an address of their own, by kind and name."""
    keys: list[str] = []
    for kind in DEVICES:
        keys += kind.lock_names(vm) if kind is not CONTROLLER else _controller_keys(vm)
    return keys


def _controller_keys(vm: Vm) -> list[str]:
    return [f"{CONTROLLER.lock}.{name}" for name in sorted(controllers(vm))]


def controllers(vm: Vm) -> dict[str, list[str]]:
    """AHCI controllers with several ports -> the disks and drives on them, both by name."""
    found: dict[str, list[str]] = {}
    for kind in _ON_CONTROLLERS:
        for name, device in getattr(vm, kind.key).items():
            if device.controller is not None:
                found.setdefault(device.controller, []).append(f"{kind.lock}.{name}")
    return found


def allocate_ports(site: Site, name: str, vm: Vm, old: Mapping[str, str]) -> Mapping[str, str]:
    """``CONTROLLER:PORT`` of each disk and drive on a controller; removed ones keep theirs."""
    on_controllers = controllers(vm)
    if not on_controllers:
        return old
    ports = dict(old)
    for controller, members in on_controllers.items():
        for key in in_first_order(site, name, members):
            if ports.get(key, "").partition(":")[0] == controller:
                continue
            taken = set(ports.values())
            ports[key] = next(
                f"{controller}:{port}" for port in range(len(taken) + 1) if f"{controller}:{port}" not in taken
            )
    return ports


Usual = dict[tuple[str, ...], Mapping[str, str]]
"""Device keys of VMs without a lock and without explicit addresses -> their addresses, which are always the same."""


def allocate_slots(
    site: Site, name: str, vm: Vm, old: Mapping[str, str], usual: Usual, diagnostics: list[Diagnostic]
) -> Mapping[str, str]:
    """Addresses of all devices of a VM, removed ones included; ``old`` itself when nothing is new.

    Conflicts are appended to ``diagnostics``.
    """
    keys = device_keys(vm)
    explicit = _explicit_slots(vm)
    plain = not explicit and not vm.extra_args and not _kept(vm)
    if plain and old and all(old.get(key, "").endswith(":0") for key in keys):
        return old
    if not old.keys() >= {*keys} and len({key.partition(".")[0] for key in keys}) < len(keys):
        keys = in_first_order(site, name, keys)
    if plain and not old and tuple(keys) in usual:
        return usual[tuple(keys)]
    faults = len(diagnostics)
    slots = old
    if not plain or any(key not in old for key in keys):
        addresses = {key: parse_pci_address(address) for key, address in old.items()}
        chooser = _Chooser(site, name, vm, set(keys), addresses | explicit, diagnostics)
        chooser.settle(explicit)
        chooser.place([key for key in keys if key not in chooser.addresses])
        slots = {key: format_pci_address(chooser.addresses[key]) for key in sorted(chooser.addresses)}
    used = {key: parse_pci_address(slots[key]) for key in keys if key in slots}
    diagnostics += _hidden(site, name, used, explicit)
    if plain and not old and len(diagnostics) == faults:
        usual[tuple(keys)] = slots
    return old if slots == old else slots


def _explicit_slots(vm: Vm) -> dict[str, PciAddress]:
    explicit: dict[str, PciAddress] = {}
    for kind in SLOTTED:
        found = getattr(vm, kind.key)
        if not found:
            continue
        if not kind.named:
            if found.slot is not None:
                explicit[kind.lock] = found.slot
            continue
        for name, device in found.items():
            if device.slot is not None and (kind is not CONTROLLER or name in controllers(vm)):
                explicit[f"{kind.lock}.{name}"] = device.slot
    if vm.channel and vm.machine.channel_slot is not None:
        explicit[CHANNELS] = vm.machine.channel_slot
    return explicit


def _kept(vm: Vm) -> dict[PciAddress, tuple[str, ...]]:
    """Addresses of the bridge and the tablet that the VM itself says, with the keys; no lock has them."""
    kept: dict[PciAddress, tuple[str, ...]] = {}
    if vm.machine.lpc_slot is not None:
        kept[lpc_address(vm)] = ("machine", "lpc_slot")
    if vm.vnc is not None and has_screen_tablet(vm) and vm.vnc.tablet_slot is not None:
        kept[vm.vnc.tablet_slot] = ("vnc", "tablet_slot")
    return kept


def slot_keys(vm: Vm) -> dict[str, str]:
    """The devices whose address the VM itself says -> the key by which it does: ``fbuf`` -> ``vnc.slot``."""
    return {key: ".".join(_slot_path("", key)[2:]) for key in _explicit_slots(vm)}


def _slot_path(vm: str, device: str) -> tuple[str, ...]:
    """The key that says the address of a device."""
    return ("vm", vm, "machine", "channel_slot") if device == CHANNELS else (*_path_of(vm, device), "slot")


def _path_of(vm: str, device: str) -> tuple[str, ...]:
    """The key path of a device by its name in the lock: ``disk.root`` -> ``("vm", "web1", "disk", "root")``."""
    lock, _, name = device.partition(".")
    kind = _BY_LOCK[lock]
    return ("vm", vm, *kind.path(name))


class _Chooser:
    """The addresses of one VM while they are chosen: of present (live) and of removed devices."""

    def __init__(
        self,
        site: Site,
        name: str,
        vm: Vm,
        live: set[str],
        addresses: dict[str, PciAddress],
        diagnostics: list[Diagnostic],
    ) -> None:
        self._site = site
        self._name = name
        self._vm = vm
        self._live = live
        self.addresses = addresses
        self._taken: dict[PciAddress, str] = {}
        self._outside: set[PciAddress] = set()
        self._diagnostics = diagnostics

    def settle(self, explicit: Mapping[str, PciAddress]) -> None:
        """Decide which device has which address. An explicit address overrides only that of a removed device.

        Rules report two equal explicit addresses.
        """
        for key in sorted(self.addresses, key=lambda key: (key not in explicit, key)):
            address = self.addresses[key]
            holder = self._taken.setdefault(address, key)
            if holder == key:
                continue
            if key not in self._live:
                del self.addresses[key]
            elif key not in explicit:
                message = f"the PCI address {format_pci_address(address)} of {self._name} is already allocated to {key}"
                self._report("LOCK005", message, _slot_path(self._name, holder), key)
        for address, path in _kept(self._vm).items():
            holder = self._taken.get(address, "")
            if holder in self._live and holder not in explicit:
                where = format_pci_address(address)
                message = f"the PCI address {where} of {self._name} is already allocated to {holder}"
                self._report("LOCK005", message, ("vm", self._name, *path), holder)
            self._outside.add(address)
        self._settle_extra_args()

    def _settle_extra_args(self) -> None:
        """The addresses of ``-s`` options in extra_args; bhyve(8) exits when an address is used twice."""
        if not self._vm.extra_args:
            return
        taken = {lpc_address(self._vm): "the LPC bridge"}
        if self._vm.machine.hostbridge != "none":
            taken[HOSTBRIDGE] = "the host bridge"
        if (tablet := tablet_address(self._vm)) is not None:
            taken[tablet] = "the USB tablet"
        taken.update((address, key) for key, address in self.addresses.items() if key in self._live)
        for address, index in slots_of(self._vm.extra_args):
            if address in taken:
                message = (
                    f"extra_args of {self._name} puts a device at the PCI address {format_pci_address(address)}, "
                    f"which {taken[address]} has"
                )
                self._report("LOCK008", message, ("vm", self._name, "extra_args", index))
            taken[address] = "another -s of extra_args"
            self._outside.add(address)

    def _report(self, code: str, message: str, path: tuple[str | int, ...], locked: str = "") -> None:
        also = (Place(lock_file(self._name), ("slots", locked)),) if locked else ()
        help_text = "choose an address that nothing uses; those from slot 3 to 28 are for devices"
        self._diagnostics.append(Diagnostic(code, message, self._site.place(*path), help_text, also))

    def place(self, keys: list[str]) -> None:
        """Choose an address for each of these devices."""
        free = self._free()
        for key in keys:
            if key == "fbuf" and FRAMEBUFFER not in self._taken and FRAMEBUFFER not in self._outside:
                address: PciAddress | None = FRAMEBUFFER
            else:
                address = next(free, None)
            if address is None:
                self._diagnostics.append(
                    Diagnostic(
                        "LOCK006",
                        f"no PCI address of bus 0 is free for {key} of {self._name}",
                        self._site.place(*_path_of(self._name, key), part="table"),
                        'remove devices that are not needed, or give some an address elsewhere, as in slot = "1:0:0"',
                    )
                )
                continue
            self.addresses[key] = address
            self._taken[address] = key

    def _free(self) -> Iterator[PciAddress]:
        """Free addresses, best first: function 0 of a slot, other functions, addresses of removed devices."""
        blocked = _RESERVED | self._outside
        for slot in _SLOTS:
            if (0, slot, 0) not in self._taken and (0, slot, 0) not in blocked:
                yield 0, slot, 0
        for slot in _SLOTS:
            # A guest probes the other functions of a slot only if function 0 exists.
            if self._taken.get((0, slot, 0)) in self._live:
                for function in range(1, 8):
                    if (0, slot, function) not in self._taken and (0, slot, function) not in blocked:
                        yield 0, slot, function
        gone = sorted((address, key) for key, address in self.addresses.items() if key not in self._live)
        for address, key in gone:
            bus, slot, function = address
            if bus == 0 and slot in _SLOTS and address not in blocked:
                if function and self._taken.get((0, slot, 0)) not in self._live:
                    continue
                del self.addresses[key]
                yield address


def _hidden(
    site: Site, name: str, used: Mapping[str, PciAddress], explicit: Mapping[str, PciAddress]
) -> Iterator[Diagnostic]:
    """Devices that the guest cannot find because their slot has no function 0 (explicit addresses: see the rules)."""
    functions = {key: address for key, address in used.items() if address[2] and key not in explicit}
    if not functions:
        return
    from hivewright.bhyve.releases import features  # few have functions, and it is much to load

    occupied = {*used.values(), tablet_address(site.vms[name])}
    if site.vms[name].machine.hostbridge != "none":
        occupied.add(HOSTBRIDGE)
    hosts = [site.hosts[host] for host in site.hosts_of(site.vms[name]) if host in site.hosts]
    if any(features(host.freebsd, host.arch).pc for host in hosts):
        occupied.add(lpc_address(site.vms[name]))
    for key, (bus, slot, function) in functions.items():
        if (bus, slot, 0) not in occupied:
            yield Diagnostic(
                "LOCK007",
                f"{key} of {name} is function {function} of PCI slot {slot} on bus {bus}, which has no function 0 any "
                "more; the guest will not find it",
                site.place(*_path_of(name, key), part="table"),
                f'give it that place: slot = "{bus}:{slot}:0"',
                (Place(lock_file(name), ("slots", key)),),
            )
