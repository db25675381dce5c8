"""The neutral form between readers and the writer: what was found of a guest, and what a site says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

KeyPath = tuple[str, ...]


class UnreadableError(ValueError):
    """A definition that cannot be read. The text begins with its place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place, self.reason = place, reason

    @classmethod
    def of_guest(cls, error: UnreadableError, name: str) -> UnreadableError:
        """The same about one of several guests, the others of which can be read all the same."""
        return cls(error.place, f"{error.reason}; --only imports other guests than {name}")


class Remark(NamedTuple):
    """Something that was not carried over as it was, and why."""

    what: str
    why: str


class Bridge(NamedTuple):
    """What a NIC is connected to: the name of the network, and its keys as TOML has them."""

    name: str
    keys: Mapping[str, Any]
    comment: str = ""
    same_name: bool = False
    """One of this name that the site has is meant, whatever it is."""


@dataclass(slots=True)
class Old:
    """A guest as another tool has it: the command that it gives bhyve, and what the command does not say."""

    called: str
    place: str
    """The file of its definition, and the line where that helps."""
    words: tuple[str, ...]
    """What follows ``bhyve``, without the name of the guest."""
    loader: tuple[str, ...] = ()
    """The command of bhyveload(8) or grub-bhyve(8), its name first and without that of the guest."""
    menu: tuple[str, ...] = ()
    """Commands of GRUB that the tool writes into a configuration of its own."""
    names: dict[str, str] = field(default_factory=dict)
    """The address of a device, with ``/PORT`` on a controller -> what the tool, or people, call it."""
    networks: dict[str, Bridge] = field(default_factory=dict)
    """The address of a NIC -> what it is connected to."""
    nics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The address of a NIC -> keys that no word of the command says."""
    keys: dict[KeyPath, Any] = field(default_factory=dict)
    """Keys of the VM that no word of the command says; ``None`` for one that the site shall choose itself."""
    comments: dict[KeyPath, str] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Files of the site that its keys name, as hooks, by their path there."""
    leave: tuple[str, ...] = ()
    """Commands by which the old tool stops having the guest, for people."""
    back: tuple[str, ...] = ()
    """Commands by which it has it again."""
    storages: dict[str, Bridge] = field(default_factory=dict)
    """The name of a disk -> the storage that it lies in."""
    slots: dict[str, str] = field(default_factory=dict)
    """Addresses for its lock that no word of the command says."""
    program: str = ""
    """Another bhyve than that of the base system, which ran it."""
    text: str = ""
    """Its definition, where that is one file of text: an error is told at its line."""
    boots: str = ""
    """The path of what the loader starts from, where its command does not say that."""


@dataclass(slots=True)
class Guest:
    """A guest as the site will have it."""

    name: str
    old: Old
    keys: dict[str, Any]
    """Its table, as TOML has it."""
    comments: dict[KeyPath, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    """Addresses for its lock."""
    ports: dict[str, str] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    """A file of secrets -> what its content is."""
    devices: dict[str, str] = field(default_factory=dict)
    """PCI devices of the host by name, as pciconf(8) lists them."""

    def set(self, path: KeyPath, value: Any) -> None:
        """Sets a key; tables around it are made as needed."""
        table = self.keys
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value

    def unset(self, path: KeyPath) -> None:
        """Takes a key out, and a table that is empty then; nothing where there is none."""
        tables = [self.keys]
        for part in path[:-1]:
            if part not in tables[-1]:
                return
            tables.append(tables[-1][part])
        tables[-1].pop(path[-1], None)
        if len(path) > 1 and not tables[-1] and path[0] not in ("vnc", "nic"):
            self.unset(path[:-1])

    def note(self, what: str, why: str) -> None:
        """Something is not carried over as it was."""
        self.notes.append(Remark(what, why))

    def extra(self, *words: str) -> None:
        """Words for bhyve that have no key."""
        self.keys.setdefault("extra_args", []).extend(words)


@dataclass(slots=True)
class Found:
    """All that a reader found."""

    tool: str
    guests: list[Old]
    notes: list[Remark] = field(default_factory=list)
    networks: list[Bridge] = field(default_factory=list)
    after: tuple[str, ...] = ()
    """What to do when the last guest is switched over, for people."""
    arch: str = "amd64"
    """The architecture of the guests, where it is known."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Files that the guests name, by their names below the site; none may be there yet."""
    storages: list[Bridge] = field(default_factory=list)
    """Storages for new disks, of which no guest has one."""
    names: tuple[str, ...] = ()
    """All guests that there are, where some of them were not read; see ``Request.guest``."""


class Target(NamedTuple):
    """Where the guests shall run."""

    host: str
    release: tuple[int, int]
    arch: str = "amd64"

    @property
    def keeps_variables(self) -> bool:
        """Whether bhyve keeps UEFI variables in a file (bhyve(8), -l bootrom)."""
        return self.release >= (14, 0) and self.arch == "amd64"
