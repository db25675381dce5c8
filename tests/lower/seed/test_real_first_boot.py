"""A first boot by the real cloud-init: run with a seed in a root of its own, it ends with what the TOML asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from iso9660 import files_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("bwrap"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to the users of another root"),
]

HASH = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"
MAC = "58:9c:fc:00:00:01"
SITE = f"""\
[site]
name = "test"
domain = "example.net"
[host.alpha]
freebsd = "14.3"
[network.lan]
kind = "bridge"
uplink = "none"
[user.alice]
ssh_keys = ["{KEY}"]
groups = ["adm", "operators"]
shell = "/bin/sh"
sudo = "ALL=(ALL) NOPASSWD:ALL"
gecos = "Alice Example"
passwd = "{HASH}"
[user.bob]
ssh_keys = ["{KEY}"]
[vm.web1]
host = "alpha"
profile = "debian-12"
memory = "1G"
[vm.web1.nic.lan]
network = "lan"
mac = "{MAC}"
ipv4 = ["192.0.2.10/24", "203.0.113.9/32"]
gateway4 = "192.0.2.1"
ipv6 = "2001:db8::10/64"
dns = ["192.0.2.53"]
search = ["example.net"]
[vm.web1.cloud_init]
users = ["alice", "bob"]
timezone = "Europe/Berlin"
user_data = "own.yaml"
write_files = [
    {{ path = "/etc/motd", content = "Hello\\n", permissions = "0640", owner = "alice:adm" }},
    {{ path = "/srv/packed", source = "packed.bin" }},
]
runcmd = ["echo $((6 * 7)) >/root/answer"]
"""
OWN = """\
#cloud-config
users:
- name: bob
  groups: [adm]
write_files:
- path: /etc/own
  content: of my own
"""
PACKED = bytes(range(256))
CONFIGURATION = """\
datasource_list: [NoCloud]
cloud_init_modules: [bootcmd, write-files, set_hostname, update_hostname, users-groups, ssh]
cloud_config_modules: [set-passwords, timezone, runcmd]
cloud_final_modules: [write-files-deferred, scripts-user]
system_info: {distro: debian, paths: {cloud_dir: /var/lib/cloud}, network: {renderers: [networkd]}}
"""
"""Debian's, but without what is about a mirror, a boot loader or a mail of the machine that runs the tests."""
STAGES = ("init --local", "init", "modules --mode config", "modules --mode final")


