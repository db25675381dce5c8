"""What the world of the stand-in host holds: interfaces, guests and their disks, datasets, sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


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
    carp: dict[int, str] = field(default_factory=dict)
    """Number of a virtual host -> its state: MASTER, BACKUP or INIT (carp(4))."""
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
    cancels: bool = False
    """A press while it shuts down is taken as "never mind", as illumos does; the next one counts again."""
    wedged: bool = False
    """bhyvectl --force-poweroff has no effect."""
    idle: bool = False
    """It is idle when its context is destroyed, and bhyve does not notice."""
    fresh: bool = False
    """It has not set its ahci ports up yet: they cannot be saved."""
    writes: float = -1.0
    """When it writes to each of its disks; never when negative."""
    listens: float = 0.0
    """When bhyve listens to what bhyvectl asks it to save."""
    saving: float = 1.0
    """How long bhyve takes to save its memory to a checkpoint."""
    lost: str = ""
    """What is lost when it was sent: answer, bhyve hears nothing more; end, it is killed, and the other has all."""
    restoring: float = 0.5
    """How long it takes to read it; its title comes then."""
    loading: float = 1.0
    """How long a loader takes for this run."""
    unloadable: str = ""
    """A loader fails with this message instead of this run."""
    refuse: str = ""
    """The message of a device that cannot be opened."""
    agent: float | None = None
    """When its agent begins to answer; never when None."""
    agent_says: dict[str, str] = field(default_factory=dict)
    """Command of the agent -> its answer, whatever is right; an empty one is none."""
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    """What the agent tells of interfaces (guest-network-get-interfaces)."""
    has: dict[str, float] = field(default_factory=dict)
    """Files that the agent finds in the guest, and from when on."""
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
    shutting_down: int = 0
    """The press by which it shuts down; 0 when it does not."""
    acpi: bool = False
    over: bool = False
    listen: str = ""
    devices: list[str] = field(default_factory=list)
    """As a checkpoint names them: ``virtio-blk@pci.0.3.0``."""
    memory: int = 0
    cpus: int = 1
    restored: bool = False
    port: str = ""
    """Where it waits for its guest from another host, as long as it does."""
    sends: str = ""
    """Where it has a connection to, ``ADDRESS:PORT``, while it is sent to another host."""
    came: bool = False
    """All of it came from there."""
    leaving: bool = False
    """The kernel was told to suspend it: it is going down."""
    destroyed: bool = False
    """Its context was taken away while it was idle: nothing but SIGKILL ends it."""
    mourners: list[Callable[[], None]] = field(default_factory=list)
    """What waits for its end."""
    channels: list[str] = field(default_factory=list)
    """Sockets of its virtio-console devices."""
    client: int = 0
    """The process that has the connection to one of them."""
    opened: set[int] = field(default_factory=set)
    """Handles of files that the agent has open."""
    heard: list[str] = field(default_factory=list)
    """What the agent was told, in order."""
    frozen: bool = False
    """Its file systems are frozen by the agent: nothing in it can shut down."""
    clock: int = 0
    """What the agent set the guest's clock to, in nanoseconds."""
    stub: str = ""
    """Where a debugger of the guest is listened for."""
    tpm: str = ""
    """The socket of the swtpm that ends with it."""


@dataclass
class Impostor:
    """A process that is no bhyve of ours and has the title of one: pgrep(1) tells it by its user or its jail."""

    pid: int
    title: str
    user: int
    jail: str


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
    locked: bool = False
    """It is the root of an encryption whose key is not loaded."""
    without: float = -1.0
    """When volmode became none."""
    full: bool = False
    """A snapshot of a file system that held files, which are not kept."""
    partial: dict[str, Any] = field(default_factory=dict)
    """What is left of a stream that broke off (``zfs_resume.py``)."""
    inconsistent: bool = False
    """Nothing but that is in it."""


@dataclass
class Session:
    """A session with an iSCSI target (``iscsi.py``)."""

    state: str = "Waiting for iscsid(8)"
    devices: dict[int, str] = field(default_factory=dict)
    """Logical unit -> device."""
    ending: bool = False
