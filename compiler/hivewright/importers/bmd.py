"""``import bmd FILE``: the VMs of bmd.conf(5), with the files that it includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hivewright.importers.bmd_command import Command, fault
from hivewright.importers.bmd_conf import Configuration, Machine, read_configuration
from hivewright.importers.forms import Bridge, Found, KeyPath, Old, Remark, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.request import Request, RequestError
from hivewright.importers.sources import read_text

_FILE = "/usr/local/etc/bmd.conf"
_WHY = {
    "owner": "whoever may start it without being root is said by rules of mdo(1) or sudo(8): see `hivectl help`",
    "boot_delay": "guests of one order start side by side, later orders once earlier ones are up: order, and "
    "start_delay of the host",
    "reboot_on_change": "`hivectl status` says when a restart would change something; nothing is restarted by itself",
    "loader_timeout": "hivewright gives a loader a time of its own",
    "err_logfile": "what bhyve says is in the log of the guest: `hivectl log`",
    "installcmd": "it is for the installation",
    "loadcmd": "it is for GRUB alone",
    "bhyveload_loader": "it is for bhyveload alone",
    "bhyveload_env": "it is for bhyveload alone",
    "grub_run_partition": "it is for GRUB alone",
    "hookcmd": "it is a program of the host; copy it into the site and name it in hooks",
    "prestart": "it is a program of the host; copy it into the site and name it in hooks.prestart",
    "poststop": "it is a program of the host; copy it into the site and name it in hooks.poststop",
    "backend": "hivewright has bhyve alone",
}
_BOOLEANS = ("graphics", "graphics_wait", "install", "reboot_on_change", "utctime", "virt_random", "wired_memory",
             "x2apic", "xhci_mouse")  # fmt: skip
_AUTOMATIC = Remark(
    "loadcmd = auto",
    "bmd looks at the disk and writes the commands itself; here the GRUB configuration of the guest is used. NetBSD "
    "and OpenBSD have none: write the command as firmware.grub.commands, as bmd shows it by `bmdctl inspect`",
)
_INSTALLS = Remark(
    "install = yes",
    'the guest boots from its medium, and is not started again; write install = { cd = "NAME" } if it is to be '
    "installed yet",
)


def read_bmd(request: Request) -> Found:
    """All VMs of a file and of those that it includes."""
    if len(request.paths) > 1:
        raise RequestError("name one file; it says itself which others belong to it")
    if not request.paths and request.address is None:
        raise RequestError(f"name the file, such as {_FILE}")
    ((_, text),) = (request if request.paths else request._replace(paths=(_FILE,))).texts()
    file = request.paths[0] if request.paths else _FILE
    configuration = read_configuration(file, text, lambda own, pattern: _included(request, own, pattern))
    shared, pipes = dict(configuration.settings), _pipes(configuration)
    guests: list[Old] = []
    names = tuple(machine.name for machine in configuration.machines)
    for number, machine in enumerate(configuration.machines):
        if machine.name in names[:number]:
            raise UnreadableError(request.shown(machine.place), f"a second VM is called {machine.name}")
        command = request.guest(machine.name, partial(Command, machine, shared, pipes), alone=len(names) == 1)
        if command is not None:
            read = partial(_guest, request, machine, command)
            old = request.guest(machine.name, read, alone=len(names) == 1)
            guests += [old] if old is not None else []
            pipes = command.pipes
    if not names:
        raise UnreadableError(request.shown(file), "there is no section vm in it")
    notes = [
        Remark(f'.include "{value}"', f"no file here is meant by it ({place})")
        for value, place in configuration.missing
    ]
    after = ("`service bmd stop` and `sysrc bmd_enable=NO` end bmd.",)
    return Found("bmd", guests, notes, [], after, names=names)


def _pipes(configuration: Configuration) -> int:
    """The first nmdm(4) that bmd gives: above its offset, and above all that are named."""
    offset = configuration.settings.get("nmdm_offset", "200")
    named = [
        int(match[1])
        for machine in configuration.machines
        for port in ("com1", "com2", "com3", "com4")
        for setting in machine.settings.get(port, ())
        if (match := re.fullmatch("/dev/nmdm([0-9]+)[AB]", setting.value))
    ]
    return max([int(offset) if offset.isdecimal() else 200, *(number + 1 for number in named)])


def _included(request: Request, own: str, pattern: str) -> Iterator[tuple[str, str]]:
    """The files of a pattern, which is relative to the file that has it."""
    path = pattern if pattern.startswith("/") else posixpath.join(posixpath.dirname(own), pattern)
    folder, _, name = path.rpartition("/")
    if re.search(r"[*?\[]", folder):
        raise UnreadableError(own, f'.include "{pattern}": a folder with *, ? or [ in its name is not followed')
    request.fetch([folder], [name])
    here = request.local(folder or ("." if request.root is None else "/"))
    for each in sorted(here.glob(name)) if here.is_dir() and name else ():
        if each.is_file():
            shown = posixpath.join(folder, each.name)
            yield shown, read_text(Path(each), request.shown(shown))


def _guest(request: Request, machine: Machine, command: Command) -> Old:
    words = command.words()
    loader = command.loader_words()
    place = request.shown(machine.place)
    old = Old(machine.name, place, tuple(words), loader, command.menu())
    for where, setting, bridge in command.nics:
        if bridge.startswith("vale"):
            old.networks[where] = Bridge(site_name(bridge, otherwise="net"), {"kind": "vale", "switch": bridge})
        else:
            old.networks[where] = Bridge(site_name(bridge, otherwise="net"), {"kind": "manual", "bridge": bridge})
        if "wol:" in setting.value:
            old.notes.append(Remark(f"wol of the NIC on {bridge}", "bhyve wakes no guest; hivectl start does"))
    _keys(old, command)
    _remarks(old, machine, command)
    _switching(old, machine)
    return old


def _keys(old: Old, command: Command) -> None:
    """What the command does not say: bmd starts a guest again when it rebooted, or always."""
    settings = command.settings
    keys: dict[KeyPath, object] = {}
    boot = settings.text("boot", "no").lower()
    if boot not in ("yes", "true", "oneshot", "always"):
        keys[("autostart",)] = False
    keys[("on_crash",)] = None if boot == "always" else "destroy"
    if boot == "always":
        keys[("on_poweroff",)] = "restart"
    if boot == "oneshot":
        keys[("on_reboot",)] = "destroy"
    timeout = settings.number("stop_timeout", 300)
    if timeout <= 0:
        raise fault(settings.needed("stop_timeout"), f"stop_timeout is {timeout}; it is a number of seconds")
    keys[("stop_timeout",)] = f"{timeout}s" if timeout % 60 else f"{timeout // 60}m"
    old.keys.update(keys)
    if command.menu() and (root := old.loader[old.loader.index("-r") + 1]) not in ("hd0,1", "hd0,msdos1", "cd0"):
        old.keys[("firmware", "grub", "root")] = re.sub("^hd0,([0-9]+)$", r"hd0,msdos\1", root)
    if command.loader == "grub" and settings.text("loadcmd").lower() == "auto":
        old.notes.append(_AUTOMATIC)
    for setting in settings.all("bhyve_env"):
        name, equals, value = setting.value.partition("=")
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,63}", name) is None or not equals:
            raise fault(setting, f'bhyve_env is "{setting.value}", which is not NAME=VALUE')
        old.keys[("environment", name)] = value
    if settings.yes("install"):
        old.notes.append(_INSTALLS)


def _remarks(old: Old, machine: Machine, command: Command) -> None:
    """What nobody asked for, and what is not what it looks like."""
    if machine.uses_number:
        old.notes.append(
            Remark(
                f"${{ID}} is {machine.number}",
                "bmd counts its VMs from 0 when it starts; it may have given this one another number since: compare "
                "with `bmdctl list`",
            )
        )
    if "%r" in command.settings.text("virt_console_template"):
        old.notes.append(Remark("%r of virt_console_template", "a name that is another at each start has no key"))
    for key, found in machine.settings.items():
        setting = found[-1]
        shown = "…" if "password" in key else setting.value
        line = f"line {setting.place.rpartition(':')[2]}"
        if key in _BOOLEANS and setting.value.lower() not in ("yes", "true", "no", "false"):
            old.notes.append(Remark(f"{key} = {shown} ({line})", "bmd takes everything for no but yes and true"))
        if key in command.settings.used or key == "name":
            continue
        if key == "loader_timeout" and setting.value == "15":
            continue
        why = _WHY.get(key, "bmd knows no such key")
        old.notes.append(Remark(f"{key} = {shown} ({line})", why))


def _switching(old: Old, machine: Machine) -> None:
    """bmd reads its file at each request to boot something; it boots nothing that has no memory and no loader."""
    old.leave = (
        f"bmdctl shutdown {machine.name}   # and wait until `bmdctl list` shows it stopped",
        f"# then put # before each line within the braces of `vm {machine.name}` ({old.place}): an empty section keeps",
        "# its number, by which others may go, and bmd boots nothing that has no memory",
        "service bmd reload",
    )
    old.back = (
        f"    echo 'take the # away again within the braces of vm {machine.name}' && read -r _ &&",
        "    service bmd reload &&",
        f"    bmdctl boot {machine.name}",
    )
