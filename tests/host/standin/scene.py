"""What a scenario may ask of the stand-in host, each call with JSON in and out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import keys, migration, nullfs, pools, victims
from .disks import place_of
from .network import eaten, has_carrier
from .pci import drivers, make_functions
from .processes import PROC, read
from .things import Behaviour, Impostor, Interface

if TYPE_CHECKING:
    from .server import Server

SHOWN = ("/var/run/hivewright", "/var/db/hivewright", "/var/log/hivewright")


class Scene(migration.Arrivals):
    """The calls; their names are the verbs of the harness."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world

    def run(self, argv: list[str], name: str, typed: str | None = None) -> dict[str, Any]:
        """Run a command to its end; at a terminal, where somebody types."""
        self.server.spawn(name, argv, typed)
        return self.server.wait(name)

    def spawn(self, argv: list[str], name: str) -> None:
        """Start a command and go on."""
        self.server.spawn(name, argv)

    def wait(self, name: str) -> dict[str, Any]:
        """Wait for a command that was started."""
        return self.server.wait(name)

    def advance(self, seconds: float) -> None:
        """Let the clock run."""
        self.server.advance(seconds)

    def guest(self, name: str, runs: list[dict[str, Any]]) -> None:
        """What the guest does in its next runs."""
        self.world.behaviours[name] = [Behaviour(**run) for run in runs]

    def kill(self, target: str) -> bool:
        """SIGKILL to a process (Server.kill)."""
        return victims.kill(self.server, target)

    def kill_after(self, count: int, targets: list[str]) -> None:
        """SIGKILL to processes once so many more commands have run."""
        self.server.kill_after = (self.server.count + count, targets)
        self.server.killed = []

    def fail_at(self, command: int, status: int = 71) -> None:
        """Let the N-th command from now fail and do nothing; 71 is EX_OSERR of sysexits(3), which answers nothing."""
        self.server.fail_at = (self.server.count + command - 1, status)
        self.server.failed = ""

    def failed(self) -> str:
        """The command that did; empty when there were not so many."""
        self.server.fail_at = None
        return self.server.failed

    def killed(self) -> list[str]:
        """Which of them were there to be killed."""
        return self.server.killed

    def signal(self, target: str, number: int) -> bool:
        """Another signal to such a process: 19 stops it, 18 lets it go on (numbers of this machine)."""
        return victims.kill(self.server, target, number)

    def fill_at(self, write: int, path: str = "/var", count: int = 1) -> None:
        """Let writes fail because a file system is full (``space``)."""
        if not self.server.counted:
            raise ValueError("the host was not opened with counted=True")
        self.server.space.fill_at(write, path, count)

    def writes(self) -> list[str]:
        """The writes since fill_at or the last call."""
        met, self.server.space.met = self.server.space.met, []
        return met

    def replace_at(self, command: int, files: dict[str, str], in_place: bool = False) -> None:
        """Replace files just before the N-th command from now runs: by rename, or with new bytes in place, as an
        editor or cp(1) does. A file keeps its mode."""

        def replace_all() -> None:
            for path, text in files.items():
                replace(path, text, in_place)

        self.hook(command, replace_all)

    def lay_at(self, command: int, source: str, in_place: bool = False) -> None:
        """Lay the files below a directory over those of the host just before the N-th command from now runs."""

        def lay_all() -> None:
            for directory, _, files in os.walk(source):
                for name in files:
                    lay(os.path.join(directory, name), source, in_place)

        self.hook(command, lay_all)

    def unlink_at(self, command: int, paths: list[str]) -> None:
        """Remove files just before the N-th command from now runs."""

        def unlink_all() -> None:
            for path in paths:
                os.unlink(path)

        self.hook(command, unlink_all)

    def hook(self, command: int, action: Callable[[], None]) -> None:
        """Do something just before the N-th command from now runs."""
        self.server.hooks.append((self.server.count + command - 1, action))
        self.server.hooks.sort(key=lambda hook: hook[0])

    def impostor(self, name: str, title: str, user: int = 0, jail: str = "") -> None:
        """A process with the title of a bhyve, which runs for some time: of another user, or in a jail."""
        self.server.spawn(name, ["/bin/sleep", "100000"])
        self.world.impostors.append(Impostor(self.server.operators[name].pid, title, user, jail))

    def pid(self, name: str) -> int:
        """The pid of a command that was started."""
        return self.server.operators[name].pid

    def stick(self, name: str, stuck: bool = True) -> None:
        """The kernel does not destroy the context of a guest, or does so again."""
        (self.world.stuck.add if stuck else self.world.stuck.discard)(name)

    def chatter(self, name: str, text: str, times: int = 1) -> None:
        """bhyve writes to its standard error."""
        for _ in range(times):
            self.world.guests[name].process.say(text)
        self.server.advance(0)

    def set_clock(self, seconds: float) -> None:
        """Step the wall clock forward or back: date(1) jumps, timers do not."""
        self.world.skew += seconds

    def allow(self, kinds: list[str]) -> None:
        """The scenario wants faults of these kinds to happen."""
        self.world.allowed.update(kinds)

    def take_faults(self) -> list[str]:
        """What must not happen and did, since the last call."""
        faults, self.world.faults = self.world.faults, []
        return faults

    def now(self) -> float:
        """Seconds since the host was started, whatever the wall clock says."""
        return self.world.now

    def executed(self) -> int:
        """How many commands have run."""
        return self.server.count

    def set(self, name: str, value: Any) -> None:
        """Change a setting of the world: default_route, free, urls, iscsid, targets."""
        if name not in ("default_route", "free", "urls", "iscsid", "targets"):
            raise KeyError(name)
        setattr(self.world, name, value)

    def functions(self, device: str, **iov: Any) -> None:
        """Make the virtual functions of a device anew, with other settings."""
        self.world.sriov[device] |= iov
        make_functions(self.world)

    def hold(self, selector: str, held: bool) -> None:
        """Somebody uses a PCI device, so that its driver does not let it go, or does so no longer."""
        (self.world.busy.add if held else self.world.busy.discard)(selector)

    def nullfs(self, lower: str, upper: str) -> None:
        """Somebody mounts a directory at a second place."""
        nullfs.mount(self.world, lower, upper)

    def device(self, name: str) -> None:
        """Make the node of a disk or of a part of one."""
        self.world.node(name, own=True)

    def carp(self, name: str, vhid: int, state: str) -> None:
        """An interface has an address of CARP in this state; with an empty one it has none any more."""
        states = self.world.interfaces[name].carp
        states.pop(vhid, None)
        if state:
            states[vhid] = state

    def pool(self, name: str, imported: bool) -> None:
        """Import or export a pool."""
        (pools.import_pool if imported else pools.export_pool)(self.world, name)

    def key(self, dataset: str, loaded: bool) -> None:
        """Load the key of an encrypted dataset, or let it be as after a boot, without its key."""
        (keys.load if loaded else keys.unload)(self.world, dataset)

    def interface(self, name: str, there: bool = True, opened_by: str = "") -> None:
        """An interface of the hardware comes, or goes; or a process opens a tap that is there."""
        if opened_by:
            self.world.interfaces[name].holder = opened_by
        elif there:
            self.world.interfaces[name] = Interface(name, "ether", name, up=True)
        else:
            del self.world.interfaces[name]

    def bridge(self, name: str, members: list[str]) -> None:
        """Make a bridge as an administrator would."""
        self.world.interfaces[name] = Interface(name, "bridge", name, up=True, members=members)

    def others(self, count: int) -> None:
        """Other guests on the same host: contexts, taps in use; without processes."""
        for number in range(count):
            name = f"tapother{number}"
            self.world.contexts.add(f"other{number}")
            self.world.node(f"vmm/other{number}")
            self.world.interfaces[name] = Interface(name, "tap", f"tap{500 + number}", up=True, holder="other")

    def heard(self, name: str) -> list[str]:
        """What the agent of a guest was told, in order, forgotten afterwards; what its clock was set to comes last."""
        guest = self.world.guests[name]
        heard, guest.heard = guest.heard, []
        return [*heard, *([f"time {guest.clock}"] if guest.clock else [])]

    def open_files(self, name: str) -> int:
        """How many files the agent of a guest has open."""
        return len(self.world.guests[name].opened)

    def output(self, name: str) -> str:
        """What a command that was started has said so far."""
        return self.server.output(name, "out") + self.server.output(name, "err")

    def transcript(self) -> list[str]:
        """The commands so far, forgotten afterwards."""
        lines = []
        for entry in self.server.transcript:
            status = f"  = {'killed' if entry.status < 0 else entry.status}" if entry.status else ""
            lines.append(f"{entry.time:7.1f}  {entry.actor:<10}  {entry.text}{status}")
        self.server.transcript.clear()
        return lines

    def state(self) -> list[str]:
        """What there is: interfaces, contexts, guests, datasets, processes, files of ours."""
        lines = []
        for each in sorted(self.world.interfaces.values(), key=lambda interface: interface.name):
            if each.kind in ("tap", "bridge", "vlan", "vxlan"):
                words = [f"interface {each.name}", "up" if each.up else "down", f"mtu {each.mtu}"]
                words += [] if has_carrier(self.world, each) else ["no carrier"]
                words += [f"member {m}{' private' if m in each.private else ''}" for m in each.members]
                words += each.addresses if each.kind != "ether" else []
                words += [f"{key} {value}" for key, value in each.details.items()]
                words += [f"span {name}" for name in each.span] + ["filters VLANs"] * each.filters
                words += [f"{name} {vlan}" for name, vlans in each.vlans.items() for vlan in vlans]
                lines.append(", ".join([*words, *([f"held by {each.holder}"] if each.holder else [])]))
        lines += eaten(self.world)
        lines += [f"route {host} through {name}" for host, name in sorted(self.world.routes.items())]
        lines += [f"switch {name}: {' '.join(sorted(ports))}" for name, ports in sorted(self.world.vale.items())]
        for name, hooks in sorted(self.world.nodes.items()):
            lines.append(f"node {name}: " + ", ".join(f"{hook} {peer}" for hook, peer in sorted(hooks.items())))
        for place, owner in sorted(drivers(self.world).items() if self.world.pci else ()):
            former = self.world.former.get(place)
            lines.append(f"device {place} {owner}" + (f", taken from {former}" if former else ""))
        lines += [f"context {name}" for name in sorted(self.world.contexts)]
        lines += [migration.name_of(each) for _, each in sorted(self.world.guests.items())]
        lines += [line for _, guest in sorted(self.world.guests.items()) for line in place_of(guest)]
        for (portal, target), session in sorted(self.world.sessions.items()):
            devices = "".join(f" {lun}={device}" for lun, device in sorted(session.devices.items()))
            lines.append(f"session {target} at {portal}: {session.state}{devices}")
        for dataset in sorted(self.world.datasets.values(), key=lambda each: each.name):
            if dataset.kind == "volume":
                content = dataset.content or "nothing"
                origin = f" clone of {dataset.origin}" if dataset.origin else ""
                lines.append(f"volume {dataset.name} {dataset.size} {content}{origin}")
            elif dataset.kind == "snapshot":
                lines.append(f"snapshot {dataset.name} {dataset.size}")
        lines += self.processes()
        for top in SHOWN:
            lines += list(tree(top))
        return lines

    def processes(self) -> list[str]:
        """The processes of daemons: by name, others counted."""
        lines = []
        for entry in os.listdir(PROC):
            if not entry.isdigit() or int(entry) in self.server.ours:
                continue
            pid = int(entry)
            for name, (daemon, child) in self.server.daemons.items():
                if pid in (daemon, child) and read(f"{PROC}/{pid}/cmdline"):
                    lines.append(f"process {'daemon' if pid == daemon else 'supervisor'} {name}")
        return sorted(lines)


