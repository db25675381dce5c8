"""What guests need by their profiles: the architecture of their host, memory, and disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.image import MEDIA
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values import format_size

if TYPE_CHECKING:
    from hivewright.model.profile import Profile
    from hivewright.model.vm import Vm


def architecture(index: SiteIndex) -> Iterator[Diagnostic]:
    """A system that is not made for its host never boots there."""
    site = index.site
    for name, vm, profile in _with_profile(index):
        for host in index.hosts_of[name]:
            arch = site.hosts[host].arch
            if arch not in profile.arches:
                yield diagnose(
                    "VM103",
                    f"{name} has the profile {vm.profile}, which is for {' and '.join(profile.arches)}, and its host "
                    f"{host} is {arch}",
                    site.place("vm", name, "profile"),
                    f"give it a host that is {' or '.join(profile.arches)}, or another profile",
                    [site.place("host", host, "arch")],
                )
                break


def smallest(index: SiteIndex) -> Iterator[Diagnostic]:
    """Less than its publisher asks for may do, or not: a warning."""
    for name, vm, profile in _with_profile(index):
        least = profile.smallest
        if least is None:
            continue
        if least.memory is not None and vm.memory < least.memory:
            yield diagnose(
                "VM104",
                f"{name} has {format_size(vm.memory)} of memory, and {vm.profile} needs {format_size(least.memory)}",
                index.site.place("vm", name, "memory"),
                f'write memory = "{format_size(least.memory)}" or more',
                severity="warning",
            )
        disk = _system_disk(vm, profile)
        size = vm.disk[disk].size if disk else None
        if least.disk is not None and size is not None and size < least.disk and not _is_told(index, name, disk):
            yield diagnose(
                "VM104",
                f"disk {disk} of {name} has {format_size(size)}, and {vm.profile} needs {format_size(least.disk)}",
                index.site.place("vm", name, "disk", disk, "size"),
                f'write size = "{format_size(least.disk)}" or more',
                severity="warning",
            )


def _is_told(index: SiteIndex, name: str, key: str) -> bool:
    """That a disk has no room for its image is an error of its own."""
    disk, site = index.site.vms[name].disk[key], index.site
    arches = {site.hosts[host].arch for host in index.hosts_of[name]}
    found = [site.image(disk.image, arch) for arch in arches] if disk.image is not None else []
    return any(image is not None and not image.fits(disk.size) for image in found)


def _with_profile(index: SiteIndex) -> Iterator[tuple[str, Vm, Profile]]:
    for name, vm in index.site.vms.items():
        profile = index.site.profiles.get(vm.profile)
        if profile is not None:
            yield name, vm, profile


def _system_disk(vm: Vm, profile: Profile) -> str:
    """The disk that the system lies on: the one from the image of its profile, unless that is there to install from,
    else the largest; empty if unknown."""
    installs = any(image.format in MEDIA for image in profile.image.values())
    from_image = [] if installs else [key for key, disk in sorted(vm.disk.items()) if disk.image == vm.profile]
    if from_image:
        return from_image[0]
    if any(disk.size is None for disk in vm.disk.values()):
        return ""
    return max(sorted(vm.disk), key=lambda key: vm.disk[key].size or 0, default="")
