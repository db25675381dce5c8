"""Scenarios of guests that go on with clones of a checkpoint's snapshots: what their volumes were by then is kept."""

from __future__ import annotations

import json
import os
import re

from host.play import Play
from host.scenario import scenario

from .scenarios import kept, snapshots
from .scenarios_restore import DATA, GOES_ON, ROOT

LABEL = "hivewright-checkpoint-v1"
DISKS = "/var/db/hivewright/web1/disks"


def volumes(play: Play) -> list[str]:
    """What is kept, without the moment in its names."""
    found = [name for name in play.names("volume") if ".kept-" in name]
    return sorted(re.sub(r"\.kept-.*", "", name) for name in found)


def restored(play: Play, label: str, *more: str, number: int = 1) -> None:
    """It goes on with clones; ``more`` is what else is said."""
    told = [f"is kept as root-{number}", f"is kept as data-{number}"]
    told += ["what they were by now is kept: hivectl disk list web1", *more, GOES_ON.format("web1", label)]
    play.hivectl("restore", "web1", label, "--clone", says=told)


def ask(play: Play, command: str) -> str:
    """What a command prints."""
    outcome = play.host.run("/bin/sh", "-c", command)
    assert outcome.status == 0, outcome
    play.quietly()
    return outcome.out


def content(play: Play, volume: str) -> str:
    """What is on a volume."""
    (line,) = play.state(f"volume {volume} ")
    return line.split()[3]


def kept_volume(play: Play, name: str = "root-1") -> str:
    listed = json.loads(play.hivectl("disk", "list", "--json", "web1").out)
    return str(next(each["place"] for each in listed if each["disk"] == name))


def written(play: Play, *labels: str) -> None:
    """The guest made checkpoints, wrote its disks after each, and is off."""
    play.guest("web1", {"writes": 30}, *[{}] * 20)
    play.up("web1")
    for label in labels:
        play.hivectl("checkpoint", "create", "web1", label)
        play.wait(40)
    play.hivectl("stop", "web1")


@scenario(everyday=True, snapshot=True)
def restored_to_clones(play: Play) -> None:
    """Nothing is discarded: the volumes as they were are disks under another name, and go away by one command."""
    play.up("web1")
    play.sh(f"zfs set compression=zstd-3 {ROOT}; zfs set 'org.example:note=two words' {ROOT}")
    play.hivectl("stop", "web1")
    written(play, "v1")
    before, reserved = content(play, ROOT), ask(play, f"zfs get -Hp -o value refreservation {ROOT}")
    told = play.hivectl("restore", "-n", "web1", "v1", "--clone")
    assert [line.split()[3:5] for line in told.out.splitlines()] == [
        *[["zfs", verb] for verb in ("rename", "set", "clone", "promote", "set")] * 2,
        ["bhyve", "-r"],
    ]
    assert volumes(play) == []
    restored(play, "v1")
    play.order(*["zfs rename", "zfs set", "zfs clone", "zfs promote", "zfs set"] * 2)
    play.never("zfs rollback", "zfs destroy")
    assert volumes(play) == [DATA, ROOT]
    place = kept_volume(play)
    assert content(play, place) == before
    assert ask(play, f"zfs get -Hp -o value refreservation {ROOT}") == reserved
    assert ask(play, f"zfs get -Hp -o value compression,org.example:note {ROOT}") == "zstd-3\ntwo words\n"
    assert ask(play, f"zfs get -Hp -o value refreservation,hivewright:kept {place}") == "0\nhivewright-checkpoint-v1\n"
    says = f"{place} is a clone of {ROOT}@hivewright-checkpoint-v1; destroy that first: hivectl disk destroy"
    play.hivectl("checkpoint", "delete", "web1", "v1", status=1, says=f"{says} web1 root-1")
    assert kept(play) == ["v1"]
    play.hivectl("stop", "web1", status=0)
    play.hivectl("disk", "destroy", "web1", "root-1", status=1, says="add --confirm web1/root-1")
    for name in ("root-1", "data-1"):
        play.hivectl("disk", "destroy", "--confirm", f"web1/{name}", "web1", name)
    assert (volumes(play), len(snapshots(play))) == ([], 2)
    play.hivectl("checkpoint", "delete", "web1", "v1")
    assert snapshots(play) == []
    play.up("web1")
    play.down("web1")


