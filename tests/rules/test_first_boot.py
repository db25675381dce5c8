"""Rules about first-boot data: who can log in, what its reader does not follow, and guests with Windows."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builders import build_site
from hivewright.diagnostics import Diagnostic
from hivewright.model.readers import READERS
from hivewright.rules import check_rules
from hivewright.rules.machine.first_boot import _parsed

USERS = {
    "alice": {"ssh_keys": ["ssh-ed25519 AAAA alice"], "sudo": "ALL=(ALL) ALL"},
    "backup": {},
}
NUAGEINIT = [name for name in READERS if name.startswith("nuageinit")]


def found(cloud_init: object = True, own: str = "", **keys: Any) -> list[Diagnostic]:
    files = {"a.yaml": f"#cloud-config\n{own}\n".encode()}
    return check_rules(build_site({"web1": {"cloud_init": cloud_init, **keys}}, users=USERS, files=files))


def codes(cloud_init: object = True, own: str = "", **keys: Any) -> list[str]:
    return [diagnostic.code for diagnostic in found(cloud_init, own, **keys)]


LOGIN = [
    "users: [{name: a, plain_text_passwd: x}]",
    "users: {a: {ssh_import_id: ['gh:a']}}",
    "ssh_authorized_keys: [k]",
    "password: x",
    "chpasswd: {list: ['a:b']}",
    "runcmd: [date]",
]
NOBODY = ["users: [{name: a}]", "users: []", "users: default, a", "users: [default]", "ssh_authorized_keys: []"]


@pytest.mark.parametrize("own", LOGIN)
def test_own_data_may_let_somebody_in(own: str) -> None:
    assert codes({"user_data": "a.yaml"}, own) == []
    assert codes({"user_data": "a.yaml"}, "timezone: UTC") == ["SEED003"]


@pytest.mark.parametrize("own", NOBODY)
def test_accounts_without_key_or_password_let_nobody_in(own: str) -> None:
    assert codes({"user_data": "a.yaml"}, own) == ["SEED003"]
    assert codes({"user_data": "a.yaml", "users": ["alice"]}, own) == []


def test_the_default_user_of_nuageinit_has_a_password() -> None:
    assert codes({"user_data": "a.yaml", "reader": "nuageinit-14.4"}, "users: [default]") == ["SEED004"]


@pytest.mark.parametrize(("own", "lets_in"), [("late-commands: [a]", True), ("packages: [a]", False)])
def test_what_the_installer_of_ubuntu_runs_may_let_somebody_in(own: str, lets_in: bool) -> None:
    install = {"install": {"cd": "i"}, "cd": {"i": {"path": "/i.iso"}}}
    given = codes({"reader": "autoinstall", "user_data": "a.yaml"}, f"autoinstall:\n  {own}", **install)
    assert ("SEED003" in given) != lets_in


def test_what_a_volume_holds_is_not_known() -> None:
    disk = {"storage": "fast", "size": "10G"}
    assert codes(disk={"root": {**disk, "clone": "golden/root@v1"}}) == []
    assert codes(disk={"root": disk}) == ["SEED003"]


def test_one_user_with_a_key_is_enough() -> None:
    assert codes({"users": ["backup", "alice"]}) == []
    assert codes({"users": ["backup"]}) == ["SEED003"]


@pytest.mark.parametrize("reader", READERS)
def test_only_nuageinit_has_an_account_with_a_known_password(reader: str) -> None:
    given = codes({"users": ["alice"], "user_data": "a.yaml", "reader": reader}, "ssh_authorized_keys: [k]")
    assert ("SEED004" in given) == (reader in NUAGEINIT)


NIC = {"network": "lan", "ipv4": "192.0.2.10/24", "gateway4": "none"}
KEYS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"packages": ["git"]}, {"ipv4": "dhcp"}, ["packages"]),
    ({}, {"mtu": 1400}, ["mtu of nic lan"]),
    ({}, {"dns": ["192.0.2.53"], "search": ["example.net"]}, ["dns of nic lan", "search of nic lan"]),
    ({}, {"ipv4": "dhcp", "mtu": 1400}, ["mtu of nic lan"]),
    ({}, {"ipv4": "dhcp", "ipv6": "2001:db8::10/64"}, ["ipv6 of nic lan"]),
    ({}, {"ipv6": "auto"}, ["ipv6 of nic lan"]),
    ({}, {"ipv4": "dhcp", "ipv6": "dhcp"}, ["ipv6 of nic lan"]),
    ({}, {"ipv4": ["192.0.2.10/24", "192.0.2.11/24"]}, ["ipv4 of nic lan"]),
    ({}, {"ipv6": ["2001:db8::1/64", "2001:db8::2/64"], "gateway6": "fe80::1"}, ["ipv6 of nic lan", "gateway6 of"]),
    ({}, {"gateway4": "198.51.100.1", "on_link": True}, ["on_link of nic lan"]),
    ({}, {"routes": [{"to": "10.0.0.0/8", "via": "192.0.2.254"}]}, ["routes of nic lan"]),
]
SINCE_14_4 = {0, 1, 2}
"""Which of them nuageinit follows since 14.4."""


@pytest.mark.parametrize("reader", ["cloud-init", *NUAGEINIT])
@pytest.mark.parametrize("number", range(len(KEYS)))
def test_what_a_reader_does_not_follow_is_told(number: int, reader: str) -> None:
    cloud_init, nic, names = KEYS[number]
    users = {"alice": {"ssh_keys": ["ssh-ed25519 AAAA alice"]}}
    vm = {"cloud_init": {"users": ["alice"], "reader": reader, **cloud_init}, "nic": {"lan": {**NIC, **nic}}}
    lost = check_rules(build_site({"web1": vm}, users=users))
    early = reader in ("nuageinit-14.1", "nuageinit-14.2", "nuageinit-14.3")
    if reader == "cloud-init" or (number in SINCE_14_4 and not early):
        assert lost == []
        return
    (diagnostic,) = lost
    assert diagnostic.code == "SEED005"
    assert all(name in diagnostic.message for name in names)
    assert ("14.4" in diagnostic.help) == (number in SINCE_14_4)


def test_a_guest_without_network_in_its_data_loses_none() -> None:
    nic = {"lan": {**NIC, "ipv4": "dhcp", "mtu": 1400}}
    assert codes({"users": ["backup", "alice"], "reader": "nuageinit-15.0", "network": False}, nic=nic) == []


SERVER = {"os": "windows", "description": "A server", "max_sockets": 64}
OWN = {"os": "windows", "description": "Our own"}


@pytest.mark.parametrize(("profile", "cpus", "warned"), [("own", 3, True), ("own", 2, False), ("server", 8, False)])
def test_sockets_of_windows(profile: str, cpus: int, warned: bool) -> None:
    site = build_site({"win1": {"profile": profile, "cpus": cpus}}, profiles={"own": OWN, "server": SERVER})
    assert [diagnostic.code for diagnostic in check_rules(site)] == ["VM094"] * warned


EMPTY = {"storage": "fast", "size": "60G"}
FILLED = [
    {**EMPTY, "image": "golden"},
    {**EMPTY, "clone": "golden/system@v1"},
    {"path": "/srv/vms/win1.img"},
]


@pytest.mark.parametrize("disk", FILLED, ids=["image", "clone", "path"])
def test_a_disk_that_holds_windows_may_hold_drivers(disk: dict[str, Any]) -> None:
    vm = {"profile": "own", "disk": {"system": disk}, "cd": {"install": {"path": "/srv/iso/install.iso"}}}
    images = {"golden": {"path": "/srv/images/golden.raw"}}
    site = build_site({"win1": vm}, profiles={"own": OWN}, images=images)
    assert "VM095" not in [diagnostic.code for diagnostic in check_rules(site)]
    vm["disk"] = {"system": EMPTY}
    site = build_site({"win1": vm}, profiles={"own": OWN}, images=images)
    assert "VM095" in [diagnostic.code for diagnostic in check_rules(site)]


def told_with_and_without_libyaml(own: str) -> list[list[Diagnostic]]:
    """What is found in a file with libyaml, if it is here, and without it."""
    content = {"user_data": "a.yaml", "users": ["alice"]}
    _parsed.cache_clear()
    told = [found(content, own)]
    _parsed.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        told.append(found(content, own))
    _parsed.cache_clear()
    return told


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("a: [b", "expected ',' or ']', but got '<stream end>' (line 3)"),
        ("a: b\t", "found character '\\t' that cannot start any token (line 2)"),
        ("a: b\n\ufeff- c", "could not find expected ':' (line 4)"),
        ("a: |#", "expected chomping or indentation indicators, but found '#' (line 2)"),
        (
            "a: \0",
            'unacceptable character #x0000: special characters are not allowed in "<unicode string>", position 17',
        ),
    ],
)
def test_libyaml_makes_no_difference_to_faults(own: str, message: str) -> None:
    for told in told_with_and_without_libyaml(own):
        assert [diagnostic.message for diagnostic in told] == [f"a.yaml is not valid YAML: {message}"]


WORDS = [
    *(
        "a: ",
        "b",
        "- ",
        "\n",
        "  ",
        "\t",
        "'",
        '"',
        "|",
        ">\n",
        " #",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "!!int ",
        "? ",
    ),
    *("1e3", "yes", "\x85", "\u2028", "\ufeff", "\U0001f600", "\r", "%", "---\n", "...\n", "\\", "@", "<<: ", "~"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=9).map("".join))
def test_libyaml_makes_no_difference_to_what_is_told(own: str) -> None:
    told, without = told_with_and_without_libyaml(own)
    assert told == without
