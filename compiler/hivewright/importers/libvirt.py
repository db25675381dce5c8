"""``import libvirt FILE…``: domains of libvirt, with its networks, storage pools and volumes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hivewright.importers.forms import Found, KeyPath, Old, Remark, UnreadableError
from hivewright.importers.libvirt_command import Command, mebibytes
from hivewright.importers.libvirt_networks import bridge_of, network_remarks, nic_keys
from hivewright.importers.libvirt_qemu import KINDS, Adaptation, disk_of, told
from hivewright.importers.libvirt_sources import Definition, definitions
from hivewright.importers.names import disk_name, site_name
from hivewright.importers.request import Request
from hivewright.importers.xml_text import Element
from hivewright.values import format_pci_address

_QUIET = frozenset({
    "emulator", "currentMemory", "iothreads", "resource", "pm", "seclabel", "on_lockfailure", "perf", "launchSecurity",
    "metadata", "alias", "backingStore", "mirror", "genid", "bandwidth", "timer", "apic", "acpi", "audio@id",
    "type@machine", "driver@name", "driver@type", "controller@model", "controller@ports", "target@type", "model@name",
    "audio", "protocol", "encryption", "input",
})  # fmt: skip
"""Elements that say nothing of what a guest sees, or nothing that bhyve has."""
_WHY = {
    "boot": "the firmware tries the devices in their order; boot_index of a disk or drive says another one",
    "cpu": "bhyve shows the CPU of the host",
    "features": "bhyve has no such switch",
    "channel": "bhyve has channels of virtio with a socket alone",
    "console": "a console of bhyve is a serial port; for one of virtio write a channel, a socket of the host",
    "audio": "bhyve plays on an OSS device of the host: sound",
    "memballoon": "bhyve has no balloon: the guest keeps the memory that it has",
    "watchdog": "bhyve has none",
    "panic": "bhyve has none; the end of bhyve is what is seen",
    "redirdev": "bhyve passes no USB device through",
    "smartcard": "bhyve has none",
    "vsock": "bhyve has none",
    "shmem": "bhyve has none",
    "iommu": "bhyve shows none to guests",
    "memoryBacking": "bhyve can wire memory, and no more: machine.wired",
    "numatune": "write the pins of vCPUs by pin, and memory domains by numa",
    "cputune": "rctl(8) can limit a guest: limits.rctl",
    "blkiotune": "rctl(8) can limit a guest: limits.rctl",
    "parallel": "bhyve has none",
    "nvram": "it is of another machine",
    "idmap": "it is of containers",
}
_IO = {
    "read_bytes_sec": "readbps", "write_bytes_sec": "writebps", "read_iops_sec": "readiops",
    "write_iops_sec": "writeiops",
}  # fmt: skip
_ENDINGS = {"poweroff": ("destroy",), "reboot": ("restart",), "crash": ("restart",)}
"""What a site does where nothing is said."""


@dataclass(slots=True)
class _Host:
    """What domains refer to, by name."""

    networks: dict[str, Element] = field(default_factory=dict)
    pools: dict[str, Element] = field(default_factory=dict)
    volumes: dict[str, Element] = field(default_factory=dict)


def read_libvirt(request: Request) -> Found:
    """All domains of some files, or of a host."""
    domains: list[Definition] = []
    host = _Host()
    for definition in definitions(request):
        element = definition.element
        kinds: dict[str, dict[str, Element]] = {
            "network": host.networks, "pool": host.pools, "volume": host.volumes
        }  # fmt: skip
        if element.name == "domain":
            domains.append(definition)
        elif element.name in kinds:
            kinds[element.name].setdefault(element.value("name"), element)
        else:
            raise element.fault(f"<{element.name}> is no domain, network, pool or volume of libvirt")
    guests: list[Old] = []
    for definition in domains:
        called, alone = definition.element.value("name"), len(domains) == 1
        old = request.guest(called, partial(_guest, definition, host), alone=alone)
        if old is not None and any(each.called == old.called for each in guests):
            raise definition.element.fault(f"a second domain is called {old.called}")
        guests += [old] if old is not None else []
    if not domains:
        raise UnreadableError(", ".join(request.paths) or "libvirt", "there is no domain in it")
    names = tuple(definition.element.value("name") for definition in domains)
    after = (
        "libvirt still makes its networks. `virsh net-autostart --disable NAME` and `virsh net-destroy NAME` end that. "
        "But first let hivewright make the bridges: the comment at each network says what to write for `manual`.",
    )
    wanted = [each for each in domains if not request.only or each.element.value("name") in request.only]
    return Found("libvirt", guests, network_remarks(host.networks), [], after, _arch(wanted), names=names)


def _arch(domains: Sequence[Definition]) -> str:
    """The architecture of all domains, as FreeBSD calls it."""
    found = {"arm64" if domain.element.at("os/type", "arch") in ("aarch64", "arm64") else "amd64" for domain in domains}
    if len(found) > 1:
        raise domains[-1].element.fault("domains of several architectures; import those of one host at a time")
    return found.pop() if found else "amd64"


def _guest(definition: Definition, host: _Host) -> Old:
    domain = definition.element
    kind, name = domain.get("type"), domain.value("name")
    if not name:
        raise domain.fault("the domain has no name")
    if kind not in ("bhyve", *KINDS):
        raise domain.fault(f'a domain of the type "{kind}"; bhyve, kvm and qemu are read')
    whole = kind != "bhyve"
    notes: list[Remark] = []
    try:
        if whole:
            notes += Adaptation(domain).notes
        command = Command(domain, lambda disk: _path(disk, host, whole), whole)
        words = command.words(lambda nic: _backend(nic))
        loader = command.loader_words()
    except UnreadableError:
        raise
    except ValueError as error:
        raise domain.fault(str(error)) from None
    if whole:
        words += _only_qemu(domain, command)
    old = Old(name, domain.place, tuple(words), loader)
    if command.loader.endswith("grub-bhyve") and (device := command.boot_device()) is not None:
        old.boots = _path(device, host, whole)
    for nic in command.devices.nics:
        where = command.devices.address(nic)
        old.networks[where] = bridge_of(nic, host.networks)
        nic_keys(old, nic, where)
        if whole and nic.get("type") == "bridge":
            notes.append(Remark(f"bridge {nic.at('source', 'bridge')}", "it is of the old host; write in the networks "
                                "which bridge of the new one it is, or let hivewright make one"))  # fmt: skip
    _keys(old, domain, command, definition.starts, whole)
    if whole:
        _move(old, command)
    old.notes += told(notes)
    _remarks(old, domain, whole)
    _switching(old, kind, definition.starts)
    return old


def _path(disk: Element, host: _Host, whole: bool) -> str:
    """Where a disk lies on the host."""
    kind = disk.get("type")
    if kind == "volume":
        pool, volume = disk.at("source", "pool"), disk.at("source", "volume")
        own = host.volumes.get(volume)
        if own is not None and (path := own.value("target/path") or own.value("key")).startswith("/"):
            return path
        return f"{_folder(disk, pool, host.pools)}/{volume}"
    if whole:
        path = disk_of(disk)[1]
    else:
        path = next((text for key in ("file", "dev") if (text := disk.at("source", key))), "")
    if not path:
        what = f'its source is of the type "{kind}"' if disk.first("source") is not None else "it has no medium"
        raise disk.fault(f"the disk {disk.at('target', 'dev')} has no file or device of the host: {what}")
    if "," in path:
        raise disk.fault(f'the path "{path}" has a comma, which bhyve takes for its end')
    return path


def _folder(disk: Element, called: str, pools: Mapping[str, Element]) -> str:
    """The folder of a storage pool: of a dataset that of its volumes."""
    pool = pools.get(called)
    if pool is None:
        raise disk.fault(f'it is in the pool "{called}", which is not among the files; '
                         f"add what `virsh pool-dumpxml {called}` prints")  # fmt: skip
    kind = pool.get("type")
    if kind == "zfs":
        return f"/dev/zvol/{pool.value('source/name') or called}"
    if kind not in ("dir", "fs", "netfs", "logical", "disk"):
        raise disk.fault(f'it is in the pool "{called}" of the type "{kind}"; only the host knows its path')
    folder = pool.value("target/path").rstrip("/")
    if not folder.startswith("/"):
        raise pool.fault(f'the pool "{called}" does not say where it lies')
    return folder


def _backend(nic: Element) -> str:
    """What bhyve is given for a NIC; ``%`` is where its MAC address stands."""
    if nic.get("type") == "user":
        return "slirp,%,open"
    return f"{nic.at('target', 'dev') or 'tap0'},%"


def _only_qemu(domain: Element, command: Command) -> list[str]:
    """What qemu was told, and libvirt's bhyve driver does not tell bhyve."""
    words: list[str] = []
    if uuid := domain.value("uuid"):
        words += ["-U", uuid]
    for tpm in domain.all("devices/tpm")[:1]:
        kind = tpm.at("backend", "type")
        tpm.leave()
        if kind == "passthrough":
            words += ["-l", f"tpm,passthru,{tpm.at('backend/device', 'path', '/dev/tpm0')}"]
        else:
            words += ["-l", f"tpm,swtpm,/var/run/libvirt/swtpm/{command.name}.sock"]
    return words