@scenario(snapshot=True)
def there_and_back(play: Play) -> None:
    """What is more recent stays with what is kept, and can be gone back to in the same way."""
    written(play, "v1", "v2", "v3")
    last = content(play, ROOT)
    restored(play, "v1", "stay with what is kept: hivewright-checkpoint-v2 hivewright-checkpoint-v3")
    play.hivectl("stop", "web1", status=0)
    listed = play.hivectl("checkpoint", "list", "web1").out.splitlines()
    assert [line.endswith("with what is kept") for line in listed] == [False, False, True, True]
    told = json.loads(play.hivectl("checkpoint", "list", "--json", "web1").out)
    assert [each["kept"] for each in told] == [False, True, True]
    assert f"snapshot {kept_volume(play)}@hivewright" in play.hivectl("checkpoint", "show", "web1", "v2").out
    play.hivectl("restore", "web1", "v2", status=1, says="to keep that beside: --clone; to use it")
    says = "to go back there: hivectl restore web1 v2 --clone"
    play.hivectl("restore", "web1", "v2", "--rollback", status=1, says=says)
    play.hivectl("restore", "-n", "web1", "v2", "--rollback", status=1, says=says)
    place = kept_volume(play)
    says = f"checkpoints or clones need {place}@hivewright-checkpoint-v2, {place}@hivewright-checkpoint-v3; see"
    play.hivectl("disk", "destroy", "web1", "root-1", status=1, says=says)
    restored(play, "v2", number=2)
    play.hivectl("stop", "web1", status=0)
    restored(play, "v3", number=3)
    play.hivectl("stop", "web1", status=0)
    assert {name.partition("@")[0] for name in snapshots(play)} == {ROOT, DATA}
    for number in (1, 2, 3):
        place = kept_volume(play, f"root-{number}")
        assert ask(play, f"zfs list -H -o origin {place}").startswith(f"{ROOT}@hivewright-checkpoint-v")
    assert content(play, kept_volume(play)) == last
    assert ask(play, f"zfs list -H -o origin {ROOT}") == "-\n"
    play.hivectl("checkpoint", "delete", "web1", "--all", status=1, says="checkpoint-v3; destroy that first: hivectl")
    assert kept(play) == ["v1", "v2", "v3"]


@scenario(snapshot=True)
def deleted_with_what_is_kept(play: Play) -> None:
    """A checkpoint that lies with what is kept goes with its snapshots, wherever they are; others of it go with it."""
    written(play, "v1", "v2")
    play.hivectl("snapshot", "web1", "late")
    restored(play, "v1", "stay with what is kept: hivewright-checkpoint-v2 late")
    play.hivectl("stop", "web1", status=0)
    play.hivectl("checkpoint", "delete", "-n", "web1", "v1", status=1, says="is a clone of")
    play.hivectl("checkpoint", "delete", "-n", "web1", "v2", says=["zfs destroy", "zfs destroy", "rm -rf"])
    play.hivectl("checkpoint", "delete", "web1", "v2", says="web1: checkpoint v2 is deleted")
    place = kept_volume(play)
    assert [name for name in snapshots(play) if ".kept-" in name and "@late" not in name] == []
    play.hivectl("disk", "destroy", "-n", "web1", "root-1", says=f"would run: zfs destroy -r {place}")
    play.hivectl("disk", "destroy", "--confirm", "web1/root-1", "web1", "root-1", says="is destroyed")
    assert volumes(play) == [DATA]


@scenario(snapshot=True)
def clones_of_others(play: Play) -> None:
    """A clone of an earlier snapshot keeps its origin's name; one of a later snapshot keeps what is kept."""
    play.guest("web1", {"writes": 30}, {})
    play.up("web1")
    play.sh(f"zfs snapshot {ROOT}@early; zfs clone {ROOT}@early zroot/early")
    play.hivectl("checkpoint", "create", "web1", "v1")
    play.wait(40)
    play.hivectl("stop", "web1")
    play.sh(f"zfs snapshot {ROOT}@late; zfs hold mine {ROOT}@early; zfs clone {ROOT}@late zroot/late")
    restored(play, "v1", "stay with what is kept: late")
    place = kept_volume(play)
    assert ask(play, "zfs list -H -o origin zroot/early zroot/late") == f"{ROOT}@early\n{place}@late\n"
    play.hivectl("stop", "web1", status=0)
    says = f"checkpoints or clones need {place}@late (cloned as zroot/late)"
    play.hivectl("disk", "destroy", "web1", "root-1", status=1, says=says)


