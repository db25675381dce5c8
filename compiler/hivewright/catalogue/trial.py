"""A site to try profiles in: one guest of each on each host that it claims to run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.facts import RELEASES, version
from hivewright.source import Sources, with_texts
from hivewright.values import format_size

if TYPE_CHECKING:
    from hivewright.catalogue.profiles import Entry
    from hivewright.source import Project

FILE = "profile-check.toml"
"""The file of this site, of which there is none."""
ARCHES = ("amd64", "arm64")
_FIRST_ARM64 = "15.0"
"""bhyve(8) for arm64 came with it."""
_ROOM = "20G"
_HEAD = """\
[site]
name = "trial"
[defaults]
memory = "1G"
[network.lan]
kind = "bridge"
uplink = "none"
[storage.plain]
kind = "directory"
path = "/srv/vms"
[user.alice]
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"]
"""


def hosts_of(arches: Iterable[str]) -> list[str]:
    """The names of the hosts of some architectures: one for each release."""
    wanted = set(arches)
    return [
        f"h{release.replace('.', '-')}-{arch}"
        for arch in ARCHES
        for release in RELEASES
        if arch in wanted and (arch == "amd64" or release >= _FIRST_ARM64)
    ]


_WITHOUT_FWCFG = frozenset(f"h{each.replace('.', '-')}-amd64" for each in RELEASES if version(each) < (14, 0))
"""Hosts that cannot hand a config to ignition (bhyve(8), -f)."""


def guest_of(number: int, host: str) -> str:
    """The guest with the profile of a number on a host."""
    return f"g{number}-{host}"


def trial_sources(project: Project, entries: list[Entry]) -> Sources:
    """The site; its profiles are those of a project."""
    text = _HEAD + "".join(map(_host, hosts_of(ARCHES)))
    for number, entry in enumerate(entries):
        text += "".join(f"{line}\n" for host in hosts_of(entry.profile.arches) for line in _guest(number, entry, host))
    return with_texts(Sources(project), {FILE: text})


def _host(name: str) -> str:
    release, _, arch = name[1:].rpartition("-")
    return f'[host.{name}]\nfreebsd = "{release.replace("-", ".")}"\narch = "{arch}"\n'


def _guest(number: int, entry: Entry, host: str) -> Iterator[str]:
    """A guest with the image of its profile as its publisher means it: a disk, a cd, or a disk beside its own."""
    profile = entry.profile
    image = profile.image.get("arm64" if host.endswith("arm64") else "amd64")
    size = format_size(profile.smallest.disk) if profile.smallest and profile.smallest.disk else _ROOM
    root = f'storage = "plain", size = "{size}"'
    yield f"[vm.{guest_of(number, host)}]"
    yield f'host = "{host}"'
    yield f'profile = "{entry.name}"'
    if image is not None and image.format == "iso":
        yield f'cd.install.image = "{entry.name}"'
    elif image is not None and image.format == "img":
        yield f'disk.install = {{ storage = "plain", size = "8G", image = "{entry.name}" }}'
    elif image is not None:
        root += f', image = "{entry.name}"'
    yield f"disk.root = {{ {root} }}"
    yield 'nic.lan.network = "lan"'
    if profile.reader != "none" and not (host in _WITHOUT_FWCFG and (profile.reader or "").startswith("ignition")):
        yield 'cloud_init = { users = ["alice"] }'
