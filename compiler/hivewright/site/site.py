"""The site: validated definitions, with every VM merged from its layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import KeyPath, Part, Place
from hivewright.model.readers import CLOUD_INIT, reader_named

if TYPE_CHECKING:
    from hivewright.model.guest import Topology
    from hivewright.model.host import Host
    from hivewright.model.image import Image
    from hivewright.model.network import AnyNetwork
    from hivewright.model.profile import Profile
    from hivewright.model.readers import Reader
    from hivewright.model.site import SiteTable, User
    from hivewright.model.storage import AnyStorage
    from hivewright.model.vm import Vm


class Layer(NamedTuple):
    """One source of keys for a VM: ``label`` is ``vm``, ``template small``, ``profile debian-13`` or ``defaults``."""

    label: str
    file: str
    prefix: KeyPath
    values: Mapping[str, object]


class Origin(NamedTuple):
    """Where the value of a key comes from; ``file`` is empty for a built-in default."""

    label: str
    file: str
    path: KeyPath


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Site:
    """A validated site. All mappings are by name, in sorted order, so that the order of tables never matters."""

    table: SiteTable
    hosts: Mapping[str, Host]
    networks: Mapping[str, AnyNetwork]
    storages: Mapping[str, AnyStorage]
    images: Mapping[str, Image]
    users: Mapping[str, User]
    topologies: Mapping[str, Topology]
    profiles: Mapping[str, Profile]
    """The profiles that some VM uses."""
    vms: Mapping[str, Vm]
    host_networks: Mapping[tuple[str, str], AnyNetwork]
    """(host, network) -> the network with the overrides of that host; absent when the host does not have it."""
    host_storages: Mapping[tuple[str, str], AnyStorage]
    """(host, storage) -> the storage with the overrides of that host; absent when the host does not have it."""
    files: Mapping[str, bytes]
    """Contents of the site's files that VMs refer to (hooks, user_data), by their path below the site."""
    homes: Mapping[KeyPath, str]
    """The file that defines each object: ``("vm", "web1") -> "vms/web.toml"``, ``("site",) -> "site.toml"``."""
    layers: Mapping[str, tuple[Layer, ...]]
    """The layers of each VM, the strongest first. Only here are keys in the order of their files."""
    guests: Mapping[str, Mapping[str, Vm]] = field(init=False, repr=False, compare=False)
    """Host -> the VMs that may run there; every host has an entry."""

    def __post_init__(self) -> None:
        guests: dict[str, dict[str, Vm]] = {host: {} for host in self.hosts}
        for name, vm in self.vms.items():
            for host in self.hosts_of(vm):
                if host in guests:
                    guests[host][name] = vm
        object.__setattr__(self, "guests", guests)

    @property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """The tags of each VM that has some."""
        return {name: vm.tags for name, vm in self.vms.items() if vm.tags}

    def hosts_of(self, vm: Vm) -> tuple[str, ...]:
        """The hosts a VM may run on, its home first."""
        return (vm.host,) if vm.host is not None else vm.hosts

    def image(self, name: str, arch: str) -> Image | None:
        """An image of the site, or that of the profile of this name for an architecture."""
        if name in self.images:
            return self.images[name]
        profile = self.profiles.get(name)
        return profile.image.get(arch) if profile is not None else None  # type: ignore[call-overload]

    def reader(self, vm: Vm) -> Reader | None:
        """What reads the first-boot data of a VM with ``cloud_init``; ``None`` where nothing does."""
        profile = self.profiles.get(vm.profile)
        own = vm.cloud_init.reader if vm.cloud_init is not None else None
        return reader_named(own, profile.reader, profile.os) if profile is not None else reader_named(own, None, None)

    def root_by(self, vm: Vm) -> str:
        """What the users of a VM become root by: ``sudo`` or ``doas``."""
        profile = self.profiles.get(vm.profile)
        return "sudo" if profile is None else profile.root_rules

    def medium(self, vm: Vm) -> str:
        """How a VM gets its first-boot data: from a drive with this label, or as a file of fw_cfg; empty without."""
        if vm.cloud_init is None:
            return ""
        return (self.reader(vm) or CLOUD_INIT).medium

    def place(self, *path: str | int, part: Part = "value") -> Place:
        """Where a key is set: for a key of a VM, in the layer that supplies it.

        ``place("vm", "web1", "memory")`` may be in a template. For a key that is not set, it is the innermost table
        around it that exists.
        """
        if len(path) >= 2 and path[0] == "vm":
            origin = self.trace(str(path[1]), path[2:])
            if origin.file:
                return Place(origin.file, origin.path, part)
            return self.place(*path[:-1], part="table")
        for length in (2, 1):
            file = self.homes.get(tuple(path[:length]))
            if file is not None:
                return Place(file, tuple(path), part)
        return Place("", tuple(path), part)

    def trace(self, vm: str, path: KeyPath) -> Origin:
        """The layer that supplies a key of a VM; label ``default`` and no file when none does."""
        for layer in self.layers.get(vm, ()):
            found: object = layer.values
            for part in path:
                if isinstance(found, Mapping):
                    found = found.get(part)
                elif isinstance(found, list) and isinstance(part, int):
                    found = found[part] if part < len(found) else None
                else:
                    found = None
            if found is not None:
                return Origin(layer.label, layer.file, (*layer.prefix, *path))
        return Origin("default", "", path)


def own_ports(vm: Vm) -> Iterator[tuple[tuple[str, ...], int]]:
    """TCP ports that a VM sets, except that of VNC, each with its key path: serial ports, gdb stub."""
    for key, serial in vm.serial.items() if len(vm.serial) < 2 else sorted(vm.serial.items()):
        if serial.kind == "tcp" and serial.port is not None:
            yield ("serial", key, "port"), serial.port
    if vm.debug is not None and vm.debug.gdb is not None:
        yield ("debug", "gdb", "port"), vm.debug.gdb.port
