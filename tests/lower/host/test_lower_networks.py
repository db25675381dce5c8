"""Kinds of networks: what bhyve is told, what a start prepares, what the host is told, and what its administrator."""

from __future__ import annotations

from typing import Any

import pytest

from bhyve_grammar import parse_command
from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.plan import HostPlan
from host_files import MAC, NAT, files_of, rc_lines
from lowering import command_of, device, plan_of, steps, words_of

FORWARD = {"ssh": {"port": 2222, "to": 22}, "dns": {"port": 53, "to": 5353, "protocol": "udp"}}


def host_of(network: dict[str, Any], release: str = "15.1", **nic: Any) -> HostPlan:
    """The plan of a host with one guest on one network."""
    vm = {"nic": {"lan": {"network": "lan", "mac": MAC, **nic}}}
    site = build_site({"web1": vm}, hosts={"alpha": {"freebsd": release}}, networks={"lan": network})
    lowered = lower(site, allocate(site, {}))
    assert lowered.diagnostics == ()
    return lowered.plans[0]


def backend(network: dict[str, Any], release: str = "15.1", **nic: Any) -> str:
    """What bhyve is told about the NIC, its MAC address left out; the whole command is one that it takes."""
    plan = plan_of(
        {"nic": {"lan": {"network": "lan", "mac": MAC, **nic}}}, {"freebsd": release}, networks={"lan": network}
    )
    command_of(plan, release)
    return device(plan, "nic.lan").replace(f",mac={MAC}", "")


def calls(network: dict[str, Any], **nic: Any) -> list[str]:
    return [" ".join(step.words) for each in host_of(network, **nic).networks for step in each.steps]


@pytest.mark.parametrize(
    ("network", "nic", "expected"),
    [
        (NAT, {}, "virtio-net,tap-web1-lan"),
        ({"kind": "routed"}, {"ipv4": "192.0.2.11/31", "gateway4": "192.0.2.10"}, "virtio-net,tap-web1-lan"),
        ({"kind": "vale", "switch": "vale0"}, {}, "virtio-net,vale0:p0a1b2c"),
        ({"kind": "vale", "switch": "valeabc", "mtu": 9000}, {}, "virtio-net,valeabc:p0a1b2c,mtu=9000"),
        (
            {"kind": "netgraph", "node": "vmsw"},
            {"model": "e1000", "tap": "tap.lan"},
            "e1000,netgraph,path=vmsw:,peerhook=link662318,socket=tap_lan",
        ),
        ({"kind": "slirp"}, {}, "virtio-net,slirp"),
        (
            {"kind": "slirp", "open": True},
            {"forward": FORWARD},
            "virtio-net,slirp,open,hostfwd=udp:127.0.0.1:53-10.0.2.15:5353;tcp:127.0.0.1:2222-10.0.2.15:22",
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) and "kind" in value else None,
)
def test_backend(network: dict[str, Any], nic: dict[str, Any], expected: str) -> None:
    assert backend(network, **nic) == expected


@pytest.mark.parametrize(("kind", "key"), [("vale", "switch"), ("netgraph", "node")])
def test_switches_exist_in_every_release(kind: str, key: str) -> None:
    assert backend({"kind": kind, key: "vale0"}, "13.2")


def test_the_grammar_knows_since_when() -> None:
    network = {"kind": "slirp", "open": True}
    plan = plan_of({"nic": {"lan": {"network": "lan"}}}, {"freebsd": "15.1"}, networks={"lan": network})
    with pytest.raises(ValueError, match="open since"):
        parse_command([*words_of(plan), "web1"], "15.0", "amd64")
    with pytest.raises(ValueError, match="not in this release"):
        parse_command([*words_of(plan), "web1"], "14.3", "amd64")


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": "bridge", "uplink": "ix0"}, "lan bridge br-lan 1500 ix0"),
        ({"kind": "bridge", "vlan": 100}, "lan bridge br-lan 1500 auto vlan=100"),
        (
            {"kind": "bridge", "vlan_filter": True, "ipv4": "192.0.2.1/24", "ipv6": "2001:db8::1/64", "span": "ix3"},
            "lan bridge br-lan 1500 auto vlan_filter ipv6=2001:db8::1/64 span=ix3 ipv4=192.0.2.1/24",
        ),
        (NAT, "lan nat br-lan 1500 ix0 ipv4=10.0.0.1/24"),
        ({"kind": "routed"}, "lan routed none 1500 none"),
        ({"kind": "vale", "switch": "vale0", "uplink": "ix1"}, "lan vale vale0 1500 ix1"),
        ({"kind": "netgraph", "node": "vmsw"}, "lan netgraph vmsw 1500 none"),
        (
            {"kind": "vxlan", "vni": 42, "local": "192.0.2.1", "remote": "192.0.2.2"},
            "lan vxlan br-lan 1450 vx42 vni=42 local=192.0.2.1 remote=192.0.2.2",
        ),
        (
            {"kind": "vxlan", "vni": 42, "local": "192.0.2.1", "remote": "239.0.0.42", "device": "ix0"},
            "lan vxlan br-lan 1450 vx42 vni=42 local=192.0.2.1 group=239.0.0.42 device=ix0",
        ),
    ],
)
def test_call_that_makes_a_network(network: dict[str, Any], expected: str) -> None:
    assert calls(network, gateway4="192.0.2.10", ipv4="192.0.2.11/31") == [expected]


