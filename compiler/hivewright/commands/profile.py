"""``hivewright profile list|show|new|check|update``: guest systems that VMs can have."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.catalogue.profiles import Entry, lines_of, read_entries, row_of
from hivewright.diagnostics import Place
from hivewright.diagnostics.printer import visible
from hivewright.diagnostics.wording import suggestion
from hivewright.source import Sources, find_project, no_project, read_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hivewright.diagnostics import Diagnostic
    from hivewright.source import Project

ACTIONS = ("list", "show", "new", "check", "update")


def add_arguments(parser: ArgumentParser) -> None:
    """What to do, and with which."""
    parser.description = (
        "Profiles of guest systems: list those that there are; show what one says; make one of the site that extends "
        "another; check some, for every release and architecture; update those of the folder profiles/ from the git "
        "repository that the site names."
    )
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("name", nargs="*", metavar="NAME", help="a profile, or a pattern such as 'debian-*'")
    parser.add_argument("--from", dest="parent", metavar="PROFILE", help="with new: the profile that it extends")
    parser.add_argument("--json", action="store_true", help="with list and show: print one JSON document")
    parser.add_argument("-n", dest="dry", action="store_true", help="with update: only show what would change")
    parser.add_argument("--yes", action="store_true", help="with update: do not ask")


def run(arguments: Namespace) -> int:
    """0; 1 for a profile with faults, or what cannot be done; 2 for a name that nothing has."""
    project = find_project(Path(arguments.directory))
    if arguments.action == "update":
        from hivewright.commands._profile_update import update

        return update(arguments, project)
    if arguments.action == "new":
        return _new(arguments, project)
    sources = Sources(project)
    names = _chosen(sources, arguments.name)
    if names is None:
        return 2
    if arguments.action == "check":
        return _check(arguments, project, sources, names)
    if arguments.action == "show" and not arguments.name:
        sys.stderr.write("hivewright: profile show wants the name of a profile\n")
        return 2
    entries, faulty = read_entries(sources, names)
    _tell_faults(faulty)
    _tell(arguments, sources, entries)
    return 1 if faulty else 0


def _chosen(sources: Sources, words: Sequence[str]) -> list[str] | None:
    from hivewright.site.selection import SelectionError, select_vms

    names = sources.profile_names()
    try:
        return select_vms(names, words, kind="profile") if words else names
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return None


def _tell_faults(names: Iterable[str]) -> None:
    for name in names:
        see = f"hivewright profile check {shlex.quote(name)}"
        sys.stderr.write(visible(f"hivewright: the profile {name} has faults; see: {see}\n"))


def _tell(arguments: Namespace, sources: Sources, entries: list[Entry]) -> None:
    rows = [row_of(entry, _is_own(sources, entry)) for entry in entries]
    if arguments.json:
        if arguments.action == "show":
            rows = [
                {**row, **entry.profile.model_dump(mode="json", exclude_defaults=True)}
                for row, entry in zip(rows, entries, strict=True)
            ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif arguments.action == "show":
        for entry in entries:
            for line in lines_of(entry):
                print(visible(line))
    else:
        from hivewright.commands.list import print_rows

        print_rows(rows)


def _is_own(sources: Sources, entry: Entry) -> bool:
    """Whether a profile lies in the project, and not among those that come with hivewright."""
    shipped = os.path.realpath(sources.project.profiles[-1])
    return not os.path.realpath(sources.path(entry.files[0])).startswith(f"{shipped}{os.sep}")


def _check(arguments: Namespace, project: Project, sources: Sources, names: list[str]) -> int:
    """Each by itself is read, and one guest of each compiled for every host."""
    from hivewright.allocation.lock_files import Locks, allocate_numbers
    from hivewright.catalogue.trial import hosts_of, trial_sources
    from hivewright.editing.attempt import check_sources
    from hivewright.lower.seed.nocloud import SeedWriter
    from hivewright.model.profile import Profile
    from hivewright.pipeline.compile_host import compile_plan

    entries, faulty = read_entries(sources, names)
    entries += (Entry(name, (), Profile.model_construct(os="other", description="")) for name in faulty)
    session, found = check_sources(arguments, project, trial_sources(project, entries), Locks({}, ()))
    with session:
        if session.site is not None and not session.has_errors(found):
            numbers = allocate_numbers(session.site, Locks({}, ()))
            seeds = SeedWriter()
            for host in hosts_of(("amd64", "arm64")):
                found += compile_plan(session.site, numbers.allocation, host, seeds)[1]
        failed = session.report(_once(found))
    if not arguments.quiet and not failed and arguments.format != "json":
        sys.stderr.write("1 profile is sound\n" if len(names) == 1 else f"{len(names)} profiles are sound\n")
    return 1 if failed else 0


def _once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is the same for several hosts is told once."""
    found: dict[object, Diagnostic] = {}
    for each in diagnostics:
        place = each.place
        path = place.path if isinstance(place, Place) else ()
        guest = str(path[1]).partition("-")[0] if path[:1] == ("vm",) and len(path) > 1 else ""
        found.setdefault((each.code, getattr(place, "file", ""), guest, path[2:] if guest else path), each)
    return list(found.values())


def _new(arguments: Namespace, project: Project) -> int:
    """A profile of the site that extends another one, to be edited."""
    from hivewright.model.base import IMAGE_NAME_FORM, IMAGE_NAME_PATTERN

    if len(arguments.name) != 1 or arguments.parent is None:
        sys.stderr.write("hivewright: profile new wants one name, and --from PROFILE\n")
        return 2
    (name,) = arguments.name
    if re.fullmatch(IMAGE_NAME_PATTERN, name) is None:
        sys.stderr.write(f"hivewright: {name!r}: {IMAGE_NAME_FORM}\n")
        return 2
    outside = no_project(read_site(project))
    if outside is not None:
        sys.stderr.write(f"hivewright: {outside.message}; {outside.help}\n")
        return 1
    sources = Sources(project)
    known = sources.profile_names()
    if arguments.parent not in known:
        sys.stderr.write(
            f"hivewright: there is no profile {arguments.parent!r}; {suggestion(arguments.parent, known, 'profile')}\n"
        )
        return 2
    if name in known:
        sys.stderr.write(f"hivewright: there is a profile {name} already\n")
        return 1
    entries, faulty = read_entries(sources, [arguments.parent])
    if faulty:
        _tell_faults(faulty)
        return 1
    folder = project.site / "profiles" / entries[0].profile.os
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    text = f'extends = "{arguments.parent}"\ndescription = "{name}, like {arguments.parent}"\n\n[vm]\n'
    with path.open("x", encoding="utf-8") as stream:
        stream.write(text)
    print(visible(str(path)))
    return 0
