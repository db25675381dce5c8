"""Allocation: nothing moves, whatever is added or removed around it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_site
from hivewright.allocation.allocate import Allocation, allocate
from hivewright.allocation.lock import Lock, lock_file
from hivewright.diagnostics import Place

NIC = {"network": "lan"}
DISK = {"storage": "fast", "size": "1G"}
CD = {"path": "/srv/a.iso"}


def codes(allocation: Allocation) -> list[str]:
    return [diagnostic.code for diagnostic in allocation.diagnostics]


def locked(vms: Mapping[str, Mapping[str, Any]], locks: Mapping[str, Lock] | None = None) -> Mapping[str, Lock]:
    allocation = allocate(build_site(vms), locks or {})
    assert allocation.diagnostics == ()
    return allocation.locks


def many(kind: str, count: int) -> dict[str, Any]:
    return {f"{kind[0]}{number:03}": {"nic": NIC, "disk": DISK, "cd": CD}[kind] for number in range(count)}


def test_first_allocation_goes_by_kinds_and_then_as_the_file_does() -> None:
    vm = {
        "nic": {"wan": NIC, "lan": NIC},
        "disk": {"root": DISK, "data": DISK},
        "cd": {"install": CD},
        "passthrough": {"gpu": {"device": "gpu0"}},
        "rng": True,
        "cloud_init": True,
        "vnc": True,
    }
    lock = locked({"web1": vm})["web1"]
    assert dict(lock.slots) == {
        "cd.install": "0:3:0",
        "disk.data": "0:5:0",
        "disk.root": "0:4:0",
        "nic.lan": "0:7:0",
        "nic.wan": "0:6:0",
        "passthrough.gpu": "0:8:0",
        "rng": "0:9:0",
        "seed": "0:10:0",
        "fbuf": "0:29:0",
    }
    assert lock.consoles == {"com1": "nmdm-web1.1"}
    assert lock.taps == {"lan": "tap-web1-lan", "wan": "tap-web1-wan"}
    assert lock.vnc == 5900


def test_mac_comes_from_the_names() -> None:
    digits = hashlib.sha256(b"example/web1/lan").hexdigest()
    mac = f"58:9c:fc:{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"
    assert locked({"web1": {"nic": {"lan": NIC}}})["web1"].macs == {"lan": mac}


def test_a_mac_in_use_is_not_derived_again() -> None:
    mac = locked({"web1": {"nic": {"lan": NIC}}})["web1"].macs["lan"]
    locks = locked({"web1": {"nic": {"lan": NIC}}, "web0": {"nic": {"lan": {**NIC, "mac": mac}}}})
    assert locks["web1"].macs["lan"] != mac
    assert locks["web0"].macs == {}


def test_new_devices_take_addresses_that_were_never_used() -> None:
    first = locked({"web1": {"disk": {"a": DISK, "b": DISK}, "nic": {"lan": NIC}}})
    second = locked({"web1": {"disk": {"b": DISK}}}, first)
    third = locked({"web1": {"disk": {"a0": DISK, "b": DISK}, "nic": {"lan": NIC}}}, second)
    assert first == second
    assert third["web1"].slots == {**first["web1"].slots, "disk.a0": "0:6:0"}


def test_a_full_bus_goes_on_with_functions() -> None:
    slots = locked({"web1": {"cd": many("cd", 30)}})["web1"].slots
    assert slots["cd.c025"] == "0:28:0"
    assert [slots[f"cd.c{number:03}"] for number in range(26, 30)] == ["0:3:1", "0:3:2", "0:3:3", "0:3:4"]


def test_functions_need_a_function_0_that_is_there() -> None:
    first = locked({"web1": {"cd": many("cd", 26)}})
    rest = {name: CD for name in many("cd", 26) if name != "c000"}
    slots = locked({"web1": {"cd": {**rest, "x": CD}}}, first)["web1"].slots
    assert slots["cd.x"] == "0:4:1"


def test_the_lpc_bridge_and_the_tablet_are_functions_0() -> None:
    vm = {"cd": {"install": CD, "tools": CD}, "vnc": {}, "machine": {"lpc_slot": 1}}
    lock = Lock("0" * 32, slots={"cd.install": "0:1:1", "cd.tools": "0:30:1", "fbuf": "0:29:0"})
    assert allocate(build_site({"web1": vm}), {"web1": lock}).diagnostics == ()
    arm = build_site({"web1": {"cd": {"install": CD}}}, hosts={"alpha": {"freebsd": "15.1", "arch": "arm64"}})
    beyond = Lock("0" * 32, slots={"cd.install": "0:31:1"})
    assert codes(allocate(arm, {"web1": beyond})) == ["LOCK007"]


def test_the_host_bridge_has_its_place_unless_there_is_none() -> None:
    vm = {"extra_args": ["-s", "0:0:0,virtio-rnd"], "machine": {"hostbridge": "none"}}
    assert allocate(build_site({"web1": vm}), {}).diagnostics == ()
    assert codes(allocate(build_site({"web1": {**vm, "machine": {}}}), {})) == ["LOCK008"]
    lock = Lock("0" * 32, slots={"cd.install": "0:0:1"})
    beside = {"cd": {"install": CD}}
    assert allocate(build_site({"web1": beside}), {"web1": lock}).diagnostics == ()
    assert codes(allocate(build_site({"web1": {**beside, "machine": vm["machine"]}}), {"web1": lock})) == ["LOCK007"]


def test_a_device_without_function_0_is_an_error() -> None:
    first = locked({"web1": {"cd": many("cd", 27)}})
    site = build_site({"web1": {"cd": {"c026": CD}}})
    assert codes(allocate(site, first)) == ["LOCK007"]
    moved = build_site({"web1": {"cd": {"c026": {**CD, "slot": 3}}}})
    allocation = allocate(moved, first)
    assert allocation.diagnostics == ()
    assert allocation.locks["web1"].slots["cd.c026"] == "0:3:0"


def test_addresses_of_devices_long_gone_are_the_last_resort() -> None:
    everything = 26 * 8
    first = locked({"web1": {"cd": many("cd", everything)}})
    assert len(set(first["web1"].slots.values())) == everything
    kept = {name: CD for name in list(many("cd", everything)) if name not in ("c005", "c100")}
    lock = locked({"web1": {"cd": {**kept, "x": CD}}}, first)["web1"]
    assert lock.slots["cd.x"] == first["web1"].slots["cd.c005"]
    assert "cd.c005" not in lock.slots
    assert lock.slots["cd.c100"] == first["web1"].slots["cd.c100"]
    full = build_site({"web1": {"cd": {**many("cd", everything), "x": CD}}})
    assert codes(allocate(full, first)) == ["LOCK006"]


def test_explicit_slot_wins_is_recorded_and_ends_the_claim_of_what_is_gone() -> None:
    first = locked({"web1": {"disk": {"a": DISK, "b": DISK}}})
    lock = locked({"web1": {"disk": {"b": {**DISK, "slot": 3}, "c": DISK}}}, first)["web1"]
    assert lock.slots == {"disk.b": "0:3:0", "disk.c": "0:4:0"}
    assert locked({"web1": {"disk": {"b": DISK, "c": DISK}}}, {"web1": lock})["web1"] is lock


def test_explicit_slot_of_another_device_is_refused() -> None:
    first = locked({"web1": {"disk": {"a": DISK}}})
    allocation = allocate(build_site({"web1": {"disk": {"a": DISK, "b": {**DISK, "slot": 3}}}}), first)
    assert codes(allocation) == ["LOCK005"]
    assert allocation.diagnostics[0].place == Place("vms.toml", ("vm", "web1", "disk", "b", "slot"))
    assert allocation.diagnostics[0].also == (Place("locks/web1.toml", ("slots", "disk.a")),)


def test_extra_args_keep_their_addresses() -> None:
    vm = {"disk": {"a": DISK, "b": DISK}, "extra_args": ["-s", "4,virtio-9p,data=/srv"]}
    assert locked({"web1": vm})["web1"].slots == {"disk.a": "0:3:0", "disk.b": "0:5:0"}


@pytest.mark.parametrize("address", ["0", "31", "30", "0:3:0", "29"])
def test_extra_args_must_not_take_an_address_in_use(address: str) -> None:
    first = locked({"web1": {"disk": {"a": DISK}, "vnc": True}})
    vm = {"disk": {"a": DISK}, "vnc": True, "extra_args": ["-W", "-s", f"{address},virtio-rnd"]}
    allocation = allocate(build_site({"web1": vm}), first)
    assert codes(allocation) == ["LOCK008"]
    assert allocation.diagnostics[0].place == Place("vms.toml", ("vm", "web1", "extra_args", 1))


def test_two_extra_devices_at_one_address_are_refused() -> None:
    vm = {"extra_args": ["-s", "5,virtio-rnd", "-s", "0:5:0,virtio-rnd"]}
    assert codes(allocate(build_site({"web1": vm}), {})) == ["LOCK008"]


def test_long_tap_names_are_shortened_and_stay_unique() -> None:
    vms = {f"database-{number}": {"nic": {"backbone": NIC}} for number in range(40)}
    vms |= {"a-b": {"nic": {"c": NIC}}, "a": {"nic": {"b-c": NIC}}}
    taps = [tap for lock in locked(vms).values() for tap in lock.taps.values()]
    assert len(set(taps)) == len(taps)
    assert all(len(tap) <= 15 and tap.startswith("tap-") for tap in taps)
    assert "tap-a-b-c" in taps


def test_no_tap_is_called_like_an_interface_of_the_administrator() -> None:
    locks = locked({"a-b": {"nic": {"c": NIC}}, "own": {"nic": {"a": {"existing": "tap-a-b-c"}}}})
    assert not locks["own"].taps
    assert locks["own"].macs.keys() == {"a"}
    assert "tap-a-b-c" not in locks["a-b"].taps.values()


def test_ports_skip_explicit_ones_and_those_of_vms_that_left() -> None:
    first = locked({"a": {"vnc": {"port": 5900}}, "b": {"vnc": True}, "c": {"vnc": True}})
    assert (first["b"].vnc, first["c"].vnc) == (5901, 5902)
    second = locked({"a": {"vnc": {"port": 5900}}, "c": {"vnc": True}, "d": {"vnc": True}}, first)
    assert (second["b"].vnc, second["c"].vnc, second["d"].vnc) == (5901, 5902, 5903)


def test_each_move_has_a_number() -> None:
    """From the first ``moved_from`` on, whether the later ones are written or not."""
    hosts = {"alpha": {"freebsd": "14.3"}, "beta": {"freebsd": "14.3"}}
    locks: dict[str, Lock] = {}
    told = []
    for vm in (
        {"host": "alpha"},
        {"host": "beta", "moved_from": "alpha"},
        {"host": "beta", "moved_from": "alpha"},
        {"host": "beta"},
        {"host": "alpha"},
        {"host": "beta", "moved_from": "alpha"},
    ):
        locks = dict(allocate(build_site({"web1": vm}, hosts=hosts), locks).locks)
        told.append((locks["web1"].home, locks["web1"].moves))
    assert told == [(None, 0), ("beta", 1), ("beta", 1), ("beta", 1), ("alpha", 2), ("beta", 3)]


def test_ports_can_run_out() -> None:
    locks = {f"gone{port}": Lock("0" * 36, vnc=port) for port in range(5900, 65536)}
    allocation = allocate(build_site({"web1": {"vnc": True}}), locks)
    assert codes(allocation) == ["LOCK006"]


@pytest.mark.parametrize(
    ("vm", "path"),
    [
        ({"nic": {"lan": {**NIC, "mac": "58:9c:fc:00:00:01"}}}, ("nic", "lan", "mac")),
        ({"nic": {"lan": {**NIC, "tap": "tap7"}}}, ("nic", "lan", "tap")),
        ({"vnc": {"port": 5905}}, ("vnc", "port")),
    ],
)
@pytest.mark.parametrize("present", [True, False])
def test_an_explicit_value_that_a_lock_gave_to_another_vm_is_refused(
    vm: dict[str, Any], path: tuple[str, ...], present: bool
) -> None:
    other = Lock("0" * 36, 5905, {"nic.lan": "0:3:0"}, {"lan": "58:9c:fc:00:00:01"}, {"lan": "tap7"}, {})
    vms = {"web1": vm, **({"old": {"nic": {"lan": NIC}, "vnc": True}} if present else {})}
    allocation = allocate(build_site(vms), {"old": other})
    assert codes(allocation) == ["LOCK005"]
    assert allocation.diagnostics[0].place == Place("vms.toml", ("vm", "web1", *path))
    assert ("no longer in the site" in allocation.diagnostics[0].message) == (not present)


def test_the_same_port_on_hosts_that_never_meet_is_fine() -> None:
    hosts = {"alpha": {"freebsd": "14.3"}, "beta": {"freebsd": "14.3"}}
    first = allocate(build_site({"a": {"vnc": True}}, hosts=hosts), {})
    site = build_site({"a": {"vnc": True}, "b": {"host": "beta", "vnc": {"port": 5900}}}, hosts=hosts)
    assert allocate(site, first.locks).diagnostics == ()


def test_locks_of_merged_branches_that_collide_are_refused() -> None:
    one = Lock("0" * 36, 5900, {}, {"lan": "58:9c:fc:00:00:01"}, {"lan": "tap7"}, {})
    allocation = allocate(build_site({}), {"a": one, "b": one})
    assert codes(allocation) == ["LOCK004", "LOCK004", "LOCK013"]
    assert {diagnostic.place for diagnostic in allocation.diagnostics} == {
        Place(lock_file("b"), path) for path in (("macs", "lan"), ("taps", "lan"), ("vnc",))
    }


def test_of_one_vnc_port_in_two_locks_the_later_vm_gets_the_next_free_one() -> None:
    port = {"vnc": True}
    first = allocate(build_site({"a": port, "c": port}), {}).locks
    found = allocate(build_site({"a": port, "b": port, "c": port}), {**first, "b": first["c"]._replace(uuid="1" * 36)})
    assert codes(found) == ["LOCK013"]
    assert [found.locks[vm].vnc for vm in "abc"] == [5900, 5901, 5902]
    assert codes(allocate(build_site({"a": port, "b": port, "c": port}), found.locks)) == []


def test_a_lock_of_a_vm_that_is_gone_gives_way_as_well() -> None:
    one = Lock("0" * 36, 5900)
    found = allocate(build_site({}), {"a": one, "b": one})
    assert (found.locks["a"].vnc, found.locks["b"].vnc) == (5900, None)


VMS = st.fixed_dictionaries(
    {},
    optional={
        "disk": st.dictionaries(st.sampled_from("abc"), st.just(DISK)),
        "nic": st.dictionaries(st.sampled_from(["lan", "backbone"]), st.just(NIC)),
        "cd": st.dictionaries(st.sampled_from("xy"), st.just(CD)),
        "vnc": st.just(True),
        "rng": st.just(True),
    },
)
SITES = st.dictionaries(st.sampled_from(["web1", "web2", "web-11", "database"]), VMS)


@settings(max_examples=60)
@given(st.lists(SITES, min_size=2, max_size=5))
def test_no_number_ever_moves(sites: list[dict[str, Any]]) -> None:
    locks: Mapping[str, Lock] = {}
    for vms in sites:
        before = locks
        allocation = allocate(build_site(vms), before)
        assert allocation.diagnostics == ()
        locks = allocation.locks
        assert list(locks) == sorted({*before, *vms})
        for name, old in before.items():
            new = locks[name]
            assert new is old or name in vms
            assert new.uuid == old.uuid
            assert old.vnc is None or new.vnc == old.vnc
            for table in ("slots", "macs", "taps", "consoles"):
                assert getattr(old, table).items() <= getattr(new, table).items()
        assert allocate(build_site(vms), locks).locks == locks
        for numbers in (
            [mac for lock in locks.values() for mac in lock.macs.values()],
            [tap for lock in locks.values() for tap in lock.taps.values()],
            [lock.vnc for lock in locks.values() if lock.vnc is not None],
        ):
            assert len(set(numbers)) == len(numbers)


@settings(max_examples=40)
@given(SITES, st.sampled_from(["web1", "web2", "web-11", "database"]), VMS)
def test_another_vm_changes_no_lock(vms: dict[str, Any], name: str, vm: dict[str, Any]) -> None:
    others = {other: values for other, values in vms.items() if other != name}
    before = allocate(build_site(others), {}).locks
    after = allocate(build_site({**others, name: vm}), before).locks
    assert all(after[other] is before[other] for other in others)


def limited(*names: str) -> dict[str, Any]:
    return {name: {"nic": {"lan": {"network": "lan", "rate_limit": {"in": "1Mbit"}}}} for name in names}


def test_pipes_of_rate_limits_are_kept_and_never_given_twice() -> None:
    first = allocate(build_site(limited("b", "c")), {}).locks
    assert [lock.pipes for lock in first.values()] == [{"lan": "10000"}, {"lan": "10002"}]
    later = allocate(build_site(limited("a", "c")), first).locks
    assert {name: dict(lock.pipes) for name, lock in later.items()} == {
        "a": {"lan": "10004"},
        "b": {"lan": "10000"},
        "c": {"lan": "10002"},
    }
    assert allocate(build_site({"d": {"nic": {"lan": {"network": "lan"}}}}), {}).locks["d"].pipes == {}


def test_pipes_of_two_locks_that_were_merged() -> None:
    one = Lock("0" * 36, pipes={"lan": "10000"})
    found = allocate(build_site(limited("a", "b")), {"a": one, "b": one})
    assert [(each.code, each.severity) for each in found.diagnostics] == [("LOCK013", "warning")]
    assert [found.locks[vm].pipes["lan"] for vm in "ab"] == ["10000", "10002"]


def test_pipes_run_out() -> None:
    locks = {f"gone{number}": Lock("0" * 36, pipes={"lan": str(number)}) for number in range(10000, 65536, 2)}
    assert [each.code for each in allocate(build_site(limited("a")), locks).diagnostics] == ["LOCK006"]
