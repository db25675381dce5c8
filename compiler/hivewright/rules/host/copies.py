"""Copies of guests that other hosts keep."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.storage import Zfs
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, listed, ordered


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
        elif not any(disk.storage for disk in vm.disk.values()):
            text = f"{name} is copied to {vm.replicate.to}, but has no disk on a storage of kind zfs"
            yield diagnose("VM110", text, to, "put its disks on such a storage, or delete replicate")
        elif left := _left_out(index, name, (hosts[0], vm.replicate.to)):
            text = f"{name} is copied to {vm.replicate.to}, but its disk {left[0]} {left[1]}: no copy would have it"
            remedy = "put it on a storage of kind zfs that both hosts have, or delete replicate"
            yield diagnose("VM110", text, site.place("vm", name, "disk", left[0], left[2]), remedy, [to])
        elif vm.replicate.every % 60:
            text = f"{name} is copied every {vm.replicate.every} s, and cron(8) looks each minute"
            yield diagnose("VM110", text, site.place("vm", name, "replicate", "every"), "write whole minutes")


def _left_out(index: SiteIndex, name: str, hosts: tuple[str, str]) -> tuple[str, str, str] | None:
    """The first disk whose content a copy does not have, why, and the key: only volumes are sent while a guest runs."""
    for key, disk in ordered(index.site.vms[name].disk):
        if disk.ram is not None or (disk.path is not None and disk.readonly):
            continue
        if disk.path is not None:
            return key, f"is {disk.path}", "path"
        for host in hosts:
            storage = index.site.host_storages.get((host, disk.storage or ""))
            if storage is not None and not isinstance(storage, Zfs):
                return key, f"lies on a storage of kind {storage.kind} on {host}", "storage"
    return None
