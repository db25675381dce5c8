"""Disks that are clones or logical units: what provisioning and a start are told, and what a host needs."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.model.storage_values import _portal
from hivewright.plan import HostPlan, VmPlan
from hivewright.rules import check_rules
from lowering import command_of, device, plan_of, steps

TARGET = "iqn.2026-01.net.example:vms"
SAN = {"kind": "iscsi", "portal": "192.0.2.5", "target": TARGET}
FAST = {"kind": "zfs", "dataset": "zroot/vms"}
IMAGES = {"golden": {"url": "https://images.example.net/golden.raw.xz", "sha256": "0" * 64}}
CLONE = {"storage": "fast", "size": "20G", "image": "golden", "clone_image": True}


def clone_of(disk: dict[str, Any], storage: dict[str, Any] | None = None, **image: str) -> tuple[str, ...]:
    """The call that makes a disk."""
    images = {"golden": {**IMAGES["golden"], **image}}
    plan = plan_of({"disk": {"root": disk}}, storages={"fast": {**FAST, **(storage or {})}}, images=images)
    (words,) = steps(plan, "clone")
    assert command_of(plan)
    return words


def san_plan(*disks: dict[str, Any], **storage: Any) -> VmPlan:
    named = {f"d{number}": {"storage": "san", **disk} for number, disk in enumerate(disks)}
    return plan_of({"disk": named}, storages={"san": {**SAN, **storage}})


def test_a_clone_of_an_image_says_how_the_volume_of_the_image_is_made() -> None:
    words = clone_of(CLONE, {"sparse": True, "properties": {"volblocksize": "64K", "compression": "lz4"}})
    assert words[:4] == ("clone", "root", "zroot/vms/web1/root", "21474836480")
    assert words[4].startswith("zroot/vms/Images/golden-")
    assert words[4].endswith("@whole")
    assert words[5:] == (
        *("image=golden", "+compression=lz4", "+volblocksize=64K", "+volmode=dev"),
        *("sparse", "compression=lz4", "volmode=dev"),
    )


@pytest.mark.parametrize(
    "other",
    [
        {"url": "https://images.example.net/golden-2.raw.xz"},
        {"sha256": "1" * 64},
        {"sha256": "none"},
        {"format": "qcow2"},
    ],
)
def test_another_version_of_an_image_is_another_volume(other: dict[str, Any]) -> None:
    assert clone_of(CLONE)[4] != clone_of(CLONE, **other)[4]


def test_blocks_of_another_size_are_another_volume_and_other_properties_are_not() -> None:
    origin = clone_of(CLONE)[4]
    assert clone_of(CLONE, {"properties": {"volblocksize": "64K"}})[4] != origin
    assert clone_of(CLONE, {"properties": {"compression": "zstd"}})[4] == origin
    assert clone_of({**CLONE, "size": "40G", "properties": {"compression": "off"}})[4] == origin


def test_the_longest_name_of_a_volume_and_its_snapshot_fit_zfs() -> None:
    disk, name = {**CLONE, "image": "i" * 31}, "z/" + "d" * 198
    images = {"i" * 31: IMAGES["golden"]}
    plan = plan_of({"disk": {"root": disk}}, storages={"fast": {"kind": "zfs", "dataset": name}}, images=images)
    (words,) = steps(plan, "clone")
    assert len(words[4]) <= 255
    assert len(words[4].partition("@")[0]) <= 250


OWN_BLOCKS = {"properties": {"volblocksize": "64K"}}


@pytest.mark.parametrize(
    ("disk", "storage", "made"),
    [
        ({}, {}, "volume"),
        ({}, {"clone_images": True}, "clone"),
        ({}, {"clone_images": False}, "volume"),
        ({"clone_image": False}, {"clone_images": True}, "volume"),
        ({"clone_image": True}, {"clone_images": False}, "clone"),
        (OWN_BLOCKS, {"clone_images": True}, "volume"),
        (OWN_BLOCKS, {"clone_images": True, **OWN_BLOCKS}, "clone"),
        ({"properties": {"compression": "off"}}, {"clone_images": True}, "clone"),
    ],
)
def test_a_disk_is_a_copy_or_a_clone_as_it_says_or_else_as_its_storage(
    disk: dict[str, Any], storage: dict[str, Any], made: str
) -> None:
    root = {"storage": "fast", "size": "20G", "image": "golden", **disk}
    plan = plan_of({"disk": {"root": root}}, storages={"fast": {**FAST, **storage}}, images=IMAGES)
    assert [verb for verb in ("volume", "clone") if steps(plan, verb)] == [made]


def test_a_storage_that_clones_images_makes_all_other_disks_as_before() -> None:
    disks = {"empty": {"storage": "fast", "size": "1G"}, "snap": {"storage": "fast", "size": "1G", "clone": "a/b@c"}}
    plans = [plan_of({"disk": disks}, storages={"fast": {**FAST, "clone_images": each}}) for each in (False, True)]
    assert steps(plans[0], "volume") == steps(plans[1], "volume")
    assert steps(plans[0], "clone") == steps(plans[1], "clone")
    assert len(steps(plans[0], "clone")) == 1


def test_a_clone_of_a_snapshot() -> None:
    words = clone_of({"storage": "fast", "size": "20G", "clone": "golden/root@v1"})
    assert words == (
        *("clone", "root", "zroot/vms/web1/root", "21474836480", "zroot/vms/golden/root@v1", "volmode=dev"),
    )


def test_a_logical_unit_is_a_link_that_a_start_makes() -> None:
    plan = san_plan({"lun": 0}, {"lun": 7, "readonly": True})
    assert device(plan, "disk.d0") == "virtio-blk,/var/run/hivewright/web1/disk-d0,ser=web1-d0"
    assert steps(plan, "lun") == [
        ("lun", "d0", "192.0.2.5", TARGET, "0", "rw"),
        ("lun", "d1", "192.0.2.5", TARGET, "7", "ro"),
    ]
    assert not steps(plan, "disk")
    assert not steps(plan, "volume")
    command_of(plan)


def test_who_the_host_is_comes_with_the_target_and_the_secret_by_its_name() -> None:
    chap = {"user": "vms", "secret": "san"}
    (words,) = steps(san_plan({"lun": 0}, initiator_name="iqn.2026-01.net.example:alpha", chap=chap), "lun")
    assert words[6:] == ("initiator=iqn.2026-01.net.example:alpha", "user=vms", "secret=san")


def hosts(*names: str) -> dict[str, HostPlan]:
    """Plans of alpha and beta, with a VM on each of the names that has a disk on iSCSI."""
    vms = {f"on-{name}": {"host": name, "disk": {"root": {"storage": "san", "lun": 0}}} for name in names}
    site = build_site(vms, hosts={name: {"freebsd": "14.3"} for name in ("alpha", "beta")}, storages={"san": SAN})
    return {plan.name: plan for plan in lower(site, allocate(site, {})).plans}


def test_a_host_with_such_guests_needs_the_module_and_the_daemon() -> None:
    plans = hosts("alpha")
    assert "iscsi" in plans["alpha"].modules
    assert [line.text for line in plans["alpha"].lines] == ['iscsid_enable="YES"']
    assert ("iscsi" in plans["beta"].modules, plans["beta"].lines) == (False, ())
    assert plans["alpha"].vms[0].disks[0].path == f"LUN 0 of {TARGET} at 192.0.2.5"


def faults(vms: dict[str, Any], **tables: Any) -> list[str]:
    return [each.code for each in check_rules(build_site(vms, **tables))]


def test_one_unit_for_two_guests_is_the_same_disk_on_whatever_hosts() -> None:
    both = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
    storages = {"san": SAN, "path2": {**SAN, "portal": "192.0.2.6"}}

    def two(second: dict[str, Any]) -> list[str]:
        vms = {
            "web1": {"hosts": ["alpha", "beta"], "disk": {"root": {"storage": "san", "lun": 0}}},
            "web2": {"host": "beta", "disk": {"root": second}},
        }
        return faults(vms, hosts=both, storages=storages)

    assert two({"storage": "san", "lun": 1}) == []
    assert two({"storage": "san", "lun": 0}) == ["STO009"]
    assert two({"storage": "path2", "lun": 0}) == ["STO009"]


def test_disks_in_memory_count_for_the_memory_of_a_host_and_not_for_what_is_wired() -> None:
    vm = {"memory": "2G", "machine": {"wired": True}, "disk": {"tmp": {"bus": "nvme", "ram": "1G"}}}
    sizes = {"7G": [], "6G": ["HOST004"], "3584M": ["HOST006"]}
    for memory, expected in sizes.items():
        host = {"alpha": {"freebsd": "14.3", "memory": memory, "reserve_memory": "512M"}}
        found = faults({"web1": vm, "web2": vm}, hosts=host)
        assert [code for code in found if code in expected] == expected, (memory, found)
        assert expected or not found


@pytest.mark.parametrize(
    ("text", "portal"),
    [
        ("192.0.2.5", "192.0.2.5"),
        ("192.0.2.5:3260", "192.0.2.5"),
        ("192.0.2.5:860", "192.0.2.5:860"),
        ("[2001:DB8:0::5]:3261", "[2001:db8::5]:3261"),
        ("[2001:db8::5]:03260", "[2001:db8::5]"),
    ],
)
def test_a_portal_is_always_written_alike(text: str, portal: str) -> None:
    assert _portal(text) == portal


@pytest.mark.parametrize(
    "text", ["", "san", "192.0.2.5:", "192.0.2.5:0", "192.0.2.5:65536", "2001:db8::5", "[192.0.2.5]", "[::1%em0]"]
)
def test_what_is_no_portal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a portal is written"):
        _portal(text)
