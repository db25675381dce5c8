"""``hivewright import libvirt``: domains of every shape, and what is no domain."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tomli

from conftest import BASE, write_files
from guides import follow
from hivewright import cli
from hivewright.importers.command import guest_of
from hivewright.importers.forms import Found, Guest, Target, UnreadableError
from hivewright.importers.libvirt import read_libvirt
from hivewright.importers.request import open_request
from imported import rows_of
from libvirt_domains import CASES, DISK, NIC, NOT_DRIVEN, PLAIN, VNC, Case, domain, port
from projects import CHECKOUT
from refused_imports import refusal

GUESTS = {
    "web": domain("web", devices=DISK + NIC + VNC.replace("port=", "passwd='hush' port=")),
    "db": domain(
        "db",
        top="<vcpu>4</vcpu><features><acpi/></features>",
        devices=f"{port('sda')}{port('sdb')}{NIC.replace('94:02', '94:03')}",
    ),
    "bsd-1": domain("bsd-1", os=PLAIN, devices=DISK.replace("a.img", "bsd.img")),
}


def found(*paths: str) -> Found:
    about = Namespace(paths=paths, ssh=None, at=None, dataset=None, kind="libvirt")
    with open_request(about) as request:
        return read_libvirt(request)


def read(folder: Path, *texts: str) -> list[Guest]:
    files = write_files(folder, {f"{place}.xml": text for place, text in enumerate(texts)})
    all_of_them = found(*(str(files / f"{place}.xml") for place in range(len(texts))))
    return [guest_of(old, Target("alpha", (15, 1), all_of_them.arch)) for old in all_of_them.guests]


def value(keys: Mapping[str, Any], path: str) -> object:
    for part in path.split("."):
        keys = keys[part]
    return keys


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.features[0]} {case.key}")
def test_a_feature_is_carried_over(tmp_path: Path, case: Case) -> None:
    """The words are those of libvirt, the key says the same, and every other word of the new command has a reason."""
    (guest,) = read(tmp_path, case.text, *([case.more] if case.more else []))
    words = list(guest.old.words)
    assert set(pairwise(case.words)) <= set(pairwise(words)) if len(case.words) > 1 else set(case.words) <= set(words)
    assert value(guest.keys, case.key) == case.value
    rows = rows_of(guest, arch="arm64" if "aarch64" in case.text else "amd64")
    assert any(not row.reason for row in rows)


def test_each_feature_of_the_page_is_tried() -> None:
    page = (CHECKOUT / "docs" / "coverage.md").read_text().partition("## 2.")[2].partition("## 3.")[0]
    tried = {feature for case in CASES for feature in case.features}
    assert tried.isdisjoint(NOT_DRIVEN)
    assert {int(row) for row in re.findall(r"^\| ([0-9]+) \|", page, re.MULTILINE)} == tried | NOT_DRIVEN.keys()


def host(folder: Path) -> Path:
    """What a host of libvirt has below /usr/local/etc/libvirt."""
    write_files(folder, {f"bhyve/{name}.xml": f"<!-- made by libvirt -->\n{text}" for name, text in GUESTS.items()})
    (folder / "bhyve" / "autostart").mkdir()
    (folder / "bhyve" / "autostart" / "web.xml").symlink_to("/usr/local/etc/libvirt/bhyve/web.xml")
    return folder


def test_the_guide_imports_the_guests_of_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(tmp_path / "old")
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    follow("from-libvirt.md")
    report = Path("report.md").read_text()
    assert "not explained" not in report
    assert "hush" not in report + "".join(path.read_text() for path in Path().rglob("*") if path.is_file())
    web, db = (tomli.loads(Path(f"site/vms/{name}.toml").read_text())["vm"][name] for name in ("web", "db"))
    assert "autostart" not in web
    assert db["autostart"] is False
    assert web["disk"]["root"] == {"path": "/vm/a.img", "serial": "BHYVE-7093-DA3C-78A0"}
    template = tomli.loads(Path("site/templates.toml").read_text())["template"]["from-libvirt"]
    assert template == {"on_crash": "destroy", "machine": {"ignore_msr": False, "lpc_slot": 1}} | template
    for guest in GUESTS:
        lines = report.partition(f"To switch {guest} over")[2].partition("While the other tool")[0]
        order = [lines.index(step) for step in (f"shutdown {guest}", f"undefine {guest}", f"! -e /dev/vmm/{guest}",
                 f"hivectl start {guest}", f"hivectl stop {guest}", f"define /root/libvirt-{guest}.xml")]  # fmt: skip
        assert order == sorted(order)
    start = Path("build/alpha/root/usr/local/etc/hivewright/vms/db/start").read_text()
    assert "0:2:0,ahci,hd:/vm/sda.img" in start


TRUNCATED = domain()[:300]
BOMB = '<!DOCTYPE domain [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<domain type="bhyve"><name>&b;</name></domain>'


FAULTS: list[tuple[str, int, str]] = [
    ("", 0, "the file is empty"),
    ("# no XML\n", 1, "this is not XML"),
    (TRUNCATED, 9, "this is not XML: unclosed token (within <disk>)"),
    (domain().replace("</devices>", "</device>"), 10, "mismatched tag"),
    (BOMB, 1, "it declares a document type"),
    ("<a>" * 60 + "</a>" * 60, 1, "nested deeper"),
    ("<domainsnapshot><name>x</name></domainsnapshot>", 1, "give what `virsh dumpxml` prints"),
    ("<secret/>", 1, "is no domain, network, pool or volume"),
    (domain(kind="lxc"), 1, 'a domain of the type "lxc"'),
    ("<network><name>a</name></network>", 0, "there is no domain in it"),
    (domain(name=""), 1, "the domain has no name"),
    (domain().replace("KiB", "pounds"), 4, "is no size of memory"),
    (domain(top="<vcpu>2</vcpu><cpu><topology sockets='1' cores='1' threads='1'/></cpu>"), 7, "are not 2 vCPUs"),
    (domain(top="<cpu><numa><cell memory='1'/></numa></cpu>"), 7, "a memory domain without vCPUs"),
    (domain(top="<blkiotune><device><path>/dev/da0</path></device></blkiotune>"), 7, "limits of one device"),
    (domain(top="<memtune><soft_limit>1</soft_limit></memtune>"), 7, "other than hard_limit"),
    (domain(top="<clock offset='timezone'/>"), 7, 'the clock "timezone"'),
    (domain(devices=NIC.replace("bridge'><mac", "network'><mac").replace("bridge=", "network=")), 9,
     "add what `virsh net-dumpxml bridge1` prints"),
    (domain(devices=NIC.replace("model type='virtio'", "model type='rtl8139'")), 9, 'of the model "rtl8139"'),
    (domain(devices=NIC.replace("type='bridge'", "type='direct'")), 9, 'a NIC of the type "direct"'),
    (domain(devices="<disk type='volume'><source pool='tank' volume='a'/><target dev='vda'/></disk>"), 9,
     "add what `virsh pool-dumpxml tank` prints"),
    (domain(devices=DISK.replace("file='/vm", "file='vm")), 1, 'the path "vm/a.img" depends on the folder'),
    (domain(devices=DISK.replace("a.img", "a,b.img")), 9, "has a comma"),
    (domain(devices=DISK.replace("vda", "disk1")), 9, 'its target is called "disk1"'),
    (domain(devices=DISK.replace("virtio", "ide")), 9, 'a disk on the bus "ide"'),
    (domain(devices=DISK.replace("<source file='/vm/a.img'/>", "")), 9, "it has no medium"),
    (domain(devices="".join(port(f"nvme0n{n}").replace("sata", "nvme") for n in (1, 2))), 9, "a second disk on"),
    (domain(devices=f"{VNC}{VNC}"), 9, "a second screen"),
    (domain(os=PLAIN, devices=DISK + VNC), 9, "a screen without a boot ROM"),
    (domain(os=PLAIN.replace('<type', "<boot dev='network'/><type")), 1, 'of the kind "network"'),
    (domain(devices=VNC.replace("5904", "80")), 9, 'the port "80" of VNC'),
    (domain(devices=VNC.replace("vnc", "spice")), 9, 'a screen over "spice"'),
    (domain(devices="<serial type='pty'/>"), 9, 'a serial port of the type "pty"'),
    (domain(devices="<serial type='nmdm'><target port='4'/></serial>"), 9, "a fifth serial port"),
    (domain(devices="<sound model='ac97'/>"), 9, 'of the model "ac97"'),
    (domain(devices="".join(f"<controller type='isa' index='{n}'/>" for n in (0, 1))), 1, "a second controller"),
    (domain(devices=DISK + "<rng model='virtio'><backend model='egd'/></rng>"), 9, "random numbers of another"),
    (domain(devices=DISK.replace("</disk>", "<address type='pci' slot='0x40'/></disk>")), 9, "slots up to 31"),
    (domain(devices="".join(DISK.replace("vda", dev).replace("</disk>", "<address type='pci' slot='4'/></disk>")
                            for dev in ("vda", "vdb"))), 9, "its address 0:4:0 is that of <disk>"),
    (domain(top="<bootloader>/vm/own</bootloader>", os=PLAIN), 1, "without bootloader_args"),
    (domain(os=PLAIN, devices=NIC), 1, "there is no disk to start from"),
]  # fmt: skip
"""A text, the line of its fault, and what is said of it."""


@pytest.mark.parametrize(("text", "line", "reason"), FAULTS)
def test_what_cannot_be_read_is_one_error_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, reason: str
) -> None:
    file = tmp_path / "web.xml"
    file.write_text(text)
    said = refusal("libvirt", file, capsys)
    assert said.startswith(f"{line}:" if line else " ")
    assert reason in said


def test_binary_and_huge_files_are_no_definitions(tmp_path: Path) -> None:
    for content, reason in ((b"\xff\xfe<\0d\0", "is not UTF-8"), (b" " * (2 << 20), "too large for a definition")):
        file = tmp_path / "0.xml"
        file.write_bytes(content)
        with pytest.raises(UnreadableError, match=reason):
            found(str(file))


def test_all_addresses_of_a_bridge_are_told_for_when_libvirt_does_not_make_it(tmp_path: Path) -> None:
    """What to write at the network: libvirt may give its bridge several addresses of a family."""
    ip = "<ip address='{}' prefix='{}'/>".format
    text = f"<network><name>default</name><bridge name='virbr0'/>{ip('192.0.2.1', 24)}{ip('198.51.100.1', 24)}"
    text += f"{ip('2001:db8::1', 64)}</network>"
    nic = "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"
    nic += "<model type='virtio'/></interface>"
    (guest,) = read(tmp_path, domain(devices=DISK + nic), text)
    (network,) = guest.old.networks.values()
    assert 'ipv4 = ["192.0.2.1/24", "198.51.100.1/24"], ipv6 = "2001:db8::1/64"' in network.comment
    (guest,) = read(tmp_path, domain(devices=DISK + nic), text.replace("<bridge", "<forward mode='nat'/><bridge"))
    (network,) = guest.old.networks.values()
    assert 'ipv4 = "192.0.2.1/24"' in network.comment
    assert network.comment.endswith("has one address; 198.51.100.1/24, 2001:db8::1/64 are left out")


def test_a_loader_of_its_own_stays_that_of_the_guest(tmp_path: Path) -> None:
    own = "<bootloader>/usr/local/sbin/load</bootloader><bootloader_args>-m 1G -d /vm/a.img web</bootloader_args>"
    (guest,) = read(tmp_path, domain(top=own, os=PLAIN))
    assert guest.keys["firmware"] == {
        "kind": "loader",
        "loader": {"program": "/usr/local/sbin/load", "arguments": ["-m", "1G", "-d", "/vm/a.img"]},
    }
    rows_of(guest)


def test_guests_of_another_architecture_do_not_go_to_a_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arm = domain(os="<os><type arch='aarch64'>hvm</type><loader>/vm/u-boot.bin</loader></os>")
    new = write_files(tmp_path, {"web.xml": arm, "new/site/site.toml": BASE}) / "new"
    assert cli.main(["-q", "-C", str(new), "import", "libvirt", str(tmp_path / "web.xml")]) == 2
    assert "alpha is a host of amd64, and these are guests of arm64" in capsys.readouterr().err
    assert [path.name for path in new.rglob("*.toml")] == ["site.toml"]
    elsewhere = [
        "-q",
        "-C",
        str(new),
        "import",
        "libvirt",
        str(tmp_path / "web.xml"),
        "--host",
        "beta",
        "--freebsd",
        "15.1",
    ]
    assert cli.main([*elsewhere, "--dry-run"]) == 0
    assert 'arch = "arm64"' in capsys.readouterr().out