def _keys(old: Old, domain: Element, command: Command, starts: bool | None, whole: bool) -> None:
    """What the command does not say."""
    keys: dict[KeyPath, object] = {}
    if starts is not True:
        keys[("autostart",)] = False
        if starts is None:
            old.comments[("autostart",)] = "The definition does not say whether it starts with the host."
    texts = [text for text in (domain.value("title"), domain.value("description")) if text]
    if texts:
        keys[("description",)] = " ".join(" - ".join(texts).split())[:200]
    if (uuid := domain.value("uuid")) and not whole:
        keys[("uuid",)] = uuid.lower()
        old.comments[("uuid",)] = "That of libvirt, which the guest has not seen yet: see the report."
    if not whole:
        for element in ("on_poweroff", "on_reboot", "on_crash"):
            domain.first(element)
        keys[("on_crash",)] = "destroy"
    else:
        for event, usual in _ENDINGS.items():
            action = domain.value(f"on_{event}")
            if action in ("destroy", "restart", "preserve", "rename-restart") and action not in usual:
                keys[(f"on_{event}",)] = action
    if command.devices.screen is not None:
        graphics = command.devices.screen[0]
        if graphics.get("autoport") == "yes" or graphics.get("port", "-1") == "-1":
            keys[("vnc", "port")] = None
            old.notes.append(
                Remark("port 5900 of VNC", "libvirt looked for a free port at each start; the lock has one that stays")
            )
    if whole and command.is_efi:
        keys[("firmware", "variables")] = None
    _limits(old, domain, keys)
    old.keys.update(keys)


