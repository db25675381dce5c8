"""``hivewright check``: checks the site and its locks."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from hivewright.pipeline.fingerprints import check_fingerprint, is_checked, mark_checked
from hivewright.source import Project, find_project


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments but the global ones."""
    parser.description = "Reads and checks the whole site and its locks. Writes nothing."


def run(arguments: Namespace) -> int:
    """0 when the site has no errors, 1 otherwise. Skips a site that had no findings and did not change."""
    project = find_project(Path(arguments.directory))
    fingerprint = check_fingerprint(project)
    if not arguments.verbose and is_checked(project, fingerprint):
        if arguments.format == "json":
            sys.stderr.write("[]\n")
        return 0
    status, silent = _check(arguments, project)
    if silent:
        mark_checked(project, fingerprint)
    return status


def _check(arguments: Namespace, project: Project) -> tuple[int, bool]:
    """The exit status, and whether nothing was reported."""
    from hivewright.allocation.lock_files import read_locks
    from hivewright.pipeline.check_site import check_site, report_faults
    from hivewright.pipeline.session import read_project

    session, diagnostics = read_project(arguments, project)
    with session:
        if session.site is None:
            report_faults(session, diagnostics, read_locks(project))
            return 1, False
        if check_site(session, session.site, diagnostics, lambda: read_locks(project), lambda: None) is None:
            return 1, False
        if arguments.verbose:
            hosts, vms = len(session.site.hosts), len(session.site.vms)
            sys.stderr.write(f"{project.site}: {len(session.sources.files)} files, {hosts} hosts, {vms} VMs\n")
        return 0, not session.reported
