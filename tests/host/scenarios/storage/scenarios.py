"""Scenarios of every kind of disk: made, used, stopped, used again, and made anew when it is gone."""

from __future__ import annotations

from pathlib import Path

from host.build import install
from host.golden_image import CONTENT, URLS
from host.play import HIVECTL, Play
from host.scenario import scenario

SITE = Path(__file__).parent
GIGABYTE = 1 << 30
LARGER = GIGABYTE * 3 // 2
IMAGE = "zroot/vms/Images/golden-d108ad87"
V1 = "zroot/vms/copy1/root@v1"
NOTES = "-o hivewright:guest=* -o hivewright:filling=clone"
FILLED = "-o 'hivewright:image=*'"
CLONE = f"zfs clone -p {NOTES} {FILLED} -o compression=lz4 {IMAGE}@whole"


def administrator(play: Play, script: str) -> None:
    """What an administrator does; nodes of volumes come and go meanwhile."""
    play.sh(script)
    play.host.advance(5)
    play.quietly()


def volumes(play: Play) -> dict[str, str]:
    """Volume -> its size, content and origin."""
    found = (line.split(" ", 2) for line in play.state("volume "))
    return {name: rest for _, name, rest in found}


def used_and_made_again(play: Play, vm: str, lose: str, path: str, *makes: str) -> None:
    """The disk root of a guest that runs: used again, lost, not made in silence, and made when that is asked for."""
    there = play.state("volume", "snapshot")
    started = f"{vm}: started (pid N)"
    play.down(vm)
    play.hivectl("start", vm, says=started)
    play.order("daemon", "bhyve")
    assert len([each for each in play.step if not each.startswith("stat ")]) == 2
    play.down(vm)
    administrator(play, lose)
    gone = f"{vm}: disk root: {path} was there once and is missing; import its pool or mount its file system. If it"
    remedy = f"is really gone, make it anew: hivectl provision --recreate root {vm}"
    play.hivectl("start", vm, status=1, says=f"{gone} {remedy}")
    play.never("zfs create", "zfs clone", "truncate", "dd", "bhyve")
    play.hivectl("provision", "--recreate", "root", vm)
    play.order(f"lockf * /usr/local/etc/hivewright/vms/{vm}/provision locked --recreate root", *makes)
    play.never("fetch")
    play.hivectl("start", vm, says=started)
    play.order("daemon", "bhyve")
    assert play.state("volume", "snapshot") == there
    play.down(vm)


@scenario()
def disk_thick(play: Play) -> None:
    """Volumes with the properties of their storage; what is not sparse reserves its size."""
    says = ["data: creating the volume", "root: creating the volume", "making the UEFI variables", "started"]
    play.hivectl("start", "thick1", says=says)
    create = "zfs create -p -o hivewright:guest=* -o compression=lz4 -o volblocksize=32K -V {} zroot/vms/thick1/{}"
    data, root = create.format(LARGER, "data"), create.format(GIGABYTE, "root")
    play.order("zfs create -p -o volmode=dev zroot/vms/thick1", data, root, "bhyve ... thick1")
    assert volumes(play) == {
        "zroot/vms/thick1/data": f"{LARGER} nothing",
        "zroot/vms/thick1/root": f"{GIGABYTE} nothing",
    }
    path = "/dev/zvol/zroot/vms/thick1/root"
    used_and_made_again(play, "thick1", "zfs destroy zroot/vms/thick1/root", path, root)


@scenario()
def disk_thin(play: Play) -> None:
    """The same, sparse, and with the block size of ours where the storage names none."""
    play.hivectl("start", "thin1")
    create = "zfs create -p -s -o hivewright:guest=* -o volblocksize=16K -V {} zroot/thin/thin1/{}"
    data, root = create.format(LARGER, "data"), create.format(GIGABYTE, "root")
    play.order("zfs create -p -o volmode=dev zroot/thin/thin1", data, root, "bhyve ... thin1")
    assert volumes(play) == {
        "zroot/thin/thin1/data": f"{LARGER} nothing",
        "zroot/thin/thin1/root": f"{GIGABYTE} nothing",
    }
    path = "/dev/zvol/zroot/thin/thin1/root"
    used_and_made_again(play, "thin1", "zfs destroy zroot/thin/thin1/root", path, root)


