"""Passthrough devices: their ROM, when they are taken, virtual functions, and what the host's boot needs for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bhyve_grammar import parse_command
from builders import build_site
from hivewright.allocation.allocate import allocate
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
    with pytest.raises(ValueError, match="rom since"):
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


START = {"device": {"gpu0": {"pci": "2/0/0", "bind": "start"}}}
IX0 = {"sriov": {"ix0": {"vfs": 4, "vf": {"1": {"vlan": 7, "options": {"num-queues": "4"}}}}}}
WAN = {"nic": {"wan": {"vf": "ix0:1", "ipv4": "192.0.2.10/24"}}}


def host_with(vm: Mapping[str, Any], host: Mapping[str, Any]) -> HostPlan:
    site = build_site({"web1": vm}, hosts={"alpha": {"freebsd": "14.3", **host}})
    lowered = lower(site, allocate(site, {}))
    assert not lowered.diagnostics
    return lowered.plans[0]


def test_a_device_that_is_bound_at_start_is_not_reserved() -> None:
    host = host_with({**GPU, "nic": {"lan": {"network": "lan"}}, "hooks": {}}, START)
    assert not any(setting.name.startswith("pptdevs") for setting in host.loader)
    assert any(setting.name == "vmm_load" for setting in host.loader)
    plan = host.vms[0]
    assert [step.verb for step in plan.prepare][-2:] == ["bind", "tap"]
    assert steps(plan, "bind") == [("bind", "gpu", "2/0/0")]
    assert steps(plan, "passthrough") == []
    assert device(plan, "passthrough.gpu") == "passthru,2/0/0,rom=/srv/gpu0.rom"
    assert plan.passthrough == (("gpu", "2/0/0, bound at each start"),)


def test_devd_would_tell_of_our_own_binding_only() -> None:
    """Without devices that come to ppt(4) by themselves nobody waits for one."""
    assert not any(rule.kind == "attach" for rule in host_with(GPU, START).devd)
    assert any(rule.kind == "attach" for rule in host_with(WAN, IX0).devd)


def test_a_function_as_nic_has_no_tap_and_no_network() -> None:
    host = host_with(WAN, IX0)
    plan = host.vms[0]
    command = command_of(plan)
    assert "S" in command.flags
    assert device(plan, "nic.wan") == "passthru"
    assert steps(plan, "vf") == [("vf", "nic.wan", "ix0", "1", "pci.0.3.0")]
    assert steps(plan, "tap") == []
    assert words_of(plan)[-2:] == ["-k", "/var/run/hivewright/web1/devices"]
    assert host.networks == ()
    assert host.modules == ("vmm", "nmdm")


def test_a_function_needs_no_pptdevs() -> None:
    host = host_with(WAN, {**IX0, "iommu": "amd"})
    names = {setting.name for setting in host.loader}
    assert "pptdevs" not in names
    assert "hw.vmm.amdvi.enable" in names


def test_a_rom_of_a_function_comes_behind_all_devices() -> None:
    plan = host_with({"passthrough": {"boot": {"vf": "ix0:0", "rom": "/srv/ix.rom"}}}, IX0).vms[0]
    command_of(plan)
    words = ["-o", "pci.0.3.0.rom=/srv/ix.rom"]
    assert words_of(plan)[-4:] == [*words, "-k", "/var/run/hivewright/web1/devices"]


def test_the_grammar_wants_to_know_which_device() -> None:
    words = words_of(host_with(WAN, IX0).vms[0])[:-2]
    with pytest.raises(ValueError, match="nobody says which"):
        parse_command([*words, "web1"], "14.3", "amd64")


def test_the_other_name_of_a_device_is_for_pciconf() -> None:
    host = {"sriov": {"cc0": {"vfs": 1, "pci_name": "t6iov0"}}}
    plan = host_with({"passthrough": {"crypto": {"vf": "cc0:0"}}}, host).vms[0]
    assert steps(plan, "vf") == [("vf", "crypto", "cc0", "0", "pci.0.3.0", "t6iov0")]


def test_iovctl_gets_the_address_of_the_nic() -> None:
    site = build_site({"web1": WAN}, hosts={"alpha": {"freebsd": "14.3", **IX0}})
    allocation = allocate(site, {})
    (plan,) = lower(site, allocation).plans[0].iov
    assert allocation.locks["web1"].taps == {}
    assert [(section.name, dict(section.settings)) for section in plan.sections] == [
        ("PF", {"device": "ix0", "num_vfs": 4}),
        ("DEFAULT", {"passthrough": False}),
        (
            "VF-1",
            {"passthrough": True, "mac-addr": allocation.locks["web1"].macs["wan"], "vlan": 7, "num-queues": 4},
        ),
    ]


def test_a_device_without_guests_still_makes_its_functions() -> None:
    host = host_with({}, IX0)
    assert [section.name for section in host.iov[0].sections] == ["PF", "DEFAULT", "VF-1"]
    (setting,) = host.rc
    assert (setting.service, setting.name, setting.append) == ("iovctl", "iovctl_files", True)
    assert setting.value == "/usr/local/etc/hivewright/iovctl/ix0.conf"


def test_an_address_of_a_function_is_not_given_to_a_nic() -> None:
    hosts: dict[str, Any] = {"alpha": {"freebsd": "14.3"}}
    vms = {"web1": {"nic": {"lan": {"network": "lan"}}}}
    mac = allocate(build_site(vms, hosts=hosts), {}).locks["web1"].macs["lan"]
    hosts["alpha"]["sriov"] = {"ix0": {"vfs": 1, "vf": {"0": {"mac": mac}}}}
    taken = allocate(build_site(vms, hosts=hosts), {})
    assert not taken.diagnostics
    assert taken.locks["web1"].macs["lan"] != mac
    locked = allocate(build_site(vms, hosts={"alpha": {"freebsd": "14.3"}}), {}).locks
    (fault,) = allocate(build_site(vms, hosts=hosts), locked).diagnostics
    assert fault.code == "LOCK005"
