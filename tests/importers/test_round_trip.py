"""What a site compiles to, imported as the command of somebody else, compiles to the same again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NETWORKS
from full_house import full_tables, site_of
from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import Lock
from hivewright.bhyve.facts import version
from hivewright.importers.command import guest_of
from hivewright.importers.compare import UNEXPLAINED, compare_commands
from hivewright.importers.files import lock_of
from hivewright.importers.forms import Bridge, Guest, Old, Target
from hivewright.lower import lower
from hivewright.plan import VmPlan
from imported import compiled
from lowering import words_of

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True)
DISKS = st.fixed_dictionaries(
    {"path": st.sampled_from(["/srv/a.img", "/dev/zvol/zroot/vms/b", "/srv/c-d/e.img"])},
    optional={
        "bus": st.sampled_from(["virtio-blk", "ahci-hd", "nvme"]),
        "sector_size": st.sampled_from(["512", "4096"]),
        "readonly": st.booleans(),
        "trim": st.booleans(),
        "cache": st.sampled_from(["default", "nocache", "direct", "nocache-direct"]),
        "serial": st.sampled_from(["S1", "web1-root"]),
    },
)
NICS = st.fixed_dictionaries(
    {"network": st.just("lan")},
    optional={
        "model": st.sampled_from(["virtio-net", "e1000"]),
        "mtu": st.integers(576, 9000),
    },
)
SWITCHES = ("wired", "ignore_msr", "x2apic", "msi", "memory_in_core", "strict_io", "yield_on_halt", "yield_on_pause")
GUESTS = st.fixed_dictionaries(
    {"cpus": st.integers(1, 16), "memory": st.sampled_from(["256M", "4G", "1T"])},
    optional={
        "disk": st.dictionaries(NAMES, DISKS, max_size=20),
        "nic": st.dictionaries(NAMES, NICS, max_size=5),
        "cd": st.dictionaries(NAMES, st.just({"path": "/srv/a.iso"}), max_size=2),
        "vnc": st.fixed_dictionaries(
            {},
            optional={
                "wait": st.booleans(),
                "tablet": st.booleans(),
                "tablet_slot": st.integers(20, 22),
                "address": st.sampled_from(["127.0.0.1", "0.0.0.0", "2001:db8::1"]),
                "resolution": st.sampled_from(["1024x768", "1920x1080"]),
                "vga": st.sampled_from(["io", "off"]),
            },
        ),
        "rng": st.just(True),
        "agent": st.just(True),
        "pin": st.dictionaries(st.just("0"), st.sampled_from(["2-3", "7"])),
        "machine": st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(SWITCHES, st.booleans()),
                "rtc": st.sampled_from(["utc", "localtime"]),
                "hostbridge": st.sampled_from(["standard", "amd", "none"]),
                "lpc_slot": st.sampled_from([1, 31]),
            },
        ),
        "share": st.dictionaries(NAMES, st.fixed_dictionaries({"path": st.just("/srv/s")}), max_size=2),
        "channel": st.dictionaries(NAMES, st.just({}), max_size=3),
    },
)


def imported(plan: VmPlan, lock: Lock, words: Sequence[str], vm: Mapping[str, Any], networks: Mapping[str, Any],
             release: str = "14.3") -> Guest:  # fmt: skip
    """The guest as it is imported from its own command, by somebody who knows what its devices are called."""
    places = {where: key.partition(".")[2] for key, where in lock.slots.items() if "." in key}
    for key, place in lock.ports.items():
        controller, _, port = place.partition(":")
        places[f"{lock.slots[f'controller.{controller}']}/{port}"] = key.partition(".")[2]
    bridges = {
        lock.slots[f"nic.{nic}"]: Bridge(keys["network"], networks[keys["network"]])
        for nic, keys in vm.get("nic", {}).items()
        if "network" in keys
    }
    loader = [word for step in plan.loader if step.verb == "loader" for word in step.words]
    old = Old(plan.name, "here", tuple(words), tuple(loader[:-1]), names=places, networks=bridges)
    return guest_of(old, Target("alpha", version(release)))


@pytest.mark.slow
@settings(max_examples=120)
@given(NAMES, GUESTS, st.sampled_from(["13.5", "14.3", "15.0"]))
def test_a_guest_that_is_imported_has_the_same_command(name: str, vm: dict[str, Any], release: str) -> None:
    host = {"freebsd": release}
    plan, lock = compiled(name, vm, host, NETWORKS, {})
    words = words_of(plan)
    guest = imported(plan, lock, words, vm, NETWORKS, release)
    assert not guest.notes
    again, _ = compiled(name, guest.keys, host, NETWORKS, {name: lock_of(guest, lock.uuid)})
    assert words_of(again) == words


@pytest.mark.parametrize("release", ["13.2", "14.3", "15.1"])
def test_a_guest_with_everything_is_imported(release: str) -> None:
    """Each option is the same, or differs for a reason that is known."""
    tables = full_tables(release, "amd64")
    site = site_of(tables)
    allocation = allocate(site, {})
    plan = next(vm for vm in lower(site, allocation).plans[0].vms if vm.name == "full")
    guest = imported(plan, allocation.locks["full"], words_of(plan), tables["vm"]["full"], tables["network"], release)
    host = {**tables["host"]["alpha"], "device": {name: {"pci": pci} for name, pci in guest.devices.items()}}
    locks = {"full": lock_of(guest, allocation.locks["full"].uuid)}
    again, _ = compiled("full", guest.keys, host, tables["network"], locks)
    rows = compare_commands(guest, words_of(again))
    assert [row for row in rows if UNEXPLAINED in row.reason] == []
    differing = [row for row in rows if row.reason]
    assert len(differing) <= 6, differing
