"""Digests of all that the files of a host follow from, so that unchanged hosts are not compiled again.

In two parts, since definitions are known before numbers.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from hivewright.allocation.allocate import Allocation
from hivewright.site import Layer, Site
from hivewright.site.named import named_files, named_profiles


def definition_digests(site: Site, hosts: Iterable[str] | None = None) -> dict[str, bytes]:
    """For every host, or for some, a digest of its definition, of its guests, and of all that these name."""
    common = blake2b(digest_size=16)
    for part in (
        site.table,
        site.networks,
        site.storages,
        site.images,
        site.users,
        site.topologies,
        sorted((key, value) for key, value in site.homes.items() if key[0] not in ("vm", "profile")),
    ):
        common.update(repr(part).encode())
    realised: dict[str, list[object]] = {host: [] for host in site.hosts}
    for (host, name), found in (*site.host_networks.items(), *site.host_storages.items()):
        realised[host].append((name, found))
    shared: dict[int, bytes] = {}
    digests = {}
    for host in site.hosts if hosts is None else hosts:
        digest = common.copy()
        digest.update(repr((site.hosts[host], realised[host])).encode())
        digest.update(repr(_named(site, host)).encode())
        for name in site.guests[host]:
            own, *lower = site.layers[name]
            digest.update(_bytes((name, own.file, own.values)))
            for layer in lower:
                digest.update(_shared(layer, shared))
        digests[host] = digest.digest()
    return digests


def _named(site: Site, host: str) -> tuple[object, ...]:
    """What guests name that not all hosts have to do with: profiles, files of the site, and their other hosts."""
    guests = site.guests[host].values()
    profiles = {name for vm in guests for name in named_profiles(vm)}
    files = {name for vm in guests for name, _ in named_files(vm)}
    peers = {name for vm in guests for name in vm.hosts}
    return (
        [
            (name, site.homes.get(("profile", name)), site.profiles[name])
            for name in sorted(profiles & {*site.profiles})
        ],
        [(name, site.files.get(name)) for name in sorted(files)],
        [(name, site.hosts.get(name)) for name in sorted(peers)],
    )


def host_digests(site: Site, definitions: Mapping[str, bytes], allocation: Allocation) -> dict[str, str]:
    """For every host a digest of its definitions and of the numbers of its guests: the same digest, the same files."""
    digests = {}
    for host, definition in definitions.items():
        digest = blake2b(definition, digest_size=16)
        for name in site.guests[host]:
            digest.update(_bytes((name, *allocation.locks[name])))
        digests[host] = digest.hexdigest()
    return digests


def _bytes(value: Any) -> bytes:
    """A value of TOML as bytes that depend on the value alone; dates by their ``repr``.

    Each value begins with its type and length, so that consecutive values are never ambiguous.
    """
    try:
        return marshal.dumps(value, 2)
    except ValueError:
        return marshal.dumps(repr(value), 2)


def _shared(layer: Layer, known: dict[int, bytes]) -> bytes:
    """A lower layer as bytes, made once for all VMs that share it."""
    key = id(layer.values)
    if key not in known:
        known[key] = _bytes(tuple(layer))
    return known[key]
