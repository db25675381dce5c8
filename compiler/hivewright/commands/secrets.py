"""``hivewright secrets``: which files with secrets hosts need; never what is in them."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import load_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hivewright.delivery.remote import Answer
    from hivewright.plan import HostPlan
    from hivewright.site import Site

DIFFERENCE = 3
MODE = "0600"


class Secret(NamedTuple):
    """A file on a host, and what needs it."""

    host: str
    path: str
    needs: str


def add_arguments(parser: ArgumentParser) -> None:
    """Which hosts, and whether to look."""
    parser.description = (
        "Lists the files with secrets that hosts need. Each has one line, belongs to root, and has mode 0600. What is "
        "in them is never asked for."
    )
    parser.add_argument("host", nargs="*", metavar="HOST", help="only these hosts (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="look over ssh whether hosts have them; exit 3 where one is missing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0; 1 on errors, or when a host does not answer; 2 for a host that is not there; 3 when a secret is missing."""
    from hivewright.pipeline.in_memory import compile_in_memory

    with load_project(arguments) as session:
        site = session.site
        if site is None:
            return 1
        unknown = [host for host in arguments.host if host not in site.hosts]
        if unknown:
            from hivewright.diagnostics.wording import suggestion

            hint = suggestion(unknown[0], list(site.hosts), "host")
            sys.stderr.write(f"hivewright: there is no host {unknown[0]!r}; {hint}\n")
            return 2
        compiled = compile_in_memory(session, site, sorted(set(arguments.host or site.hosts)))
        if compiled is None:
            return 1
    found = [secret for host in compiled.values() for secret in secrets_of(host.plan)]
    states, faults = _look(site, found) if arguments.check else ({}, {})
    for host, fault in faults.items():
        sys.stderr.write(f"{host}: {visible(fault)}\n")
    _print(found, states, arguments)
    if faults:
        return 1
    return DIFFERENCE if any(state != "there" for state in states.values()) else 0


def secrets_of(plan: HostPlan) -> Iterator[Secret]:
    """The secrets of a host, as INVENTORY.md lists them."""
    for item in plan.preparation:
        if item.check is not None and item.check[0] == "secret":
            yield Secret(plan.name, item.check[1], item.reason)


def _look(site: Site, found: Sequence[Secret]) -> tuple[dict[Secret, str], dict[str, str]]:
    """The state of each secret, and why hosts did not tell."""
    from hivewright.delivery.remote import run as run_there
    from hivewright.delivery.remote import side_by_side

    wanted: dict[str, list[Secret]] = {}
    for secret in found:
        wanted.setdefault(secret.host, []).append(secret)

    def act(host: str) -> Answer:
        script = "".join(_QUESTION.format(path=secret.path) for secret in wanted[host])
        return run_there(site.hosts[host].address or host, "/bin/sh -s", f"{script}echo end\n".encode())

    states: dict[Secret, str] = {}
    faults: dict[str, str] = {}
    for host, answer in sorted(side_by_side(act, list(wanted))):
        if answer.status != 0 or len(answer.lines) != len(wanted[host]) + 1 or answer.lines[-1] != "end":
            faults[host] = answer.lines[-1] if answer.lines else f"ssh ended with status {answer.status}"
            continue
        for secret, line in zip(wanted[host], answer.lines, strict=False):
            states[secret] = _state(line)
    return states, faults


_QUESTION = """\
if [ ! -e {path} ]; then echo missing; elif [ ! -f {path} ]; then echo odd;
elif [ ! -s {path} ]; then echo empty; else stat -f '%Lp %u' {path}; fi
"""
"""What a host says of a secret; the names of secrets need no quotes."""


def _state(answer: str) -> str:
    mode, _, owner = answer.partition(" ")
    if not owner:
        return {"odd": "no file"}.get(mode, mode)
    if owner != "0":
        return "not of root"
    return "there" if f"{mode:0>4}" == MODE else f"mode {mode:0>4}"


def _print(found: Sequence[Secret], states: Mapping[Secret, str], arguments: Namespace) -> None:
    if arguments.json:
        rows: list[dict[str, str | None]] = []
        for each in found:
            rows.append({"host": each.host, "path": each.path, "mode": MODE, "needs": each.needs})
            if arguments.check:
                rows[-1]["state"] = states.get(each)
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    lines = [("HOST", "MODE", "STATE", "PATH", "FOR")]
    lines += [(each.host, MODE, states.get(each, "unknown"), each.path, each.needs) for each in found]
    if not arguments.check:
        lines = [(host, mode, "", path, needs) for host, mode, _, path, needs in lines]
    if found:
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        for line in lines:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False) if width]
            print(visible("  ".join([*cells, line[4]])))
