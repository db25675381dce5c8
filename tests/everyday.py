"""The tests on the stand-in host that run every day: one of each kind of thing. Each takes up to a second."""

from __future__ import annotations

import pytest

PREFIX = "test_host_"

_SCENARIOS = {
    "scenarios": "already-running bhyve-refuses crash-and-limit disk-volume-leaves first-start guest-powers-off "
    "guest-reboots hook-fails host-rebooted image-to-volume loader-each-run missing-pool orphan-adopted restart "
    "second-start service-start-and-shutdown stop-by-force stop-in-time two-starts-at-once uplink-auto",
    "debug": "stub-listens window-for-a-console",
    "devices": "directories-are-shared limits-are-set password-from-a-file sockets-are-removed",
    "passthrough": "device-bound-and-given-back functions-are-found",
    "storage": "disk-copy disk-thin image-cloned iscsi-shared-session snapshot-cloned",
}
"""Module -> its scenarios, each in dash."""

_OTHERS = (
    "budget::test_a_cycle_takes_ten_commands",
    "changes::test_a_change_while_the_guest_runs_is_shown",
    "kill::test_a_killed_start_can_be_done_again[standin-dash-supervisor-and-daemon]",
    "networks::test_network_of_a_kind[nat-dash]",
    "races::test_one_guest_whatever_the_order[0-all]",
    "settings::test_the_service_raises_a_variable_before_guests_start[dash]",
    "tpm::test_swtpm_runs_beside_each_run_of_bhyve",
)

EVERYDAY = frozenset(
    {
        *_OTHERS,
        *(f"{name}::test_scenario[{each}-dash]" for name, listed in _SCENARIOS.items() for each in listed.split()),
    }
)


def is_everyday(item: pytest.Item) -> bool:
    """Whether a test runs every day: all but those on the stand-in host that are not listed here."""
    module = item.path.stem
    if not module.startswith(PREFIX) or module == f"{PREFIX}standins":
        return True
    return f"{module.removeprefix(PREFIX)}::{item.name}" in EVERYDAY
