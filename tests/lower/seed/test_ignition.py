"""What ignition is told: one document of JSON, valid by its specification."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from hivewright.model.readers import READERS
from hivewright.plan import VmPlan
from hivewright.values.ignition import faults_of
from seeds import ALICE, STATIC, lowered, seed


def plan(cloud_init: dict[str, Any], **keys: Any) -> VmPlan:
    result = lowered({"reader": "ignition", **cloud_init}, **keys)
    assert result.diagnostics == ()
    return result.plans[0].vms[0]


def config(cloud_init: dict[str, Any], reader: str = "ignition", **keys: Any) -> dict[str, Any]:
    files = seed({"reader": reader, **cloud_init}, **keys)
    assert list(files) == ["config.ign"]
    found: dict[str, Any] = json.loads(files["config.ign"])
    assert list(faults_of(found)) == []
    return found


def files_of(found: dict[str, Any]) -> dict[str, str]:
    entries = found["storage"]["files"]
    assert all(entry["overwrite"] is True for entry in entries)
    return {entry["path"]: unquote(entry["contents"]["source"].removeprefix("data:,")) for entry in entries}


def test_the_smallest_config() -> None:
    assert config({}) == {
        "ignition": {"version": "3.0.0"},
        "storage": {
            "files": [
                {
                    "path": "/etc/hostname",
                    "overwrite": True,
                    "mode": 0o644,
                    "contents": {"source": "data:,web1%0A"},
                }
            ]
        },
    }


def test_users_groups_and_sudo() -> None:
    found = config({"users": ["alice", "bob"]}, table={"domain": "example.net"})
    assert found["passwd"]["users"] == [
        {
            "name": "alice",
            "gecos": ALICE["gecos"],
            "groups": ["wheel", "operators"],
            "shell": "/bin/sh",
            "sshAuthorizedKeys": ALICE["ssh_keys"],
        },
        {"name": "bob"},
    ]
    assert found["passwd"]["groups"] == [{"name": "operators"}]  # wheel is there, and making it would stop the boot
    assert files_of(found) == {
        "/etc/hostname": "web1.example.net\n",
        "/etc/sudoers.d/90-alice": "alice ALL=(ALL) NOPASSWD:ALL\n",
    }
    assert found["storage"]["files"][1]["mode"] == 0o440


def test_files_commands_time_zone_and_keyboard() -> None:
    files = [
        {"path": "/etc/motd", "content": "50% of it\n", "permissions": "0600", "owner": "core:wheel"},
        {"path": "/etc/token", "secret": "token"},
    ]
    keys = {"write_files": files, "runcmd": ["date >/x"], "timezone": "Europe/Berlin", "keyboard": "de"}
    found = config(keys)
    written = files_of(found)
    assert written["/etc/motd"] == "50% of it\n"
    assert written["/etc/token"] == "data:;base64,hivewright-secret:base64:token:"
    assert written["/etc/vconsole.conf"] == "KEYMAP=de\n"
    assert written["/etc/hivewright-runcmd"] == "#!/bin/sh\ndate >/x\n"
    motd = next(entry for entry in found["storage"]["files"] if entry["path"] == "/etc/motd")
    assert (motd["mode"], motd["user"], motd["group"]) == (0o600, {"name": "core"}, {"name": "wheel"})
    assert found["storage"]["links"] == [
        {"path": "/etc/localtime", "target": "../usr/share/zoneinfo/Europe/Berlin", "overwrite": True}
    ]
    (unit,) = found["systemd"]["units"]
    assert "ExecStart=/bin/sh /etc/hivewright-runcmd\n" in unit["contents"]


MANY = {
    **STATIC,
    "ipv4": ["192.0.2.10/24", "203.0.113.9/32"],
    "gateway4": "198.51.100.1",
    "on_link": True,
    "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.254"}],
    "mtu": 1400,
}


def test_addresses_for_systemd_networkd() -> None:
    assert files_of(config({}, "ignition-networkd", nic={"lan": MANY}))["/etc/systemd/network/10-lan.network"] == (
        "[Match]\nMACAddress=58:9c:fc:00:00:01\n[Link]\nMTUBytes=1400\n[Network]\nDHCP=no\nIPv6AcceptRA=no\n"
        "Address=192.0.2.10/24\nAddress=203.0.113.9/32\nAddress=2001:db8::10/64\n"
        "DNS=192.0.2.53\nDNS=2001:db8::53\nDomains=example.net\n"
        "[Route]\nDestination=0.0.0.0/0\nGateway=198.51.100.1\nGatewayOnLink=yes\n"
        "[Route]\nDestination=::/0\nGateway=2001:db8::1\n"
        "[Route]\nDestination=10.0.0.0/8\nGateway=192.0.2.254\n"
    )


def test_addresses_for_networkmanager() -> None:
    path = "/etc/NetworkManager/system-connections/lan.nmconnection"
    found = config({}, nic={"lan": MANY})
    assert files_of(found)[path] == (
        "[connection]\nid=lan\ntype=ethernet\n[ethernet]\nmac-address=58:9c:fc:00:00:01\nmtu=1400\n"
        "[ipv4]\nmethod=manual\naddress1=192.0.2.10/24\naddress2=203.0.113.9/32\n"
        "route1=0.0.0.0/0,198.51.100.1\nroute1_options=onlink=true\nroute2=10.0.0.0/8,192.0.2.254\n"
        "dns=192.0.2.53;\ndns-search=example.net;\n"
        "[ipv6]\nmethod=manual\naddress1=2001:db8::10/64\nroute1=::/0,2001:db8::1\n"
        "dns=2001:db8::53;\ndns-search=example.net;\n"
    )
    # NetworkManager reads no keyfile that others can.
    assert next(entry["mode"] for entry in found["storage"]["files"] if entry["path"] == path) == 0o600


@pytest.mark.parametrize(("ipv6", "expected"), [("dhcp", "yes"), ("auto", "ipv4")])
def test_dynamic_addresses(ipv6: str, expected: str) -> None:
    nic = {"lan": {"network": "lan", "ipv4": "dhcp", "ipv6": ipv6}}
    text = files_of(config({}, "ignition-networkd", nic=nic))["/etc/systemd/network/10-lan.network"]
    assert f"DHCP={expected}\nIPv6AcceptRA=yes\n[DHCPv4]\nClientIdentifier=mac\n" in text
    keyfile = files_of(config({}, nic=nic))["/etc/NetworkManager/system-connections/lan.nmconnection"]
    assert (
        f"[ipv4]\nmethod=auto\ndhcp-client-id=mac\n[ipv6]\nmethod={'auto' if ipv6 == 'auto' else 'dhcp'}\n" in keyfile
    )


def test_own_config_is_merged_over_ours() -> None:
    own = {
        "ignition": {"version": "3.4.0"},
        "passwd": {"users": [{"name": "alice", "gecos": "Other"}, {"name": "core"}]},
        "storage": {"links": [{"path": "/etc/hostname", "target": "/run/name"}]},
    }
    found = config({"users": ["alice"], "user_data": "a.ign"}, files={"a.ign": json.dumps(own).encode()})
    assert found["ignition"] == {"version": "3.4.0"}
    alice, core = found["passwd"]["users"]
    assert (alice["gecos"], alice["shell"], core) == ("Other", "/bin/sh", {"name": "core"})
    assert "/etc/hostname" not in files_of(found)
    assert found["storage"]["links"] == [{"path": "/etc/hostname", "target": "/run/name"}]


def test_bhyve_shows_it_by_fw_cfg_and_there_is_no_drive() -> None:
    guest = plan({})
    words = [option.words for option in guest.options]
    assert ("-f", "opt/com.coreos/config,file=/var/db/hivewright/web1/config.ign") in words
    assert words.count(("-o", "lpc.fwcfg=qemu")) == 1
    assert not any("seed.iso" in word for option in words for word in option)
    both = plan({}, fwcfg={"token": {"name": "opt/one", "string": "1"}}, disk={"a": {"path": "/d", "boot_index": 1}})
    assert [option.words for option in both.options].count(("-o", "lpc.fwcfg=qemu")) == 1


def test_secrets_are_put_in_by_the_host() -> None:
    users = {"alice": {"passwd": {"secret": "alice"}}}
    files = [{"path": "/etc/token", "secret": "token"}]
    steps = [
        (step.verb, *step.words) for step in plan({"users": ["alice"], "write_files": files}, users=users).provision
    ]
    assert steps[-4:] == [
        ("seed_secret", "base64", "token"),
        ("seed_secret", "hash", "alice"),
        ("seed_file", "config.ign", steps[-2][2]),
        ("seed", "ignition"),
    ]


def test_both_kinds_of_ignition_differ_in_the_network_alone() -> None:
    first, second = READERS["ignition"], READERS["ignition-networkd"]
    assert first is not None
    assert second is not None
    assert first._replace(network=second.network) == second
