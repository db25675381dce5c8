"""References: hosts, networks, images, users, files and other objects that must exist."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import Diagnostic, KeyPath
from hivewright.diagnostics.wording import Suggestions, quoted, suggestion
from hivewright.model.image_uses import image_uses
from hivewright.site.named import named_files
from hivewright.site.programs import programs

if TYPE_CHECKING:
    from hivewright.model.host import Host
    from hivewright.model.vm import Vm
    from hivewright.site.site import Site

_MAX_FILE = 2**20
"""Hooks and user data are read into memory and shipped to hosts; a file of more than 1 MiB is a mistake."""


class Known(NamedTuple):
    """The names that exist, including those of invalid objects."""

    objects: Mapping[str, Collection[str]]
    """Kind -> names."""
    profiles: Callable[[], Collection[str]]
    may_exist: Callable[[str, str], bool]
    """Whether what could not be read may define an object of a name and kind."""
    uncertain: Collection[KeyPath]
    """Objects with values that are not known."""


class _Checker:
    def __init__(self, site: Site, known: Known, folder: str, files: dict[str, bytes]) -> None:
        self.site = site
        self.known = known
        self.folder = folder
        self.files = files
        self.diagnostics: list[Diagnostic] = []
        self.broken: set[KeyPath] = set()
        """Objects that refer to something that is not known."""
        self.suggestions: dict[str, Suggestions] = {}
        """What there is of each kind, once something is missing."""
        self.unusable: dict[str, tuple[str, str, str]] = {}
        """File -> code, message and help, for files that cannot be used."""

    def refer(self, code: str, kind: str, name: str, *path: str | int) -> bool:
        """Whether an object exists; reports at the key ``path`` when it does not."""
        names = self.known.objects[kind]
        if name in names:
            return True
        self.broken.add(tuple(path[:2]))
        if self.known.may_exist(name, kind):
            return False
        what = "VM" if kind == "vm" else kind
        self.report(code, f"there is no {what} {quoted(name)}", path, self.remedy(name, what, names))
        return False

    def remedy(self, name: str, what: str, known: Collection[str]) -> str:
        """What was meant by a name that does not exist; ``known`` is the same for all of a kind."""
        if what not in self.suggestions:
            self.suggestions[what] = Suggestions(known, what)
        return self.suggestions[what].remedy(name)

    def report(self, code: str, message: str, path: KeyPath, remedy: str) -> None:
        self.broken.add(tuple(path[:2]))
        self.diagnostics.append(Diagnostic(code, message, self.site.place(*path), remedy))

    def check_vm(self, name: str, vm: Vm) -> None:
        hosts = self._hosts(name, vm)
        if isinstance(vm.topology, str):
            self.refer("REF004", "topology", vm.topology, "vm", name, "topology")
        networks, storages = self.known.objects["network"], self.known.objects["storage"]
        for nic, device in vm.nic.items():
            if device.network and device.network not in networks:
                self.refer("REF005", "network", device.network, "vm", name, "nic", nic, "network")
        for key, disk in vm.disk.items():
            if disk.storage is not None and disk.storage not in storages:
                self.refer("REF006", "storage", disk.storage, "vm", name, "disk", key, "storage")
        for use in image_uses(vm):
            self.check_image(use.image, hosts, ("vm", name, *use.path))
        for medium in vm.install.cd if vm.install is not None else ():
            if medium not in vm.cd and ("vm", name) not in self.known.uncertain:
                remedy = suggestion(medium, vm.cd, "drive") if vm.cd else f"define [vm.{name}.cd.{medium}]"
                message = f"{name} has no drive {quoted(medium)} to be installed from"
                self.report("REF017", message, ("vm", name, "install", "cd"), remedy)
        for key, passed in vm.passthrough.items():
            if passed.device:
                self.check_device(passed.device, hosts, ("vm", name, "passthrough", key, "device"))
        for index, other in enumerate(vm.after):
            self.refer("REF010", "vm", other, "vm", name, "after", index)
        self._first_boot_and_hooks(name, vm)

    def _hosts(self, name: str, vm: Vm) -> list[tuple[str, Host]]:
        """The valid hosts of a VM; those that do not exist are reported."""
        found = []
        for index, host in enumerate(self.site.hosts_of(vm)):
            path: KeyPath = ("vm", name, "host") if vm.host is not None else ("vm", name, "hosts", index)
            exists = self.refer("REF001", "host", host, *path)
            if exists and host in self.site.hosts and ("host", host) not in self.known.uncertain:
                found.append((host, self.site.hosts[host]))
        return found

    def _first_boot_and_hooks(self, name: str, vm: Vm) -> None:
        if vm.cloud_init is not None:
            for index, user in enumerate(vm.cloud_init.users):
                self.refer("REF008", "user", user, "vm", name, "cloud_init", "users", index)
        for file, path in named_files(vm):
            self.check_file(file, ("vm", name, *path))
        for program in programs(vm):
            self.check_hook(program.hook.file, ("vm", name, *program.path))

    def check_image(self, image: str, hosts: list[tuple[str, Host]], path: KeyPath) -> None:
        """An image is an [image.NAME], or comes with the profile of that name for the architecture of each host."""
        if image in self.known.objects["image"]:
            return
        if self.known.may_exist(image, "image"):
            self.broken.add(tuple(path[:2]))
            return
        if image not in self.known.profiles():
            remedy = self.remedy(image, "image", self._images)
            self.report("REF007", f"there is no image {quoted(image)}", path, remedy)
            return
        if image not in self.site.profiles:
            return
        for _, host in hosts:
            if self.site.image(image, host.arch) is None:
                message = f"the profile {quoted(image)} brings no image for {host.arch}"
                self.report("REF007", message, path, "define an [image.NAME] and name that")
                return

    @cached_property
    def _images(self) -> set[str]:
        """The images of the site, and the profiles that bring one."""
        return {*self.known.objects["image"], *(name for name, each in self.site.profiles.items() if each.image)}

    def check_device(self, device: str, hosts: list[tuple[str, Host]], path: KeyPath) -> None:
        """A device is kept for guests by the host of the VM; a VM with several must not have one (rules)."""
        if len(hosts) > 1 and any(device in host.device for _, host in hosts):
            return
        for name, host in hosts:
            if device not in host.device:
                message = f"the host {name} keeps no device {quoted(device)} for guests"
                remedy = f"define [host.{name}.device.{device}] with its pci address"
                if host.device:
                    remedy = suggestion(device, host.device, "device")
                self.report("REF009", message, path, remedy)
                return

    def check_file(self, name: str, path: KeyPath) -> None:
        """A file of the site exists, lies inside the site, and can be read; its contents are kept."""
        if name in self.files:
            return
        if name not in self.unusable:
            fault = self._read(name)
            if fault is None:
                return
            self.unusable[name] = fault
        code, message, remedy = self.unusable[name]
        self.report(code, message, path, remedy)

    def check_hook(self, name: str, path: KeyPath) -> None:
        """The name of a hook's interpreter does not end in a carriage return: there is no such program."""
        first_line = self.files.get(name, b"")[:256].partition(b"\n")[0]
        if first_line.startswith(b"#!") and first_line.endswith(b"\r"):
            message = f"the file {quoted(name)} has the line ends of Windows, with which no host can run it"
            self.report("REF012", message, path, "save it with the line ends of Unix (LF)")

    def _read(self, name: str) -> tuple[str, str, str] | None:
        """Keeps a file's contents, or returns why it cannot be used: code, message, help."""
        path = os.path.realpath(os.path.join(self.folder, name))
        root = os.path.realpath(self.folder)
        if os.path.commonpath((root, path)) != root:
            return "REF012", f"the file {quoted(name)} lies outside the site", "copy it into the site's folder"
        if not os.path.exists(path):
            return "REF011", f"there is no file {quoted(name)} in the site", self._nearest_file(name)
        if name.endswith("/") or not os.path.isfile(path):
            return "REF012", f"{quoted(name)} is not a regular file", "name a file"
        try:
            if os.path.getsize(path) > _MAX_FILE:
                return "REF012", f"the file {quoted(name)} is larger than 1 MiB", "fetch large data from the guest"
            with open(path, "rb") as stream:
                self.files[name] = stream.read()
        except OSError as error:
            reason = (error.strerror or "").lower()
            return "REF012", f"cannot read the file {quoted(name)}: {reason}", "make it readable"
        return None

    def _nearest_file(self, name: str) -> str:
        folder, _, wanted = name.rpartition("/")
        try:
            there = os.listdir(os.path.join(self.folder, folder))
        except OSError:
            return f"there is no folder {quoted(folder)} either; paths are relative to the site's folder"
        remedy = suggestion(wanted, (each for each in there if not each.startswith(".")), "file")
        return remedy.replace('"', f'"{folder}/', 1) if folder and remedy.startswith("did") else remedy


def check_references(
    site: Site, known: Known, folder: str, files: dict[str, bytes]
) -> tuple[list[Diagnostic], set[KeyPath]]:
    """Every reference to something that does not exist, and the objects that have one to something unknown.

    Contents of referenced files are put into ``files``.
    """
    checker = _Checker(site, known, folder, files)
    for path, names in _host_lists(site):
        for index, host in enumerate(names):
            checker.refer("REF001", "host", host, *path, index)
    for name, vm in site.vms.items():
        checker.check_vm(name, vm)
    return checker.diagnostics, checker.broken


def _host_lists(site: Site) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    for name, network in site.networks.items():
        yield ("network", name, "hosts"), network.hosts
    for name, storage in site.storages.items():
        yield ("storage", name, "hosts"), storage.hosts
