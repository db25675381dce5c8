"""Scenarios of ``hivectl clone``: the snapshot of the other guest, and the disks that are clones of it."""

from __future__ import annotations

from host.golden_image import URLS
from host.play import HIVECTL, Play
from host.scenario import scenario

from .scenarios import V1

ORIGINS = ("zroot/vms/thick1/data", "zroot/vms/thick1/root")
PART = "snap3: of the snapshot v3 of thick1 a part is there"


@scenario(urls=URLS)
def clone_of_a_guest(play: Play) -> None:
    """One command takes the snapshot of the other guest and makes the disks of the clone; what is there stays."""
    play.made("copy1")
    play.hivectl("clone", "copy1", "copy2", status=1, says="copy2: it has no disk that is a clone of one of copy1")
    play.hivectl("clone", "copy2", "snap1", status=1, says=f"snap1: it has a disk that is a clone of {V1}, which is")
    play.hivectl("clone", "copy1", "snap1")
    made = [f"zfs clone * {V1} zroot/vms/snap1/{disk}" for disk in ("data", "root")]
    play.order(f"zfs snapshot * {V1}", *made)
    again = play.hivectl("clone", "copy1", "snap1")
    assert "snap1: the snapshot v1 of copy1 is there\n" in again.out
    play.never("zfs snapshot", "zfs clone")
    play.hivectl("start", "snap1", says="snap1: started (pid N)")
    play.down("snap1")


@scenario()
def a_part_of_the_snapshot_is_there(play: Play) -> None:
    """Nobody knows of which moment it is: nothing is taken or made, and the remedy works."""
    play.made("thick1")
    play.sh(f"zfs snapshot {ORIGINS[1]}@v3")
    for words in (["clone"], ["clone", "-n"]):
        says = f"{PART}: hivectl snapshot --delete thick1 v3, then clone again"
        play.hivectl(*words, "thick1", "snap3", status=1, says=says)
        play.never("zfs snapshot", "zfs clone", "zfs create")
    play.hivectl("snapshot", "--delete", "--yes", "thick1", "v3")
    play.hivectl("clone", "thick1", "snap3")
    both = [f"{origin}@v3" for origin in ORIGINS]
    play.order(f"zfs snapshot * {' '.join(both)}", *(f"zfs clone * {each}" for each in both))


@scenario()
def a_part_that_has_a_clone(play: Play) -> None:
    """It stays, and the other disks become clones of another snapshot."""
    play.made("thick1")
    play.sh(f"zfs snapshot {ORIGINS[1]}@v3; zfs clone {ORIGINS[1]}@v3 zroot/vms/mine")
    says = f"{PART}, which has a clone, zroot/vms/mine: have the other disks be clones of another one, take that (hivec"
    play.hivectl("clone", "thick1", "snap3", status=1, says=says)
    play.never("zfs snapshot", "zfs clone", "zfs create", "zfs destroy")


@scenario()
def clones_of_two_snapshots(play: Play) -> None:
    """One command makes clones of one moment; of two, each snapshot is taken by its name."""
    play.made("thick1")
    says = "snap4: its disks are clones of several snapshots of thick1: take each (hivectl snapshot thick1 NAME), then"
    play.hivectl("clone", "thick1", "snap4", status=1, says=says)
    play.sh(f"{HIVECTL} snapshot thick1 v3; {HIVECTL} snapshot thick1 v4; {HIVECTL} provision snap4")
    assert len(play.state("volume zroot/vms/snap4/")) == 2
