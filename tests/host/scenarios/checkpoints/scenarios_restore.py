"""Scenarios of guests that are suspended, and of those that go on from a checkpoint."""

from __future__ import annotations

import json
import os

from host.play import Play
from host.scenario import scenario

from .scenarios import kept, snapshots

SUSPENDED = "{0}: suspended; it goes on with: hivectl start {0}"
GOES_ON = "{}: goes on from checkpoint {} (pid N)"
ROOT, DATA = "zroot/vms/web1/root", "zroot/vms/web1/data"


def suspended(play: Play, name: str = "web1") -> None:
    """The guest was up and is suspended."""
    play.up(name)
    play.wait(10)
    play.hivectl("suspend", name, says=SUSPENDED.format(name))
    assert kept(play, name) == ["suspended"]
    play.nothing_left()


def goes_on(play: Play, name: str = "web1", *words: str) -> None:
    """The guest goes on, and nothing is left of that with which it was suspended."""
    play.hivectl(*(words or ("start", name)), says=GOES_ON.format(name, "suspended"))
    assert (kept(play, name), snapshots(play)) == ([], [])
    assert play.names("guest") == [name]


def shows_it_is_suspended(play: Play, name: str) -> None:
    says = (f"{name} is suspended since", f"goes on with: hivectl start {name}")
    play.tells(name, *says, "does not start", "wave", status=1)


@scenario(snapshot=True)
def suspended_and_started(play: Play) -> None:
    """FreeBSD 14.3, whose bhyve ends with 0 as after a reboot; the first run alone has -r."""
    play.guest("web1", {}, {"end": "reboot", "after": 100}, {})
    suspended(play)
    shows_it_is_suspended(play, "web1")
    play.hivectl("suspend", "web1", says="web1: already suspended")
    play.hivectl("stop", "web1", says="web1: not running")
    goes_on(play)
    assert "its power button works only after a reboot" in play.hivectl("status", "web1").out
    play.wait(120)
    assert "power button" not in play.hivectl("status", "web1").out
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.nothing_left()


@scenario(host="beta", snapshot=True, release=(15, 1))
def suspended_on_15(play: Play) -> None:
    """FreeBSD 15.1, whose bhyve ends with 5."""
    suspended(play, "web2")
    goes_on(play, "web2")
    play.hivectl("suspend", "web2", says=SUSPENDED.format("web2"))
    goes_on(play, "web2", "restore", "web2")


@scenario(snapshot=True)
def after_a_boot(play: Play) -> None:
    """What lies in /var/run is gone."""
    suspended(play)
    play.sh("rm -r /var/run/hivewright")
    assert "web1 is suspended" in play.hivectl("status", "web1", status=1).out
    assert '"state": "suspended"' in play.hivectl("list", "--json").out
    goes_on(play)
    play.hivectl("suspend", "web1")


@scenario(snapshot=True)
def restored_and_stopped(play: Play) -> None:
    """SIGTERM would kill it: it gets none, may end by itself meanwhile, and is ended by force."""
    play.guest("web1", {}, {}, {}, {"end": "poweroff", "after": 15})
    suspended(play)
    goes_on(play)
    play.hivectl("stop", "web1", says=["its power button works only", "did not stop in 20", "took force"])
    play.ran("bhyvectl --force-poweroff")
    play.nothing_left()
    suspended(play)
    goes_on(play)
    play.wait(1)
    play.hivectl("stop", "web1", says=["it was restored", "web1: stopped: a stop was asked for"])
    play.never("bhyvectl --force-poweroff")


