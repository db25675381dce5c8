"""Scenarios of disks that are there before the guest is: of older runtimes, of others, of nobody, or not whole."""

from __future__ import annotations

from host.golden_image import CONTENT, URL, URLS
from host.play import HIVECTL, Play
from host.scenario import scenario

from .scenarios import GIGABYTE, LARGER, administrator, volumes

ROOT = "zroot/vms/copy1/root"
SOURCE = f"{URL} sha256:ef7ca7f1f4ea43b16060f18cd35206ffe4df3d1f496dc6d7f8bd0f97cbbc8c43"
NOBODY = "nothing says that it was made for copy1"
REMEDY = "If it shall be used as it is instead of golden: hivectl provision --adopt root copy1"
TAKEN = f"disk root: {ROOT} is there already, and is taken as it is"
OTHER = "01234567-89ab-cdef-0123-456789abcdef"


def refused(why: str) -> str:
    return f"copy1: provisioning failed: disk root: {ROOT} is there already, and {why}. {REMEDY}"


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


@scenario(urls=URLS)
def made_for_nobody(play: Play) -> None:
    """Where an image was to be on a disk, one that is there already is refused, unless the operator takes it."""
    administrator(play, f"zfs create -p -V 1G -o volblocksize=32K {ROOT}")
    play.hivectl("start", "copy1", status=1, says=refused(NOBODY))
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


def own(play: Play, volume: str, name: str) -> str:
    """A property of ours that a volume bears itself."""
    return play.host.run("/sbin/zfs", "get", "-H", "-o", "value", f"hivewright:{name}", volume).out.strip()


@scenario(urls=URLS)
def made_for_another_of_the_name(play: Play) -> None:
    """A guest is told from another one of its name by its UUID, though both have the same places and notes."""
    play.made("copy1")
    ours = own(play, ROOT, "guest")
    administrator(play, f"zfs set hivewright:guest={OTHER} {ROOT}; rm /var/db/hivewright/copy1/provisioned")
    why = f"it was made for the guest whose UUID is {OTHER}, not {ours}"
    play.hivectl("start", "copy1", status=1, says=refused(why))
    play.never("zfs set", "bhyve")
    play.hivectl("provision", "--adopt", "root", "copy1", says=TAKEN)
    assert own(play, ROOT, "guest") == ours
    play.hivectl("start", "copy1", says="copy1: started (pid N)")
    play.down("copy1")
    assert volumes(play)[ROOT] == f"{GIGABYTE} {CONTENT}"


@scenario()
def data_of_another(play: Play) -> None:
    """A volume that says whose it is is not taken by another guest, also where nothing was to be on it."""
    data, root = "zroot/vms/thick1/data", "zroot/vms/thick1/root"
    administrator(play, f"zfs create -p -o hivewright:guest={OTHER} -o volblocksize=32K -V {LARGER} {data}")
    administrator(play, f"zfs create -p -o hivewright:guest={OTHER} -o volblocksize=32K -V {GIGABYTE} {root}")
    remedy = "If it shall be used as it is: hivectl provision --adopt data thick1"
    refusal = f"thick1: disk data: {data} is there already, and it was made for the guest whose UUID is {OTHER}, not "
    outcome = play.hivectl("provision", "thick1", status=1)
    assert outcome.err.startswith(refusal), outcome
    assert remedy in outcome.err, outcome
    taken = [f"disk {name}: zroot/vms/thick1/{name} is there already, and is taken" for name in ("data", "root")]
    play.hivectl("provision", "--adopt", "thick1", says=[*taken, "making the UEFI variables"])
    play.hivectl("provision", "thick1", says=[])


@scenario()
def state_of_another_of_the_name(play: Play) -> None:
    """What is kept of another guest is not that of this one, above all its notes of disks, variables and TPM."""
    play.made("file1")
    ours = play.host.path("/var/db/hivewright/file1/guest").read_text()
    administrator(play, f"cd /var/db/hivewright/file1; echo {OTHER} >guest; rm provisioned")
    refusal = f"/var/db/hivewright/file1 is of another guest called file1, whose UUID is {OTHER}; this one has"
    play.hivectl("start", "file1", status=1, says=f"file1: provisioning failed: {refusal}")
    play.never("bhyve")
    play.hivectl("provision", "--adopt", "root", "file1", status=1, says=f"file1: {refusal}")
    play.hivectl("provision", "--adopt", "file1", says=[])
    assert play.host.path("/var/db/hivewright/file1/guest").read_text() == ours
    play.hivectl("start", "file1", says="file1: started (pid N)")
    play.down("file1")


@scenario(urls=URLS)
def of_an_older_runtime_becomes_ours(play: Play) -> None:
    """Older runtimes noted names and places: such disks are this guest's, and say so from now on."""
    administrator(play, f"zfs create -p -V 1G -o volblocksize=32K {ROOT}")
    administrator(play, f"mkdir -p /var/db/hivewright/copy1; echo root {ROOT} >/var/db/hivewright/copy1/disks")
    play.hivectl("start", "copy1", says=["making the UEFI variables", "started"])
    play.order(f"zfs set hivewright:guest=* {ROOT}", "bhyve ... copy1")
    play.never("fetch", "dd if=/var/cache")
    play.down("copy1")
    administrator(play, "rm /var/db/hivewright/copy1/provisioned")
    play.hivectl("provision", "copy1", says=[])
    play.never("zfs set")


