"""``hivewright show VM…``: full definitions and bhyve commands, and where each part comes from."""

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
    """Which VMs, and how."""
    parser.description = "Shows a VM as a build sees it: every key with its value, and the command of bhyve(8)."
    parser.add_argument("vm", nargs="+", metavar="VM", help="a name, a pattern such as 'web*', or @TAG")
    parser.add_argument("--host", metavar="HOST", help="as it is on this host (default: its home)")
    parser.add_argument("--origin", action="store_true", help="say where each value and each word comes from")
    text = "print one JSON document: for one VM by its name an object, else an array"
    parser.add_argument("--json", action="store_true", help=text)


def run(arguments: Namespace) -> int:
    """0, 1 when the site has errors, 2 for a VM or host that does not exist."""
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        return _show(arguments, session, session.site)


def _show(arguments: Namespace, session: Session, site: Site) -> int:
    from hivewright.pipeline.in_memory import plan_guests
    from hivewright.site.definition import definition
    from hivewright.site.selection import SelectionError, select_vms

    try:
        vms = select_vms(site.vms, arguments.vm, site.tags)
        homes = {vm: _host(site, vm, arguments.host) for vm in vms}
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    found = plan_guests(session, site, homes)
    if found is None:
        return 1
    if arguments.json:
        documents = [_as_json(site, plan) for plan in found]
        document = documents[0] if arguments.vm == vms else documents
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    for number, plan in enumerate(found):
        if number:
            print()
        _print_text(plan, list(definition(site, plan.name)), _words(site, plan), arguments.origin)
    return 0


def _host(site: Site, vm: str, wanted: str | None) -> str:
    """The host on which a VM is shown. Raises ``SelectionError`` where it does not run on the one that is wanted."""
    from hivewright.diagnostics.wording import suggestion
    from hivewright.site.selection import SelectionError

    hosts = site.hosts_of(site.vms[vm])
    if wanted is not None and wanted not in hosts:
        raise SelectionError(wanted, f"{vm} does not run on {wanted!r}; {suggestion(wanted, list(hosts), 'host')}")
    return wanted or hosts[0]


def _words(site: Site, plan: VmPlan) -> list[tuple[str, list[str]]]:
    from hivewright.lower.origins import origins

    return [(plan.program, _origin_of_program(site, plan)), *origins(site, plan)]


def _origin_of_program(site: Site, plan: VmPlan) -> list[str]:
    from hivewright.lower.origins import Tracer

    is_chosen = "bhyve" in site.hosts[plan.host].model_fields_set
    return Tracer(site, plan.host).texts(["host:bhyve"]) if is_chosen else ["rule bhyve: the program"]


def _as_json(site: Site, plan: VmPlan) -> dict[str, object]:
    from hivewright.site.definition import definition

    return {
        "vm": plan.name,
        "host": plan.host,
        "digest": plan.digest,
        "definition": {key: {"value": value, "origin": origin} for key, value, origin in definition(site, plan.name)},
        "loader": _loader(plan),
        "command": [{"word": word, "origins": origins} for word, origins in _words(site, plan)],
    }


def _loader(plan: VmPlan) -> list[str]:
    """The command that loads the guest before each run once it is installed; empty for guests with a boot ROM."""
    return plan.loader_words(installing=False)


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