@scenario(snapshot=True)
def a_restored_guest_without_its_supervisor(play: Play) -> None:
    """It is adopted, and is restored still; a stop does not press the power button either."""
    suspended(play)
    goes_on(play)
    play.kill("daemon web1", "supervisor web1")
    play.hivectl("start", "web1", says="web1: adopted (pid N)")
    assert "its power button works only" in play.hivectl("status", "web1").out
    play.kill("daemon web1", "supervisor web1")
    play.hivectl("stop", "web1", status=0)
    assert "it was restored" in play.log("web1")
    play.ran("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario(snapshot=True)
def a_suspend_that_fails(play: Play) -> None:
    """The guest lives on, and its next reboot is one."""
    play.guest("web1", {"fresh": True, "end": "reboot", "after": 200}, {})
    play.up("web1")
    play.hivectl("suspend", "web1", status=1, says="web1: bhyve did not save it: Failed to snapshot ahci@pci.")
    assert (kept(play), snapshots(play), play.names("guest")) == ([], [], ["web1"])
    play.wait(250)
    assert play.names("guest") == ["web1"]
    play.down("web1")


@scenario(snapshot=True)
def it_reboots_meanwhile(play: Play) -> None:
    """Status 0 was a reboot: what was saved is not whole, and the guest runs again."""
    play.guest("web1", {"end": "reboot", "after": 100.5, "saving": 5.0}, {})
    play.up("web1")
    play.wait(100)
    play.hivectl("suspend", "web1", status=1, says="web1: bhyve did not save it")
    assert (kept(play), snapshots(play), play.names("guest")) == ([], [], ["web1"])
    play.down("web1")


@scenario(snapshot=True)
def nothing_fits(play: Play) -> None:
    """FreeBSD, the CPU and the definition are others by now; --force goes on all the same, but not with other words."""
    suspended(play)
    model = "sysctl hw.model='Other CPU'"
    play.sh(model)
    way = "hivectl restore web1 suspended --force; to start afresh"
    play.hivectl(
        "start",
        "web1",
        status=1,
        says=f'"Example CPU 1234" and is "Other CPU"; it may work all the same: {way}',
    )
    assert play.phase("web1").startswith("failed: cannot go on from checkpoint suspended: the CPU was")
    script = "/usr/local/etc/hivewright/vms/web1/start"
    play.sh(f"cp {script} /tmp/start; sed -e 's/^vm web1 .*/vm web1 0123/' /tmp/start >{script}")
    play.hivectl("restore", "web1", status=1, says="the definition is another one since, the CPU was")
    play.sh(f"sed -e 's/ -m 1G/ -m 512M/' /tmp/start >{script}")
    play.hivectl("restore", "web1", "--force", status=1, says='bhyve had the word "1G" and would get "512M"')
    play.sh(f"sed -e 's/^vm web1 .*/vm web1 0123/' /tmp/start >{script}")
    goes_on(play, "web1", "restore", "--force", "web1")
    play.hivectl("suspend", "web1")


@scenario(snapshot=True)
def started_afresh(play: Play) -> None:
    """What it was suspended with can be given up."""
    suspended(play)
    play.hivectl("checkpoint", "delete", "web1", "--all", says="it is suspended, and that stays")
    play.hivectl("checkpoint", "delete", "web1", "suspended", says="checkpoint suspended is deleted")
    assert (kept(play), snapshots(play)) == ([], [])
    play.hivectl("restore", "web1", status=1, says='there is no checkpoint "suspended"')
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.down("web1")


@scenario(snapshot=True)
def back_to_a_checkpoint(play: Play) -> None:
    """The guest wrote its disks since: they are taken back only when that is asked for."""
    play.guest("web1", {"writes": 30}, {})
    play.up("web1")
    play.wait(10)
    before = play.state(f"volume {ROOT}")
    play.hivectl("checkpoint", "create", "web1", "v1")
    play.wait(30)
    play.hivectl("restore", "web1", "v1", "--rollback", status=1, says="web1: it runs (pid N); stop it first")
    play.hivectl("stop", "web1")
    says = f"its disk {DATA} may have been written since; to take volumes back, which loses what was written: "
    play.hivectl("start", "web1", "--from", "v1", status=1, says=says + "hivectl restore web1 v1 --rollback")
    assert play.state(f"volume {ROOT}") != before
    play.hivectl("restore", "-n", "web1", "v1", "--rollback", says=["zfs rollback", "zfs rollback", "bhyve -r"])
    play.hivectl(
        "start",
        "web1",
        "--from",
        "v1",
        "--rollback",
        says=["its volumes are as they were at", GOES_ON.format("web1", "v1")],
    )
    play.order(
        f"zfs rollback {ROOT}@hivewright-checkpoint-v1", f"zfs rollback {DATA}@hivewright-checkpoint-v1", "bhyve"
    )
    assert play.state(f"volume {ROOT}") == before
    assert kept(play) == ["v1"]
    play.hivectl("suspend", "web1")
    play.hivectl("checkpoint", "delete", "web1", "v1")


@scenario(snapshot=True)
def a_newer_snapshot_is_in_the_way(play: Play) -> None:
    """Nothing is destroyed by a rollback that nobody named; nor is one made where nothing was written."""
    play.guest("web1", {}, {"writes": 30}, {}, {})
    play.up("web1")
    play.hivectl("checkpoint", "create", "web1", "v1")
    play.hivectl("checkpoint", "create", "web1", "v2")
    play.hivectl("stop", "web1")
    play.hivectl("restore", "web1", "v1", "--rollback", says=GOES_ON.format("web1", "v1"))
    play.never("zfs rollback")
    play.wait(40)
    play.hivectl("stop", "web1", status=0)
    says = "snapshots are in the way: hivewright-checkpoint-v2; nothing was rolled back"
    play.hivectl("restore", "web1", "v1", "--rollback", status=1, says=says)
    assert len(snapshots(play)) == 4
    play.hivectl("checkpoint", "delete", "web1", "v2")
    play.hivectl("restore", "web1", "v1", "--rollback")


@scenario(snapshot=True)
def its_snapshots_went_with_a_rollback(play: Play) -> None:
    """The list says so, and a restore does not offer what cannot be done."""
    play.hivectl("provision", "web1")
    play.hivectl("snapshot", "web1", "before")
    play.guest("web1", {"writes": 30})
    play.up("web1")
    play.hivectl("checkpoint", "create", "web1", "v1")
    play.wait(40)
    play.hivectl("stop", "web1")
    says = ["discarded, and so are the snapshots hivewright-checkpoint-v1", "are those of the snapshot before"]
    play.hivectl("rollback", "--yes", "web1", "before", says=says)
    play.hivectl("checkpoint", "list", "web1", says=["NAME", "1G 2, 2 of them gone"])
    told = json.loads(play.hivectl("checkpoint", "list", "--json", "web1").out)
    assert [(each["snapshots"], each["gone"], each["kept"]) for each in told] == [(2, 2, False)]
    lost = f"cannot become what they were: there is no snapshot {ROOT}@hivewright-checkpoint-v1; to use them"
    refused = play.hivectl("restore", "web1", "v1", status=1, says=lost)
    assert "--rollback" not in refused.out + refused.err
    play.hivectl("checkpoint", "delete", "web1", "v1", says="checkpoint v1 is deleted")
    play.up("web1")
    play.down("web1")


@scenario(snapshot=True)
def a_file_is_written_since(play: Play) -> None:
    """A disk in a file that is newer than what was saved is told by its time."""
    play.up("file1")
    play.hivectl("checkpoint", "create", "file1", "v1")
    play.hivectl("stop", "file1")
    disk = play.host.path("/srv/vms/file1/root.img")
    os.utime(disk, (disk.stat().st_atime, disk.stat().st_mtime + 60))
    says = "its disk /srv/vms/file1/root.img may have been written since"
    play.hivectl("restore", "file1", "v1", status=1, says=says)
    play.hivectl("restore", "file1", "v1", "--force", says=GOES_ON.format("file1", "v1"))


@scenario(snapshot=True)
def it_cannot_be_restored(play: Play) -> None:
    """What bhyve says is told; the guest stays suspended, and can be started when that is put right."""
    suspended(play)
    meta = "/var/db/hivewright/web1/checkpoints/suspended/memory.meta"
    play.sh(f"cp {meta} /tmp/meta; sed -e 's/virtio-net@/e1000@/' /tmp/meta >{meta}")
    play.hivectl("start", "web1", status=1, says="restore it (status 1): Failed to restore dev: virtio-net@pci")
    assert kept(play) == ["suspended"]
    play.nothing_left()
    play.sh(f"cp /tmp/meta {meta}")
    goes_on(play)


@scenario(snapshot=True)
def without_a_boot_rom(play: Play) -> None:
    """The loader makes the context, which bhyve then fills from the checkpoint."""
    suspended(play, "load1")
    goes_on(play, "load1")
    play.order("bhyveload", "bhyve")


@scenario(snapshot=True)
def paused_and_suspended(play: Play) -> None:
    """It is let go on first: bhyve has to hear of it."""
    play.up("web1")
    play.hivectl("pause", "web1")
    play.hivectl("suspend", "web1", says=SUSPENDED.format("web1"))
    goes_on(play)


@scenario(snapshot=True)
def killed_while_it_is_suspended(play: Play) -> None:
    """Whoever asked is gone; its supervisor sees to it all the same."""
    play.guest("web1", {"saving": 10.0}, {})
    play.up("web1")
    play.spawn("victim", "/usr/local/sbin/hivectl", "suspend", "web1")
    play.wait(3)
    play.kill("operator victim")
    play.wait(30)
    assert kept(play) == ["suspended"]
    goes_on(play)


@scenario(snapshot=True)
def all_are_killed_while_it_is_suspended(play: Play) -> None:
    """The next start finds it whole, and goes on from there."""
    play.guest("web1", {"saving": 10.0}, {})
    play.up("web1")
    play.spawn("victim", "/usr/local/sbin/hivectl", "suspend", "web1")
    play.wait(3)
    play.kill("operator victim", "verb _checkpoint", "daemon web1", "supervisor web1")
    play.wait(30)
    assert kept(play) == [".suspended"]
    goes_on(play)


@scenario(snapshot=True)
def asked_again_while_it_is_suspended(play: Play) -> None:
    """Whoever asked was killed: the same again waits for what goes on, and asks bhyve only where nothing does."""
    play.guest("web1", {"saving": 10.0}, {}, {})
    play.up("web1")
    play.spawn("victim", "/usr/local/sbin/hivectl", "suspend", "web1")
    play.wait(3)
    play.kill("operator victim", "verb _checkpoint")
    play.hivectl("suspend", "web1", says=SUSPENDED.format("web1"))
    play.never("bhyvectl --suspend", "rm")
    assert kept(play) == ["suspended"]
    goes_on(play)
    place = "/var/db/hivewright/web1/checkpoints/.suspended"
    play.sh(f"mkdir {place}; echo version 1 >{place}/record; echo suspended >/var/run/hivewright/web1/suspend")
    play.hivectl("suspend", "web1", says=SUSPENDED.format("web1"))
    play.ran("bhyvectl --suspend=*")
    goes_on(play)
