"""``hivewright import vm-bhyve``: six guests of a host, and what vm-bhyve reads otherwise than one would think."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from guides import follow
from hivewright import cli
from vm_bhyve_host import GUESTS, NIC, host


def test_the_guide_imports_six_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(tmp_path / "old")
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    follow("from-vm-bhyve.md")
    report = Path("report.md").read_text()
    assert "not explained" not in report
    assert "| `-s 0:7:0,xhci,tablet` |" not in report
    assert "colour=blue" in report
    assert "- volmode=none of zfs_zvol_opts: hivewright sets volmode=dev" in report
    assert "hush" not in report + "".join(path.read_text() for path in Path().rglob("*.toml"))
    db = tomli.loads(Path("site/vms/db.toml").read_text())["vm"]["db"]
    assert db["disk"]["root"] == {"path": "/dev/zvol/zroot/vm/db/disk0", "bus": "nvme", "serial": "NVME-4-0"}
    assert db["disk"]["da1"]["sector_size"] == "512/4096"
    assert db["firmware"]["variables_template"] == "/zroot/vm/db/uefi-vars.fd"
    assert "autostart" not in db
    proxy = tomli.loads(Path("site/vms/proxy-1.toml").read_text())["vm"]["proxy-1"]
    assert (proxy["alias"], "description" in proxy) == ("Proxy.1", False)
    networks = tomli.loads(Path("site/networks.toml").read_text())["network"]
    assert networks == {
        "dmz": {"kind": "manual", "bridge": "bridge7"},
        "public": {"kind": "manual", "bridge": "vm-public", "private": True},
    }
    before = Path("site/networks.toml").read_text().partition("[network.public]")[0]
    assert 'uplink = ["igb0", "igb1"], private = true' in before
    assert not [path for path in Path("site/vms").iterdir() if "private" in path.read_text()]
    assert tomli.loads(Path("site/vms/legacy.toml").read_text())["vm"]["legacy"]["firmware"]["grub"] == {
        "commands": ["linux /vmlinuz root=/dev/vda1", "initrd /initrd.img"],
        "install_commands": ["linux /install/vmlinuz", "initrd /install/initrd.gz"],
    }
    assert tomli.loads(Path("site/storages.toml").read_text())["storage"]["vm"] == {
        "kind": "zfs",
        "dataset": "zroot/vm",
        "properties": {"volblocksize": "16K"},
        "dataset_properties": {"compression": "zstd", "atime": "off"},
    }
    lock = tomli.loads(Path("site/locks/web.toml").read_text())
    assert lock["slots"] == {"disk.root": "0:4:0", "fbuf": "0:6:0", "nic.public": "0:5:0"}
    assert tomli.loads(Path("site/vms/web.toml").read_text())["vm"]["web"]["vnc"]["tablet_slot"] == 7
    start = Path("build/alpha/root/usr/local/etc/hivewright/vms/web/start").read_text()
    assert "0:4:0,virtio-blk,/zroot/vm/web/disk0.img" in start
    assert len(list(Path("build/alpha/root/usr/local/etc/hivewright/vms").iterdir())) == len(GUESTS)


def test_taps_of_the_administrator_and_span_ports(tmp_path: Path) -> None:
    """Of an interface with a device vm-bhyve makes no tap, and puts it on a bridge only where a switch is named."""
    nic = 'network{0}_type="virtio-net"\nnetwork{0}_mac="58:9c:fc:00:00:1{0}"\n'.format
    lines = 'loader="uefi"\ncpu=1\nmemory=1G\nuuid="01234567-89ab-cdef-0123-456789abcdef"\n'
    lines += f'{nic(0)}network0_device="tap7"\n{nic(1)}network1_device="tap8"\nnetwork1_switch="dmz"\n'
    lines += f'{nic(2)}network2_span="yes"\nnetwork2_switch="dmz"\n'
    host(tmp_path / "old", {"fw": lines})
    new = tmp_path / "new"
    new.mkdir()
    report = new / "report.md"
    assert cli.main(["-C", str(new), "import", "vm-bhyve", str(tmp_path / "old"), "-o", str(report)]) == 0
    assert tomli.loads((new / "site/vms/fw.toml").read_text())["vm"]["fw"]["nic"] == {
        "tap7": {"existing": "tap7", "mac": "58:9c:fc:00:00:10"},
        "dmz": {"network": "dmz", "existing": "tap8", "mac": "58:9c:fc:00:00:11"},
        "dmz-2": {"network": "dmz", "span": True, "mac": "58:9c:fc:00:00:12"},
    }
    text = report.read_text()
    assert "not explained" not in text
    assert "_device" not in text
    assert "_span" not in text


@pytest.mark.parametrize(
    ("name", "reason"), [("none", "there is no such folder"), ("file", "this is no folder; name that of vm-bhyve")]
)
def test_a_folder_is_wanted(name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "new").mkdir()
    assert cli.main(["-C", str(tmp_path / "new"), "import", "vm-bhyve", str(tmp_path / name)]) == 1
    assert capsys.readouterr().err.startswith(f"hivewright: {tmp_path / name}: {reason}")


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
