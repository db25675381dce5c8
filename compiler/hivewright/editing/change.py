"""How the verbs that rename, move, clone and remove guests go: read, edit, try, then write or show."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.allocation.lock import lock_file
from hivewright.allocation.lock_files import Locks, lock_faults, read_locks
from hivewright.editing.attempt import attempt, check_sources
from hivewright.editing.document import UneditableError
from hivewright.editing.edits import conclude
from hivewright.editing.unwritten import without_places
from hivewright.source import Sources, find_project, no_project, read_site

if TYPE_CHECKING:
    from hivewright.editing.guests import Edit
    from hivewright.pipeline.session import Session
    from hivewright.site import Site


class ChangeError(ValueError):
    """What was asked for makes no sense; the text says why, and what to do."""


class Guests(NamedTuple):
    """The guests of a site, as they are written and locked."""

    sources: Sources
    site: Site | None
    """``None`` where the site has errors."""
    vms: Mapping[str, Mapping[str, Any]]
    """The keys that each guest has itself."""
    homes: Mapping[str, str]
    """The file of each."""
    locks: Locks

    def known(self, name: str) -> None:
        """Raises ``ChangeError`` for a guest that does not exist."""
        if name not in self.vms:
            from hivewright.diagnostics.wording import suggestion

            raise ChangeError(f"there is no VM {name!r}; {suggestion(name, self.vms, 'VM')}")

    def free(self, name: str) -> None:
        """Raises ``ChangeError`` for a name that a new guest cannot have."""
        from hivewright.model.base import NAME_FORM, NAME_PATTERN

        if re.fullmatch(NAME_PATTERN, name, re.ASCII) is None:
            raise ChangeError(f"{name!r}: {NAME_FORM}")
        if name in self.vms:
            raise ChangeError(f"there is a VM {name} already, in {self.homes[name]}")
        if name in self.locks.locks:
            raise ChangeError(
                f"{lock_file(name)} is that of a VM that left the site; delete it once its disks are destroyed, or "
                "choose another name"
            )


def change_guests(
    arguments: Namespace,
    edit: Callable[[Guests], Edit],
    after: str | Sequence[str],
    remedy: str = "nothing was written",
) -> int:
    """The exit status: 0, 1 when nothing was written because of faults, 2 for words that make no sense.

    ``after`` is what is left to do, for people, and ``remedy`` what helps where a new file would have errors.
    """
    project = find_project(Path(arguments.directory))
    session, known = check_sources(arguments, project, read_site(project))
    locks = read_locks(project)
    if no_project(session.sources) is not None or locks.diagnostics:
        with session:
            session.report([*known, *lock_faults(locks)])
        return 1
    try:
        change = edit(_guests(session.sources, session.site, locks))
    except ChangeError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    except UneditableError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    trial, faults = attempt(arguments, session, known, change.texts, change.locks)
    with trial:
        if faults:
            trial.report(without_places(faults, change.texts, session.sources.texts, remedy))
            return 1
    for name in change.lock_texts:
        session.sources.text(name)
    status = conclude(arguments, session.sources, {**change.texts, **change.lock_texts})
    if not (arguments.dry_run or arguments.quiet):
        for line in (after,) if isinstance(after, str) else after:
            sys.stderr.write(f"{line}\n")
    return status


def guests_of(session: Session) -> Guests:
    """The guests of a project that was read. Faults of its locks are those of the build."""
    return _guests(session.sources, session.site, read_locks(session.project))


def _guests(sources: Sources, site: Site | None, locks: Locks) -> Guests:
    from hivewright.site.tables import add_up

    tables = add_up(sources.files)
    homes = {str(path[1]): file for path, file in tables.homes.items() if path[0] == "vm" and len(path) == 2}
    return Guests(sources, site, tables.named["vm"], homes, locks)