def _limits(old: Old, domain: Element, keys: dict[KeyPath, object]) -> None:
    devices = domain.all("blkiotune/device")
    if len(devices) > 1 or (devices and devices[0].value("path") != "*"):
        raise devices[-1].fault("limits of one device; libvirt limits bhyve as a whole, by the path *")
    for device in devices:
        if device.first("weight") is not None:
            raise device.fault("a weight, which rctl(8) has not")
        for element, resource in _IO.items():
            if amount := device.value(element):
                keys[("limits", "rctl", resource)] = f"throttle={amount}"
    for name in ("soft_limit", "swap_hard_limit", "min_guarantee"):
        other = domain.first(f"memtune/{name}")
        if other is not None and domain.get("type") == "bhyve":
            raise other.fault("a limit of memory other than hard_limit, which libvirt does not take for bhyve")
    hard = domain.first("memtune/hard_limit")
    if hard is not None:
        keys[("limits", "rctl", "memoryuse")] = f"log={mebibytes(hard)}M"
        old.notes.append(Remark(
            f"memtune hard_limit {hard.text.strip()}",
            "libvirt sets memoryuse:deny, by which bhyve dies when it is reached; the site logs it instead",
        ))  # fmt: skip


def _move(old: Old, command: Command) -> None:
    """The disks of another host: names, and what to do before the first start."""
    number = 0
    taken: set[str] = set()
    for where, disk in _disks(command):
        if disk.get("device") == "cdrom":
            continue
        before, path = disk_of(disk)
        name = site_name(disk_name(path, number), taken, "disk")
        taken.add(name)
        old.names[where] = name
        number += 1
        if not disk.value("serial"):
            old.keys["disk", name, "serial"] = None
        if before == path:
            old.comments["disk", name, "path"] = f"Bring {before} of the old host here."
        else:
            old.comments["disk", name, "path"] = (
                f"bhyve reads raw data alone. Bring {before} of the old host here, by `qemu-img convert -p -O raw`."
            )


