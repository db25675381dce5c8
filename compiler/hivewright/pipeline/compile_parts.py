"""Compiles a large site part by part, so that no process needs the whole of it, and all steps are done side by side.

Numbers that depend on all VMs, such as the lowest VNC port that is free, are given to those without a lock before.
Otherwise it is done only where there is nothing to say: whatever a rule, a lock or a host would report is left to
``compile_site``, which reads the whole site.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from hivewright.allocation.lock import Lock
from hivewright.allocation.lock_files import Locks, lock_names, read_locks
from hivewright.allocation.wanted import Wanted, give_numbers, wanted_numbers
from hivewright.diagnostics import Diagnostic
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.output.write import (
    Changes,
    HostChanges,
    OutputError,
    apply,
    compare_departed,
    compare_files,
    discard,
    foreign_beside,
)
from hivewright.pipeline import compile_host
from hivewright.pipeline.check_part import HELD_BY_LOCKS, OF_ITS_HOST, CheckedPart, check_part, held_claims, read_part
from hivewright.pipeline.compile_site import output_fault, prepare_host
from hivewright.pipeline.digests import definition_digests, host_digests
from hivewright.pipeline.fingerprints import Inputs
from hivewright.pipeline.session import Session
from hivewright.pipeline.site_memory import FileMemory, SiteMemory, VmMemory, encode_memory, remember_vm
from hivewright.pipeline.survey import Part, Survey, parts_of, read_tables
from hivewright.rules import lengths_of, prefixes_differ
from hivewright.source import LOCKS, RUNTIME, Project
from hivewright.system.parallel import TwoPhaseJob, run_forked, usable_cpus

Known = Mapping[str, tuple[str, str]]
"""Host -> the digest and the fingerprint of the output that were kept of it."""


class CompiledParts(NamedTuple):
    """A site that was compiled in parts."""

    changes: Changes | None
    """``None`` after an error of writing, which was reported."""
    digests: dict[str, str]
    memory: bytes


class _Finding(NamedTuple):
    """What a process tells of a part."""

    digests: dict[str, str]
    changes: dict[str, Changes]
    """By host."""
    locks: Changes
    memory: dict[str, dict[str, VmMemory]]
    held: dict[str, list[str]]
    """What the lock of each VM holds, as claims."""
    prefixes: Mapping[str, set[str]]


def compile_parts(
    session: Session,
    found: Survey,
    inputs: Inputs,
    known: Known,
    outputs: Mapping[str, str],
    *,
    writes: bool,
    locked: bool,
) -> CompiledParts | None:
    """Brings all hosts and locks up to date; without ``writes`` only compares.

    ``outputs`` are fingerprints of what there is. ``None`` where the whole site has to be read; nothing is written.
    """
    parts = parts_of(found)
    if len(parts) < 2:
        return None
    compile_host.get_ready()
    try:
        return _PartsCompilation(session, found, known, outputs, writes=writes, locked=locked).run(parts, inputs)
    except OutputError:
        return None  # it is met again, and reported, when the whole site is compared


class _PartsCompilation:
    def __init__(
        self, session: Session, found: Survey, known: Known, outputs: Mapping[str, str], *, writes: bool, locked: bool
    ) -> None:
        self._session = session
        self._project: Project = session.project
        self._arguments: Namespace = session.arguments
        self._survey = found
        self._known = known
        self._outputs = outputs
        self._writes = writes
        self._locked = locked
        self._seeds = SeedWriter()
        self._is_given_up = False
        self._lock_names = frozenset(lock_names(self._project))
        wanted = {f"{vm}.toml" for file in found.files.values() for vm in file.vms}
        self._locks_of_gone = sorted(self._lock_names - wanted)
        self._has_all_locks = wanted <= self._lock_names
        self._given: Mapping[str, Lock] = {}
        """Locks of VMs that lack numbers, with numbers that are free in the whole site."""
        self._findings: list[_Finding] = []

    def run(self, parts: Sequence[Part], inputs: Inputs) -> CompiledParts | None:
        build, hosts = self._project.build, {*self._survey.hosts, RUNTIME}
        is_first = not os.path.lexists(build)
        departed = compare_departed(build, hosts)
        if self._arguments.output is None and foreign_beside(build, hosts):
            return None
        if any(work.changes.kept or work.changes.refused for work in departed) or not self._give_numbers(parts):
            return None
        job = TwoPhaseJob(self._prepare, self._finish, self._abandon)
        runtime = Part([RUNTIME], {})
        try:
            done = run_forked(job, [runtime, *parts], usable_cpus(), self._decide)
        finally:
            if is_first:  # a first build that was given up leaves an empty folder
                with suppress(OSError):
                    os.rmdir(build)
        if not self._findings:
            return None
        if done is not None:
            if self._session.report(chain.from_iterable(done)):
                return CompiledParts(None, {}, b"")
            apply(departed)
        return self._conclude(departed, inputs)

    def _give_numbers(self, parts: Sequence[Part]) -> bool:
        """Gives VMs without a lock the numbers that depend on the whole site; false when something is to be said."""
        if self._has_all_locks:
            return True
        found: list[Wanted | None] = []

        def keep(wanted: list[Wanted | None]) -> bool:
            found.extend(wanted)
            return False

        run_forked(TwoPhaseJob(lambda part: (None, self._want(part)), lambda _: None), parts, usable_cpus(), keep)
        known = [each for each in found if each is not None]
        given = give_numbers(known) if len(known) == len(found) else None
        self._given = given or {}
        return given is not None

    def _want(self, part: Part) -> Wanted | None:
        if self._is_given_up or self._locked:
            return None
        read = read_part(self._arguments, read_tables(self._project, self._survey, part))
        wanted = wanted_numbers(read.site, self._locks_of(part).locks) if read is not None else None
        self._is_given_up = wanted is None
        return wanted

    def _locks_of(self, part: Part) -> Locks:
        """Those of the VMs of a part, and of VMs that are gone."""
        own = [f"{vm}.toml" for vms in part.vms.values() for vm in vms]
        return read_locks(self._project, [*(name for name in own if name in self._lock_names), *self._locks_of_gone])

    def _conclude(self, departed: Iterable[HostChanges], inputs: Inputs) -> CompiledParts:
        changes = Changes()
        digests: dict[str, str] = {}
        by_host: dict[str, Changes] = {}
        for each in self._findings:
            changes.add(each.locks)
            digests.update(each.digests)
            by_host.update(each.changes)
        for names in (changes.created, changes.changed):
            names.sort()
        for host in (RUNTIME, *self._survey.hosts):
            if host in by_host:
                changes.add(by_host[host])
        for work in departed:
            changes.add(work.changes)
        return CompiledParts(changes, digests, self._memory(inputs))

    def _memory(self, inputs: Inputs) -> bytes:
        vms: dict[str, dict[str, VmMemory]] = {}
        for each in self._findings:
            for name, remembered in each.memory.items():
                vms.setdefault(name, {}).update(remembered)
        files = {name: FileMemory(file.others, vms.get(name, {})) for name, file in self._survey.files.items()}
        lengths = {subnet: sorted(found) for subnet, found in lengths_of(_prefixes_of(self._findings)).items()}
        return encode_memory(SiteMemory(inputs.fingerprint, inputs.marks, files, lengths))

    def _prepare(self, part: Part) -> tuple[list[HostChanges], _Finding | None]:
        works: list[HostChanges] = []
        finding = None
        try:
            if not self._is_given_up:
                finding = self._prepare_runtime(works) if part.hosts == [RUNTIME] else self._prepare_part(part, works)
        finally:
            if finding is None:
                self._is_given_up = True
                self._abandon(works)
        return works, finding

    def _prepare_runtime(self, works: list[HostChanges]) -> _Finding | None:
        changes = self._compare(RUNTIME, None, works)
        return None if changes is None else _Finding({}, {RUNTIME: changes}, Changes(), {}, {}, {})

    def _prepare_part(self, part: Part, works: list[HostChanges]) -> _Finding | None:
        read = read_part(self._arguments, read_tables(self._project, self._survey, part))
        if read is None:
            return None
        given = {vm: self._given[vm] for vms in part.vms.values() for vm in vms if vm in self._given}
        checked = check_part(read, self._locks_of(part), given)
        if checked is None or (self._locked and checked.numbers.changed_locks):
            return None
        if not self._given and checked.new_numbers is None:
            return None
        site, numbers, claims = checked.site, checked.numbers, checked.claims
        digests = host_digests(site, definition_digests(site, part.hosts), numbers.allocation)
        works.append(compare_files(self._project.locks, numbers.changed_locks, f"{LOCKS}/"))
        found = {}
        for host in part.hosts:
            if self._known.get(host) != (digests[host], self._outputs.get(host)):
                changes = self._compare(host, checked, works)
                if changes is None:
                    return None
                found[host] = changes
        memory = {
            name: {vm: remember_vm(site, claims, vm, site.layers[vm][0].values) for vm in vms}
            for name, vms in part.vms.items()
        }
        held = {vm: held_claims(numbers.allocation.locks[vm]) for vms in part.vms.values() for vm in vms}
        return _Finding(digests, found, works[0].changes, memory, held, claims.prefixes)

    def _compare(self, host: str, part: CheckedPart | None, works: list[HostChanges]) -> Changes | None:
        """What changes on a host, or of the runtime; ``None`` when there is something to say."""
        site, allocation = (part.site, part.numbers.allocation) if part is not None else (None, None)
        build, seeds = self._project.build, self._seeds
        work, (diagnostics, changes) = prepare_host(build, site, allocation, host, seeds, writes=self._writes)
        if work is not None:
            works.append(work)
        return changes if work is not None and not diagnostics else None

    def _decide(self, findings: list[_Finding | None]) -> bool:
        known = [each for each in findings if each is not None]
        if len(known) == len(findings) and _are_apart(known):
            self._findings = known
        return self._writes and bool(self._findings)

    def _finish(self, works: list[HostChanges]) -> list[Diagnostic]:
        """Locks are written before hosts: if the build is killed between them, the next one writes the hosts."""
        try:
            apply(works)
        except OutputError as error:
            return [output_fault(error)]
        return []

    def _abandon(self, works: list[HostChanges]) -> None:
        for work in works:
            discard(work)


def _are_apart(findings: Sequence[_Finding]) -> bool:
    """Whether no part has what another one has as well."""
    held: set[str] = set()
    set_by_vms: set[str] = set()
    for finding in findings:
        for vms in finding.memory.values():
            for vm, remembered in vms.items():
                own = {*finding.held[vm], *(each for each in remembered.claims if not each.startswith(OF_ITS_HOST))}
                if not held.isdisjoint(own):
                    return False
                held |= own
                shared = (each for each in remembered.claims if each.startswith(OF_ITS_HOST))
                set_by_vms.update(each for each in shared if each.startswith(HELD_BY_LOCKS))
    return held.isdisjoint(set_by_vms) and not any(map(prefixes_differ, _prefixes_of(findings).values()))


def _prefixes_of(findings: Iterable[_Finding]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in findings:
        for subnet, texts in each.prefixes.items():
            found.setdefault(subnet, set()).update(texts)
    return found
