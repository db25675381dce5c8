"""``hivewright plan``: what a change does to guests, hosts and data."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.impact.consequence import CODES, Consequence, Impact
from hivewright.pipeline.session import Session, load_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hivewright.impact.compare import Running
    from hivewright.impact.trees import Files, Tree
    from hivewright.site import Site

DIFFERENCE = 3
_FORMATS = ("text", "markdown", "json")


def add_arguments(parser: ArgumentParser) -> None:
    """With what, and how. The flag ``--format`` of every verb is another one here."""
    parser.description = (
        "Compiles the site, compares it by meaning with a tree of compiled files, and says what the difference does to "
        "guests, hosts and data, and what has to be done about it. Writes nothing; exits 3 on a consequence."
    )
    parser.add_argument("vm", nargs="*", metavar="VM", help="only of these: names, patterns, or @TAG (default: all)")
    parser.add_argument(
        "--against", metavar="REV|DIR|ssh", default="HEAD", help="a revision of git (default: HEAD), a folder, or hosts"
    )
    parser.add_argument(
        "--fail-on", metavar="LEVEL", choices=CODES, help=f"exit 3 only at this or more: {', '.join(CODES)}"
    )
    output = parser.add_argument_group("output", "in place of the flag of every verb", conflict_handler="resolve")
    help_text = "how it is written (default: text); json: diagnostics too"
    output.add_argument("--format", choices=_FORMATS, default=SUPPRESS, help=help_text)


def run(arguments: Namespace) -> int:
    """0 without a consequence (or below ``--fail-on``), 1 on errors, 2 for what cannot be compared with, 3 with one."""
    style = arguments.format if arguments.format in _FORMATS else "text"
    if style != "json" and arguments.format in _FORMATS:
        arguments.format = "full"
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        return _plan(arguments, session, session.site, style)


def _plan(arguments: Namespace, session: Session, site: Site, style: str) -> int:
    from hivewright.impact.compare import compare
    from hivewright.impact.trees import TreeError
    from hivewright.site.selection import SelectionError, select_vms

    try:
        tree, running = _tree(arguments.against, session.project.build, site)
        compiled = _compile(session, site)
        if compiled is None:
            return 1
        impacts = compare(tree, compiled, _former_names(site, tree), running)
        if arguments.vm:
            known = dict.fromkeys([*site.vms, *(each.guest for each in impacts if each.guest)])
            wanted = select_vms(known, arguments.vm, site.tags)
            impacts = [each for each in impacts if each.guest in wanted]
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    except TreeError as error:
        sys.stderr.write(f"hivewright: {error.reason}; {error.remedy}\n")
        return error.status
    _print(impacts, _origins(site), style, verbose=arguments.verbose)
    least = CODES[arguments.fail_on] if arguments.fail_on else Consequence.RELOAD
    return DIFFERENCE if any(impact.consequence >= least for impact in impacts) else 0


def _tree(against: str, build: Path, site: Site) -> tuple[Tree, Running]:
    """What is named: the hosts, a folder if there is one, or else a revision."""
    from hivewright.impact.revision import revision_tree
    from hivewright.impact.trees import folder_tree

    if against == "ssh":
        from hivewright.impact.remote import installed_tree

        return installed_tree({name: host.address or name for name, host in site.hosts.items()})
    return folder_tree(Path(against)) if Path(against).is_dir() else revision_tree(build, against), {}


def _former_names(site: Site, tree: Tree) -> dict[str, str]:
    """The name that each renamed guest has in the tree, of those that it had."""
    renamed = {name: vm.renamed_from for name, vm in site.vms.items() if vm.renamed_from}
    if not renamed:
        return {}
    from hivewright.impact.places import guests_of

    known = {name for paths in tree.hosts().values() for name in guests_of(paths)}
    found = ((name, next((each for each in names if each in known), None)) for name, names in renamed.items())
    return {name: former for name, former in found if former is not None}


def _compile(session: Session, site: Site) -> Mapping[str, Files] | None:
    """All that a build would write below ``root/``, in memory; ``None`` after an error, which was reported."""
    from hivewright.pipeline.compile_host import compile_runtime, contents
    from hivewright.pipeline.in_memory import files_in_memory
    from hivewright.source import RUNTIME

    hosts = files_in_memory(session, site, site.hosts)
    return None if hosts is None else {RUNTIME: contents(compile_runtime()), **hosts}


def _origins(site: Site) -> Callable[[Impact], list[str]]:
    from hivewright.impact.origins import origins

    return lambda impact: origins(site, impact)


def _print(impacts: list[Impact], origins: Callable[[Impact], list[str]], style: str, *, verbose: bool) -> None:
    from hivewright.diagnostics.printer import visible
    from hivewright.impact.report import as_json, as_markdown, as_text

    if style == "json":
        print(as_json(impacts, origins))
        return
    write = as_markdown if style == "markdown" else as_text
    for line in write(impacts, origins, verbose=verbose):
        print(visible(line))
