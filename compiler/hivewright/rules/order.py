"""Start order: ``after`` and ``order``."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.report import Diagnostic
from hivewright.rules.survey import Survey, diagnose, host_place
from hivewright.waves import cycles


def after_circle(survey: Survey) -> Iterator[Diagnostic]:
    site = survey.site
    after = {
        name: [other for other in vm.after if other in site.vms and other != name]
        for name, vm in site.vms.items()
        if vm.after
    }
    if not after:
        return
    for circle in cycles(after):
        path = [*circle, circle[0]]
        steps = [
            site.place("vm", name, "after", site.vms[name].after.index(other))
            for name, other in zip(circle, path[1:], strict=True)
        ]
        yield diagnose(
            "ORD001",
            f"these VMs wait for each other in a circle: {' -> '.join(path)}",
            steps[0],
            "delete one of these entries of after",
            steps[1:],
        )


def after_possible(survey: Survey) -> Iterator[Diagnostic]:
    """Each entry of ``after`` on its own: itself, another host, a later order, a VM that is not started."""
    for name, vm in survey.site.vms.items():
        if vm.after:
            for index, other in enumerate(vm.after):
                yield from _after(survey, name, index, other)


def _after(survey: Survey, name: str, index: int, other: str) -> Iterator[Diagnostic]:
    site = survey.site
    if other not in site.vms:
        return
    vm, earlier = site.vms[name], site.vms[other]
    here = site.place("vm", name, "after", index)
    home, other_home = survey.hosts_of[name][:1], survey.hosts_of[other][:1]
    if other == name:
        yield diagnose("ORD002", f"{name} waits for itself", here, "delete this entry of after")
    elif home and other_home and home != other_home:
        yield diagnose(
            "ORD003",
            f"{name} on {home[0]} cannot wait for {other} on {other_home[0]}: each host starts its VMs on its own",
            here,
            f"delete this entry of after, or bring {name} and {other} to one host",
            [host_place(site, name), host_place(site, other)],
        )
    elif earlier.order > vm.order:
        yield diagnose(
            "ORD004",
            f"{name} (order {vm.order}) waits for {other}, which starts later (order {earlier.order})",
            here,
            f"give {other} an order of at most {vm.order}, or {name} one of at least {earlier.order}",
            [site.place("vm", name, "order"), site.place("vm", other, "order")],
        )
    elif vm.autostart and not earlier.autostart:
        yield diagnose(
            "ORD005",
            f"{name} starts with the host and waits for {other}, which does not",
            here,
            f"write autostart = true for {other} or autostart = false for {name}, or delete this entry of after",
            [site.place("vm", other, "autostart")],
            "warning",
        )
