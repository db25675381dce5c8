"""Input devices of hosts that guests have."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, both, clash, clashes, ordered


def same_input(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve uses an input device exclusively (bhyve(8), virtio-input)."""
    claims = (
        ((host, given.device), (name, "input", key, "device"))
        for name, vm in index.using("input")
        for host in index.hosts_of[name]
        for key, given in ordered(vm.input)
    )
    for (host, device), first, second in clashes(claims):
        yield clash(
            index.site,
            "DEV004",
            f"{both(first, second)} have the same input device {device} of {host}",
            (first, second),
            "give the device to one of them",
        )
