"""Changes of a site at random: what VMs of different hosts come to have in common when somebody copies and renames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Tables = dict[str, Any]

HOSTS = ("alpha", "beta", "gamma", "delta")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"


def site_of_many_kinds() -> Tables:
    """Four hosts with three VMs each, which have one of each thing that VMs of other hosts must not have."""
    tables: Tables = {
        "site": {"name": "example"},
        "host": {host: {"freebsd": "14.3", "shutdown_timeout": 900, "ipfw_number": 100} for host in HOSTS},
        "network": {
            "lan": {"kind": "bridge", "uplink": "ix0"},
            "inside": {"kind": "nat", "uplink": "ix0", "ipv4": "172.31.77.1/24"},
        },
        "storage": {
            "plain": {"kind": "directory", "path": "/srv/vms"},
            "san": {"kind": "iscsi", "portal": "192.0.2.200", "target": "iqn.2026-01.example:disks"},
        },
        "user": {"alice": {"ssh_keys": [KEY]}},
        "template": {"small": {"memory": "256M"}},
        "vm": {},
    }
    for number in range(12):
        vm: Tables = {
            "host": HOSTS[number % len(HOSTS)],
            "inherit": ["small"],
            "profile": "debian-13",
            "cloud_init": {"users": ["alice"]},
            "disk": {"root": {"storage": "plain", "size": "1G"}, "far": {"storage": "san", "lun": number}},
            "nic": {
                "lan": {"network": "lan", "ipv4": f"10.9.{number}.2/16", "gateway4": "none"},
                "in": {"network": "inside", "ipv4": f"172.31.77.{10 + number}/24", "gateway4": "172.31.77.1"},
            },
            "serial": {"com1": {}},
        }
        special: list[Tables] = [
            {"uuid": f"01234567-89ab-4def-8123-{number:012x}", "vnc": True},
            {"renamed_from": [f"former{number}"]},
            {"vnc": {"port": 5950 + number}},
        ]
        vm |= special[number % len(special)]
        vm["nic"]["lan"] |= [{"mac": f"58:9c:fc:77:00:{number:02x}"}, {"tap": f"tap-z{number}"}][number % 2]
        tables["vm"][f"vm{number}"] = vm
    return tables


def paths(values: Tables, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


def copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def copy_key(random: Random, vms: Tables, vm: str, other: str) -> None:
    """What one VM has at a place, the other has there too."""
    path = random.choice([*paths(vms[other])])
    value, target = vms[other], vms[vm]
    for key in path[:-1]:
        value = value[key]
        if not isinstance(target.setdefault(key, {}), dict):
            target[key] = {}
        target = target[key]
    target[path[-1]] = copied(value[path[-1]])


def delete_key(random: Random, vms: Tables, vm: str, _: str) -> None:
    *above, key = random.choice([*paths(vms[vm])])
    target = vms[vm]
    for each in above:
        target = target[each]
    del target[key]


def clone(random: Random, vms: Tables, vm: str, other: str) -> None:
    vms[f"c{vm}"] = copied(vms[other]) | {"host": random.choice(HOSTS)}


def bring(random: Random, vms: Tables, vm: str, _: str) -> None:
    vms[vm]["host"] = random.choice(HOSTS)


def share(random: Random, vms: Tables, vm: str, _: str) -> None:
    vms[vm].pop("host", None)
    vms[vm]["hosts"] = random.sample(HOSTS, 2)


def rename(_: Random, vms: Tables, vm: str, other: str) -> None:
    vms[f"n{other}"] = vms.pop(vm)


def remove(_: Random, vms: Tables, vm: str, __: str) -> None:
    del vms[vm]


def inherit_name(_: Random, vms: Tables, vm: str, other: str) -> None:
    vms[vm]["renamed_from"] = [other]


def wait_for(_: Random, vms: Tables, vm: str, other: str) -> None:
    vms[vm]["after"] = [other]


def take_console(_: Random, vms: Tables, vm: str, other: str) -> None:
    vms[vm]["serial"] = {"com1": {"device": f"/dev/nmdm-{other}.1B"}}


MUTATIONS: list[Callable[[Random, Tables, str, str], None]] = [
    *[copy_key] * 6,
    *(delete_key, clone, clone, bring, share, rename, remove, inherit_name, wait_for, take_console),
]


def mutate(random: Random, tables: Tables) -> str:
    """Changes one or two things of VMs; what was done is told."""
    done = []
    for _ in range(random.choice((1, 1, 2))):
        vms = tables["vm"]
        vm, other = random.choice(sorted(vms)), random.choice(sorted(vms))
        change = random.choice(MUTATIONS)
        change(random, vms, vm, other)
        done.append(f"{change.__name__} {vm} {other}")
    return ", ".join(done)
