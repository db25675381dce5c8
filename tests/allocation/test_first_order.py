"""Devices first get their addresses in the order of the file, and keep them whatever order the file has later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_site
from conftest import LoadSite
from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import Lock
from hivewright.site import Site
from hivewright.values import parse_pci_address

SITE = """\
[site]
name = "example"
[host.alpha]
freebsd = "14.3"
[network.lan]
kind = "bridge"
uplink = "ix0"
[storage.fast]
kind = "zfs"
dataset = "zroot/vms"
[image.golden]
path = "/srv/golden.raw"
"""
NIC = {"network": "lan"}
DISK = {"storage": "fast", "size": "1G"}
FILLED = {**DISK, "image": "golden"}
CLONE = {"storage": "fast", "clone": "old/root@one"}
RAM = {"ram": "1G"}


def order_of(lock: Lock, kind: str) -> list[str]:
    """The devices of a kind, as their addresses come."""
    found = sorted((parse_pci_address(slot), key) for key, slot in lock.slots.items() if key.startswith(f"{kind}."))
    return [key.partition(".")[2] for _, key in found]


def lock_of(site: Site | None, locks: Mapping[str, Lock] | None = None) -> Lock:
    assert site is not None
    allocation = allocate(site, locks or {})
    assert allocation.diagnostics == ()
    return allocation.locks["web1"]


def test_the_first_nic_of_the_file_is_the_first_of_the_guest(load_site: LoadSite) -> None:
    nics = "".join(f'[vm.web1.nic.{name}]\nnetwork = "lan"\n' for name in ("wan", "lan", "trunk"))
    vm = f'[vm.web1]\nhost = "alpha"\nmemory = "1G"\nprofile = "other"\n{nics}'
    assert order_of(lock_of(load_site({"site.toml": SITE, "web1.toml": vm}).site), "nic") == ["wan", "lan", "trunk"]


def test_what_a_weaker_layer_names_keeps_its_place(load_site: LoadSite) -> None:
    nic = 'network = "lan"\n'
    layers = f"""
