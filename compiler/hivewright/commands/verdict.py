"""Whether a site is right: its rules and its numbers, side by side where that is worth a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hivewright.commands.front import Front

if TYPE_CHECKING:
    from hivewright.numbering import Locks, Numbers
    from hivewright.report import Diagnostic
    from hivewright.site import Site

VMS_WORTH_A_PROCESS = 200
"""A process more costs as much as checking or compiling about so many guests."""


def settle(
    front: Front,
    site: Site,
    loading: tuple[Diagnostic, ...],
    locks: Callable[[], Locks],
    use: Callable[[Numbers], None] | None = None,
) -> Numbers | None:
    """Checks the rules and allocates numbers; reports what was found, ``loading`` first. ``None`` when there is an
    error.

    ``use`` is called with numbers that have no error, while the rules may still be looked at.
    """
    from hivewright.numbering import allocate_numbers
    from hivewright.rules import check_rules

    def allocate() -> Numbers:
        numbers = allocate_numbers(site, locks())
        if use is not None and not any(each.severity == "error" for each in numbers.diagnostics):
            use(numbers)
        return numbers

    if len(site.vms) >= VMS_WORTH_A_PROCESS:
        numbers, rules = _in_two_processes(allocate, lambda: check_rules(site))
    else:
        rules = check_rules(site)
        numbers = allocate()
    # What is allocated for a site that breaks the rules says nothing.
    if front.report((*loading, *rules)) or front.report(numbers.diagnostics):
        return None
    return numbers


def _in_two_processes(
    allocate: Callable[[], Numbers], check: Callable[[], Sequence[Diagnostic]]
) -> tuple[Numbers, Sequence[Diagnostic]]:
    from hivewright.parallel import in_background

    rules = in_background(check, worthwhile=True)
    try:
        return allocate(), rules()
    except BaseException:
        rules()
        raise
