"""Sound, input devices, channels, secrets and serial ports on TCP, as bhyve takes them."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.lower.origins import origins
from lowering import command_of, device, plan_of, steps, words_of

DESK: dict[str, Any] = {
    "vnc": {"password": {"secret": "desk-vnc"}, "slot": "5:0"},
    "sound": {"record": "/dev/dsp1"},
    "input": {"keyboard": {"device": "/dev/input/event2"}},
    "channel": {"agent": {"port": "org.qemu.guest_agent.0"}, "clipboard": {}},
}


def test_devices() -> None:
    plan = plan_of(DESK)
    run = "/var/run/hivewright/web1"
    assert device(plan, "sound") == "hda,play=/dev/dsp0,rec=/dev/dsp1"
    assert device(plan, "input.keyboard") == "virtio-input,/dev/input/event2"
    ports = f"org.qemu.guest_agent.0={run}/channel-agent.sock,clipboard={run}/channel-clipboard.sock"
    assert device(plan, "channels") == f"virtio-console,{ports}"
    assert [step for step in steps(plan) if step[0] in ("file", "secret")] == [
        ("file", "sound", "/dev/dsp0"),
        ("file", "sound", "/dev/dsp1"),
        ("file", "input keyboard", "/dev/input/event2"),
        ("secret", "desk-vnc", "pci.0.5.0.password"),
    ]
    command = command_of(plan)
    assert command.configurations == [f"{run}/secrets"]


def test_sockets_of_the_longest_names_fit() -> None:
    name = "a" * 31
    site = build_site({name: {"channel": {name: {"port": "b" * 63}}}})
    plan = lower(site, allocate(site, {})).plans[0].vms[0]
    command_of(plan)


def test_devices_are_traced() -> None:
    site = build_site({"web1": DESK})
    allocation = allocate(site, {})
    plan = lower(site, allocation).plans[0].vms[0]
    found = dict(origins(site, plan))
    assert found["-k"][0] == "vm.web1.vnc.password (vms.toml)"


def test_vnc_on_a_socket_needs_no_port() -> None:
    site = build_site({"web1": {"vnc": {"socket": True}}}, hosts={"alpha": {"freebsd": "15.1"}})
    allocation = allocate(site, {})
    assert allocation.locks["web1"].vnc is None
    plan = lower(site, allocation).plans[0].vms[0]
    assert device(plan, "fbuf") == "fbuf,rfb=unix:/var/run/hivewright/web1/vnc.sock,w=1024,h=768,vga=io"
    assert plan.vnc == "unix:/var/run/hivewright/web1/vnc.sock"
    command_of(plan, "15.1")


@pytest.mark.parametrize(("arch", "words"), [("amd64", ["-l", "com1,{}"]), ("arm64", ["-o", "console={}"])])
@pytest.mark.parametrize(("address", "written"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_serial_port_on_tcp(arch: str, words: list[str], address: str, written: str) -> None:
    serial = {"com1": {"kind": "tcp", "address": address, "port": 7001}}
    plan = plan_of({"serial": serial}, {"freebsd": "15.0", "arch": arch, "device": {}})
    option, value = words
    found = words_of(plan)
    assert value.format(f"tcp={written}:7001") in found[found.index(option) :]
    assert plan.consoles == (("com1", f"tcp={written}:7001"),)
    command_of(plan, "15.0", arch)


def test_open_doors_are_noted() -> None:
    vms: dict[str, dict[str, Any]] = {
        "web1": {"vnc": {"address": "0.0.0.0", "password": {"secret": "web1"}}},
        "web2": {"vnc": {"address": "0.0.0.0"}, "serial": {"com1": {"kind": "tcp", "address": "::", "port": 7001}}},
        "web3": {"vnc": {}, "serial": {"com1": {"kind": "tcp", "port": 7003}}},
    }
    site = build_site(vms, hosts={"alpha": {"freebsd": "15.1"}})
    plan = lower(site, allocate(site, {})).plans[0]
    doors = [note.partition(" and ")[0] for note in plan.notes]
    assert [door for door in doors if "listens" in door] == [
        "VNC of web1 listens on 0.0.0.0:5900",
        "VNC of web2 listens on 0.0.0.0:5901",
        "com1 of web2 listens on [::]:7001",
    ]


def test_an_automatic_vnc_port_is_not_that_of_a_serial_port() -> None:
    serial = {"com1": {"kind": "tcp", "port": 5900}}
    site = build_site({"web1": {"vnc": {}}, "web2": {"serial": serial}}, hosts={"alpha": {"freebsd": "15.0"}})
    allocation = allocate(site, {})
    assert allocation.locks["web1"].vnc == 5901
    later = build_site(
        {"web1": {"vnc": {}}, "web2": {"serial": {"com1": {"kind": "tcp", "port": 5901}}}},
        hosts={"alpha": {"freebsd": "15.0"}},
    )
    assert [each.code for each in allocate(later, allocation.locks).diagnostics] == ["LOCK005"]


def test_shares() -> None:
    shares = {"data": {"path": "/data/web", "readonly": True}, "upload": {"path": "/data/upload", "tag": "in.1"}}
    plan = plan_of({"share": shares})
    assert device(plan, "share.data") == "virtio-9p,data=/data/web,ro"
    assert device(plan, "share.upload") == "virtio-9p,in.1=/data/upload"
    assert steps(plan, "share") == [("share", "data", "/data/web", "ro"), ("share", "upload", "/data/upload", "rw")]
    command_of(plan)
