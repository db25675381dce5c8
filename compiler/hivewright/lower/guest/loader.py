"""Loaders of guests without a boot ROM: bhyveload(8), grub-bhyve or another, which run before each run of bhyve."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

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

_INSTALL_COMMANDS = "firmware.grub.install_commands"

_DIRECTORY = "/boot/grub"

_MENU = "grub.cfg"
"""What grub-bhyve reads below its directory, unless -g names another file there."""

_INSTALL_MENU = "install.cfg"

_MAP = "device.map"

_INSTALL_MAP = "install.map"
"""The same with the medium of the installer, which may be gone once the guest is installed."""


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
    yield from _lower_boot_media(guest)
    for name, value in sorted(loader.variables.items()):
        yield _call(("-e", f"{name}={value}"), "firmware.bhyveload.variables")
    if loader.host_directory is not None:
        yield _call(("-h", loader.host_directory), "firmware.bhyveload.host_directory")
    if loader.os_loader is not None:
        yield _call(("-l", loader.os_loader), "firmware.bhyveload.os_loader")


def _lower_boot_media(guest: Guest) -> Iterator[Step]:
    """bhyveload boots from the first medium: that of an installer as long as the guest is being installed, and after
    that a loader that opens it has none to open any more."""
    media = _media(guest)
    installers = {f"cd.{name}" for name in _installers(guest)}
    if not installers:
        yield from (_medium("loader", path, keys) for _, path, keys in media)
        return
    own = [(path, keys) for _, path, keys in media if _device(keys) in installers]
    others = [(path, keys) for _, path, keys in media if _device(keys) not in installers]
    yield from (_medium("loader_installing", path, (*keys, "install.cd")) for path, keys in own)
    yield from (_medium("loader", path, keys) for path, keys in others)


def _medium(verb: str, path: str, keys: Provenance) -> Step:
    return Step(verb, ("-d", path), keys, _device(keys))


def _device(keys: Provenance) -> str:
    """The device of a medium by the keys that say where it lies: ``cd.install``."""
    return keys[0].rpartition(".")[0]


def _installers(guest: Guest) -> tuple[str, ...]:
    return guest.vm.install.cd if guest.vm.install is not None else ()


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
    installers = {f"cd.{name}" for name in _installers(guest)}
    media = _media(guest)
    if installers:
        yield from _lower_map(guest, _INSTALL_MAP, media)
    yield from _lower_map(guest, _MAP, media if not installers else _media(guest, without=installers))
    boot = boot_device(guest.vm.firmware, dict(guest.vm.disk), dict(guest.vm.cd)) or ""
    root = grub.root or ("cd0" if boot.startswith("cd.") else "hd0,msdos1")
    installs = bool(installers)
    if grub.commands:
        yield from _lower_menu(guest, _MENU, (root, "firmware.grub.root"), (grub.commands, _COMMANDS))
    if installs and grub.install_commands:
        yield from _lower_menu(guest, _INSTALL_MENU, ("cd0", "install"), (grub.install_commands, _INSTALL_COMMANDS))
    yield _program(guest, GRUB)
    yield from _lower_wired(guest)
    yield _call(("-M", format_mebibytes(guest.vm.memory)), "memory")
    if installs:
        yield Step("loader_installing", ("-m", f"{RUN}/{guest.name}/{_INSTALL_MAP}"), ("install",), "install")
        yield Step("loader_installed", ("-m", f"{RUN}/{guest.name}/{_MAP}"), ("install",), "install")
    else:
        yield _call(("-m", f"{RUN}/{guest.name}/{_MAP}"), _KIND, "install")
    if installs and grub.install_commands:
        words = ("-r", "host", "-d", f"{RUN}/{guest.name}", "-g", _INSTALL_MENU)
        yield Step("loader_installing", words, (_INSTALL_COMMANDS, "install"), _INSTALL_COMMANDS)
    elif installs:
        yield Step("loader_installing", ("-r", "cd0"), ("install", _INSTALL_COMMANDS), "install")
    verb = "loader_installed" if installs else "loader"
    for step in _lower_configuration(guest, grub, root):
        yield step._replace(verb=verb, keys=(*step.keys, "install"))


def _lower_map(guest: Guest, file: str, media: list[tuple[str, str, Provenance]]) -> Iterator[Step]:
    for device, path, keys in media:
        chosen: Provenance = ("install.cd",) if device.startswith("cd") and _installers(guest) else ()
        chosen += ("install",) if file == _INSTALL_MAP else ()
        yield Step("loader_file", (file, f"({device}) {path}"), (*keys, *chosen), _device(keys))


def _lower_configuration(guest: Guest, grub: Grub, root: str) -> Iterator[Step]:
    """Where grub-bhyve finds what it does."""
    if grub.commands:
        yield _call(("-r", "host", "-d", f"{RUN}/{guest.name}"), _COMMANDS)
        return
    yield _call(("-r", root), "firmware.grub.root")
    if grub.directory != _DIRECTORY:
        yield _call(("-d", grub.directory), "firmware.grub.directory")
    if grub.config is not None:
        yield _call(("-g", grub.config), "firmware.grub.config")


def _lower_menu(guest: Guest, file: str, root: tuple[str, str], commands: tuple[Sequence[str], str]) -> Iterator[Step]:
    """A menu with one entry. ``root`` and ``commands`` come with their keys."""
    grub = guest.vm.firmware.grub or Grub()
    key = commands[1]
    lines = (
        (f"set timeout={grub.timeout}", "firmware.grub.timeout"),
        (f"menuentry {guest.name} {{", key),
        (f"set root={root[0]}", root[1]),
        *((command, key) for command in commands[0]),
        ("}", key),
    )
    for line, own in lines:
        needs = ("install",) if file == _INSTALL_MENU else ()
        yield Step("loader_file", (file, line), tuple(dict.fromkeys((own, key, *needs))), own)


def _program(guest: Guest, program: str) -> Step:
    """The loader and the console that it shares with bhyve."""
    backend, keys = serial_backend(guest, "com1", guest.vm.serial["com1"])
    return _call((program, "-c", backend), "firmware.kind", keys[-1])


def _lower_wired(guest: Guest) -> Iterator[Step]:
    if passes_devices(guest.vm) or guest.vm.machine.wired:
        yield _call(("-S",), *(passing_keys(guest.vm) or ("machine.wired",)))


def _call(words: tuple[str, ...], *keys: str) -> Step:
    return Step("loader", words, keys, keys[0].removesuffix(".kind"))


def _media(guest: Guest, without: Container[str] = ()) -> list[tuple[str, str, Provenance]]:
    """Disks and drives by their names in GRUB: the boot device is the first of its kind, and the first of all; of other
    drives, those of an installer come first."""
    vm = guest.vm
    boot = boot_device(vm.firmware, dict(vm.disk), dict(vm.cd))
    disks = {f"disk.{name}": disk_path(guest, name, disk) for name, disk in sorted(vm.disk.items())}
    cds = {f"cd.{name}": cd_path(name, cd) for name, cd in sorted(vm.cd.items()) if f"cd.{name}" not in without}
    first = [boot, *(f"cd.{name}" for name in _installers(guest))]

    def rank(key: str) -> tuple[int, str]:
        return (first.index(key), "") if key in first else (len(first), key)

    media = [
        (f"{kind}{number}", *found[key], key)
        for kind, found in (("hd", disks), ("cd", cds))
        for number, key in enumerate(sorted(found, key=rank))
    ]
    media.sort(key=lambda entry: entry[3] != boot)
    return [(device, path, keys) for device, path, keys, _ in media]
