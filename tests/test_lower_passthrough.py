"""Passthrough devices: their ROM, and what the boot of the host needs for them."""

from __future__ import annotations

import pytest

from bhyve_grammar import parse_command
from builders import build_site
from hivewright.allocate import allocate
from hivewright.lower import lower
from hivewright.plan import HostPlan
from lowering import command_of, device, plan_of, steps, words_of

GPU = {"passthrough": {"gpu": {"device": "gpu0", "rom": "/srv/gpu0.rom"}}}


def test_rom_is_checked_before_bhyve_gets_it() -> None:
    plan = plan_of(GPU)
    command_of(plan)
    assert device(plan, "passthrough.gpu") == "passthru,2/0/0,rom=/srv/gpu0.rom"
    assert ("file", "ROM of gpu", "/srv/gpu0.rom") in steps(plan, "file")


def test_the_grammar_knows_since_when() -> None:
    with pytest.raises(ValueError, match="rom and bootindex since"):
        parse_command([*words_of(plan_of(GPU)), "web1"], "13.5", "amd64")


def host_of(**host: str) -> HostPlan:
    alpha = {"freebsd": "14.3", "device": {"gpu0": {"pci": "2/0/0"}}, **host}
    site = build_site({"web1": GPU}, hosts={"alpha": alpha})
    return lower(site, allocate(site, {})).plans[0]


@pytest.mark.parametrize(("iommu", "expected"), [("amd", True), ("intel", False)])
def test_iommu_of_amd_is_switched_on(iommu: str, expected: bool) -> None:
    plan = host_of(iommu=iommu)
    assert any(setting.name == "hw.vmm.amdvi.enable" for setting in plan.loader) is expected
    assert not any("hw.vmm.amdvi.enable" in note for note in plan.notes)


def test_an_unknown_iommu_is_a_note() -> None:
    plan = host_of()
    assert not any(setting.name == "hw.vmm.amdvi.enable" for setting in plan.loader)
    assert any("hw.vmm.amdvi.enable" in note for note in plan.notes)
