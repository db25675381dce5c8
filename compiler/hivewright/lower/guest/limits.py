"""Limits of a guest's process: those the runtime sets when bhyve runs, and the boot setting they need."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.plan import Setting, Step, VmPlan
from hivewright.values import format_cpu_list


def prepare_limits(guest: Guest) -> Iterator[Step]:
    """A process inherits its CPU set and priority; rules of rctl(8) vanish with the process."""
    limits = guest.vm.limits
    if limits is None:
        return
    if limits.cpuset:
        yield Step("limit", ("cpuset", format_cpu_list(limits.cpuset)), ("limits.cpuset",), "limits.cpuset")
    if limits.nice is not None:
        yield Step("limit", ("nice", str(limits.nice)), ("limits.nice",), "limits.nice")
    if limits.protect:
        yield Step("limit", ("protect",), ("limits.protect",), "limits.protect")
    for resource, rule in sorted(limits.rctl.items()):
        key = f"limits.rctl.{resource}"
        yield Step("limit", ("rctl", f"{resource}:{rule}"), (key,), key)


def lower_accounting(vms: list[VmPlan]) -> Iterator[Setting]:
    """racct(4) works only if it is enabled at boot."""
    if any(step.verb == "limit" and step.words[0] == "rctl" for vm in vms for step in vm.prepare):
        yield Setting("kern.racct.enable", "1", "resource limits of guests; takes effect after a reboot")
