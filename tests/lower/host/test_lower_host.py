"""What a host gets beside its guests: modules, loader settings, devd rules, networks, and advice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower, lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.plan import DevdRule, HostPlan

NIC = {"network": "lan"}


def host_plan(vms: Mapping[str, Any], host: Mapping[str, Any] | None = None, **tables: Any) -> HostPlan:
    site = build_site(vms, hosts={"alpha": {"freebsd": "14.3", **(host or {})}}, **tables)
    lowered = lower(site, allocate(site, {}))
    assert lowered.diagnostics == ()
    return lowered.plans[0]


def loader(plan: HostPlan) -> dict[str, str]:
    return {setting.name: setting.value for setting in plan.loader}


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression of devd.conf(5) matches: anchored at both ends, negated by a leading !."""
    negated = pattern.startswith("!")
    return (re.fullmatch(pattern.removeprefix("!"), text) is not None) != negated


def winner(plan: HostPlan, event: Mapping[str, str]) -> DevdRule | None:
    """The rule that devd(8) runs for an event: of those that match the one with the highest priority."""
    fitting = [
        rule
        for rule in plan.devd
        if rule.kind == "notify" and all(matches(pattern, event.get(name, "")) for name, pattern in rule.matches)
    ]
    return max(fitting, key=lambda rule: rule.priority, default=None)


def test_a_host_without_guests_gets_nothing() -> None:
    plan = host_plan({})
    assert (plan.modules, plan.loader, plan.devd, plan.networks, plan.admin, plan.notes) == ((), (), (), (), (), ())


def test_an_nmdm_of_ones_own_needs_its_module() -> None:
    for device, modules in (("/dev/nmdm5B", ("vmm", "nmdm")), ("/dev/cuau0", ("vmm",))):
        assert host_plan({"web1": {"serial": {"com1": {"kind": "device", "device": device}}}}).modules == modules


def test_only_modules_that_are_needed_are_loaded() -> None:
    plan = host_plan({"web1": {}})
    assert plan.modules == ("vmm", "nmdm")
    assert loader(plan) == {"vmm_load": "YES", "nmdm_load": "YES"}
    plan = host_plan({"web1": {"nic": {"lan": NIC}}})
    assert plan.modules == ("vmm", "nmdm", "bridgestp", "if_bridge", "if_tuntap")
    assert list(loader(plan)) == ["vmm_load", "nmdm_load", "bridgestp_load", "if_bridge_load"]


def test_passthrough_devices_are_reserved_in_numerical_order() -> None:
    devices = {name: {"pci": pci} for name, pci in (("a", "10/0/0"), ("b", "2/0/1"), ("c", "2/0/0"), ("d", "9/0/0"))}
    vm = {"passthrough": {name: {"device": name} for name in "abc"}}
    plan = host_plan({"web1": vm}, {"device": devices})
    assert loader(plan)["pptdevs"] == "2/0/0 2/0/1 10/0/0"
    assert any("hw.vmm.amdvi.enable" in note for note in plan.notes)


def test_long_lists_of_devices_go_on_in_further_variables() -> None:
    devices = {f"d{number}": {"pci": f"2{number:02}/0/0"} for number in range(49)}
    used = dict(list(devices.items())[:40])
    plan = host_plan({"web1": {"passthrough": {name: {"device": name} for name in used}}}, {"device": devices})
    values = [value for name, value in loader(plan).items() if name.startswith("pptdevs")]
    assert [name for name in loader(plan) if name.startswith("pptdevs")] == ["pptdevs", "pptdevs2", "pptdevs3"]
    assert all(len(value) <= 128 for value in values)
    assert " ".join(values).split() == [device["pci"] for device in used.values()]
    site = build_site(
        {"web1": {"passthrough": {name: {"device": name} for name in devices}}},
        hosts={"alpha": {"freebsd": "14.3", "device": devices}},
    )
    assert [diagnostic.code for diagnostic in lower(site, allocate(site, {})).diagnostics] == ["BHYVE001"]


@pytest.mark.parametrize(
    ("timeout", "settings"),
    [
        (90, {}),
        (91, {"rcshutdown_timeout": "101"}),
        (110, {"rcshutdown_timeout": "120"}),
        (111, {"rcshutdown_timeout": "121", "kern.init_shutdown_timeout": "131"}),
        (300, {"rcshutdown_timeout": "310", "kern.init_shutdown_timeout": "320"}),
    ],
)
def test_long_shutdowns_need_settings_of_the_system(timeout: int, settings: dict[str, str]) -> None:
    plan = host_plan({"web1": {}}, {"shutdown_timeout": timeout})
    found = {setting.name: setting.value for setting in plan.admin}
    found |= {setting.name: str(setting.value) for setting in plan.kernel}
    assert found == settings
    assert all(setting.verb == "raise" for setting in plan.kernel)


def test_networks_in_use_are_planned() -> None:
    networks = {
        "lan": {"kind": "bridge", "mtu": 9000},
        "dmz": {"kind": "manual", "bridge": "bridge7"},
        "spare": {"kind": "bridge"},
    }
    vm = {"nic": {"a": {"network": "lan"}, "b": {"network": "dmz"}, "c": {"network": "lan"}}}
    plan = host_plan({"web1": vm}, {"network": {"lan": {"uplink": "ix0"}}}, networks=networks)
    assert [(step.verb, *step.words) for network in plan.networks for step in network.steps] == [
        ("network", "dmz", "manual", "bridge7", "1500", "none"),
        ("network", "lan", "bridge", "br-lan", "9000", "ix0"),
    ]
    assert plan.networks[1].source == "networks.toml [network.lan]"


