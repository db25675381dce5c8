"""``hivewright check``: are the site and its locks right?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from hivewright.source import find_project
from hivewright.stamp import check_signature, is_checked, mark_checked


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments but the global ones."""
    parser.description = "Reads and checks the whole site and its locks. Writes nothing."


def run(arguments: Namespace) -> int:
    """0 when the site has no errors, 1 otherwise. What had no fault and did not change is not read again."""
    project = find_project(Path(arguments.directory))
    signed = check_signature(project)
    if not arguments.verbose and is_checked(project, signed):
        if arguments.format == "json":
            sys.stderr.write("[]\n")
        return 0
    status, silent = _check(arguments)
    if silent:
        mark_checked(project, signed)
    return status


def _check(arguments: Namespace) -> tuple[int, bool]:
    """The exit status, and whether there was nothing to say."""
    from hivewright.commands.front import load_project
    from hivewright.numbering import allocate_numbers, read_locks

    with load_project(arguments) as front:
        if front.site is None:
            return 1, False
        if front.report(allocate_numbers(front.site, read_locks(front.project)).diagnostics):
            return 1, False
        if arguments.verbose:
            hosts, vms = len(front.site.hosts), len(front.site.vms)
            sys.stderr.write(f"{front.project.site}: {len(front.sources.files)} files, {hosts} hosts, {vms} VMs\n")
        return 0, not front.reported
