"""Sites built by hand: the tables as TOML has them, without reading files or resolving layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from hivewright.diagnostics import KeyPath
from hivewright.model.guest import Topology
from hivewright.model.host import Host
from hivewright.model.image import Image
from hivewright.model.network import AnyNetwork, Network
from hivewright.model.profile import Profile
from hivewright.model.site import SiteTable, User
from hivewright.model.storage import AnyStorage, Storage
from hivewright.model.vm import Vm
from hivewright.site import Layer, Site

Tables = Mapping[str, Mapping[str, Any]]

HOSTS: Tables = {"alpha": {"freebsd": "14.3", "device": {"gpu0": {"pci": "2/0/0"}}}}
NETWORKS: Tables = {"lan": {"kind": "bridge", "uplink": "ix0"}}
STORAGES: Tables = {"fast": {"kind": "zfs", "dataset": "zroot/vms"}, "plain": {"kind": "directory", "path": "/srv/vms"}}
USERS: Tables = {"alice": {"ssh_keys": ["ssh-ed25519 AAAA alice"]}}
PROFILES: Tables = {
    "other": {"os": "other", "description": "Anything."},
    "freebsd-14": {"os": "freebsd", "description": "FreeBSD."},
    "debian-13": {
        "os": "linux",
        "description": "Debian.",
        "image": {"amd64": {"url": "https://images.example.net/debian.raw.xz", "sha256": "0" * 64}},
    },
}

_NETWORK: TypeAdapter[AnyNetwork] = TypeAdapter(Network)
_STORAGE: TypeAdapter[AnyStorage] = TypeAdapter(Storage)


def build_site(
    vms: Tables,
    *,
    hosts: Tables = HOSTS,
    networks: Tables = NETWORKS,
    storages: Tables = STORAGES,
    images: Tables | None = None,
    users: Tables = USERS,
    topologies: Tables | None = None,
    profiles: Tables = PROFILES,
    files: Mapping[str, bytes] | None = None,
    table: Mapping[str, Any] | None = None,
) -> Site:
    """A site of these tables; every VM is on host alpha and has 1 GB of memory unless it says otherwise."""
    built_hosts = {name: Host.model_validate(values) for name, values in hosts.items()}
    built_networks = {name: _NETWORK.validate_python(values) for name, values in networks.items()}
    built_storages = {name: _STORAGE.validate_python(values) for name, values in storages.items()}
    tables = {name: _vm_table(values) for name, values in sorted(vms.items())}
    homes: dict[KeyPath, str] = {("site",): "site.toml"}
    for kind, names in (("host", hosts), ("network", networks), ("storage", storages), ("vm", vms)):
        homes.update({(kind, name): f"{kind}s.toml" for name in names})
    return Site(
        table=SiteTable.model_validate({"name": "example", **(table or {})}),
        hosts=built_hosts,
        networks=built_networks,
        storages=built_storages,
        images={name: Image.model_validate(values) for name, values in (images or {}).items()},
        users={name: User.model_validate(values) for name, values in users.items()},
        topologies={name: Topology.model_validate(values) for name, values in (topologies or {}).items()},
        profiles={name: Profile.model_validate(values) for name, values in profiles.items()},
        vms={name: Vm.model_validate(values) for name, values in tables.items()},
        host_networks={
            (host, name): _NETWORK.validate_python({**networks[name], **overrides["network"][name]})
            if name in overrides.get("network", {})
            else network
            for host, overrides in hosts.items()
            for name, network in built_networks.items()
        },
        host_storages={
            (host, name): _STORAGE.validate_python({**storages[name], **overrides.get("storage", {}).get(name, {})})
            for host, overrides in hosts.items()
            for name in storages
        },
        files=files or {},
        homes=homes,
        layers={name: (Layer("vm", "vms.toml", ("vm", name), values),) for name, values in tables.items()},
    )


def _vm_table(values: Mapping[str, Any]) -> dict[str, Any]:
    place = {} if "hosts" in values else {"host": "alpha"}
    return {**place, "memory": "1G", **values}
