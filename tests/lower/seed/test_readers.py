"""What each reader of first-boot data is told, and in which form."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from hivewright.model.readers import READERS
from seeds import ALICE, STATIC, seed, user_data

EARLY, NUAGEINIT = ["nuageinit-14.1", "nuageinit-14.3"], ["nuageinit-14.4", "nuageinit-15.0", "nuageinit-15.1"]
DOUBLE = "\N{RIGHT DOUBLE QUOTATION MARK}"
DHCP = {"network": "lan", "mac": "58:9c:fc:00:00:01", "ipv4": "dhcp"}


def network_of(files: dict[str, str]) -> dict[str, Any]:
    """The network that a guest is told, wherever it stands; nothing stands there twice."""
    inner = yaml.safe_load(files["user-data"]).get("network")
    outer = yaml.safe_load(files["network-config"]) if "network-config" in files else None
    (network,) = [each for each in (inner, outer) if each is not None]
    return dict(network["ethernets"]["lan"])


def told(reader: str, **nic: Any) -> dict[str, Any]:
    found = network_of(seed({"reader": reader}, nic={"lan": {**DHCP, **nic}}))
    assert found.pop("match") == {"macaddress": "58:9c:fc:00:00:01"}
    return found


def drive(nic: dict[str, Any]) -> dict[str, Any]:
    """What a config drive says of the network."""
    files = seed({"reader": "cloudbase-init"}, nic={"lan": {**DHCP, **nic}})
    assert sorted(files) == ["meta_data.json", "network_data.json", "user_data"]
    assert json.loads(files["meta_data.json"])["hostname"] == "web1"
    return dict(json.loads(files["network_data.json"]))


@pytest.mark.parametrize("reader", EARLY)
def test_early_nuageinit_finds_the_network_in_user_data(reader: str) -> None:
    files = seed({"reader": reader}, nic={"lan": STATIC})
    assert sorted(files) == ["meta-data", "user-data"]
    assert yaml.safe_load(files["user-data"])["network"]["version"] == 2
    assert network_of(files) == {
        "match": {"macaddress": "58:9c:fc:00:00:01"},
        "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
        "gateway4": "192.0.2.1",
        "gateway6": "2001:db8::1",
    }


@pytest.mark.parametrize("reader", EARLY)
def test_early_nuageinit_takes_the_name_from_meta_data(reader: str) -> None:
    files = seed({"reader": reader, "hostname": "www"}, table={"domain": "example.net"})
    assert yaml.safe_load(files["meta-data"])["local-hostname"] == "www.example.net"
    assert not {"hostname", "fqdn"} & yaml.safe_load(files["user-data"]).keys()


@pytest.mark.parametrize("reader", NUAGEINIT)
def test_nuageinit_gets_gateways_that_it_knows(reader: str) -> None:
    found = told(reader, **STATIC)
    assert "routes" not in found
    assert (found["gateway4"], found["gateway6"]) == ("192.0.2.1", "2001:db8::1")
    assert found["nameservers"]["search"] == ["example.net"]


@pytest.mark.parametrize("reader", [*EARLY, *NUAGEINIT])
def test_nuageinit_gets_no_mtu_beside_dhcp(reader: str) -> None:
    """It would write a line that sh cannot read, and the guest would have no network."""
    assert told(reader, mtu=1400) == {"dhcp4": True}
    assert told(reader, dns=["192.0.2.53"], search=["example.net"], ipv6="auto") == {"dhcp4": True}


@pytest.mark.parametrize(("reader", "expected"), [("nuageinit-14.3", None), ("nuageinit-14.4", 1400)])
def test_nuageinit_gets_the_mtu_of_static_addresses_since_14_4(reader: str, expected: int | None) -> None:
    assert told(reader, ipv4="192.0.2.10/24", mtu=1400).get("mtu") == expected


def test_leases_go_by_the_mac_where_cloud_init_asks_for_them() -> None:
    assert told("cloud-init") == {"dhcp4": True, "dhcp-identifier": "mac"}
    assert "dhcp-identifier" not in told("cloud-init", ipv4="192.0.2.10/24")


def test_cloud_init_applies_the_network_at_each_boot() -> None:
    data = user_data({"reader": "cloud-init"}, nic={"lan": STATIC})
    assert data["updates"] == {"network": {"when": ["boot-new-instance", "boot"]}}
    assert "updates" not in user_data({"reader": "cloud-init", "network": False}, nic={"lan": STATIC})


@pytest.mark.parametrize("reader", [*EARLY, *NUAGEINIT])
def test_nuageinit_makes_no_account_of_its_own(reader: str) -> None:
    assert user_data({"reader": reader})["users"] == []
    own = {"a.yaml": b"#cloud-config\nruncmd: [date]\n"}
    assert user_data({"reader": reader, "user_data": "a.yaml"}, files=own)["users"] == []


def test_nuageinit_makes_the_account_that_a_file_asks_for() -> None:
    own = {"a.yaml": b"#cloud-config\nssh_authorized_keys: [ssh-ed25519 AAAA a]\n"}
    assert "users" not in user_data({"reader": "nuageinit-15.0", "user_data": "a.yaml"}, files=own)


@pytest.mark.parametrize("reader", ["cloud-init", "cloudbase-init"])
def test_other_readers_keep_the_default_account_of_the_image(reader: str) -> None:
    assert "users" not in user_data({"reader": reader})


@pytest.mark.parametrize("reader", [*EARLY, *NUAGEINIT])
def test_accounts_survive_the_shell_of_nuageinit(reader: str) -> None:
    data = user_data({"reader": reader, "users": ["alice", "bob"]})
    alice, bob = data["users"]
    assert (
        alice["gecos"]
        == "Alice \N{RIGHT SINGLE QUOTATION MARK}A\N{RIGHT SINGLE QUOTATION MARK} " + f"{DOUBLE}B{DOUBLE}"
    )
    assert data["groups"] == alice["groups"] == ["wheel", "operators"]
    assert ("sudo" in alice) == (reader in NUAGEINIT)
    assert bob == {"name": "bob"}


@pytest.mark.parametrize("reader", [*EARLY, *NUAGEINIT])
def test_packages_are_told_to_nuageinit_that_installs_them(reader: str) -> None:
    data = user_data({"reader": reader, "packages": ["nginx"]})
    assert (data.get("packages") == ["nginx"]) == (reader in NUAGEINIT)


OWN = b"""\
#cloud-config
users: [{name: alice, gecos: O'Example}]
write_files: [{path: /etc/motd, permissions: 0644}]
runcmd:
- [touch, a b, 1]
- date; uptime
"""


@pytest.mark.parametrize("reader", NUAGEINIT)
def test_own_data_has_the_forms_that_nuageinit_reads(reader: str) -> None:
    data = user_data({"reader": reader, "users": ["alice"], "user_data": "a.yaml"}, files={"a.yaml": OWN})
    assert data["runcmd"] == ["touch 'a b' 1", "date; uptime"]
    assert data["write_files"] == [{"path": "/etc/motd", "permissions": "0644"}]
    assert data["users"][0]["gecos"] == "O\N{RIGHT SINGLE QUOTATION MARK}Example"
    assert data["users"][0]["ssh_authorized_keys"] == ALICE["ssh_keys"]


@pytest.mark.parametrize("reader", EARLY)
def test_early_nuageinit_gets_indented_lists(reader: str) -> None:
    """Its parser takes the key after an unindented list for one of the list's last entry."""
    own = {"a.yaml": b"#cloud-config\ngroups: [{staff: [root]}]\n"}
    text = seed({"reader": reader, "users": ["bob"], "user_data": "a.yaml"}, files=own)["user-data"]
    assert text == "#cloud-config\nusers:\n  - name: bob\ngroups:\n  - staff:\n      - root\n"


def test_cloudbase_init_is_told_what_it_knows() -> None:
    data = user_data({"reader": "cloudbase-init", "users": ["alice"]}, table={"domain": "example.net"})
    assert set(data) == {"hostname", "users"}
    assert set(data["users"][0]) == {"name", "gecos", "groups", "ssh_authorized_keys"}
    networks = drive(STATIC)["networks"]
    assert [[each["address"] for each in network["services"]] for network in networks] == [
        ["192.0.2.53"],
        ["2001:db8::53"],
    ]


@pytest.mark.parametrize("reader", READERS)
def test_keys_of_the_seed_are_known_to_its_reader(reader: Any) -> None:
    row = READERS[reader]
    if row is not None and (row.medium == "ignition" or row.answers is not None):
        return  # test_ignition.py, test_installers.py
    data = user_data({"reader": reader, "users": ["alice"], "packages": ["nginx"]}, nic={"lan": STATIC})
    if row is not None and row.keys is not None and row.account is not None:
        assert data.keys() <= row.keys
        assert all(entry.keys() <= row.account for entry in data["users"])


MANY = {
    **DHCP,
    "ipv4": ["203.0.113.9/32", "192.0.2.10/24"],
    "gateway4": "198.51.100.1",
    "ipv6": ["2001:db8::10/64", "2001:db8::11/64"],
    "gateway6": "fe80::1",
    "on_link": True,
    "routes": [
        {"to": "10.0.0.0/8", "via": "192.0.2.254"},
        {"to": "172.16.0.0/12", "via": "198.51.100.2"},
        {"to": "2001:db8:1::/48", "via": "fe80::2"},
    ],
}


def test_cloud_init_gets_all_addresses_and_routes() -> None:
    assert told("cloud-init", **MANY) == {
        "addresses": ["203.0.113.9/32", "192.0.2.10/24", "2001:db8::10/64", "2001:db8::11/64"],
        "routes": [
            {"to": "0.0.0.0/0", "via": "198.51.100.1", "on-link": True},
            {"to": "::/0", "via": "fe80::1"},
            {"to": "10.0.0.0/8", "via": "192.0.2.254"},
            {"to": "172.16.0.0/12", "via": "198.51.100.2", "on-link": True},
            {"to": "2001:db8:1::/48", "via": "fe80::2"},
        ],
    }


@pytest.mark.parametrize("reader", [*EARLY, *NUAGEINIT])
def test_nuageinit_gets_the_first_address_and_no_gateway_that_it_could_not_reach(reader: str) -> None:
    """The last of several addresses would win."""
    assert told(reader, **MANY) == {"addresses": ["203.0.113.9/32", "2001:db8::10/64"]}
    found = told(reader, **{**MANY, "gateway4": "192.0.2.1", "gateway6": "2001:db8::1"})
    assert (found["gateway4"], found["gateway6"]) == ("192.0.2.1", "2001:db8::1")


def test_cloudbase_init_gets_the_first_address_and_its_gateways() -> None:
    found = drive({**MANY, "mtu": 1400, "gateway4": "192.0.2.1", "ipv4": "192.0.2.10/23"})
    assert found["links"] == [{"id": "lan", "type": "phy", "ethernet_mac_address": "58:9c:fc:00:00:01", "mtu": 1400}]
    assert [(each["link"], each["type"], each["ip_address"], each["netmask"]) for each in found["networks"]] == [
        ("lan", "ipv4", "192.0.2.10", "255.255.254.0"),
        ("lan", "ipv6", "2001:db8::10", "ffff:ffff:ffff:ffff::"),
    ]
    assert [each["routes"] for each in found["networks"]] == [
        [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1"}],
        [{"network": "::", "netmask": "::", "gateway": "fe80::1"}],
    ]