def seed_of(folder: Path) -> dict[str, bytes]:
    """The files of the medium that makefs makes of the seed of web1."""
    (folder / "site.toml").write_text(SITE)
    (folder / "own.yaml").write_text(OWN)
    (folder / "packed.bin").write_bytes(PACKED)
    loaded = load(read_site(find_project(folder)))
    assert loaded.site is not None, loaded.diagnostics
    (vm,) = lower(loaded.site, allocate(loaded.site, {})).plans[0].vms
    tree = folder / "seed"
    tree.mkdir()
    for name, content in vm.seed:
        (tree / name).write_bytes(content)
    image = folder / "seed.iso"
    command = ["makefs", "-t", "cd9660", "-o", "rockridge,label=cidata", str(image), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return files_of(image.read_bytes())


def make_root(root: Path, seed: dict[str, bytes]) -> None:
    """What of the root may be written to; all else is that of this machine."""
    for name in ("var/log", "home", "run", "tmp", "root", "srv"):
        (root / name).mkdir(parents=True)
    shutil.copytree("/etc", root / "etc", symlinks=True)
    for name in ("hostname", "hosts", "localtime", "timezone"):
        (root / "etc" / name).unlink(missing_ok=True)
    shutil.rmtree(root / "etc/cloud")
    (root / "etc/cloud").mkdir()
    (root / "etc/cloud/cloud.cfg").write_text(CONFIGURATION)
    place = root / "var/lib/cloud/seed/nocloud"
    place.mkdir(parents=True)
    for name, content in seed.items():
        (place / name).write_bytes(content)
    nic = root / "sys/class/net/enp0s4"
    (nic / "device").mkdir(parents=True)
    facts = {"address": MAC, "type": "1", "operstate": "down", "addr_assign_type": "0", "name_assign_type": "4"}
    for name, value in {**facts, "ifindex": "2", "uevent": "INTERFACE=enp0s4", "device/device": "0x1000"}.items():
        (nic / name).write_text(f"{value}\n")


def boot(root: Path) -> None:
    writable = [word for name in sorted(os.listdir(root)) for word in ("--bind", str(root / name), f"/{name}")]
    sandbox = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-ipc", "--hostname", "localhost"]
    sandbox += ["--die-with-parent", "--cap-add", "ALL", "--ro-bind", "/", "/", *writable, "--proc", "/proc"]
    sandbox += ["--dev", "/dev", "--chdir", "/", "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin"]
    for stage in STAGES:
        run = subprocess.run([*sandbox, "cloud-init", *stage.split()], capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{stage}: {run.stdout}{run.stderr}"
        assert "WARNING" not in run.stdout + run.stderr, f"{stage}: {run.stdout}{run.stderr}"


def account(root: Path, file: str, name: str) -> list[str]:
    lines = [line.split(":") for line in (root / "etc" / file).read_text().splitlines()]
    return next(line for line in lines if line[0] == name)


def test_a_first_boot_ends_with_what_the_site_says(tmp_path: Path) -> None:
    project, root = tmp_path / "project", tmp_path / "root"
    project.mkdir()
    make_root(root, seed_of(project))
    boot(root)
    assert json.loads((root / "run/cloud-init/result.json").read_text())["v1"]["errors"] == []

    assert (root / "etc/hostname").read_text() == "web1\n"
    _, _, uid, gid, gecos, home, shell = account(root, "passwd", "alice")
    assert (gecos, home, shell) == ("Alice Example", "/home/alice", "/bin/sh")
    assert account(root, "shadow", "alice")[1] == HASH
    assert account(root, "shadow", "bob")[1].startswith("!")
    assert account(root, "group", "adm")[3].split(",")[-2:] == ["alice", "bob"]
    assert account(root, "group", "operators")[3] == "alice"
    for name in ("alice", "bob"):
        keys = root / "home" / name / ".ssh/authorized_keys"
        assert (keys.read_text(), keys.stat().st_mode & 0o777) == (f"{KEY}\n", 0o600)
    assert "alice ALL=(ALL) NOPASSWD:ALL" in (root / "etc/sudoers.d/90-cloud-init-users").read_text().splitlines()

    network = (root / "etc/systemd/network/10-cloud-init-enp0s4.network").read_text()
    addresses = re.findall(r"^Address=(.*)$", network, re.MULTILINE)
    assert sorted(addresses) == ["192.0.2.10/24", "2001:db8::10/64", "203.0.113.9/32"]
    assert f"MACAddress={MAC}\n" in network
    assert "Gateway=192.0.2.1\n" in network
    assert "DNS=192.0.2.53\n" in network

    motd = root / "etc/motd"
    assert (motd.read_text(), motd.stat().st_mode & 0o777, str(motd.stat().st_uid)) == ("Hello\n", 0o640, uid)
    assert gid == account(root, "group", "alice")[2]
    assert (root / "srv/packed").read_bytes() == PACKED
    assert (root / "etc/own").read_text() == "of my own"
    assert (root / "root/answer").read_text() == "42\n"
    assert os.readlink(root / "etc/localtime") == "/usr/share/zoneinfo/Europe/Berlin"


def test_a_second_boot_does_nothing_again(tmp_path: Path) -> None:
    """And another instance-id does everything again, but keeps the SSH host keys."""
    project, root = tmp_path / "project", tmp_path / "root"
    project.mkdir()
    make_root(root, seed_of(project))
    boot(root)
    key = (root / "etc/ssh/ssh_host_ed25519_key").read_bytes()
    (root / "root/answer").unlink()
    shutil.rmtree(root / "run/cloud-init")
    boot(root)
    assert not (root / "root/answer").exists()
    meta = root / "var/lib/cloud/seed/nocloud/meta-data"
    meta.write_text(re.sub("web1-[0-9a-f]+", "web1-000000000000", meta.read_text()))
    shutil.rmtree(root / "run/cloud-init")
    boot(root)
    assert (root / "root/answer").read_text() == "42\n"
    assert (root / "etc/ssh/ssh_host_ed25519_key").read_bytes() == key
