"""From an empty folder: a host of another tool is imported, built, packed and installed on the stand-in host, and its
guests start with the words that they had, on the disks that they had."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import cbsd_host
import vm_bhyve_host
from conftest import write_files
from hivewright.bhyve.facts import version
from hivewright.importers.bmd import read_bmd
from hivewright.importers.cbsd import read_cbsd
from hivewright.importers.command import guest_of
from hivewright.importers.compare import UNEXPLAINED, compare_commands
from hivewright.importers.forms import Found, Guest, Target
from hivewright.importers.libvirt import read_libvirt
from hivewright.importers.request import Request
from hivewright.importers.vm_bhyve import read_vm_bhyve
from host.installs import Installing
from host.play import HIVECTL
from host.sandbox import Host
from libvirt_domains import DISK, NIC, PLAIN, VNC, domain, port
from projects import Project

pytest_plugins = ["host.fixtures"]

RELEASE = "14.3"
MODULES = ["vmm", "nmdm", "if_bridge", "if_tuntap", "netmap", "ng_socket", "ng_bridge", "ng_ether"]
FILLING = ("truncate", "zfs create", "zfs clone", "zfs set volsize", "dd", "newfs", "gpart")
READERS: Mapping[str, Callable[[Request], Found]] = {
    "vm-bhyve": read_vm_bhyve,
    "cbsd": lambda request: read_cbsd(request, RELEASE),
    "libvirt": read_libvirt,
    "bmd": read_bmd,
}
BMD = """\
global { vars_directory = /var/cache/vars; }
template common(memory = "1G") { memory = $memory; network = virtio-net:bridge1; disk = "/dev/zvol/zroot/${NAME}"; }
vm web {
	.apply common(2G);
	boot = yes; loader = uefi; ncpu = 2;
	network += e1000:[58:9c:fc:00:00:01]:bridge1;
	graphics_port = 5905; graphics_listen = 127.0.0.1; xhci_mouse = yes;
}
vm db {
	.apply common;
	loader = bhyveload;
	disk += nvme:nocache:/vm/log.img;
}
vm bare { memory = 512M; loader = uefi; hostbridge = none; disk = ahci-hd:/vm/bare.img; virt_random = yes; }
"""


def guests_of(kind: str, paths: tuple[str, ...]) -> list[Guest]:
    """What is imported, as the command line does it."""
    found = READERS[kind](Request(paths, None, None, None))
    guests: list[Guest] = []
    for each in found.guests:
        guests.append(guest_of(each, Target("alpha", version(RELEASE)), {guest.name for guest in guests}))
    return guests


def disks_of(guest: Guest) -> list[str]:
    return [disk["path"] for disk in guest.keys.get("disk", {}).values()]


def prepare(play: Installing, guests: list[Guest], old: Path) -> dict[str, bytes]:
    """The host as the other tool leaves it: its files, and disks with something on them. Those in files, by path."""
    files: dict[str, bytes] = {}
    for file in old.rglob("*"):
        target = play.host.path(f"/{file.relative_to(old)}")
        if file.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    for guest in guests:
        for path in disks_of(guest):
            if path.startswith("/dev/zvol/"):
                volume = path.removeprefix("/dev/zvol/")
                play.sh(f"zfs create -p -V 1G {volume} && echo {guest.name} | dd of={path}")
            elif path.startswith("/dev/"):
                play.host.call("device", name=path.removeprefix("/dev/"))
            else:
                files[path] = f"the disk of {guest.name}\n".encode()
        for drive in guest.keys.get("cd", {}).values():
            files[drive["path"]] = b"a medium\n"
        for secret in guest.secrets:
            play.sh(f"umask 077; mkdir -p /usr/local/etc/hivewright/secrets; "
                    f"echo hush >/usr/local/etc/hivewright/secrets/{secret}")  # fmt: skip
    for name, content in files.items():
        target = play.host.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return files


def started_words(host: Host, name: str) -> list[str]:
    """The words that bhyve was run with, without its own and the name."""
    lines = host.path(f"/var/run/hivewright/{name}/words").read_text().splitlines()
    words = [line for line in lines if not line.startswith(("is ", "shared "))]
    assert words[0] == "/usr/sbin/bhyve"
    assert words[-1] == name
    return words[1:-1]


def bring_over(kind: str, old: Path, project: Project, play: Installing, tmp_path: Path, *files_of: str) -> None:
    """From a folder laid out like the root of a host, or from files in it."""
    paths = tuple(f"{old}/{file}" for file in files_of) or (str(old),)
    guests = guests_of(kind, paths)
    report = tmp_path / "report.md"
    project.succeed("-q", "import", kind, *paths, "--host", "alpha", "--freebsd", RELEASE, "-o", str(report))
    project.succeed("-q", "build")
    shutil.copytree(project.build / "runtime", tmp_path / "nothing" / "runtime")
    plan = project.run("-q", "plan", "--against", str(tmp_path / "nothing"))
    assert plan.status == 3, plan
    assert "data" not in plan.out
    assert all(guest.name in plan.out for guest in guests)
    project.succeed("-q", "bundle", "alpha", "-o", str(tmp_path / "alpha.tar"))
    with tarfile.open(tmp_path / "alpha.tar") as archive:
        archive.extraction_filter = lambda member, _: member  # the parameter "filter" is newer than Python 3.11.2
        archive.extractall(play.host.path("/root"))
    files = prepare(play, guests, old)
    volumes = play.state("dataset")
    play.install("/root/hivewright", "alpha")
    text = report.read_text()
    for guest in guests:
        play.hivectl("start", guest.name, status=None)
        assert play.status(guest.name) == "running", play.host.run(HIVECTL, "status", guest.name)
        play.never(*FILLING)
        rows = compare_commands(guest, started_words(play.host, guest.name))
        for row in rows:
            assert UNEXPLAINED not in row.reason, row
            assert not row.reason or row.new.replace("|", "\\|") in text, row
    play.hivectl("stop", "--all")
    assert {path: play.host.path(path).read_bytes() for path in files} == files
    assert play.state("dataset") == volumes


@pytest.fixture(name="project")
def empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    (tmp_path / "new").mkdir()
    return Project(tmp_path / "new", capsys)


@pytest.mark.slow
def test_six_guests_of_vm_bhyve(tmp_path: Path, project: Project, open_empty: Callable[..., Host]) -> None:
    old = vm_bhyve_host.host(tmp_path / "old")
    bridges = {"vm-public": ["ix0"], "bridge7": ["ix2"]}
    play = Installing(open_empty("dash", modules=MODULES, bridges=bridges, sysctl={"kern.racct.enable": "1"}))
    (old / "zroot/vm/db/uefi-vars.fd").write_text("variables")
    bring_over("vm-bhyve", old, project, play, tmp_path)


@pytest.mark.slow
def test_six_guests_of_cbsd(tmp_path: Path, project: Project, open_empty: Callable[..., Host]) -> None:
    old = cbsd_host.host(tmp_path / "old")
    bridges = {"bridge0": ["ix1"], "bridge1": ["ix0"], "bridge7": ["ix2"]}
    play = Installing(open_empty("dash", modules=MODULES, bridges=bridges, ppt=["3/0/0"]))
    play.sh("mkdir -p /srv/share")
    play.host.make("/usr/local/cbsd/upgrade/patch/efi.fd", "/usr/share/bhyve/kbdlayout/uk")
    bring_over("cbsd", old, project, play, tmp_path)


@pytest.mark.slow
def test_guests_of_bmd(tmp_path: Path, project: Project, open_empty: Callable[..., Host]) -> None:
    variables = {f"var/cache/vars/{name}.vars": "variables" for name in ("web", "bare")}
    old = write_files(tmp_path / "old", {"usr/local/etc/bmd.conf": BMD, **variables})
    play = Installing(open_empty("dash", modules=MODULES, bridges={"bridge1": ["ix0"]}))
    bring_over("bmd", old, project, play, tmp_path, "usr/local/etc/bmd.conf")


@pytest.mark.slow
def test_guests_of_libvirt(tmp_path: Path, project: Project, open_empty: Callable[..., Host]) -> None:
    more = f"{port('sda')}{port('sdb')}{NIC.replace('94:02', '94:03')}"
    domains = {
        "web": domain("web", devices=DISK + NIC + VNC),
        "db": domain("db", top="<vcpu>4</vcpu><features><acpi/></features>", devices=more),
        "bsd-1": domain("bsd-1", os=PLAIN, devices=DISK.replace("a.img", "bsd.img")),
    }
    files = {f"usr/local/etc/libvirt/bhyve/{name}.xml": text for name, text in domains.items()}
    variables = {f"var/lib/libvirt/bhyve/nvram/{name}_VARS.fd": "variables" for name in domains}
    old = write_files(tmp_path / "old", {**files, **variables})
    play = Installing(open_empty("dash", modules=MODULES, bridges={"bridge1": ["ix0"]}))
    bring_over("libvirt", old, project, play, tmp_path, *files)
