"""Scenarios of disks whose places are missing, unknown, changed, held by snapshots, or grow."""

from __future__ import annotations

from host.disks import (
    CHANGES,
    DATA,
    FILE,
    ROOT,
    STARTED,
    VOLUME,
    attached,
    destroyed,
    detached,
    disk,
    install,
    left,
    listed,
    refused,
)
from host.play import Play
from host.scenario import scenario

MISSING = f"the disk db1/extra, {VOLUME}, is missing; import its pool or mount its file system"


@scenario()
def pool_is_missing(play: Play) -> None:
    """The pool of an attached disk is not imported: the start says so, and nobody takes the disk for gone."""
    left(play)
    attached(play, "web1", "db1/extra", VOLUME)
    play.host.call("pool", name="zroot", imported=False)
    gone = ["db1/data - missing db1 zroot/vms/db1/data", f"db1/extra - missing web1 {VOLUME}"]
    assert listed(play, "db1") == gone
    remedy = "import its pool or mount its file system, or take the disk away: hivectl disk detach web1 db1/extra"
    failed = f"web1: disk db1/extra, attached by hand: /dev/zvol/{VOLUME} is missing; {remedy}"
    play.hivectl("start", "web1", status=1, says=failed)
    play.never("bhyve", "ifconfig")
    play.nothing_left()
    detached(play, "web1", "db1/extra", VOLUME)
    refused(play, "attach web1 db1/extra", f"web1: {MISSING}")
    refused(play, "destroy --confirm db1/extra db1 extra", f"db1: {MISSING}")
    refused(play, "grow db1 extra 9G", f"db1: {MISSING}")
    play.host.call("pool", name="zroot", imported=True)
    attached(play, "web1", "db1/extra", VOLUME)
    told = ["web1: disk db1/extra is attached by hand, at 0:28:0", "web1: making the first-boot data"]
    play.hivectl("start", "web1", says=[*told, "web1: started (pid N)"])
    play.say("a disk that somebody destroyed by hand can be forgotten")
    play.host.path(FILE).unlink()
    assert listed(play, "web1") == [f"web1/papers - missing - {FILE}", ROOT]
    forgotten = f"web1: disk web1/papers ({FILE}) is forgotten; it was gone"
    disk(play, "destroy", "--confirm", "web1/papers", "web1", "papers", says=forgotten)
    assert listed(play, "web1") == [ROOT]


@scenario()
def snapshots_hold(play: Play) -> None:
    """A volume with snapshots, or with clones of them, is not destroyed."""
    left(play)
    snapshot = f"{VOLUME}@before"
    cannot = f"db1: the disk db1/extra cannot be destroyed: it has snapshots, which zfs destroy takes away: {snapshot}"
    play.sh(f"zfs snapshot {snapshot}")
    refused(play, "destroy --confirm db1/extra db1 extra", cannot)
    play.sh(f"zfs clone {snapshot} zroot/vms/copy")
    refused(play, "destroy --confirm db1/extra db1 extra", f"{cannot} (cloned as zroot/vms/copy)")
    play.sh(f"zfs destroy zroot/vms/copy && zfs destroy {snapshot}")
    destroyed(play, "db1/extra", VOLUME, "zfs destroy")


