"""A site compiled in memory, for verbs that write nothing below build/."""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.allocation.lock_files import allocate_numbers, read_locks
from hivewright.lower import lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.pipeline.compile_host import Compiled, compile_plan
from hivewright.pipeline.session import Session
from hivewright.plan import VmPlan
from hivewright.site import Site


def plan_guest(session: Session, site: Site, vm: str, host: str) -> VmPlan | None:
    """A guest on one of its hosts; ``None`` after an error, which was reported."""
    numbers = allocate_numbers(site, read_locks(session.project))
    if session.report(numbers.diagnostics):
        return None
    lowered = lower_host(site, numbers.allocation, host, SeedWriter())
    if session.report(lowered.diagnostics) or not lowered.plans:
        return None
    return next(plan for plan in lowered.plans[0].vms if plan.name == vm)


def compile_in_memory(session: Session, site: Site, hosts: Iterable[str]) -> dict[str, Compiled] | None:
    """Some hosts as a build would write them now; ``None`` after an error, which was reported."""
    numbers = allocate_numbers(site, read_locks(session.project))
    if session.report(numbers.diagnostics):
        return None
    seeds = SeedWriter()
    found = {}
    for host in hosts:
        compiled, diagnostics = compile_plan(site, numbers.allocation, host, seeds)
        if session.report(diagnostics) or compiled is None:
            return None
        found[host] = compiled
    return found
