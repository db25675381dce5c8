"""The intermediate representation: what a host shall hold, as words, steps and files, before quoting.

All records are frozen and contain neither TOML nor sh. ``lower`` makes it, ``render`` reads it.

Each word of the bhyve command and each step carries the *keys* it follows from, as text a person can look up:

- ``disk.root.size``: a key path below the VM; where its value was set (the VM, a template, the profile,
  ``[defaults]`` or the built-in default) is found by ``Site.trace``;
- ``lock:slots.disk.root``: a number from the VM's lock;
- ``host:freebsd``, ``network:lan.mtu``, ``storage:fast.dataset``: a key of another object;
- ``rule:acpi``: a decision of hivewright itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Provenance = tuple[str, ...]


class Option(NamedTuple):
    """One line of the bhyve command: the words that belong together (``-s``, ``4:0,virtio-blk,…``)."""

    words: tuple[str, ...]
    keys: Provenance
    label: str
    """The short comment behind the line: ``disk.root``, ``cpus``."""


class Step(NamedTuple):
    """One literal call of the runtime: ``prepare tap lan …`` is ``Step("tap", ("lan", …))``."""

    verb: str
    words: tuple[str, ...]
    keys: Provenance
    label: str


class File(NamedTuple):
    """A file below the host's root: an absolute path, a mode such as ``0o600`` and the whole content."""

    path: str
    mode: int
    content: bytes


class Policy(NamedTuple):
    """What is done when bhyve exits (bhyve(8), EXIT STATUS), and how often; durations in seconds."""

    on_poweroff: str
    on_reboot: str
    on_crash: str
    restart_count: int
    restart_within: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NicPlan:
    """One interface of a guest, for people: INVENTORY.md."""

    name: str
    network: str
    model: str
    mac: str
    tap: str
    address: str


class DiskPlan(NamedTuple):
    """One disk of a guest, for people: INVENTORY.md. ``size`` is in bytes, 0 when not ours to decide."""

    name: str
    bus: str
    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VmPlan:
    """One guest on one host."""

    name: str
    host: str
    home: str
    source: str
    """Where it is defined, for headers: ``vms/web.toml [vm.web1]``."""
    description: str
    profile: str
    hosts: tuple[str, ...]
    cpus: int
    memory: int
    autostart: bool
    order: int
    depth: int
    """Length of the longest ``after`` chain among VMs of the same order: the wave within the order."""
    after: tuple[str, ...]
    ready: tuple[str, int] | None
    """``("192.0.2.10:80", 60)``: a TCP address and port, or ``agent``, and seconds to wait."""
    on_not_ready: str = "wait"
    """What those after it do when it does not get ready."""
    on_host_shutdown: str = "stop"
    """What becomes of it when its host shuts down."""
    saving_seconds: int = 0
    """How long a suspend at the shutdown of the host may take."""
    tags: tuple[str, ...] = ()
    """Words that select it."""
    descriptions: tuple[tuple[str, str, str], ...] = ()
    """What its disks, drives and NICs are for, by people: ``("disk", "data", "Mail of all")``."""
    stop: Step
    """The one call of the stop script."""
    policy: Policy
    prepare: tuple[Step, ...]
    options: tuple[Option, ...]
    provision: tuple[Step, ...]
    digest: str
    """SHA-256 over everything that a start of this guest depends on."""
    provision_digest: str
    """SHA-256 over the UUID, the provisioning steps and the seed."""
    uuid: str
    seed: tuple[tuple[str, bytes], ...] = ()
    """Files of the cloud-init seed: name and content."""
    hooks: tuple[tuple[str, bytes], ...] = ()
    """``("prestart/10-lease.sh", content)``, sorted."""
    named_hooks: tuple[Step, ...] = ()
    """Calls that name the hooks, each with its checksum: what they do not name does not run."""
    events: tuple[tuple[str, tuple[str, tuple[tuple[str, str], ...]], str], ...] = ()
    """Events of the site's own: name, when they are told, and what follows: start, stop, restart or hook."""
    carp: str = ""
    """The address that it follows, as devd(8) names it: ``1@ix0``."""
    replicate: tuple[Step, ...] = ()
    """The call that tells readers of the start script where copies of it are kept, and when they are made."""
    told: tuple[Step, ...] = ()
    """Calls that only tell hivectl(8) something: another name, and what its verb login runs."""
    loader: tuple[Step, ...] = ()
    """Calls that describe the loader of the guest; empty for a guest with a boot ROM."""
    ports: tuple[Step, ...] = ()
    """Calls that tell readers of the start script about its NICs; a start does not depend on them."""
    nics: tuple[NicPlan, ...] = ()
    disks: tuple[DiskPlan, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    """PCI address and device, for people: ``("0:4:0", "disk.root virtio-blk")``."""
    vnc: str = ""
    consoles: tuple[tuple[str, str], ...] = ()
    """``("com1", "/dev/nmdm-web1.1")``: the name without its A or B end; ``device=…`` is the administrator's, with
    its end."""
    gdb: str = ""
    """Where the gdb stub listens."""
    debugger: str = ""
    program: str = "/usr/sbin/bhyve"
    """What runs it."""
    """What hivectl(8) debug runs bhyve under, where that is not lldb(1)."""
    passthrough: tuple[tuple[str, str], ...] = ()
    """Name and a description of each device of the host that it has, for people."""
    pptdevs: tuple[str, ...] = ()
    """Selectors of the PCI devices that are reserved for it at boot."""

    def loader_words(self, *, installing: bool) -> list[str]:
        """The command of the loader without the name of the guest: while that is being installed, or afterwards."""
        verbs = ("loader", "loader_installing" if installing else "loader_installed")
        return [word for step in self.loader if step.verb in verbs for word in step.words]


class NatPlan(NamedTuple):
    """The rules that put the guests of a network behind an address of the host: lines of plain words."""

    pf: tuple[str, ...]
    ipfw: tuple[str, ...]
    dnsmasq: tuple[str, ...]


class Fragment(NamedTuple):
    """A file that the administrator includes in one of the system: its path, and lines by what they are for."""

    path: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]


