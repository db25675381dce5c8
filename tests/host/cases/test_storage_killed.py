"""Disks that are made while what makes them is killed are made by the next start, whole and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from host.campaigns.test_killed import is_gone_after_stop, killed_at_each_step, report, works_again
from host.golden_image import CONTENT, URLS
from host.play import Play
from host.san import TARGETS, secret
from host.sandbox import Host
from host.scenario import SCENARIOS

GIGABYTE = 1 << 30
LARGER = GIGABYTE * 3 // 2
DESTROY = (
    "for kind in volume snapshot volume; do for name in $(zfs list -H -o name -t $kind); do"
    " zfs destroy $name; done; done 2>/dev/null;"
)
FORGET = (
    f"{DESTROY} rm -rf /var/cache/hivewright /var/db/hivewright /var/run/hivewright/host.made;"
    " mkdir /var/db/hivewright; "
)
SOURCE = "zfs create -p -V 1G zroot/vms/copy1/root; zfs snapshot zroot/vms/copy1/root@v1;"
MADE = {
    "copy1": [f"volume zroot/vms/copy1/root {GIGABYTE} {CONTENT}"],
    "clone1": [
        f"volume zroot/vms/Images/golden-d108ad87 32768 {CONTENT}",
        "snapshot zroot/vms/Images/golden-d108ad87@whole 32768",
        f"volume zroot/vms/clone1/root {GIGABYTE} {CONTENT} clone of zroot/vms/Images/golden-d108ad87@whole",
    ],
    "snap1": [
        f"volume zroot/vms/copy1/root {GIGABYTE} nothing",
        f"snapshot zroot/vms/copy1/root@v1 {GIGABYTE}",
        f"volume zroot/vms/snap1/data {GIGABYTE} nothing clone of zroot/vms/copy1/root@v1",
        f"volume zroot/vms/snap1/root {LARGER} nothing clone of zroot/vms/copy1/root@v1",
    ],
    "san1": [],
}
"""Guest -> the volumes and snapshots that are there in the end."""

CASES = [*((vm, "supervisor-and-daemon") for vm in MADE), ("clone1", "all"), ("san1", "supervisor")]
"""Who is killed while which disks are made; each takes twenty seconds."""


def storage_host(vm: str, open_site: Callable[..., Host]) -> tuple[Host, Callable[[], None]]:
    """A host, and what makes it forget all disks."""
    site = SCENARIOS / ("iscsi" if vm == "san1" else "storage")
    host = open_site(site, "alpha", "dash", urls=URLS, targets=TARGETS)
    secret(Play(host))
    host.run("mkdir", "-p", "/var/run/hivewright")
    script = FORGET + (SOURCE if vm == "snap1" else "true")

    def forget() -> None:
        assert host.run("/bin/sh", "-c", script).status == 0
        host.advance(5)

    return host, forget


def is_whole(host: Host, vm: str, step: int) -> None:
    """The disks are what they should be, and nothing counts as unfinished."""
    found = [line for line in host.state() if line.startswith(("volume ", "snapshot "))]
    assert found == MADE[vm], f"killed at step {step}: {found}\n{report(host)}"
    filling = host.path(f"/var/db/hivewright/{vm}/filling")
    assert not filling.exists() or not filling.read_text(), f"killed at step {step}\n{report(host)}"


@pytest.mark.parametrize(("vm", "victims"), CASES)
def test_a_killed_first_start_can_be_done_again(vm: str, victims: str, open_site: Callable[..., Host]) -> None:
    host, forget = storage_host(vm, open_site)
    for step in killed_at_each_step(host, "start", victims, forget, vm):
        works_again(host, step, vm)
        is_whole(host, vm, step)


@pytest.mark.slow
@pytest.mark.parametrize("victims", ["supervisor-and-daemon", "all"])
def test_a_killed_start_or_stop_leaves_no_session(victims: str, open_site: Callable[..., Host]) -> None:
    host, forget = storage_host("san1", open_site)

    def started() -> None:
        outcome: Any = host.run("/usr/local/sbin/hivectl", "start", "san1")
        assert outcome.status == 0, f"{outcome}\n{report(host)}"

    for step in killed_at_each_step(host, "start", victims, forget, "san1"):
        is_gone_after_stop(host, step, "san1")
    for step in killed_at_each_step(host, "stop", victims, started, "san1"):
        is_gone_after_stop(host, step, "san1")
        works_again(host, step, "san1")
