"""Scenarios of disks that left the site, and of ``hivectl disk``."""

from __future__ import annotations

import re

from bhyve_grammar import parse_command

from .build import install
from .play import Play, Scenario, leftovers, made

DB1, WEB1 = "[vm.db1.nic.lan]\n", "[vm.web1.nic.lan]\n"
EXTRA = (DB1, f'[vm.db1.disk.extra]\nstorage = "fast"\nsize = "8G"\n{DB1}')
PAPERS = (WEB1, f'[vm.web1.disk.papers]\nstorage = "plain"\nsize = "1G"\n{WEB1}')
SCRIPTS = re.compile(r"(/usr/local/etc/hivewright/vms/)\w+(/start)(?: \1\w+\2)*")
"""The scripts of all guests; their number is no matter here."""
FILE = "/srv/vms/web1/papers.img"


def disk(play: Play, *words: str, status: int | None = 0) -> str:
    """Run ``hivectl disk``; returns what it said."""
    outcome = play.hivectl("disk", *words, status=status)
    play.lines = [SCRIPTS.sub(r"\1*\2", line) for line in play.lines]
    return outcome.out + outcome.err


def left(play: Play) -> None:
    """Disks of db1 and web1 were made, and are in the site no more."""
    install(play.host, EXTRA, PAPERS)
    made(play, "db1", "web1")
    install(play.host)


def devices(play: Play, name: str) -> dict[tuple[int, int, int], tuple[str, str]]:
    """What bhyve was given, read strictly."""
    words = play.host.path(f"/var/run/hivewright/{name}/words").read_text().splitlines()
    assert words[0] == "/usr/sbin/bhyve"
    return parse_command(words[1:], "14.3", "amd64").slots


def volume_leaves(play: Play) -> None:
    """A volume that left the site is kept, listed, attached by hand, used, taken away, destroyed."""
    install(play.host, EXTRA)
    made(play, "db1")
    disk(play, "list", "db1")
    install(play.host)
    disk(play, "list", "db1")
    made(play, "db1")
    disk(play, "attach", "db1", "extra")
    disk(play, "list", "db1")
    play.hivectl("start", "db1")
    assert devices(play, "db1")[0, 28, 0] == ("virtio-blk", "/dev/zvol/zroot/vms/db1/extra,ser=db1-extra")
    play.hivectl("status", "db1")
    disk(play, "list", "--json", "db1")
    play.wait(10)
    play.hivectl("stop", "db1")
    disk(play, "detach", "db1", "extra")
    play.hivectl("start", "db1")
    assert (0, 28, 0) not in devices(play, "db1")
    play.say("the guest runs without it, so it may be destroyed")
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra")
    disk(play, "list", "db1")
    play.show("volume", "file /var/db/hivewright/db1/disks", "file /var/db/hivewright/db1/attached")
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)


def file_leaves(play: Play) -> None:
    """The same for a file, which goes to another guest; each guest may have several."""
    left(play)
    disk(play, "attach", "app1", "web1/papers")
    disk(play, "attach", "app1", "db1/extra")
    for name in ("db1", "web1"):
        disk(play, "list", name)
    made(play, "app1")
    play.hivectl("start", "app1")
    found = devices(play, "app1")
    assert found[0, 28, 0] == ("virtio-blk", f"{FILE},ser=web1-papers")
    assert found[0, 27, 0][0] == "virtio-blk"
    play.hivectl("status", "app1")
    play.wait(10)
    play.hivectl("stop", "app1")
    disk(play, "detach", "app1", "web1/papers")
    disk(play, "attach", "app1", "web1/papers")
    disk(play, "detach", "app1", "web1/papers")
    disk(play, "destroy", "web1", "papers", "--confirm", "web1/papers")
    disk(play, "list", "app1")
    disk(play, "list", "web1")
    assert not play.host.path(FILE).exists()


def guest_leaves(play: Play) -> None:
    """A guest left the site: its disks are listed and can be given away or destroyed."""
    made(play, "hook1")
    text = play.host.path("/usr/local/etc/hivewright/host.conf").read_text()
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("vm hook1 ")]
    play.host.path("/usr/local/etc/hivewright/host.conf").write_text("".join(lines))
    disk(play, "list", "hook1")
    disk(play, "attach", "hook1", "root", status=1)
    disk(play, "attach", "web1", "hook1/root")
    disk(play, "list", "hook1")
    disk(play, "destroy", "--confirm", "hook1/root", "hook1", "root", status=1)
    disk(play, "detach", "web1", "hook1/root")
    disk(play, "destroy", "--confirm", "hook1/root", "hook1", "root")
    disk(play, "list", "hook1")
    assert not play.host.path("/srv/vms/hook1/root.img").exists()


def kept(play: Play) -> list[str]:
    """Volumes, files of guests and notes: what must not change by itself."""
    found = [line for line in play.host.state() if line.startswith(("volume", "file /var/db"))]
    return [*found, *map(str, sorted(play.host.path("/srv/vms").rglob("*")))]


