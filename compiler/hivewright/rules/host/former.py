"""What VMs were before: names that somebody has, and hosts that they have not left."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, diagnose


def former_claims(index: SiteIndex) -> Iterator[tuple[str, Owner]]:
    return ((former, (name, "renamed_from")) for name, vm in index.using("renamed_from") for former in vm.renamed_from)


def former_names(index: SiteIndex) -> Iterator[Diagnostic]:
    """A name that a VM has is nobody's former name: its disks are its own."""
    site = index.site
    for name, vm in index.using("renamed_from"):
        for former in vm.renamed_from:
            if former in site.vms:
                same = "itself" if former == name else f"{former}, which the site has"
                yield diagnose(
                    "VM100",
                    f"{name} was renamed from {same}",
                    site.place("vm", name, "renamed_from"),
                    "delete renamed_from once the host has given the disks their new names, or correct it",
                    [] if former == name else [site.place("vm", former, part="table")],
                )


def one_heir(index: SiteIndex) -> Iterator[Diagnostic]:
    """What a host has of a name is given to one guest."""
    site = index.site
    heirs: dict[str, str] = {}
    for former, (name, key) in former_claims(index):
        first = heirs.setdefault(former, name)
        if first != name:
            yield diagnose(
                "VM101",
                f"{name} and {first} were both renamed from {former}",
                site.place("vm", name, key),
                "delete renamed_from of one of them",
                [site.place("vm", first, key)],
            )


def former_host(index: SiteIndex) -> Iterator[Diagnostic]:
    """A VM that moved from the only host that it has did not move."""
    site = index.site
    for name, vm in index.using("moved_from"):
        if vm.moved_from is not None and index.hosts_of[name] == (vm.moved_from,):
            yield diagnose(
                "VM102",
                f"{name} moved from {vm.moved_from}, where it still lives",
                site.place("vm", name, "moved_from"),
                "delete moved_from, or name its new host",
                [site.place("vm", name, "host" if vm.host is not None else "hosts")],
            )
