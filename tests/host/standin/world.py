"""What the stand-in host knows and remembers: interfaces, guests, pools, settings, the clock."""

from __future__ import annotations

import heapq
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

EPOCH = 1_000_000_000
"""The wall clock when the host was started."""
NULL = "/.linux/null"
NODES = "/.linux/nodes"
"""Where devices lie that must be told from each other: a file system of their own."""
CLONED = re.compile("/dev/tap[0-9]{1,5}")


class PanicError(Exception):
    """The host panics: nothing goes on."""


@dataclass
class Interface:
    """One network interface."""

    name: str
    kind: str
    unit: str
    up: bool = False
    mtu: int = 1500
    description: str = ""
    groups: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)
    """As ifconfig prints them: ``inet 10.0.0.1 netmask 0xffffff00``."""
    link0: bool = False
    span: list[str] = field(default_factory=list)
    vlans: dict[str, list[str]] = field(default_factory=dict)
    """Of a bridge: VLANs of its members."""
    filters: bool = False
    details: dict[str, str] = field(default_factory=dict)
    """Of a vlan or vxlan: ``vlandev``, ``vxlanid`` and their like."""
    holder: str = ""
    """The guest whose bhyve has the tap open."""


@dataclass
class Behaviour:
    """What a guest does in one run of bhyve; times in seconds after the start."""

    acpi: float | None = 5.0
    """When the guest switches ACPI on; never when None."""
    end: str = ""
    """How the run ends by itself: reboot, poweroff, halt, triple, error, abort; empty: it goes on."""
    after: float = 60.0
    ignore: int = 0
    """So many presses of the power button have no effect."""
    shutdown: float = 3.0
    """From the power button to the end."""
    wedged: bool = False
    """bhyvectl --force-poweroff has no effect."""
    idle: bool = False
    """It is idle when its context is destroyed, and bhyve does not notice."""
    fresh: bool = False
    """It has not set its ahci ports up yet: they cannot be saved."""
    loading: float = 1.0
    """How long a loader takes for this run."""
    unloadable: str = ""
    """A loader fails with this message instead of this run."""
    refuse: str = ""
    """The message of a device that cannot be opened."""
    ports: dict[str, float] = field(default_factory=dict)
    """Addresses (``192.0.2.20:5432``) that accept connections, and from when on."""


@dataclass
class Disk:
    """A file, volume or device that a bhyve has open."""

    path: str
    identity: str
    """What is the same for every name of it (``disks.py``)."""
    writable: bool
    gone: bool = False
    """It was taken away under the guest."""


@dataclass
class Guest:
    """A running bhyve."""

    name: str
    pid: int
    behaviour: Behaviour
    finish: Callable[[int, str], None]
    process: Any
    """The call of bhyve (``calls.Request``), for its signals and what it says."""
    started: float
    taps: list[str] = field(default_factory=list)
    disks: list[Disk] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    """Ports of VALE switches."""
    passed: list[str] = field(default_factory=list)
    """Selectors of the PCI devices that it has."""
    presses: int = 0
    acpi: bool = False
    over: bool = False
    listen: str = ""
    devices: list[str] = field(default_factory=list)
    """As a checkpoint names them: ``virtio-blk@pci.0.3.0``."""
    memory: int = 0
    cpus: int = 1
    restored: bool = False
    leaving: bool = False
    """The kernel was told to suspend it: it is going down."""
    destroyed: bool = False
    """Its context was taken away while it was idle: nothing but SIGKILL ends it."""
    mourners: list[Callable[[], None]] = field(default_factory=list)
    """What waits for its end."""
    stub: str = ""
    """Where a debugger of the guest is listened for."""
    tpm: str = ""
    """The socket of the swtpm that ends with it."""


@dataclass
class Dataset:
    """A ZFS dataset, volume or snapshot."""

    name: str
    kind: str
    guid: int
    size: int = 0
    properties: dict[str, str] = field(default_factory=dict)
    """What was set on itself, as ``zfs get -p`` prints it."""
    received: dict[str, str] = field(default_factory=dict)
    """What came with a stream."""
    block: int = 0
    content: str = ""
    """Digest of what is in a volume; a snapshot keeps that of its moment."""
    length: int = 0
    """So many bytes were written."""
    origin: str = ""
    made: int = 0
    """The transaction it was made in."""
    born: int = 0
    """The wall clock then."""
    holds: dict[str, int] = field(default_factory=dict)
    lost: bool = False
    """A volume whose node does not appear."""
    without: float = -1.0
    """When volmode became none."""
    full: bool = False
    """A snapshot of a file system that held files, which are not kept."""