def refusals(play: Play) -> None:
    """What cannot be is refused with the reason and with what to do, and nothing changes."""
    left(play)
    before = kept(play)
    for words in (
        *(("attach", "db1", "other"), ("attach", "db1", "data"), ("attach", "db1", "a/b/c")),
        *(("attach", "app1", "db1/data"), ("attach", "app1", "../etc"), ("detach", "db1", "data")),
        *(("detach", "db1", "extra"), ("grow", "db1", "other", "9G"), ("destroy", "db1", "extra")),
        *(("destroy", "--confirm", "extra", "db1", "extra"), ("destroy", "--confirm", "db1/data", "db1", "data")),
        ("destroy", "--confirm", "web1/papers", "db1", "web1/papers"),
    ):
        disk(play, *words, status=1)
    assert kept(play) == before
    play.say("attached to one guest, it is not given to another, and not destroyed")
    disk(play, "attach", "db1", "extra")
    for words in (
        *(("attach", "db1", "extra"), ("attach", "web1", "db1/extra"), ("grow", "web1", "db1/extra", "9G")),
        ("destroy", "--confirm", "db1/extra", "db1", "extra"),
    ):
        disk(play, *words, status=1)


def running_guest_keeps(play: Play) -> None:
    """A guest runs with what its start found: such a disk is not given away or destroyed until it ends."""
    install(play.host, EXTRA)
    made(play, "db1")
    play.hivectl("start", "db1")
    install(play.host)
    disk(play, "list", "db1")
    disk(play, "attach", "web1", "db1/extra", status=1)
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)
    disk(play, "grow", "db1", "extra", "9G", status=1)
    play.wait(10)
    play.hivectl("stop", "db1")
    disk(play, "attach", "db1", "extra")
    play.hivectl("start", "db1")
    disk(play, "detach", "db1", "extra")
    play.hivectl("status", "db1")
    disk(play, "attach", "web1", "db1/extra", status=1)
    play.say("the guest that has it may have it again")
    disk(play, "attach", "db1", "extra")
    play.wait(10)
    play.hivectl("restart", "db1")
    assert (0, 28, 0) in devices(play, "db1")
    disk(play, "detach", "db1", "extra")
    play.wait(10)
    play.hivectl("stop", "db1")
    disk(play, "attach", "web1", "db1/extra")


def attached_while_running(play: Play) -> None:
    """What is attached while the guest runs counts from the next start on, not from a reboot on."""
    left(play)
    play.guest("db1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "db1")
    disk(play, "attach", "db1", "extra")
    play.hivectl("status", "db1")
    play.wait(150)
    assert (0, 28, 0) not in devices(play, "db1")
    play.hivectl("restart", "db1")
    assert (0, 28, 0) in devices(play, "db1")
    play.hivectl("status", "db1")


def supervisor_of_attached_killed(play: Play) -> None:
    """An adopted guest keeps what it has; after its reboot it has the same."""
    left(play)
    disk(play, "attach", "db1", "extra")
    play.guest("db1", {"end": "reboot", "after": 200}, {})
    play.hivectl("start", "db1")
    for target in ("daemon db1", "supervisor db1"):
        assert play.host.call("kill", target=target)
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)
    play.hivectl("start", "db1")
    play.wait(300)
    assert (0, 28, 0) in devices(play, "db1")


def pool_is_missing(play: Play) -> None:
    """The pool of an attached disk is not imported: the start says so, and nobody takes the disk for gone."""
    install(play.host, EXTRA, PAPERS)
    made(play, "db1", "web1")
    install(play.host)
    disk(play, "attach", "web1", "db1/extra")
    play.host.call("pool", name="zroot", imported=False)
    disk(play, "list", "db1")
    play.hivectl("start", "web1", status=1)
    assert not leftovers(play.host)
    disk(play, "detach", "web1", "db1/extra")
    disk(play, "attach", "web1", "db1/extra", status=1)
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)
    disk(play, "grow", "db1", "extra", "9G", status=1)
    play.host.call("pool", name="zroot", imported=True)
    disk(play, "attach", "web1", "db1/extra")
    play.hivectl("start", "web1")
    play.say("a disk that somebody destroyed by hand can be forgotten")
    play.host.path(FILE).unlink()
    disk(play, "list", "web1")
    disk(play, "destroy", "--confirm", "web1/papers", "web1", "papers")
    disk(play, "list", "web1")


def snapshots_hold(play: Play) -> None:
    """A volume with snapshots, or with clones of them, is not destroyed."""
    left(play)
    for words in ("zfs snapshot zroot/vms/db1/extra@before", "zfs clone zroot/vms/db1/extra@before zroot/vms/copy"):
        assert play.host.run("/bin/sh", "-c", words).status == 0
        play.quietly()
        disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)
    for name in ("zroot/vms/copy", "zroot/vms/db1/extra@before"):
        assert play.host.run("/bin/sh", "-c", f"zfs destroy {name}").status == 0
    play.quietly()
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra")