def test_slirp_needs_nothing_of_the_host() -> None:
    plan = host_of({"kind": "slirp"})
    assert [step for network in plan.networks for step in network.steps] == []
    assert plan.modules == ("vmm", "nmdm")


def test_modules_are_those_that_the_kind_needs() -> None:
    assert host_of({"kind": "vale", "switch": "vale0"}).modules == ("vmm", "nmdm")
    assert host_of({"kind": "netgraph", "node": "n", "uplink": "ix0"}).modules[2:] == (
        "ng_socket",
        "ng_bridge",
        "ng_ether",
    )
    assert "if_vxlan" in host_of({"kind": "vxlan", "vni": 1, "local": "192.0.2.1", "remote": "192.0.2.2"}).modules


def prepared(network: dict[str, Any], **nic: Any) -> list[tuple[str, ...]]:
    plan = plan_of({"nic": {"lan": {"network": "lan", **nic}}}, {"freebsd": "15.1"}, networks={"lan": network})
    return [*steps(plan, "tap"), *steps(plan, "routed")]


def test_port_of_a_bridge_that_filters() -> None:
    network = {"kind": "bridge", "vlan_filter": True}
    assert prepared(network, private=True, vlan=10, trunk=[31, 30, 32, 40, 30]) == [
        ("tap", "lan", "tap-web1-lan", "br-lan", "1500", "private", "untagged=10", "tagged=30-32,40")
    ]


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "bridge"},
        {"kind": "manual", "bridge": "br-lan"},
        {"kind": "nat", "ipv4": "10.0.0.1/24", "uplink": "ix0"},
        {"kind": "vxlan", "vni": 1, "local": "192.0.2.1", "remote": "192.0.2.2", "mtu": 1500},
    ],
    ids=lambda network: network["kind"],
)
def test_ports_are_private_where_the_network_is(network: dict[str, Any]) -> None:
    """A NIC that says something itself is what it says; a span port is no member, and so not private."""
    plain = ("tap", "lan", "tap-web1-lan", "br-lan", "1500")
    private = {**network, "private": True}
    assert prepared(network) == prepared(private, private=False) == [plain]
    assert prepared(private) == prepared(network, private=True) == [(*plain, "private")]
    assert prepared(private, span=True) == [(*plain, "span")]


def test_routed_tap_has_the_gateway_of_the_guest() -> None:
    assert prepared({"kind": "routed", "mtu": 1400}, ipv4="192.0.2.11/31", gateway4="192.0.2.10") == [
        ("routed", "lan", "tap-web1-lan", "1400", "192.0.2.10", "192.0.2.11")
    ]


@pytest.mark.parametrize("network", [{"kind": "slirp"}, {"kind": "vale", "switch": "vale0"}])
def test_switches_need_no_tap(network: dict[str, Any]) -> None:
    assert prepared(network) == []