@scenario()
def disks_grow(play: Play) -> None:
    """Volumes and files grow, by a size that they can have, while nobody uses them; nothing shrinks."""
    left(play)
    for size in ("12", "12GB", "1.5G", "0G", "-1G", "012G", "9999999T", "99999999999999999999G"):
        needs = "it needs a whole number and one of K, M, G and T, for example 40G"
        refused(play, f"grow db1 extra {size}", f'db1: "{size}" is not a size: {needs}')
    never = "8589934592 bytes and never shrinks; 4G is 4294967296 bytes"
    refused(play, "grow db1 extra 4G", f"db1: the disk db1/extra has {never}")
    block = f"16384 bytes, the volblocksize of {VOLUME}; 9663692800 bytes would be one"
    refused(play, "grow db1 extra 9437185K", f"db1: 9437185K is no multiple of {block}")
    growing = f"db1: disk extra: growing {VOLUME} from 8589934592 to 12884901888 bytes"
    disk(play, "grow", "db1", "extra", "12G", says=growing)
    play.order(f"zfs set volsize=12884901888 {VOLUME}")
    disk(play, "grow", "db1", "extra", "12G", says="db1: disk db1/extra has 12G already")
    play.never(*CHANGES)
    growing = f"web1: disk papers: growing {FILE} from 1073741824 to 1610612736 bytes"
    disk(play, "grow", "web1", "papers", "1536M", says=growing)
    play.order(f"truncate -s 1610612736 {FILE}")
    never = "1610612736 bytes and never shrinks; 1G is 1073741824 bytes"
    refused(play, "grow web1 papers 1G", f"web1: the disk web1/papers has {never}")
    growing = "web1: disk root: growing /srv/vms/web1/root.img from 2147483648 to 3221225472 bytes"
    write = 'web1: write size = "3G" at [vm.web1.disk.root] in the site, which otherwise goes on to ask for less'
    disk(play, "grow", "web1", "root", "3G", says=[growing, write])
    assert play.host.path(FILE).stat().st_size == 1536 << 20
    keeps = "keeps its 3221225472 bytes; the definition has only 2147483648, and a disk never shrinks"
    says = [f"web1: disk root: /srv/vms/web1/root.img {keeps}", "first-boot data", "started"]
    play.hivectl("start", "web1", says=says)
    play.never("truncate")
    refused(play, "grow web1 root 4G", "web1: it runs; a disk grows while its guest is off")
    assert listed(play, "db1") == [DATA, f"db1/extra 12G detached - {VOLUME}"]
    assert listed(play, "web1") == [f"web1/papers 1536M detached - {FILE}", ROOT.replace("2G", "3G")]


@scenario()
def notes_without_places(play: Play) -> None:
    """An older runtime noted names only: a start adds the place of what is defined, nobody guesses the others."""
    play.made("db1", "web1")
    for name, text in (("db1", "data\nextra\n"), ("web1", "root\n")):
        play.host.path(f"/var/db/hivewright/{name}/disks").write_text(text)
    rows = [DATA, "db1/extra - detached - unknown"]
    assert listed(play, "db1") == rows
    nobody = (
        "db1: nobody knows where the disk db1/extra lies, since an older runtime made it; write its dataset or path"
    )
    unknown = f"{nobody} behind its name into /var/db/hivewright/db1/disks"
    refused(play, "attach db1 extra", unknown)
    refused(play, "destroy --confirm db1/extra db1 extra", unknown)
    play.hivectl("start", "db1", says=STARTED)
    play.hivectl("start", "web1", says="web1: started (pid N)")
    notes = {name: play.host.path(f"/var/db/hivewright/{name}/disks").read_text() for name in ("db1", "web1")}
    assert notes == {
        "db1": "data\nextra\ndata zroot/vms/db1/data\n",
        "web1": "root\nroot /srv/vms/web1/root.img\n",
    }
    assert listed(play, "db1") == rows


@scenario()
def storage_changes(play: Play) -> None:
    """The definition says another place: no empty disk takes the place of the old one, unless one is asked for."""
    play.made("web1")
    old, new = "/srv/vms/web1/root.img", "zroot/vms/web1/root"
    root = '[vm.web1.disk.root]\nstorage = "{}"'
    install(play, (root.format("plain"), root.format("fast")))
    moved = (
        f"disk root: it lies at {old}, and its definition says {new} now, where there is none; move it there. If it is"
    )
    remedy = "to begin anew, with the old one kept beside it: hivectl provision --recreate root web1"
    play.hivectl("start", "web1", status=1, says=f"web1: provisioning failed: {moved} {remedy}")
    play.never("zfs create", "bhyve")
    assert play.names("volume") == []
    says = [f"web1: disk root: the one at {old} is kept as root-1", "creating the volume", "first-boot data"]
    play.hivectl("provision", "--recreate", "root", "web1", says=says)
    play.order(f"zfs create -p -o hivewright:guest=* -o volblocksize=16K -V 2147483648 {new}")
    rows = [f"web1/root 2G defined web1 {new}", f"web1/root-1 2G detached - {old}"]
    assert listed(play, "web1") == rows
    play.hivectl("start", "web1", says="web1: started (pid N)")
    destroyed(play, "web1/root-1", old, "rm")
    assert not play.host.path(old).exists()