def replace(path: str, text: str, in_place: bool) -> None:
    """Give a file another text."""
    if in_place:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return
    mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o644
    with open(path + ".replacement", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path + ".replacement", mode)
    os.rename(path + ".replacement", path)


def lay(path: str, source: str, in_place: bool) -> None:
    """Give the file of this path below a directory its text and mode at the same place of the host."""
    target = path.removeprefix(source)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(path, encoding="utf-8") as stream:
        replace(target, stream.read(), in_place)
    os.chmod(target, os.stat(path).st_mode & 0o7777)


def tree(top: str) -> list[str]:
    """The files below a directory with mode and size, and small ones with their text."""
    lines = []
    for directory, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(directory, name)
            found = os.lstat(path)
            line = f"file {path} {found.st_mode & 0o777:04o}"
            if stat.S_ISSOCK(found.st_mode):
                line = f"socket {path}"
            elif stat.S_ISLNK(found.st_mode):
                line = f"link {path} to {os.readlink(path)}"
            elif name in ("lock", "supervisor", "pid"):
                line += " a pid" if found.st_size else " empty"
            elif name == "digest" or name == "provisioned":
                line += " a digest" if found.st_size else " empty"
            elif name == "claims":
                line += " " + repr(re.sub(r" \d+:\d+ ", " FILE ", text_of(path)))
            elif found.st_size <= 120 and not name.endswith(".log"):
                line += " " + repr(text_of(path))
            else:
                line += " ..."
            lines.append(line)
    return lines


def text_of(path: str) -> str:
    """A file's text."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
