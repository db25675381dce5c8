"""``hivewright import bmd``: every key of bmd.conf(5), its language, and what it does not take."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
import tomli

from conftest import write_files
from guides import follow
from hivewright.importers.bmd import read_bmd
from hivewright.importers.command import guest_of
from hivewright.importers.forms import Guest, Target
from hivewright.importers.request import open_request
from imported import rows_of
from nested import value
from refused_imports import refusal

ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
PLAIN = "memory = 1G; loader = uefi; disk = /vm/a.img;"
CONFIGURATION = """\
# the VMs of a host
global {
	nmdm_offset = 300;
	vars_directory = /var/cache/vars;
	$pool = /dev/zvol/tank;   // where the disks are
}
template common(ncpu = 2, memory = "2G") {
	ncpu = ${ncpu}; memory = $memory;
	.apply disks;
	stop_timeout = 120;
}
template disks { disk = "${pool}/${NAME}"; }
template screen {
	graphics_port = $((5900 + ${ID} * 2)); /* one for
	each */
	graphics_listen = 127.0.0.1;
	xhci_mouse = yes;
}
vm web {
	boot = yes;
	loader = uefi;
	.apply common(4, 4G), screen;
	network = '[58:9c:fc:00:00:01]:bridge1', e1000:vale1;
	network += virtio-net:bridge1;
}
vm db {
	.apply common;
	loader = bhyveload;
	comport = auto;
	disk += nvme:nocache:readonly:${pool}/db-log;
	bhyveload_env = "machdep.hyperthreading_allowed=0";
}
.include "bmd.d/*";
"""
INCLUDED = 'vm mail { .apply common(memory2); memory = 512M; loader = csm; com1 = "tcp=127.0.0.1:4000"; }\n'


def guests(folder: Path, text: str, more: Mapping[str, str] | None = None) -> list[Guest]:
    files = write_files(folder, {"bmd.conf": text, **(more or {})})
    about = Namespace(paths=[str(files / "bmd.conf")], ssh=None, at=None, dataset=None, kind="bmd")
    with open_request(about) as request:
        found = read_bmd(request)
    return [guest_of(old, Target("alpha", (15, 1))) for old in found.guests]


def test_the_guide_imports_the_guests_of_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = INCLUDED.replace("memory2", "1")
    write_files(tmp_path / "old", {"bmd.conf": CONFIGURATION, "bmd.d/mail": mail})
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    follow("from-bmd.md", "14.3", "15.1")
    report = Path("report.md").read_text()
    assert "not explained" not in report
    web, db, mail_vm = (
        tomli.loads(Path(f"site/vms/{name}.toml").read_text())["vm"][name] for name in ("web", "db", "mail")
    )
    assert web["cpus"] == 4
    assert web["disk"]["root"]["path"] == "/dev/zvol/tank/web"
    assert web["vnc"] == {"port": 5900, "tablet_slot": 7}
    assert [nic["network"] for nic in web["nic"].values()] == ["bridge1", "vale1", "bridge1"]
    assert web["firmware"] == {"variables_template": "/var/cache/vars/web.vars"}
    assert db["autostart"] is False
    assert db["disk"]["db-log"]["bus"] == "nvme"
    assert db["firmware"] == {
        "kind": "bhyveload", "bhyveload": {"variables": {"machdep.hyperthreading_allowed": "0"}}
    }  # fmt: skip
    assert mail_vm["serial"] == {"com1": {"kind": "tcp", "port": 4000}}
    assert "`bhyveload -e machdep.hyperthreading_allowed=0 -c /dev/nmdm300B -m 2G -d /dev/zvol/tank/db`" in report
    for guest in ("web", "db", "mail"):
        lines = report.partition(f"To switch {guest} over")[2].partition("While the other tool")[0]
        steps = (f"bmdctl shutdown {guest}", "service bmd reload", f"! -e /dev/vmm/{guest}", f"hivectl start {guest}",
                 f"hivectl stop {guest}", f"bmdctl boot {guest}")  # fmt: skip
        order = [lines.index(step) for step in steps]
        assert order == sorted(order)


CASES: dict[str, tuple[tuple[str, ...], str, object]] = {
    "name = web2": ((), "description", None),
    "boot = always": ((), "on_poweroff", "restart"),
    "boot = oneshot": ((), "on_reboot", "destroy"),
    "boot = no": ((), "autostart", False),
    "stop_timeout = 90": ((), "stop_timeout", "90s"),
    "loader = csm": (("-l", "bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI_CSM.fd"), "firmware.kind", "uefi-csm"),
    "loader = grub; loadcmd = 'kopenbsd -h com0 (hd0,gpt4)/bsd'": (
        (), "firmware.grub.commands", ["kopenbsd -h com0 (hd0,gpt4)/bsd"],
    ),
    "loader = grub; grub_run_partition = gpt2": ((), "firmware.grub.root", "hd0,gpt2"),
    "loader = bhyveload; bhyveload_loader = /boot/own.so": ((), "firmware.bhyveload.os_loader", "/boot/own.so"),
    "ncpu = 1:4:2": (("-c", "cpus=8,sockets=1,cores=4,threads=2"), "topology.threads", 2),
    "ncpu = 2; cpu_pin = 0:3, 1:5": (("-p", "0:3", "-p", "1:5"), "pin.1", "5"),
    "wired_memory = yes": (("-S",), "machine.wired", True),
    "x2apic = yes": (("-x",), "machine.x2apic", True),
    "utctime = no": ((), "machine.rtc", "localtime"),
    "hostbridge = amd": (("-s", "0:0:0,amd_hostbridge"), "machine.hostbridge", "amd"),
    "hostbridge = none": ((), "machine.hostbridge", "none"),
    "iso = noexist:/iso/a.iso": (("-s", "0:3:0,ahci-cd,/iso/a.iso"), "cd.install.path", "/iso/a.iso"),
    "sharefs = 'readonly:data=/srv/data'": (("-s", "0:3:0,virtio-9p,data=/srv/data,ro"), "share.data.readonly", True),
    "network = vale1": (("-s", "0:3:0,virtio-net,vale1:vm0p0"), "nic.vale1.network", "vale1"),
    "network = e1000:wol:[58:9c:fc:00:00:01]:bridge7": (
        ("-s", "0:3:0,e1000,tap0,mac=58:9c:fc:00:00:01"), "nic.bridge7.mac", "58:9c:fc:00:00:01",
    ),
    "passthru = 2/0/1": (("-S",), "passthrough.pci-2-0-1.device", "pci-2-0-1"),
    "com2 = /dev/nmdm7B": (("-l", "com2,/dev/nmdm7B"), "serial.com2", {}),
    "com3 = /dev/cuau0": (("-l", "com3,/dev/cuau0"), "serial.com3", {"kind": "device", "device": "/dev/cuau0"}),
    "graphics = yes": (("-s", "0:3:0,fbuf,tcp=0.0.0.0:5900,w=1024,h=768,vga=io"), "vnc.address", "0.0.0.0"),
    "graphics_path = /run/vnc": (("-s", "0:3:0,fbuf,rfb=unix:/run/vnc,w=1024,h=768,vga=io"), "vnc.socket", True),
    "graphics_password = hush": ((), "vnc.password.secret", "web-vnc"),
    "graphics = yes; graphics_res = 800x600; graphics_vga = off; graphics_wait = yes": (
        ("-s", "0:3:0,fbuf,tcp=0.0.0.0:5900,w=800,h=600,vga=off,wait"), "vnc.wait", True,
    ),
    "graphics = yes; keymap = de": (("-K", "de"), "vnc.keyboard", "de"),
    "xhci_mouse = yes": (("-s", "0:3:0,xhci,tablet"), "tablet", True),
    "graphics = yes; xhci_mouse = yes": (("-s", "0:4:0,xhci,tablet"), "vnc.tablet_slot", 4),
    "virt_console_nports = 2": (
        ("-s", "0:3:0,virtio-console,virt_console0=/var/run/vc-web0.sock,virt_console1=/var/run/vc-web1.sock"),
        "channel.virt_console1", {},
    ),
    "vconsole_np = 1; vconsole_tmpl = 'org.%c.%p=/run/%n'": (
        ("-s", "0:3:0,virtio-console,org.0.0=/run/0"), "channel.org-0-0.port", "org.0.0",
    ),
    "virt_random = yes": (("-s", "0:2:0,virtio-rnd"), "rng", True),
    "hda = /dev/dsp1:/dev/dsp0": (("-s", "0:3:0,hda,play=/dev/dsp1,rec=/dev/dsp0"), "sound.record", "/dev/dsp0"),
    "tpm = /dev/tpm0": (("-l", "tpm,passthru,/dev/tpm0"), "tpm.device", "/dev/tpm0"),
    "tpm = swtpm:/run/tpm.sock:2.0": (("-l", "tpm,swtpm,/run/tpm.sock,version=2.0"), "tpm", True),
    "bhyve_env = 'A=1', 'B=x y'": ((), "environment.B", "x y"),
    "debug_port = 1234": (("-G", "1234"), "debug.gdb.port", 1234),
    "disk = virtio-blk:direct:nodelete:/vm/b.img": (
        ("-s", "0:2:0,virtio-blk,/vm/b.img,direct,nodelete"), "disk.root.trim", False,
    ),
}  # fmt: skip
TOLD = {
    "owner": "alice", "boot_delay": "5", "reboot_on_change": "yes", "loader_timeout": "30", "err_logfile": "/var/log/w",
    "installcmd": "auto", "hookcmd": "/bin/true", "prestart": "/bin/true", "colour": "blue",
}  # fmt: skip
"""Keys that are not carried over, each with a value."""


@pytest.mark.parametrize("lines", CASES)
def test_a_key_is_carried_over(tmp_path: Path, lines: str) -> None:
    words, key, expected = CASES[lines]
    (guest,) = guests(tmp_path, f"vm web {{ {PLAIN} {lines}; }}")
    if len(words) > 1:
        assert set(pairwise(words)) <= set(pairwise(guest.old.words))
    assert set(words) <= set(guest.old.words)
    assert value(guest.keys, key) == expected
    rows_of(guest)


@pytest.mark.parametrize("key", TOLD)
def test_a_key_without_a_counterpart_is_told(tmp_path: Path, key: str) -> None:
    (guest,) = guests(tmp_path, f"vm web {{ {PLAIN} {key} = {TOLD[key]}; }}")
    assert any(note.what.startswith(f"{key} = ") for note in guest.notes)


def test_every_key_of_the_manual_is_tried() -> None:
    tried = {key for lines in (*CASES, *TOLD) for key in re.findall(r"(?:^|; )([a-z0-9_]+)(?= =|$)", lines)}
    assert tried | {"memory"} >= {
        "boot", "boot_delay", "com2", "virt_console_nports", "vconsole_np", "vconsole_tmpl", "debug_port", "disk",
        "sharefs", "err_logfile", "graphics", "graphics_path", "graphics_password", "graphics_res", "graphics_vga",
        "graphics_wait", "hostbridge", "installcmd", "iso", "keymap", "loadcmd", "loader", "loader_timeout",
        "bhyve_env", "bhyveload_loader", "memory", "name", "ncpu", "cpu_pin", "network", "owner", "passthru",
        "reboot_on_change", "stop_timeout", "tpm", "utctime", "virt_random", "wired_memory", "x2apic", "xhci_mouse",
        "hda",
    }  # fmt: skip


def test_further_buses_begin_after_32_devices(tmp_path: Path) -> None:
    disks = ", ".join(f"/vm/{number}.img" for number in range(32))
    (guest,) = guests(tmp_path, f"vm web {{ memory = 1G; loader = uefi; disk = {disks}; }}")
    assert guest.slots["disk.root"] == "0:2:0"
    assert (guest.slots["disk.29"] if "disk.29" in guest.slots else guest.slots["disk.disk-29"]) == "0:31:0"
    assert "1:1:0" in guest.slots.values()
    assert guest.old.words[-1] == "-Y"


def test_anything_but_yes_is_no_and_that_is_told(tmp_path: Path) -> None:
    (guest,) = guests(tmp_path, f"vm web {{ {PLAIN} graphics = on; }}")
    assert "vnc" not in guest.keys
    assert any(note.what.startswith("graphics = on") for note in guest.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\\tb'c d'\"e${NAME}f\"", "a\tbc deWf"),
        ("$((2 + 3 * 4 - 010 / 3 % 2))", "14"),
        ("$((-7 / 2))$((7 % -(2)))", "-31"),
        ("x$((0x10))y", "x16y"),
        ("a b /* no */ c # end", "abc"),
        ("\\x41\\102\\\\", "AB\\"),
        ('"a\\\nb"', "ab"),
    ],
)
def test_strings_are_put_together(tmp_path: Path, text: str, expected: str) -> None:
    (guest,) = guests(tmp_path, f"vm W {{ {PLAIN} owner = {text}\n; }}")
    assert any(note.what.startswith(f"owner = {expected} ") for note in guest.notes), guest.notes


FAULTS: list[tuple[str, int, str]] = [
    ("", 0, "there is no section vm in it"),
    ("[vm]\n", 1, '"[vm]" begins no section'),
    ("vm web {\n memory = 1G\n}", 3, '"}" stands where memory wants ";"'),
    ("vm web {\n memory = 1G;\n", 3, "the section has no closing brace"),
    ("vm web {\n memory 1G;\n}", 2, 'wants "="'),
    ("vm web {\n /* memory = 1G;\n}", 2, "the comment has no end"),
    ("vm web {\n memory = \"1G;\n}", 2, "the quoted text has no end"),
    ("vm web {\n memory = '1G;\n}", 2, "the quoted text has no end"),
    ("vm web {\n memory = ${a;\n}", 2, "the variable has no closing brace"),
    ("vm web {\n memory = $((1 + );\n}", 2, "a number or a variable is missing"),
    ("vm web {\n memory = $((1 + 1);\n}", 2, 'a sum ends with "))"'),
    ("vm web {\n memory = " + "$((" + "(" * 60 + "1;\n}", 2, "nested too deep"),
    ("vm web {\n memory = $((1 / 0));\n}", 2, "a division by zero"),
    ("vm web {\n memory = $size;\n}", 2, "${size} is not defined"),
    ("vm web {\n $a = b; memory = $((a + $a));\n}", 2, "a number or a variable is missing"),
    ("vm web {\n $a = b; memory = $((1 + $a));\n}", 2, '${a} is "b", which is no number'),
    ("vm web {\n .apply none;\n}", 2, 'there is no template "none"'),
    ("vm web {\n memory = 1G, 2G;\n}", 2, "memory takes one value"),
    ("vm web {\n com1 = tcp=127.0.0.1:1;\n}", 2, "put the value in quotes"),
    ("vm { }", 1, "a vm has no name here"),
    (f"vm web {{ {PLAIN} }}\nvm web {{ {PLAIN} }}", 2, "vm web is there already, at"),
    ("vm web {\n memory = 1G;\n}", 1, "vm web has no loader"),
    ("vm web {\n loader = uefi;\n}", 1, "vm web has no memory"),
    ("vm web { loader = lilo;\n memory = 1G;\n}", 1, "which bmd does not know"),
    ("vm web { loader = uefi;\n memory = lots;\n}", 2, "which is no size"),
    ("vm web { loader = bhyveload; memory = 1G;\n}", 1, "has no disk to start from"),
    (f"vm web {{ {PLAIN}\n disk += ahci:/vm/b.img;\n}}", 2, "write ahci-hd"),
    (f"vm web {{ {PLAIN}\n disk += images;\n}}", 2, "has no path of the host"),
    (f"vm web {{ {PLAIN}\n disk += nvme:images/a;\n}}", 1, "depends on the folder"),
    (f"vm web {{ {PLAIN}\n ncpu = 0;\n}}", 2, "SOCKETS:CORES:THREADS"),
    (f"vm web {{ {PLAIN}\n cpu_pin = 1;\n}}", 2, "not VCPU:CPU"),
    (f"vm web {{ {PLAIN}\n network = rtl8139:bridge0;\n}}", 2, "bmd wants"),
    (f"vm web {{ {PLAIN}\n hostbridge = via;\n}}", 2, "which bmd does not know"),
    (f"vm web {{ {PLAIN}\n tpm = yes;\n}}", 2, "bmd wants [KIND:]DEVICE"),
    (f"vm web {{ {PLAIN}\n graphics_port = x;\n}}", 2, "which is no number"),
    (f"vm web {{ {PLAIN}\n passthru = ppt0;\n}}", 1, "which device that is only the host knows"),
    ('.include "*/x.conf";\n', 0, "is not followed"),
]  # fmt: skip
"""A text, the line of its fault, and what is said of it."""


@pytest.mark.parametrize(("text", "line", "reason"), FAULTS)
def test_what_cannot_be_read_is_one_error_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, reason: str
) -> None:
    file = tmp_path / "bmd.conf"
    file.write_text(text)
    said = refusal("bmd", file, capsys)
    assert said.startswith(f"{line}:" if line else " ")
    assert reason in said
