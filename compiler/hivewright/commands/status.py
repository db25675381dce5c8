"""``hivewright status``: what the guests of all hosts do, side by side."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import load_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hivewright.delivery.remote import Answer
    from hivewright.site import Site

COLUMNS = ("HOST", "NAME", "STATE", "CPUS", "MEMORY", "NOTE")
UNREACHED, IDLE = 1, 3
LIMIT = 60.0
"""Seconds that a host has: one whose pool hangs answers never."""
LONGEST_NOTE = 120
"""Characters of it in the table."""
Guests = list[dict[str, Any]]


def add_arguments(parser: ArgumentParser) -> None:
    """Which hosts, and the form."""
    parser.description = (
        "Asks hosts over ssh, all at once and without passwords, what their guests do, and prints one table. Exits 1 "
        "when a host does not answer, and 3 when a guest that starts with its host does not run."
    )
    parser.add_argument("host", nargs="*", metavar="HOST", help="a host of the site; all if absent")
    parser.add_argument("--json", action="store_true", help="an object with the guests of each host, for programs")


def run(arguments: Namespace) -> int:
    """0; 1 on errors, or when a host does not answer; 2 for a host that is not there; 3 when a guest does not run."""
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        unknown = [host for host in arguments.host if host not in session.site.hosts]
        if unknown:
            there = ", ".join(sorted(session.site.hosts))
            sys.stderr.write(f"hivewright: the site has no host {', '.join(unknown)}; there are: {there}\n")
            return 2
        answers = _ask(session.site, arguments.host or sorted(session.site.hosts))
    guests = {host: found for host, found in answers.items() if isinstance(found, list)}
    faults = {host: found for host, found in answers.items() if isinstance(found, str)}
    if arguments.json:
        print(json.dumps({host: {"guests": guests.get(host), "fault": faults.get(host)} for host in answers}, indent=2))
    else:
        _print_table([row for host, found in guests.items() for row in _rows(host, found)])
        for host, fault in faults.items():
            sys.stderr.write(f"{host}: {visible(fault)}\n")
    idle = any(_is_idle(host, guest) for host, found in guests.items() for guest in found)
    return UNREACHED if faults else IDLE if idle else 0


def _ask(site: Site, hosts: Sequence[str]) -> dict[str, Guests | str]:
    """The guests of each host, or why it does not tell them, in the order of the hosts."""
    from hivewright.delivery.remote import ASKED_AT_ONCE, side_by_side
    from hivewright.delivery.remote import run as run_there
    from hivewright.impact.remote import HIVECTL

    def act(host: str) -> Answer:
        return run_there(site.hosts[host].address or host, f"{HIVECTL} list --json", limit=LIMIT)

    found = dict(side_by_side(act, hosts, ASKED_AT_ONCE))
    return {host: _guests_of(found[host]) for host in hosts}


def _guests_of(answer: Answer) -> Guests | str:
    """What a host says of its guests, which may be anything; or why it says nothing."""
    if answer.status == 127:
        return "nothing is installed there"
    if answer.status != 0:
        return answer.lines[-1] if answer.lines else f"ssh ended with status {answer.status}"
    try:
        guests = json.loads(answer.output)
    except ValueError:
        return "what it says cannot be read"
    if isinstance(guests, list) and all(isinstance(each, dict) and "name" in each for each in guests):
        return guests
    return "what it says cannot be read"


def _is_idle(host: str, guest: dict[str, Any]) -> bool:
    """Whether a guest that starts with its host, and lives there, does not run. Who stands by follows an address that
    another host has."""
    lives_on = guest.get("owner") or guest.get("home") or host
    return bool(guest.get("autostart")) and lives_on == host and guest.get("state") not in ("running", "standby")


def _rows(host: str, guests: Guests) -> Iterable[tuple[str, ...]]:
    for guest in guests:
        memory = guest.get("memory_mib")
        words = (
            host,
            guest["name"],
            guest.get("state"),
            guest.get("cpus") or "-",
            f"{memory}M" if memory else "-",
            _short(_note(guest)),
        )
        yield tuple(visible(str(word)) for word in words)


def _note(guest: dict[str, Any]) -> str:
    """What ``hivectl list`` says beside its state; a runtime before this one has no key for that."""
    if "note" in guest:
        return str(guest["note"] or "")
    running = guest.get("state") == "running"
    outdated = running and guest.get("current") is False
    return "the definition changed since the start" if outdated else "" if running else str(guest.get("reason") or "")


def _short(note: str) -> str:
    return note if len(note) <= LONGEST_NOTE else f"{note[: LONGEST_NOTE - 4].rstrip()} ..."


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    table = [COLUMNS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for row in table:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
