"""Compiles hosts in parallel, and writes them and the locks if there is no error in any of them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hivewright.allocation.allocate import Allocation
from hivewright.allocation.lock_files import Numbers
from hivewright.diagnostics import Diagnostic
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.output.write import (
    Changes,
    HostChanges,
    OutputError,
    apply,
    compare_departed,
    compare_files,
    compare_host,
    discard,
    foreign_beside,
    stage,
)
from hivewright.pipeline import check_site, compile_host
from hivewright.pipeline.session import Session
from hivewright.plan import Artifact
from hivewright.site import Site
from hivewright.source import LOCKS, RUNTIME
from hivewright.system.parallel import TwoPhaseJob, in_background, run_forked

Finding = tuple[list[Diagnostic], Changes]
"""What is said of a host, and what a build changes there."""


def compile_hosts(
    session: Session, site: Site, numbers: Numbers, hosts: Sequence[str], *, writes: bool
) -> Changes | None:
    """Bring hosts and locks up to date; without ``writes`` only compare. ``RUNTIME`` is among the hosts.

    ``None`` after an error, which was reported; nothing was written then, unless writing itself failed.
    """
    try:
        return _Compilation(session, site, numbers, writes=writes).run(hosts)
    except OutputError as error:
        session.report([output_fault(error)])
        return None


class _Compilation:
    """Compiles and writes the hosts of a valid site."""

    def __init__(self, session: Session, site: Site, numbers: Numbers, *, writes: bool) -> None:
        self._session = session
        self._site = site
        self._numbers = numbers
        self._build = session.project.build
        self._writes = writes
        self._changes = Changes()
        self._seeds = SeedWriter()
        self._locks = compare_files(session.project.locks, numbers.changed_locks, f"{LOCKS}/")
        self._departed = compare_departed(self._build, {*site.hosts, RUNTIME})
        # Another folder than build/ may have whatever its owner wants.
        is_ours = session.arguments.output is None
        self._beside = Changes(foreign=foreign_beside(self._build, {*site.hosts, RUNTIME}) if is_ours else [])

    def run(self, hosts: Sequence[str]) -> Changes | None:
        is_first = not os.path.lexists(self._build)
        try:
            steps = TwoPhaseJob(self._prepare, self._finish, self._abandon)
            done = run_forked(steps, hosts, self._workers(hosts), self._decide)
        finally:
            if is_first:  # a first build that was given up leaves an empty folder
                with suppress(OSError):
                    os.rmdir(self._build)
        if done is None:
            failed = self._failed
        else:
            failed = self._session.report(itertools.chain.from_iterable(done))
            apply(self._departed)
        for changes in (self._beside, *(work.changes for work in self._departed)):
            self._changes.add(changes)
        return None if failed else self._changes

    def _prepare(self, host: str) -> tuple[HostChanges | None, Finding]:
        allocation = self._numbers.allocation
        return prepare_host(self._build, self._site, allocation, host, self._seeds, writes=self._writes)

    def _decide(self, findings: list[Finding]) -> bool:
        beside = [self._beside, *(work.changes for work in self._departed)]
        found = [each for diagnostics, _ in findings for each in diagnostics]
        self._failed = self._session.report(
            [*found, *(each for changes in beside for each in tell_foreign(self._build, changes))]
        )
        for changes in (self._locks.changes, *(changes for _, changes in findings)):
            self._changes.add(changes)
        if self._failed or not self._writes:
            return False
        # Locks first: if the build is killed before a host is written, the next build writes the host.
        self._write_locks()
        return True

    def _write_locks(self) -> None:
        files, middle = self._locks.write, len(self._locks.write) // 2
        if middle <= check_site.LOCKS_WORTH_A_PROCESS:
            apply([self._locks])
            return
        others = replace(self._locks, write=files[middle:], remove=[])
        written = in_background(lambda: apply([others]), worthwhile=True)
        try:
            apply([replace(self._locks, write=files[:middle])])
        finally:
            written()

    def _finish(self, work: HostChanges | None) -> list[Diagnostic]:
        try:
            apply([work] if work is not None else [])
        except OutputError as error:
            return [output_fault(error)]
        return []

    def _abandon(self, work: HostChanges | None) -> None:
        if work is not None:
            discard(work)

    def _workers(self, hosts: Sequence[str]) -> int:
        wanted = set(hosts)
        vms = sum(1 for vm in self._site.vms.values() if wanted.intersection(self._site.hosts_of(vm)))
        return 1 + vms // check_site.VMS_WORTH_A_PROCESS


def prepare_host(
    build: Path, site: Site | None, allocation: Allocation | None, host: str, seeds: SeedWriter, *, writes: bool
) -> tuple[HostChanges | None, Finding]:
    """Compiles and compares a host, or the runtime; with ``writes`` the files of a new one are written beside it."""
    artifacts: Mapping[str, Artifact] | None
    diagnostics: list[Diagnostic] = []
    if site is None or allocation is None or host == RUNTIME:
        artifacts = compile_host.compile_runtime()
    else:
        artifacts, diagnostics = compile_host.compile_host(site, allocation, host, seeds)
    if artifacts is None:
        return None, (diagnostics, Changes())
    try:
        work = compare_host(build, host, artifacts)
        if writes:
            stage(work)
    except OutputError as error:
        return None, ([*diagnostics, output_fault(error)], Changes())
    return work, ([*diagnostics, *tell_foreign(build, work.changes)], work.changes)


def tell_foreign(build: Path, changes: Changes) -> Iterator[Diagnostic]:
    """Files that are not of this build, and stay."""
    for path in changes.foreign:
        yield _stranger(f"{build}/{path}", "was written by no build")
    for path in changes.kept:
        yield _stranger(f"{build}/{path}", "is no longer made, but was changed by hand")
    for path in changes.refused:
        yield _stranger(f"{build}/{path}", "is no longer made, and no longer a file of ours")


def _stranger(path: str, what: str) -> Diagnostic:
    remedy = "delete it, or move it away; what lies below root/ goes to the host with the rest"
    return Diagnostic("OUT002", f"{path} {what}", help=remedy, severity="warning")


def output_fault(error: OutputError) -> Diagnostic:
    return Diagnostic("OUT001", f"{error.path}: {error.reason}", help=error.remedy)
