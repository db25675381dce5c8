"""``hivewright show VM``: its full definition and its bhyve command, and where each part comes from."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import Session, load_project

if TYPE_CHECKING:
    from hivewright.plan import VmPlan
    from hivewright.site import Site
    from hivewright.site.definition import Entry


def add_arguments(parser: ArgumentParser) -> None:
    """Which VM, and how."""
    parser.description = "Shows a VM as a build sees it: every key with its value, and the command of bhyve(8)."
    parser.add_argument("vm", metavar="VM")
    parser.add_argument("--host", metavar="HOST", help="as it is on this host (default: its home)")
    parser.add_argument("--origin", action="store_true", help="say where each value and each word comes from")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0, 1 when the site has errors, 2 for a VM or host that does not exist."""
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        return _show(arguments, session, session.site)


def _show(arguments: Namespace, session: Session, site: Site) -> int:
    from hivewright.lower.origins import origins
    from hivewright.pipeline.in_memory import plan_guest
    from hivewright.site.definition import definition

    if arguments.vm not in site.vms:
        return _unknown(f"there is no VM {arguments.vm!r}", arguments.vm, list(site.vms), "VM")
    hosts = site.hosts_of(site.vms[arguments.vm])
    host = arguments.host or hosts[0]
    if host not in hosts:
        return _unknown(f"{arguments.vm} does not run on {host!r}", host, list(hosts), "host")
    plan = plan_guest(session, site, arguments.vm, host)
    if plan is None:
        return 1
    words = [("/usr/sbin/bhyve", ["rule bhyve: the program"]), *origins(site, plan)]
    keys = list(definition(site, arguments.vm))
    if arguments.json:
        _print_json(plan, host, keys, words)
    else:
        _print_text(plan, keys, words, arguments.origin)
    return 0


def _unknown(fault: str, name: str, known: list[str], kind: str) -> int:
    from hivewright.diagnostics.wording import suggestion

    sys.stderr.write(f"hivewright: {fault}; {suggestion(name, known, kind)}\n")
    return 2


def _print_json(plan: VmPlan, host: str, keys: list[Entry], words: list[tuple[str, list[str]]]) -> None:
    document = {
        "vm": plan.name,
        "host": host,
        "digest": plan.digest,
        "definition": {key: {"value": value, "origin": origin} for key, value, origin in keys},
        "loader": _loader(plan),
        "command": [{"word": word, "origins": origins} for word, origins in words],
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _loader(plan: VmPlan) -> list[str]:
    """The command that loads the guest before each run; empty for guests with a boot ROM."""
    return [word for step in plan.loader if step.verb == "loader" for word in step.words]


def _print_text(plan: VmPlan, keys: list[Entry], words: list[tuple[str, list[str]]], with_origin: bool) -> None:
    from hivewright.site.definition import in_toml

    print(visible(f"# {plan.name} on {plan.host}, from {plan.source}"))
    for key, value, origin in keys:
        line = f"{key} = {in_toml(value)}"
        print(visible(f"{line}  # {origin}" if with_origin else line))
    print()
    if not with_origin:
        from hivewright.emit.quote import quote_sh

        if plan.loader:
            print(visible(" ".join(quote_sh(word) for word in _loader(plan))))
        print(visible(" ".join(quote_sh(word) for word, _ in words)))
        return
    for word, origins in words:
        print(visible(word))
        for origin in origins:
            print(visible(f"    {origin}"))
