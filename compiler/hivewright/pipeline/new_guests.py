"""Warnings where a guest would start anew, with empty disks, while what it was lies elsewhere.

Names hold a guest and its data together: a VM that is renamed is a new one to the compiler, and so it is on a host that
it is moved to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from hivewright.allocation.lock import Lock, lock_file
from hivewright.diagnostics import Diagnostic, Place
from hivewright.site import Site
from hivewright.source import LOCKS, Project

_SHOWN = 5
"""VMs that are named at most: a site may get thousands of new ones."""


def new_guests(site: Site, project: Project, locks: Mapping[str, Lock]) -> Iterator[Diagnostic]:
    """A warning for each VM that may be one that was renamed or moved; none after the next build."""
    yield from _renamed(site, locks)
    yield from _moved(site, project)


def _renamed(site: Site, locks: Mapping[str, Lock]) -> Iterator[Diagnostic]:
    gone = sorted(locks.keys() - site.vms.keys())
    if not gone:
        return
    # A clone of a disk of another guest says by that whose data it begins with.
    new = [
        name
        for name, vm in site.vms.items()
        if name not in locks and not vm.renamed_from and not any(disk.clone for disk in vm.disk.values())
    ]
    for name in new[:_SHOWN]:
        old = gone[0] if len(gone) == 1 else "OLD"
        which = " or ".join(gone[:_SHOWN]) + (f" or {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else "")
        message = (
            f"{name} is new and starts with empty disks and another UUID and MAC, while {which} left the site and may "
            "still run"
        )
        if [name] == new[_SHOWN - 1 : _SHOWN] and len(new) > _SHOWN:
            message += f"; {len(new) - _SHOWN} more VMs are new"
        remedy = (
            f"if {name} is {which} renamed, take the former name back and let hivewright rename do it; if not, delete "
            f"{LOCKS}/{old}.toml once its disks are destroyed, or build: this is said once"
        )
        also = tuple(Place(lock_file(each), ("uuid",)) for each in gone[:_SHOWN])
        yield Diagnostic("LOCK010", message, site.place("vm", name, part="table"), remedy, also, "warning")


def _moved(site: Site, project: Project) -> Iterator[Diagnostic]:
    try:
        # What a killed build left of a new host begins with a dot, and no host does.
        names = sorted(name for name in os.listdir(project.build) if not name.startswith("."))
    except OSError:
        return
    for host in names:
        for name in _guests_in(os.path.join(project.build, host)):
            vm = site.vms.get(name)
            if vm is None or host in site.hosts_of(vm) or vm.moved_from is not None:
                continue
            home = site.hosts_of(vm)[0]
            if name in _guests_in(os.path.join(project.build, home)):
                continue  # it has been there since an earlier build
            message = f"{name} moves from {host} to {home}, where it starts with empty disks; its disks stay on {host}"
            remedy = (
                f'write moved_from = "{host}": it then does not start on {home} before its disks are there; or take '
                f"the host {host} back; if it shall begin anew, build: this is said once"
            )
            place = site.place("vm", name, "hosts" if vm.host is None else "host")
            also = (Place(site.homes["host", host], ("host", host), "table"),) if host in site.hosts else ()
            yield Diagnostic("LOCK011", message, place, remedy, also, "warning")


def _guests_in(directory: str) -> list[str]:
    """The guests of a host as the last build left them."""
    from hivewright.plan import GUESTS

    try:
        return sorted(os.listdir(os.path.join(directory, GUESTS)))
    except OSError:
        return []