@scenario(urls=URLS)
def half_filled_by_an_older_runtime(play: Play) -> None:
    """It noted in a file that a volume was not whole: it is filled again, and bears then whose it is and of what."""
    administrator(play, f"zfs create -p -V 1G -o volblocksize=32K {ROOT}")
    administrator(play, "mkdir -p /var/db/hivewright/copy1; echo root >/var/db/hivewright/copy1/filling")
    says = ["image golden: fetching", "image golden: unpacking", "filling it from the image golden"]
    play.hivectl("start", "copy1", says=[*says, "making the UEFI variables", "started"])
    assert volumes(play)[ROOT] == f"{GIGABYTE} {CONTENT}"
    assert (own(play, ROOT, "image"), own(play, ROOT, "filling")) == (SOURCE, "-")
    assert play.host.path("/var/db/hivewright/copy1/filling").read_text() == ""
    play.down("copy1")


@scenario(urls=URLS)
def made_from_another_image(play: Play) -> None:
    """What a disk was made from is told when its definition names something else now: it keeps what is on it."""
    play.made("copy1")
    assert own(play, ROOT, "image") == SOURCE
    old = "https://images.example.net/older.raw none"
    administrator(play, f"zfs set hivewright:image='{old}' {ROOT}; rm /var/db/hivewright/copy1/provisioned")
    play.hivectl("provision", "copy1", says=f"disk root: {ROOT} was made from {old}, and keeps what is on it")
    assert volumes(play)[ROOT] == f"{GIGABYTE} {CONTENT}"


@scenario(urls=URLS)
def not_whole_and_no_image(play: Play) -> None:
    """Half an image is no empty disk: neither its guest nor another one gets it."""
    root = "zroot/vms/thick1/root"
    play.made("thick1", "copy1")
    administrator(play, f"zfs set hivewright:filling=golden {root}; rm /var/db/hivewright/thick1/provisioned")
    says = f"thick1: disk root: {root} holds half an image, and the definition names none. No guest has had it: destroy"
    play.hivectl("provision", "thick1", status=1, says=says)
    administrator(play, f"zfs destroy {root}")
    play.hivectl("provision", "--recreate", "root", "thick1", says="disk root: creating the volume")
    administrator(play, f"zfs set hivewright:filling=golden {ROOT}; cd /usr/local/etc/hivewright; rm -r vms/copy1")
    administrator(play, "cd /usr/local/etc/hivewright; sed '/^vm copy1 /d' host.conf >new; mv new host.conf")
    says = "the disk copy1/root holds half an image, since filling it was interrupted"
    play.hivectl("disk", "attach", "thick1", "copy1/root", status=1, says=says)
    administrator(play, f"zfs inherit hivewright:filling {ROOT}")
    play.hivectl("disk", "attach", "thick1", "copy1/root", says="is attached at")


@scenario()
def note_cut_short(play: Play) -> None:
    """A line for which there was no space neither hides another one nor is taken for a note."""
    play.made("thick1")
    administrator(
        play, "cd /var/db/hivewright/thick1; echo data - >>disks; printf 'root zroot/v' >>disks; rm provisioned"
    )
    play.hivectl("provision", "thick1", says=[])
    lines = play.host.path("/var/db/hivewright/thick1/disks").read_text().splitlines()
    assert lines[2:] == ["data -", "root zroot/v unwritten -", "data zroot/vms/thick1/data"]
    rows = play.host.run(HIVECTL, "disk", "list", "thick1").out.splitlines()[1:]
    assert [row.split()[-1] for row in rows] == ["zroot/vms/thick1/data", "zroot/vms/thick1/root"]


@scenario()
def disk_by_another_name(play: Play) -> None:
    """What plan says of a disk that has another name now: moved by hand and adopted, it is what it was; on its own it
    would be refused or begin empty."""
    moves = {
        "thick1": "zfs rename -p zroot/vms/thick1/data zroot/vms/thick1/stuff",
        "file1": "mv /srv/vms/file1/data.img /srv/vms/file1/stuff.img",
    }
    for name, move in moves.items():
        play.up(name)
        play.down(name)
        folder = play.host.path(f"/usr/local/etc/hivewright/vms/{name}")
        before = volumes(play)
        for script in ("start", "provision"):
            text = (folder / script).read_text()
            (folder / script).write_text(text.replace("data", "stuff"))
        play.sh(move)
        outcome = play.hivectl("provision", "--adopt", "stuff", name)
        assert "creating" not in outcome.out + outcome.err
        play.hivectl("start", name)
        play.never("zfs create", "truncate")
        after = volumes(play)
        assert {place.replace("data", "stuff"): content for place, content in before.items()} == after
        play.down(name)