@scenario()
def disk_file(play: Play) -> None:
    """Files get their name when they have their size."""
    play.hivectl("start", "file1")
    file = "/srv/vms/file1/root.img"
    made = (f"truncate -s {GIGABYTE} {file}.new", f"mv {file}.new {file}")
    data = [words.replace("root", "data").replace(str(GIGABYTE), str(LARGER)) for words in made]
    play.order(*data, *made, "bhyve ... file1")
    assert play.names("volume") == []
    used_and_made_again(play, "file1", f"rm {file}", file, *made)
    assert play.host.path(file).stat().st_size == GIGABYTE


@scenario(urls=URLS)
def disk_copy(play: Play) -> None:
    """A copy of an image; made again, it is copied from what was fetched before."""
    play.hivectl("start", "copy1")
    volume = "zroot/vms/copy1/root"
    notes = f"-o hivewright:guest=* -o hivewright:filling=golden {FILLED}"
    create = f"zfs create -p {notes} -o compression=lz4 -o volblocksize=32K -V {GIGABYTE} {volume}"
    copy = f"dd if=/var/cache/hivewright/golden of=/dev/zvol/{volume} bs=1048576"
    whole = f"zfs inherit hivewright:filling {volume}"
    play.order(create, "fetch -q -s*", "fetch -q -T*", "sha256", "xz", copy, whole, "bhyve ... copy1")
    assert volumes(play) == {volume: f"{GIGABYTE} {CONTENT}"}
    used_and_made_again(play, "copy1", f"zfs destroy {volume}", f"/dev/zvol/{volume}", create, copy, whole)


@scenario(urls=URLS)
def disk_clone(play: Play) -> None:
    """A clone of an image; made again, it is cloned from the volume of the image, which stays."""
    play.hivectl("start", "clone1")
    volume = "zroot/vms/clone1/root"
    made = (f"{CLONE} {volume}", f"zfs set volsize={GIGABYTE} {volume}", f"zfs set refreservation=auto {volume}")
    used_and_made_again(play, "clone1", f"zfs destroy {volume}", f"/dev/zvol/{volume}", *made)
    assert volumes(play) == {
        IMAGE: f"32768 {CONTENT}",
        volume: f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole",
    }


@scenario()
def disk_path(play: Play) -> None:
    """Nothing is made where nothing is ours."""
    missing = "path1: disk data: /dev/ada7 does not exist"
    play.hivectl("start", "path1", status=1, says=["path1: making the UEFI variables", missing])
    administrator(play, "mkdir -p /srv; truncate -s 1G /srv/old.img")
    play.hivectl("start", "path1", status=1, says=missing)
    play.never("truncate", "zfs", "bhyve")
    play.nothing_left()
    play.host.path("/dev/ada7").touch()
    play.hivectl("start", "path1", says="path1: started (pid N)")
    play.down("path1")


@scenario(transcript=True, urls=URLS)
def image_cloned(play: Play) -> None:
    """The image is fetched and copied once; each disk is a clone with its own size and a reservation."""
    play.hivectl("start", "clone1")
    assert play.names("snapshot") == [f"{IMAGE}@whole"]
    assert volumes(play)["zroot/vms/clone1/root"] == f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole"
    play.hivectl("start", "clone2")
    play.never("fetch", "dd", "zfs create * -V")
    assert volumes(play)["zroot/vms/clone2/root"] == f"{LARGER} {CONTENT} clone of {IMAGE}@whole"
    assert volumes(play)["zroot/vms/clone2/data"] == f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole"
    play.say("the volume of the image cannot go")
    play.do("zfs", "destroy", f"{IMAGE}@whole", status=1)
    play.down("clone1", "clone2")


