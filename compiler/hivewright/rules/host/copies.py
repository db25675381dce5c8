"""Copies of guests that other hosts keep."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.storage import Zfs
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, listed


def copies(index: SiteIndex) -> Iterator[Diagnostic]:
    """A copy is made of volumes, for another of the hosts that may own the VM, at whole minutes."""
    site = index.site
    for name, vm in index.using("replicate"):
        if vm.replicate is None:
            continue
        hosts, to = index.hosts_of[name], site.place("vm", name, "replicate", "to")
        others = hosts[1:]
        if vm.replicate.to not in others:
            remedy = f"write one of its other hosts: {listed(others, 'or')}" if others else "name both in hosts"
            text = f"{name} is copied to {vm.replicate.to}, which is not one of the hosts that it could be brought to"
            yield diagnose("VM110", text, to, remedy, [host_place(site, name)])
        elif vm.owner_check is False:
            text = f"{name} is copied to {vm.replicate.to}, but nobody looks which of both may run it"
            yield diagnose("VM110", text, site.place("vm", name, "owner_check"), "delete owner_check", [to])
        elif not any(
            isinstance(site.host_storages.get((host, disk.storage or "")), Zfs)
            for host in hosts
            for disk in vm.disk.values()
        ):
            text = f"{name} is copied to {vm.replicate.to}, but has no disk on a storage of kind zfs"
            yield diagnose("VM110", text, to, "put its disks on such a storage, or delete replicate")
        elif vm.replicate.every % 60:
            text = f"{name} is copied every {vm.replicate.every} s, and cron(8) looks each minute"
            yield diagnose("VM110", text, site.place("vm", name, "replicate", "every"), "write whole minutes")
