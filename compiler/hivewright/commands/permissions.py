"""``hivewright permissions FORM HOST GROUP VM…``: rules by which a group may reach guests without being root.

Listing guests takes no right. What needs root is allowed word by word, by sudo(8) or doas(1). Consoles are not: cu(1)
runs any command of its user (``~!``), who must not be root then, so the group gets the device itself, by devfs(8).
No rule for mdo(1) can be as narrow: mac_do(4) knows users and groups, and no commands.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hivewright.pipeline.session import load_project
from hivewright.values.serial_lines import is_null_modem, other_end

if TYPE_CHECKING:
    from hivewright.plan import VmPlan

_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,15}")
"""pw(8): what it takes for a name of a group."""
_HIVECTL = "/usr/local/sbin/hivectl"
_LOOKING = ("status", "log", "log -f")
_POWER = ("start", "stop", "restart", "poweroff", "reset", "nmi")
_RULESET = 30


def add_arguments(parser: ArgumentParser) -> None:
    """In which form, on which host, to whom, and for which guests."""
    parser.description = (
        "Prints rules by which the members of a group of a host may reach guests without being root. Everybody may "
        "list guests. sudoers and doas allow to see what only root can, and with --power to start and stop guests; "
        "devfs allows their consoles. Nothing is installed."
    )
    parser.add_argument("form", choices=("devfs", "sudoers", "doas"), metavar="FORM", help="devfs, sudoers or doas")
    parser.add_argument("host", metavar="HOST", help="a host of the site")
    parser.add_argument("group", metavar="GROUP", type=_group, help="a group of that host")
    parser.add_argument("vm", nargs="+", metavar="VM", help="guests: names, patterns and @tags")
    parser.add_argument("--power", action="store_true", help="may also start, stop and reset them")


def run(arguments: Namespace) -> int:
    """0; 1 on errors; 2 for a host or a guest that is not there."""
    from hivewright.diagnostics.wording import suggestion
    from hivewright.pipeline.in_memory import compile_in_memory
    from hivewright.site.selection import SelectionError, select_vms

    host = arguments.host
    with load_project(arguments) as session:
        site = session.site
        if site is None:
            return 1
        if host not in site.hosts:
            hint = suggestion(host, list(site.hosts), "host")
            sys.stderr.write(f"hivewright: there is no host {host!r}; {hint}\n")
            return 2
        compiled = compile_in_memory(session, site, [host])
        if compiled is None:
            return 1
        guests = {guest.name: guest for guest in compiled[host].plan.vms}
        try:
            names = select_vms(guests, arguments.vm, site.tags)
        except SelectionError as error:
            sys.stderr.write(f"hivewright: {error}\n")
            return 2
    chosen = [guests[name] for name in sorted(names)]
    if arguments.form == "devfs":
        lines = _devfs(host, arguments.group, chosen)
    else:
        verbs = (*_LOOKING, *(_POWER if arguments.power else ()))
        commands = [words for guest in chosen for words in _commands(guest, verbs)]
        rules = _sudoers if arguments.form == "sudoers" else _doas
        lines = rules(host, arguments.group, commands)
    print("\n".join(lines))
    return 0


def _commands(guest: VmPlan, verbs: Sequence[str]) -> Iterator[str]:
    """Words of hivectl; a serial port that is logged is a further word."""
    terminals = (step.words for step in guest.prepare if step.verb == "terminal")
    ports = [word.removeprefix("log=") for words in terminals for word in words if word.startswith("log=")]
    for verb in verbs:
        yield f"{verb} {guest.name}"
        yield from (f"{verb} {guest.name} {port}" for port in ports if verb.startswith("log"))


def _group(text: str) -> str:
    if not _GROUP.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not the name of a group")
    return text


def _devfs(host: str, group: str, guests: Sequence[VmPlan]) -> Iterator[str]:
    """The devices that hivectl console opens; they have the rules of /dev whenever they come (devfs(8))."""
    yield f"# Consoles of guests on {host} for members of {group}: for /etc/devfs.rules, with"
    yield '# devfs_system_ruleset="hivewright_consoles" in rc.conf(5), and "service devfs restart".'
    yield "# Where /dev has a ruleset already, the lines belong there; another number will do as well."
    yield "# cu(1) writes its lock to /var/spool/lock, so members must be in the group dialer too."
    yield "# Who sees a console may do what whoever logged in there may do."
    yield f"[hivewright_consoles={_RULESET}]"
    for guest in guests:
        for port, device in guest.consoles:
            own = device.removeprefix("device=")
            if device.startswith("/dev/") or is_null_modem(own):
                opened = f"{device}B" if own == device else other_end(own)
                yield f"add path '{opened.removeprefix('/dev/')}' group {group} mode 0660"
            else:
                yield f"# {guest.name}, {port}: {_elsewhere(device)}"


def _elsewhere(device: str) -> str:
    if device.startswith("tcp="):
        return f"everybody on this host reaches {device.removeprefix('tcp=')}"
    if device.startswith("device="):
        return f"at the other end of the serial line {device.removeprefix('device=')}"
    return "a window of tmux(1), which belongs to root"


def _sudoers(host: str, group: str, commands: Sequence[str]) -> Iterator[str]:
    """sudoers(5): words of a command are compared whole."""
    yield f"# What members of {group} may do on {host}: for /usr/local/etc/sudoers.d/hivewright, mode 0440; look at it"
    yield "# with visudo -c first. Consoles are not here, since cu(1) would be root's: see devfs."
    yield from (f"%{group} ALL = (root) NOPASSWD: {_HIVECTL} {command}" for command in commands)


def _doas(host: str, group: str, commands: Sequence[str]) -> Iterator[str]:
    """doas.conf(5): words of a command are compared whole."""
    yield f"# What members of {group} may do on {host}: for /usr/local/etc/doas.conf; look at it with"
    yield "# doas -C first."
    yield "# Consoles are not here, since cu(1) would be root's: see devfs."
    yield from (f"permit nopass :{group} as root cmd {_HIVECTL} args {command}" for command in commands)
