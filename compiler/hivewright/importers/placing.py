"""From what was found to files of a site: which host, which names, whether the site is sound with them."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.allocation.allocate import new_uuid
from hivewright.allocation.lock import lock_file, write_lock
from hivewright.allocation.lock_files import Locks, allocate_numbers, read_locks
from hivewright.bhyve.facts import version
from hivewright.editing.attempt import attempt, check_sources
from hivewright.editing.edits import conclude
from hivewright.importers.command import guest_of
from hivewright.importers.faults import at_their_source
from hivewright.importers.files import Known, clashing_ports, lock_of, site_texts
from hivewright.importers.forms import Found, Guest, Target, UnreadableError
from hivewright.importers.report import report
from hivewright.importers.request import Request, RequestError
from hivewright.lower import lower
from hivewright.source import Project, Sources, find_project, no_project, read_site

if TYPE_CHECKING:
    from hivewright.site import Site

_RELEASE = "14.3"
"""Of a new host where nobody says which it has."""
_HOST = "host1"


class Outcome(NamedTuple):
    """How it ended, and the report."""

    status: int
    report: str = ""


def place(arguments: Namespace, request: Request, found: Found) -> Outcome:
    """Writes the files, or with ``--dry-run`` prints them. Raises ``RequestError`` and ``UnreadableError``."""
    if arguments.only:
        all_names = found.names or tuple(old.called for old in found.guests)
        unknown = sorted({*arguments.only} - {*all_names})
        if unknown:
            names = ", ".join(all_names)
            raise RequestError(f"there is no guest {unknown[0]} in it; there are {names}")
        found.guests = [old for old in found.guests if old.called in arguments.only]
    if not found.guests:
        raise RequestError("there is no guest in it")
    project, sources = _project(arguments)
    known = _known(sources)
    target = _target(arguments, request, known, found.arch)
    guests: list[Guest] = []
    for old in found.guests:
        guests.append(guest_of(old, target, {guest.name for guest in guests}))
    locks = read_locks(project)
    there = [guest.name for guest in guests if guest.name in known.has("vm") or guest.name in locks.locks]
    if there:
        sys.stderr.write(f"hivewright: the site has a guest {there[0]} already, or its lock; nothing was written\n")
        return Outcome(1)
    clashing_ports(guests)
    texts = site_texts(found, guests, target, known, request.address)
    made = _write_files(project, found.files)
    outcome = Outcome(1)
    try:
        outcome = _conclude(arguments, found, guests, texts, sources, locks)
    finally:
        if outcome.status or arguments.dry_run:
            _take_away(made)
    return outcome


def _write_files(project: Project, files: Mapping[str, bytes]) -> list[Path]:
    """Writes files that guests name, which must be there when the site is checked; returns all that is new."""
    made: list[Path] = []
    try:
        for name, content in files.items():
            path = project.site / name
            for folder in reversed([each for each in path.parents if not each.exists()]):
                folder.mkdir()
                made.append(folder)
            with path.open("xb") as stream:
                made.append(path)
                stream.write(content)
    except OSError as error:
        _take_away(made)
        raise UnreadableError(str(error.filename), error.strerror or "it cannot be written") from None
    return made


def _take_away(made: list[Path]) -> None:
    """What was written is gone again, and its folders with it."""
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def _project(arguments: Namespace) -> tuple[Project, Sources]:
    """The project; in a folder that has none and lies in none, a new one is begun."""
    folder = Path(arguments.directory)
    project = find_project(folder)
    sources = read_site(project)
    if no_project(sources) is None and sources.files:
        return project, sources
    if (folder / "site").exists() and [*(folder / "site").iterdir()]:
        return project, sources
    fresh = Project(folder, folder / "site", folder / "build", project.profiles)
    return fresh, Sources(fresh)


def _known(sources: Sources) -> Known:
    names: dict[str, dict[str, Any]] = {}
    for file in sources.files:
        for kind, tables in file.values.items():
            if isinstance(tables, dict):
                names.setdefault(kind, {}).update(tables)
    return Known(names, frozenset(file.name for file in sources.files), "site" not in names)


def _target(arguments: Namespace, request: Request, known: Known, arch: str) -> Target:
    hosts: Mapping[str, Any] = known.has("host")
    name = arguments.host or (next(iter(hosts)) if len(hosts) == 1 else None)
    if name is None and hosts:
        raise RequestError(f"say by --host where they run: {', '.join(hosts)}")
    if name is None:
        name = _host_name(request.address)
    own = hosts.get(name, {})
    release = own.get("freebsd") or arguments.freebsd or request.release or _RELEASE
    if re.fullmatch(r"[0-9]{2}\.[0-9]{1,2}", str(release)) is None:
        raise RequestError(f'{release} is no release of FreeBSD such as "14.3"')
    there = str(own.get("arch", "amd64")) if own else arch
    if there != arch:
        raise RequestError(f"{name} is a host of {there}, and these are guests of {arch}")
    return Target(name, version(str(release)), there)


def _host_name(address: str | None) -> str:
    from hivewright.importers.names import site_name

    if address is None:
        return _HOST
    own = address.rpartition("@")[2]
    return _HOST if re.match("[0-9]", own) else site_name(own.partition(".")[0], otherwise="host")


def _conclude(
    arguments: Namespace, found: Found, guests: list[Guest], texts: dict[str, str], sources: Sources, locks: Locks
) -> Outcome:
    session, known = check_sources(arguments, sources.project, sources, locks)
    site_name = _site_name(sources)
    own = {guest.name: lock_of(guest, new_uuid(site_name, guest.name)) for guest in guests}
    all_locks = Locks({**locks.locks, **own}, ())
    trial, faults = attempt(arguments, session, known, texts, all_locks)
    with trial:
        if faults or trial.site is None:
            trial.report(at_their_source(faults, guests, texts))
            sys.stderr.write("hivewright: the site would have these errors, so nothing was written\n")
            return Outcome(1)
        numbers = allocate_numbers(trial.site, all_locks)
        written: dict[str, str | None] = {**texts}
        for guest in guests:
            written[lock_file(guest.name)] = write_lock(guest.name, numbers.allocation.locks[guest.name])
        text = report(found, guests, _commands(trial.site, numbers.allocation, guests), _host_of(trial.site, guests))
        status = conclude(arguments, sources, written)
    return Outcome(status, text)


def _site_name(sources: Sources) -> str:
    for file in sources.files:
        table = file.values.get("site")
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            return str(table["name"])
    return "site"


def _host_of(site: Site, guests: list[Guest]) -> str:
    return site.hosts_of(site.vms[guests[0].name])[0]


def _commands(site: Site, allocation: Any, guests: list[Guest]) -> dict[str, list[str]]:
    """The new words of each guest."""
    names = {guest.name for guest in guests}
    lowered = lower(site, allocation)
    return {
        vm.name: [word for option in vm.options for word in option.words]
        for plan in lowered.plans
        for vm in plan.vms
        if vm.name in names
    }
