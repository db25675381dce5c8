"""Lowering of guests: every command is one that bhyve of the host's release takes, and says what the site says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bhyve_grammar import parse_command
from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.bhyve.releases import TABLE, features
from hivewright.lower import lower
from lowering import DISK, FIRMWARE, NIC, VARIABLES, command_of, device, plan_of, steps, words_of


def test_the_smallest_guest() -> None:
    plan = plan_of({"uuid": "01234567-89ab-cdef-0123-456789abcdef"})
    assert words_of(plan) == [
        *("-A", "-H", "-P", "-w", "-u"),
        *("-c", "cpus=1,sockets=1,cores=1,threads=1", "-m", "1G", "-U", "01234567-89ab-cdef-0123-456789abcdef"),
        *("-s", "0:0:0,hostbridge", "-s", "0:31:0,lpc", "-l", "com1,/dev/nmdm-web1.1A"),
        *("-l", f"bootrom,{FIRMWARE}/BHYVE_UEFI_CODE.fd,{VARIABLES}"),
    ]
    assert steps(plan) == [
        ("rom", f"{FIRMWARE}/BHYVE_UEFI_CODE.fd"),
        ("provisioned", plan.provision_digest),
        ("vars", VARIABLES),
        ("variables", f"{FIRMWARE}/BHYVE_UEFI_VARS.fd"),
    ]


def test_options_stand_in_a_fixed_order() -> None:
    vm = {
        "cpus": 11,
        "pin": {"10": "3", "0": "1-2", "1": "3"},
        "cd": {"install": {"path": "/srv/a.iso"}},
        "disk": {"root": DISK},
        "nic": {"lan": NIC},
        "passthrough": {"gpu": {"device": "gpu0", "slot": "2:0:0"}},
        "rng": True,
        "vnc": True,
        "cloud_init": True,
        "serial": {"com2": {}, "com1": {}},
        "extra_args": ["-a"],
    }
    assert [option.label for option in plan_of(vm).options] == [
        *("acpi", "halt", "pause", "machine.ignore_msr", "machine.rtc", "passthrough", "mp-table"),
        *("cpus", "pin.0", "pin.1", "pin.10", "memory", "uuid", "hostbridge"),
        *("cd.install", "disk.root", "nic.lan", "rng", "seed", "fbuf", "xhci", "passthrough.gpu", "lpc"),
        *("serial.com1", "serial.com2", "firmware", "extra_args"),
    ]


@pytest.mark.parametrize(
    ("vm", "host", "expected"),
    [
        ({"cpus": 4}, {}, [("vcpus", "4")]),
        ({"cpus": 1}, {}, []),
        ({"cpus": 4}, {"cpus": 8}, []),
        ({"cpus": 4}, {"freebsd": "13.5"}, []),
        ({"cpus": 4}, {"freebsd": "15.0", "arch": "arm64"}, [("vcpus", "4")]),
    ],
)
def test_vcpus_are_counted_on_the_host_where_the_site_does_not_know(
    vm: dict[str, Any], host: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert steps(plan_of(vm, host), "vcpus") == expected


def test_prepare_checks_first_and_makes_taps_last() -> None:
    vm = {
        "cpus": 2,
        "pin": {"0": "1-9", "1": "3"},
        "cd": {"install": {"path": "/srv/a.iso"}},
        "disk": {"root": DISK, "data": {"path": "/dev/ada5", "readonly": True}},
        "nic": {"wan": NIC, "lan": {**NIC, "private": True, "tap": "tap7"}},
        "passthrough": {"gpu": {"device": "gpu0"}},
        "cloud_init": True,
        "hooks": {"prestart": ["hooks/a.sh"]},
    }
    plan = plan_of(vm, files={"hooks/a.sh": b""})
    assert [(step.verb, *step.words) for step in plan.prepare] == [
        ("rom", f"{FIRMWARE}/BHYVE_UEFI_CODE.fd"),
        ("cpus", "9"),
        ("vcpus", "2"),
        ("passthrough", "gpu", "2/0/0"),
        ("provisioned", plan.provision_digest),
        ("vars", VARIABLES),
        ("disk", "data", "/dev/ada5", "ro"),
        ("disk", "root", "/dev/zvol/zroot/vms/web1/root", "rw"),
        ("medium", "install", "/srv/a.iso"),
        ("file", "seed", "/var/db/hivewright/web1/seed.iso"),
        ("hook", "prestart"),
        ("tap", "lan", "tap7", "br-lan", "1500", "private"),
        ("tap", "wan", "tap-web1-wan", "br-lan", "1500"),
    ]


def test_a_guest_with_nothing_of_ours_is_not_provisioned() -> None:
    plan = plan_of({"disk": {"root": {"path": "/dev/ada5"}}, "firmware": {"variables": False}})
    assert plan.provision == ()
    assert steps(plan, "provisioned") == []


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        (DISK, "virtio-blk,/dev/zvol/zroot/vms/web1/root,ser=web1-root"),
        ({**DISK, "storage": "plain"}, "virtio-blk,/srv/vms/web1/root.img,ser=web1-root"),
        ({"path": "/dev/ada5", "serial": "S-1"}, "virtio-blk,/dev/ada5,ser=S-1"),
        (
            {**DISK, "bus": "ahci-hd", "cache": "nocache", "sector_size": "512/4096"},
            "ahci-hd,/dev/zvol/zroot/vms/web1/root,nocache,sectorsize=512/4096,ser=web1-root",
        ),
        (
            {**DISK, "bus": "nvme", "cache": "nocache-direct", "sector_size": "4096", "readonly": True},
            "nvme,/dev/zvol/zroot/vms/web1/root,nocache,direct,ro,sectsz=4096,ser=web1-root",
        ),
        ({**DISK, "cache": "direct"}, "virtio-blk,/dev/zvol/zroot/vms/web1/root,direct,ser=web1-root"),
    ],
)
def test_disk(disk: dict[str, Any], expected: str) -> None:
    plan = plan_of({"disk": {"root": disk}})
    assert device(plan, "disk.root") == expected
    command_of(plan)


def test_long_serial_numbers_keep_their_difference() -> None:
    names = ["database-archive-one", "database-archive-two"]
    plan = plan_of({"disk": dict.fromkeys(names, DISK)})
    serials = [device(plan, f"disk.{name}").rpartition("=")[2] for name in names]
    assert len(set(serials)) == 2
    assert all(len(serial) == 20 and serial.startswith("web1-database-") for serial in serials)


@pytest.mark.parametrize(
    ("nic", "mtu", "expected"),
    [
        ({}, 1500, "virtio-net,tap-web1-lan,mac=MAC"),
        ({"mtu": 1500}, 1500, "virtio-net,tap-web1-lan,mac=MAC,mtu=1500"),
        ({}, 9000, "virtio-net,tap-web1-lan,mac=MAC,mtu=9000"),
        ({"mtu": 1400}, 9000, "virtio-net,tap-web1-lan,mac=MAC,mtu=1400"),
        ({"model": "e1000"}, 9000, "e1000,tap-web1-lan,mac=MAC"),
        ({"tap": "tapweb0"}, 1500, "virtio-net,tapweb0,mac=MAC"),
        ({"mac": "02:00:00:00:00:01"}, 1500, "virtio-net,tap-web1-lan,mac=02:00:00:00:00:01"),
    ],
)
def test_nic(nic: dict[str, Any], mtu: int, expected: str) -> None:
    networks = {"lan": {"kind": "bridge", "uplink": "none", "mtu": mtu}}
    plan = plan_of({"nic": {"lan": {**NIC, **nic}}}, networks=networks)
    assert device(plan, "nic.lan") == expected.replace("MAC", plan.nics[0].mac)
    assert steps(plan, "tap") == [("tap", "lan", nic.get("tap", "tap-web1-lan"), "br-lan", str(mtu))]
    command_of(plan)


def test_the_host_may_realise_networks_and_storage_in_its_own_way() -> None:
    host = {"network": {"lan": {"bridge": "bridge7", "mtu": 9000}}, "storage": {"fast": {"dataset": "tank/guests"}}}
    plan = plan_of({"nic": {"lan": NIC}, "disk": {"root": DISK}}, host)
    assert steps(plan, "tap") == [("tap", "lan", "tap-web1-lan", "bridge7", "9000")]
    assert device(plan, "disk.root").startswith("virtio-blk,/dev/zvol/tank/guests/web1/root,")


@pytest.mark.parametrize(
    ("vnc", "expected"),
    [
        ({}, "fbuf,tcp=127.0.0.1:5900,w=1024,h=768,vga=io"),
        ({"port": 5999, "address": "::1", "vga": "off"}, "fbuf,tcp=[::1]:5999,w=1024,h=768,vga=off"),
        ({"resolution": "1920x1200", "wait": True}, "fbuf,tcp=127.0.0.1:5900,w=1920,h=1200,vga=io,wait"),
    ],
)
def test_framebuffer(vnc: dict[str, Any], expected: str) -> None:
    plan = plan_of({"vnc": vnc})
    assert device(plan, "fbuf") == expected
    assert device(plan, "xhci") == "xhci,tablet"
    assert plan.vnc == expected.partition("tcp=")[2].partition(",")[0]
    command_of(plan)


def test_no_tablet() -> None:
    assert "xhci" not in {option.label for option in plan_of({"vnc": {"tablet": False}}).options}


@pytest.mark.parametrize(("memory", "expected"), [("4G", "4G"), ("1536M", "1536M"), ("1T", "1024G")])
def test_memory_is_in_whole_megabytes_or_gigabytes(memory: str, expected: str) -> None:
    assert command_of(plan_of({"memory": memory})).memory == expected


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (None, "cpus=8,sockets=8,cores=1,threads=1"),
        ({"cores": 8}, "cpus=8,sockets=1,cores=8,threads=1"),
        ("wide", "cpus=8,sockets=2,cores=2,threads=2"),
    ],
)
def test_topology_is_always_complete(topology: object, expected: str) -> None:
    vm = {"cpus": 8, **({"topology": topology} if topology else {})}
    plan = plan_of(vm, topologies={"wide": {"sockets": 2, "cores": 2, "threads": 2}})
    assert expected in words_of(plan)
    command_of(plan)


def test_machine_switches() -> None:
    machine = {"ignore_msr": False, "rtc": "localtime", "wired": True, "hostbridge": "amd"}
    command = command_of(plan_of({"machine": machine}))
    assert command.flags == set("AHPS")
    assert command.slots[0, 0, 0] == ("amd_hostbridge", "")


def test_a_machine_may_have_no_host_bridge() -> None:
    assert (0, 0, 0) in command_of(plan_of({})).slots
    assert (0, 0, 0) not in command_of(plan_of({"machine": {"hostbridge": "none"}})).slots


def test_passthrough_wires_memory() -> None:
    plan = plan_of({"passthrough": {"gpu": {"device": "gpu0"}}})
    assert "S" in command_of(plan).flags
    assert device(plan, "passthrough.gpu") == "passthru,2/0/0"
    assert plan.passthrough == (("gpu", "2/0/0"),)


def test_devices_beyond_bus_0_switch_the_mp_table_off() -> None:
    assert "Y" in command_of(plan_of({"rng": {"slot": "1:0:0"}})).flags
    assert "-Y" in words_of(plan_of({"extra_args": ["-s", "1:0:0,virtio-rnd"]}))
    assert "Y" not in command_of(plan_of({"rng": True})).flags


def test_a_rom_of_ones_own_does_not_get_the_variables_of_another() -> None:
    plan = plan_of({"firmware": {"rom": "/srv/rom.fd"}})
    assert [option.words for option in plan.options][-1] == ("-l", "bootrom,/srv/rom.fd")
    assert steps(plan, "vars") == []
    assert steps(plan_of({"firmware": {"rom": "/srv/rom.fd", "variables": True}}), "vars") == [("vars", VARIABLES)]


def test_own_rom_and_variables() -> None:
    firmware = {"rom": "/srv/rom.fd", "variables_template": "/srv/vars.fd"}
    plan = plan_of({"firmware": firmware})
    assert command_of(plan).lpc["bootrom"] == f"/srv/rom.fd,{VARIABLES}"
    assert steps(plan, "rom") + steps(plan, "variables") == [("rom", "/srv/rom.fd"), ("variables", "/srv/vars.fd")]


@pytest.mark.parametrize(("release", "arch"), sorted(TABLE))
def test_every_release_gets_what_it_takes(release: str, arch: str) -> None:
    vm = {
        "cpus": 2,
        "pin": {"0": "0-3,8"},
        "disk": {"root": DISK},
        "nic": {"lan": {**NIC, "mtu": 1400}},
        "rng": {"slot": "1:0:0"},
        "cloud_init": True,
        "machine": {"wired": True},
        **({"vnc": True} if arch == "amd64" else {}),
    }
    plan = plan_of(vm, {"freebsd": release, "arch": arch})
    command = command_of(plan, release, arch)
    assert command.variables["vcpu.0.cpuset"] == "0-3,8"
    assert ("vars" in {step.verb for step in plan.prepare}) == (arch == "amd64" and release >= "14")
    if arch == "arm64":
        assert command.variables["console"] == "/dev/nmdm-web1.1A"
        assert command.flags == {"S"}
    else:
        assert command.flags == set("AHPwuSY")
        assert command.lpc["bootrom"].startswith(FIRMWARE)


def test_later_releases_of_a_branch_are_like_the_last_known() -> None:
    assert features("14.9", "amd64") is TABLE["14.4", "amd64"]
    assert features("13.10", "amd64") is TABLE["13.5", "amd64"]
    assert features("15.1", "arm64") is TABLE["15.1", "arm64"]
    for release, arch in (("12.4", "amd64"), ("16.0", "amd64"), ("14.3", "arm64")):
        with pytest.raises(KeyError):
            features(release, arch)


DISKS = st.fixed_dictionaries(
    {"storage": st.sampled_from(["fast", "plain"]), "size": st.just("1G")},
    optional={
        "bus": st.sampled_from(["virtio-blk", "ahci-hd", "nvme"]),
        "sector_size": st.sampled_from(["512", "4096", "512/4096"]),
        "readonly": st.booleans(),
        "cache": st.sampled_from(["default", "nocache", "direct", "nocache-direct"]),
    },
)
NICS = st.fixed_dictionaries(
    {"network": st.just("lan")},
    optional={
        "model": st.sampled_from(["virtio-net", "e1000"]),
        "mtu": st.integers(576, 9000),
        "private": st.booleans(),
    },
)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True)
GUESTS = st.fixed_dictionaries(
    {"cpus": st.integers(1, 16), "memory": st.sampled_from(["256M", "4G", "1T"])},
    optional={
        "disk": st.dictionaries(NAMES, DISKS, max_size=30),
        "nic": st.dictionaries(NAMES, NICS, max_size=5),
        "cd": st.dictionaries(NAMES, st.just({"path": "/srv/a.iso"}), max_size=2),
        "vnc": st.fixed_dictionaries({}, optional={"wait": st.booleans(), "tablet": st.booleans()}),
        "rng": st.just(True),
        "cloud_init": st.just(True),
        "pin": st.dictionaries(st.just("0"), st.just("2-3")),
        "machine": st.fixed_dictionaries({}, optional={"wired": st.booleans(), "ignore_msr": st.booleans()}),
        "firmware": st.fixed_dictionaries({}, optional={"variables": st.booleans()}),
    },
)


@settings(max_examples=60)
@given(NAMES, GUESTS, st.sampled_from(sorted(TABLE)))
def test_no_guest_gets_a_command_that_bhyve_refuses(name: str, vm: dict[str, Any], target: tuple[str, str]) -> None:
    release, arch = target
    if arch == "arm64":
        vm.pop("vnc", None)
    site = build_site({name: vm}, hosts={"alpha": {"freebsd": release, "arch": arch}})
    lowered = lower(site, allocate(site, {}))
    (plan,) = lowered.plans[0].vms
    command = parse_command([*words_of(plan), plan.name], release, arch)
    assert command.cpus == vm["cpus"]
    assert len(command.macs) == len(vm.get("nic", {}))
    assert list(plan.slots) == sorted(plan.slots, key=lambda slot: [int(part) for part in slot[0].split(":")])
