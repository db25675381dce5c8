"""Whether VMs that are to be saved can be: by what they have, and on their hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.device_kinds import KINDS, PASSTHRU, SAVED
from hivewright.model.host import receives_at
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, listed

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.site import Site


def _to_be_saved(index: SiteIndex) -> Iterator[tuple[str, Vm, str]]:
    """The VMs that are to be saved, and the key that says so."""
    for name, vm in index.using("checkpoint", "on_host_shutdown"):
        if vm.checkpoint:
            yield name, vm, "checkpoint"
        elif vm.on_host_shutdown == "suspend":
            yield name, vm, "on_host_shutdown"


def cannot_be_saved(index: SiteIndex) -> Iterator[Diagnostic]:
    """A checkpoint fails as a whole when one device has no support for it."""
    site = index.site
    for name, vm, key in _to_be_saved(index):
        devices = list(unsaved(site, name, vm))
        if devices:
            yield diagnose(
                "VM091",
                f"{name} cannot be saved to a checkpoint: bhyve does not save {listed([what for _, what in devices])}",
                devices[0][0],
                f"choose devices that it saves ({', '.join(SAVED)}), or delete {key}",
                [*(place for place, _ in devices[1:4]), site.place("vm", name, key)],
            )


def nothing_saves_it(index: SiteIndex) -> Iterator[Diagnostic]:
    """The bhyve of releases saves nothing; a host that was built for it says so."""
    site = index.site
    for name, vm, key in _to_be_saved(index):
        for host in vm.hosts or ((vm.host,) if vm.host else ()):
            if "snapshot" not in site.hosts[host].capabilities:
                yield diagnose(
                    "VM098",
                    f"{name} is to be saved, but {host} is not said to have a bhyve that saves guests",
                    site.place("vm", name, key),
                    f'write capabilities = ["snapshot"] in [host.{host}] if it has a kernel with options '
                    f"BHYVE_SNAPSHOT and a world built with WITH_BHYVE_SNAPSHOT (src.conf(5)); otherwise delete {key}",
                    [host_place(site, name)],
                )


def no_place_to_wait(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve waits for a guest that another host sends at an IPv4 address, and is told no name."""
    site = index.site
    for host, definition in site.hosts.items():
        if "live-migration" in definition.capabilities and not receives_at(definition):
            given = definition.address
            yield diagnose(
                "HOST012",
                f"{host} is said to take guests that run on another host, but has no IPv4 address for that"
                + (f"; {given} is another kind of address" if given else ""),
                site.place("host", host, "capabilities"),
                f'write live_migration = {{ address = "192.0.2.11" }} in [host.{host}], with an address that it has, '
                'or delete "live-migration"',
                [site.place("host", host, "address")] if given else [],
            )


def unsaved(site: Site, name: str, vm: Vm) -> Iterator[tuple[Place, str]]:
    """Devices without support for checkpoints: where they are written, and what they are."""
    for kind in KINDS.values():
        for key, device in kind.devices(vm):
            emulation = kind.emulation(device)
            if emulation in SAVED:
                continue
            if kind.together:
                yield site.place("vm", name, kind.key, part="table"), kind.lock
                break
            if emulation == PASSTHRU or not kind.chosen_by:
                yield site.place("vm", name, *kind.path(key), part="table"), f"{kind.key} {key}".rstrip()
            else:
                place = site.place("vm", name, *kind.path(key), kind.chosen_by)
                yield place, f"{kind.key} {key} on {kind.chosen_by} {emulation}"