@dataclass
class Session:
    """A session with an iSCSI target (``iscsi.py``)."""

    state: str = "Waiting for iscsid(8)"
    devices: dict[int, str] = field(default_factory=dict)
    """Logical unit -> device."""
    ending: bool = False


class World:
    """All state of the stand-in host."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, str, int, Callable[[], None]]] = []
        self.watchers: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self.count = 0
        self.release: tuple[int, int] = tuple(settings.get("release", (14, 3)))
        self.arch: str = settings.get("arch", "amd64")
        self.strict: bool = settings.get("strict", True)
        """bhyve refuses what it would silently misread (``bhyve_grammar``)."""
        self.hostname: str = settings.get("hostname", "alpha")
        self.sysctl: dict[str, str] = {"hw.ncpu": "32", "net.link.bridge.member_ifaddrs": "0"}
        self.sysctl |= {"net.inet.ip.forwarding": "1", "kern.init_shutdown_timeout": "120"}
        self.sysctl.update(settings.get("sysctl", {}))
        self.sysctl.setdefault("hw.vmm.maxcpu", self.sysctl["hw.ncpu"])
        self.loaded: set[str] = set()
        """Contexts that a loader has filled."""
        self.modules: set[str] = set(settings.get("modules", []))
        self.default_route: str | None = settings.get("default_route", "ix0")
        self.urls: dict[str, str] = settings.get("urls", {})
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
        self.targets: dict[str, dict[str, Any]] = settings.get("targets", {})
        """Target of iSCSI -> portal, luns and perhaps user and secret."""
        self.iscsid: bool = settings.get("iscsid", True)
        self.sessions: dict[tuple[str, str], Session] = {}
        """Portal and target -> the session."""
        self.zvol_delay: float = settings.get("zvol_delay", 2.0)
        """Seconds until a volume's node is there when volmode was set on the volume and its node comes after all."""
        self.volmode_race: str = settings.get("volmode_race", "late")
        """What comes of volmode set on a volume: its node is ``late``, or ``never`` there."""
        self.pool_size: int = settings.get("pool_size", 10 << 40)
        self.guids = 0
        self.exported: dict[str, list[tuple[str, str]]] = {}
        """Exported pool -> where its directories are meanwhile, and where they belong."""
        self.written: dict[str, bytes] = {}
        """Digest of what is in a volume -> that."""
        self.skew = 0.0
        """So far the wall clock was stepped."""
        self.devfs_cloning: bool = settings.get("devfs_cloning", False)
        """Every look of a script at /dev/tapN makes that tap, a shell's own test too (net.link.tap.devfs_cloning).
        What played commands look at does so anyway."""
        self.snapshot: bool = settings.get("snapshot", False)
        """The kernel and bhyve have BHYVE_SNAPSHOT."""
        self.births: dict[int, float] = {}
        """Process that the scenario or daemon(8) started -> when."""
        self.devd = True
        """devd(8) runs."""
        self.persistent: set[str] = set()
        """Nodes of netgraph that stay without hooks."""
        self.rules: list[str] = []
        """Rules of rctl(8)."""
        self.faults: list[str] = []
        self.allowed: set[str] = set()
        """Kinds of faults that the scenario wants."""
        self.spend: Callable[[str], None] = lambda _path: None
        """Called before a played command writes a file; raises OSError when there is no space."""
        self.interfaces: dict[str, Interface] = {}
        self.routes: dict[str, str] = {}
        """Address of a host -> the interface to it."""
        self.vale: dict[str, set[str]] = {}
        """Switch of vale(4) -> its ports."""
        self.nodes: dict[str, dict[str, str]] = {}
        """Node of ng_bridge(4) -> its hooks and who is there."""
        self.listening: list[str] = settings.get("listening", [])
        """Addresses that programs beside the guests listen on."""
        self.windows: dict[str, str] = {}
        """Socket of a tmux server -> the device of its window."""
        self.waiting: dict[str, list[Callable[[], None]]] = {}
        self.guests: dict[str, Guest] = {}
        self.behaviours: dict[str, list[Behaviour]] = {}
        self.contexts: set[str] = set()
        self.datasets: dict[str, Dataset] = {}
        self.pools: set[str] = set()
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
