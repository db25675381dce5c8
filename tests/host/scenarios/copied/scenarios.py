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
