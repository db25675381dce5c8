"""Scenarios of snapshots of all volumes of a guest, frozen by its agent, and of the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from host.play import Play
from host.scenario import scenario

DATA, ROOT = "zroot/vms/db1/data", "zroot/vms/db1/root"
STILL = "has its volumes (2) while its agent held its file systems still"
CUT = "has its volumes (2) as a power cut would leave them"
LOST = "all that was written to its volumes since the snapshot"
BACK = "db1: its volumes are those of the snapshot"


def up(play: Play, seconds: float = 30, **behaviour: Any) -> None:
    """db1 runs, with an agent."""
    play.guest("db1", {"agent": 10, **behaviour})
    play.up("db1")
    play.wait(seconds)


def snapshot(play: Play, name: str, *says: str, vm: str = "db1", status: int = 0) -> None:
    """Take a snapshot; no guest is frozen afterwards."""
    play.hivectl("snapshot", vm, name, status=status, says=list(says))
    assert not [line for line in play.state("guest ") if "frozen" in line]


def rollback(
    play: Play, name: str, *says: str, vm: str = "db1", status: int = 0, words: Sequence[str] = ("--yes",)
) -> None:
    """Go back to a snapshot."""
    play.hivectl("rollback", *words, vm, name, status=status, says=list(says))


def write(play: Play, text: str, *volumes: str) -> None:
    """Something is written to volumes, as a guest would."""
    for volume in volumes:
        play.sh(f"printf {text} | dd of=/dev/zvol/{volume} bs=512 conv=sync,notrunc status=none")


def content(play: Play) -> list[str]:
    """What is in the volumes of db1."""
    return [line.split()[3] for line in play.state("volume zroot/vms/db1/")]


def listed(play: Play) -> list[tuple[str, str, bool]]:
    """Name, state of the guest, and whether all volumes are in it, of each snapshot."""
    found = json.loads(play.hivectl("snapshots", "--json", "db1").out)
    return [(each["name"], each["guest"], each["whole"]) for each in found]


@scenario()
def frozen_for_a_snapshot(play: Play) -> None:
    """All volumes in one call, between freeze and thaw; the list says when, and how the guest was."""
    up(play)
    snapshot(play, "before", f"db1: snapshot before {STILL}")
    nc = "nc -U /var/run/hivewright/db1/agent.sock: guest-sync guest-fsfreeze-"
    take = f"zfs snapshot -o hivewright:taken=frozen {ROOT}@before {DATA}@before"
    play.order("daemon", nc + "freeze", take, nc + "status", nc + "thaw", nc + "status")
    assert listed(play) == [("before", "frozen", True)]
    play.hivectl(
        *("snapshots", "db1"),
        says=[
            "NAME                     TAKEN                GUEST      USED VOLUMES",
            "before                   2001-09-09T01:47:10Z frozen       0B 2",
        ],
    )
    snapshot(
        play,
        "before",
        f"db1: there is {DATA}@before already; choose another name, or destroy it: hivectl snapshot --delete",
        status=1,
    )
    play.never("zfs snapshot", "nc")
    for name in ("hivewright-x", "a@b", "x" * 64):
        play.hivectl("snapshot", "db1", name, status=1)
        play.nothing_ran()
    says = ["db1: would have its agent", f"db1: would run: zfs snapshot {ROOT}@x {DATA}@x", "db1: would have its agent"]
    play.hivectl("snapshot", "-n", "db1", "x", says=says)
    play.never("zfs snapshot", "timeout", "daemon")
    play.down("db1")
    snapshot(play, "cold", "db1: snapshot cold has its volumes (2) while it was off")
    assert [each for each in listed(play) if each[0] == "cold"] == [("cold", "off", True)]


@scenario()
def agents_that_do_not_freeze(play: Play) -> None:
    """A snapshot is taken all the same, and says what it is; the time is bounded, and nobody stays frozen."""
    for name, says, behaviour in (
        ("silent", "(its agent does not answer)", {"agent": None}),
        ("nothing", "(its agent froze nothing)", {"agent_says": {"guest-fsfreeze-freeze": '{"return": 0}'}}),
        (
            "no",
            "(its agent refuses guest-fsfreeze-freeze: no)",
            {"agent_says": {"guest-fsfreeze-freeze": '{"error": {"desc": "no"}}'}},
        ),
        ("late", "(its agent does not answer guest-fsfreeze-freeze)", {"agent_says": {"guest-fsfreeze-freeze": ""}}),
        ("early", "(it was not frozen any more)", {"agent_says": {"guest-fsfreeze-freeze": '{"return": 2}'}}),
    ):
        up(play, **behaviour)
        before = play.host.call("now")
        snapshot(play, name, f"db1: snapshot {name} {CUT} {says}")
        assert play.host.call("now") - before <= 20
        play.down("db1")
    assert [state for _, state, _ in listed(play)] == ["running"] * 5
    up(play)
    play.hivectl("pause", "db1")
    snapshot(play, "held", f"db1: snapshot held {CUT} (it is paused)")
    play.down("db1")


@scenario()
def a_frozen_guest_is_let_go_on(play: Play) -> None:
    """A snapshot that hangs, fails or is killed leaves no guest frozen; one whose agent dies is let go on by a stop."""
    up(play)
    play.host.call("pool", name="zroot", imported=False)
    play.hivectl("snapshot", "db1", "gone", status=1)
    play.host.call("pool", name="zroot", imported=True)
    assert play.state("guest ") == ["guest db1"]
    snapshot(play, "good", f"db1: snapshot good {STILL}")
    play.down("db1")


@scenario()
def rolled_back(play: Play) -> None:
    """Off alone; what is discarded is said and asked for; all volumes are as they were."""
    up(play)
    play.down("db1")
    write(play, "one", DATA, ROOT)
    snapshot(play, "one", "db1: snapshot one has its volumes (2) while it was off")
    first = content(play)
    write(play, "two", DATA, ROOT)
    snapshot(play, "two", "db1: snapshot two has its volumes (2) while it was off")
    write(play, "three", DATA)
    up(play)
    rollback(play, "one", "db1: it is not off; stop it first: hivectl stop db1", status=1)
    play.nothing_ran()
    play.down("db1")
    lost = f"db1: {LOST} one is discarded, and so are the snapshots two"
    rollback(play, "one", lost, "db1: add --yes to go on; nothing was rolled back", status=1, words=())
    rollback(
        play,
        "one",
        lost,
        f"db1: would run: zfs rollback -r {DATA}@one",
        f"db1: would run: zfs rollback -r {ROOT}@one",
        words=("-n",),
    )
    rollback(play, "three", f"db1: there is no {DATA}@three: nothing was rolled back", status=1)
    play.never("zfs rollback")
    play.sh(f"zfs hold kept {ROOT}@two")
    rollback(play, "one", f"db1: {ROOT}@two is more recent, and held", status=1)
    play.sh(f"zfs release kept {ROOT}@two; zfs clone {ROOT}@two zroot/vms/copy")
    rollback(play, "one", f"db1: {ROOT}@two is more recent, and zroot/vms/copy is a clone of it", status=1)
    play.sh("zfs destroy zroot/vms/copy")
    rollback(play, "one", lost, f"{BACK} one")
    play.order(f"zfs rollback -r {DATA}@one", f"zfs rollback -r {ROOT}@one")
    assert content(play) == first
    assert listed(play) == [("one", "off", True)]
    rollback(play, "one", f"db1: {LOST} one is discarded", f"{BACK} one")
    play.up("db1")
    play.down("db1")


@scenario()
def interrupted_on_the_way_back(play: Play) -> None:
    """Volumes of two moments start no guest; the same command again ends it."""
    up(play)
    play.down("db1")
    snapshot(play, "one", "db1: snapshot one")
    write(play, "two", DATA, ROOT)
    play.sh(f"zfs snapshot {ROOT}@new")
    play.host.call("fail_at", command=9)
    play.hivectl("rollback", "--yes", "db1", "one", status=1)
    assert "zfs rollback -r zroot/vms/db1/root@one" in play.host.call("failed")
    reason = "db1: its volumes are not of one moment, since taking them back to one was interrupted; finish it: hivectl"
    play.hivectl("start", "db1", status=1, says=reason)
    rollback(play, "one", f"db1: {LOST} one is discarded, and so are the snapshots new", f"{BACK} one")
    play.up("db1")
    play.down("db1")


@scenario()
def who_has_the_volumes(play: Play) -> None:
    """Not without those that have them too, nor where a disk is no volume, is missing, or is half an image."""
    play.sh("zfs create -V 1G zroot/both")
    play.made("one1")
    snapshot(play, "a", "one1: snapshot a has its volumes (2) while it was off", vm="one1")
    says = "one1: the disk zroot/both cannot be rolled back: it is given to two1 by the site; take it out there"
    rollback(play, "a", f"one1: {LOST} a is discarded", says, vm="one1", status=1)
    play.never("zfs rollback")
    play.made("plain1")
    says = "plain1: its disk /srv/vms/plain1/root.img is not a volume of ZFS, and no snapshot would hold it"
    snapshot(play, "a", says, vm="plain1", status=1)
    snapshot(play, "a", "web1: it has no disk that is a volume", vm="web1", status=1)
    play.made("db1")
    play.sh(f"zfs set hivewright:filling=x {DATA}")
    snapshot(play, "a", f"db1: {DATA} is not filled yet; do that first: hivectl provision db1", status=1)
    play.sh(f"zfs destroy {DATA}")
    snapshot(play, "a", f"db1: its volumes are not all there: cannot open '{DATA}'", status=1)


@scenario()
def deleted(play: Play) -> None:
    """Running or off; asked first; nothing goes that something else needs, and one that was killed goes on."""

    def delete(name: str, *says: str, status: int = 0, words: Sequence[str] = ("--yes",)) -> None:
        play.hivectl("snapshot", "--delete", *words, "db1", name, status=status, says=list(says))

    up(play)
    snapshot(play, "one", f"db1: snapshot one {STILL}")
    snapshot(play, "two", f"db1: snapshot two {STILL}")
    lost = "db1: what its volumes were at the snapshot one is lost"
    delete("one", lost, "db1: add --yes to go on; nothing was destroyed", status=1, words=())
    delete("one", *(f"db1: would run: zfs destroy {each}@one" for each in (ROOT, DATA)), words=("-n",))
    play.never("zfs destroy")
    for name, says in (
        ("hivewright-checkpoint-v1", "is a part of a checkpoint: hivectl checkpoint delete db1 v1; nothing"),
        ("hivewright-replica-7", "is what the next copy for another host begins with; nothing was destroyed"),
        ("hivewright-export-7", "is of an export or a migration, which destroys it when it ends or is done again;"),
    ):
        delete(name, f"db1: {name} {says}", status=1)
        play.nothing_ran()
    delete("gone", "db1: its volumes have no snapshot gone; see hivectl snapshots db1", status=1)
    delete("a@b", 'db1: "a@b" cannot be the name of a snapshot', status=1)
    play.sh(f"zfs hold kept {ROOT}@one")
    delete("one", f"db1: {ROOT}@one is held (zfs holds {ROOT}@one); nothing was destroyed", status=1)
    play.sh(f"zfs release kept {ROOT}@one; zfs clone {ROOT}@one zroot/vms/copy")
    delete("one", f"db1: zroot/vms/copy is a clone of {ROOT}@one; nothing was destroyed", status=1)
    play.sh("zfs destroy zroot/vms/copy; printf 'one\\n' >/var/db/hivewright/db1/rolling")
    delete("one", "db1: its volumes are not of one moment, since taking them back to one was interrupted", status=1)
    play.sh(": >/var/db/hivewright/db1/rolling; printf 'beta 1\\n' >/var/db/hivewright/db1/migration")
    delete("one", "db1: it is on its way to another host, and its snapshots with it", status=1)
    play.sh("rm /var/db/hivewright/db1/migration")
    play.never("zfs destroy")
    assert [each for each in listed(play) if not each[2]] == []
    play.sh(f"zfs destroy {DATA}@one")
    delete("one", lost, "db1: snapshot one is destroyed")
    play.order(f"zfs destroy {ROOT}@one")
    play.down("db1")
    delete("two", "db1: what its volumes were at the snapshot two is lost", "db1: snapshot two is destroyed")
    play.order(f"zfs destroy {DATA}@two", f"zfs destroy {ROOT}@two")
    assert listed(play) == []
    for words in (("--yes", "db1"), ("--delete", "db1"), ("--delete", "db1", "a", "b"), ("-x", "db1")):
        play.hivectl("snapshot", *words, status=2)
        play.nothing_ran()