@scenario(urls=URLS)
def images_become_clones(play: Play) -> None:
    """A storage that clones images now: a disk that exists stays a copy, and one that is made is a clone; and back."""
    copy, clone = f"{GIGABYTE} {CONTENT}", f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole"
    play.made("copy1")
    ship_clone_images(play, "true")
    play.hivectl("start", "copy1", says="copy1: started (pid N)")
    play.never("zfs create", "zfs clone", "zfs set", "zfs destroy", "dd", "fetch")
    play.down("copy1")
    assert volumes(play) == {"zroot/vms/copy1/root": copy}
    play.made("copy2")
    assert volumes(play)["zroot/vms/copy2/root"] == clone
    ship_clone_images(play, "false")
    play.hivectl("start", "copy2", says="copy2: started (pid N)")
    play.never("zfs create", "zfs clone", "zfs set", "zfs destroy", "dd", "fetch")
    play.down("copy2")
    assert volumes(play)["zroot/vms/copy2/root"] == clone
    administrator(play, "zfs destroy zroot/vms/copy2/root")
    play.hivectl("provision", "--recreate", "root", "copy2", says=None)
    assert volumes(play)["zroot/vms/copy2/root"] == copy


def ship_clone_images(play: Play, value: str) -> None:
    """The site anew, with that value in the storage fast."""
    dataset = 'dataset = "zroot/vms"\n'
    install(play.host, (dataset, f"{dataset}clone_images = {value}\n"), site=SITE)


@scenario(urls=URLS)
def image_cloned_elsewhere(play: Play) -> None:
    """Another storage has a volume of its own; nothing is reserved on a sparse one; a small image is rounded up."""
    play.up("clone1")
    play.hivectl("start", "clone3")
    image, disk = "zroot/thin/Images/golden-b5690523", "zroot/thin/clone3/root"
    play.order(
        f"zfs create -p -s {FILLED} -o volblocksize=16K -V 16384 {image}",
        f"dd if=/var/cache/hivewright/golden of=/dev/zvol/{image}",
        f"zfs snapshot {image}@whole",
        f"zfs clone -p {NOTES} {FILLED} {image}@whole {disk}",
        f"zfs set volsize=32768 {disk}",
        "bhyve ... clone3",
    )
    play.never("fetch", "zfs set refreservation=auto")
    assert volumes(play) == {
        image: f"16384 {CONTENT}",
        disk: f"32768 {CONTENT} clone of {image}@whole",
        IMAGE: f"32768 {CONTENT}",
        "zroot/vms/clone1/root": f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole",
    }
    play.down("clone1", "clone3")


@scenario(urls=URLS)
def image_half_copied(play: Play) -> None:
    """A volume without the snapshot is not taken for whole: it is filled again, and not made."""
    play.made("clone1")
    lose = f"zfs destroy zroot/vms/clone1/root && zfs destroy {IMAGE}@whole"
    administrator(play, f"{lose} && dd if=/etc/rc.conf of=/dev/zvol/{IMAGE}")
    says = ["making the volume", "filling it from the image golden", "cloning", "growing"]
    play.hivectl("provision", "--recreate", "root", "clone1", says=says)
    play.order(f"dd if=/var/cache/hivewright/golden of=/dev/zvol/{IMAGE}", f"zfs snapshot {IMAGE}@whole", CLONE)
    play.never("fetch", "zfs create")
    assert volumes(play)[IMAGE] == f"32768 {CONTENT}"
    assert volumes(play)["zroot/vms/clone1/root"] == f"{GIGABYTE} {CONTENT} clone of {IMAGE}@whole"


