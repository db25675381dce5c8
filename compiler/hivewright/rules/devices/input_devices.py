"""Input devices of hosts that guests have."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.devices.serial import not_offered
from hivewright.rules.site_index import SiteIndex, both, clash, clashes, ordered

_SINCE = (14, 0)
"""The first release whose bhyve has virtio-input."""


def input_since(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("input"):
        for key in sorted(vm.input):
            place = index.site.place("vm", name, "input", key, part="table")
            yield from not_offered(index, name, f"the input device {key}", place, _SINCE)


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
