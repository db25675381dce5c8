"""``hivewright import --only``: one guest that cannot be read keeps nobody from importing the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import cbsd_host
import vm_bhyve_host
from conftest import write_files
from hivewright import cli
from libvirt_domains import DISK, domain


def of_vm_bhyve(folder: Path) -> list[str]:
    lines = 'loader="uefi"\ncpu=1\nmemory=1G\ndisk0_type="virtio-blk"\n'
    guests = {"good": f'{lines}disk0_name="a.img"\n', "bad": f'{lines}disk0_name="iqn.x:y"\ndisk0_dev="iscsi"\n'}
    return [str(vm_bhyve_host.host(folder, guests))]


def of_cbsd(folder: Path) -> list[str]:
    disk = [("virtio-blk", "dsk1.vhd", "512", "false", "0")]
    for name in ("good", "bad"):
        cbsd_host.guest(folder, name, {"uuid": f"{len(name)}1234567-89ab-cdef-0123-456789abcdef"}, disk, [])
    cbsd_host.node(folder, ("good", "bad"))
    write_files(folder, {"etc/rc.conf": 'cbsd_workdir="/usr/jails"\n', "usr/jails/nodename": "node1.example.net\n"})
    with closing(sqlite3.connect(folder / "usr/jails/jails-system/bad/local.sqlite")) as connection, connection:
        connection.execute("UPDATE settings SET vm_efi = 'none'")
    return [str(folder)]


def of_libvirt(folder: Path) -> list[str]:
    bad = domain("bad", devices=DISK.replace("virtio", "ide"))
    write_files(folder, {"good.xml": domain("good", devices=DISK), "bad.xml": bad})
    return [str(folder / "bad.xml"), str(folder / "good.xml")]


def of_bmd(folder: Path) -> list[str]:
    plain = "memory = 1G; loader = uefi; disk = /vm/a.img;"
    text = f"vm bad {{ {plain} tpm = yes; }}\nvm good {{ {plain} }}\n"
    return [str(write_files(folder, {"bmd.conf": text}) / "bmd.conf")]


KINDS: dict[str, Callable[[Path], list[str]]] = {
    "vm-bhyve": of_vm_bhyve,
    "cbsd": of_cbsd,
    "libvirt": of_libvirt,
    "bmd": of_bmd,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_guest_that_cannot_be_read_is_left_out(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = KINDS[kind](tmp_path / "old")
    new = tmp_path / "new"
    new.mkdir()
    words = ["-q", "-C", str(new), "import", kind, *paths]
    assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("; --only imports other guests than bad\n")
    assert cli.main([*words, "--only", "bad"]) == 1
    assert "--only imports" not in capsys.readouterr().err
    assert cli.main([*words, "--only", "none"]) == 2
    assert "hivewright: there is no guest none in it; there are " in capsys.readouterr().err
    assert list(new.iterdir()) == []
    assert cli.main([*words, "--only", "good"]) == 0
    assert [path.stem for path in (new / "site/vms").iterdir()] == ["good"]
