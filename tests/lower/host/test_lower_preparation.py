"""The list of what a new host must be given has all that the scripts of its guests look for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from builders import build_site
from full_house import full_site
from hivewright.allocation.allocate import allocate
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.lower.host.preparation import PACKAGES
from hivewright.plan import HostPlan
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT, LIBRARY

SITES = (CHECKOUT, CHECKOUT / "tests" / "sites" / "everything", CHECKOUT / "tests" / "sites" / "standin")
MADE = ("/var/cache/hivewright/", "/var/db/hivewright/", "/usr/share/")
"""What provisioning makes, and what is of the base system."""


def plans_of(site: Site | None) -> tuple[HostPlan, ...]:
    assert site is not None
    return lower(site, allocate(site, {})).plans


def listed(inventory: str) -> list[tuple[str, str]]:
    """The items to tick off: what is in code, and its reason."""
    return re.findall(r"^- \[ \] `([^`]*)`: (.*)$", inventory, re.MULTILINE)


def looked_for(script: str) -> Iterator[tuple[str, list[str]]]:
    """The calls of a script that look for something that must be there: verb and words."""
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["prepare"]:
            yield words[1], words[2:]
        elif words[:1] in (["image"], ["variables"]):
            yield words[0], words[1:]


def missing(inventory: str, script: str, pools: list[str]) -> list[str]:
    items = [text for text, _ in listed(inventory)]
    found = []
    for verb, words in looked_for(script):
        if verb in ("rom", "loader", "swtpm", "terminal", "variables"):
            path = words[0] if verb == "terminal" else words[-1]
            package = PACKAGES.get(path)
            wanted = f"pkg install {package.name}" if package else path if path != "/usr/sbin/bhyveload" else ""
        elif verb in ("file", "disk", "share", "image"):
            wanted = words[-1] if verb == "file" else words[1]
        elif verb == "carp":
            found += [] if words[0] in items else [f"{verb} {words[0]}"]
            continue
        elif verb == "secret":
            wanted = f"/usr/local/etc/hivewright/secrets/{words[0]}"
        else:
            continue
        below = any(wanted.startswith(f"{pool}/") for pool in pools)
        if wanted.startswith(("/", "pkg")) and not wanted.startswith(MADE) and not below and wanted not in items:
            found.append(f"{verb} {wanted}")
    return found


@pytest.mark.parametrize("folder", SITES, ids=lambda folder: folder.name)
def test_all_that_scripts_look_for_is_in_the_list(folder: Any) -> None:
    site = load(read_site(find_project(folder))).site
    check_hosts(site)


HOSTS = [("13.2", "amd64"), ("14.3", "amd64"), ("15.1", "amd64"), ("15.1", "arm64")]


@pytest.mark.parametrize(("release", "arch"), HOSTS)
def test_all_that_a_guest_with_everything_looks_for_is_in_the_list(release: str, arch: str) -> None:
    check_hosts(full_site(release, arch))


def check_hosts(site: Site | None) -> None:
    assert site is not None
    for plan in plans_of(site):
        artifacts = {path: artifact.content.decode(errors="replace") for path, artifact in render(plan).items()}
        inventory = artifacts["INVENTORY.md"]
        commands = [shlex.split(text) for text, _ in listed(inventory) if text.startswith(("zfs create", "mkdir"))]
        pools = [f"/dev/zvol/{words[-1]}" if words[0] == "zfs" else words[-1] for words in commands]
        scripts = [text for path, text in artifacts.items() if path.endswith(("/start", "/provision"))]
        assert scripts
        assert [each for script in scripts for each in missing(inventory, script, pools)] == []
        conf = next(text for path, text in artifacts.items() if path.endswith("/host.conf"))
        for name, address in re.findall(r"^peer (\S+) (\S+)", conf, re.MULTILINE):
            said = dict(listed(inventory))
            assert name in said["/root/.ssh/authorized_keys"]
            assert name in said["/root/.ssh/known_hosts"]
            assert address in said["/root/.ssh/known_hosts"]


def test_packages_that_the_runtime_names_are_known() -> None:
    named = {
        name
        for path in LIBRARY.rglob("*.subr")
        for name in re.findall(r"pkg install ([a-z0-9-]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= {package.name for package in PACKAGES.values()} | {"qemu-tools", "gdb"}


def prepared(vms: Mapping[str, Any], host: Mapping[str, Any] | None = None, **tables: Any) -> list[tuple[str, str]]:
    site = build_site(vms, hosts={"alpha": {"freebsd": "15.0", "device": {}, **(host or {})}}, **tables)
    (plan,) = plans_of(site)
    return listed(render(plan)["INVENTORY.md"].content.decode())


def test_a_host_gets_a_list() -> None:
    images = {"golden": {"path": "/srv/golden image.qcow2", "format": "qcow2"}}
    networks = {
        "lan": {"kind": "manual", "bridge": "bridge7"},
        "lab": {
            "kind": "nat",
            "ipv4": "10.0.0.1/24",
            "uplink": "ix0",
            "dhcp": {"first": "10.0.0.9", "last": "10.0.0.10"},
        },
    }
    storages = {
        "fast": {"kind": "zfs", "dataset": "zroot/vms"},
        "plain": {"kind": "directory", "path": "/srv/vms"},
        "unused": {"kind": "zfs", "dataset": "zroot/unused"},
    }
    web = {
        "disk": {
            "root": {"storage": "fast", "size": "1G", "image": "golden"},
            "data": {"storage": "plain", "size": "1G"},
            "old": {"path": "/dev/ada1"},
        },
        "cd": {"install": {"path": "/srv/install.iso"}},
        "nic": {"lan": {"network": "lan"}, "lab": {"network": "lab"}},
        "vnc": {"password": {"secret": "web-vnc"}},
        "tpm": {"kind": "swtpm"},
        "debug": {"debugger": "gdb"},
        "share": {"files": {"path": "/srv/files"}},
    }
    other = {"cd": {"install": {"path": "/srv/install.iso"}}}
    found = prepared({"web1": web, "web2": other}, images=images, networks=networks, storages=storages)
    assert found[:15] == [
        ("pkg install dnsmasq", "gives addresses to guests"),
        ("pkg install edk2-bhyve", "UEFI for guests"),
        ("pkg install gdb", "debugs bhyve"),
        ("pkg install qemu-tools", "converts images that are not raw"),
        ("pkg install swtpm", "emulates TPMs of guests"),
        ("zfs create -p zroot/vms", "disks on fast"),
        ("mkdir -p /srv/vms", "disks on plain"),
        ("/dev/ada1", "the disk old of web1"),
        ("/srv/files", "the shared directory files of web1"),
        ("/srv/golden image.qcow2", "the image golden of web1"),
        ("/srv/install.iso", "an optical medium of web1, web2"),
        ("/usr/local/etc/hivewright/secrets/web-vnc", "vnc.password of web1"),
        ("bridge7", "the bridge of the network lan, in rc.conf"),
        ("sysrc hivewright_enable=YES", "starts the guests at boot, and stops them at shutdown"),
        ('nat-anchor "hivewright"', "/etc/pf.conf, with the translation rules: guests behind NAT"),
    ]


def test_secrets_of_iscsi_are_in_the_list() -> None:
    san = {
        "kind": "iscsi",
        "portal": "192.0.2.60",
        "target": "iqn.2012-06.net.example:target0",
        "chap": {"user": "alice", "secret": "san"},
    }
    vm = {"disk": {"root": {"storage": "san", "lun": 0}}}
    found = prepared({"web1": vm}, storages={"san": san})
    assert ("/usr/local/etc/hivewright/secrets/san", "disk.root of web1") in found
    assert ('iscsid_enable="YES"', "rc.conf: disks of guests on iSCSI") in found


def test_a_host_without_guests_needs_nothing() -> None:
    site = build_site({})
    (plan,) = plans_of(site)
    assert listed(render(plan)["INVENTORY.md"].content.decode()) == []


def test_one_more_guest_of_the_same_kind_adds_nothing_to_packages_and_storage() -> None:
    vm = {"disk": {"root": {"storage": "fast", "size": "1G"}}}
    assert prepared({"a": vm}) == prepared({"a": vm, "b": vm})
