"""Lowering of what guests start with: other ROMs, and programs of the host that load them."""

from __future__ import annotations

from typing import Any

import pytest

from hivewright.plan import VmPlan
from loader_grammar import parse_loader
from lowering import DISK, FIRMWARE, VARIABLES, command_of, plan_of, steps
from script_words import loader_calls

CD = {"path": "/srv/iso/live.iso"}
CONSOLE = "/dev/nmdm-web1.1A"
VOLUME = "/dev/zvol/zroot/vms/web1"


def loader_of(plan: VmPlan) -> dict[str, list[str]]:
    return parse_loader(plan.loader_words(installing=False))


def installer_of(plan: VmPlan) -> dict[str, list[str]]:
    """The loader as long as the guest is being installed."""
    return parse_loader(plan.loader_words(installing=True))


def lines_of(plan: VmPlan, file: str) -> list[str]:
    return [step.words[1] for step in plan.loader if step.verb == "loader_file" and step.words[0] == file]


@pytest.mark.parametrize(
    ("firmware", "bootrom"),
    [
        ({"kind": "uefi-csm"}, f"{FIRMWARE}/BHYVE_UEFI_CSM.fd"),
        ({"kind": "rom", "rom": "/srv/a.fd"}, "/srv/a.fd"),
        ({"kind": "rom", "rom": "/srv/a.fd", "variables_template": "/srv/v.fd"}, f"/srv/a.fd,{VARIABLES}"),
    ],
)
def test_other_roms(firmware: dict[str, Any], bootrom: str) -> None:
    plan = plan_of({"firmware": firmware})
    assert command_of(plan).lpc["bootrom"] == bootrom
    assert steps(plan, "rom") == [("rom", bootrom.partition(",")[0])]
    assert bool(steps(plan, "vars")) == ("," in bootrom)
    assert plan.loader == ()


def test_bhyveload_gets_what_bhyve_gets() -> None:
    loader = {"variables": {"b": "2 3", "a": "1"}, "os_loader": "/boot/l.so", "host_directory": "/srv/h"}
    vm = {
        "memory": "2G",
        "machine": {"wired": True},
        "firmware": {"kind": "bhyveload", "bhyveload": loader},
        "disk": {"data": DISK, "root": DISK},
    }
    plan = plan_of(vm)
    assert loader_of(plan) == {
        "c": [CONSOLE],
        "S": [""],
        "m": ["2G"],
        "d": [f"{VOLUME}/root", f"{VOLUME}/data"],
        "e": ["a=1", "b=2 3"],
        "h": ["/srv/h"],
        "l": ["/boot/l.so"],
    }
    assert not command_of(plan).lpc.keys() & {"bootrom"}
    assert steps(plan, "rom") + steps(plan, "vars") + steps(plan, "variables") == []
    assert ("loader", "/usr/sbin/bhyveload") in steps(plan)


def test_grub_reads_a_map_of_the_devices() -> None:
    disks = {"disk": {"data": DISK, "root": DISK}, "cd": {"live": CD}}
    plan = plan_of({"firmware": {"kind": "grub"}, **disks})
    assert lines_of(plan, "device.map") == [
        f"(hd0) {VOLUME}/root",
        f"(hd1) {VOLUME}/data",
        "(cd0) /srv/iso/live.iso",
    ]
    run = "/var/run/hivewright/web1"
    assert loader_of(plan) == {"c": [CONSOLE], "M": ["1G"], "m": [f"{run}/device.map"], "r": ["hd0,msdos1"]}


def test_grub_boots_from_a_drive() -> None:
    grub = {"directory": "/boot/grub2", "config": "/boot/grub2/x.cfg"}
    plan = plan_of({"firmware": {"kind": "grub", "boot": "live", "grub": grub}, "cd": {"live": CD, "a": CD}})
    found = loader_of(plan)
    assert (found["r"], found["d"], found["g"]) == (["cd0"], ["/boot/grub2"], ["/boot/grub2/x.cfg"])
    assert lines_of(plan, "device.map")[0] == "(cd0) /srv/iso/live.iso"


def test_the_only_drive_is_booted_from_where_there_is_no_disk() -> None:
    assert loader_of(plan_of({"firmware": {"kind": "bhyveload"}, "cd": {"live": CD}}))["d"] == [CD["path"]]
    grub = plan_of({"firmware": {"kind": "grub"}, "cd": {"live": CD}})
    assert (loader_of(grub)["r"], lines_of(grub, "device.map")) == (["cd0"], ["(cd0) /srv/iso/live.iso"])


def test_bhyveload_needs_no_disk_where_it_has_a_directory() -> None:
    loader = {"kind": "bhyveload", "bhyveload": {"host_directory": "/srv/boot"}}
    found = loader_of(plan_of({"firmware": loader}))
    assert (found["h"], "d" in found) == (["/srv/boot"], False)


