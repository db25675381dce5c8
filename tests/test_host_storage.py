"""Every kind of disk on the stand-in host; see test_host_scenarios."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.build import SITE
from host.play import Play, Scenario
from host.sandbox import SHELLS, Host
from host.scenarios_storage import CONTENT, GIGABYTE, LARGER, SAN, SCENARIOS, SERVED, secret
from test_host_kill import is_gone_after_stop, killed_at_each_step, report, works_again
from test_host_scenarios import EVERYDAY, GOLDEN


@pytest.fixture
def open_storage_host(open_site: Callable[..., Host]) -> Callable[..., Host]:
    """Opens the host of tests/sites/storage."""
    return partial(open_site, SITE.parent / "storage", "alpha")


@pytest.mark.parametrize(
    ("scenario", "shell"),
    [
        pytest.param(each, shell, id=f"{each.name}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow])
        for each in SCENARIOS
        for shell in SHELLS
    ],
)
def test_scenario(scenario: Scenario, shell: str, open_storage_host: Callable[..., Host], snapshot: Snapshot) -> None:
    play = Play(open_storage_host(shell, **scenario.settings))
    scenario.play(play)
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), f"{scenario.name}.txt")


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


def storage_host(vm: str, open_storage_host: Callable[..., Host]) -> tuple[Host, Callable[[], None]]:
    """A host, and what makes it forget all disks."""
    host = open_storage_host("dash", **SERVED, **SAN)
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
def test_a_killed_first_start_can_be_done_again(vm: str, victims: str, open_storage_host: Callable[..., Host]) -> None:
    host, forget = storage_host(vm, open_storage_host)
    for step in killed_at_each_step(host, "start", victims, forget, vm):
        works_again(host, step, vm)
        is_whole(host, vm, step)


@pytest.mark.slow
@pytest.mark.parametrize("victims", ["supervisor-and-daemon", "all"])
def test_a_killed_start_or_stop_leaves_no_session(victims: str, open_storage_host: Callable[..., Host]) -> None:
    host, forget = storage_host("san1", open_storage_host)

    def started() -> None:
        outcome: Any = host.run("/usr/local/sbin/hivectl", "start", "san1")
        assert outcome.status == 0, f"{outcome}\n{report(host)}"

    for step in killed_at_each_step(host, "start", victims, forget, "san1"):
        is_gone_after_stop(host, step, "san1")
    for step in killed_at_each_step(host, "stop", victims, started, "san1"):
        is_gone_after_stop(host, step, "san1")
        works_again(host, step, "san1")
