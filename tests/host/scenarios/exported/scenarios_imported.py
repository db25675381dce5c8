"""Guests are taken from archives: all of one, or nothing, and never an empty disk in its place."""

from __future__ import annotations

import tarfile

from host.play import Play
from host.scenario import scenario

from .archives import FILE, SECOND, contents, exported

NOTE = "/var/db/hivewright/web2/importing"


def guest_of(play: Play, volume: str) -> str:
    """The UUID that a volume bears."""
    return play.host.run("/sbin/zfs", "get", "-H", "-o", "value", "hivewright:guest", volume).out.strip()


def received(name: str, *disks: str) -> list[str]:
    return [f"disk {disk}: receiving zroot/vms/{name}/{disk}" for disk in disks]


@scenario()
def imported_under_another_name(play: Play) -> None:
    """Its disks are what they were, and the first start takes them so, though an image would fill new ones."""
    exported(play)
    before = contents(play.host, "web1")
    assert "nothing" not in before.values()
    play.host.path("/var/db/hivewright/web1/vars.fd").write_text("changed since\n")
    says = [*received("web2", "data", "root"), f"it is here, as {FILE} has it"]
    play.hivectl("import", FILE, "--as", "web2", says=says)
    assert contents(play.host, "web2") == before
    assert not play.state("snapshot")
    assert not play.host.path(NOTE).read_text()
    assert play.host.path("/var/db/hivewright/web2/vars.fd").read_text() == "firmware\n"
    play.hivectl("import", FILE, "--as", "web2", says="it was imported from this already")
    play.hivectl("start", "web2", says="started")
    play.never("zfs create", "dd if=/var*", "cp /var/cache*", "truncate", "fetch")
    play.has("guest web2")
    assert contents(play.host, "web2") == before
    play.down("web2")


@scenario()
def it_stays_installed(play: Play) -> None:
    """What is in its drives is in the archive: a guest that was installed is not installed again."""
    play.up("web1")
    play.down("web1")
    state = {"installed": "", "media": "install ejected\n"}
    for name, text in state.items():
        play.host.path(f"/var/db/hivewright/web1/{name}").write_text(text)
    exported(play)
    play.hivectl("import", FILE, "--as", "web2", says=None)
    assert {name: play.host.path(f"/var/db/hivewright/web2/{name}").read_text() for name in state} == state


@scenario()
def from_a_pipe(play: Play) -> None:
    """What cannot be read twice is received beside its places, and nothing stays of what is not whole."""
    exported(play)
    whole = play.host.path(FILE).read_bytes()
    play.do("/bin/sh", "-c", f"/usr/local/sbin/hivectl export -o - web1 >{SECOND}")
    with tarfile.open(play.host.path(SECOND)) as archive:
        assert archive.getnames()[-1] == "end"
    for cut in (len(whole) - 2048, len(whole) // 2):
        play.host.path("/root/cut.tar").write_bytes(whole[:cut])
        outcome = play.do("/bin/sh", "-c", "/usr/local/sbin/hivectl import --as web2 - </root/cut.tar", status=1)
        assert "nothing of it stays" in outcome.err
        assert not play.state("volume zroot/vms/web2")
    play.do("/bin/sh", "-c", f"/usr/local/sbin/hivectl import - --as web2 <{SECOND}")
    assert contents(play.host, "web2") == contents(play.host, "web1")


@scenario(everyday=True)
def a_damaged_one_makes_nothing(play: Play) -> None:
    """A file is read to its end before anything is made of it."""
    file = exported(play)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) - 2000])
    play.hivectl("import", FILE, "--as", "web2", status=1, says="hivectl export")
    play.never("zfs create", "zfs receive", "lockf")
    assert not play.host.path(NOTE).exists()


@scenario()
def what_is_not_whole_is_given_to_nobody(play: Play) -> None:
    """A disk of an import that was killed while its disks got their names may be given up at any moment."""
    exported(play)
    play.hivectl("import", FILE, "--as", "web2", says=None)
    play.host.path(NOTE).write_text(f"digest whole {FILE}\ndisk data zroot/vms/web2/data\n")
    why = f"the disk web2/data: an import of it from {FILE} did not come to its end; do it again, or give it up:"
    play.hivectl("disk", "attach", "web1", "web2/data", status=1, says=why)
    play.hivectl("disk", "grow", "web2", "data", "8G", status=1, says=why)
    play.hivectl("import", "--give-up", "web2", says="nothing of that import is left")
    assert not play.state("volume zroot/vms/web2/data")


