"""Limits of guests: what rctl(8) knows, and CPU sets that hold the pinned vCPUs."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values import format_cpu_list

_RATES = ("readbps", "readiops", "writebps", "writeiops")
_COUNTED = ("cputime", "wallclock")
"""Resources that only grow, so that nothing can be denied (rctl(8), RESOURCES)."""


def resource_rules(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("limits"):
        if vm.limits is None:
            continue
        for resource, rule in sorted(vm.limits.rctl.items()):
            action = rule.partition("=")[0]
            place = index.site.place("vm", name, "limits", "rctl", resource)
            if (action == "throttle") != (resource in _RATES) and action in ("throttle", "deny"):
                usual = "throttle" if resource in _RATES else "deny"
                message = f"{name} has the limit {resource} with the action {action}, which rctl(8) does not offer"
                yield diagnose("DEV010", message, place, f"write {usual}=AMOUNT, log=AMOUNT or devctl=AMOUNT")
            elif action == "deny" and resource in _COUNTED:
                message = f"{name} has the limit {resource} with the action deny, which rctl(8) does not offer"
                yield diagnose("DEV010", message, place, "write log=AMOUNT, devctl=AMOUNT or sigterm=AMOUNT")
            elif action == "deny" and resource in ("memoryuse", "vmemoryuse", "swapuse"):
                yield diagnose(
                    "DEV011",
                    f"bhyve of {name} would crash when {resource} is denied: a guest's memory is counted when it "
                    "is first touched",
                    place,
                    "write log=AMOUNT or devctl=AMOUNT, and choose memory so that the host has enough",
                    severity="warning",
                )


def cpu_sets(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("limits"):
        if vm.limits is None or not vm.limits.cpuset:
            continue
        place = index.site.place("vm", name, "limits", "cpuset")
        for vcpu, cpus in sorted(vm.pin.items()):
            outside = tuple(cpu for cpu in cpus if cpu not in vm.limits.cpuset)
            if outside:
                yield diagnose(
                    "DEV012",
                    f"{name} pins its vCPU {vcpu} to CPU {format_cpu_list(outside)}, which is not in limits.cpuset",
                    index.site.place("vm", name, "pin", vcpu),
                    "add the CPU to limits.cpuset, or pin the vCPU within it",
                    [place],
                )
        for host in index.hosts_of[name]:
            count = index.site.hosts[host].cpus
            beyond = tuple(cpu for cpu in vm.limits.cpuset if count is not None and cpu >= count)
            if beyond:
                yield diagnose(
                    "DEV012",
                    f"limits.cpuset of {name} has CPU {format_cpu_list(beyond)}, but {host} has {count} CPUs",
                    place,
                    "name CPUs that the host has, counted from 0",
                    [index.site.place("host", host, "cpus")],
                )
                break
