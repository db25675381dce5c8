"""``hivewright import vm-bhyve``: six guests of a host, and what vm-bhyve reads otherwise than one would think."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import tomli

from conftest import write_files
from hivewright import cli
from projects import CHECKOUT

RC = 'vm_enable="YES"\nvm_dir="zfs:zroot/vm"\nvm_list="db web"\n'
SYSTEM = """\
switch_list="public dmz"
type_public="standard"
ports_public="igb0"
type_dmz="manual"
bridge_dmz="bridge7"
"""
NIC = 'network0_type="virtio-net"\nnetwork0_switch="public"\n'
GUESTS = {
    "web": f'loader="uefi"\ncpu=2\nmemory=2G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:01"\nuuid="01234567-89ab-cdef-0123-456789abcdef"\ngraphics="yes"\n'
    'graphics_port="5901"\nxhci_mouse="yes"\n',
    "db": 'loader="uefi" # the big one\ncpu=4\ncpu_sockets=1\ncpu_cores=4\nmemory=8G\nuefi_vars="yes"\n'
    'disk0_type="nvme"\ndisk0_name="disk0"\ndisk0_dev="zvol"\ndisk1_type="virtio-blk"\ndisk1_name="/dev/da1"\n'
    'disk1_dev="custom"\ndisk1_opts="nocache,sectorsize=512/4096"\nnetwork0_type="e1000"\nnetwork0_switch="dmz"\n'
    'network0_mac="58:9C:FC:00:00:02"\nuuid="11234567-89ab-cdef-0123-456789abcdef"\nvirt_random="yes"\n'
    'limit_pcpu="200"\nzfs_zvol_opts="volblocksize=16K"\ncolour="blue"\n',
    "bsd": f'loader="bhyveload"\ncpu=1\nmemory=512M\ndisk0_type="ahci-hd"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:03"\nuuid="21234567-89ab-cdef-0123-456789abcdef"\n',
    "legacy": f'loader="grub"\ncpu=1\nmemory=1024M\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:04"\nuuid="31234567-89ab-cdef-0123-456789abcdef"\n'
    'grub_run0="linux /vmlinuz root=/dev/vda1"\ngrub_run1="initrd /initrd.img"\n',
    "win": 'loader="uefi"\ncpu=2\nmemory=4G\nutctime="no"\nahci_device_limit="8"\ndisk0_type="ahci-hd"\n'
    'disk0_name="disk0.img"\ndisk1_type="ahci-cd"\ndisk1_dev="custom"\ndisk1_name="/srv/iso/virtio.iso"\n'
    'network0_type="e1000"\nnetwork0_switch="public"\nnetwork0_mac="58:9c:fc:00:00:05"\n'
    'uuid="41234567-89ab-cdef-0123-456789abcdef"\ngraphics="yes"\ngraphics_port="5905"\nvnc_password="hush"\n'
    'xhci_mouse="yes"\n',
    "Proxy.1": f'loader="uefi"\ncpu=1\nmemory=1G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:06"\nuuid="51234567-89ab-cdef-0123-456789abcdef"\nvirt_console0="yes"\n',
}


def host(folder: Path, guests: dict[str, str] = GUESTS) -> Path:
    files = {f"zroot/vm/{name}/{name}.conf": text for name, text in guests.items()}
    return write_files(folder, {"etc/rc.conf": RC, "zroot/vm/.config/system.conf": SYSTEM, **files})


def import_commands() -> list[str]:
    guide = (CHECKOUT / "docs" / "from-vm-bhyve.md").read_text(encoding="utf-8")
    block: str
    (block,) = re.findall(r"^```sh\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    return block.splitlines()


def test_the_guide_imports_six_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(tmp_path / "old")
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    for command in import_commands():
        program, *words = shlex.split(command)
        assert (program, cli.main(["-q", *words])) == ("hivewright", 0), command
    report = Path("report.md").read_text()
    assert "not explained" not in report
    assert "| `-s 0:7:0,xhci,tablet` |" not in report
    assert "colour=blue" in report
    assert "hush" not in report + "".join(path.read_text() for path in Path().rglob("*.toml"))
    db = tomli.loads(Path("site/vms/db.toml").read_text())["vm"]["db"]
    assert db["disk"]["root"] == {"path": "/dev/zvol/zroot/vm/db/disk0", "bus": "nvme", "serial": "NVME-4-0"}
    assert db["disk"]["da1"]["sector_size"] == "512/4096"
    assert db["firmware"]["variables_template"] == "/zroot/vm/db/uefi-vars.fd"
    assert "autostart" not in db
    networks = tomli.loads(Path("site/networks.toml").read_text())["network"]
    assert networks == {
        "dmz": {"kind": "manual", "bridge": "bridge7"},
        "public": {"kind": "manual", "bridge": "vm-public"},
    }
    lock = tomli.loads(Path("site/locks/web.toml").read_text())
    assert lock["slots"] == {"disk.root": "0:4:0", "fbuf": "0:6:0", "nic.public": "0:5:0"}
    assert tomli.loads(Path("site/vms/web.toml").read_text())["vm"]["web"]["vnc"]["tablet_slot"] == 7
    start = Path("build/alpha/root/usr/local/etc/hivewright/vms/web/start").read_text()
    assert "0:4:0,virtio-blk,/zroot/vm/web/disk0.img" in start
    assert len(list(Path("build/alpha/root/usr/local/etc/hivewright/vms").iterdir())) == len(GUESTS)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("cpu=1\nmemory=1G\n", "loader is missing"),
        ('loader="uefi"\ncpu=1\nmemory=512\n', "it needs a unit"),
        ('loader="lilo"\ncpu=1\nmemory=1G\n', "which vm-bhyve does not know"),
        (f'loader="uefi"\ncpu=1\nmemory=1G\n{NIC}'.replace("public", "pubic"), "which system.conf lacks"),
    ],
)
def test_what_cannot_be_read_is_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: str, reason: str
) -> None:
    host(tmp_path / "old", {"web": lines})
    (tmp_path / "new").mkdir()
    assert cli.main(["-C", str(tmp_path / "new"), "import", "vm-bhyve", str(tmp_path / "old")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("hivewright: /zroot/vm/web/web.conf: ")
    assert reason in said
    assert list((tmp_path / "new").iterdir()) == []
