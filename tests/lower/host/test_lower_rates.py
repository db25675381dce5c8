"""Taps that stay and rate limits: what a start prepares, and the rules that the administrator includes."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.plan import HostPlan
from hivewright.values import format_rate, parse_rate
from host_files import MAC, NAT, files_of, rc_lines
from lowering import plan_of, steps

BRIDGE = {"kind": "bridge", "uplink": "ix0"}
ROUTED = {"kind": "routed"}
LIMIT = {"in": "1Gbit", "out": "1500Kbit"}
ADDRESSES = {"ipv4": "192.0.2.11/31", "gateway4": "192.0.2.10"}
FRAMES = ["net.link.ether.ipfw", "net.link.bridge.ipfw"]
REST = "add 3000 allow ip from any to any layer2"


def host_of(network: dict[str, Any], **nic: Any) -> HostPlan:
    """The plan of a host with one guest, whose rules have the number 3000."""
    vm = {"nic": {"lan": {"network": "lan", "mac": MAC, **nic}}}
    hosts = {"alpha": {"freebsd": "13.2", "ipfw_number": 3000}}
    site = build_site({"web1": vm}, hosts=hosts, networks={"lan": network})
    lowered = lower(site, allocate(site, {}))
    assert lowered.diagnostics == ()
    return lowered.plans[0]


def rules(plan: HostPlan) -> list[str]:
    return files_of(plan)["ipfw.rules"].splitlines()


@pytest.mark.parametrize(
    ("network", "bridge"),
    [
        (BRIDGE, "br-lan"),
        ({"kind": "manual", "bridge": "bridge7"}, "bridge7"),
        (NAT, "br-lan"),
        ({"kind": "vxlan", "vni": 7, "local": "192.0.2.1", "remote": "192.0.2.2"}, "br-lan"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_frames_on_a_bridge_are_limited_as_they_leave_it(network: dict[str, Any], bridge: str) -> None:
    plan = host_of(network, rate_limit=LIMIT)
    assert rules(plan) == [
        "pipe 10000 config bw 1000Mbit/s",
        "add 3000 pipe 10000 ip from any to any layer2 out xmit tap-web1-lan",
        f"add 3000 pipe 10000 ip from any to any layer2 out xmit {bridge} MAC {MAC} any",
        "pipe 10001 config bw 1500Kbit/s",
        "add 3000 pipe 10001 ip from any to any layer2 out recv tap-web1-lan",
        f"add 3000 pipe 10001 ip from any to any layer2 in recv {bridge} MAC any {MAC}",
        REST,
    ]
    assert [(each.verb, each.name, each.value) for each in plan.kernel] == [("expect", name, 1) for name in FRAMES]
    assert any(line.text == f"/sbin/sysctl {FRAMES[0]}=1 {FRAMES[1]}=1" for line in plan.lines)
    assert rc_lines(plan)["ipfw"] == ['dummynet_enable="YES"']
    assert any("one_pass" in note for note in plan.notes)


def test_packets_on_a_routed_tap_are_limited_without_showing_frames() -> None:
    plan = host_of(ROUTED, rate_limit=LIMIT, **ADDRESSES)
    assert rules(plan) == [
        "pipe 10000 config bw 1000Mbit/s",
        "add 3000 pipe 10000 ip from any to any not layer2 out xmit tap-web1-lan",
        "pipe 10001 config bw 1500Kbit/s",
        "add 3000 pipe 10001 ip from any to any not layer2 in recv tap-web1-lan",
    ]
    assert plan.kernel == ()
    assert [line.text for line in plan.lines] == ["/sbin/ipfw -q /usr/local/etc/hivewright/ipfw.rules"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("1Kbit", 1000), ("1500Kbit", 1_500_000), ("100Mbit", 100_000_000), ("2Gbit", 2_000_000_000)],
)
def test_a_rate_has_a_unit(text: str, rate: int) -> None:
    assert parse_rate(text) == rate
    assert format_rate(rate) == {"2Gbit": "2000Mbit/s"}.get(text, f"{text}/s")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("100M", "with a unit"),
        ("100mbit", "with a unit"),
        ("1.5Mbit", "with a unit"),
        ("100 Mbit", "with a unit"),
        ("0Mbit", "larger than zero"),
        ("3Gbit", "2147Mbit at most"),
        ("2147484Kbit", "2147Mbit at most"),
    ],
)
def test_a_rate_that_dummynet_cannot_have(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_rate(text)


@pytest.mark.parametrize(("limit", "pipe"), [({"in": "2Mbit"}, "pipe 10000"), ({"out": "2Mbit"}, "pipe 10001")])
def test_one_direction_alone(limit: dict[str, str], pipe: str) -> None:
    found = rules(host_of(BRIDGE, rate_limit=limit))
    assert found[0] == f"{pipe} config bw 2Mbit/s"
    assert len(found) == 4
    assert all(f"add 3000 {pipe} " in line for line in found[1:3])


def test_a_limit_is_no_part_of_the_guest() -> None:
    """What the firewall of the host does needs no restart."""
    limited, free = host_of(BRIDGE, rate_limit=LIMIT), host_of(BRIDGE)
    assert limited.vms == free.vms
    assert (free.kernel, free.lines, free.rc) == ((), (), ())


def test_a_host_says_which_settings_its_files_make() -> None:
    inventory = render(host_of(NAT, rate_limit=LIMIT))["INVENTORY.md"].content.decode()
    left, _, made = inventory.partition("## Settings that these files make")
    for name in ("dummynet_enable", "gateway_enable"):
        assert name in made
        assert name not in left
    assert "net.link.bridge.ipfw" not in made


@pytest.mark.parametrize(
    ("network", "nic", "expected"),
    [
        (BRIDGE, {}, ("tap", "lan", "tap-web1-lan", "br-lan", "1500", "persistent")),
        (BRIDGE, {"private": True}, ("tap", "lan", "tap-web1-lan", "br-lan", "1500", "private", "persistent")),
        (ROUTED, ADDRESSES, ("routed", "lan", "tap-web1-lan", "1500", "192.0.2.10", "192.0.2.11", "persistent")),
    ],
)
def test_a_tap_that_stays(network: dict[str, Any], nic: dict[str, Any], expected: tuple[str, ...]) -> None:
    vm = {"nic": {"lan": {"network": "lan", "persistent": True, **nic}}}
    plan = plan_of(vm, networks={"lan": network})
    assert steps(plan, expected[0]) == [expected]
    (step,) = (step for step in plan.prepare if step.label == "nic.lan")
    assert "nic.lan.persistent" in step.keys
