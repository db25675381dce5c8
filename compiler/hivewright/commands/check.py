"""``hivewright check``: are the site and its locks right?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from hivewright.commands.front import load_project


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments but the global ones."""
    parser.description = "Reads and checks the whole site and its locks. Writes nothing."


def run(arguments: Namespace) -> int:
    """0 when the site has no errors, 1 otherwise."""
    from hivewright.numbering import allocate_numbers, read_locks

    with load_project(arguments) as front:
        if front.site is None:
            return 1
        if front.report(allocate_numbers(front.site, read_locks(front.project)).diagnostics):
            return 1
        if arguments.verbose:
            hosts, vms = len(front.site.hosts), len(front.site.vms)
            sys.stderr.write(f"{front.project.site}: {len(front.sources.files)} files, {hosts} hosts, {vms} VMs\n")
    return 0
