"""``hivewright check``: is the site right?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from hivewright.commands.front import load_project


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments but the global ones."""
    parser.description = "Reads and checks the whole site. Writes nothing."


def run(arguments: Namespace) -> int:
    """0 when the site has no errors, 1 otherwise."""
    with load_project(arguments) as front:
        if front.site is None:
            return 1
        if arguments.verbose:
            hosts, vms = len(front.site.hosts), len(front.site.vms)
            sys.stderr.write(f"{front.project.site}: {len(front.sources.files)} files, {hosts} hosts, {vms} VMs\n")
    return 0
