"""Scenarios of hivectl remove: all that the host has of a guest that left the site goes, and nothing else."""

from __future__ import annotations

from host import build
from host.play import HIVECTL, Play
from host.scenario import SCENARIOS, scenario

SITE = (SCENARIOS / "removed" / "site.toml").read_text()
WEB1, SAFE1 = (
    SITE[SITE.index(f"[vm.{name}]") : SITE.index(f"[vm.{after}]")]
    for name, after in (("web1", "safe1"), ("safe1", "db1"))
)
OTHER = "01234567-0000-4def-8123-456789abcdef"
SHOWN = [
    "web1: all of this will be destroyed:",
    "zroot/vms/web1/data, 512M",
    "/srv/vms/web1/papers.img, 512M",
    "zroot/vms/web1/root, 1G, with 2 snapshots",
    "/var/db/hivewright/web1, with all that is in it",
    "/usr/local/etc/hivewright/vms/web1, and the logs /var/log/hivewright/web1.log",
]


def gone(play: Play, *tables: str) -> None:
    """Guests were made and left the site, with the disks of db1 beside them."""
    for name in ("web1", "safe1", "db1"):
        play.up(name)
        play.sh(f"{HIVECTL} stop {name}")
    play.sh("zfs snapshot zroot/vms/web1/root@one; zfs snapshot zroot/vms/web1/root@two")
    play.sh("echo old >/var/log/hivewright/web1.log.0")
    build.install(play.host, *((table, "") for table in tables or (WEB1,)), site=SCENARIOS / "removed")


def left(play: Play) -> list[str]:
    """What there is with the name of web1 in it."""
    found = play.state("volume", "snapshot", "file", "interface")
    run = ("/var/db/hivewright", "/var/run/hivewright", "/var/log/hivewright")
    places = ("/srv/vms", *run, "/usr/local/etc/hivewright/vms")
    there = [str(path) for place in places for path in play.host.path(place).glob("web1*")]
    return [line for line in (*found, *there) if "web1" in line]


@scenario(everyday=True)
def nothing_is_left(play: Play) -> None:
    """It shows what it destroys, wants to be told, and does so; what others have stays."""
    gone(play)
    others = [line for line in play.state("volume") if "web1" not in line]
    rows = {line.split()[0]: line.split(maxsplit=4) for line in play.hivectl("list").out.splitlines()}
    assert rows["web1"][1] == "removed"
    assert play.hivectl("list").out.count("left the site; hivectl remove web1 destroys what is left") == 1
    assert '"name": "web1", "state": "removed"' in play.hivectl("list", "--json").out
    left_the_site = "hivewright: web1 is no VM of this host any more; what is left of it: hivectl remove -n web1"
    play.hivectl("status", "web1", status=1, says=left_the_site)
    shown = [*SHOWN, "web1: add --yes to destroy it"]
    play.hivectl("remove", "web1", status=1, says=shown)
    play.never("zfs destroy", "rm")
    says = [
        f"web1: {place} is gone" for place in ("zroot/vms/web1/root", "/srv/vms/web1/papers.img", "zroot/vms/web1/data")
    ]
    play.hivectl("remove", "--yes", "web1", says=[*says, "web1: it is removed from this host"])
    play.order(
        "lockf * /var/run/hivewright/web1/lock lockf * /var/run/hivewright/disks.lock",
        "zfs destroy -r zroot/vms/web1/root",
        "rm /srv/vms/web1/papers.img",
        "zfs destroy -r zroot/vms/web1/data",
        "zfs destroy zroot/vms/web1",
        "rmdir /srv/vms/web1",
        "ifconfig tap-web1-lan destroy",
        "rm -f /var/log/hivewright/web1.log",
        "rm -rf /usr/local/etc/hivewright/vms/web1",
        "rm -rf /var/db/hivewright/web1",
        "rm -rf /var/run/hivewright/web1",
    )
    assert left(play) == []
    assert [line for line in play.state("volume") if "web1" not in line] == others
    assert play.host.path("/tmp/removed").read_text() == "web1 remove\n"
    assert not play.host.path("/srv/vms/web1").exists()
    play.hivectl("remove", "web1", status=1, says="web1: this host has nothing of it")
    assert "web1" not in play.hivectl("list").out
    play.up("db1")
    play.down("db1")


