"""A stand-in host with two bundles, of which one is installed; see install_fixtures."""

from __future__ import annotations

from functools import cache

from hivewright.plan import Artifact

from .bundles import packed, packed_with, unpack
from .play import Play
from .sandbox import Host
from .scenario import SCENARIOS

SITE = SCENARIOS / "shipped"
VMS = "/usr/local/etc/hivewright/vms"
RECORD = "/usr/local/etc/hivewright/MANIFEST"
PF = "/usr/local/etc/hivewright/pf.conf"
FIRST = ('prestart = ["hooks/first.sh", "hooks/second.sh"]', 'prestart = ["hooks/first.sh"]')
CHANGES = ("mkdir", "install", "mv", "rm", "rmdir", "service", "pfctl")
"""Commands that change a host."""
Files = dict[str, tuple[int, bytes]]


@cache
def before() -> dict[str, Artifact]:
    return packed(SITE)


@cache
def after() -> dict[str, Artifact]:
    """nat1 and its network are gone, and hook1 has a hook less."""
    text = (SITE / "site.toml").read_text()
    return packed_with(
        SITE,
        FIRST,
        (text[text.index("[network.lab]") : text.index("[storage.plain]")], ""),
        (text[text.index("# nat1:") :], ""),
    )


def lying(host: Host) -> Files:
    """The files of a host that are ours, by path, with their modes; not the record."""
    found = {}
    for top in ("usr/local", "boot"):
        for path in sorted(host.path(top).rglob("*")):
            if path.is_file() and not path.is_symlink() and "uefi-firmware" not in path.parts:
                found[path.relative_to(host.root).as_posix()] = (path.stat().st_mode & 0o777, path.read_bytes())
    return {path: each for path, each in found.items() if f"/{path}" != RECORD}


def meant(files: dict[str, Artifact], name: str = "alpha") -> Files:
    """The files that a package brings to a host."""
    found = {}
    for path, each in files.items():
        for tree in ("runtime/root/", f"hosts/{name}/root/"):
            if path.startswith(tree):
                found[path.removeprefix(tree)] = (each.mode, each.content)
    return found


def recorded(host: Host) -> list[str]:
    """The paths in the record."""
    return sorted(line.split()[0] for line in host.path(RECORD).read_text().splitlines() if not line.startswith("#"))


class Installing(Play):
    """A play with bundles."""

    def unpack(self, files: dict[str, Artifact], folder: str) -> None:
        unpack(self.host, files, folder)

    def install(self, folder: str, *words: str, status: int = 0) -> list[str]:
        """Runs the script of a bundle; what it says, but for what the host lacks."""
        outcome = self.do("/bin/sh", f"{folder}/install", *words, status=status)
        return [line for line in (outcome.out + outcome.err).splitlines() if ": missing: " not in line]

    def is_as(self, files: dict[str, Artifact]) -> None:
        """The host has the files of a package and no others, and the record says so."""
        assert lying(self.host) == meant(files)
        assert recorded(self.host) == sorted(meant(files))
