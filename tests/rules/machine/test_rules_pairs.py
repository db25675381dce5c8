"""What stays behind when a guest moves is known before, and so is what a copy would lack."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.site import Site
from rule_checks import codes, found

FAST = {"fast": {"kind": "zfs", "dataset": "zroot/vms"}, "files": {"kind": "directory", "path": "/srv/vms"}}
SAVES = {"capabilities": ["snapshot"]}


def pair(vm: dict[str, Any], home: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> Site:
    hosts = {"alpha": {"freebsd": "14.3", **(home or {})}, "beta": {"freebsd": "14.3", **(other or {})}}
    return build_site({"web1": {"hosts": ["alpha", "beta"], **vm}}, hosts=hosts, storages=FAST)


def disk(**keys: Any) -> dict[str, Any]:
    return {"disk": {"root": {"storage": "fast", "size": "1G", **keys}}}


def test_what_saves_guests_on_one_host_alone_is_told_only_where_memory_could_come_along() -> None:
    assert "capability snapshot" in found(pair(disk(), SAVES), "VM114").message
    assert codes(pair(disk(), None, SAVES)) == []
    assert codes(pair(disk(bus="nvme"), SAVES)) == []
    assert codes(pair({**disk(), "owner_check": False}, SAVES)) == []


@pytest.mark.parametrize(
    ("home", "other", "why"),
    [
        ({}, {"freebsd": "14.2"}, "14.2"),
        ({"iommu": "intel"}, {"iommu": "amd"}, "amd"),
        ({}, {"storage": {"fast": {"dataset": "tank/vms"}}}, "fast lies elsewhere"),
    ],
)
def test_hosts_that_both_save_guests_and_are_not_alike(home: Any, other: Any, why: str) -> None:
    assert why in found(pair(disk(), {**SAVES, **home}, {**SAVES, **other}), "VM114").message


@pytest.mark.parametrize(
    ("path", "told"), [("/dev/ada1", ["STO028"]), ("/dev/zvol/zroot/x", ["STO028"]), ("/dev/da3", []), ("/net/x", [])]
)
def test_disks_of_one_host_by_a_path(path: str, told: list[str]) -> None:
    assert codes(pair({"disk": {"root": {"path": path}}})) == told
    assert codes(pair({"disk": {"root": {"path": path}}, "owner_check": False})) == []


def test_a_copy_has_all_disks() -> None:
    copied = {"replicate": {"to": "beta"}}
    assert codes(pair({**disk(), **copied})) == []
    for data in ({"storage": "files", "size": "1G"}, {"path": "/net/data"}):
        disks = {"disk": {**disk()["disk"], "data": data}}
        assert "its disk data" in found(pair({**disks, **copied}), "VM110").message
    both = {"disk": {**disk()["disk"], "cd": {"path": "/net/cd", "readonly": True}}}
    assert codes(pair({**both, **copied})) == []
