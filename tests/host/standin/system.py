"""The kernel's and the system's small commands: kldload, sysctl, date, sleep, pwait, nc, logger and their like."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise

from .options import UsageError, options
from .processes import alive, start_time
from .reply import Later, Reply, Result, UnmodelledError, fail
from .world import EPOCH, World

MODULES = {
    "vmm",
    "nmdm",
    "iscsi",
    "if_bridge",
    "if_tuntap",
    "bridgestp",
    "if_epair",
    "ng_ether",
    "ng_bridge",
    "ng_socket",
    "tpm",
    "if_vxlan",
    "pf",
}
USAGE = ["pid=", "pcpu=", "rss=", "nlwp=", "time="]
Resume = Callable[[Reply], None]


def kldload(world: World, words: list[str]) -> Result:
    """kldload(8): ``kldload [-nqv] file …``; a module that is there is an error without -n."""
    given, names = options(words, "nqv")
    status, errors = 0, []
    for name in names:
        if name not in MODULES:
            errors.append(f"kldload: can't load {name}: No such file or directory\n")
            status = 1
        elif name in world.modules and "n" not in given:
            errors.append(f"kldload: can't load {name}: module already loaded or in kernel\n")
            status = 1
        world.modules.update({name} & MODULES)
    return Reply("", "".join(errors), status)


def kldstat(world: World, words: list[str]) -> Result:
    """kldstat(8): ``kldstat -q -m module`` or ``-n file``."""
    given, _ = options(words, "qm:n:")
    name = given.get("m", given.get("n", "")).removesuffix(".ko")
    if not name:
        return Reply("".join(f"{module}.ko\n" for module in sorted(world.modules)))
    found = name in world.modules
    return Reply("", "" if found or "q" in given else f"kldstat: can't find file {name}\n", 0 if found else 1)


def sysctl(world: World, words: list[str]) -> Result:
    """sysctl(8): read with -n, set with name=value."""
    given, names = options(words, "niqe")
    lines: list[str] = []
    for word in names:
        name, separator, value = word.partition("=")
        if name == "kern.boottime":
            world.sysctl[name] = boottime(world)
        if name not in world.sysctl:
            if "i" in given:
                continue
            return Reply("".join(lines), "" if "q" in given else f"sysctl: unknown oid '{name}'\n", 1)
        if separator:
            lines.append(f"{name}: {world.sysctl[name]} -> {value}\n")
            world.sysctl[name] = value
        else:
            lines.append(f"{world.sysctl[name]}\n" if "n" in given else f"{name}: {world.sysctl[name]}\n")
    return Reply("".join(lines))


def boottime(world: World) -> str:
    """When the host was started, by today's clock: it moves with the clock when that is set."""
    moment = EPOCH + int(world.skew)
    return f"{{ sec = {moment}, usec = 0 }} {time.strftime('%a %b %e %H:%M:%S %Y', time.gmtime(moment))}"


def date(world: World, words: list[str]) -> Result:
    """date(1): ``date [-u] [-r seconds] [+format]`` on the sandbox's clock, in UTC."""
    given, rest = options(words, "ujr:")
    moment = int(given.get("r", world.wall()))
    form = rest[0] if rest else "+%a %b %e %H:%M:%S UTC %Y"
    if not form.startswith("+"):
        return fail("date: illegal time format")
    return Reply(time.strftime(form[1:].replace("%s", str(moment)), time.gmtime(moment)) + "\n")


def ps(world: World, words: list[str]) -> Result:
    """ps(1): how old a process is, or what those of bhyve take. What follows an equals sign in a word of -o is the
    heading of one column, commas included, and such a heading is printed (parsefmt of keyword.c)."""
    for option, word in pairwise(words):
        heading = word.partition("=")[2]
        if option == "-o" and heading:
            raise UnmodelledError(f"ps(1) with the heading {heading}, which would be printed above one column")
    if words[:-2] == [word for name in USAGE for word in ("-o", name)] and words[-2] == "-p":
        return usage(world, words[-1])
    return age(world, words)


def usage(world: World, pids: str) -> Reply:
    """``ps -o pid= -o pcpu= -o rss= -o nlwp= -o time= -p PID,…``: each guest takes half of its CPUs and memory."""
    lines = []
    for guest in sorted(world.guests.values(), key=lambda guest: guest.pid):
        if str(guest.pid) in pids.split(",") and alive(guest.pid):
            spent = int((world.now - guest.started) * guest.cpus * 50)
            minutes, hundredths = divmod(spent, 6000)
            time_spent = f"{minutes}:{hundredths // 100:02}.{hundredths % 100:02}"
            lines.append(
                f"{guest.pid:5} {guest.cpus * 50.0:5.1f} {guest.memory >> 11:7} {guest.cpus + 14:4} {time_spent:>9}\n"
            )
    return Reply("".join(lines), "", 0 if lines else 1)