[defaults.nic.management]
{nic}
[template.routed.nic.wan]
{nic}
[template.monitored.nic.probe]
{nic}
[template.monitored.nic.wan]
mtu = 1400
[vm.web1]
host = "alpha"
memory = "1G"
inherit = ["routed", "monitored"]
[vm.web1.nic.b]
{nic}
[vm.web1.nic.probe]
mtu = 1400
[vm.web1.nic.a]
{nic}
"""
    lock = lock_of(load_site({"site.toml": SITE, "vms.toml": layers}).site)
    assert order_of(lock, "nic") == ["management", "wan", "probe", "b", "a"]


@pytest.mark.parametrize(
    ("vm", "order"),
    [
        ({"disk": {"zeta": DISK, "data": DISK, "root": FILLED}}, ["root", "zeta", "data"]),
        ({"disk": {"zeta": DISK, "two": FILLED, "one": FILLED}}, ["two", "zeta", "one"]),
        ({"disk": {"zeta": DISK, "copy": CLONE, "root": FILLED}}, ["root", "zeta", "copy"]),
        ({"disk": {"zeta": DISK, "copy": CLONE}}, ["copy", "zeta"]),
        ({"disk": {"zeta": DISK, "data": DISK, "swap": RAM}}, ["zeta", "data", "swap"]),
        (
            {
                "disk": {"other": FILLED, "data": FILLED, "root": DISK},
                "firmware": {"kind": "bhyveload", "boot": "root"},
            },
            ["root", "other", "data"],
        ),
    ],
)
def test_the_disk_that_the_guest_boots_from_is_the_first(vm: dict[str, Any], order: list[str]) -> None:
    site = build_site({"web1": vm}, images={"golden": {"path": "/srv/golden.raw"}})
    assert order_of(lock_of(site), "disk") == order


def test_ports_and_controllers_follow_the_file_and_the_boot_disk() -> None:
    def on(controller: str) -> dict[str, Any]:
        return {**DISK, "bus": "ahci-hd", "controller": controller}

    vm = {
        "disk": {"zeta": on("second"), "data": on("main"), "root": {**on("main"), "image": "golden"}},
        "cd": {"tools": {"path": "/srv/a.iso", "controller": "main"}},
    }
    lock = lock_of(build_site({"web1": vm}, images={"golden": {"path": "/srv/golden.raw"}}))
    assert dict(lock.ports) == {
        "cd.tools": "main:0",
        "disk.root": "main:1",
        "disk.data": "main:2",
        "disk.zeta": "second:0",
    }
    assert order_of(lock, "controller") == ["main", "second"]


def test_devices_added_together_follow_the_file_behind_those_that_are_there() -> None:
    first = lock_of(build_site({"web1": {"nic": {"lan": NIC}}}))
    site = build_site({"web1": {"nic": {"zeta": NIC, "alpha": NIC, "lan": NIC}}})
    assert order_of(lock_of(site, {"web1": first}), "nic") == ["lan", "zeta", "alpha"]


def test_a_lock_of_the_order_of_names_stays_as_it_is() -> None:
    """As builds wrote it that gave the first addresses in the order of names."""
    site = build_site({"web1": {"nic": {"wan": NIC, "lan": NIC}, "disk": {"root": DISK, "data": DISK}}})
    slots = {"disk.data": "0:3:0", "disk.root": "0:4:0", "nic.lan": "0:5:0", "nic.wan": "0:6:0"}
    old = lock_of(site)._replace(slots=slots)
    assert allocate(site, {"web1": old}).locks["web1"] is old


DEVICES = [
    *(("disk", name, values) for name, values in (("root", FILLED), ("data", DISK), ("archive", DISK))),
    *(("nic", name, NIC) for name in ("wan", "lan", "trunk")),
    *(("cd", name, {"path": "/srv/a.iso"}) for name in ("tools", "drivers")),
    *(("disk", name, {**DISK, "bus": "ahci-hd", "controller": "main"}) for name in ("b", "a")),
]
LAYERS = ("defaults", "template.small", "template.large", "vm.web1")


def text_of(devices: Sequence[tuple[str, tuple[str, str, dict[str, Any]]]]) -> str:
    """A site whose VM has these devices, each defined in a layer."""
    head = (
        '[vm.web1]\nhost = "alpha"\nmemory = "1G"\ninherit = ["small", "large"]\n[template.small]\n[template.large]\n'
    )
    tables = (
        f"[{layer}.{kind}.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for layer, (kind, name, values) in devices
    )
    return SITE + head + "".join(tables)


@pytest.fixture(name="sites", scope="module")
def load_sites(tmp_path_factory: pytest.TempPathFactory) -> LoadSite:
    from conftest import write_files
    from hivewright.site.load import load
    from hivewright.source import find_project, read_site

    folder = tmp_path_factory.mktemp("orders")
    return lambda files: load(read_site(find_project(write_files(folder, files))))


@settings(max_examples=60)
@given(st.data())
def test_the_order_of_tables_decides_once(sites: LoadSite, data: st.DataObject) -> None:
    layers = data.draw(st.lists(st.sampled_from(LAYERS), min_size=len(DEVICES), max_size=len(DEVICES)))
    devices = [*zip(layers, DEVICES, strict=True)]
    first = data.draw(st.permutations(devices))
    lock = lock_of(sites({"site.toml": text_of(first)}).site)
    for kind in ("nic", "cd"):
        named = [(LAYERS.index(layer), device[1]) for layer, device in first if device[0] == kind]
        assert order_of(lock, kind) == [name for _, name in sorted(named, key=lambda each: each[0])]
    assert order_of(lock, "disk")[0] == "root"
    later = sites({"site.toml": text_of(data.draw(st.permutations(devices)))}).site
    assert lock_of(later, {"web1": lock}) is lock
