"""``hivewright import cbsd``: every parameter of a guest and every table of its devices, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cbsd_host import WORKDIR, data, guest, node
from conftest import write_files
from hivewright.importers.cbsd import read_cbsd
from hivewright.importers.command import guest_of
from hivewright.importers.forms import Guest, Target
from hivewright.importers.request import Request
from imported import rows_of
from nested import value

UUID = "01234567-89ab-cdef-0123-456789abcdef"
MAC = "00:a0:98:00:00:01"
DISK = ("virtio-blk", "dsk1.vhd", "512", "false", "0")
NIC = ("vtnet", "bridge7", MAC, 0, "0", "0")

Settings = tuple[tuple[str, object], ...]
Case = tuple[tuple[str, ...], str, object]

CASES: dict[Settings, Case] = {
    (("astart", 0),): ((), "autostart", False),
    (("vm_cpus", 4),): (("-c", "cpus=4,sockets=4,cores=1,threads=1"), "cpus", 4),
    (("vm_cpus", 4), ("vm_cpu_topology", "four")): (
        ("-c", "cpus=4,sockets=1,cores=4,threads=1"), "topology.cores", 4,
    ),
    (("vm_ram", 2 << 30),): (("-m", str(2 << 30)), "memory", "2G"),
    (("vm_hostbridge", "amd_hostbridge"),): (("-s", "0,amd_hostbridge"), "machine.hostbridge", "amd"),
    (("vm_efi", "uefi_csm"),): (
        ("-l", "bootrom,/usr/local/cbsd/upgrade/patch/efi_csm.fd"), "firmware.rom",
        "/usr/local/cbsd/upgrade/patch/efi_csm.fd",
    ),
    (("efi_firmware", "/srv/own.fd"),): (("-l", "bootrom,/srv/own.fd"), "firmware.rom", "/srv/own.fd"),
    (("vm_console", "nmdm"),): (("-l", "com2,/dev/nmdm1A"), "serial.com2", {}),
    (("vm_console", "tmux"),): (("-l", "com1,stdio"), "serial.com1.kind", "tmux"),
    (("vm_vnc_port", 5907), ("vnc_password", "0")): (
        ("-s", "6,fbuf,tcp=127.0.0.1:5907,w=1024,h=768"), "vnc.port", 5907,
    ),
    (("vm_vnc_port", 1),): ((), "vnc", None),
    (("bhyve_vnc_tcp_bind", "192.0.2.1"), ("vm_vnc_port", 5907)): ((), "vnc.address", "192.0.2.1"),
    (("bhyve_vnc_resolution", "800x600"),): ((), "vnc.resolution", "800x600"),
    (("bhyve_vnc_vgaconf", "off"),): ((), "vnc.vga", "off"),
    (("vnc_password", "hush"),): ((), "vnc.password.secret", "web-vnc"),
    (("bhyve_vnc_kbdlayout", "de"),): (("-K", "de"), "vnc.keyboard", "de"),
    (("fbuf", 0), ("xhci", 0)): ((), "vnc", None),
    (("tablet", 0),): (("-s", "30,xhci"), "vnc.tablet", False),
    (("bhyve_generate_acpi", 0),): ((), "machine.acpi", False),
    (("bhyve_wire_memory", 1),): (("-S",), "machine.wired", True),
    (("bhyve_rts_keeps_utc", 1),): (("-u",), "machine.rtc", None),
    (("bhyve_rts_keeps_utc", 0),): ((), "machine.rtc", "localtime"),
    (("bhyve_force_msi_irq", 1),): (("-W",), "machine.msi", True),
    (("bhyve_x2apic_mode", 1),): (("-x",), "machine.x2apic", True),
    (("bhyve_mptable_gen", 0),): (("-Y",), "machine.mptable", False),
    (("bhyve_ignore_msr_acc", 1),): (("-w",), "machine.ignore_msr", None),
    (("bhyve_flags", "-p 0:2"),): (("-p", "0:2"), "pin.0", "2"),
    (("tpm", "/dev/tpm0"),): (("-l", "tpm,passthru,/dev/tpm0"), "tpm.device", "/dev/tpm0"),
    (("virtio_rnd", 1),): (("-s", "6,virtio-rnd"), "rng", True),
    (("on_poweroff", "restart"),): ((), "on_poweroff", "restart"),
    (("on_reboot", "destroy"),): ((), "on_reboot", "destroy"),
    (("on_crash", "restart"),): ((), "on_crash", None),
    (("double_acpi", 0),): ((), "stop.press_every", "0s"),
    (("protected", 1),): ((), "protected", None),
    (("tags", "prod web"),): ((), "tags", ["prod", "web"]),
    (("rctl_nice", 5),): ((), "limits.nice", 5),
    (("rctl_nice", 1),): ((), "limits", None),
}  # fmt: skip
"""Settings beside those that every guest has -> words of the old command, a key, and its value; None: absent."""

TOLD: dict[str, object] = {
    "cpuset": "2-3", "boot_delay": 5, "debug_engine": "gdb", "jailed": "jail1", "mnt_start": "/bin/a", "hidden": 1,
    "ip4_addr": "192.0.2.10", "bhyverun_wrapper": "/srv/own.sh", "vm_boot": "cd", "bhyve_cmd": "/srv/bhyve",
}  # fmt: skip
"""Parameters that are not carried over, each with a value."""

TABLES: dict[str, tuple[Mapping[str, Any], tuple[str, ...], str, object]] = {
    "a disk on AHCI": (
        {"disks": [("ahci-hd", "dsk1.vhd", "4096", "false", "S1")]},
        ("-s", f"4,ahci-hd,{data('web')}/dsk1.vhd,sectorsize=4096,ser=S1"), "disk.root.serial", "S1",
    ),
    "a controller": (
        {"disks": [("ahci0", "dsk1.vhd", "512", "false", "0")],
         "others": {"bhyve_dskcontroller": (("id", "name", "type", "count"), [(1, "ahci0", "ahci", 8)])}},
        ("-s", f"4,ahci,hd:{data('web')}/dsk1.vhd"), "disk.root.bus", "ahci-hd",
    ),
    "NVMe": (
        {"others": {"bhyve_nvme": (("id", "devpath", "ram"), [(1, "/dev/zvol/tank/fast", 0), (2, "/dev/b", 0)])}},
        ("-s", "6,nvme,/dev/zvol/tank/fast,ram=0"), "disk.fast.bus", "nvme",
    ),
    "e1000": ({"nics": [("e1000", "bridge7", MAC, 9000, "0", "0")]},
              ("-s", f"5,e1000,tap0,mtu=9000,mac={MAC}"), "nic.bridge7.model", "e1000"),
    "a private NIC": ({"nics": [("vtnet", "bridge7", MAC, 0, "private", "0")]}, (), "nic.bridge7.private", True),
    "a NIC on VALE": ({"nics": [("vtnet", "cbsdvale_sw", MAC, 0, "0", "0")]},
                      ("-s", f"5,virtio-net,vale3:0,mac={MAC}"), "nic.sw.network", "sw"),
    "a NIC of the host alone": ({"nics": [("vtnet", "disable", MAC, 0, "0", "192.0.2.1/24")]}, (),
                                "nic.web-host.network", "web-host"),
    "a share": (
        {"others": {"p9shares": (("p9path", "p9device", "ro", "options"), [("/srv/s", "share", "true", "0")])}},
        ("-s", "6,virtio-9p,share=/srv/s,ro"), "share.share.readonly", True,
    ),
    "sound": (
        {"settings": {"soundhw": "hda"},
         "others": {"bhyve_soundhw": (("soundhw_play", "soundhw_rec"), [("/dev/dsp0", "/dev/dsp1")])}},
        ("-s", "6,hda,play=/dev/dsp0,rec=/dev/dsp1"), "sound.record", "/dev/dsp1",
    ),
    "slots that were kept": ({"slots": [("virtio-blk", 12, f"{data('web')}/dsk1.vhd"), ("virtio-net", 9, "1")]},
                             ("-s", f"12,virtio-blk,{data('web')}/dsk1.vhd,sectorsize=512"), "memory", "1G"),
}  # fmt: skip


def imported(folder: Path, **about: Any) -> Guest:
    root = folder / "old"
    settings = {"uuid": UUID, **about.get("settings", {})}
    guest(root, "web", settings, about.get("disks", [DISK]), about.get("nics", [NIC]), about.get("slots", ()),
          about.get("others"))  # fmt: skip
    node(root, ("web",))
    write_files(root, {"etc/rc.conf": f'cbsd_workdir="{WORKDIR}"\n', "usr/jails/nodename": "node1.example.net\n"})
    (old,) = read_cbsd(Request((str(root),), None, None, None), None).guests
    return guest_of(old, Target("alpha", (14, 3)))


def check(one: Guest, words: tuple[str, ...], key: str, expected: object) -> None:
    if len(words) > 1:
        assert set(pairwise(words)) <= set(pairwise(one.old.words)), one.old.words
    assert set(words) <= set(one.old.words)
    assert value(one.keys, key) == expected
    rows_of(one, release="14.3")


@pytest.mark.parametrize("settings", CASES, ids=lambda each: " ".join(f"{key}={value}" for key, value in each))
def test_a_parameter_is_carried_over(tmp_path: Path, settings: Settings) -> None:
    check(imported(tmp_path, settings=dict(settings)), *CASES[settings])


@pytest.mark.parametrize("key", TOLD)
def test_a_parameter_without_a_counterpart_is_told(tmp_path: Path, key: str) -> None:
    notes = imported(tmp_path, settings={key: TOLD[key]}).notes
    assert [note.what for note in notes if note.what.startswith(f"{key}=")], notes


@pytest.mark.parametrize("which", TABLES)
def test_a_device_is_carried_over(tmp_path: Path, which: str) -> None:
    about, words, key, expected = TABLES[which]
    check(imported(tmp_path, **about), words, key, expected)
