"""Guests that were imported, and what they compile to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import Lock
from hivewright.importers.compare import UNEXPLAINED, Row, compare_commands
from hivewright.importers.files import lock_of
from hivewright.importers.forms import Guest
from hivewright.lower import lower
from hivewright.plan import VmPlan
from lowering import words_of

Tables = Mapping[str, Any]
UUID = "01234567-89ab-cdef-0123-456789abcdef"


def compiled(name: str, vm: Tables, host: Tables, networks: Tables, locks: dict[str, Lock]) -> tuple[VmPlan, Lock]:
    """What one VM on host alpha compiles to."""
    site = build_site({name: vm}, hosts={"alpha": host}, networks=networks)
    allocation = allocate(site, locks)
    assert allocation.diagnostics == (), allocation.diagnostics
    (plan,) = lower(site, allocation).plans[0].vms
    return plan, allocation.locks[name]


def rows_of(guest: Guest, release: str = "15.1", arch: str = "amd64") -> list[Row]:
    """Both commands of a guest side by side. Each difference has to have a reason."""
    devices = {name: {"pci": pci} for name, pci in guest.devices.items()}
    networks = {bridge.name: bridge.keys for bridge in guest.old.networks.values()}
    host = {"freebsd": release, "arch": arch, "device": devices}
    plan, _ = compiled(guest.name, guest.keys, host, networks, {guest.name: lock_of(guest, UUID)})
    rows = compare_commands(guest, words_of(plan))
    unexplained = [row for row in rows if UNEXPLAINED in row.reason]
    assert unexplained == [], unexplained
    return rows
