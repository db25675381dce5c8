"""``hivewright report``: the site on one page for a browser."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from hivewright.pipeline.session import load_project


def add_arguments(parser: ArgumentParser) -> None:
    """Where the page goes."""
    parser.description = (
        "Prints a page of HTML with all hosts, their guests, networks and what they must be given, and with all "
        "addresses, screens and devices. It needs no other file, has no script, and is the same for the same site."
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="where it goes (default: standard output)")


def run(arguments: Namespace) -> int:
    """0; 1 when the site has errors or the file cannot be written."""
    from hivewright.pipeline.in_memory import plan_hosts
    from hivewright.views.report import report

    with load_project(arguments) as session:
        if session.site is None:
            return 1
        plans = plan_hosts(session, session.site)
        if plans is None:
            return 1
        page = report(session.site, plans)
    if arguments.output is None:
        sys.stdout.write(page)
        return 0
    try:
        with open(arguments.output, "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        sys.stderr.write(f"hivewright: cannot write {arguments.output}: {error.strerror}\n")
        return 1
    return 0
