"""Scenarios of guests that are saved and go on: a checkpoint is whole or not there, and of one moment."""

from __future__ import annotations

import json

from host.play import Play
from host.scenario import scenario

KEPT = "/var/db/hivewright/{}/checkpoints"
WHOLE = "web1: checkpoint v1 is whole"
KNOB = "WITH_BHYVE_SNAPSHOT=yes in src.conf(5)"


def kept(play: Play, name: str = "web1") -> list[str]:
    """What lies where checkpoints are kept, hidden names too."""
    place = play.host.path(KEPT.format(name))
    return sorted(each.name for each in place.iterdir()) if place.is_dir() else []


def snapshots(play: Play) -> list[str]:
    return play.names("snapshot")


def refused(play: Play, *reasons: str, name: str = "web1") -> None:
    """A checkpoint cannot be made; nothing of it is left, and the guest runs on."""
    play.hivectl("checkpoint", "create", name, "v1", status=1, says=reasons)
    assert kept(play, name) == []
    assert snapshots(play) == []
    play.wait(60)
    assert play.names("guest") == [name]
    assert "is running" in play.hivectl("status", name).out


@scenario(everyday=True, snapshot=True)
def made(play: Play) -> None:
    """The snapshots are taken while bhyve holds the guest still, and the guest goes on."""
    play.up("web1")
    play.hivectl("checkpoint", "create", "web1", "v1", says=WHOLE)
    play.order(
        "bhyvectl --checkpoint=/var/db/hivewright/web1/checkpoints/.v1/memory --vm=web1",
        "zfs snapshot zroot/vms/web1/root@hivewright-checkpoint-v1 zroot/vms/web1/data@hivewright-checkpoint-v1",
        "mv /var/db/hivewright/web1/checkpoints/.v1 /var/db/hivewright/web1/checkpoints/v1",
    )
    assert kept(play) == ["v1"]
    play.hivectl("status", "web1")
    play.hivectl("checkpoint", "create", "web1", "v1", status=1, says="delete that: hivectl checkpoint delete web1 v1")
    play.down("web1")


@scenario(snapshot=True)
def listed_and_deleted(play: Play) -> None:
    """Each has its record; deleted ones take their snapshots with them."""
    play.up("web1")
    play.hivectl("checkpoint", "create", "-n", "web1", "v1", says=["mkdir", "bhyvectl --", "zfs snapshot", "mv "])
    play.order("bhyvectl = 1")
    play.never("mkdir", "zfs", "mv")
    for name in ("v1", "v2", "v3"):
        play.hivectl("checkpoint", "create", "web1", name)
    listed = json.loads(play.hivectl("checkpoint", "list", "--json", "web1").out)
    assert [(each["name"], each["memory"], each["snapshots"]) for each in listed] == [
        (name, "1G", 2) for name in ("v1", "v2", "v3")
    ]
    play.hivectl("checkpoint", "list", "web1", says=["NAME", "v1 ", "v2 ", "v3 "])
    shown = play.hivectl("checkpoint", "show", "web1", "v2").out
    assert "whole: 1073741824 bytes of memory" in shown
    assert "that is installed" in shown
    assert "snapshot zroot/vms/web1/root@hivewright-checkpoint-v2" in shown
    assert "word 0:3:0,virtio-blk,/dev/zvol/zroot/vms/web1/root,ser=web1-root" in shown
    play.hivectl("checkpoint", "show", "web1", "v9", status=1, says='no checkpoint "v9"; there are: v1 v2 v3')
    play.hivectl("checkpoint", "delete", "-n", "web1", "v2", says=["zfs destroy", "zfs destroy", "rm -rf"])
    play.hivectl("checkpoint", "delete", "web1", "v2", says="web1: checkpoint v2 is deleted")
    assert kept(play) == ["v1", "v3"]
    assert not [each for each in snapshots(play) if each.endswith("v2")]
    play.hivectl("checkpoint", "delete", "web1", "--all", says=["v1 is deleted", "v3 is deleted"])
    assert (kept(play), snapshots(play)) == ([], [])
    play.hivectl("checkpoint", "create", "web1", says="web1: checkpoint at-")
    play.hivectl("checkpoint", "create", "web1", "Wrong", status=1, says="is no name for a checkpoint")
    play.hivectl("checkpoint", "create", "web1", "suspended", status=1, says="is no name for a checkpoint")
    play.hivectl("checkpoint", "make", "web1", status=2)
    play.down("web1")


