"""Guests are written into one file, which tar(1) lists, and which says itself whether it is whole."""

from __future__ import annotations

import tarfile

from host.play import Play
from host.scenario import scenario

from .archives import FILE, SECOND, exported


@scenario()
def exported_and_looked_at(play: Play) -> None:
    """It is an archive of tar(5) with a manifest first, and is looked at without anything being made."""
    file = exported(play)
    play.order("zfs snapshot *", "zfs send -cLep zroot/vms/web1/data@*", "zfs send -cLep zroot/vms/web1/root@*")
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        names = archive.getnames()
        member = archive.extractfile("manifest")
        assert member is not None
        manifest = member.read().decode().splitlines()
    assert (names[0], names[-1]) == ("manifest", "end")
    assert {"guest/start", "guest/seed/user-data", "state/vars.fd", "disks/root/end"} < {*names}
    assert (manifest[1], manifest[-1]) == ("guest web1", "whole")
    assert not play.state("snapshot")
    sizes = ("disk data, 536870912 bytes (zfs)", "disk root, 1073741824 bytes (zfs)")
    play.hivectl("import", "-n", FILE, says=["(off), and is whole", *sizes])
    play.never("zfs", "cat")
    play.hivectl("export", "-o", FILE, "web1", status=1, says=f"{FILE} is there already")


@scenario()
def exported_while_it_runs(play: Play) -> None:
    """From one snapshot of all its disks, for which the agent holds its file systems still."""
    play.guest("web1", {"agent": 10, "writes": 1})
    play.up("web1")
    play.wait(30)
    still = "has its volumes (2) while its agent held its file systems still"
    play.hivectl("export", "web1", "-o", FILE, says=[f"it is in {FILE}", still])
    play.order("zfs snapshot *", "zfs send *", "zfs send *")
    play.hivectl("import", "-n", FILE, says=["(frozen), and is whole", "disk data", "disk root"])
    play.has("guest web1")
    play.down("web1")


@scenario()
def a_file_is_exported_while_it_is_off(play: Play) -> None:
    """A disk in a file has no snapshots: the guest stays off meanwhile. What is not its own is told, and left out."""
    play.host.make("/srv/other.img")
    play.up("mixed1")
    why = "it runs, or something else is under way with its disks; stop it first: a disk that is a file"
    play.hivectl("export", "mixed1", "-o", SECOND, status=1, says=why)
    assert not play.host.path(SECOND).exists()
    assert not play.host.path(f"{SECOND}.part").exists()
    play.down("mixed1")
    play.hivectl("export", "-n", "mixed1", says=["data: /srv/vms/mixed1/data.img (zstd)", "root: zroot", "not in it"])
    play.never("zfs snapshot", "zfs send", "zstd")
    play.hivectl("export", "mixed1", "-o", SECOND, says=f"it is in {SECOND}")
    play.order("lockf * /var/run/hivewright/mixed1/lock lockf *", "zfs snapshot *", "zstd -qc *", "zfs send *")
    says = ["(off), and is whole", "disk data, 2097152 bytes (zstd)", "disk root", "other is not in it: /srv/other.img"]
    play.hivectl("import", "-n", SECOND, says=says)
    assert not play.state("snapshot")


@scenario()
def a_damaged_file_is_told(play: Play) -> None:
    """Whatever byte was changed, and wherever it was cut off."""
    file = exported(play)
    whole = file.read_bytes()
    with tarfile.open(file) as archive:
        places = {member.name: member.offset_data for member in archive}
    piece = next(place for name, place in places.items() if name.startswith("disks/root/0"))
    for place, says in (
        (places["manifest"] + 70, "damaged"),
        (places["guest/start"] + 40, "guest/start is damaged"),
        (piece + 100, "disk root is damaged, in its piece 1"),
        (places["disks/data/end"], "disk data is not whole"),
        (places["end"] + 3, "it is damaged, or no archive of hivectl export"),
    ):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        play.hivectl("import", "-n", FILE, status=1, says=says)
    for end in (0, 300, piece - 512, piece + 100, places["disks/root/end"] - 512, places["end"]):
        file.write_bytes(whole[:end])
        outcome = play.hivectl("import", "-n", FILE, status=1)
        assert "it ends before its end" in outcome.err or "damaged" in outcome.err
    assert not [path.name for path in play.host.path("/var/run/hivewright").glob("transfer.*")]
