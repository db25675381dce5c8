"""The example site: each of its guests gets a command that bhyve of each of its hosts takes."""

from __future__ import annotations

import pytest

from bhyve_grammar import parse_command
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.lower.origins import origins
from hivewright.plan import HostPlan
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT


@pytest.fixture(scope="module")
def plans() -> tuple[HostPlan, ...]:
    site = load(read_site(find_project(CHECKOUT))).site
    assert site is not None
    allocation = allocate(site, {})
    lowered = lower(site, allocation)
    assert (allocation.diagnostics, lowered.diagnostics) == ((), ())
    assert all(origins(site, vm) for plan in lowered.plans for vm in plan.vms)
    return lowered.plans


def test_bhyve_takes_every_command(plans: tuple[HostPlan, ...]) -> None:
    for plan in plans:
        for vm in plan.vms:
            words = [word for option in vm.options for word in option.words]
            command = parse_command([*words, vm.name], plan.freebsd, plan.arch, bool(vm.loader))
            assert (command.cpus, len(command.macs)) == (vm.cpus, len([nic for nic in vm.nics if nic.network]))
    assert {plan.arch for plan in plans} == {"amd64", "arm64"}


def test_numbers_are_unique_on_each_host(plans: tuple[HostPlan, ...]) -> None:
    for plan in plans:
        taps = [nic.tap for vm in plan.vms for nic in vm.nics]
        consoles = [device for vm in plan.vms for _, device in vm.consoles]
        screens = [vm.vnc for vm in plan.vms if vm.vnc]
        for numbers in (taps, consoles, screens):
            assert len(set(numbers)) == len(numbers)
