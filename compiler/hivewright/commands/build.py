"""``hivewright build``: compile the site into ``build/`` and its locks."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hivewright.pipeline.fingerprints import (
    Fingerprints,
    compiler_fingerprint,
    is_current,
    lock_fingerprint,
    look_at_inputs,
    look_at_last,
    output_fingerprints,
    output_fingerprints_meanwhile,
    output_names,
    read_fingerprints,
    write_fingerprints,
)
from hivewright.source import LOCKS, RUNTIME, Project, Sources, find_project

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hivewright.allocation.lock_files import Numbers
    from hivewright.diagnostics import Diagnostic
    from hivewright.output.write import Changes
    from hivewright.pipeline.fingerprints import Inputs
    from hivewright.pipeline.session import Session
    from hivewright.site import Site

DIFFERENCE = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Where to, and what not to do."""
    parser.description = "Compiles the site. Writes only files that differ, and removes its own that are not wanted."
    parser.add_argument("-o", dest="output", metavar="DIR", help="write there instead of build/")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 3 if anything is out of date")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be written")
    parser.add_argument("--locked", action="store_true", help="fail rather than change a lock")


def run(arguments: Namespace) -> int:
    """0, 1 when the site has errors or a lock would change under --locked, 3 under --check when out of date."""
    project = find_project(Path(arguments.directory))
    if arguments.output is not None:
        project = Project(project.root, project.site, Path(arguments.output), project.profiles)
    keeps = not (arguments.check or arguments.dry_run or arguments.output is not None)
    last = read_fingerprints(project) if keeps else Fingerprints()
    compiler, inputs = compiler_fingerprint(), look_at_inputs(project)
    if keeps and is_current(last, project, compiler, inputs.fingerprint):
        if arguments.format == "json":
            sys.stderr.write("[]\n")
        _tell(arguments, f"{project.build} is up to date")
        return 0
    return _Build(arguments, project, last if last.compiler == compiler else Fingerprints(), compiler, inputs).run()


def _tell(arguments: Namespace, text: str) -> None:
    """Prints a message that is not a diagnostic; with ``--format json`` only diagnostics are printed."""
    if not arguments.quiet and arguments.format != "json":
        sys.stderr.write(f"{text}\n")


def _load_compilation() -> None:
    """Loads the modules that compile hosts, which takes long."""
    import hivewright.pipeline.compile_site  # noqa: F401
    from hivewright.pipeline.compile_host import get_ready

    get_ready()


def _compile(session: Session, site: Site, numbers: Numbers, hosts: Sequence[str], *, writes: bool) -> Changes | None:
    from hivewright.pipeline.compile_site import compile_hosts

    return compile_hosts(session, site, numbers, hosts, writes=writes)


def _lock_fault(names: Sequence[str]) -> Diagnostic:
    from hivewright.diagnostics import Diagnostic

    shown = ", ".join([f"{LOCKS}/{name}" for name in names[:5]])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    message = f"a build would change {shown}{more}, which --locked forbids"
    return Diagnostic("LOCK009", message, help="build without --locked, and commit the locks with the site")


class _Checked(NamedTuple):
    """A site without errors, or the part of it that changed."""

    site: Site
    numbers: Numbers
    digests: dict[str, str]
    """Of every host of the whole site."""
    memory: bytes
    """What the next build is to know of the site; empty for a small one."""


