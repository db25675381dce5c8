"""Whether all VMs of a host can stop within its shutdown timeout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, listed
from hivewright.site.start_order import (
    FORCE_SECONDS,
    clean_seconds,
    poststop_seconds,
    prestop_seconds,
    saving_seconds,
    stopping_seconds,
    stopping_time,
    waves,
)
from hivewright.values import format_duration

if TYPE_CHECKING:
    from hivewright.model.vm import Vm


def shutdown_fits(index: SiteIndex) -> Iterator[Diagnostic]:
    """A host without a timeout of its own gets the time that its VMs may need (lower)."""
    site = index.site
    for host, definition in site.hosts.items():
        vms = index.guests[host]
        if not vms or definition.shutdown_timeout is None:
            continue
        needed = stopping_time(vms)
        if needed <= definition.shutdown_timeout:
            continue
        slowest = [max(names, key=lambda name: stopping_seconds(vms[name])) for names in waves(vms).values()]
        biggest = sorted(slowest, key=lambda name: (-stopping_seconds(vms[name]), name))[:3]
        contributors = "the slowest is " if len(biggest) == 1 else "the slowest are "
        contributors += listed(f"{name} ({_times(vms[name])})" for name in biggest)
        groups = "1 group" if len(slowest) == 1 else f"{len(slowest)} groups, one after another"
        yield diagnose(
            "HOST010",
            f"stopping the VMs of {host} may take {needed} seconds ({groups}, {FORCE_SECONDS} seconds each for "
            f"force), but its shutdown_timeout is {definition.shutdown_timeout}; {contributors}",
            site.place("host", host, "shutdown_timeout"),
            _help(host, needed),
            [site.place("vm", name, *key) for name in biggest for key in _keys(vms[name])],
        )


def _times(vm: Vm) -> str:
    before = [
        f"{seconds} seconds {what}"
        for seconds, what in ((saving_seconds(vm), "to be suspended"), (prestop_seconds(vm), "for prestop hooks"))
        if seconds
    ]
    after = f", before {poststop_seconds(vm)} seconds for poststop hooks" if vm.hooks.poststop else ""
    return f"{format_duration(clean_seconds(vm))}{f' after {listed(before)}' if before else ''}{after}"


def _keys(vm: Vm) -> list[tuple[str, ...]]:
    clean = ("stop", "method") if vm.stop.method == "force" else ("stop_timeout",)
    suspended = [("on_host_shutdown",)] if vm.on_host_shutdown == "suspend" else []
    moments = {"prestop": vm.hooks.prestop, "poststop": vm.hooks.poststop}
    return [clean, *suspended, *(("hooks", moment) for moment, hooks in moments.items() if hooks)]


def _help(host: str, needed: int) -> str:
    return (
        f"shorten their stop_timeout, give VMs that may stop side by side the same order, or write "
        f"shutdown_timeout = {needed} in [host.{host}], or none at all; INVENTORY.md lists the settings that the host "
        f"then needs"
    )
