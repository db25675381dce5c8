"""Digests of all that the files of a host follow from, so that unchanged hosts are not compiled again.

In two parts, since definitions are known before numbers.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from hivewright.allocation.allocate import Allocation
from hivewright.site import Layer, Site


def definition_digests(site: Site) -> dict[str, bytes]:
    """For every host a digest of its definition and those of its guests."""
    common = blake2b(digest_size=16)
    for part in (
        site.table,
        site.networks,
        site.storages,
        site.images,
        site.users,
        site.topologies,
        site.profiles,
        sorted(site.files.items()),
        sorted((key, value) for key, value in site.homes.items() if key[0] != "vm"),
    ):
        common.update(repr(part).encode())
    digests = {}
    for host, table in site.hosts.items():
        digests[host] = common.copy()
        digests[host].update(repr(table).encode())
    for (host, name), realised in (*site.host_networks.items(), *site.host_storages.items()):
        digests[host].update(repr((name, realised)).encode())
    shared: dict[int, bytes] = {}
    for host, guests in site.guests.items():
        update = digests[host].update
        for name in guests:
            own, *lower = site.layers[name]
            update(_bytes((name, own.file, own.values)))
            for layer in lower:
                update(_shared(layer, shared))
    return {host: digest.digest() for host, digest in digests.items()}


def host_digests(site: Site, definitions: Mapping[str, bytes], allocation: Allocation) -> dict[str, str]:
    """For every host a digest of its definitions and of the numbers of its guests: the same digest, the same files."""
    digests = {}
    for host, guests in site.guests.items():
        digest = blake2b(definitions[host], digest_size=16)
        for name in guests:
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