class _Build:
    """A build for which fingerprints did not show that it has nothing to do."""

    def __init__(
        self, arguments: Namespace, project: Project, last: Fingerprints, compiler: str, inputs: Inputs
    ) -> None:
        self.arguments = arguments
        self.project = project
        self.last = last
        self.compiler = compiler
        self.inputs = inputs
        self.writes = not (arguments.check or arguments.dry_run)
        self.keeps = self.writes and arguments.output is None
        self.outputs: Mapping[str, str] = {}
        """The fingerprints of what the last build wrote, as it is now."""
        self.locks = ""
        """That of the locks, where they were seen to be those of the last build."""
        self.may_be_silent = bool(last.inputs) or not last.compiler
        """Whether there may be nothing to say of the site."""

    def run(self) -> int:
        """Compiles and compares; writes unless there is an error, or ``--check`` or ``--dry-run`` was given."""
        found = self._read_part()
        status = self._compile_parts() if found is None and self.may_be_silent and self.inputs.are_many else None
        if status is not None:
            return status
        session, checked = found or self._read_all()
        with session:
            return 1 if checked is None else self._compile(session, checked)

    def _read_all(self) -> tuple[Session, _Checked | None]:
        """The whole site; ``None`` for an error, which was reported."""
        from hivewright.allocation.lock_files import read_locks
        from hivewright.pipeline.check_site import check_site, report_faults
        from hivewright.pipeline.digests import definition_digests, host_digests
        from hivewright.pipeline.session import read_project

        looked = output_fingerprints_meanwhile(self.project, self.last.hosts if not self.outputs else {})
        try:
            session, diagnostics = read_project(self.arguments, self.project)
        finally:
            self.outputs = {**self.outputs, **looked()}
        site = session.site
        if site is None:
            report_faults(session, diagnostics, read_locks(self.project))
            return session, None
        memory = b""

        def meanwhile() -> None:
            nonlocal memory
            _load_compilation()
            if self.keeps and not diagnostics:
                from hivewright.pipeline.site_memory import remember

                memory = remember(site, session.sources.files, self.inputs)

        digests = partial(definition_digests, site)
        checked = check_site(session, site, diagnostics, partial(read_locks, self.project), digests, meanwhile)
        if checked is None:
            return session, None
        found = host_digests(site, checked.besides, checked.numbers.allocation)
        return session, _Checked(site, checked.numbers, {**found, RUNTIME: self.compiler}, memory)

    def _read_part(self) -> tuple[Session, _Checked] | None:
        """What changed alone, in a large site; ``None`` where the whole has to be read."""
        if not self.last.inputs:
            return None
        from hivewright.pipeline.site_memory import read_memory

        memory = read_memory(self.project, self.last.inputs)
        if memory is None:
            return None
        from hivewright.pipeline.changed_part import ChangedPart, find_changes
        from hivewright.pipeline.digests import definition_digests, host_digests

        changes = find_changes(self.project, memory, self.inputs)
        if changes is None:
            return None
        locks, self.outputs = look_at_last(self.project, self.last)
        if locks != self.last.locks:
            return None
        hosts = [
            host
            for host, (_, output) in self.last.hosts.items()
            if host in changes.hosts or output != self.outputs[host]
        ]
        part = ChangedPart(self.project, memory, changes, hosts)
        if part.is_most:
            return None
        found = part.read(self.arguments, self.inputs)
        if found is None:
            self.may_be_silent = False
            return None
        self.locks = locks
        checked, remembered = found
        site, numbers = checked.site, checked.numbers
        definitions = definition_digests(site, [host for host in hosts if host != RUNTIME])
        digests = {host: digest for host, (digest, _) in self.last.hosts.items()}
        digests.update(host_digests(site, definitions, numbers.allocation))
        return checked.session, _Checked(site, numbers, digests, remembered)

    def _compile_parts(self) -> int | None:
        """Compiles a very large site part by part; ``None`` where the whole has to be read, and nothing was done."""
        from hivewright.pipeline.compile_parts import compile_parts
        from hivewright.pipeline.session import Session
        from hivewright.pipeline.survey import survey

        found = survey(self.project)
        if found is None:
            return None
        self.outputs = self.outputs or output_fingerprints(self.project, self.last.hosts)
        session = Session(self.arguments, self.project, Sources(self.project))
        last = self.last.hosts
        how = {"writes": self.writes, "locked": self.arguments.locked}
        parts = compile_parts(session, found, self.inputs, last, self.outputs, **how)
        if parts is None:
            return None
        with session:
            if parts.changes is None:
                return 1
            self.digests = {**parts.digests, RUNTIME: self.compiler}
            self.unchanged = self._unchanged(self.outputs)
            return self._conclude(session, parts.changes, parts.memory)

    def _compile(self, session: Session, checked: _Checked) -> int:
        site, numbers = checked.site, checked.numbers
        self.digests = checked.digests
        if self.arguments.locked and numbers.changed_locks:
            session.report([_lock_fault(sorted(numbers.changed_locks))])
            return 1
        self.unchanged = self._unchanged(self.outputs)
        hosts = [host for host in (RUNTIME, *site.hosts) if host not in self.unchanged]
        changes = _compile(session, site, numbers, hosts, writes=self.writes)
        if numbers.changed_locks:
            self.locks = ""
        return 1 if changes is None else self._conclude(session, changes, checked.memory)

    def _unchanged(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """The hosts that need not be compiled, with the fingerprints of their output."""
        last = self.last.hosts
        return {host: output for host, output in outputs.items() if last[host] == (self.digests.get(host), output)}

    def _conclude(self, session: Session, changes: Changes, memory: bytes) -> int:
        again = "is" if self.writes else "would be"
        for path in changes.overwritten:
            _tell(self.arguments, f"{path} had been changed by hand; it {again} as the site says again")
        if self.arguments.verbose or not self.writes:
            for sign, paths in (("+", changes.created), ("~", changes.changed), ("-", changes.removed)):
                sys.stdout.writelines(f"{sign} {path}\n" for path in paths)
        if self.keeps:
            others = {path.split("/")[0] for path in (*changes.foreign, *changes.kept, *changes.refused)}
            self._keep_fingerprints(silent=not session.reported, looked_at_again=others)
            self._keep_memory(memory)
        counts = f"{len(changes.created)} created, {len(changes.changed)} changed, {len(changes.removed)} removed"
        _tell(self.arguments, f"{self.project.build}: {counts}" if changes else f"{self.project.build} is up to date")
        return DIFFERENCE if self.arguments.check and changes else 0

    def _keep_memory(self, memory: bytes) -> None:
        from hivewright.pipeline.site_memory import keep_memory

        keep_memory(self.project, memory)

    def _keep_fingerprints(self, silent: bool, looked_at_again: Collection[str]) -> None:
        """Keeps the fingerprints of this build; the next one may be skipped only if this one reported nothing.

        Of hosts that have files of others the next build is to say so again.
        """
        changed = [host for host in self.digests if host not in self.unchanged]
        outputs = self.unchanged | output_fingerprints(self.project, changed)
        write_fingerprints(
            self.project,
            Fingerprints(
                self.compiler,
                self.inputs.fingerprint if silent else "",
                self.locks or lock_fingerprint(self.project),
                {
                    host: (digest, outputs[host] if host not in looked_at_again else "")
                    for host, digest in self.digests.items()
                },
                output_names(self.project.build),
            ),
        )