@scenario(snapshot=True)
def interrupted(play: Play) -> None:
    """Half of it is done: nothing but the same again goes on, and that begins where it ended."""
    written(play, "v1", "v2")
    play.host.call("fail_at", command=25)
    done = "hivectl restore web1 v1 --clone"
    again = (
        f"web1: its volumes are not of one moment, since taking them back to {LABEL} was interrupted; finish it: {done}"
    )
    says = f"it does not start until this is done again: {done}"
    play.hivectl("restore", "web1", "v1", "--clone", status=1, says=says)
    assert play.host.call("failed").startswith("zfs promote ")
    for words in (
        ("start", "web1"),
        ("provision", "web1"),
        ("snapshot", "web1"),
        ("rollback", "web1", "x"),
        ("restore", "web1", "v1", "--rollback"),
        ("restore", "web1", "v2", "--clone"),
        ("export", "web1", "-o", "/tmp/web1"),
    ):
        play.hivectl(*words, status=1, says=again)
    told = play.hivectl("restore", "-n", "web1", "v1", "--clone").out.splitlines()
    assert [line.split()[4] for line in told] == ["promote", "set", "rename", "set", "clone", "promote", "set", "-r"]
    play.hivectl(
        "restore",
        "web1",
        "v1",
        "--clone",
        says=[
            "is kept as data-1",
            "what they were by now is kept",
            "hivewright-checkpoint-v2",
            GOES_ON.format("web1", "v1"),
        ],
    )
    assert volumes(play) == [DATA, ROOT]
    play.hivectl("stop", "web1", status=0)


@scenario(snapshot=True)
def it_cannot_be_kept(play: Play) -> None:
    """What no snapshot holds, what nobody would find, and what is used up when it goes on."""
    play.up("file1")
    play.hivectl("checkpoint", "create", "file1", "v1")
    play.hivectl("stop", "file1")
    disk = play.host.path("/srv/vms/file1/root.img")
    os.utime(disk, (disk.stat().st_atime, disk.stat().st_mtime + 60))
    for way in ("--clone", "--rollback"):
        play.hivectl(
            "restore", "file1", "v1", way, status=1, says="its disk /srv/vms/file1/root.img may have been written"
        )
    play.hivectl("restore", "file1", "v1", "--rollback", "--clone", status=2, says="usage: ")
    play.hivectl("start", "web1", "--from", "v1", "--clone", status=1, says='there is no checkpoint "v1"')
    play.up("web1")
    play.hivectl("suspend", "web1")
    play.sh(f"date +%s >/tmp/new; dd if=/tmp/new of=/dev/zvol/{ROOT} bs=1048576")
    play.hivectl("restore", "web1", "--clone", status=1, says="it goes on from where it was suspended only once")
    play.hivectl("restore", "web1", "--rollback", says=["as they were", GOES_ON.format("web1", "suspended")])
    play.hivectl("checkpoint", "create", "web1", "v1")
    play.hivectl("suspend", "web1")
    play.hivectl("checkpoint", "delete", "web1", "suspended")
    play.sh(f"date +%s >/tmp/new; dd if=/tmp/new of=/dev/zvol/{ROOT} bs=1048576")
    play.sh(f"grep -v '^root ' {DISKS} >/tmp/disks; cat /tmp/disks >{DISKS}")
    says = f"{ROOT} is none of the disks that were made for it"
    play.hivectl("restore", "-n", "web1", "v1", "--clone", status=1, says=says)


@scenario(snapshot=True)
def removed_with_what_is_kept(play: Play) -> None:
    """A guest that left the site is removed with all that is kept of it."""
    written(play, "v1", "v2")
    restored(play, "v1", "hivewright-checkpoint-v2")
    play.hivectl("stop", "web1", status=0)
    conf = "/usr/local/etc/hivewright/host.conf"
    play.sh(f"grep -v '^vm web1 ' {conf} >/tmp/conf; cp /tmp/conf {conf}")
    told = play.hivectl("remove", "-n", "web1").out
    assert told.count(".kept-") == 2
    play.hivectl("remove", "--yes", "web1")
    assert [name for name in play.names("volume") if "web1" in name] == []
