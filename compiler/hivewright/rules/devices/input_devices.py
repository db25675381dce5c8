"""Input devices of hosts that guests have, and tablets."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, both, clash, clashes, diagnose, ordered


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


def one_tablet(index: SiteIndex) -> Iterator[Diagnostic]:
    """A tablet of the VM takes the place of that of its screen, whose address then says nothing."""
    for name, vm in index.using("tablet"):
        if vm.tablet is not None and vm.vnc is not None and vm.vnc.tablet_slot is not None:
            yield diagnose(
                "DEV021",
                f"{name} has a tablet of its own, so its screen has none whose place vnc.tablet_slot could say",
                index.site.place("vm", name, "vnc", "tablet_slot"),
                "delete vnc.tablet_slot, and write slot in tablet; or delete tablet",
                [index.site.place("vm", name, "tablet", part="table")],
            )
