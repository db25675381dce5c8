"""Start order: ``after`` and ``order``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, host_place
from hivewright.site.start_order import cycles

if TYPE_CHECKING:
    from hivewright.site import Site


def _circles(index: SiteIndex) -> list[list[tuple[str, str]]]:
    """Cycles of ``after``: each as its steps, a VM and the one it waits for."""
    vms = index.site.vms
    after = {
        name: [other for other in vm.after if other in vms and other != name]
        for name, vm in index.using("after")
        if vm.after
    }
    circles = cycles(after) if after else []
    return [list(zip(circle, [*circle[1:], circle[0]], strict=True)) for circle in circles]


def after_circle(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for circle in _circles(index):
        steps = [site.place("vm", name, "after", site.vms[name].after.index(other)) for name, other in circle]
        path = " -> ".join([circle[0][0], *(other for _, other in circle)])
        yield diagnose(
            "ORD001",
            f"these VMs wait for each other in a circle: {path}",
            steps[0],
            "delete one of these entries of after",
            steps[1:],
        )


def after_possible(index: SiteIndex) -> Iterator[Diagnostic]:
    """Each entry of ``after`` by itself: the VM itself, another host, a later order, a VM that is not started."""
    vms, hosts_of = index.site.vms, index.hosts_of
    circular: set[tuple[str, str]] | None = None
    for name, vm in index.using("after"):
        for position, other in enumerate(vm.after):
            if other not in vms:
                continue
            home, other_home = hosts_of[name][:1], hosts_of[other][:1]
            if other == name:
                here = index.site.place("vm", name, "after", position)
                yield diagnose("ORD002", f"{name} waits for itself", here, "delete this entry of after")
            elif home and other_home and home != other_home:
                yield _elsewhere(index.site, (name, home[0]), (other, other_home[0]), position)
            elif vms[other].order > vm.order:
                if circular is None:
                    circular = {step for circle in _circles(index) for step in circle}
                if (name, other) not in circular:  # no order of them can resolve the cycle
                    yield _later(index.site, name, other, position)
            elif vm.autostart and not vms[other].autostart:
                yield _not_started(index.site, name, other, position)


def _elsewhere(site: Site, waiting: tuple[str, str], awaited: tuple[str, str], position: int) -> Diagnostic:
    (name, home), (other, other_home) = waiting, awaited
    return diagnose(
        "ORD003",
        f"{name} on {home} cannot wait for {other} on {other_home}: each host starts its VMs on its own",
        site.place("vm", name, "after", position),
        f"delete this entry of after, or bring {name} and {other} to one host",
        [host_place(site, name), host_place(site, other)],
    )


def _later(site: Site, name: str, other: str, position: int) -> Diagnostic:
    order, other_order = site.vms[name].order, site.vms[other].order
    return diagnose(
        "ORD004",
        f"{name} (order {order}) waits for {other}, which starts later (order {other_order})",
        site.place("vm", name, "after", position),
        f"give {other} an order of at most {order}, or {name} one of at least {other_order}",
        [site.place("vm", name, "order"), site.place("vm", other, "order")],
    )


def _not_started(site: Site, name: str, other: str, position: int) -> Diagnostic:
    return diagnose(
        "ORD005",
        f"{name} starts with the host and waits for {other}, which does not",
        site.place("vm", name, "after", position),
        f"write autostart = true for {other} or autostart = false for {name}, or delete this entry of after",
        [site.place("vm", other, "autostart")],
        "warning",
    )
