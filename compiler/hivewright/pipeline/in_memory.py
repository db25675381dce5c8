"""A site compiled in memory, for verbs that write nothing below build/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hivewright.allocation.lock_files import allocate_numbers, read_locks
from hivewright.diagnostics import Diagnostic
from hivewright.lower import lower, lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.pipeline.compile_host import Compiled, compile_plan, get_ready
from hivewright.pipeline.session import Session
from hivewright.plan import HostPlan, VmPlan
from hivewright.site import Site
from hivewright.source import Project
from hivewright.system.parallel import in_background

_MANY = 200
"""So many guests are worth a process of their own."""


def plan_guest(session: Session, site: Site, vm: str, host: str) -> VmPlan | None:
    """A guest on one of its hosts; ``None`` after an error, which was reported."""
    found = plan_guests(session, site, {vm: host})
    return found[0] if found is not None else None


def plan_guests(session: Session, site: Site, homes: Mapping[str, str]) -> list[VmPlan] | None:
    """Guests, each on the host that is given, in this order; ``None`` after an error, which was reported."""
    numbers = allocate_numbers(site, read_locks(session.project))
    if session.report(numbers.diagnostics):
        return None
    seeds, plans = SeedWriter(), {}
    for host in dict.fromkeys(homes.values()):
        lowered = lower_host(site, numbers.allocation, host, seeds)
        if session.report(lowered.diagnostics) or not lowered.plans:
            return None
        plans.update({(host, plan.name): plan for plan in lowered.plans[0].vms})
    return [plans[host, vm] for vm, host in homes.items()]


def plan_hosts(session: Session, site: Site) -> list[HostPlan] | None:
    """All hosts, in their order; ``None`` after an error, which was reported."""
    numbers = allocate_numbers(site, read_locks(session.project))
    if session.report(numbers.diagnostics):
        return None
    lowered = lower(site, numbers.allocation)
    return None if session.report(lowered.diagnostics) else list(lowered.plans)


def lower_one(project: Project, site: Site, vm: str, host: str) -> tuple[VmPlan | None, list[Diagnostic]]:
    """A guest on one of its hosts, with diagnostics that are not reported."""
    numbers = allocate_numbers(site, read_locks(project))
    if any(each.severity == "error" for each in numbers.diagnostics):
        return None, list(numbers.diagnostics)
    lowered = lower_host(site, numbers.allocation, host, SeedWriter())
    plans = [plan for each in lowered.plans for plan in each.vms if plan.name == vm]
    return next(iter(plans), None), [*numbers.diagnostics, *lowered.diagnostics]


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


def files_in_memory(session: Session, site: Site, hosts: Iterable[str]) -> dict[str, dict[str, bytes]] | None:
    """What a build would write below ``root/`` of some hosts; ``None`` after an error, which was reported.

    Of many guests a process of its own compiles half.
    """
    numbers = allocate_numbers(site, read_locks(session.project))
    if session.report(numbers.diagnostics):
        return None
    get_ready()

    def compile_some(names: list[str]) -> list[tuple[str, dict[str, bytes] | None, list[Diagnostic]]]:
        seeds, found = SeedWriter(), []
        for name in names:
            compiled, diagnostics = compile_plan(site, numbers.allocation, name, seeds)
            found.append((name, compiled.files if compiled is not None else None, diagnostics))
        return found

    names = [*hosts]
    others = in_background(lambda: compile_some(names[1::2]), worthwhile=len(site.vms) > _MANY)
    try:
        first = compile_some(names[0::2])
    finally:
        second = others()
    found = {name: (files, diagnostics) for name, files, diagnostics in (*first, *second)}
    files_of: dict[str, dict[str, bytes]] = {}
    for name in names:
        files, diagnostics = found[name]
        if session.report(diagnostics) or files is None:
            return None
        files_of[name] = files
    return files_of
