"""Checks a site against the rules and allocates its numbers, in parallel when the site is large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from hivewright.pipeline.session import Session
from hivewright.source import no_project

if TYPE_CHECKING:
    from hivewright.allocation.lock_files import Locks, Numbers
    from hivewright.diagnostics import Diagnostic
    from hivewright.site import Site

T = TypeVar("T")

VMS_WORTH_A_PROCESS = 200
"""Starting a process costs as much as checking or compiling about so many guests."""

LOCKS_WORTH_A_PROCESS = 2000
"""Starting a process costs as much as reading or writing about so many locks."""


class CheckedSite(NamedTuple, Generic[T]):
    """The result for a site without errors: its numbers, and the result of ``besides``."""

    numbers: Numbers
    besides: T


def check_site(
    session: Session,
    site: Site,
    loading: tuple[Diagnostic, ...],
    locks: Callable[[], Locks],
    besides: Callable[[], T],
    meanwhile: Callable[[], None] = lambda: None,
) -> CheckedSite[T] | None:
    """Checks the rules and allocates numbers; reports all diagnostics, ``loading`` first. ``None`` for an error.

    ``besides`` is called in the process that checks the rules, which may be another one, and ``meanwhile`` in this one.
    """
    from hivewright.allocation.lock_files import allocate_numbers
    from hivewright.pipeline.hook_scripts import check_hooks
    from hivewright.pipeline.new_guests import new_guests
    from hivewright.rules import check_rules

    def check() -> tuple[Sequence[Diagnostic], T]:
        return check_rules(site), besides()

    loading = (*loading, *check_hooks(site, session.project.site))
    checked = check
    if len(site.vms) >= VMS_WORTH_A_PROCESS:
        from hivewright.system.parallel import in_background

        checked = in_background(check, worthwhile=True)
    try:
        known = locks()
        numbers = allocate_numbers(site, known)
        meanwhile()
    except BaseException:
        checked()
        raise
    rules, found = checked()
    if session.has_errors((*loading, *rules)):
        report_faults(session, (*loading, *rules), known)
        return None
    session.report((*loading, *rules))
    if session.report((*numbers.diagnostics, *new_guests(site, session.project, known.locks))):
        return None
    return CheckedSite(numbers, found)


def report_faults(session: Session, diagnostics: Iterable[Diagnostic], locks: Locks) -> None:
    """Reports what is wrong with a site, and with the locks in themselves.

    More of allocation would be misleading for a site with errors.
    """
    from hivewright.allocation.lock_files import lock_faults

    session.report(diagnostics if no_project(session.sources) else (*diagnostics, *lock_faults(locks)))
