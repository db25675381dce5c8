"""Whether all VMs of a host can stop within its shutdown timeout."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, listed
from hivewright.site.start_order import FORCE_SECONDS, stopping_time, waves
from hivewright.values import format_duration


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
        slowest = [max(names, key=lambda name: vms[name].stop_timeout) for names in waves(vms).values()]
        biggest = sorted(slowest, key=lambda name: (-vms[name].stop_timeout, name))[:3]
        contributors = "the slowest is " if len(biggest) == 1 else "the slowest are "
        contributors += listed(f"{name} ({format_duration(vms[name].stop_timeout)})" for name in biggest)
        groups = "1 group" if len(slowest) == 1 else f"{len(slowest)} groups, one after another"
        yield diagnose(
            "HOST010",
            f"stopping the VMs of {host} may take {needed} seconds ({groups}, {FORCE_SECONDS} seconds each for "
            f"force), but its shutdown_timeout is {definition.shutdown_timeout}; {contributors}",
            site.place("host", host, "shutdown_timeout"),
            _help(host, needed),
            [site.place("vm", name, "stop_timeout") for name in biggest],
        )


def _help(host: str, needed: int) -> str:
    return (
        f"shorten their stop_timeout, give VMs that may stop side by side the same order, or write "
        f"shutdown_timeout = {needed} in [host.{host}], or none at all; INVENTORY.md lists the settings that the host "
        f"then needs"
    )
