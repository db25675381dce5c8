"""TPMs of guests: that of a host is had by one guest, and by none that has an emulated one."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, both, clash, clashes, diagnose, host_place


def tpm(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("tpm"):
        if vm.tpm is None:
            continue
        place = site.place("vm", name, "tpm", part="table")
        if vm.tpm.kind == "swtpm" and "device" in vm.tpm.model_fields_set:
            yield diagnose(
                "VM078",
                f"{name} names the TPM {vm.tpm.device} of its host, but swtpm emulates one",
                site.place("vm", name, "tpm", "device"),
                'write kind = "passthru", or delete device',
                [site.place("vm", name, "tpm", "kind")],
            )
        if vm.tpm.kind == "passthru" and len(index.hosts_of[name]) > 1:
            yield diagnose(
                "VM077",
                f"{name} has the TPM of its host and could not move to another one",
                place,
                "name one host, or let swtpm emulate it",
                [host_place(site, name)],
            )


def same_tpm(index: SiteIndex) -> Iterator[Diagnostic]:
    """tpm(4) lets one process open the device."""
    claims = (
        ((host, vm.tpm.device), (name, "tpm", "kind"))
        for name, vm in index.using("tpm")
        if vm.tpm is not None and vm.tpm.kind == "passthru"
        for host in index.hosts_of[name]
    )
    for (host, device), first, second in clashes(claims):
        message = f"{both(first, second)} both have the TPM {device} of {host}"
        yield clash(index.site, "VM077", message, (first, second), "give it to one; swtpm emulates others")
