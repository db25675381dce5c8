"""Loaders of guests without a boot ROM: bhyveload(8), grub-bhyve or another, which run before each run of bhyve."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Guest
from hivewright.lower.devices.disks import cd_path, disk_path
from hivewright.lower.devices.serial import serial_backend
from hivewright.lower.guest.firmware import has_rom
from hivewright.model.firmware import Bhyveload, Grub, boot_device
from hivewright.plan import Provenance, Step
from hivewright.site.host_devices import passes_devices, passing_keys
from hivewright.values import format_mebibytes

BHYVELOAD = "/usr/sbin/bhyveload"
GRUB = "/usr/local/sbin/grub-bhyve"
"""File of the package grub2-bhyve."""

_KIND = "firmware.kind"
"""The key behind every word of a loader."""

_PROGRAM = "firmware.loader.program"

_COMMANDS = "firmware.grub.commands"

_DIRECTORY = "/boot/grub"


def lower_loader(guest: Guest) -> Iterator[Step]:
    """The words of the loader, in calls that belong together, and the lines of the files that it reads."""
    if has_rom(guest):
        return
    makers = {"grub": _lower_grub, "bhyveload": _lower_bhyveload, "loader": _lower_own}
    steps = makers[guest.vm.firmware.kind or ""](guest)
    for step in steps:
        yield step if _KIND in step.keys else step._replace(keys=(_KIND, *step.keys))
    yield Step("loader", (guest.name,), (_KIND,), "")


def prepare_loader(guest: Guest) -> Iterator[Step]:
    """The loader and the files that it reads must exist."""
    if has_rom(guest):
        return
    own = guest.vm.firmware.loader
    if guest.vm.firmware.kind == "loader" and own is not None:
        yield Step("loader", (own.program,), (_KIND, _PROGRAM), _PROGRAM)
    else:
        program = GRUB if guest.vm.firmware.kind == "grub" else BHYVELOAD
        yield Step("loader", (program,), (_KIND,), "firmware")
    loader = guest.vm.firmware.bhyveload
    if loader is not None and loader.os_loader is not None:
        key = "firmware.bhyveload.os_loader"
        yield Step("file", ("OS loader", loader.os_loader), (_KIND, key), key)
    if loader is not None and loader.host_directory is not None:
        key = "firmware.bhyveload.host_directory"
        yield Step("file", ("directory of the host", loader.host_directory), (_KIND, key), key)


def _lower_bhyveload(guest: Guest) -> Iterator[Step]:
    """bhyveload(8). Its memory must have the size that bhyve is given, and be wired if that of bhyve is."""
    loader = guest.vm.firmware.bhyveload or Bhyveload()
    yield _program(guest, BHYVELOAD)
    yield from _lower_wired(guest)
    yield _call(("-m", format_mebibytes(guest.vm.memory)), "memory")
    for _, path, keys in _media(guest):
        yield Step("loader", ("-d", path), keys, keys[0].rpartition(".")[0])
    for name, value in sorted(loader.variables.items()):
        yield _call(("-e", f"{name}={value}"), "firmware.bhyveload.variables")
    if loader.host_directory is not None:
        yield _call(("-h", loader.host_directory), "firmware.bhyveload.host_directory")
    if loader.os_loader is not None:
        yield _call(("-l", loader.os_loader), "firmware.bhyveload.os_loader")


def _lower_own(guest: Guest) -> Iterator[Step]:
    """A program of one's own, whose words are the user's."""
    own = guest.vm.firmware.loader
    if own is None:
        return  # a rule says so
    yield _call((own.program,), _PROGRAM)
    if own.arguments:
        yield _call(tuple(own.arguments), "firmware.loader.arguments")


def _lower_grub(guest: Guest) -> Iterator[Step]:
    """grub-bhyve(8). Commands of the user become the only entry of a menu, in a grub.cfg on the host."""
    grub = guest.vm.firmware.grub or Grub()
    media = _media(guest)
    for device, path, keys in media:
        yield Step("loader_file", ("device.map", f"({device}) {path}"), keys, keys[0].rpartition(".")[0])
    boot = boot_device(guest.vm.firmware, dict(guest.vm.disk), dict(guest.vm.cd)) or ""
    root = grub.root or ("cd0" if boot.startswith("cd.") else "hd0,msdos1")
    if grub.commands:
        yield from _lower_menu(guest, grub, root)
    yield _program(guest, GRUB)
    yield from _lower_wired(guest)
    yield _call(("-M", format_mebibytes(guest.vm.memory)), "memory")
    yield _call(("-m", f"{RUN}/{guest.name}/device.map"), "firmware.kind")
    if grub.commands:
        yield _call(("-r", "host", "-d", f"{RUN}/{guest.name}"), _COMMANDS)
        return
    yield _call(("-r", root), "firmware.grub.root")
    if grub.directory != _DIRECTORY:
        yield _call(("-d", grub.directory), "firmware.grub.directory")
    if grub.config is not None:
        yield _call(("-g", grub.config), "firmware.grub.config")


def _lower_menu(guest: Guest, grub: Grub, root: str) -> Iterator[Step]:
    lines = (
        (f"set timeout={grub.timeout}", "firmware.grub.timeout"),
        (f"menuentry {guest.name} {{", _COMMANDS),
        (f"set root={root}", "firmware.grub.root"),
        *((command, _COMMANDS) for command in grub.commands),
        ("}", _COMMANDS),
    )
    for line, key in lines:
        yield Step("loader_file", ("grub.cfg", line), tuple(dict.fromkeys((key, _COMMANDS))), key)


def _program(guest: Guest, program: str) -> Step:
    """The loader and the console that it shares with bhyve."""
    backend, keys = serial_backend(guest, "com1", guest.vm.serial["com1"])
    return _call((program, "-c", backend), "firmware.kind", keys[-1])


def _lower_wired(guest: Guest) -> Iterator[Step]:
    if passes_devices(guest.vm) or guest.vm.machine.wired:
        yield _call(("-S",), *(passing_keys(guest.vm) or ("machine.wired",)))


def _call(words: tuple[str, ...], *keys: str) -> Step:
    return Step("loader", words, keys, keys[0].removesuffix(".kind"))


def _media(guest: Guest) -> list[tuple[str, str, Provenance]]:
    """Disks and drives by their names in GRUB: the boot device is the first of its kind, and the first of all."""
    vm = guest.vm
    boot = boot_device(vm.firmware, dict(vm.disk), dict(vm.cd))
    disks = {f"disk.{name}": disk_path(guest, name, disk) for name, disk in sorted(vm.disk.items())}
    cds = {f"cd.{name}": cd_path(name, cd) for name, cd in sorted(vm.cd.items())}
    media = [
        (f"{kind}{number}", *found[key], key)
        for kind, found in (("hd", disks), ("cd", cds))
        for number, key in enumerate(sorted(found, key=lambda key: (key != boot, key)))
    ]
    media.sort(key=lambda entry: entry[3] != boot)
    return [(device, path, keys) for device, path, keys, _ in media]
