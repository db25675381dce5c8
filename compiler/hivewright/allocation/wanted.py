"""Numbers for the VMs of a site that is read in parts: what its parts want is given for all of them at once.

Which number a VM gets depends on all VMs whose names come before, so that no part can find it by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hivewright.allocation.allocate import new_uuid, taken_numbers
from hivewright.allocation.lock import Lock
from hivewright.allocation.pool import Missing, Pool, missing_numbers
from hivewright.model.site import SiteTable
from hivewright.site import Site


class Wanted(NamedTuple):
    """What the VMs of a part have, and what they lack."""

    table: SiteTable
    macs: list[str]
    taps: list[str]
    ports: list[int]
    pipes: list[str]
    missing: dict[str, tuple[Lock, Missing]]
    """VM -> its lock, without numbers where it has none yet, and what it lacks."""


def wanted_numbers(site: Site, locks: Mapping[str, Lock]) -> Wanted | None:
    """``None`` when something is wrong with locks."""
    pool = taken_numbers(site, locks)
    if pool.diagnostics:
        return None
    missing = {}
    for name, vm in site.vms.items():
        lock = locks.get(name) or Lock(new_uuid(site.table.name, name))
        lacks = missing_numbers(vm, lock)
        if any(lacks):
            missing[name] = (lock, lacks)
    return Wanted(site.table, [*pool.macs], [*pool.taps], [*pool.ports], [*pool.pipes], missing)


def give_numbers(parts: Iterable[Wanted]) -> dict[str, Lock] | None:
    """For each VM that lacks something its lock with that; the numbers are those that ``allocate`` gives.

    ``None`` when there are not so many.
    """
    pool = Pool()
    missing: dict[str, tuple[Lock, Missing, SiteTable]] = {}
    for part in parts:
        pool.macs.update(dict.fromkeys(part.macs, ("", "")))
        pool.taps.update(dict.fromkeys(part.taps, ("", "")))
        pool.ports.update(dict.fromkeys(part.ports, ("", "")))
        pool.pipes.update(dict.fromkeys(part.pipes, ("", "")))
        missing.update({name: (*wanted, part.table) for name, wanted in part.missing.items()})
    given = {}
    for name, (lock, lacks, table) in sorted(missing.items()):
        vnc = pool.give_port(name) if lacks.vnc else lock.vnc
        pipes = {nic: pipe for nic in lacks.pipes if (pipe := pool.give_pipe(name, nic)) is not None}
        if (lacks.vnc and vnc is None) or len(pipes) < len(lacks.pipes):
            return None
        given[name] = lock._replace(
            vnc=vnc,
            macs={**lock.macs, **{nic: pool.give_mac(table, name, nic) for nic in lacks.macs}},
            taps={**lock.taps, **{nic: pool.give_tap(name, nic) for nic in lacks.taps}},
            pipes={**lock.pipes, **pipes},
        )
    return given
