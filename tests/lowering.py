"""Plans of one guest, and what tests look at in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bhyve_grammar import parse_command
from bhyve_words import Command
from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.plan import VmPlan

NIC = {"network": "lan"}
DISK = {"storage": "fast", "size": "20G"}
VARIABLES = "/var/db/hivewright/web1/vars.fd"
FIRMWARE = "/usr/local/share/uefi-firmware"


def plan_of(vm: Mapping[str, Any], host: Mapping[str, Any] | None = None, **tables: Any) -> VmPlan:
    """The plan of a VM web1 on a host alpha."""
    alpha = {"freebsd": "14.3", "device": {"gpu0": {"pci": "2/0/0"}}, **(host or {})}
    site = build_site({"web1": vm}, hosts={"alpha": alpha}, **tables)
    allocation = allocate(site, {})
    lowered = lower(site, allocation)
    assert (allocation.diagnostics, lowered.diagnostics) == ((), ())
    return lowered.plans[0].vms[0]


def words_of(plan: VmPlan) -> list[str]:
    return [word for option in plan.options for word in option.words]


def command_of(plan: VmPlan, release: str = "14.3", arch: str = "amd64") -> Command:
    return parse_command([*words_of(plan), plan.name], release, arch, bool(plan.loader))


def device(plan: VmPlan, label: str) -> str:
    """What follows the address of a device."""
    (option,) = (option for option in plan.options if option.label == label)
    return option.words[1].partition(",")[2]


def steps(plan: VmPlan, verb: str = "") -> list[tuple[str, ...]]:
    return [(step.verb, *step.words) for step in (*plan.prepare, *plan.provision) if verb in ("", step.verb)]
