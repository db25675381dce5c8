"""``hivewright set VM… KEY=VALUE…``: give keys of guests other values, in the files of the site."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.source import find_project, no_project, read_site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hivewright.editing.assignment import Assignment
    from hivewright.source import Sources


def add_arguments(parser: ArgumentParser) -> None:
    """Which VMs, and which keys."""
    parser.description = (
        "Gives keys of VMs values, in the tables of these VMs; comments and order stay. What would make the site wrong "
        "is not written. A value is written as in TOML; quotes around text may be left out. KEY= deletes a key."
    )
    parser.add_argument("words", metavar="VM… KEY=VALUE", nargs="+", help="names, patterns, @TAG; then keys, values")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would change")


def run(arguments: Namespace) -> int:
    """0, 1 when the site would have errors that it has not got, 2 for words that make no sense."""
    from hivewright.editing.assignment import AssignmentError, read_assignment

    try:
        assignments = [read_assignment(word) for word in arguments.words if "=" in word]
    except AssignmentError as error:
        return _misuse(str(error))
    vms = [word for word in arguments.words if "=" not in word]
    if not vms or not assignments:
        return _misuse("name VMs, then keys and their values: hivewright set web1 memory=8G cpus=4")
    return _set(arguments, vms, assignments)


def _misuse(text: str) -> int:
    sys.stderr.write(f"hivewright: {text}\n")
    return 2


def _set(arguments: Namespace, words: Sequence[str], assignments: Sequence[Assignment]) -> int:
    from hivewright.editing.assignment import at_fault, without_types
    from hivewright.editing.attempt import attempt, check_sources
    from hivewright.editing.document import UneditableError
    from hivewright.editing.edits import conclude
    from hivewright.site.selection import SelectionError, select_vms
    from hivewright.site.tables import add_up

    project = find_project(Path(arguments.directory))
    session, known = check_sources(arguments, project, read_site(project))
    tables = add_up(session.sources.files)
    if no_project(session.sources) is not None:
        with session:
            session.report(known)
        return 1
    try:
        vms = select_vms(tables.named["vm"], words, session.site.tags if session.site is not None else None)
    except SelectionError as error:
        return _misuse(str(error))
    homes = {vm: tables.homes["vm", vm] for vm in vms}
    try:
        texts = _edited(session.sources, homes, assignments)
        trial, faults = attempt(arguments, session, known, texts)
        others = without_types(assignments, faults)
        if others != assignments:
            as_text = _edited(session.sources, homes, others)
            other, found = attempt(arguments, session, known, as_text)
            if not at_fault(others, found):
                texts, trial, faults = as_text, other, found
    except UneditableError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    with trial:
        if faults:
            trial.report(faults)
            return 1
        return conclude(arguments, session.sources, texts)


def _edited(sources: Sources, homes: Mapping[str, str], assignments: Sequence[Assignment]) -> dict[str, str | None]:
    """The new texts of the files that define some VMs."""
    from hivewright.editing.document import set_key

    texts: dict[str, str | None] = {}
    for vm, file in homes.items():
        text = texts.get(file) or sources.texts[file]
        for each in assignments:
            text = set_key(text, ("vm", vm, *each.path), each.value)
        texts[file] = text
    return texts
