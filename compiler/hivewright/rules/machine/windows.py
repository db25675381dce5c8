"""Warnings for guests with Windows: what its setup and its client editions do not see."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, listed, ordered


def sockets(index: SiteIndex) -> Iterator[Diagnostic]:
    """Sockets beyond those that a system uses are idle. Without a topology, each vCPU is a socket (bhyve(8), -c)."""
    site = index.site
    for name, vm in site.vms.items():
        profile = site.profiles.get(vm.profile)
        if profile is None:
            continue
        usable = profile.sockets
        topology = site.topologies.get(vm.topology) if isinstance(vm.topology, str) else vm.topology
        count = topology.sockets if topology is not None else vm.cpus
        if usable is None or count <= usable:
            continue
        yield diagnose(
            "VM094",
            f"{name} has {count} sockets, of which {vm.profile} uses {usable} at most",
            site.place("vm", name, "topology" if vm.topology is not None else "cpus"),
            f"write topology = {{ sockets = 1, cores = {vm.cpus} }}",
            severity="warning",
        )


def drivers(index: SiteIndex) -> Iterator[Diagnostic]:
    """Windows comes without drivers for virtio; its setup takes them from a second drive.

    A guest with a disk that holds something already has been set up elsewhere, and may have them.
    """
    site = index.site
    for name, vm in index.using("disk"):
        profile = site.profiles.get(vm.profile)
        if profile is None or profile.os != "windows" or len(vm.cd) > 1 or not vm.disk:
            continue
        if any(disk.image or disk.clone or disk.path or disk.lun is not None for disk in vm.disk.values()):
            continue
        unseen = [("disk", key, "bus") for key, disk in ordered(vm.disk) if disk.bus.startswith("virtio")]
        unseen += [("nic", key, "model") for key, nic in ordered(vm.nic) if not nic.vf and nic.model == "virtio-net"]
        if unseen:
            places = [site.place("vm", name, *path) for path in unseen]
            yield diagnose(
                "VM095",
                f"the setup of Windows in {name} does not see {listed(f'{kind} {key}' for kind, key, _ in unseen)}: "
                "it has no drivers for virtio",
                places[0],
                'write bus = "nvme" for disks and model = "e1000" for NICs, or give it a second cd with the drivers',
                places[1:4],
                "warning",
            )
