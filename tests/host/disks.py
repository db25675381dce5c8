"""Disks that a site has for a time, and ``hivectl disk`` as scenarios ask it."""

from __future__ import annotations

from collections.abc import Sequence

from bhyve_grammar import parse_command

from . import build
from .play import Play
from .sandbox import Host
from .scenario import SCENARIOS

DB1, WEB1 = "[vm.db1.nic.lan]\n", "[vm.web1.nic.lan]\n"
EXTRA = (DB1, f'[vm.db1.disk.extra]\nstorage = "fast"\nsize = "8G"\n{DB1}')
PAPERS = (WEB1, f'[vm.web1.disk.papers]\nstorage = "plain"\nsize = "1G"\n{WEB1}')
FILE = "/srv/vms/web1/papers.img"
AT28, AT27 = (0, 28, 0), (0, 27, 0)
VOLUME = "zroot/vms/db1/extra"
HEAD = "DISK SIZE STATE GUEST PLACE"
DATA = "db1/data 4G defined db1 zroot/vms/db1/data"
ROOT = "web1/root 2G defined web1 /srv/vms/web1/root.img"
STARTED = "db1: started (pid N)"
NOTE = "mv /var/db/hivewright/{0}/attached.new /var/db/hivewright/{0}/attached"
CHANGES = ("mv", "rm", "zfs destroy", "zfs set", "truncate")
"""Commands that change something."""


def devices(host: Host, name: str) -> dict[tuple[int, int, int], tuple[str, str]]:
    """What bhyve was given, read strictly."""
    words = host.path(f"/var/run/hivewright/{name}/words").read_text().splitlines()
    words = [word for word in words if not word.startswith("is ")]
    assert words[0] == "/usr/sbin/bhyve"
    return parse_command(words[1:], "14.3", "amd64").slots


def install(play: Play, *replacements: tuple[str, str]) -> None:
    """Put the site of the scenarios of disks onto the host, with texts replaced."""
    build.install(play.host, *replacements, site=SCENARIOS / "disks")


def left(play: Play) -> None:
    """Disks of db1 and web1 were made, and are in the site no more."""
    install(play, EXTRA, PAPERS)
    play.made("db1", "web1")
    install(play)


def disk(play: Play, *words: str, status: int = 0, says: str | Sequence[str] | None = None) -> None:
    """Run ``hivectl disk``."""
    play.hivectl("disk", *words, status=status, says=says)


def refused(play: Play, words: str, reason: str) -> None:
    """``hivectl disk`` says why it does not do that, and changes nothing."""
    disk(play, *words.split(), status=1, says=reason)
    play.never(*CHANGES)


def attached(play: Play, vm: str, name: str, place: str, slot: int = 28) -> None:
    """A disk is attached to a guest, and noted there."""
    at = f"is attached at 0:{slot}:0, from its next start on"
    disk(play, "attach", vm, name, says=f"{vm}: disk {name if '/' in name else f'{vm}/{name}'} ({place}) {at}")
    play.order(NOTE.format(vm))


def detached(play: Play, vm: str, name: str, place: str, until: str = "") -> None:
    """A disk is taken away from a guest; one that runs may have it until it ends."""
    disk(play, "detach", vm, name, says=f"{vm}: disk {name} ({place}) is detached{until}")
    play.order(NOTE.format(vm))


def destroyed(play: Play, name: str, place: str, command: str) -> None:
    """A disk is destroyed under its name."""
    owner, own = name.split("/")
    disk(play, "destroy", "--confirm", name, owner, own, says=f"{owner}: disk {name} ({place}) is destroyed")
    play.order("lockf * /var/run/hivewright/disks.lock", f"{command} {place}")
    assert play.step[-1] == f"{command} {place}"


def listed(play: Play, vm: str) -> list[str]:
    """The rows of the list of a guest's disks, with single blanks."""
    head, *rows = (" ".join(line.split()) for line in play.hivectl("disk", "list", vm).out.splitlines())
    assert head == HEAD
    return rows


def kept(play: Play) -> list[str]:
    """Volumes, files of guests and notes: what must not change by itself."""
    found = play.state("volume", "file /var/db")
    return [*found, *map(str, sorted(play.host.path("/srv/vms").rglob("*")))]
