"""Scenarios of a disk that is a full copy of one of another guest."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

SOURCE, COPY = "/srv/vms/web1/root.img", "/srv/vms/copy1/root.img"


def content(play: Play) -> str:
    return play.host.path(COPY).read_text().rstrip("\0")


@scenario(everyday=True)
def copied_once(play: Play) -> None:
    """It is made as large as it shall be, with what the other one had then, and is its own from then on."""
    play.made("web1")
    play.sh(f"printf golden | dd of={SOURCE} conv=notrunc 2>/dev/null")
    play.hivectl("start", "copy1", says=[f"disk root: copying {SOURCE}", "disk root: creating", "UEFI", "started"])
    play.order(
        "lockf * /var/run/hivewright/disks.lock /usr/local/sbin/hivectl _copy copy1 root",
        f"cp {SOURCE} {COPY}.new",
        f"truncate -s 3145728 {COPY}.new",
        f"mv {COPY}.new {COPY}",
        "bhyve ... copy1",
    )
    assert (content(play), play.host.path(COPY).stat().st_size) == ("golden", 3 << 20)
    play.up("web1")
    play.down("web1", "copy1")
    play.sh("rm /var/db/hivewright/copy1/provisioned")
    play.hivectl("provision", "copy1", says=[])
    play.never("cp", "truncate")


@scenario()
def what_cannot_be_copied(play: Play) -> None:
    """A disk that somebody may write meanwhile, one that is larger, and one that is not there."""
    failed = "copy1: provisioning failed: disk root: "
    play.hivectl("start", "copy1", status=1, says=["copying", f"{failed}{SOURCE}, of which it is a copy, is no file"])
    play.up("web1")
    why = f"{failed}{SOURCE} cannot be copied while web1 has it, which is running; stop web1 first"
    play.hivectl("start", "copy1", status=1, says=["copying", why])
    play.never("cp /srv")
    play.down("web1")
    play.sh(f"truncate -s 4M {SOURCE}")
    why = f"{failed}{SOURCE} has 4194304 bytes and the disk 3145728; write a larger size"
    play.hivectl("start", "copy1", status=1, says=["copying", why])
    play.never("cp /srv")
    assert not play.host.path(COPY).exists()
    play.sh(f"truncate -s 2M {SOURCE}")
    play.hivectl("start", "copy1", says=["copying", "creating", "UEFI", "started"])
    play.down("copy1")


ORIGIN, FULL = "zroot/vms/web2/root", "zroot/vms/full1/root"


def volume(play: Play, name: str) -> list[str]:
    """Size and content of a volume, and what it is a clone of."""
    return [line.split(maxsplit=2)[2] for line in play.state(f"volume {name} ")]


def golden(play: Play) -> str:
    """What the volume of web2 holds, of which there is a snapshot."""
    play.guest("web2", {"writes": 1})
    play.hivectl("start", "web2")
    play.wait(5)
    play.sh(f"zfs snapshot {ORIGIN}@v1")
    return volume(play, ORIGIN)[0].split()[1]


@scenario(everyday=True)
def a_volume_copied_in_full(play: Play) -> None:
    """It depends on nothing: the snapshot may go, and so may the guest that it is of, which runs meanwhile."""
    content = golden(play)
    play.hivectl("start", "full1", says=["copying", "growing", "UEFI", "started"])
    play.order(
        f"zfs send {ORIGIN}@v1",
        f"zfs destroy {FULL}.copying@v1",
        f"zfs set volsize={1 << 30} {FULL}.copying",
        f"zfs set refreservation=auto {FULL}.copying",
        f"zfs rename {FULL}.copying {FULL}",
        "bhyve ... full1",
    )
    assert volume(play, FULL) == [f"{1 << 30} {content}"]
    play.sh(f"zfs destroy {ORIGIN}@v1")
    play.sh("hivectl stop web2 full1")
    play.sh("rm /var/db/hivewright/full1/provisioned")
    play.hivectl("provision", "full1", says=[])
    play.never("zfs send", "zfs receive", "zfs set", "zfs destroy")
    assert volume(play, FULL) == [f"{1 << 30} {content}"]


@scenario()
def a_full_copy_that_broke_off(play: Play) -> None:
    """It goes on where it was; what is no copy of this snapshot is begun anew."""
    content = golden(play)
    play.sh(f"zfs create -p zroot/vms/full1; zfs send {ORIGIN}@v1 >/tmp/stream")
    half = play.host.path("/tmp/stream").stat().st_size // 2
    play.sh(f"dd if=/tmp/stream bs={half} count=1 2>/dev/null | zfs receive -s -u {FULL}.copying; true")
    play.hivectl("start", "full1", says=["going on with", "growing", "UEFI", "started"])
    play.ran("zfs send -t *")
    assert volume(play, FULL) == [f"{1 << 30} {content}"]
    play.down("full1", "web2")
    play.sh(f"zfs destroy -r {FULL}; rm -r /var/db/hivewright/full1; zfs create -V 1G {FULL}.copying")
    play.hivectl("start", "full1", says=["copying", "growing", "UEFI", "started"])
    play.ran(f"zfs destroy -r {FULL}.copying")
    assert volume(play, FULL) == [f"{1 << 30} {content}"]


@scenario()
def what_broke_off_goes_with_its_guest(play: Play) -> None:
    """Nothing of it stays."""
    golden(play)
    play.host.call("fail_at", command=14)
    play.hivectl("provision", "full1", status=1)
    assert play.host.call("failed").startswith("zfs destroy ")
    assert volume(play, f"{FULL}.copying")
    play.sh("cd /usr/local/etc/hivewright; grep -v '^vm full1 ' host.conf >/tmp/conf; cp /tmp/conf host.conf")
    play.sh("rm -r /usr/local/etc/hivewright/vms/full1")
    play.hivectl("remove", "--yes", "full1", says=[f"{FULL}.copying is gone", "it is removed from this host"])
    assert not play.state("volume zroot/vms/full1")
    play.sh("! zfs list zroot/vms/full1 2>/dev/null")