def age(world: World, words: list[str]) -> Result:
    """``ps -o etimes= -p PID``: for how many seconds a process runs; the wall clock does not matter. A shell counts
    from its first command, or that of a child: no time passes before that; init(8) from the start of the host."""
    if words[:3] != ["-o", "etimes=", "-p"] or len(words) != 4:
        raise UnmodelledError(f"anything but -o etimes= or -o {' -o '.join(USAGE)}")
    pid = int(words[3])
    if pid == 1:
        return Reply(f"{int(world.now):7}\n")
    if not alive(pid):
        return Reply("", "", 1)
    if pid not in world.births:
        raise UnmodelledError(f"the age of process {pid}, which has run no command yet")
    return Reply(f"{int(world.now - world.births[pid]):7}\n")


def sleep(world: World, words: list[str]) -> Result:
    """sleep(1): any number of seconds, fractions allowed."""
    try:
        duration = sum(map(float, words))
    except ValueError:
        return fail("usage: sleep number[unit] [...]")
    return Later(lambda resume: world.at(duration, lambda: resume(Reply())))


def pwait(world: World, words: list[str]) -> Result:
    """pwait(1): ``pwait [-ov] [-t seconds] pid …``: 0 when all are gone, 124 when the time is over."""
    try:
        given, names = options(words, "ovt:")
        pids = [int(name) for name in names]
    except (UsageError, ValueError):
        return fail("usage: pwait [-t timeout] [-ov] pid ...", 64)
    if not pids:
        return fail("usage: pwait [-t timeout] [-ov] pid ...", 64)
    errors = "".join(f"pwait: {pid}: No such process\n" for pid in pids if not alive(pid))
    watched = {pid: start_time(pid) for pid in pids if alive(pid)}
    limit = float(given["t"].rstrip("s")) if "t" in given else None

    def gone() -> bool:
        return all(not alive(pid) or start_time(pid) != born for pid, born in watched.items())

    if gone():
        return Reply("", errors)

    def register(resume: Resume) -> None:
        over: list[bool] = []

        def finish(status: int) -> None:
            if not over:
                over.append(True)
                resume(Reply("", errors, status))

        world.watch(gone, lambda: finish(0))
        if limit is not None:
            world.at(limit, lambda: finish(124))

    return Later(register)


def nc(world: World, words: list[str]) -> Result:
    """nc(1): ``nc -z [-w seconds] host port``: whether a guest accepts connections there by now."""
    try:
        given, (host, port) = options(words, "zn46vw:")
    except (UsageError, ValueError):
        return fail("usage: nc [-46z] [-w timeout] [destination] [port]")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    for guest in world.guests.values():
        ready = guest.behaviour.ports.get(address)
        if ready is not None and world.now >= guest.started + ready:
            return Reply()
    if any(address in guest.behaviour.ports for guest in world.guests.values()):
        return Reply("", "", 1)
    wait = float(given.get("w", "75"))
    return Later(lambda resume: world.at(wait, lambda: resume(Reply("", "", 1))))


def hostname(world: World, words: list[str]) -> Result:
    """hostname(1): ``hostname [-s]``."""
    return Reply(world.hostname.partition(".")[0] + "\n" if words == ["-s"] else world.hostname + "\n")


def silent(_: World, __: list[str]) -> Result:
    """Commands that are only recorded: logger(1), cu(1)."""
    return Reply()


def title_of(world: World, name: str) -> str:
    """That of a bhyve: its words, until a guest that it restores is there."""
    guest = world.guests[name]
    if guest.port:
        return f"/usr/sbin/bhyve -R SOURCE {name}"
    reads = guest.restored and not guest.came and world.now < guest.started + guest.behaviour.restoring
    return f"/usr/sbin/bhyve -r FILE {name}" if reads else f"bhyve: {name}"


def pgrep(world: World, words: list[str]) -> Result:
    """pgrep(1), for the titles of bhyve and of those who call themselves so (``things.Impostor``):
    ``pgrep [-q] -fx [-u 0] [-j none] 'bhyve: NAME'``."""
    try:
        given, patterns = options(words, "fxqu:j:")
    except UsageError:
        return fail("usage: pgrep", 2)
    if len(patterns) != 1 or not {"f", "x"} <= set(given):
        return fail("usage: pgrep", 2)
    if given.get("u", "0") != "0" or given.get("j", "none") != "none":
        raise UnmodelledError("another user than 0, or a jail")
    titles = [(guest.pid, title_of(world, name)) for name, guest in world.guests.items()]
    titles += [
        (each.pid, each.title)
        for each in world.impostors
        if ("u" not in given or each.user == 0) and ("j" not in given or not each.jail)
    ]
    pids = [pid for pid, title in sorted(titles) if alive(pid) and re.fullmatch(patterns[0], title)]
    return Reply("" if "q" in given else "".join(f"{pid}\n" for pid in pids), "", 0 if pids else 1)