@scenario(urls=URLS)
def clone_unfinished(play: Play) -> None:
    """A clone that was killed before it had its size gets it; what was to become something else is not touched."""
    play.made("copy1")
    administrator(play, f"zfs snapshot {V1} && zfs clone -p {V1} zroot/vms/snap1/root")
    administrator(play, "mkdir -p /var/db/hivewright/snap1 && printf 'root\\n' >/var/db/hivewright/snap1/filling")
    play.hivectl("provision", "snap1", says=["disk data: cloning", "disk root: growing", "making the UEFI variables"])
    size = f"zfs set volsize={LARGER} zroot/vms/snap1/root"
    play.order("zfs clone * zroot/vms/snap1/data", size, "zfs set refreservation=auto zroot/vms/snap1/root")
    assert volumes(play)["zroot/vms/snap1/root"].startswith(f"{LARGER} {CONTENT} clone of")
    administrator(play, "zfs create -p -V 1G zroot/vms/snap2/root && mkdir -p /var/db/hivewright/snap2")
    administrator(play, "printf 'root\\n' >/var/db/hivewright/snap2/filling")
    other = (
        f"snap2: disk root: zroot/vms/snap2/root is there, but unfinished and no clone of {V1}. No guest has had it:"
    )
    remedy = "destroy it (zfs destroy zroot/vms/snap2/root) and provision again"
    play.hivectl("provision", "snap2", status=1, says=f"{other} {remedy}")
    play.never("zfs destroy", "zfs set", "zfs clone")
    assert volumes(play)["zroot/vms/snap2/root"] == f"{GIGABYTE} nothing"


@scenario(urls=URLS)
def snapshot_cloned(play: Play) -> None:
    """The snapshot is the administrator's: without it, and for a disk that is too small, a message says what to do."""
    missing = (
        f"snap1: provisioning failed: disk data: the snapshot {V1} does not exist; make it (zfs snapshot {V1}), or"
    )
    play.hivectl("start", "snap1", status=1, says=missing)
    play.nothing_left()
    play.up("copy1")
    administrator(play, f"zfs snapshot {V1}")
    clone, data, root = f"zfs clone -p {NOTES} -o compression=lz4", "zroot/vms/snap1/data", "zroot/vms/snap1/root"
    made = (f"{clone} {V1} {root}", f"zfs set volsize={LARGER} {root}", f"zfs set refreservation=auto {root}")
    play.hivectl("start", "snap1")
    play.order(f"{clone} {V1} {data}", f"zfs set refreservation=auto {data}", *made, "bhyve ... snap1")
    assert volumes(play)[root] == f"{LARGER} {CONTENT} clone of {V1}"
    assert volumes(play)[data] == f"{GIGABYTE} {CONTENT} clone of {V1}"
    small = (
        f"the snapshot {V1} has {GIGABYTE} bytes and the disk {GIGABYTE // 2}; a clone is no smaller than what it is"
    )
    play.hivectl("start", "snap2", status=1, says=f"snap2: provisioning failed: disk root: {small} made of")
    play.never("zfs clone", "zfs create")
    assert not play.host.path("/dev/zvol/zroot/vms/snap2").exists()
    play.down("snap1", "copy1")
    play.hivectl("start", "snap1", says="snap1: started (pid N)")
    administrator(play, f"{HIVECTL} stop snap1; zfs destroy {root}")
    play.hivectl("provision", "--recreate", "root", "snap1", says=["disk root: cloning", "disk root: growing"])
    play.order(*made)


@scenario()
def dataset_of_a_guest(play: Play) -> None:
    """The dataset of a guest gets the properties of its storage when it is made, and keeps what it has after that."""
    play.hivectl("provision", "apart1")
    own = '-o volmode=dev -o canmount=off -o "org.example:note=it\'s ours, all of it" -o quota=10G'
    play.ran(f"zfs create -p {own} zroot/apart/apart1")
    wanted = "canmount,quota,org.example:note"
    assert (
        play.do("zfs", "get", "-H", "-o", "value", wanted, "zroot/apart/apart1").out
        == "off\n10G\nit's ours, all of it\n"
    )
    play.sh("zfs set quota=20G zroot/apart/apart1")
    play.hivectl("provision", "--recreate", "data", "apart1")
    assert play.do("zfs", "get", "-H", "-o", "value", "quota", "zroot/apart/apart1").out == "20G\n"
