"""Addressing that cannot work is told; what only looks so, and works, is not."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.diagnostics import Diagnostic
from hivewright.rules import check_rules

NETWORKS: dict[str, dict[str, Any]] = {
    "lan": {"kind": "bridge", "uplink": "ix0"},
    "backup": {"kind": "bridge", "uplink": "ix1"},
    "inner": {"kind": "bridge", "uplink": "none"},
    "far": {"kind": "vxlan", "vni": 7, "local": "198.51.100.1", "remote": "198.51.100.2"},
    "point": {"kind": "routed"},
    "lab": {"kind": "nat", "ipv4": "10.0.0.1/24", "uplink": "ix0"},
    "wide": {"kind": "bridge", "uplink": "ix2", "vlan_filter": True},
}
STATIC = {"network": "lan", "ipv4": "192.0.2.10/24"}
LED = {**STATIC, "gateway4": "192.0.2.1"}
HOST = {"freebsd": "14.3"}


def told(vms: Any, *, networks: Any = None, hosts: Any = None) -> list[Diagnostic]:
    """What is said about guests with first-boot data."""
    users = {"cloud_init": {"users": ["alice"]}}
    site = build_site(
        {name: {**users, **vm} for name, vm in vms.items()},
        networks={**NETWORKS, **(networks or {})},
        hosts=hosts or {"alpha": HOST},
    )
    return check_rules(site)


def codes(*nics: Any, **vm: Any) -> list[str]:
    return [each.code for each in told({"web1": {"nic": {nic["network"]: nic for nic in nics}, **vm}})]


@pytest.mark.parametrize(
    ("nics", "expected"),
    [
        ([STATIC], ["NET047"]),
        ([{**STATIC, "network": "lab", "ipv4": "10.0.0.10/24"}], ["NET047"]),
        ([STATIC, {"network": "inner", "ipv4": "10.9.0.10/24"}], ["NET047"]),
        ([{**STATIC, "gateway4": "none"}], []),
        ([{**STATIC, "network": "inner"}], []),
        ([{**STATIC, "network": "far"}], []),
        ([STATIC, {"network": "backup", "ipv4": "dhcp"}], []),
        ([STATIC, {"network": "backup"}], []),
        ([{**STATIC, "ipv6": "auto"}], []),
        ([{**STATIC, "ipv6": "2001:db8::10/64"}], []),
        ([{**STATIC, "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.254"}]}], []),
        ([{**STATIC, "network": "point", "ipv4": "192.0.2.11/31", "gateway4": "192.0.2.10"}], []),
    ],
)
def test_a_guest_without_a_gateway(nics: list[Any], expected: list[str]) -> None:
    assert codes(*nics) == expected


def test_a_guest_that_is_not_told_its_addresses_may_have_any_gateway() -> None:
    assert codes(STATIC, cloud_init={"users": ["alice"], "network": False}) == []


def test_the_remedy_names_the_gateway_of_neighbours() -> None:
    (found,) = told({"web1": {"nic": {"lan": LED}}, "web2": {"nic": {"lan": {**STATIC, "ipv4": "192.0.2.11/24"}}}})
    assert 'gateway4 = "192.0.2.1";' in found.help
    (found,) = told({"web1": {"nic": {"lan": LED}}, "web2": {"nic": {"lan": {**STATIC, "ipv4": "203.0.113.9/24"}}}})
    assert 'gateway4 = "…", the address' in found.help


SECOND = {"network": "backup", "ipv4": "198.51.100.10/24", "gateway4": "198.51.100.1"}
POINT = {"network": "point", "ipv4": "203.0.113.11/31", "gateway4": "203.0.113.10"}


@pytest.mark.parametrize(
    ("nics", "expected"),
    [
        ([LED, SECOND], ["NET048"]),
        ([LED, {**SECOND, "gateway4": "none"}], []),
        ([LED, {"network": "backup", "ipv6": "2001:db8::10/64", "gateway6": "fe80::1"}], []),
        ([LED, POINT], []),
        ([LED, {"network": "backup", "ipv4": "dhcp"}], []),
    ],
)
def test_a_guest_with_two_gateways(nics: list[Any], expected: list[str]) -> None:
    assert codes(*nics) == expected


PACKAGES = {"users": ["alice"], "packages": ["nginx"]}


@pytest.mark.parametrize(
    ("nic", "expected"),
    [
        (LED, ["NET049"]),
        ({**LED, "dns": ["192.0.2.53"]}, []),
        ({**LED, "ipv6": "auto"}, []),
        ({**LED, "ipv6": "2001:db8::10/64", "gateway6": "fe80::1"}, []),
        ({"network": "lan", "ipv4": "dhcp"}, []),
    ],
)
def test_packages_need_a_name_server(nic: Any, expected: list[str]) -> None:
    assert codes(nic, cloud_init=PACKAGES) == expected


def test_packages_that_the_reader_does_not_install_need_none() -> None:
    """That they are not installed is said instead."""
    assert codes(LED, cloud_init={**PACKAGES, "reader": "nuageinit-14.1"}) == ["SEED005"]


def on_lan(*addresses: str, network: str = "lan", **keys: Any) -> dict[str, Any]:
    return {
        f"web{number}": {"nic": {"lan": {"network": network, "ipv4": address, "gateway4": "none", **keys}}}
        for number, address in enumerate(addresses)
    }


@pytest.mark.parametrize(
    ("addresses", "odd"),
    [
        (("192.0.2.10/24", "192.0.2.11/16", "192.0.2.12/24"), ["web1"]),
        (("192.0.2.10/16", "192.0.2.11/24"), ["web0"]),
        (("192.0.2.10/16", "192.0.2.11/16", "192.0.2.12/24"), ["web2"]),
        (("192.0.2.10/24", "198.51.100.11/16"), []),
        (("192.0.2.10/24", "192.0.2.11/32"), []),
        (("10.0.0.10/16", "10.0.0.11/24", "10.0.0.12/24", "10.9.0.10/24"), ["web0"]),
    ],
)
def test_an_odd_prefix_length(addresses: tuple[str, ...], odd: list[str]) -> None:
    found = told(on_lan(*addresses))
    assert {each.code for each in found} <= {"NET041"}
    assert [each.message.split(" ")[5] for each in found] == odd


def test_vlans_of_a_bridge_are_networks_of_their_own() -> None:
    vms = on_lan("192.0.2.10/16", network="wide", vlan=10)
    vms["other"] = on_lan("192.0.2.11/24", network="wide", vlan=20)["web0"]
    assert told(vms, hosts={"alpha": {"freebsd": "15.0"}}) == []


def test_networks_without_an_uplink_are_of_their_hosts() -> None:
    vms = on_lan("10.9.0.10/16", "10.9.0.11/24", network="inner")
    vms["web1"]["host"] = "beta"
    assert told(vms, hosts={"alpha": HOST, "beta": HOST}) == []


def test_a_gateway_with_on_link_says_nothing_of_prefix_lengths() -> None:
    vms = on_lan("192.0.2.10/24")
    vms["web1"] = on_lan("192.0.2.11/29", on_link=True)["web0"]
    assert told(vms) == []


DHCP = {"ipv4": "dhcp"}


@pytest.mark.parametrize(
    ("other", "ipv4", "expected"),
    [
        ({"kind": "nat", "uplink": "ix1"}, "10.0.0.129/25", ["NET040"]),
        ({"kind": "nat", "uplink": "ix1"}, "10.0.1.1/24", []),
        ({"kind": "bridge", "uplink": "ix1"}, "10.0.0.2/8", ["NET040"]),
        ({"kind": "bridge", "uplink": "none"}, "10.0.1.1/24", []),
    ],
)
def test_subnets_of_one_host(other: dict[str, str], ipv4: str, expected: list[str]) -> None:
    vms = {"web1": {"nic": {"lab": {"network": "lab", **DHCP}, "other": {"network": "other", **DHCP}}}}
    assert [each.code for each in told(vms, networks={"other": {**other, "ipv4": ipv4}})] == expected


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": "bridge", "uplink": "ix0"}, ["NET040"]),
        ({"kind": "bridge", "uplink": "auto"}, ["NET040"]),
        ({"kind": "manual", "bridge": "ix0"}, ["NET040"]),
        ({"kind": "bridge", "uplink": "ix0", "vlan": 40}, []),
        ({"kind": "bridge", "uplink": "ix1"}, []),
        ({"kind": "bridge", "uplink": "none"}, []),
    ],
)
def test_a_nat_subnet_and_guests_of_other_networks(network: dict[str, Any], expected: list[str]) -> None:
    vms = {**on_lan("10.0.0.10/16", network="other"), "lab1": {"nic": {"lab": {"network": "lab", **DHCP}}}}
    assert [each.code for each in told(vms, networks={"other": network})] == expected


@pytest.mark.parametrize(("address", "expected"), [("10.0.0.7", ["NET040"]), ("192.0.2.2", []), ("alpha", [])])
def test_a_nat_subnet_and_the_address_of_the_host(address: str, expected: list[str]) -> None:
    vms = {"lab1": {"nic": {"lab": {"network": "lab", **DHCP}}}}
    assert [each.code for each in told(vms, hosts={"alpha": {**HOST, "address": address}})] == expected


def test_hosts_may_have_the_same_nat_subnet() -> None:
    vms = {host: {"host": host, "nic": {"lab": {"network": "lab", **DHCP}}} for host in ("alpha", "beta")}
    assert told(vms, hosts={"alpha": HOST, "beta": HOST}) == []


@pytest.mark.parametrize(
    ("forward", "address", "expected"),
    [
        ({"port": 22, "to": 22}, None, ["NET038"]),
        ({"port": 22, "to": 22, "protocol": "udp"}, None, []),
        ({"port": 2222, "to": 22}, None, []),
        ({"port": 22, "to": 22}, "198.51.100.7", []),
    ],
)
def test_the_port_of_ssh(forward: Any, address: str | None, expected: list[str]) -> None:
    nic = {"network": "lab", "ipv4": "10.0.0.10/24", "gateway4": "10.0.0.1", "forward": {"ssh": forward}}
    networks = {"lab": {**NETWORKS["lab"], **({"address": address} if address else {})}}
    assert [each.code for each in told({"web1": {"nic": {"lab": nic}}}, networks=networks)] == expected


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"kind": "bridge", "uplink": "wlan0"}, ["NET037"]),
        ({"kind": "bridge", "uplink": "wlan0", "vlan": 4}, ["NET037"]),
        ({"kind": "vale", "switch": "vale0", "uplink": "wlan1"}, ["NET037"]),
        ({"kind": "nat", "ipv4": "10.9.0.1/24", "uplink": "wlan0"}, []),
        ({"kind": "bridge", "uplink": "wlanx"}, []),
    ],
)
def test_wireless_uplinks(network: Any, expected: list[str]) -> None:
    vms = {"web1": {"nic": {"other": {"network": "other", **DHCP}}}}
    assert [each.code for each in told(vms, networks={"other": network})] == expected


@pytest.mark.parametrize(
    ("network", "release", "expected"),
    [
        ({"kind": "bridge"}, "15.0", ["NET036"]),
        ({"kind": "bridge", "uplink": "auto"}, "15.1", ["NET036"]),
        ({"kind": "bridge", "uplink": "auto"}, "14.4", []),
        ({"kind": "bridge", "uplink": "auto", "vlan": 40}, "15.0", []),
        ({"kind": "bridge", "uplink": "ix0"}, "15.0", []),
        ({"kind": "bridge", "uplink": "none"}, "15.0", []),
        ({"kind": "manual", "bridge": "bridge0"}, "15.0", []),
    ],
)
def test_uplinks_with_an_address(network: Any, release: str, expected: list[str]) -> None:
    vms = {"web1": {"nic": {"other": {"network": "other", **DHCP}}}}
    found = told(vms, networks={"other": network}, hosts={"alpha": {"freebsd": release}})
    assert [each.code for each in found] == expected


def test_one_warning_for_all_hosts_of_a_network() -> None:
    hosts = {f"host{number}": {"freebsd": "15.0"} for number in range(6)}
    vms = {host: {"host": host, "nic": {"lan": {"network": "other", **DHCP}}} for host in hosts}
    (found,) = told(vms, networks={"other": {"kind": "bridge"}}, hosts=hosts)
    assert "host0, host1, host2 and 3 more hosts" in found.message


@pytest.mark.parametrize(("host", "expected"), [("alpha", []), ("beta", ["NET039"])])
def test_a_gateway_behind_nat_is_on_the_same_host(host: str, expected: list[str]) -> None:
    """Each host has a bridge of its own, with no way to that of another."""
    lab = {"network": "lab", "gateway4": "10.0.0.11"}
    vms = {
        "web1": {"nic": {"lab": {**lab, "ipv4": "10.0.0.10/24"}}},
        "web2": {"host": host, "nic": {"lab": {**lab, "ipv4": "10.0.0.11/24", "gateway4": "10.0.0.1"}}},
    }
    assert [each.code for each in told(vms, hosts={"alpha": HOST, "beta": HOST})] == expected
