"""The part of a site with errors of which everything is known, so that rules can be checked without false errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from hivewright.diagnostics import Diagnostic, KeyPath, Place
from hivewright.model.image_uses import image_uses
from hivewright.model.vm import Vm
from hivewright.site.site import Site

T = TypeVar("T")


def sound_part(site: Site, uncertain: Iterable[KeyPath]) -> Site:
    """A site without the objects that are uncertain, and without the VMs that need one of these."""
    out = set(uncertain)
    size = -1
    while size != len(out):
        size = len(out)
        out |= {("vm", name) for name, vm in site.vms.items() if not out.isdisjoint(_needs(site, vm))}

    def kept(kind: str, objects: Mapping[str, T]) -> dict[str, T]:
        return {name: value for name, value in objects.items() if (kind, name) not in out}

    def kept_of_hosts(kind: str, objects: Mapping[tuple[str, str], T]) -> dict[tuple[str, str], T]:
        return {
            (host, name): value
            for (host, name), value in objects.items()
            if ("host", host) not in out and (kind, name) not in out
        }

    return replace(
        site,
        hosts=kept("host", site.hosts),
        networks=kept("network", site.networks),
        storages=kept("storage", site.storages),
        images=kept("image", site.images),
        users=kept("user", site.users),
        topologies=kept("topology", site.topologies),
        vms=kept("vm", site.vms),
        host_networks=kept_of_hosts("network", site.host_networks),
        host_storages=kept_of_hosts("storage", site.host_storages),
    )


def is_about(diagnostic: Diagnostic, objects: set[KeyPath]) -> bool:
    """Whether one of the places of a diagnostic lies in one of these objects."""
    return any(
        isinstance(place, Place) and not objects.isdisjoint((place.path[:1], place.path[:2]))
        for place in (diagnostic.place, *diagnostic.also)
    )


def _needs(site: Site, vm: Vm) -> Iterator[KeyPath]:
    """What a VM refers to."""
    yield from (("host", host) for host in site.hosts_of(vm))
    yield from (("network", nic.network) for nic in vm.nic.values() if nic.network)
    yield from (("storage", disk.storage) for disk in vm.disk.values() if disk.storage is not None)
    yield from (("image", use.image) for use in image_uses(vm))
    yield from (("vm", other) for other in vm.after)
    if isinstance(vm.topology, str):
        yield "topology", vm.topology
    if vm.cloud_init is not None:
        yield from (("user", user) for user in vm.cloud_init.users)
