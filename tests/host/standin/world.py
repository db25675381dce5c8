"""What the stand-in host knows and remembers: interfaces, guests, pools, settings, the clock."""

from __future__ import annotations

import heapq
import os
import re
import stat
from collections.abc import Callable
from typing import Any

from .machine import Machine
from .settings import Settings
from .things import Behaviour, Dataset, Guest, Impostor, Interface, Session

EPOCH = 1_000_000_000
"""The wall clock when the host was started."""
NULL = "/.linux/null"
NODES = "/.linux/nodes"
"""Where devices lie that must be told from each other: a file system of their own."""
CLONED = re.compile("/dev/tap[0-9]{1,5}")


class PanicError(Exception):
    """The host panics: nothing goes on."""


class World:
    """All state of the stand-in host."""

    def __init__(self, settings: Settings) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, str, int, Callable[[], None]]] = []
        self.watchers: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self.count = 0
        self.release: tuple[int, int] = tuple(settings.get("release", (14, 3)))
        self.arch: str = settings.get("arch", "amd64")
        self.strict: bool = settings.get("strict", True)
        """bhyve refuses what it would silently misread (``bhyve_grammar``)."""
        self.hostname: str = settings.get("hostname", "alpha")
        machine = Machine(*settings.get("machine", (2, 8, 2)))
        self.sysctl: dict[str, str] = {**machine.settings(), "net.link.bridge.member_ifaddrs": "0"}
        self.sysctl["kern.corefile"] = "%N.core"
        self.sysctl |= {"net.inet.ip.forwarding": "1", "kern.init_shutdown_timeout": "120"}
        self.sysctl["kern.osreldate"] = f"{self.release[0]}{self.release[1]:02}000"
        osrelease = "{}.{}-RELEASE".format(*self.release)
        self.sysctl |= {"kern.osrelease": osrelease, "kern.version": f"FreeBSD {osrelease} GENERIC\n"}
        self.sysctl["hw.model"] = "Example CPU 1234"
        self.sysctl.update(settings.get("sysctl", {}))
        self.sysctl.setdefault("hw.vmm.maxcpu", self.sysctl["hw.ncpu"])
        self.loaded: set[str] = set()
        """Contexts that a loader has filled."""
        self.modules: set[str] = set(settings.get("modules", []))
        self.free: int = settings.get("free", 1 << 40)
        """Bytes that every file system has room for, as df(1) says."""
        self.nullfs: dict[str, str] = {}
        """Where something is mounted by nullfs(5) -> the directory that is seen there."""
        self.urls: dict[str, str | dict[str, Any]] = settings.get("urls", {})
        self.skew = 0.0
        """So far the wall clock was stepped."""
        self.snapshot: bool = settings.get("snapshot", False)
        """The kernel and bhyve have BHYVE_SNAPSHOT."""
        self.births: dict[int, float] = {}
        """Process -> when it was started, or ran its first command."""
        self.devd = True
        """devd(8) runs."""
        self.rules: list[str] = []
        """Rules of rctl(8)."""
        self.faults: list[str] = []
        self.allowed: set[str] = set()
        """Kinds of faults that the scenario wants."""
        self.ask: Callable[[list[str], bytes], tuple[str, str, int]] = lambda _words, _given: ("", "", 255)
        """What another host answers to the words of ssh(1), with its standard input."""
        self.spend: Callable[[str], None] = lambda _path: None
        """Called before a played command writes a file; raises OSError when there is no space."""
        self.windows: dict[str, str] = {}
        """Socket of a tmux server -> the device of its window."""
        self.waiting: dict[str, list[Callable[[], None]]] = {}
        self.guests: dict[str, Guest] = {}
        self.behaviours: dict[str, list[Behaviour]] = {}
        self.contexts: set[str] = set()
        self.impostors: list[Impostor] = []
        self.stuck: set[str] = set()
        """Contexts that the kernel does not destroy; bhyvectl ends with 0 all the same."""
        self.destroy_delay: float = settings.get("destroy_delay", 0.0)
        """Seconds after which a context goes that was destroyed: on older releases a task of the kernel does it."""
        self.set_migration(settings)
        self.set_devices(settings)
        self.set_storage(settings)
        self.set_network(settings)

    def set_migration(self, settings: Settings) -> None:
        """Guests that go to another host."""
        self.migrates: bool = settings.get("migrates", False)
        """bhyve has -R, and bhyvectl --migrate, which no release has."""
        self.end: Callable[[Guest, int, str], None]
        """How bhyve ends (``bhyve.end``), and how its guest lives (``bhyve.live``)."""
        self.live: Callable[[Guest], None]

    def set_devices(self, settings: Settings) -> None:
        """PCI devices."""
        self.ppt: list[str] = list(settings.get("ppt", ["2/0/0"]))
        self.pci: dict[str, str] = settings.get("pci", {})
        """Selector of a PCI device -> its driver, where that is not ppt."""
        self.former: dict[str, str] = {}
        """Selector -> the driver that devctl took it from."""
        self.busy: set[str] = set(settings.get("busy", []))
        """Selectors of devices that their drivers do not let go."""
        self.sriov: dict[str, dict[str, Any]] = settings.get("sriov", {})
        """Device -> its virtual functions: at, vfs, total, offset, stride, ari, passthrough (numbers)."""
        self.functions: set[str] = set()

    def set_storage(self, settings: Settings) -> None:
        """Pools, and targets of iSCSI."""
        self.datasets: dict[str, Dataset] = {}
        self.pools: set[str] = set()
        self.targets: dict[str, dict[str, Any]] = settings.get("targets", {})
        """Target of iSCSI -> portal, luns and perhaps user and secret."""
        self.iscsid: bool = settings.get("iscsid", True)
        self.sessions: dict[tuple[str, str], Session] = {}
        """Portal and target -> the session."""
        self.zvol_delay: float = settings.get("zvol_delay", 2.0)
        """Seconds until a volume's node is there when volmode was set on the volume and its node comes after all."""
        self.volmode_race: str = settings.get("volmode_race", "never")
        """What comes of volmode set on a volume: its node is ``late``, or ``never`` there."""
        self.pool_size: int = settings.get("pool_size", 10 << 40)
        self.guids = 0
        self.exported: dict[str, list[tuple[str, str]]] = {}
        """Exported pool -> where its directories are meanwhile, and where they belong."""
        self.written: dict[str, bytes] = {}
        """Digest of what is in a volume -> that."""

    def set_network(self, settings: Settings) -> None:
        """Interfaces and switches."""
        self.default_route: str | None = settings.get("default_route", "ix0")
        self.devfs_cloning: bool = settings.get("devfs_cloning", False)
        """Every look of a script at /dev/tapN makes that tap, a shell's own test too (net.link.tap.devfs_cloning).
        What played commands look at does so anyway."""
        self.persistent: set[str] = set()
        """Nodes of netgraph that stay without hooks."""
        self.interfaces: dict[str, Interface] = {}
        self.routes: dict[str, str] = {}
        """Address of a host -> the interface to it."""
        self.vale: dict[str, set[str]] = {}
        """Switch of vale(4) -> its ports."""
        self.nodes: dict[str, dict[str, str]] = {}
        """Node of ng_bridge(4) -> its hooks and who is there."""
        self.listening: list[str] = settings.get("listening", [])
        self.lingering: list[str] = []
        """Our ports of connections by which guests came, which the kernel keeps for a minute."""
        """Addresses that programs beside the guests listen on."""
        for name in ["lo0", *settings.get("ethers", ["ix0", "ix1", "ix2"])]:
            self.interfaces[name] = Interface(name, "lo" if name == "lo0" else "ether", name, up=True)
        for name, members in settings.get("bridges", {"bridge7": ["ix2"]}).items():
            self.interfaces[name] = Interface(name, "bridge", name, up=True, members=list(members))

    def at(self, delay: float, action: Callable[[], None], label: str = "") -> None:
        """Do something ``delay`` seconds from now.

        What falls on the same moment happens in the order of labels, then in that of the calls. Whoever calls because
        of a signal or of a message nobody scheduled needs a label: such calls come in no certain order.
        """
        self.count += 1
        heapq.heappush(self.timers, (self.now + delay, label, self.count, action))

    def next_timer(self) -> tuple[float, Callable[[], None]]:
        """Take the timer that is due first."""
        moment, _, _, action = heapq.heappop(self.timers)
        return moment, action

    def watch(self, condition: Callable[[], bool], action: Callable[[], None]) -> None:
        """Do something as soon as a condition holds."""
        self.watchers.append((condition, action))

    def fire(self) -> bool:
        """Run the action of one watcher whose condition holds; false when there is none."""
        for index, (condition, action) in enumerate(self.watchers):
            if condition():
                del self.watchers[index]
                action()
                return True
        return False

    def fault(self, kind: str, text: str) -> None:
        """Something happened that no script may bring about: the scenario fails, unless it allows this kind."""
        if kind not in self.allowed:
            self.faults.append(f"{kind}: {text}")

    def wall(self) -> int:
        """Seconds since the epoch, as date(1) tells them."""
        return EPOCH + int(self.now + self.skew)

    def clones(self, path: str) -> bool:
        """Whether a mere look at a path by a script makes a tap, and the scenario wants that."""
        return self.devfs_cloning and CLONED.fullmatch(path) is not None and not os.path.lexists(path)

    def look(self, path: str) -> None:
        """A command that is played looks at a path: one of a tap that is not there makes it."""
        if CLONED.fullmatch(path) and not os.path.lexists(path):
            name = os.path.basename(path)
            self.interfaces[name] = Interface(name, "tap", name)
            self.node(name, own=True)

    def exists(self, dataset: str) -> bool:
        """True when the dataset can be reached: it exists and its pool is imported."""
        return dataset in self.datasets and dataset.partition("@")[0].split("/")[0] in self.pools

    def node(self, name: str, *, own: bool = False) -> None:
        """Make a character device below /dev. One of its ``own`` differs from all others for stat(2), ``test -ef``
        for one, but cannot be opened: commands that read or write it are played."""
        path = f"/dev/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            return
        target = NULL
        if own:
            target = f"{NODES}/{self.count}"
            self.count += 1
            os.mknod(target, stat.S_IFCHR | 0o600, 0)
        os.symlink(target, path)

    def unnode(self, name: str) -> None:
        """Take a device away, and its directory when that is empty."""
        path = f"/dev/{name}"
        if os.path.lexists(path):
            target = os.readlink(path) if os.path.islink(path) else ""
            if target.startswith(NODES):
                os.unlink(target)
            os.unlink(path)
        parent = os.path.dirname(path)
        while parent != "/dev" and os.path.isdir(parent) and not os.listdir(parent):
            os.rmdir(parent)
            parent = os.path.dirname(parent)
