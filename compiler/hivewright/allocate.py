"""Allocation: PCI slots, MAC addresses, UUIDs, VNC ports, tap and console names, given by name and kept in locks.

A number that a lock holds never changes. What is new takes the lowest number that nothing holds: neither a VM of the
site nor a lock, also one of a VM or device that is gone. VMs are served in the order of their names, so the order of
tables does not matter; everything is linear in the number of devices.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hivewright.extra_args import slots_of
from hivewright.lock import Lock, lock_file
from hivewright.model.vm import Vm
from hivewright.report import Diagnostic, Place
from hivewright.site import Site
from hivewright.units import PciAddress, format_pci_address, parse_pci_address

HOSTBRIDGE: PciAddress = (0, 0, 0)
FRAMEBUFFER: PciAddress = (0, 29, 0)
TABLET: PciAddress = (0, 30, 0)
LPC: PciAddress = (0, 31, 0)

_RESERVED = frozenset((HOSTBRIDGE, FRAMEBUFFER, TABLET, LPC))
_SLOTS = range(3, 29)
_FIRST_PORT = 5900
_INTERFACE_LENGTH = 15


@dataclass(frozen=True, slots=True)
class Allocation:
    """A lock for every VM of the site, and the locks of VMs that left, unchanged; sorted by VM."""

    locks: Mapping[str, Lock]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(slots=True)
class _Pool:
    """What is taken across the site: value -> who has it."""

    macs: dict[str, tuple[str, str]] = field(default_factory=dict)
    taps: dict[str, tuple[str, str]] = field(default_factory=dict)
    ports: dict[int, tuple[str, str]] = field(default_factory=dict)
    next_port: int = _FIRST_PORT
    diagnostics: list[Diagnostic] = field(default_factory=list)


def allocate(site: Site, locks: Mapping[str, Lock]) -> Allocation:
    """A lock for every VM. ``locks`` are those of earlier builds; one to which nothing is added stays the same."""
    pool = _Pool()
    for name in sorted(locks):
        _take_lock(pool, name, locks[name])
    for name, vm in site.vms.items():
        _take_explicit(site, pool, name, vm)
    result = dict(locks)
    for name in sorted(site.vms):
        result[name] = _allocate_vm(site, pool, name, site.vms[name], locks.get(name))
    return Allocation({name: result[name] for name in sorted(result)}, tuple(pool.diagnostics))


def device_keys(vm: Vm) -> list[str]:
    """The devices of a VM that have an address of their own, in the order in which they first get one."""
    keys = [f"cd.{name}" for name in sorted(vm.cd)]
    keys += [f"disk.{name}" for name in sorted(vm.disk)]
    if vm.vnc is not None:
        keys.append("fbuf")
    keys += [f"nic.{name}" for name in sorted(vm.nic)]
    keys += [f"passthrough.{name}" for name in sorted(vm.passthrough)]
    if vm.rng is not None:
        keys.append("rng")
    if vm.cloud_init is not None:
        keys.append("seed")
    return keys


def _take_lock(pool: _Pool, vm: str, lock: Lock) -> None:
    """Reserve what a lock holds; two locks with the same number come from branches that were merged."""
    holders: Iterator[tuple[dict[str, tuple[str, str]], str, str, str]] = iter(
        [(pool.macs, "macs", nic, mac) for nic, mac in lock.macs.items()]
        + [(pool.taps, "taps", nic, tap) for nic, tap in lock.taps.items()]
    )
    for table, kind, nic, value in holders:
        other = table.setdefault(value, (vm, nic))
        if other != (vm, nic):
            _twice(pool, (kind, nic), (kind, other[1]), value, vm, other[0])
    if lock.vnc is not None:
        other = pool.ports.setdefault(lock.vnc, (vm, ""))
        if other[0] != vm:
            _twice(pool, ("vnc",), ("vnc",), str(lock.vnc), vm, other[0])


def _twice(pool: _Pool, path: tuple[str, ...], other_path: tuple[str, ...], value: str, vm: str, other: str) -> None:
    pool.diagnostics.append(
        Diagnostic(
            "LOCK004",
            f"the locks of {other} and {vm} both hold {value}",
            Place(lock_file(vm), path),
            "delete the line from the lock of the VM that was never started; it then gets another number",
            (Place(lock_file(other), other_path),),
        )
    )


def _take_explicit(site: Site, pool: _Pool, name: str, vm: Vm) -> None:
    """Reserve what the site gives explicitly; it must not be what a lock holds for something else."""
    for nic_name, nic in vm.nic.items():
        for table, key, value in ((pool.macs, "mac", nic.mac), (pool.taps, "tap", nic.tap)):
            if value is not None:
                holder = table.setdefault(value, (name, nic_name))
                if holder != (name, nic_name) and not _is_explicit(site, holder, key):
                    path = ("vm", name, "nic", nic_name, key)
                    _held(site, pool, path, value, holder[0], (f"{key}s", holder[1]))
    if vm.vnc is not None and isinstance(vm.vnc.port, int):
        holder = pool.ports.setdefault(vm.vnc.port, (name, ""))
        if holder[0] != name and not _is_explicit(site, holder, "vnc") and _may_meet(site, name, holder[0]):
            _held(site, pool, ("vm", name, "vnc", "port"), str(vm.vnc.port), holder[0], ("vnc",))


def _is_explicit(site: Site, holder: tuple[str, str], key: str) -> bool:
    """Whether the site itself sets what ``holder`` has, so that its lock does not count (and a rule reports it)."""
    vm = site.vms.get(holder[0])
    if vm is None:
        return False
    if key == "vnc":
        return vm.vnc is not None and vm.vnc.port != "auto"
    nic = vm.nic.get(holder[1])
    return nic is not None and getattr(nic, key) is not None


def _may_meet(site: Site, name: str, other: str) -> bool:
    """Whether two VMs can run on one host; of a VM that is gone nobody knows."""
    vm = site.vms.get(other)
    return vm is None or not set(site.hosts_of(vm)).isdisjoint(site.hosts_of(site.vms[name]))


def _held(site: Site, pool: _Pool, path: tuple[str, ...], value: str, other: str, lock_path: tuple[str, ...]) -> None:
    gone = "" if other in site.vms else ", which is no longer in the site"
    pool.diagnostics.append(
        Diagnostic(
            "LOCK005",
            f"{value} is already allocated to {other}{gone}",
            site.place(*path),
            f"choose another value, or delete the line from {lock_file(other)} if nothing uses it any more",
            (Place(lock_file(other), lock_path),),
        )
    )


def _allocate_vm(site: Site, pool: _Pool, name: str, vm: Vm, old: Lock | None) -> Lock:
    slots = _allocate_slots(site, pool, name, vm, old.slots if old is not None else {})
    macs = dict(old.macs) if old is not None else {}
    taps = dict(old.taps) if old is not None else {}
    for nic_name in sorted(vm.nic):
        nic = vm.nic[nic_name]
        if nic.mac is None and nic_name not in macs:
            candidates: Iterable[str] = _mac_candidates(site, name, nic_name)
            macs[nic_name] = _first_free(pool.macs, candidates, (name, nic_name))
        if nic.tap is None and nic_name not in taps:
            taps[nic_name] = _first_free(pool.taps, _tap_candidates(name, nic_name), (name, nic_name))
    consoles = dict(old.consoles) if old is not None else {}
    for port in vm.serial:
        consoles.setdefault(port, f"nmdm-{name}.{port[3:]}")
    vnc = old.vnc if old is not None else None
    if vnc is None and vm.vnc is not None and vm.vnc.port == "auto":
        vnc = _free_port(site, pool, name)
    lock = Lock(old.uuid if old is not None else _new_uuid(site, name), vnc, slots, macs, taps, consoles)
    return old if old is not None and old == lock else lock


def _new_uuid(site: Site, vm: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{vm}.{site.table.name}.hivewright"))


def _first_free(table: dict[str, tuple[str, str]], candidates: Iterable[str], owner: tuple[str, str]) -> str:
    value = next(candidate for candidate in candidates if candidate not in table)
    table[value] = owner
    return value


def _mac_candidates(site: Site, vm: str, nic: str) -> Iterator[str]:
    """MAC addresses for a NIC, the same in every build; a further one only when the one before is taken."""
    attempt = 0
    while True:
        salt = f"/{attempt}" if attempt else ""
        digits = hashlib.sha256(f"{site.table.name}/{vm}/{nic}{salt}".encode()).hexdigest()
        yield f"{site.table.mac_prefix}:{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"
        attempt += 1


def _tap_candidates(vm: str, nic: str) -> Iterator[str]:
    """Interface names of at most 15 characters; the prefix tap lets bhyve(8) see what kind they are."""
    plain = f"tap-{vm}-{nic}"
    if len(plain) <= _INTERFACE_LENGTH:
        yield plain
    attempt = 0
    while True:
        salt = f"/{attempt}" if attempt else ""
        digits = hashlib.sha256(f"{vm}/{nic}{salt}".encode()).hexdigest()
        yield f"tap-{vm[:4].rstrip('-')}-{digits[:6]}"
        attempt += 1


def _free_port(site: Site, pool: _Pool, name: str) -> int | None:
    """The lowest free VNC port of the site, so that a VM can move to any host; None (and a diagnostic) if none is."""
    while pool.next_port in pool.ports:
        pool.next_port += 1
    if pool.next_port > 65535:
        _exhausted(site, pool, ("vm", name, "vnc"), "no VNC port from 5900 to 65535 is free")
        return None
    pool.ports[pool.next_port] = (name, "")
    return pool.next_port


def _exhausted(site: Site, pool: _Pool, path: tuple[str, ...], message: str) -> None:
    help_text = "remove devices that are not needed, or give some an explicit address beyond bus 0, slot = \"1:0:0\""
    if path[-1] == "vnc":
        help_text = "give the VM an explicit port, or delete locks of VMs that are gone for good"
    pool.diagnostics.append(Diagnostic("LOCK006", message, site.place(*path, part="table"), help_text))


def _explicit_slots(vm: Vm) -> dict[str, PciAddress]:
    groups = (("cd", vm.cd), ("disk", vm.disk), ("nic", vm.nic), ("passthrough", vm.passthrough))
    explicit = {
        f"{kind}.{name}": device.slot
        for kind, devices in groups
        for name, device in devices.items()
        if device.slot is not None
    }
    for key, device in (("fbuf", vm.vnc), ("rng", vm.rng)):
        if device is not None and device.slot is not None:
            explicit[key] = device.slot
    return explicit


def _path_of(vm: str, device: str) -> tuple[str, ...]:
    """The key path of a device key: ``disk.root`` -> ``("vm", "web1", "disk", "root")``."""
    return ("vm", vm, *{"fbuf": ("vnc",), "seed": ("cloud_init",)}.get(device, tuple(device.split("."))))


def _allocate_slots(site: Site, pool: _Pool, name: str, vm: Vm, old: Mapping[str, str]) -> Mapping[str, str]:
    """Addresses of all devices of a VM, those that are gone included; ``old`` itself when nothing is new."""
    keys = device_keys(vm)
    explicit = _explicit_slots(vm)
    if not explicit and not vm.extra_args and all(key in old for key in keys):
        _check_functions(site, pool, name, [(key, parse_pci_address(old[key])) for key in keys])
        return old
    live = set(keys)
    addresses = {key: parse_pci_address(address) for key, address in old.items()}
    addresses.update(explicit)
    taken = _settle_explicit(site, pool, name, addresses, explicit, live)
    outside = slots_of(vm.extra_args) if vm.extra_args else set()
    blocked = _RESERVED | outside
    new = [key for key in keys if key not in addresses]
    if new:
        free = _free_addresses(addresses, taken, blocked, live)
        for key in new:
            if key == "fbuf" and FRAMEBUFFER not in taken and FRAMEBUFFER not in outside:
                address: PciAddress | None = FRAMEBUFFER
            else:
                address = next(free, None)
            if address is None:
                _exhausted(site, pool, _path_of(name, key), f"{name} has no free PCI address left for {key}")
                continue
            addresses[key] = address
            taken[address] = key
    _check_functions(site, pool, name, [(key, addresses[key]) for key in keys if key in addresses])
    return {key: format_pci_address(addresses[key]) for key in sorted(addresses)}


def _settle_explicit(
    site: Site,
    pool: _Pool,
    name: str,
    addresses: dict[str, PciAddress],
    explicit: Mapping[str, PciAddress],
    live: set[str],
) -> dict[PciAddress, str]:
    """Who has which address. An explicit one ends the claim of a device that is gone, but of no other.

    Two that are both explicit are reported by the rules.
    """
    taken: dict[PciAddress, str] = {}
    for key in sorted(addresses, key=lambda key: (key not in explicit, key)):
        address = addresses[key]
        holder = taken.setdefault(address, key)
        if holder != key:
            if key in live and key not in explicit:
                _collision(site, pool, name, holder, address, key)
            elif key not in live:
                del addresses[key]
    return taken


def _collision(site: Site, pool: _Pool, name: str, key: str, address: PciAddress, other: str) -> None:
    pool.diagnostics.append(
        Diagnostic(
            "LOCK005",
            f"the PCI address {format_pci_address(address)} of {name} is already allocated to {other}",
            site.place(*_path_of(name, key), "slot"),
            "choose an address that nothing uses; those from slot 3 to 28 are for devices",
            (Place(lock_file(name), ("slots", other)),),
        )
    )


def _free_addresses(
    addresses: dict[str, PciAddress], taken: dict[PciAddress, str], blocked: Iterable[PciAddress], live: set[str]
) -> Iterator[PciAddress]:
    """Free addresses, best first: function 0 of a slot, then functions behind one, then those of devices long gone."""
    forbidden = set(blocked)
    for slot in _SLOTS:
        if (0, slot, 0) not in taken and (0, slot, 0) not in forbidden:
            yield 0, slot, 0
    for slot in _SLOTS:
        # A guest looks for further functions only where function 0 answers (PCI Local Bus, 3.2.2.3.4).
        if taken.get((0, slot, 0)) in live:
            for function in range(1, 8):
                if (0, slot, function) not in taken and (0, slot, function) not in forbidden:
                    yield 0, slot, function
    gone = sorted((address, key) for key, address in addresses.items() if key not in live)
    for address, key in gone:
        if address[0] == 0 and address[1] in _SLOTS and address not in forbidden and taken.get(address) == key:
            del addresses[key]
            yield address


def _check_functions(site: Site, pool: _Pool, name: str, devices: list[tuple[str, PciAddress]]) -> None:
    """Warn of devices that the guest cannot find because function 0 of their slot is gone."""
    occupied = {address for _, address in devices}
    for key, (bus, slot, function) in devices:
        if function and (bus, slot, 0) not in occupied:
            pool.diagnostics.append(
                Diagnostic(
                    "LOCK007",
                    f"{key} of {name} is function {function} of PCI slot {bus}:{slot}, but nothing is its function 0; "
                    "the guest will not find it",
                    site.place(*_path_of(name, key), part="table"),
                    f'give it an address of its own, for example slot = "{bus}:{slot}:0"',
                    (Place(lock_file(name), ("slots", key)),),
                    "warning",
                )
            )