@scenario()
def killed_in_the_middle(play: Play) -> None:
    """No start makes a disk then; the import is done again, or given up, by one command each."""
    exported(play)
    play.host.call("kill_after", count=120, targets=["session operator"])
    play.spawn("operator", "/usr/local/sbin/hivectl", "import", FILE, "--as", "web2")
    play.join("operator", status=None)
    assert "receiving" in play.host.path(NOTE).read_text()
    why = f"an import of it from {FILE} did not come to its end; do it again, or give it up:"
    play.hivectl("start", "web2", status=1, says=why)
    play.hivectl("provision", "web2", status=1, says=why)
    play.never("zfs create", "truncate", "bhyve")
    play.hivectl("import", "--give-up", "web2", says="nothing of that import is left")
    assert not play.state("volume zroot/vms/web2")
    play.hivectl("import", FILE, "--as", "web2")
    assert contents(play.host, "web2") == contents(play.host, "web1")


@scenario()
def what_is_in_the_way(play: Play) -> None:
    """A guest that has disks, that runs, or whose place another thing has; and what makes no sense."""
    exported(play)
    play.hivectl("import", FILE, status=1, says="it has disks here already, or was provisioned")
    play.hivectl("import", FILE, "--as", "mixed2", status=1, says="which cannot become the file")
    play.hivectl("import", FILE, "--as", "new1", status=1, says="this host has no definition of new1")
    play.hivectl("import", FILE, "--as", "web2", "--storage", "zroot/x", status=1, says="its definition says where")
    play.sh("zfs create -p -V 1G zroot/vms/web2/root")
    play.hivectl("import", FILE, "--as", "web2", status=1, says="disk root: zroot/vms/web2/root is there already")
    play.hivectl("import", "/root/nothing.tar", status=1, says="there is no file /root/nothing.tar")
    play.hivectl("import", "--give-up", "web2", status=1, says="no import of it is under way")
    play.hivectl("import", "-n", "--as", status=2)


@scenario()
def files_and_another_storage(play: Play) -> None:
    """A file stays one, or becomes a volume; without a definition the operator says where."""
    play.host.make("/srv/other.img")
    play.made("mixed1")
    play.sh("printf golden | dd of=/srv/vms/mixed1/data.img conv=notrunc 2>/dev/null")
    play.hivectl("export", "mixed1", "-o", SECOND)
    play.hivectl("import", SECOND, "--as", "mixed2", says=["receiving", "receiving", "it is here"])
    disk = play.host.path("/srv/vms/mixed2/data.img")
    assert (disk.stat().st_size, disk.read_bytes()[:6]) == (2 << 20, b"golden")
    play.hivectl("import", SECOND, "--as", "other1", "--storage", "zroot/other")
    play.has("volume zroot/other/other1/data 2097152", "volume zroot/other/other1/root 536870912")
    assert guest_of(play, "zroot/other/other1/root") == guest_of(play, "zroot/other/other1/data") == "-"
    play.hivectl("remove", "--yes", "other1", says=["is gone", "is gone", "it is removed from this host"])
    play.hivectl("import", SECOND, "--as", "other1", "--storage", "zroot/other")
    notes = play.host.path("/var/db/hivewright/other1/disks").read_text()
    assert notes == "data zroot/other/other1/data\nroot zroot/other/other1/root\n"
    play.hivectl(
        "import", SECOND, "--as", "other2", "--storage", "/srv/o", status=1, says="which cannot become the file"
    )
    play.up("mixed2")
    play.down("mixed2")


@scenario()
def without_a_definition(play: Play) -> None:
    """Under its own name it is the guest that it was; under another one, nobody's before it has a definition. Both can
    be removed again."""
    exported(play)
    uuid = guest_of(play, "zroot/vms/web1/root")
    play.sh("cd /usr/local/etc/hivewright; grep -v '^vm web1 ' host.conf >/tmp/conf; cp /tmp/conf host.conf")
    play.hivectl("remove", "--yes", "web1", says=None)
    for name, bears in (("web1", uuid), ("new1", "-")):
        play.hivectl("import", FILE, "--as", name, "--storage", "zroot/other", says=None)
        assert [guest_of(play, f"zroot/other/{name}/{disk}") for disk in ("data", "root")] == [bears, bears]
        note = play.host.path(f"/var/db/hivewright/{name}/guest")
        assert (note.read_text().strip() if note.exists() else "-") == bears
        play.hivectl("remove", "--yes", name, says=["is gone", "is gone", "it is removed from this host"])
    assert not play.state("volume zroot/other")