def defined_again(play: Play) -> None:
    """A disk that comes back into the site while it is attached by hand is given once, and to one guest."""
    left(play)
    disk(play, "attach", "db1", "extra")
    disk(play, "attach", "db1", "web1/papers")
    install(play.host, EXTRA, PAPERS)
    for name in ("db1", "web1"):
        disk(play, "list", name)
    play.hivectl("start", "db1")
    text = str(devices(play, "db1"))
    assert text.count("db1/extra") == text.count(FILE) == 1
    play.say("its own guest does not get it as long as it is attached to another")
    play.hivectl("start", "web1", status=1)
    assert not leftovers_of(play, "web1")
    disk(play, "detach", "db1", "extra")
    disk(play, "detach", "db1", "extra", status=1)
    play.wait(10)
    play.hivectl("stop", "db1")
    disk(play, "detach", "db1", "web1/papers")
    play.hivectl("start", "web1")


def leftovers_of(play: Play, name: str) -> list[str]:
    """What a stopped guest must not leave, of one guest."""
    return [line for line in leftovers(play.host) if name in line]


def slot_is_taken(play: Play) -> None:
    """A device of the definition got the address of an attached disk: the start refuses, and says what to do."""
    left(play)
    disk(play, "attach", "db1", "extra")
    install(play.host, (DB1, f'{DB1}slot = "0:28:0"\n'))
    play.hivectl("start", "db1", status=1)
    assert not leftovers(play.host)
    disk(play, "detach", "db1", "extra")
    disk(play, "attach", "db1", "extra")
    play.hivectl("start", "db1")
    assert devices(play, "db1")[0, 27, 0][0] == "virtio-blk"


def disks_grow(play: Play) -> None:
    """Volumes and files grow, by a size that they can have, while nobody uses them; nothing shrinks."""
    left(play)
    for size in ("12", "12GB", "1.5G", "0G", "-1G", "012G", "9999999T", "99999999999999999999G", "4G", "9437185K"):
        disk(play, "grow", "db1", "extra", size, status=1)
    disk(play, "grow", "db1", "extra", "12G")
    disk(play, "grow", "db1", "extra", "12G")
    disk(play, "grow", "web1", "papers", "1536M")
    disk(play, "grow", "web1", "papers", "1G", status=1)
    disk(play, "grow", "web1", "root", "3G")
    assert play.host.path(FILE).stat().st_size == 1536 << 20
    play.hivectl("start", "web1")
    disk(play, "grow", "web1", "root", "4G", status=1)
    for name in ("db1", "web1"):
        disk(play, "list", name)


def notes_without_places(play: Play) -> None:
    """An older runtime noted names only: a start adds the place of what is defined, nobody guesses the others."""
    made(play, "db1", "web1")
    for name, text in (("db1", "data\nextra\n"), ("web1", "root\n")):
        play.host.path(f"/var/db/hivewright/{name}/disks").write_text(text)
    disk(play, "list", "db1")
    disk(play, "attach", "db1", "extra", status=1)
    disk(play, "destroy", "--confirm", "db1/extra", "db1", "extra", status=1)
    play.hivectl("start", "db1")
    play.hivectl("start", "web1")
    play.show("file /var/db/hivewright/db1/disks", "file /var/db/hivewright/web1/disks")
    disk(play, "list", "db1")


def storage_changes(play: Play) -> None:
    """The definition says another place: no empty disk takes the place of the old one, unless one is asked for."""
    made(play, "web1")
    moved = ('[vm.web1.disk.root]\nstorage = "plain"', '[vm.web1.disk.root]\nstorage = "fast"')
    install(play.host, moved)
    play.hivectl("start", "web1", status=1)
    assert not [line for line in play.host.state() if line.startswith("volume")]
    play.hivectl("provision", "--recreate", "root", "web1")
    disk(play, "list", "web1")
    play.hivectl("start", "web1")
    disk(play, "destroy", "--confirm", "web1/root-1", "web1", "root-1")
    assert not play.host.path("/srv/vms/web1/root.img").exists()


SCENARIOS = [
    Scenario("disk-volume-leaves", volume_leaves, wide=True),
    Scenario("disk-file-leaves", file_leaves, wide=True),
    Scenario("disk-guest-leaves", guest_leaves),
    Scenario("disk-refusals", refusals, wide=True),
    Scenario("disk-of-a-running-guest", running_guest_keeps, wide=True),
    Scenario("disk-attached-while-running", attached_while_running),
    Scenario("disk-of-a-killed-supervisor", supervisor_of_attached_killed),
    Scenario("disk-pool-missing", pool_is_missing, wide=True),
    Scenario("disk-with-snapshots", snapshots_hold),
    Scenario("disk-defined-again", defined_again, wide=True),
    Scenario("disk-slot-taken", slot_is_taken),
    Scenario("disk-grows", disks_grow, wide=True),
    Scenario("disk-notes-without-places", notes_without_places, wide=True),
    Scenario("disk-storage-changes", storage_changes, wide=True),
]
