"""Scenarios of disks that are there before the guest is: of older runtimes, of others, of nobody, or not whole."""

from __future__ import annotations

from host.golden_image import CONTENT, URLS
from host.play import Play
from host.scenario import scenario

from .scenarios import GIGABYTE, LARGER, administrator, volumes

ROOT = "zroot/vms/copy1/root"
THERE = f"disk root: {ROOT} is there already, and nothing says that it was made for copy1, which would get what is on"


def has_device(play: Play, volume: str) -> bool:
    """Whether a volume has its device."""
    return play.host.run("/bin/test", "-e", f"/dev/zvol/{volume}").status == 0


@scenario(everyday=True)
def made_by_an_older_runtime(play: Play) -> None:
    """It set volmode on the volume, whose device never came: it comes before the volume grows."""
    old = "zroot/vms/thick1/data"
    administrator(play, f"zfs create -p -o volmode=dev -o volblocksize=32K -V {GIGABYTE} {old}")
    administrator(play, f"mkdir -p /var/db/hivewright/thick1; echo data {old} >/var/db/hivewright/thick1/disks")
    assert not has_device(play, old)
    play.hivectl("start", "thick1")
    mended = (f"zfs set volmode=none {old}", f"zfs set volmode=dev {old}")
    play.order(*mended, f"zfs set volsize={LARGER} {old}", "bhyve ... thick1")
    assert volumes(play)[old] == f"{LARGER} nothing"
    play.down("thick1")


@scenario()
def device_missing_at_start(play: Play) -> None:
    """A volume that needs nothing but its device gets it, and a second start has nothing to do."""
    play.made("thick1")
    root = "zroot/vms/thick1/root"
    administrator(play, f"zfs set volmode=none {root}; zfs set volmode=dev {root}")
    assert not has_device(play, root)
    said = f"thick1: the volume {root} has no device; setting its volmode once more"
    play.hivectl("start", "thick1", says=[said, "started"])
    play.order(f"zfs set volmode=none {root}", f"zfs set volmode=dev {root}", "bhyve ... thick1")
    play.down("thick1")
    play.hivectl("start", "thick1", says="started")
    play.never("zfs")
    play.down("thick1")
    administrator(play, f"zfs set volmode=none {root}")
    said = f"thick1: disk root: the volume {root} has no device; its volmode is none"
    play.hivectl("start", "thick1", status=1, says=said)
    play.never("zfs set", "bhyve")


@scenario()
def others_beside_it(play: Play) -> None:
    """Volumes of somebody else that inherit another volmode keep it: it is then set on the new one itself."""
    administrator(play, "zfs create -p -V 1G zroot/thin/thin1/theirs")
    play.hivectl("start", "thin1")
    play.never("zfs set volmode=dev zroot/thin/thin1")
    play.order("zfs create * -o volmode=dev -V * zroot/thin/thin1/data", "zfs create * -V * zroot/thin/thin1/root")
    assert has_device(play, "zroot/thin/thin1/theirs")
    assert play.names("guest") == ["thin1"]


@scenario(everyday=True, urls=URLS)
def made_for_nobody(play: Play) -> None:
    """Where an image was to be on a disk, one that is there already is refused, unless the operator takes it."""
    administrator(play, f"zfs create -p -V 1G -o volblocksize=32K {ROOT}")
    play.hivectl("start", "copy1", status=1, says=f"copy1: provisioning failed: {THERE}")
    play.never("dd", "fetch", "bhyve")
    assert volumes(play)[ROOT] == f"{GIGABYTE} nothing"
    play.hivectl("provision", "--adopt", "root", "copy1", says=["is there already, and is taken as it is", "UEFI"])
    play.hivectl("start", "copy1", says="copy1: started (pid N)")
    assert volumes(play)[ROOT] == f"{GIGABYTE} nothing"
    play.down("copy1")


@scenario()
def empty_disk_of_nobody(play: Play) -> None:
    """Nothing was to be on it: what is there is taken, and that is said."""
    administrator(play, "zfs create -p -V 1G -o volblocksize=32K zroot/vms/thick1/root")
    administrator(play, "mkdir -p /srv/vms/file1; truncate -s 1G /srv/vms/file1/root.img")
    taken = "disk root: zroot/vms/thick1/root is there already, and is taken as it is"
    play.hivectl("provision", "thick1", says=["data: creating", taken, "making the UEFI variables"])
    taken = "disk root: /srv/vms/file1/root.img is there already, and is taken as it is"
    play.hivectl("provision", "file1", says=["data: creating", taken, "making the UEFI variables"])
    play.hivectl("provision", "file1", says=[])


@scenario(urls=URLS)
def notes_of_the_host_are_lost(play: Play) -> None:
    """A volume says itself whose it is, and that it is not whole: the host may be made anew around its pool."""
    play.made("copy1")
    administrator(play, "rm -rf /var/db/hivewright/copy1")
    play.hivectl("start", "copy1", says=["making the UEFI variables", "started"])
    play.down("copy1")
    administrator(play, f"zfs set hivewright:filling=golden {ROOT}; rm -rf /var/db/hivewright/copy1")
    play.hivectl("start", "copy1", says=["filling it from the image golden", "making the UEFI variables", "started"])
    play.order("dd", f"zfs inherit hivewright:filling {ROOT}", "bhyve ... copy1")
    assert volumes(play)[ROOT] == f"{GIGABYTE} {CONTENT}"
    play.down("copy1")
