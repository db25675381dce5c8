"""Numbers that are free in the whole site: MAC addresses, tap names, VNC ports, pipes of dummynet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hivewright.allocation.lock import Lock
from hivewright.allocation.slots import Usual
from hivewright.diagnostics import Diagnostic
from hivewright.model.site import SiteTable
from hivewright.model.vm import Vm

FIRST_PORT, LAST_PORT = 5900, 65535
_INTERFACE_LENGTH = 15
FIRST_PIPE, LAST_PIPE = 10000, 65534
"""Pipes of dummynet(4), two for each NIC with a rate limit; those below are the administrator's."""

Holder = tuple[str, str]
"""A VM and its NIC; the NIC is empty for VNC."""


class Missing(NamedTuple):
    """What a VM lacks in its lock: NICs without a number of each kind, and whether it needs a VNC port."""

    macs: list[str]
    taps: list[str]
    pipes: list[str]
    vnc: bool


def missing_numbers(vm: Vm, held: Lock) -> Missing:
    """A VM has no number that it sets itself."""
    nics = sorted(vm.nic.items())
    return Missing(
        [name for name, nic in nics if nic.mac is None and name not in held.macs],
        [name for name, nic in nics if nic.interface is None and nic.vf is None and name not in held.taps],
        [name for name, nic in nics if nic.rate_limit is not None and name not in held.pipes],
        held.vnc is None and vm.vnc is not None and vm.vnc.port == "auto" and not vm.vnc.socket,
    )


class Pool:
    """The numbers in use across the site: value -> who has it."""

    def __init__(self) -> None:
        self.macs: dict[str, Holder] = {}
        self.taps: dict[str, Holder] = {}
        self.ports: dict[int, Holder] = {}
        self.pipes: dict[str, Holder] = {}
        self.usual_slots: Usual = {}
        self.diagnostics: list[Diagnostic] = []
        self.lost: dict[str, set[str]] = {}
        """What locks of VMs give up, since others hold it too: ``vnc``, or the names of NICs whose pipes they are."""
        self._next_port = FIRST_PORT
        self._next_pipe = FIRST_PIPE

    def give_mac(self, site: SiteTable, vm: str, nic: str) -> str:
        return _first_free(self.macs, _mac_candidates(site, vm, nic), (vm, nic))

    def give_tap(self, vm: str, nic: str) -> str:
        return _first_free(self.taps, _tap_candidates(vm, nic), (vm, nic))

    def give_port(self, vm: str) -> int | None:
        """The lowest free VNC port of the site, so that a VM can move to any host; ``None`` when there is none."""
        while self._next_port in self.ports:
            self._next_port += 1
        if self._next_port > LAST_PORT:
            return None
        self.ports[self._next_port] = (vm, "")
        return self._next_port

    def give_pipe(self, vm: str, nic: str) -> str | None:
        """The lower of two pipes, free on every host of the site; ``None`` when there is none."""
        while str(self._next_pipe) in self.pipes:
            self._next_pipe += 2
        if self._next_pipe > LAST_PIPE:
            return None
        self.pipes[str(self._next_pipe)] = (vm, nic)
        return str(self._next_pipe)


def _first_free(table: dict[str, Holder], candidates: Iterable[str], holder: Holder) -> str:
    value = next(candidate for candidate in candidates if candidate not in table)
    table[value] = holder
    return value


def _mac_candidates(site: SiteTable, vm: str, nic: str) -> Iterator[str]:
    """MAC addresses for a NIC, the same in every build; the next one is used only if the one before is taken."""
    for digits in _digests(f"{site.name}/{vm}/{nic}"):
        yield f"{site.mac_prefix}:{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"


def _tap_candidates(vm: str, nic: str) -> Iterator[str]:
    """Interface names of at most 15 characters; bhyve(8) recognizes a tap by the prefix ``tap``."""
    plain = f"tap-{vm}-{nic}"
    if len(plain) <= _INTERFACE_LENGTH:
        yield plain
    for digits in _digests(f"{vm}/{nic}"):
        yield f"tap-{vm[:4].rstrip('-')}-{digits[:6]}"


def _digests(name: str) -> Iterator[str]:
    """Digests of a name, without end, the same in every build."""
    attempt = 0
    while True:
        salt = f"/{attempt}" if attempt else ""
        yield hashlib.sha256(f"{name}{salt}".encode()).hexdigest()
        attempt += 1