def test_bhyveload_boots_the_installer_first_and_never_again() -> None:
    disks = {"disk": {"root": DISK}, "cd": {"a": CD, "live": CD}, "install": {"cd": ["live"]}}
    plan = plan_of({"firmware": {"kind": "bhyveload"}, **disks})
    assert installer_of(plan)["d"] == ["/srv/iso/live.iso", f"{VOLUME}/root", "/srv/iso/live.iso"]
    assert loader_of(plan)["d"] == [f"{VOLUME}/root", "/srv/iso/live.iso"]


def test_grub_boots_the_installer_by_its_own_configuration_or_by_commands() -> None:
    grub: dict[str, Any] = {"root": "hd0,gpt2", "directory": "/boot/grub2"}
    disks = {"disk": {"root": DISK}, "cd": {"a": CD, "live": {"path": "/srv/iso/i.iso"}}, "install": {"cd": "live"}}
    plan = plan_of({"firmware": {"kind": "grub", "grub": grub}, **disks})
    assert lines_of(plan, "install.map")[1:] == ["(cd0) /srv/iso/i.iso", "(cd1) /srv/iso/live.iso"]
    assert lines_of(plan, "device.map")[1:] == ["(cd0) /srv/iso/live.iso"]
    assert installer_of(plan)["r"] == ["cd0"]
    assert "d" not in installer_of(plan)
    assert (loader_of(plan)["r"], loader_of(plan)["d"]) == (["hd0,gpt2"], ["/boot/grub2"])
    grub["install_commands"] = ["linux /install"]
    plan = plan_of({"firmware": {"kind": "grub", "grub": grub}, **disks})
    assert lines_of(plan, "install.cfg") == ["set timeout=3", "menuentry web1 {", "set root=cd0", "linux /install", "}"]
    found = installer_of(plan)
    assert (found["r"], found["d"], found["g"]) == (["host"], ["/var/run/hivewright/web1"], ["install.cfg"])
    assert loader_of(plan)["r"] == ["hd0,gpt2"]
    del disks["install"]
    plan = plan_of({"firmware": {"kind": "grub", "grub": grub}, **disks})
    assert lines_of(plan, "install.cfg") == []
    assert installer_of(plan) == loader_of(plan)


def test_commands_of_grub_become_a_menu() -> None:
    grub = {"root": "hd0,gpt2", "commands": ["linux /a 'b c'", "initrd /i"], "timeout": "1s"}
    plan = plan_of({"firmware": {"kind": "grub", "grub": grub}, "disk": {"root": DISK}})
    assert lines_of(plan, "grub.cfg") == [
        "set timeout=1",
        "menuentry web1 {",
        "set root=hd0,gpt2",
        "linux /a 'b c'",
        "initrd /i",
        "}",
    ]
    found = loader_of(plan)
    assert (found["r"], found["d"]) == (["host"], ["/var/run/hivewright/web1"])


def test_a_loader_of_ones_own_has_the_words_that_are_given() -> None:
    own = {"program": "/usr/local/sbin/load", "arguments": ["-m", "1G", "-d", "/srv/a b"]}
    plan = plan_of({"firmware": {"kind": "loader", "loader": own}, "serial": {}})
    words = [word for step in plan.loader if step.verb == "loader" for word in step.words]
    assert words == ["/usr/local/sbin/load", "-m", "1G", "-d", "/srv/a b", "web1"]
    assert steps(plan, "loader") == [("loader", "/usr/local/sbin/load")]
    assert not command_of(plan).lpc.keys() & {"bootrom"}


@pytest.mark.parametrize("root", ["hd0,msdos1,bsd1", "hd0,openbsd4", "hd0,gpt2"])
def test_roots_of_grub_may_be_within_partitions(root: str) -> None:
    plan = plan_of({"firmware": {"kind": "grub", "grub": {"root": root}}, "disk": {"root": DISK}})
    assert loader_of(plan)["r"] == [root]


def test_the_digest_follows_the_loader() -> None:
    def digest(**loader: Any) -> str:
        firmware = {"kind": "bhyveload", "bhyveload": loader}
        return plan_of({"firmware": firmware, "disk": {"root": DISK}}).digest

    assert digest() == digest()
    assert digest() != digest(variables={"a": "1"})


def test_scripts_hold_the_calls_that_load_a_guest() -> None:
    script = "loader /x -e 'a=b c'  # memory\nloader_file f 'it'\\''s'\nprepare loader /x\n"
    assert loader_calls(script) == [["loader", "/x", "-e", "a=b c"], ["loader_file", "f", "it's"]]
