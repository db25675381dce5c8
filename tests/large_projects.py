"""A project of three hosts that counts as large, and what one VM of it must not have because another one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hivewright.pipeline import fingerprints, site_memory
from projects import Done, Project

COMMON = """\
[site]
name = "example"
[network.lan]
kind = "bridge"
uplink = "ix0"
[storage.plain]
kind = "directory"
path = "/srv/vms"
[storage.san]
kind = "iscsi"
portal = "192.0.2.200"
target = "iqn.2026-01.example:disks"
[user.alice]
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"]
[template.small]
memory = "512M"
"""
VM = """\
[vm.{name}]
host = "{host}"
inherit = ["small"]
cloud_init = {{ users = ["alice"] }}
[vm.{name}.disk.root]
storage = "plain"
size = "10G"
[vm.{name}.nic.lan]
network = "lan"
ipv4 = "192.0.2.{number}/24"
gateway4 = "192.0.2.254"
"""
HOSTS = ("alpha", "beta", "gamma")
OTHER = '[vm.{name}]\nhost = "gamma"\nmemory = "1G"\n'
FILES = {"site/site.toml": COMMON, "site/hooks/lease.sh": "#!/bin/sh\nexit 0\n"} | {
    f"site/{host}.toml": f'[host.{host}]\nfreebsd = "14.3"\n'
    + "".join(VM.format(name=f"{host}{each}", host=host, number=10 * place + each) for each in range(1, 4))
    for place, host in enumerate(HOSTS, 1)
}


CLASHES: dict[str, str] = {
    "name": '[vm.new1]\nhost = "gamma"\nmemory = "1G"\nrenamed_from = ["alpha1"]\n',
    "a name twice": '[vm.alpha1]\nhost = "gamma"\nmemory = "1G"\n',
    "mac": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\nmac = "58:9c:fc:00:00:01"\n',
    "mac of a lock": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\nmac = "MAC"\n',
    "uuid": '[vm.new1]\nhost = "gamma"\nmemory = "1G"\nuuid = "01234567-89ab-4def-8123-456789abcdef"\n',
    "ip": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\nipv4 = "192.0.2.11/24"\n',
    "interface": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\ntap = "tap-alpha1-lan"\n',
    "unit": OTHER.format(name="new1") + '[vm.new1.disk.root]\nstorage = "san"\nlun = 7\n',
    "console": OTHER.format(name="new1") + '[vm.new1.serial.com1]\nkind = "nmdm"\ndevice = "/dev/nmdm-alpha9.1A"\n',
    "lengths": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\nipv4 = "192.0.2.77/25"\n',
    "after": OTHER.format(name="new1") + '[vm.new2]\nhost = "gamma"\nmemory = "1G"\nafter = ["alpha1"]\n',
    "a network": OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lam"\n',
    "a value": OTHER.format(name="new1").replace("1G", "1X"),
    "a host": OTHER.format(name="new1").replace("gamma", "gamna"),
}
ELSEWHERE = """\
[vm.alpha9]
host = "alpha"
memory = "1G"
uuid = "01234567-89ab-4def-8123-456789abcdef"
[vm.alpha9.nic.lan]
network = "lan"
mac = "58:9c:fc:00:00:01"
[vm.alpha9.serial.com1]
[vm.alpha9.disk.root]
storage = "san"
lun = 7
"""


def vms(host: str) -> list[str]:
    return [f"{host}{each}" for each in range(1, 4)]


def add(project: Project, text: str, file: str = "gamma.toml") -> None:
    path = project.root / "site" / file
    path.write_text(path.read_text() + text)


def told(done: Done) -> list[str]:
    """What a command says of the site with ``--format short``."""
    return [line for line in done.err.splitlines() if "error[" in line or "warning[" in line]


def drop(project: Project, vm: str) -> None:
    """Takes a VM out of the file of its host."""
    path = project.root / "site" / f"{vm[:-1]}.toml"
    head, _, tail = path.read_text().partition(f"[vm.{vm}]\n")
    rest = tail.find("[vm.", tail.find("gateway4"))
    path.write_text(head + (tail[rest:] if rest >= 0 else ""))


@contextmanager
def in_parts() -> Iterator[None]:
    """Meanwhile every site counts as very large, and otherwise none does."""
    usual = fingerprints.BYTES_WORTH_PARTS
    fingerprints.BYTES_WORTH_PARTS = site_memory.VMS_WORTH_A_MEMORY = 0
    try:
        yield
    finally:
        fingerprints.BYTES_WORTH_PARTS, site_memory.VMS_WORTH_A_MEMORY = usual, 10**9


def tree(project: Project) -> dict[str, tuple[int, bytes]]:
    """Output and locks: modes and contents."""
    files = (path for top in (project.build, project.locks) for path in sorted(top.rglob("*")) if path.is_file())
    return {str(path.relative_to(project.root)): (path.stat().st_mode, path.read_bytes()) for path in files}


def run_both(twins: tuple[Project, Project], *arguments: str) -> Done:
    """What both said, which is the same."""
    first, second = twins
    with in_parts():
        done = first.run(*arguments)
    expected = second.run(*arguments)
    same = done.err.replace(str(first.root), "ROOT").replace("a/project", "b/project")
    assert (done.status, done.out, same) == (
        expected.status,
        expected.out,
        expected.err.replace(str(second.root), "ROOT"),
    )
    assert tree(first) == tree(second)
    return done
