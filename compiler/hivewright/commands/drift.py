"""``hivewright drift``: what hosts have otherwise than what was built for them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from hivewright.diagnostics.printer import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hivewright.delivery.remote import Answer
    from hivewright.pipeline.compile_host import Compiled
    from hivewright.site import Site

DIFFERENCE = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Which hosts."""
    parser.description = (
        "Asks hosts over ssh, as root and without passwords, what they have otherwise than what was built: files, "
        "definitions that guests run with, networks that were made. Exits 3 when something differs."
    )
    parser.add_argument("host", nargs="+", metavar="HOST", help="a host of the site, or a pattern such as '*'")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0; 1 on errors, or when a host does not answer; 2 for a host that is not there; 3 when something differs."""
    from hivewright.delivery.current import deliver

    return deliver(arguments, lambda site, compiled: _ask(site, compiled, as_json=arguments.json))


def _ask(site: Site, compiled: Mapping[str, Compiled], *, as_json: bool) -> int:
    from hivewright.delivery.remote import run as run_there
    from hivewright.delivery.remote import side_by_side
    from hivewright.impact.remote import HIVECTL
    from hivewright.pipeline.compile_host import compile_runtime
    from hivewright.plan import MANIFEST

    runtime = compile_runtime()[MANIFEST].content

    def act(host: str) -> Answer:
        wanted = compiled[host].artifacts[MANIFEST].content + runtime
        return run_there(site.hosts[host].address or host, f"{HIVECTL} verify -", wanted)

    statuses = set()
    found: list[dict[str, object]] = []
    for host, answer in sorted(side_by_side(act, list(compiled))):
        fault = _fault(answer)
        differences = answer.lines if answer.status == DIFFERENCE else []
        found.append({"host": host, "differences": differences if fault is None else None, "fault": fault})
        for line in answer.lines if fault is None and not as_json else ():
            print(visible(f"{host}: {line}"))
        if fault is not None:
            sys.stderr.write(f"{host}: {visible(fault)}\n")
        statuses.add(1 if fault is not None else answer.status)
    if as_json:
        import json

        print(json.dumps(found, indent=2, ensure_ascii=False))
    return next(status for status in (1, DIFFERENCE, 0) if status in statuses)


def _fault(answer: Answer) -> str | None:
    """Why a host did not say what differs."""
    if answer.status in (0, DIFFERENCE):
        return None
    said = answer.lines[-1] if answer.lines else f"ssh ended with status {answer.status}"
    if "there is no verb" in said:
        return "its runtime is older than this command; deploy to it first"
    return "nothing is installed there" if answer.status == 127 else said
