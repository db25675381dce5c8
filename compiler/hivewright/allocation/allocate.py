"""Allocation: PCI slots, MAC addresses, UUIDs, VNC ports, tap and console names, pipes, kept in locks.

A number in a lock never changes. A new device gets the lowest number that no VM of the site and no lock has; locks of
removed VMs and devices count too. VMs are handled in order of name; of one VM the devices that are new get their
addresses in the order of the file (``first_order``). The time is linear in the number of devices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hivewright.allocation.held import already_held, held_consoles
from hivewright.allocation.lock import Lock, lock_file
from hivewright.allocation.pool import FIRST_PIPE, FIRST_PORT, LAST_PIPE, LAST_PORT, Pool, missing_numbers
from hivewright.allocation.slots import allocate_ports, allocate_slots
from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.vm import Vm
from hivewright.site import Site, own_ports

_DNS = bytes.fromhex("6ba7b8109dad11d180b400c04fd430c8")
"""The namespace of DNS names (RFC 9562, section 6.6)."""


class Allocation(NamedTuple):
    """A lock for every VM of the site, and the unchanged locks of removed VMs; sorted by VM."""

    locks: Mapping[str, Lock]
    diagnostics: tuple[Diagnostic, ...] = ()


def allocate(site: Site, locks: Mapping[str, Lock]) -> Allocation:
    """A lock for every VM. ``locks`` are those of earlier builds; a lock with no new entry is returned as it is."""
    pool = taken_numbers(site, locks)
    result = dict(locks)
    for name, lost in pool.lost.items():
        result[name] = _without(locks[name], lost)
    for name in sorted(site.vms):
        result[name] = _allocate_vm(site, pool, name, site.vms[name], result.get(name))
    pool.diagnostics.extend(held_consoles(site, result))
    return Allocation({name: result[name] for name in sorted(result)}, tuple(pool.diagnostics))


def taken_numbers(site: Site, locks: Mapping[str, Lock]) -> Pool:
    """The numbers that locks hold or the site sets, and what is wrong with them."""
    pool = Pool()
    for name in sorted(locks):
        _take_lock(pool, name, locks[name])
    for name, vm in site.vms.items():
        _take_explicit(site, pool, name, vm)
    _take_functions(site, pool)
    for name in sorted(site.vms):
        _find_former_lock(site, pool, name, locks)
    return pool


def collisions(locks: Mapping[str, Lock]) -> tuple[Diagnostic, ...]:
    """Numbers that two locks hold, whatever the site is."""
    pool = Pool()
    for name in sorted(locks):
        _take_lock(pool, name, locks[name])
    return tuple(pool.diagnostics)


def _take_lock(pool: Pool, vm: str, lock: Lock) -> None:
    """Reserve the numbers of a lock; two locks with the same number come from merged branches."""
    for table, kind, held in ((pool.macs, "macs", lock.macs), (pool.taps, "taps", lock.taps)):
        _take(pool, table, kind, vm, held)
    for nic, pipe in lock.pipes.items():
        other = pool.pipes.setdefault(pipe, (vm, nic))
        if other != (vm, nic):
            _give_up(pool, nic, ("pipes", nic), ("pipes", other[1]), f"the pipe {pipe}", vm, other[0])
    if lock.vnc is not None:
        other = pool.ports.setdefault(lock.vnc, (vm, ""))
        if other[0] != vm:
            _give_up(pool, "vnc", ("vnc",), ("vnc",), f"the VNC port {lock.vnc}", vm, other[0])


def _give_up(
    pool: Pool, what: str, path: tuple[str, ...], other_path: tuple[str, ...], number: str, vm: str, other: str
) -> None:
    """Of a number that only the host knows of, the VM whose name comes later gets another one."""
    pool.lost.setdefault(vm, set()).add(what)
    pool.diagnostics.append(
        Diagnostic(
            "LOCK013",
            f"the locks of {other} and {vm} both hold {number}; {vm} gets another one",
            Place(lock_file(vm), path),
            "build, and commit the lock; it counts from the next start on",
            (Place(lock_file(other), other_path),),
            "warning",
        )
    )


def _without(lock: Lock, lost: set[str]) -> Lock:
    pipes = {nic: pipe for nic, pipe in lock.pipes.items() if nic not in lost}
    return lock._replace(vnc=None if "vnc" in lost else lock.vnc, pipes=pipes)


def _take(pool: Pool, table: dict[str, tuple[str, str]], kind: str, vm: str, held: Mapping[str, str]) -> None:
    for nic, value in held.items():
        owner = (vm, nic)
        other = table.setdefault(value, owner)
        if other is not owner and other != owner:
            _twice(pool, (kind, nic), (kind, other[1]), value, vm, other[0])


def _twice(pool: Pool, path: tuple[str, ...], other_path: tuple[str, ...], value: str, vm: str, other: str) -> None:
    pool.diagnostics.append(
        Diagnostic(
            "LOCK004",
            f"the locks of {other} and {vm} both hold {value}",
            Place(lock_file(vm), path),
            "delete the line from the lock of the VM that was never started; it then gets another number",
            (Place(lock_file(other), other_path),),
        )
    )


def _take_explicit(site: Site, pool: Pool, name: str, vm: Vm) -> None:
    """Reserve the numbers that the site sets; a lock must not have one of them for something else."""
    for nic_name, nic in vm.nic.items():
        named, interface = nic.interface or ("tap", None)
        for table, kind, key, value in ((pool.macs, "mac", "mac", nic.mac), (pool.taps, "tap", named, interface)):
            if value is not None:
                holder = table.setdefault(value, (name, nic_name))
                if holder != (name, nic_name) and not _is_explicit(site, holder, kind):
                    path = ("vm", name, "nic", nic_name, key)
                    pool.diagnostics.append(already_held(site, path, value, holder[0], (f"{kind}s", holder[1])))
    if vm.vnc is not None and isinstance(vm.vnc.port, int):
        holder = pool.ports.setdefault(vm.vnc.port, (name, ""))
        if holder[0] != name and _holds_vnc(site, holder) and _may_meet(site, name, holder[0]):
            number = str(vm.vnc.port)
            pool.diagnostics.append(already_held(site, ("vm", name, "vnc", "port"), number, holder[0], ("vnc",)))
    for keys, port in own_ports(vm):
        holder = pool.ports.setdefault(port, (name, keys[1]))
        if _holds_vnc(site, holder) and _may_meet(site, name, holder[0]):
            pool.diagnostics.append(already_held(site, ("vm", name, *keys), str(port), holder[0], ("vnc",)))


def _take_functions(site: Site, pool: Pool) -> None:
    """Reserve the MAC addresses of virtual functions, after those of NICs. Rules report two equal ones in the site."""
    for host, definition in site.hosts.items():
        for device, sriov in definition.sriov.items():
            for number, function in sriov.vf.items():
                if function.mac is not None:
                    own = (host, f"{device}:{number}")
                    holder = pool.macs.setdefault(function.mac, own)
                    if holder[0] in site.vms and not _is_explicit(site, holder, "mac"):
                        path = ("host", host, "sriov", device, "vf", number, "mac")
                        lock_path = ("macs", holder[1])
                        pool.diagnostics.append(already_held(site, path, function.mac, holder[0], lock_path))


def _holds_vnc(site: Site, holder: tuple[str, str]) -> bool:
    """Whether a VM has a port from its lock, for VNC. Rules check the ports that the site sets."""
    return not holder[1] and not _is_explicit(site, holder, "vnc")


def _is_explicit(site: Site, holder: tuple[str, str], key: str) -> bool:
    """Whether the site sets the number of ``holder``: its lock is then ignored, and a rule reports clashes."""
    vm = site.vms.get(holder[0])
    if vm is None:
        return False
    if key == "vnc":
        return vm.vnc is not None and vm.vnc.port != "auto"
    nic = vm.nic.get(holder[1])
    return nic is not None and (nic.mac if key == "mac" else nic.interface) is not None


def _may_meet(site: Site, name: str, other: str) -> bool:
    """Whether two VMs can run on one host; true if one of them was removed, since its hosts are unknown."""
    vm = site.vms.get(other)
    return vm is None or not set(site.hosts_of(vm)).isdisjoint(site.hosts_of(site.vms[name]))


def _allocate_vm(site: Site, pool: Pool, name: str, vm: Vm, old: Lock | None) -> Lock:
    """The lock of a VM with its missing entries added; ``old`` itself when nothing is missing."""
    held = old if old is not None else Lock(new_uuid(site.table.name, name))
    missing = missing_numbers(vm, held)
    macs = {nic: pool.give_mac(site.table, name, nic) for nic in missing.macs}
    taps = {nic: pool.give_tap(name, nic) for nic in missing.taps}
    pipes = _free_pipes(site, pool, name, missing.pipes)
    consoles: dict[str, str] = {
        port: f"nmdm-{name}.{port[3:]}"
        for port, serial in vm.serial.items()
        if serial.kind == "nmdm" and port not in held.consoles
    }
    vnc = _free_port(site, pool, name) if missing.vnc else held.vnc
    home, moves = count_moves(site, vm, held)
    lock = Lock(
        held.uuid,
        vnc,
        slots=allocate_slots(site, name, vm, held.slots, pool.usual_slots, pool.diagnostics),
        macs={**held.macs, **macs} if macs else held.macs,
        taps={**held.taps, **taps} if taps else held.taps,
        consoles={**held.consoles, **consoles} if consoles else held.consoles,
        ports=allocate_ports(site, name, vm, held.ports),
        pipes={**held.pipes, **pipes} if pipes else held.pipes,
        name=held.name,
        home=home,
        moves=moves,
    )
    return old if old is not None and old == lock else lock


def count_moves(site: Site, vm: Vm, held: Lock) -> tuple[str | None, int]:
    """Where a VM lives that ever moved, and how often it did: a host may have what it left there the time before."""
    home = site.hosts_of(vm)[0]
    if held.home is None:
        return (None, 0) if vm.moved_from in (None, home) else (home, 1)
    return home, held.moves + (held.home != home)


def _find_former_lock(site: Site, pool: Pool, name: str, locks: Mapping[str, Lock]) -> None:
    """A VM that was renamed keeps its UUID and all else that its lock holds, so that is renamed with it."""
    if name in locks:
        return
    former = next((each for each in site.vms[name].renamed_from if each in locks and each not in site.vms), None)
    if former is not None:
        pool.diagnostics.append(
            Diagnostic(
                "LOCK012",
                f"{name} was renamed from {former}, and its lock was not: it would get another UUID, and its disks "
                "would be refused to it",
                site.place("vm", name, "renamed_from"),
                f'rename {lock_file(former)} to {lock_file(name)}, and write name = "{former}" below its uuid, as '
                "hivewright rename does",
                (Place(lock_file(former), ("uuid",)),),
            )
        )


def _free_port(site: Site, pool: Pool, name: str) -> int | None:
    port = pool.give_port(name)
    if port is None:
        pool.diagnostics.append(
            Diagnostic(
                "LOCK006",
                f"no VNC port from {FIRST_PORT} to {LAST_PORT} is free for {name}",
                site.place("vm", name, "vnc", part="table"),
                "give the VM an explicit port, or delete locks of VMs that are gone for good",
            )
        )
    return port


def _free_pipes(site: Site, pool: Pool, name: str, nics: Iterable[str]) -> dict[str, str]:
    """Pipes for NICs; fewer, and a diagnostic, when there are not so many."""
    pipes: dict[str, str] = {}
    for nic in nics:
        pipe = pool.give_pipe(name, nic)
        if pipe is None:
            pool.diagnostics.append(
                Diagnostic(
                    "LOCK006",
                    f"no pipe of dummynet from {FIRST_PIPE} to {LAST_PIPE} is free for nic {nic} of {name}",
                    site.place("vm", name, "nic", nic, "rate_limit", part="table"),
                    "limit fewer NICs, or delete locks of VMs that are gone for good",
                )
            )
            break
        pipes[nic] = pipe
    return pipes


def new_uuid(site: str, vm: str) -> str:
    """The UUID of version 5 of a name in the namespace of DNS (RFC 9562, section 5.5)."""
    name = f"{vm}.{site}.hivewright".encode()
    octets = bytearray(hashlib.sha1(_DNS + name, usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