@scenario()
def without_the_capability(play: Play) -> None:
    """What is missing is named, and nothing is begun."""
    play.up("web1")
    refused(play, KNOB)
    play.hivectl("suspend", "web1", status=1, says=KNOB)
    play.down("web1")


@scenario(snapshot=True)
def a_device_that_is_not_saved(play: Play) -> None:
    """A guest with a device that bhyve cannot save is refused, and goes on."""
    play.up("nvme1")
    refused(play, "nvme1: bhyve does not save the device nvme", name="nvme1")
    play.down("nvme1")


@scenario(snapshot=True)
def bhyve_fails_and_bhyvectl_says_0(play: Play) -> None:
    """A disk at AHCI whose port the guest has not set up yet; what bhyve said of it is told."""
    play.guest("web1", {"fresh": True})
    play.up("web1")
    refused(play, "web1: bhyve did not save it: Failed to snapshot ahci@pci.0.")
    play.down("web1")


@scenario(snapshot=True)
def asked_before_bhyve_listens(play: Play) -> None:
    """A guest that was started just now is saved as soon as its bhyve can be asked, and refused if that never comes."""
    play.guest("web1", {"listens": 4.0})
    play.up("web1")
    play.hivectl("checkpoint", "create", "web1", "v1", says=WHOLE)
    assert play.ran("bhyvectl --checkpoint=*") > 1
    play.hivectl("checkpoint", "delete", "web1", "v1")
    play.down("web1")
    play.guest("web1", {"listens": 3600.0})
    play.up("web1")
    refused(play, "web1: bhyvectl could not ask for it: connect() failed: No such file or directory")
    play.down("web1")


@scenario(snapshot=True)
def it_goes_on_too_early(play: Play) -> None:
    """A guest that is saved in no time is tried three times: its volumes would be of another moment."""
    play.guest("web1", {"saving": 0.0})
    play.up("web1")
    play.hivectl("checkpoint", "create", "web1", "v1", status=1, says="it went on before snapshots of its disks were")
    assert play.ran("bhyvectl --checkpoint=*") == 3
    assert (kept(play), snapshots(play)) == ([], [])
    play.down("web1")


@scenario(snapshot=True)
def it_ends_meanwhile(play: Play) -> None:
    """A guest that ends while it is saved leaves no checkpoint."""
    play.guest("web1", {"end": "poweroff", "after": 10.5, "saving": 5.0})
    play.up("web1")
    play.wait(10)
    play.hivectl("checkpoint", "create", "web1", "v1", status=1, says="web1: bhyve did not save it")
    assert (kept(play), snapshots(play)) == ([], [])
    play.wait(5)
    play.nothing_left()


@scenario(snapshot=True)
def only_guests_that_run(play: Play) -> None:
    """Only a guest that runs can be saved."""
    play.hivectl("checkpoint", "create", "web1", "v1", status=1, says="web1: it is stopped; only a running guest")
    play.up("web1")
    play.hivectl("pause", "web1")
    play.hivectl("checkpoint", "create", "web1", "v1", status=1, says="web1: it is paused; only a running guest")
    play.down("web1")


@scenario(snapshot=True)
def a_disk_in_a_file(play: Play) -> None:
    """There is no snapshot of it, which is said."""
    play.up("file1")
    says = ["file1: checkpoint v1 is whole", "file1: no disk of it is a volume"]
    play.hivectl("checkpoint", "create", "file1", "v1", says=says)
    play.never("zfs snapshot")
    play.down("file1")


@scenario(snapshot=True)
def killed_while_disks_are_held(play: Play) -> None:
    """The guest is shown as paused, and a resume lets it go on; the next one replaces what is left."""
    play.guest("web1", {"saving": 30.0})
    play.up("web1")
    play.host.call("kill_after", count=12, targets=["verb _checkpoint"])
    play.hivectl("checkpoint", "create", "web1", "v1", status=70)
    assert play.host.call("killed")
    play.tells("web1", "web1 is paused", "goes on with: hivectl resume web1", "does not start", "wave", status=1)
    play.hivectl("resume", "web1")
    play.wait(60)
    assert kept(play) == [".v1"]
    play.hivectl("checkpoint", "create", "web1", "v1", says=WHOLE)
    assert kept(play) == ["v1"]
    play.down("web1")