def test_guests_are_in_start_order() -> None:
    vms = {"c": {"order": 10}, "a": {"after": ["b"]}, "b": {"after": ["c"]}, "d": {}}
    order = [(vm.order, vm.depth, vm.name) for vm in host_plan(vms).vms]
    assert order == [(10, 0, "c"), (50, 0, "b"), (50, 0, "d"), (50, 1, "a")]


def test_devd_sees_the_contexts_of_our_guests_only() -> None:
    plan = host_plan({"web1": {}, "db-1": {}})
    event = {"system": "DEVFS", "subsystem": "CDEV", "type": "CREATE", "cdev": "vmm/web1"}
    created, destroyed = winner(plan, event), winner(plan, {**event, "type": "DESTROY", "cdev": "vmm/db-1"})
    assert created is not None
    assert destroyed is not None
    assert "event context-created $cdev " in created.action
    assert "event context-destroyed $cdev " in destroyed.action
    for cdev in ("vmm/web11", "vmm/other", "vmm.io/web1.bootrom", "web1"):
        assert winner(plan, {**event, "cdev": cdev}) is None


def uplink_rule(uplink: str, interface: str, kind: str = "ATTACH") -> DevdRule | None:
    networks = {"lan": {"kind": "bridge", "uplink": uplink}}
    plan = host_plan({"web1": {"nic": {"lan": NIC}}}, networks=networks)
    return winner(plan, {"system": "IFNET", "subsystem": interface, "type": kind})


@pytest.mark.parametrize(
    ("uplink", "interface"), [("ix0", "ix0"), ("auto", "ix0"), ("auto", "igb3"), ("ix0.7", "ix0.7")]
)
def test_an_uplink_that_comes_back_is_configured_and_reported(uplink: str, interface: str) -> None:
    rule = uplink_rule(uplink, interface)
    assert rule is not None
    system, _, ours = rule.action.partition("; ")
    assert system == "/etc/pccard_ether $subsystem start"
    assert ours.startswith("/usr/local/sbin/hivectl event uplink $subsystem ")


@pytest.mark.parametrize(
    ("uplink", "interface", "kind"),
    [
        ("ix0", "ix1", "ATTACH"),
        ("ix0", "ix0", "LINK_UP"),
        ("ix0.7", "ix0x7", "ATTACH"),
        ("none", "ix0", "ATTACH"),
        *(("auto", name, "ATTACH") for name in ("tap-web1-lan", "br-lan", "bridge0", "wlan0", "usbus1", "lo1")),
    ],
)
def test_other_interfaces_are_left_to_the_system(uplink: str, interface: str, kind: str) -> None:
    assert uplink_rule(uplink, interface, kind) is None


def test_passthrough_devices_that_arrive_are_reported() -> None:
    vm = {"passthrough": {"gpu": {"device": "gpu0"}}}
    plan = host_plan({"web1": vm}, {"device": {"gpu0": {"pci": "2/0/0"}}})
    (rule,) = [rule for rule in plan.devd if rule.kind == "attach"]
    assert rule.matches == (("device-name", "ppt[0-9]+"),)
    assert "event passthrough $device-name " in rule.action


def test_devd_can_read_every_string() -> None:
    devices = {"device": {"gpu0": {"pci": "2/0/0"}}}
    networks = {"lan": {"kind": "bridge", "uplink": "auto"}, "dmz": {"kind": "bridge", "uplink": "ix1"}}
    vm = {"passthrough": {"gpu": {"device": "gpu0"}}, "nic": {"a": NIC, "b": {"network": "dmz"}}}
    plan = host_plan({"web1": vm}, devices, networks=networks)
    assert len(plan.devd) == 7
    for rule in plan.devd:
        for text in (rule.action, *(text for match in rule.matches for text in match)):
            assert text
            assert '"' not in text
            assert "\\" not in text
        assert rule.action.endswith("&")
        assert not re.search(r"['\"]\$", rule.action)
        assert rule.reason


@pytest.mark.parametrize(("release", "count"), [("14.3", 0), ("15.0", 1)])
def test_addresses_of_bridge_members_are_mentioned_where_they_are_refused(release: str, count: int) -> None:
    plan = host_plan({"web1": {"nic": {"lan": NIC}}}, {"freebsd": release})
    assert sum("refuses a bridge member" in note for note in plan.notes) == count


def test_one_host_at_a_time_gives_the_same_plans() -> None:
    hosts = {"alpha": {"freebsd": "14.3"}, "beta": {"freebsd": "15.0"}}
    site = build_site({"web1": {"hosts": ["alpha", "beta"], "cloud_init": True}, "db1": {"host": "beta"}}, hosts=hosts)
    allocation = allocate(site, {})
    assert (
        tuple(lower_host(site, allocation, host, SeedWriter()).plans[0] for host in hosts)
        == lower(site, allocation).plans
    )
