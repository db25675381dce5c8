"""Lowering of what concerns the machine as a whole: switches, SMBIOS strings, files of fw_cfg."""

from __future__ import annotations

from typing import Any

import pytest

from hivewright.lower.host.boot import lower_modules
from lowering import command_of, plan_of, steps, words_of


@pytest.mark.parametrize(
    ("machine", "flags"),
    [
        ({}, "AHPwu"),
        ({"acpi": False}, "HPwu"),
        ({"yield_on_halt": False, "yield_on_pause": False}, "Awu"),
        ({"strict_io": True, "x2apic": True}, "AHPweux"),
        ({"memory_in_core": True, "msi": True, "destroy_on_poweroff": True}, "AHPwuCWD"),
        ({"mptable": False}, "AHPwuY"),
        ({"mptable": True}, "AHPwu"),
    ],
)
def test_each_switch_has_its_option(machine: dict[str, Any], flags: str) -> None:
    assert command_of(plan_of({"machine": machine})).flags == set(flags)


def test_arm64_gets_the_switches_it_has() -> None:
    host = {"freebsd": "15.0", "arch": "arm64"}
    machine = {"memory_in_core": True, "msi": True, "destroy_on_poweroff": True, "mptable": False}
    plan = plan_of({"machine": machine}, host)
    assert command_of(plan, "15.0", "arm64").flags == set("CWD")


def test_smbios_strings_keep_their_blanks() -> None:
    smbios = {"system": {"sku": "A 1", "family_name": "x=y, z"}, "bios": {"vendor": "V"}}
    command = command_of(plan_of({"smbios": smbios}))
    assert command.variables == {"system.family_name": "x=y, z", "system.sku": "A 1", "bios.vendor": "V"}


def test_files_of_fw_cfg_bring_the_device_that_shows_them() -> None:
    fwcfg = {"b": {"name": "opt/b", "file": "/srv/b"}, "a": {"name": "opt/a", "string": "1, 2"}}
    plan = plan_of({"fwcfg": fwcfg})
    words = words_of(plan)
    assert [words[index + 1] for index, word in enumerate(words) if word == "-f"] == [
        "opt/a,string=1, 2",
        "opt/b,file=/srv/b",
    ]
    assert command_of(plan).firmware_files == "qemu"
    assert steps(plan, "file") == [("file", "fwcfg b", "/srv/b")]
    assert command_of(plan_of({})).firmware_files == "bhyve"


def test_a_keyboard_layout_is_looked_for_at_start() -> None:
    plan = plan_of({"vnc": {"keyboard": "de"}})
    assert command_of(plan).keyboard == "de"
    assert steps(plan, "file") == [("file", "keyboard layout", "/usr/share/bhyve/kbdlayout/de")]


def test_memory_domains_split_vcpus_and_memory() -> None:
    numa = {"1": {"cpus": "2-3", "size": "1536M", "policy": "prefer:1"}, "0": {"cpus": "0-1", "size": "2560M"}}
    plan = plan_of({"cpus": 4, "memory": "4G", "numa": numa}, {"freebsd": "15.0"})
    words = words_of(plan)
    assert [words[index + 1] for index, word in enumerate(words) if word == "-n"] == [
        "id=0,size=2560M,cpus=0-1",
        "id=1,size=1536M,cpus=2-3,domain_policy=prefer:1",
    ]
    assert command_of(plan, "15.0").domains == {0: range(2), 1: range(2, 4)}
    even = plan_of({"cpus": 2, "numa": {"0": {"cpus": "0"}, "1": {"cpus": "1"}}}, {"freebsd": "15.0"})
    assert command_of(even, "15.0").domains == {0: range(1), 1: range(1, 2)}


def test_a_tpm_is_that_of_the_host_or_emulated() -> None:
    own = plan_of({"tpm": {"kind": "passthru"}})
    assert command_of(own).lpc["tpm"] == "passthru,/dev/tpm0,version=2.0"
    assert steps(own, "file") == [("file", "tpm", "/dev/tpm0")]
    emulated = plan_of({"tpm": True}, {"freebsd": "15.0"})
    assert command_of(emulated, "15.0").lpc["tpm"] == "swtpm,/var/run/hivewright/web1/tpm.sock,version=2.0"
    assert steps(emulated, "swtpm") == [("swtpm", "/usr/local/bin/swtpm")]
    assert [lower_modules([plan], [])[-1] for plan in (own, emulated)] == ["tpm", "nmdm"]