def _disks(command: Command) -> Sequence[tuple[str, Element]]:
    """The disks with their addresses as ``Old.names`` has them."""
    found: list[tuple[str, Element]] = []
    for controller in command.devices.controllers:
        disks = command.devices.disks_on(controller)
        if controller.address is None:
            continue
        where = format_pci_address(controller.address)
        found += [(f"{where}/{port}" if controller.kind == "sata" else where, disk) for port, disk in enumerate(disks)]
    found += [(command.devices.address(disk), disk) for disk in command.devices.disks
              if id(disk) in command.devices.where]  # fmt: skip
    return sorted(found, key=lambda entry: command.devices.disks.index(entry[1]))


def _remarks(old: Old, domain: Element, whole: bool) -> None:
    """Whatever nobody asked for."""
    who = "bhyve has nothing like it, or a site no key" if whole else "libvirt's bhyve driver passes it over"
    for path, element in domain.unused():
        parts = path.partition("@")[0].split("/")
        attribute = path.rpartition("@")[2] if "@" in path else ""
        last = f"{parts[-1]}@{attribute}"
        if last in _QUIET or any(part in _QUIET for part in parts) or path == "domain@id":
            continue
        why = next((_WHY[part] for part in reversed(parts) if part in _WHY), who)
        what = path.removeprefix("domain/").removeprefix("devices/").replace("@", " ")
        text = element.attributes[attribute] if attribute else element.text.strip()
        shown = f" {text}" if text and len(text) < 60 else ""
        old.notes.append(Remark(f"{what}{shown} (line {element.place.rpartition(':')[2]})", why))


def _switching(old: Old, kind: str, starts: bool | None) -> None:
    """libvirt cannot start what it does not know: the definition is kept in a file."""
    called = shlex.quote(old.called)
    virsh = "virsh -c bhyve:///system" if kind == "bhyve" else "virsh -c qemu+ssh://root@OLD/system"
    file = shlex.quote(f"/root/libvirt-{old.called}.xml")
    old.leave = (
        *(() if kind == "bhyve" else ("# OLD is the host that has it now",)),
        f"{virsh} shutdown {called}   # and wait until `{virsh} domstate {called}` says: shut off",
        f"(umask 077 && {virsh} dumpxml --inactive --security-info {called} >{file})",
        f"test -s {file} && {virsh} domstate {called} | grep -q 'shut off' && {virsh} undefine {called}"
        + ("" if kind == "bhyve" else " --keep-nvram"),
        *(() if kind == "bhyve" else ("# now bring its disks here, as the comments at their paths say",)),
    )
    again = (f"    {virsh} autostart {called} &&",) if starts else ()
    old.back = (f"    {virsh} define {file} &&", *again, f"    {virsh} start {called}")
