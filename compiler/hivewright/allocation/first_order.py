"""The order in which devices of one kind first get their addresses: that of the site's files.

A guest numbers its disks and NICs by their addresses, so the first NIC of the file becomes vtnet0. Keys of layers are
in the order in which they are merged: ``[defaults]``, the profile, each template, the VM itself. A device that a
weaker layer names keeps its place there. Once an address is in the lock, no order matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hivewright.model.device_kinds import CONTROLLER, DEVICES, KINDS, with_key
from hivewright.model.image import MEDIA
from hivewright.model.vm import Vm
from hivewright.site import Site

_POSITIONS: Mapping[str, int] = {kind.lock: number for number, kind in enumerate(DEVICES) if kind.lock}


def in_first_order(site: Site, name: str, keys: Iterable[str]) -> list[str]:
    """The devices of a VM by their names in the lock, kind by kind.

    What it boots from is the first of the disks, and so is its controller. A controller stands where the first device
    on it does.
    """
    vm = site.vms[name]
    ranks = {key: rank for rank, key in enumerate(_as_written(site, name))}
    last = len(ranks)
    boot = _boot_disk(site, vm, ranks)
    if boot is not None:
        ranks[boot] = -1
    for kind in with_key("controller"):
        for device, values in getattr(vm, kind.key).items():
            if values.controller is not None:
                key = f"{CONTROLLER.lock}.{values.controller}"
                ranks[key] = min(ranks.get(key, last), ranks.get(f"{kind.lock}.{device}", last))
    return sorted(keys, key=lambda key: (_POSITIONS[key.partition(".")[0]], ranks.get(key, last), key))


def _as_written(site: Site, name: str) -> list[str]:
    """The devices that have names, as the layers of a VM mention them: ``disk.root``, ``nic.wan``."""
    found: dict[str, None] = {}
    for layer in reversed(site.layers.get(name, ())):
        for key, value in layer.values.items():
            kind = KINDS.get(key)
            if kind is not None and kind.is_many and isinstance(value, Mapping):
                found.update(dict.fromkeys(f"{kind.lock}.{device}" for device in value))
    return [*found]


def _boot_disk(site: Site, vm: Vm, ranks: Mapping[str, int]) -> str | None:
    """The disk of the key ``firmware.boot``, else the first that is filled from an image or from another disk.

    A guest that is installed from a disk boots from another one once it is, so a medium to install from is none."""
    names = sorted(vm.disk, key=lambda name: ranks.get(f"disk.{name}", len(ranks)))
    filled = [vm.firmware.boot] if vm.firmware.boot in vm.disk else []
    filled += [name for name in names if vm.disk[name].image is not None and not _is_medium(site, vm, name)]
    filled += [name for name in names if vm.disk[name].clone is not None]
    return f"disk.{filled[0]}" if filled else None


def _is_medium(site: Site, vm: Vm, disk: str) -> bool:
    """Whether what fills a disk is there to install from."""
    images = (site.image(vm.disk[disk].image or "", site.hosts[host].arch) for host in site.hosts_of(vm))
    return any(image is not None and image.format in MEDIA for image in images)