def test_rules_for_pf() -> None:
    plan = host_of(NAT, ipv4="10.0.0.10/24", forward=FORWARD)
    assert files_of(plan) == {
        "pf.conf": "nat on ix0 inet from 10.0.0.0/24 to ! 10.0.0.0/24 -> (ix0:0)\n"
        "rdr on ix0 inet proto udp from any to (ix0:0) port 53 -> 10.0.0.10 port 5353\n"
        "rdr on ix0 inet proto tcp from any to (ix0:0) port 2222 -> 10.0.0.10 port 22"
    }
    texts = [line.text for line in plan.lines]
    assert 'load anchor "hivewright" from "/usr/local/etc/hivewright/pf.conf"' in texts
    inventory = render(plan)["INVENTORY.md"].content.decode()
    assert all(text in inventory for text in texts)
    assert rc_lines(plan) == {"routing": ['gateway_enable="YES"']}


def test_rules_for_ipfw() -> None:
    network = {**NAT, "firewall": "ipfw", "ipfw_number": 4000}
    plan = host_of(network, ipv4="10.0.0.10/24", forward={"ssh": FORWARD["ssh"]})
    assert rc_lines(plan) == {"ipfw": ['firewall_nat_enable="YES"'], "routing": ['gateway_enable="YES"']}
    assert files_of(plan) == {
        "ipfw.rules": "nat 4000 config if ix0 same_ports redirect_port tcp 10.0.0.10:22 2222\n"
        "add 4000 nat 4000 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 not layer2 out via ix0\n"
        "add 4000 nat 4000 ip4 from any to me not layer2 in via ix0"
    }


def test_guests_may_be_behind_a_named_address_of_the_uplink() -> None:
    own = {**NAT, "address": "198.51.100.7"}
    forward = {"ssh": FORWARD["ssh"]}
    assert files_of(host_of(own, ipv4="10.0.0.10/24", forward=forward)) == {
        "pf.conf": "nat on ix0 inet from 10.0.0.0/24 to ! 10.0.0.0/24 -> 198.51.100.7\n"
        "rdr on ix0 inet proto tcp from any to 198.51.100.7 port 2222 -> 10.0.0.10 port 22"
    }
    rules = files_of(host_of({**own, "firewall": "ipfw", "ipfw_number": 4000}, ipv4="10.0.0.10/24", forward=forward))
    assert rules == {
        "ipfw.rules": "nat 4000 config ip 198.51.100.7 same_ports redirect_port tcp 10.0.0.10:22 2222\n"
        "add 4000 nat 4000 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 not layer2 out via ix0\n"
        "add 4000 nat 4000 ip4 from any to 198.51.100.7 not layer2 in via ix0"
    }


def test_dhcp_keeps_the_addresses_that_guests_have() -> None:
    network = {**NAT, "dhcp": {"first": "10.0.0.100", "last": "10.0.0.199"}}
    fixed = files_of(host_of(network, ipv4="10.0.0.10/24"))["dnsmasq.conf"]
    assert fixed.splitlines() == [
        "interface=br-lan",
        "dhcp-range=set:lan,10.0.0.100,10.0.0.199,255.255.255.0,12h",
        "dhcp-option=tag:lan,option:router,10.0.0.1",
        "dhcp-option=tag:lan,option:dns-server,10.0.0.1",
        f"dhcp-host={MAC},web1,10.0.0.10",
    ]
    for other in ({"ipv4": "dhcp"}, {"ipv6": "2001:db8::1/64"}, {"ipv4": "dhcp", "ipv6": "2001:db8::1/64"}):
        assert "dhcp-host" not in files_of(host_of(network, **other))["dnsmasq.conf"]


def test_a_host_without_nat_gets_no_rules() -> None:
    plan = host_of({"kind": "bridge"})
    assert (files_of(plan), rc_lines(plan), plan.lines) == ({}, {}, ())


def test_an_uplink_behind_which_guests_are_may_have_an_address() -> None:
    assert [note for note in host_of(NAT).notes if "bridge member" in note] == []
    assert [note for note in host_of({"kind": "bridge", "vlan": 100, "uplink": "ix0"}).notes if "member" in note] == []
    assert len([note for note in host_of({"kind": "bridge", "uplink": "ix0"}).notes if "member" in note]) == 1