class AdminLine(NamedTuple):
    """A line that the administrator adds to a file of the system, and to which one and why."""

    text: str
    reason: str


class Preparation(NamedTuple):
    """One thing that a new host must be given: a command, or a path alone, and what it is for."""

    group: str
    words: tuple[str, ...]
    reason: str
    check: tuple[str, str] | None = None
    """How one sees that a host has it: ``file PATH``, ``secret PATH``, ``dataset NAME`` or ``setting NAME=VALUE`` of
    rc.conf(5)."""


class IovSection(NamedTuple):
    """A section of iovctl.conf(5), ``PF`` or ``VF-3``: settings by name, in order."""

    name: str
    settings: tuple[tuple[str, str | int | bool], ...]


class IovPlan(NamedTuple):
    """How a device makes its virtual functions: a file for iovctl(8)."""

    device: str
    path: str
    sections: tuple[IovSection, ...]
    functions: tuple[tuple[int, str, str], ...]
    """Number, guest and MAC address of each function that is not like the others, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """One network on one host: the call that makes it, and what INVENTORY.md says of it."""

    name: str
    kind: str
    interface: str
    """The bridge."""
    uplinks: tuple[str, ...]
    """What leads out: ``auto``, or interfaces; none."""
    mtu: int
    source: str
    steps: tuple[Step, ...]
    modules: tuple[str, ...] = ("bridgestp", "if_bridge", "if_tuntap")
    """Kernel modules that it needs."""
    joined: tuple[str, ...] = ()
    """The uplinks that are members of the bridge themselves; they cannot have an address from FreeBSD 15.0 on."""
    nat: NatPlan | None = None


class Setting(NamedTuple):
    """A line of loader.conf, or a setting the administrator must make, with its reason."""

    name: str
    value: str
    reason: str


HOOKS_OF_A_START = ("prestart/", "poststart/")
"""Hooks of other moments run from their files: a running guest takes changed ones without a new start."""

RC_SERVICES = ("iovctl", "ipfw", "routing")
"""The services of the system for which there may be lines of rc.conf(5). Every host has the file of each: one that was
ever here stays, since hosts have it (docs/internals/scripts.md, "What is no longer said")."""


class RcSetting(NamedTuple):
    """A line of rc.conf(5) that a service of the system reads, from a file below rc.conf.d, and why.

    Only what a named service reads by ``load_rc_config`` can be here (rc.subr(8)).
    """

    service: str
    name: str
    value: str
    reason: str
    append: bool = False
    """Whether the value is appended to that of the administrator."""


class KernelSetting(NamedTuple):
    """A sysctl(8) variable that the runtime raises (``raise``) or only looks at (``expect``), and why."""

    verb: str
    name: str
    value: int
    reason: str


class DevdRule(NamedTuple):
    """A statement of devd.conf(5): its kind and priority, the matches in order, the action, and why."""

    kind: str
    priority: int
    matches: tuple[tuple[str, str], ...]
    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """Everything one host shall hold."""

    name: str
    freebsd: str
    arch: str
    cpus: int
    memory: int
    source: str
    shutdown_timeout: int
    vms: tuple[VmPlan, ...]
    """Sorted by (order, depth, name)."""
    networks: tuple[NetworkPlan, ...]
    modules: tuple[str, ...]
    """Kernel modules the runtime makes sure of, in order."""
    loader: tuple[Setting, ...]
    admin: tuple[Setting, ...]
    """Settings only the administrator can make: rc.conf."""
    devd: tuple[DevdRule, ...] = ()
    notes: tuple[str, ...] = ()
    preparation: tuple[Preparation, ...] = ()
    """What the administrator gives to the host before guests can start, group by group."""
    lines: tuple[AdminLine, ...] = ()
    """Lines for files of the system that only the administrator can add."""
    fragments: tuple[Fragment, ...] = ()
    iov: tuple[IovPlan, ...] = ()
    """Devices that make virtual functions, by name."""
    rc: tuple[RcSetting, ...] = ()
    """Sorted by service."""
    kernel: tuple[KernelSetting, ...] = ()
    replicates: bool = False
    """Whether copies of its guests are sent to other hosts."""
    peers: tuple[tuple[str, ...], ...] = ()
    """Other hosts that could run one of its guests, where ssh(1) reaches them, and where their bhyve waits for guests
    that run."""
    live: tuple[str, ...] = ()
    """Where its own bhyve does: an address and a port."""
    metrics: str | None = None
    """The file with the state of all guests."""
    starts: tuple[str, ...] = ()
    """How the start of all guests is spread, as words of host.conf."""
    logs: tuple[str, ...] = ()
    """The bounds of logs of guests, where they are not the usual ones, as words of host.conf."""
