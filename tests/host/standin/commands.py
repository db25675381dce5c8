"""The commands of the sandbox: where each lies on FreeBSD, and who plays it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import (
    agent,
    bhyve,
    bhyvectl,
    devd,
    fetching,
    files,
    iscsi,
    limits,
    loaders,
    migration,
    network,
    nullfs,
    packing,
    pci,
    pools,
    remote,
    services,
    storage,
    switches,
    swtpm,
    system,
    terminals,
    tmux,
    zfs,
)
from .options import UsageError
from .reply import BUSYBOX, Become, Local, Result, UnmodelledError, fail
from .world import World

if TYPE_CHECKING:
    from .calls import Request

Command = Callable[[World, list[str]], Result]

PLAYED: dict[str, tuple[str, Command]] = {
    "ifconfig": ("/sbin", network.ifconfig),
    "route": ("/sbin", network.route),
    "valectl": ("/usr/sbin", switches.valectl),
    "ngctl": ("/usr/sbin", switches.ngctl),
    "iscsictl": ("/usr/bin", iscsi.iscsictl),
    "bhyvectl": ("/usr/sbin", bhyvectl.bhyvectl),
    "bhyveload": ("/usr/sbin", loaders.bhyveload),
    "grub-bhyve": ("/usr/local/sbin", loaders.grub),
    "pgrep": ("/bin", system.pgrep),
    "pkill": ("/bin", swtpm.pkill),
    "swtpm": ("/usr/local/bin", swtpm.swtpm),
    "tmux": ("/usr/local/bin", tmux.tmux),
    "stty": ("/bin", tmux.stty),
    "zfs": ("/sbin", zfs.zfs),
    "zpool": ("/sbin", pools.zpool),
    "ssh": ("/usr/bin", remote.ssh),
    "sockstat": ("/usr/bin", migration.sockstat),
    "tcpdrop": ("/usr/sbin", migration.tcpdrop),
    "stat": ("/usr/bin", storage.stat),
    "dd": ("/bin", storage.dd),
    "b64encode": ("/usr/bin", files.b64encode),
    "sha256": ("/sbin", files.sha256),
    "sha512": ("/sbin", files.sha512),
    "df": ("/bin", files.df),
    "mount": ("/sbin", nullfs.listed),
    "unzip": ("/usr/bin", packing.unzip),
    "zstd": ("/usr/bin", packing.zstd),
    "kldload": ("/sbin", system.kldload),
    "kldstat": ("/sbin", system.kldstat),
    "sysctl": ("/sbin", system.sysctl),
    "date": ("/bin", system.date),
    "ps": ("/bin", system.ps),
    "sleep": ("/bin", system.sleep),
    "pwait": ("/bin", system.pwait),
    "pciconf": ("/usr/sbin", pci.pciconf),
    "devctl": ("/usr/sbin", pci.devctl),
    "hostname": ("/bin", system.hostname),
    "cpuset": ("/usr/bin", limits.cpuset),
    "renice": ("/usr/bin", limits.renice),
    "protect": ("/usr/bin", limits.protect),
    "rctl": ("/usr/bin", limits.rctl),
    "logger": ("/usr/bin", system.silent),
    "cu": ("/usr/bin", terminals.cu),
    "pfctl": ("/sbin", services.pfctl),
    "sysrc": ("/usr/sbin", services.sysrc),
}
WITH_UMASK: dict[str, tuple[str, Callable[[World, list[str], int], Result]]] = {
    "truncate": ("/usr/bin", storage.truncate),
    "makefs": ("/usr/sbin", files.makefs),
    "fetch": ("/usr/bin", fetching.fetch),
    "install": ("/usr/bin", files.install),
    "qemu-img": ("/usr/local/bin", packing.qemu_img),
}
LOCAL = {"daemon": "/usr/sbin", "lockf": "/usr/bin", "timeout": "/bin", "lldb": "/usr/bin", "gdb": "/usr/local/bin"}
BASE = {
    "/bin": (*("cat", "chmod", "cp", "expr", "ln", "ls", "mkdir", "mv", "realpath", "rm", "rmdir", "sync"),),
    "/usr/bin": (
        *("awk", "basename", "bzip2", "cmp", "cut", "dirname", "env", "find", "grep", "gzip", "head", "id"),
        *("mkfifo", "mktemp", "od", "sed", "sort", "tail", "tar", "tee", "touch", "tr", "uniq", "wc"),
        *("xargs", "xz"),
    ),
    "/usr/sbin": ("chown",),
}
BUILTIN = {"/bin": ("echo", "pwd", "test"), "/usr/bin": ("false", "printf", "true")}
"""Not played, not recorded: FreeBSD's sh has them built in, but mksh, for one, has no printf, and that of busybox says
0 when it could not write, so the system's is taken."""
BASE_NAMES = frozenset(name for names in BASE.values() for name in names)
SERVICE_ENVIRONMENT = ["HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin"]


def places() -> dict[str, str]:
    """Command name to the directory it lies in."""
    found = {name: place for name, (place, _) in (PLAYED | WITH_UMASK).items()}
    found |= {name: place for place, names in BASE.items() for name in names}
    return {**found, **LOCAL, "bhyve": "/usr/sbin", "service": "/usr/sbin", "nc": "/usr/bin"}


def run(world: World, request: Request) -> Result:
    """Play one command."""
    try:
        return play(world, request)
    except UnmodelledError as error:
        world.fault("not modelled", f"{' '.join(request.argv)}: {error}")
        return fail(f"{request.argv[0]}: the stand-in host does not model this: {error}", 70)


def play(world: World, request: Request) -> Result:
    """Find who plays it."""
    name, words = request.argv[0], request.argv[1:]
    if name == "bhyve":
        return bhyve.bhyve(world, words, request)
    if name == "nc":
        return agent.nc(world, words, request)
    if name == "service":
        return devd.devd(world, words[1:]) if words[:1] == ["devd"] and words[1:] else service(words)
    if name in LOCAL:
        return Local(name)
    if name in BASE_NAMES:
        return base(world, name, words)
    try:
        if name in WITH_UMASK:
            return WITH_UMASK[name][1](world, words, request.umask)
        return PLAYED[name][1](world, words)
    except (UsageError, ValueError) as error:
        return fail(f"{name}: {error}\nusage: {name}", 64)


def base(world: World, name: str, words: list[str]) -> Result:
    """A utility of the base system: Linux's own does it, without what only Linux knows."""
    long = [word for word in words if word.startswith("--") and word != "--"]
    if long and name != "expr":
        return fail(f"{name}: illegal option -- -\nusage: {name}")
    for word in words if name in ("ls", "test") else ():
        world.look(word)
    if name == "tar" and words[:1] in (["-tf"], ["-xOqf"]):
        return packing.tar(words)
    return Become([BUSYBOX, name, *(packing.unpacking(words) if name == "tar" else words)])


def service(words: list[str]) -> Result:
    """service(8): the script runs with an empty environment."""
    if len(words) < 2:
        return fail("Usage: service [-j <jail name or id>] <rc.d script> <command>")
    return Become([BUSYBOX, "env", "-i", *SERVICE_ENVIRONMENT, f"/usr/local/etc/rc.d/{words[0]}", *words[1:]])
