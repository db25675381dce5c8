"""The part of a large site that has to be read and compiled because something changed since the last build.

That is all tables but those of VMs, and all VMs of the hosts on which one changed. What rules compare between VMs of
one host is there then; what they compare between hosts, the memory of the last build tells (``rules.CLAIMS``). A part
about which there is anything to say, or anything that is not sure, is given up: the whole site is then read.
"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Collection, Mapping
from typing import NamedTuple

from hivewright.allocation.lock_files import Locks, is_in_locks, lock_names, read_locks
from hivewright.pipeline.check_part import (
    HELD_BY_LOCKS,
    OF_ITS_HOST,
    SHARED,
    CheckedPart,
    check_part,
    held_claims,
    read_part,
)
from hivewright.pipeline.fingerprints import Inputs
from hivewright.pipeline.site_memory import (
    FileMemory,
    SiteMemory,
    VmMemory,
    encode_memory,
    own_hosts,
    remember_vm,
    split_file,
    table_digest,
)
from hivewright.rules import lengths_of
from hivewright.source import Project, SourceFile, Sources, read_source, site_files

LARGEST_PART = 0.5
"""Of all VMs; to read more takes about as long as to read all."""


class ChangedVms(NamedTuple):
    """What changed in a site of which nothing but VMs changed."""

    files: Mapping[str, Mapping[str, object]]
    """Each file that changed -> the tables of all its VMs; none for a file that is gone."""
    vms: frozenset[str]
    """VMs that are new, changed, or gone."""
    hosts: frozenset[str]
    """Their hosts, before and now."""


def find_changes(project: Project, memory: SiteMemory, inputs: Inputs) -> ChangedVms | None:
    """What changed since; ``None`` when it is more than VMs that name their hosts themselves."""
    marks, there = inputs.marks, site_files(project)
    if there is None:
        return None
    changed = {path for path in marks.keys() | memory.marks.keys() if marks.get(path) != memory.marks.get(path)}
    names = {path: name for path, name in there.items() if path in changed}
    gone = {os.path.join(project.site, name): name for name in memory.files.keys() - {*there.values()}}
    folders = {path for path in changed if not (marks.get(path) or memory.marks.get(path))}
    if changed - names.keys() - gone.keys() - folders or not gone.keys() <= changed:
        return None
    files: dict[str, Mapping[str, object]] = {name: {} for name in gone.values()}
    others = dict.fromkeys(gone.values(), "{}")
    for path, name in names.items():
        file = read_source(path, name)
        parts = split_file(file) if file is not None else None
        if parts is None:
            return None
        others[name], files[name] = parts
    if any(text != _others(memory, name) for name, text in others.items()):
        return None
    return _changed_vms(memory, files)


def _others(memory: SiteMemory, file: str) -> str:
    """The tables of a file that are none of VMs, as the last build read them."""
    return memory.files[file].others if file in memory.files else "{}"


def _changed_vms(memory: SiteMemory, files: Mapping[str, Mapping[str, object]]) -> ChangedVms | None:
    before = {vm: name for name in files.keys() & memory.files.keys() for vm in memory.files[name].vms}
    now = {vm: name for name, vms in files.items() for vm in vms}
    elsewhere = {vm for name, file in memory.files.items() if name not in files for vm in file.vms}
    if len(now) < sum(map(len, files.values())) or not elsewhere.isdisjoint(now):
        return None  # a VM is defined twice
    vms: set[str] = set()
    hosts: set[str] = set()
    for vm in before.keys() | now.keys():
        known = memory.files[before[vm]].vms[vm] if vm in before else None
        values = files[now[vm]][vm] if vm in now else None
        if known is not None and before[vm] == now.get(vm) and known.table == table_digest(values):
            continue
        vms.add(vm)
        hosts.update(known.hosts if known is not None else ())
        own = own_hosts(values) if vm in now else []
        if own is None:
            return None
        hosts.update(own)
    return ChangedVms(files, frozenset(vms), frozenset(hosts))


class ChangedPart:
    """The VMs of some hosts, on which those that changed are, and the others."""

    def __init__(self, project: Project, memory: SiteMemory, changes: ChangedVms, hosts: Collection[str]) -> None:
        self.project = project
        self.memory = memory
        self.changes = changes
        self.before = {vm: known for file in memory.files.values() for vm, known in file.vms.items()}
        self.vms = {vm: file for file, vms in changes.files.items() for vm in vms if vm in changes.vms}
        """Those of the part, with their files."""
        self.others: list[str] = []
        chosen = frozenset(hosts)
        for name, file in memory.files.items():
            for vm, known in file.vms.items():
                if vm in changes.vms:
                    continue
                if chosen.isdisjoint(known.hosts):
                    self.others.append(vm)
                else:
                    self.vms[vm] = name

    @property
    def is_most(self) -> bool:
        """Whether it is not worth it to read this part alone."""
        return len(self.vms) > LARGEST_PART * (len(self.vms) + len(self.others))

    def read(self, arguments: Namespace, inputs: Inputs) -> tuple[CheckedPart, bytes] | None:
        """The part, and a memory of the whole site as it is now; ``None`` unless all is well without any doubt."""
        sources = self._sources()
        read = read_part(arguments, sources) if sources is not None else None
        checked = check_part(read, self._locks(), {}) if read is not None else None
        if checked is None or not self._is_apart(checked):
            return None
        return checked, encode_memory(self._memory_now(checked, inputs))

    def _sources(self) -> Sources | None:
        """The files of the site as if they had no other VMs; ``None`` when one changed meanwhile."""
        wanted: dict[str, list[str]] = {}
        for vm, name in self.vms.items():
            wanted.setdefault(name, []).append(vm)
        found = []
        for name in sorted(self.memory.files.keys() | wanted.keys()):
            values = json.loads(_others(self.memory, name))
            if name in self.changes.files:
                vms = self.changes.files[name]
            elif name in wanted:
                file = read_source(os.path.join(self.project.site, name), name)
                known = self.memory.files[name].vms
                vms = (split_file(file) or ("", {}))[1] if file is not None else {}
                if any(table_digest(vms.get(vm)) != known[vm].table for vm in wanted[name]):
                    return None
            if name in wanted:
                values["vm"] = {vm: table for vm, table in vms.items() if vm in self.vms}
            if values:
                found.append(SourceFile(name, "", values))
        return Sources(self.project, tuple(found))

    def _locks(self) -> Locks:
        """Those of the VMs of the part, and of VMs that are gone."""
        others = {f"{vm}.toml" for vm in self.others}
        return read_locks(self.project, [name for name in lock_names(self.project) if name not in others])

    def _is_apart(self, checked: CheckedPart) -> bool:
        """Whether nothing that the part has since now is also in the rest of the site."""
        numbers, claims = checked.new_numbers, checked.claims
        if numbers is None:
            return False
        new: set[str] = set()
        for vm in self.changes.vms:
            had = self.before[vm].claims if vm in self.before else ()
            has = claims.alone.get(vm, ())
            new.update(each for each in has if each not in had)
            new.update(each for each in (*had, *has) if each.startswith(SHARED))
        unique = {text for text in new if not text.startswith(OF_ITS_HOST)} | numbers | self._held(checked)
        if any(not unique.isdisjoint(self.before[vm].claims) for vm in self.others):
            return False
        held = {text.partition(" ")[2] for text in new | numbers if text.startswith(HELD_BY_LOCKS)}
        if is_in_locks(self.project, (f"{vm}.toml" for vm in self.others), held):
            return False
        return self._have_their_lengths(checked)

    def _held(self, checked: CheckedPart) -> set[str]:
        """What locks hold of VMs that changed: what one set itself hid that; ports are held against all if it left."""
        held: set[str] = set()
        for vm in self.changes.vms & checked.locks.locks.keys():
            numbers = held_claims(checked.locks.locks[vm])
            held.update(each for each in numbers if vm not in self.vms or not each.startswith("vnc"))
        return held

    def _have_their_lengths(self, checked: CheckedPart) -> bool:
        """Whether nobody may think of a subnet otherwise than the rest of the site does."""
        moved = any(
            vm not in self.before or self.before[vm].subnets != self._remembered(checked, vm).subnets
            for vm in self.changes.vms & self.vms.keys()
        )
        for subnet, lengths in lengths_of(checked.claims.prefixes).items():
            known = {*self.memory.lengths.get(subnet, ())}
            if len(lengths | known) > 1 and (moved or not lengths <= known):
                return False
        return True

    def _remembered(self, checked: CheckedPart, vm: str) -> VmMemory:
        return remember_vm(checked.site, checked.claims, vm, self.changes.files[self.vms[vm]][vm])

    def _memory_now(self, checked: CheckedPart, inputs: Inputs) -> SiteMemory:
        """The memory of the whole site with what changed."""
        files = dict(self.memory.files)
        for name, vms in self.changes.files.items():
            known = files.pop(name).vms if name in files else {}
            if vms or _others(self.memory, name) != "{}":
                remembered = {vm: self._remembered(checked, vm) if vm in self.changes.vms else known[vm] for vm in vms}
                files[name] = FileMemory(_others(self.memory, name), remembered)
        lengths = {subnet: {*found} for subnet, found in self.memory.lengths.items()}
        for subnet, found in lengths_of(checked.claims.prefixes).items():
            lengths[subnet] = lengths.get(subnet, set()) | found
        every = {subnet: sorted(found) for subnet, found in lengths.items()}
        return SiteMemory(inputs.fingerprint, inputs.marks, files, every)
