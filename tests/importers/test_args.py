"""``hivewright import args``: command lines, scripts and files of bhyve_config(5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli

from hivewright import cli
from hivewright.importers.args import read_args
from hivewright.importers.command import guest_of
from hivewright.importers.forms import Guest, Target, UnreadableError

ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
SCRIPT = f"""\
#!/bin/sh
# one guest
set -u
ifconfig tap0 create
ifconfig bridge0 addm tap0 up
disk=/dev/zvol/zroot/vms/web
while :; do
    /usr/sbin/bhyve -A -H -P -w -u -c 2 -m 2G \\
        -s 0,hostbridge -s 31,lpc -s "3,virtio-blk,${{disk}}" -s 4,virtio-net,tap0 \\
        -s 5,fbuf,tcp=0.0.0.0:5901,password=hush -s 30,xhci,tablet \\
        -l com1,/dev/nmdm0A -l bootrom,{ROM} -U 01234567-89AB-cdef-0123-456789abcdef Web1 >>/var/log/web1 2>&1 || break
done
"""
CONFIGURATION = f"""\
# written by hand
name=db1
cpus=4
sockets=1
cores=4
memory.size=4G
x86.strictmsr=false
x86.vmexit_on_hlt=true
x86.vmexit_on_pause=true
acpi_tables=true
rtc.use_localtime=false
base=/srv/%(name)
lpc.com1.path=/dev/nmdm1A
lpc.bootrom={ROM}
pci.0.0.0.device=hostbridge
pci.0.31.0.device=lpc
pci.0.4.0.device=ahci
pci.0.4.0.port.0.type=hd
pci.0.4.0.port.0.path=/srv/db1/root.img
pci.0.4.0.port.1.type=cd
pci.0.4.0.port.1.path=/srv/iso/install.iso
pci.0.5.0.device=virtio-net
pci.0.5.0.backend=tap1
pci.0.5.0.mac=58:9c:fc:00:00:07
pci.0.6.0.device=nvme
pci.0.6.0.path=/dev/zvol/zroot/db1
pci.0.6.0.ser=NV1
"""


def imported(text: str, **about: Any) -> Guest:
    (old,) = read_args([("vm.sh", text)]).guests
    return guest_of(old, Target("alpha", (14, 3), **about))


def keys(words: str) -> Mapping[str, Any]:
    """Of a guest with some words besides those that every guest has."""
    return imported(f"bhyve -A -H -P -w -u -c 1 -m 1G -s 0,hostbridge -s 31,lpc {words} web1").keys


def test_a_script_becomes_a_site_in_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, folder = tmp_path / "web1.sh", tmp_path / "new"
    script.write_text(SCRIPT)
    folder.mkdir()
    assert cli.main(["-q", "-C", str(folder), "import", "args", str(script), "-o", str(tmp_path / "report.md")]) == 0
    vm = tomli.loads((folder / "site/vms/web1.toml").read_text())["vm"]["web1"]
    assert vm["uuid"] == "01234567-89ab-cdef-0123-456789abcdef"
    assert vm["disk"] == {"root": {"path": "/dev/zvol/zroot/vms/web", "serial": "BHYVE-F223-0C7C-08AC"}}
    assert vm["nic"] == {"bridge0": {"network": "bridge0", "mac": "00:a0:98:60:02:71"}}
    assert vm["vnc"] == {"port": 5901, "address": "0.0.0.0", "password": {"secret": "web1-vnc"}}
    assert "machine" not in vm
    report = (tmp_path / "report.md").read_text()
    assert "not explained" not in report
    assert "hush" not in report + "".join(path.read_text() for path in folder.rglob("*.toml"))
    assert "test ! -e /dev/vmm/Web1 &&\n    hivectl provision web1 &&\n    hivectl start web1" in report
    assert cli.main(["-q", "-C", str(folder), "build"]) == 0
    capsys.readouterr()
    assert cli.main(["-q", "-C", str(folder), "import", "args", str(script)]) == 1
    assert "has a guest web1 already" in capsys.readouterr().err


def test_a_configuration_file_is_a_command() -> None:
    guest = imported(CONFIGURATION)
    assert guest.keys["topology"] == {"cores": 4}
    assert guest.keys["disk"]["root"] == {
        "path": "/srv/db1/root.img",
        "bus": "ahci-hd",
        "serial": guest.keys["disk"]["root"]["serial"],
        "controller": "ahci",
    }
    assert guest.ports == {"disk.root": "ahci:0", "cd.install": "ahci:1"}
    assert guest.slots["controller.ahci"] == "0:4:0"
    assert guest.keys["disk"]["db1"] == {"path": "/dev/zvol/zroot/db1", "bus": "nvme", "serial": "NV1"}
    assert guest.keys["extra_args"] == ["-o", "base=/srv/db1"]
    assert "machine" not in guest.keys


def test_what_is_absent_is_what_bhyve_does_then() -> None:
    machine = imported("bhyve -c 1 -m 512 -s 0,hostbridge -s 1,lpc -l com1,stdio web1").keys
    assert machine["memory"] == "512M"
    assert machine["machine"] == {
        "acpi": False,
        "yield_on_halt": False,
        "yield_on_pause": False,
        "ignore_msr": False,
        "rtc": "localtime",
        "lpc_slot": 1,
    }
    assert machine["serial"] == {"com1": {"kind": "tmux"}}
    assert keys("")["serial"] == {}


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("-s 3,passthru,2/0/0", "passthrough", {"pci-2-0-0": {"device": "pci-2-0-0"}}),
        ("-s 3,hda,play=/dev/dsp0,rec=/dev/dsp1", "sound", {"record": "/dev/dsp1"}),
        ("-s 3,virtio-console,org.qemu.guest_agent.0=/var/run/a", "agent", True),
        ("-s 3,virtio-9p,S.1=/srv/s,ro", "share", {"s-1": {"path": "/srv/s", "readonly": True, "tag": "S.1"}}),
        ("-l tpm,passthru,/dev/tpm0", "tpm", {"kind": "passthru", "device": "/dev/tpm0"}),
        ("-p 0:3 -p 0:4", "pin", {"0": "3-4"}),
        ("-G w127.0.0.1:1234", "debug", {"gdb": {"port": 1234, "wait": True}}),
        ("-o system.sku=A1", "smbios", {"system": {"sku": "A1"}}),
        ("-s 3,uart,/dev/nmdm5A", "extra_args", ["-s", "0:3:0,uart,/dev/nmdm5A"]),
    ],
)  # fmt: skip
def test_what_words_become(words: str, key: str, value: object) -> None:
    assert keys(words)[key] == value


def test_variables_before_the_command_are_those_of_bhyve() -> None:
    guest = imported("SIZE=1G\nA=b exec env NOTE='a' FOO=\"a b\" /opt/bhyve-next -m $SIZE -s 0,hostbridge web1\n")
    assert guest.keys["environment"] == {"A": "b", "NOTE": "a", "FOO": "a b"}
    assert (guest.keys["memory"], guest.old.program) == ("1G", "/opt/bhyve-next")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo hello\n", "vm.sh: there is no command of bhyve in it"),
        ("\n\nbhyve -m $SIZE web1\n", 'vm.sh:3: "$SIZE" is only known when the script runs'),
        ("A=$HOME/x bhyve -m 1G web1\n", 'vm.sh:1: "$HOME/x" is only known when the script runs'),
        ("bhyve -m `cat size` web1\n", "is only known when the script runs"),
        ("bhyve -c 4,sockets=1,cores=2 -m 1G web1\n", "are not 4 vCPUs"),
        ("bhyve -m 1Q web1\n", "-m 1Q is no size of memory"),
        ("bhyve -m 1G -s 3,virtio-blk,disk.img web1\n", 'the path "disk.img" depends on the folder'),
        ("bhyve -m 1G -Z web1\n", "no option -Z"),
        ("bhyve -m 1G -s 99,lpc web1\n", "web1: "),
        ("bhyve -m 'unfinished web1\n", "vm.sh:1: this is not what sh(1) reads"),
        ("bhyve: web1 (bhyve)\n", "vm.sh:1: this is what ps(1) shows"),
        ("memory.size=1G\n", "no line name=…"),
        ("name=a\npci.0.3.0.path=/x\n", "nothing says which device is at 0:3:0"),
    ],
)
def test_what_cannot_be_read_is_one_error(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        imported(text)
    assert reason in str(caught.value)


def test_a_file_that_is_no_text_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for name, content, reason in (("a", b"\xff\xfe", "byte 1 is not UTF-8"), ("b", b"x\0", "zero byte")):
        (tmp_path / name).write_bytes(content)
        assert cli.main(["-C", str(folder), "import", "args", str(tmp_path / name)]) == 1
        assert reason in capsys.readouterr().err
    assert cli.main(["-C", str(folder), "import", "args", str(tmp_path / "none")]) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