@scenario()
def what_must_stay(play: Play) -> None:
    """A guest of the host, one that runs, a protected one, and one whose disk somebody has are not removed."""
    gone(play, WEB1, SAFE1)
    play.hivectl("remove", "--yes", "db1", status=1, says="db1: it is a guest of this host; take it out of the site")
    why = "safe1: it is protected, so nothing of it is destroyed; write protected = false for it in the site"
    play.hivectl("remove", "--yes", "safe1", status=1, says=why)
    play.hivectl("disk", "destroy", "safe1", "root", status=1, says="safe1: it is protected, so none of its disks")
    play.sh("rm -r /usr/local/etc/hivewright/vms/safe1")
    play.hivectl("remove", "--yes", "safe1", status=1, says=why)
    play.sh(f"{HIVECTL} disk attach db1 web1/data")
    why = "web1: the disk web1/data cannot be destroyed: it is attached to db1: hivectl disk detach db1 web1/data"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.up("db1")
    play.sh(f"{HIVECTL} disk detach db1 web1/data")
    why = "web1: the disk web1/data cannot be destroyed: it may be in use, since db1 runs; stop db1 first"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.sh(f"{HIVECTL} stop db1; zfs clone zroot/vms/web1/root@two zroot/vms/theirs")
    why = "web1: the snapshot zroot/vms/web1/root@two was cloned as zroot/vms/theirs, which cannot be without it"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.sh(f"zfs destroy zroot/vms/theirs; zfs set hivewright:guest={OTHER} zroot/vms/web1/data")
    why = f"web1: zroot/vms/web1/data was made for the guest whose UUID is {OTHER}"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.sh("zfs inherit hivewright:guest zroot/vms/web1/data; touch /tmp/refuse")
    why = "web1: the hook remove/10-last.sh failed with status 1; nothing was destroyed"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    assert {"zroot/vms/web1/root", "zroot/vms/web1/data", "zroot/vms/safe1/root"} <= set(play.names("volume"))
    play.sh("rm /tmp/refuse")
    play.hivectl("remove", "web1", "--yes")
    assert left(play) == []


@scenario()
def beside_it(play: Play) -> None:
    """What lies beside its disks and is not noted stays; a disk that is gone, or whose pool is, is told apart."""
    gone(play)
    play.sh("touch /srv/vms/web1/notes; zfs create -V 1G zroot/vms/web1/theirs; zfs destroy -r zroot/vms/web1/root")
    play.sh("mv /srv/vms /srv/away")
    why = "web1: the disk web1/papers, /srv/vms/web1/papers.img, is missing; import its pool or mount its file system"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.sh("mv /srv/away /srv/vms")
    play.hivectl("remove", "--yes", "web1")
    assert left(play) == ["volume zroot/vms/web1/theirs 1073741824 nothing", str(play.host.path("/srv/vms/web1"))]
    assert play.host.path("/srv/vms/web1/notes").exists()


@scenario()
def renamed_and_not_started(play: Play) -> None:
    """What a guest was called is no guest that left: its disks are given to the guest at its next start."""
    gone(play, *())
    build.install(
        play.host, (WEB1, WEB1.replace("[vm.web1]", '[vm.shop1]\nrenamed_from = "web1"')), site=SCENARIOS / "removed"
    )
    assert "removed" not in play.hivectl("list").out
    why = "web1: shop1 was called web1, and gets all of this when it starts; start shop1 first"
    play.hivectl("remove", "--yes", "web1", status=1, says=why)
    play.never("zfs destroy", "rm")
