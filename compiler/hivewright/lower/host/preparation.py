"""What a new host must be given before its guests can start, as INVENTORY.md lists it.

It is read from the steps of starts and of provisioning, so what a step looks for is in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from hivewright.lower.context import STATE, Guest
from hivewright.lower.devices.disks import IMAGES
from hivewright.lower.devices.serial import TMUX
from hivewright.lower.guest.firmware import ROM, ROM_CODE, ROM_CSM, ROM_UBOOT, ROM_VARIABLES
from hivewright.lower.guest.loader import BHYVELOAD, GRUB
from hivewright.lower.guest.tpm import SWTPM
from hivewright.model.host import BHYVE
from hivewright.model.network import Manual
from hivewright.model.storage import Directory, Zfs
from hivewright.plan import NetworkPlan, Preparation, Step, VmPlan
from hivewright.site import Site

PACKAGED, STORAGE, FILES, SECRETS, SERVICES = "Packages", "Storage", "Files and devices", "Secrets", "Settings"


class _Package(NamedTuple):
    name: str
    what: str
    file: str
    """One that it brings."""


_EDK2 = _Package("edk2-bhyve", "UEFI for guests", ROM)
PACKAGES: Mapping[str, _Package] = {
    ROM: _EDK2,
    ROM_CODE: _EDK2,
    ROM_VARIABLES: _EDK2,
    ROM_CSM: _Package("bhyve-firmware", "a BIOS for guests", ROM_CSM),
    ROM_UBOOT: _Package("u-boot-bhyve-arm64", "U-Boot for guests", ROM_UBOOT),
    GRUB: _Package("grub2-bhyve", "loads guests of the firmware grub", GRUB),
    SWTPM: _Package("swtpm", "emulates TPMs of guests", SWTPM),
    TMUX: _Package("tmux", "shows serial ports of guests", TMUX),
}
"""Files of packages."""

_QEMU = _Package("qemu-tools", "converts images that are not raw", "/usr/local/bin/qemu-img")
_DNSMASQ = _Package("dnsmasq", "gives addresses to guests", "/usr/local/sbin/dnsmasq")
_DEBUGGERS: Mapping[str, _Package] = {"gdb": _Package("gdb", "debugs bhyve", "/usr/local/bin/gdb")}

_SECRETS = "/usr/local/etc/hivewright/secrets"
_OURS = (f"{IMAGES}/", f"{STATE}/", "/usr/share/")
"""Where provisioning and the base system keep files."""

_READS = ("file", "rom", "loader", "swtpm")
"""Steps whose last word is a file that must be there."""


def lower_preparation(
    site: Site,
    guests: Iterable[Guest],
    vms: Iterable[VmPlan],
    networks: Iterable[NetworkPlan],
    peers: Iterable[tuple[str, ...]] = (),
) -> Iterator[Preparation]:
    """All of it, in the order in which one would go about it. A host without guests needs nothing."""
    guests, vms, networks = list(guests), sorted(vms, key=lambda vm: vm.name), list(networks)
    if not vms:
        return
    packages = dict.fromkeys(_packages(vms, networks))
    for name, what, file in sorted(packages):
        yield Preparation(PACKAGED, ("pkg", "install", name), what, ("file", file))
    yield from _storage(guests)
    yield from _files(guests, vms)
    yield from _keys(list(peers))
    yield from _secrets(vms)
    yield from _bridges(site, networks)
    yield from _interfaces(vms)
    yield from _addresses(vms)
    service = ("sysrc", "hivewright_enable=YES")
    reason = "starts the guests at boot, and stops them at shutdown"
    yield Preparation(SERVICES, service, reason, ("setting", service[1]))


def _packages(vms: Iterable[VmPlan], networks: Iterable[NetworkPlan]) -> Iterator[_Package]:
    for vm in vms:
        for step in (*vm.prepare, *vm.provision):
            yield from (PACKAGES[word] for word in step.words if word in PACKAGES)
            if step.verb == "image" and step.words[3] != "raw":
                yield _QEMU
        if vm.debugger in _DEBUGGERS:
            yield _DEBUGGERS[vm.debugger]
    if any(network.nat is not None and network.nat.dnsmasq for network in networks):
        yield _DNSMASQ


def _storage(guests: Iterable[Guest]) -> Iterator[Preparation]:
    """Datasets and directories below which provisioning makes disks."""
    used = {disk.storage for guest in guests for disk in guest.vm.disk.values() if disk.storage is not None}
    for guest in list(guests)[:1]:
        for name in sorted(used):
            storage = guest.site.host_storages[guest.host_name, name]
            if isinstance(storage, Zfs):
                make: tuple[str, ...] = ("zfs", "create", "-p", storage.dataset)
                yield Preparation(STORAGE, make, f"disks on {name}", ("dataset", storage.dataset))
            elif isinstance(storage, Directory):
                make = ("mkdir", "-p", storage.path)
                yield Preparation(STORAGE, make, f"disks on {name}", ("file", storage.path))


def _files(guests: Iterable[Guest], vms: Iterable[VmPlan]) -> Iterator[Preparation]:
    """Files, devices and directories by path, each with the guests that need it."""
    found: dict[tuple[str, str], list[str]] = {}
    for vm in vms:
        for path, what in _paths(vm):
            users = found.setdefault((path, what), [])
            if vm.name not in users:
                users.append(vm.name)
    for guest in guests:
        loader = guest.vm.firmware.bhyveload
        if loader is not None:
            for key, what in (("os_loader", "the OS loader"), ("host_directory", "the directory for the loader")):
                if getattr(loader, key) is not None:
                    found.setdefault((getattr(loader, key), what), []).append(guest.name)
    for (path, what), users in sorted(found.items()):
        yield Preparation(FILES, (path,), f"{what} of {', '.join(users)}", ("file", path))


def _paths(vm: VmPlan) -> Iterator[tuple[str, str]]:
    if vm.program != BHYVE:
        yield vm.program, "the bhyve"
    for step in (*vm.prepare, *vm.provision):
        path = _path_of(step)
        if path.startswith("/") and not path.startswith(_OURS) and path not in PACKAGES and path != BHYVELOAD:
            yield path, _what(step)


def _path_of(step: Step) -> str:
    """The file that a step looks for and does not make; empty for all other steps."""
    if step.verb in ("disk", "share"):
        own = step.verb == "share" or f"disk.{step.words[0]}.path" in step.keys
        return step.words[1] if own else ""
    if step.verb in ("image", "medium"):
        return step.words[1]
    return step.words[-1] if step.verb in (*_READS, "variables") else ""


def _what(step: Step) -> str:
    if step.verb == "disk":
        return f"the disk {step.words[0]}"
    if step.verb == "share":
        return f"the shared directory {step.words[0]}"
    if step.verb == "image":
        return f"the image {step.words[0]}"
    if step.verb == "variables":
        return "the UEFI variables to begin with"
    if step.verb == "medium":
        return "an optical medium"
    if step.verb == "file":
        return step.words[0]
    return "the boot ROM" if step.verb == "rom" else "the program"


def _keys(peers: list[tuple[str, ...]]) -> Iterator[Preparation]:
    """What ssh(1) between hosts that share guests takes: name and address of each other host."""
    if not peers:
        return
    known, allowed = "/root/.ssh/known_hosts", "/root/.ssh/authorized_keys"
    hosts = ", ".join(name if name == address else f"{name} ({address})" for name, address, *_ in peers)
    yield Preparation(
        FILES, (known,), f"the host keys of {hosts}, which are asked about guests of both", ("file", known)
    )
    names = ", ".join(name for name, *_ in peers)
    reason = f'the keys of root on {names}, with command="/usr/local/sbin/hivectl receive"'
    yield Preparation(FILES, (allowed,), reason, ("file", allowed))


def _addresses(vms: Iterable[VmPlan]) -> Iterator[Preparation]:
    """Addresses of carp(4) that guests follow."""
    found: dict[str, list[str]] = {}
    for vm in vms:
        for step in vm.prepare:
            if step.verb == "carp":
                found.setdefault(step.words[0], []).append(vm.name)
    for address, users in sorted(found.items()):
        number, _, interface = address.partition("@")
        reason = f"the address of carp(4) with vhid {number} on {interface}, in rc.conf: {', '.join(users)} follow it"
        yield Preparation(
            SERVICES, (address,), reason.replace("follow it", "follows it") if len(users) == 1 else reason
        )


def _secrets(vms: Iterable[VmPlan]) -> Iterator[Preparation]:
    """One line each, owned by root and of mode 0600 (``prepare secret``, ``prepare lun``, ``seed_secret``)."""
    found: dict[str, dict[str, None]] = {}
    for vm in vms:
        for step in (*vm.prepare, *vm.provision):
            names = [word[len("secret=") :] for word in step.words if step.verb == "lun" and word.startswith("secret=")]
            names += step.words[:1] if step.verb == "secret" else ()
            names += step.words[1:] if step.verb == "seed_secret" else ()
            for name in names:
                found.setdefault(name, {})[f"{step.label} of {vm.name}"] = None
    for name, users in sorted(found.items()):
        path = f"{_SECRETS}/{name}"
        yield Preparation(SECRETS, (path,), ", ".join(users), ("secret", path))


def _bridges(site: Site, networks: Iterable[NetworkPlan]) -> Iterator[Preparation]:
    for network in networks:
        if isinstance(site.networks.get(network.name), Manual):
            yield Preparation(SERVICES, (network.interface,), f"the bridge of the network {network.name}, in rc.conf")


def _interfaces(vms: Iterable[VmPlan]) -> Iterator[Preparation]:
    for vm in vms:
        for step in vm.prepare:
            if step.verb == "existing":
                nic, interface = step.words[:2]
                yield Preparation(SERVICES, (interface,), f"the interface of nic {nic} of {vm.name}, in rc.conf")
