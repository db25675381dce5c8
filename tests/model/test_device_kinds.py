"""The table of devices: it agrees with the models and with what is lowered, and each list made of it has each row."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from bhyve_words import DEVICE_KEYS
from builders import build_site
from conftest import BASE, LoadSite
from full_house import full_site
from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import read_lock, write_lock
from hivewright.lower import lower
from hivewright.model.base import Switch, Table
from hivewright.model.device_kinds import DEVICES, KINDS, PASSTHRU, SAVED, SWITCHES, DeviceKind, has_boot_order
from hivewright.model.vm import Vm
from hivewright.rules import check_rules
from hivewright.site.host_devices import passes_devices

OF_THE_MACHINE = {"hostbridge", "amd_hostbridge", "lpc"}
"""What a guest has beside its devices: bridges."""

REQUIRED: dict[str, dict[str, Any]] = {
    "cd": {"path": "/a.iso"},
    "disk": {"storage": "fast", "size": "1G"},
    "nic": {"network": "lan"},
    "passthrough": {"device": "gpu0"},
    "input": {"device": "/dev/input/event2"},
    "share": {"path": "/data"},
}


def device(kind: DeviceKind, keys: dict[str, Any]) -> dict[str, Any]:
    """A VM's table with one device of a kind."""
    table = {**REQUIRED.get(kind.key, {}), **keys}
    return {kind.key: {"one": table} if kind.named else table}


def tables(key: str) -> list[type[Table]]:
    """The models of a table of a VM."""
    found = get_args(Vm.model_fields[key].annotation)
    return [each for each in found if isinstance(each, type) and issubclass(each, Table)]


def test_every_table_with_an_address_or_a_switch_is_a_device() -> None:
    found = set()
    for key, field in Vm.model_fields.items():
        if Switch in field.metadata or any("slot" in table.model_fields for table in tables(key)):
            found.add(key)
    assert found | {"channel"} == set(KINDS)


def test_names_in_the_lock_and_emulations_are_those_of_the_grammar() -> None:
    locks = [kind.lock for kind in DEVICES if kind.lock]
    assert len(locks) == len(set(locks))
    told = {emulation for kind in DEVICES if kind.lock for emulation in kind.emulations}
    assert told == set(DEVICE_KEYS) - OF_THE_MACHINE
    assert set(SAVED) <= told


@pytest.mark.parametrize("kind", [kind for kind in DEVICES if kind.chosen_by], ids=lambda kind: kind.key)
def test_what_a_key_chooses_is_an_emulation(kind: DeviceKind) -> None:
    (table,) = tables(kind.key)
    chosen = table.model_fields[kind.chosen_by]
    assert set(kind.emulations) - {PASSTHRU} == set(get_args(chosen.annotation))
    assert kind.emulations[0] == chosen.default


@pytest.mark.parametrize(("release", "arch"), [("15.1", "amd64"), ("15.0", "arm64"), ("13.2", "amd64")])
def test_what_bhyve_is_told_is_what_the_row_says(release: str, arch: str) -> None:
    site = full_site(release, arch)
    (plan,) = lower(site, allocate(site, {})).plans
    words = {option.label: option.words[1].split(",")[1] for option in plan.vms[0].options if option.words[0] == "-s"}
    vm = site.vms["full"]
    for kind in KINDS.values():
        names = kind.lock_names(vm)
        for name, found in kind.devices(vm):
            lock = f"{kind.lock}.{name}" if name and not kind.together else kind.lock
            assert (lock in names) == (lock in words), lock
            if lock in words:
                assert words[lock] == kind.emulation(found)


def test_a_lock_with_every_device_is_read_as_it_is_written() -> None:
    lock = allocate(full_site("15.1", "amd64"), {}).locks["full"]
    kinds = {device.partition(".")[0] for device in lock.slots}
    assert kinds == {kind.lock for kind in DEVICES if kind.lock}
    assert read_lock(write_lock("full", lock), "locks/full.toml") == lock


KEYS: dict[str, tuple[str, dict[str, object]]] = {
    "vnc": ("port = 5901", {"port": 5901}),
    "sound": ('play = "/dev/dsp3"', {"play": "/dev/dsp3"}),
    "tpm": ('kind = "passthru"', {"kind": "passthru"}),
    "cloud_init": ("network = false", {"network": False}),
}
SLOT = ('slot = "7:0"', {"slot": (0, 7, 0)})


@pytest.mark.parametrize("key", sorted(SWITCHES))
def test_true_switches_on_the_table_of_a_lower_layer(load_site: LoadSite, key: str) -> None:
    """What the lower layer says counts, and is what the key is traced to."""
    line, wanted = KEYS.get(key, SLOT)
    vm = f'[vm.web1]\nhost = "alpha"\nmemory = "1G"\ninherit = ["small"]\n{key} = true\n'
    loaded = load_site(f"{BASE}[template.small.{key}]\n{line}\n{vm}")
    assert loaded.diagnostics == ()
    assert loaded.site is not None
    found = getattr(loaded.site.vms["web1"], key)
    for name, value in wanted.items():
        assert getattr(found, name) == value
        assert loaded.site.trace("web1", (key, name)).label == "template small"


def emulated(kind: DeviceKind, emulation: str) -> dict[str, Any]:
    if emulation == PASSTHRU and kind.chosen_by:
        return {kind.key: {"one": {"vf": "ix0:3"}}}
    if emulation == "virtio-scsi":
        return device(kind, {"storage": None, "size": None, "path": "/dev/cam/ctl", "bus": emulation})
    return device(kind, {kind.chosen_by: emulation} if kind.chosen_by else {})


PAIRS = [(kind, emulation) for kind in KINDS.values() for emulation in kind.emulations]
IDS = [f"{kind.key}-{emulation}" for kind, emulation in PAIRS]
HOST = {"freebsd": "15.1", "sriov": {"ix0": {"vfs": 8}}, "device": {"gpu0": {"pci": "2/0/0"}}}


@pytest.mark.parametrize(("kind", "emulation"), PAIRS, ids=IDS)
def test_what_is_not_saved_is_told_where_the_guest_shall_be(kind: DeviceKind, emulation: str) -> None:
    vm = {**emulated(kind, emulation), "checkpoint": True}
    site = build_site({"web1": vm}, hosts={"alpha": {**HOST, "capabilities": ["snapshot"]}})
    told = [each for each in check_rules(site) if each.code == "VM091"]
    assert bool(told) == (emulation not in SAVED)
    assert not told or kind.key in told[0].message


@pytest.mark.parametrize(("kind", "emulation"), PAIRS, ids=IDS)
def test_a_device_of_the_host_is_one_that_is_passed_through(kind: DeviceKind, emulation: str) -> None:
    site = build_site({"web1": emulated(kind, emulation)}, hosts={"alpha": HOST})
    assert passes_devices(site.vms["web1"]) == (emulation == PASSTHRU)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.key)
def test_what_has_a_boot_index_can_ask_for_a_boot_order(kind: DeviceKind) -> None:
    without = build_site({"web1": device(kind, {})}, hosts={"alpha": HOST})
    assert not has_boot_order(without.vms["web1"])
    if "boot_index" in kind.keys:
        site = build_site({"web1": device(kind, {"boot_index": 1})}, hosts={"alpha": HOST})
        assert has_boot_order(site.vms["web1"])
