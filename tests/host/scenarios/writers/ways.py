"""The ways in which two guests may come to one disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from host import build
from host.play import Play
from host.scenario import SCENARIOS

TARGET = "iqn.2026-01.net.example:vms"
SETTINGS: dict[str, Any] = {
    "targets": {TARGET: {"portal": ["192.0.2.5", "192.0.2.6"], "luns": [0]}},
    "modules": ["iscsi"],
    "strict": False,
}
FILE, ALIAS, HARD, SOFT = "/usr/store/data.img", "/store/data.img", "/srv/hard.img", "/srv/soft.img"
MAKE_FILE = "mkdir -p /usr/store /srv && ln -s usr/store /store && truncate -s 1M /usr/store/data.img"
MAKE_FILE += " && ln /usr/store/data.img /srv/hard.img && ln -s ../store/data.img /srv/soft.img"


@dataclass(frozen=True)
class Way:
    """The disk of each guest as the site says it, and its path for the second one."""

    name: str
    one: str
    two: str
    path: str
    make: str = MAKE_FILE
    move: str = ""
    """What the administrator does when the first guest runs."""
    devices: tuple[str, ...] = ()
    nullfs: tuple[tuple[str, str], ...] = ()
    """Directories, and where they are seen as well."""

    def __str__(self) -> str:
        return self.name

    def prepare(self, play: Play) -> None:
        """Make what exists before, and install the site in which the first guest has the disk."""
        for name in self.devices:
            play.host.call("device", name=name)
        play.sh(self.make)
        for lower, upper in self.nullfs:
            play.host.call("nullfs", lower=lower, upper=upper)
        self.install(play, "one")

    def install(self, play: Play, guest: str) -> None:
        """Install the site in which one of them has the disk."""
        install(play, **{guest: self.one if guest == "one" else self.two})


def install(play: Play, one: str = "", two: str = "", *more: tuple[str, str]) -> None:
    """Install the site with these disks."""
    build.install(play.host, ("# one\n", one + "\n"), ("# two\n", two + "\n"), *more, site=SCENARIOS / "writers")


def at(guest: str, path: str, more: str = "") -> str:
    """A disk at a path."""
    return f'[vm.{guest}.disk.data]\npath = "{path}"\n{more}'


def on(guest: str, storage: str, name: str = "data") -> str:
    """A disk on a storage."""
    return f'[vm.{guest}.disk.{name}]\nstorage = "{storage}"\n' + ("lun = 0\n" if "san" in storage else 'size = "1G"\n')


def words(*entries: str) -> str:
    """Words for bhyve."""
    return f"extra_args = {json.dumps(entries)}\n"


VOLUME = "/dev/zvol/zroot/vms/one/data"
LINK = "/var/run/hivewright/two/disk-data"
BLOCK = ("-o", "pci.0.20.0.device=virtio-blk", "-o", f"pci.0.20.0.path={ALIAS}")
WAYS = (
    Way("path", at("one", FILE), at("two", FILE), FILE),
    Way("directory-alias", at("one", FILE), at("two", ALIAS), ALIAS),
    Way("hard-link", at("one", FILE), at("two", HARD), HARD),
    Way("symbolic-link", at("one", SOFT), at("two", ALIAS), ALIAS),
    Way("dataset-and-node", on("one", "fast"), at("two", VOLUME), VOLUME, make=":"),
    Way("link-to-node", on("one", "fast"), at("two", "/srv/v"), "/srv/v", make=f"mkdir -p /srv; ln -s {VOLUME} /srv/v"),
    Way("unit", on("one", "san"), on("two", "san"), LINK, make=":"),
    Way("unit-by-another-portal", on("one", "san"), on("two", "san2"), LINK, make=":"),
    Way("device", at("one", "/dev/ada1"), at("two", "/dev/ada1"), "/dev/ada1", make=":", devices=("ada1",)),
    Way(
        "partition-of-disk",
        at("one", "/dev/ada1"),
        at("two", "/dev/ada1p2"),
        "/dev/ada1p2",
        make=":",
        devices=("ada1", "ada1p2"),
    ),
    Way(
        "disk-of-partition",
        at("one", "/dev/ada1p2"),
        at("two", "/dev/ada1"),
        "/dev/ada1",
        make=":",
        devices=("ada1", "ada1p2"),
    ),
    Way("extra-args", at("one", FILE), words("-s", f"20,virtio-blk,{ALIAS},ser=x"), ALIAS),
    Way(
        "extra-args-of-the-first",
        words("-s", f"20,ahci-hd,{SOFT}"),
        at("two", FILE),
        FILE,
    ),
    Way("variable", at("one", FILE), words(*BLOCK), ALIAS),
    Way("reader-beside-writer", at("one", FILE), at("two", ALIAS, "readonly = true\n"), ALIAS),
    Way("writer-beside-reader", at("one", FILE, "readonly = true\n"), at("two", ALIAS), ALIAS),
    Way("shared-by-one-only", at("one", FILE, "shared = true\n"), at("two", ALIAS), ALIAS),
    Way("cd-of-a-disk", at("one", FILE), f'[vm.two.cd.x]\npath = "{ALIAS}"\n', ALIAS),
    Way("nullfs", at("one", FILE), at("two", "/jail/data.img"), "/jail/data.img", nullfs=(("/usr/store", "/jail"),)),
    Way(
        "nullfs-of-the-first",
        at("one", "/jail/data.img"),
        at("two", ALIAS),
        ALIAS,
        nullfs=(("/usr/store", "/jail"),),
    ),
    Way(
        "two-of-nullfs",
        at("one", "/jail/data.img"),
        at("two", "/prison/data.img"),
        "/prison/data.img",
        nullfs=(("/usr/store", "/jail"), ("/usr/store", "/prison")),
    ),
    Way(
        "moved-file",
        on("one", "plain"),
        on("two", "plain"),
        "/srv/vms/two/data.img",
        make=":",
        move="mkdir /srv/vms/two; mv /srv/vms/one/data.img /srv/vms/two/data.img",
    ),
)
"""All of which a running guest must keep to itself."""
