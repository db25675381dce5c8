"""Buses of disks and their options, and AHCI controllers with several ports."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock import read_lock, write_lock
from hivewright.lower import lower
from lowering import DISK, command_of, device, plan_of, steps, words_of

NVME = {"queues": 4, "queue_size": 512, "io_slots": 32, "eui64": "589cfc0000000001", "dataset_management": "enable"}
SATA = {"bus": "ahci-hd", "controller": "main"}


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        ({"path": "/dev/da1", "trim": False}, "virtio-blk,/dev/da1,nodelete,ser=web1-data"),
        ({"path": "/dev/da1", "boot_index": 0}, "virtio-blk,/dev/da1,bootindex=0,ser=web1-data"),
        (
            {"path": "/dev/da1", "bus": "nvme", "nvme": NVME},
            "nvme,/dev/da1,maxq=4,qsz=512,ioslots=32,dsm=enable,eui64=0x589cfc0000000001,ser=web1-data",
        ),
        ({"bus": "nvme", "ram": "1G", "sector_size": "512"}, "nvme,ram=1024,sectsz=512,ser=web1-data"),
        (
            {"path": "/dev/da1", "bus": "ahci-hd", "model": "Old Disk", "revision": "1.0", "rotation_rate": 1},
            "ahci-hd,/dev/da1,ser=web1-data,model=Old Disk,rev=1.0,nmrr=1",
        ),
        ({"path": "/dev/cam/ctl", "bus": "virtio-scsi"}, "virtio-scsi,/dev/cam/ctl"),
        ({"path": "/dev/cam/ctl2.1", "bus": "virtio-scsi", "initiator": 3}, "virtio-scsi,/dev/cam/ctl2.1,iid=3"),
    ],
)
def test_options(disk: dict[str, Any], expected: str) -> None:
    plan = plan_of({"disk": {"data": disk}})
    assert device(plan, "disk.data") == expected
    command_of(plan)


def test_a_disk_in_memory_is_neither_made_nor_looked_for() -> None:
    plan = plan_of({"disk": {"data": {"bus": "nvme", "ram": "1G"}}})
    assert not [step for step in steps(plan) if "data" in step]
    assert [(disk.path, disk.size) for disk in plan.disks] == [("memory", 2**30)]


def test_virtio_scsi_needs_ctl() -> None:
    site = build_site({"web1": {"disk": {"data": {"path": "/dev/cam/ctl", "bus": "virtio-scsi"}}}})
    assert "ctl" in lower(site, allocate(site, {})).plans[0].modules


def test_the_boot_order_is_shown_to_the_firmware_once() -> None:
    plan = plan_of({"disk": {"root": {**DISK, "boot_index": 2}}, "cd": {"a": {"path": "/srv/a.iso", "boot_index": 1}}})
    assert words_of(plan).count("lpc.fwcfg=qemu") == 1
    assert device(plan, "cd.a") == "ahci-cd,/srv/a.iso,ro,bootindex=1"
    command_of(plan)


def test_a_port_of_a_controller_stays_when_another_goes() -> None:
    disks = {name: {**SATA, "path": f"/dev/{name}"} for name in ("da1", "da2")}
    tools = {"tools": {"path": "/srv/tools.iso", "controller": "main"}}
    site = build_site({"web1": {"disk": disks, "cd": tools}})
    allocation = allocate(site, {})
    assert allocation.locks["web1"].ports == {"cd.tools": "main:0", "disk.da1": "main:1", "disk.da2": "main:2"}
    plan = lower(site, allocation).plans[0].vms[0]
    words = "ahci,cd:/srv/tools.iso,ro,hd:/dev/da1,ser=web1-da1,hd:/dev/da2,ser=web1-da2"
    assert device(plan, "controller.main") == words
    assert read_lock(write_lock("web1", allocation.locks["web1"]), "web1") == allocation.locks["web1"]
    command_of(plan)
    fewer = build_site({"web1": {"disk": {"da0": {**SATA, "path": "/dev/da0"}, "da2": disks["da2"]}}})
    plan = lower(fewer, allocate(fewer, allocation.locks)).plans[0].vms[0]
    words = "ahci,hd:,hd:,hd:/dev/da2,ser=web1-da2,hd:/dev/da0,ser=web1-da0"
    assert device(plan, "controller.main") == words
    command_of(plan)
