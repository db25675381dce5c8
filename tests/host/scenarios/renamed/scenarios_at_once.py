"""Scenarios of ``hivectl rename``: what the first start under the new name would do, by name and at once."""

from __future__ import annotations

from host import former
from host.play import Play
from host.scenario import scenario

OTHER = "01234567-0000-4def-8123-456789abcdef"
POOLS = ["zroot", "tank"]


@scenario(everyday=True, pools=POOLS)
def renamed_by_name(play: Play) -> None:
    """Disks, state and logs get the new name; again it has nothing to do, and the start has neither."""
    play.sh("; ".join(former.MAKE))
    play.hivectl("rename", former.OLD, former.NEW, says=["it was called store1; the disks, the state and the logs"])
    play.order(
        "lockf * /var/run/hivewright/store1/lock lockf * /var/run/hivewright/disks.lock",
        "mv /srv/vms/store1 /srv/vms/shop1",
        "zfs rename zroot/vms/store1 zroot/vms/shop1",
        "mv /var/log/hivewright/store1.log /var/log/hivewright/shop1.log.0",
        "mv -f * /var/db/hivewright/shop1/",
        "mv -f /var/db/hivewright/store1/guest",
        "rmdir",
    )
    play.never("zfs create", "truncate", "cp /usr", "bhyve")
    assert not former.lost(play.host)
    play.hivectl("rename", former.OLD, former.NEW, says="this host has nothing of it under the name store1 any more")
    play.never("zfs rename", "mv")
    play.hivectl("start", former.NEW, says="started (pid N)")
    play.never("zfs rename", "mv")
    play.down(former.NEW)
    assert not former.lost(play.host)


@scenario(pools=POOLS)
def what_is_no_former_name(play: Play) -> None:
    """The definition does not say so, or the host has nothing of it, or what it has is another guest's."""
    says = "it was called {0}; hivewright rename {0} {1} writes that"
    for old, new in (("db1", former.NEW), (former.OLD, "db1"), ("x" * 40, former.NEW)):
        refused = f"{new}: its definition does not say that " + says.format(old, new)
        play.hivectl("rename", old, new, status=1, says=refused)
    play.hivectl("rename", former.OLD, "none1", status=1, says="none1")
    play.hivectl("rename", former.OLD, status=2, says=["usage: hivectl rename [-n] old new"])
    nothing = f"{former.NEW}: this host has nothing of it under the name store1"
    play.hivectl("rename", former.OLD, former.NEW, status=1, says=nothing)
    play.hivectl("rename", "-n", former.OLD, former.NEW, status=1, says=nothing)
    play.sh("; ".join(former.MAKE))
    play.sh(f"echo {OTHER} >/var/db/hivewright/store1/guest")
    play.hivectl("rename", former.OLD, former.NEW, status=1, says=nothing)
    play.never("zfs create", "zfs rename", "mv")
    assert not play.state("volume zroot/vms/shop1")


@scenario(pools=POOLS)
def the_former_guest_runs(play: Play) -> None:
    """It is off, or nothing is renamed, which -n tells too."""
    play.sh("; ".join(former.MAKE))
    play.sh("mkdir -p /var/run/hivewright/store1; echo 1 >/var/run/hivewright/store1/supervisor")
    still = f"{former.NEW}: it was called store1, which is still there under that name; stop it first: hivectl stop"
    play.hivectl("rename", former.OLD, former.NEW, status=1, says=still)
    play.hivectl("rename", "-n", former.OLD, former.NEW, status=1, says=still)
    play.hivectl("provision", "-n", former.NEW, status=1, says=still)
    play.never("zfs rename", "mv")
    play.sh("rm -r /var/run/hivewright/store1")
    play.hivectl("rename", former.OLD, former.NEW, says="it was called store1")
    assert not former.lost(play.host)


@scenario(pools=POOLS)
def words_of_it_are_completed(play: Play) -> None:
    """What guests were called comes first, and then the guests."""

    def offered(*words: str) -> list[str]:
        return play.hivectl("_words", "--", *words).out.split()

    assert offered("rename", "") == ["-n", "store1"]
    assert offered("rename", "-n", "s") == ["store1"]
    assert offered("rename", "store1", "s") == ["shop1"]
    assert offered("clone", "") == ["-n", "db1", "shop1", "www"]
    assert offered("clone", "db1", "w") == ["www"]


@scenario(pools=POOLS)
def a_restore_of_it_was_interrupted(play: Play) -> None:
    """What is to be done is noted with the names that its volumes had; so it is finished under the former name."""
    play.sh("; ".join(former.MAKE))
    rolling = "/var/db/hivewright/store1/rolling"
    play.sh(f"echo hivewright-checkpoint-v1 clone v1 20260301T101500Z >{rolling}")
    says = f"{former.NEW}: a restore of store1 was interrupted; finish it under that name first"
    play.hivectl("rename", former.OLD, former.NEW, status=1, says=says)
    play.hivectl("rename", "-n", former.OLD, former.NEW, status=1, says=says)
    play.never("zfs rename", "mv")
    play.sh(f": >{rolling}")
    play.hivectl("rename", former.OLD, former.NEW)
    assert not play.state("volume zroot/vms/store1")
