"""A guest that went on with clones of a checkpoint is copied, and goes to another host, as any other."""

from __future__ import annotations

import pytest

from host.play import Play
from host.scenario import scenario

from .scenarios import owner
from .scenarios_copies import VM, contents, copies

pytestmark = pytest.mark.usefixtures("play", "link")


def restored(play: Play) -> None:
    """Back to v1, which is older than what is kept."""
    play.hivectl("stop", VM)
    outcome = play.hivectl("restore", VM, "v1", "--clone")
    assert "what they were by now is kept" in outcome.out


def in_use(play: Play) -> dict[str, str]:
    return {name: content for name, content in contents(play).items() if ".kept-" not in name}


@scenario(snapshot=True)
def a_copy_goes_on(play: Play, far: Play) -> None:
    """The last copy is older than the checkpoint: its snapshot is the volume's, with its hold."""
    play.guest(VM, {"writes": 10}, {"writes": 10}, {})
    play.hivectl("start", VM)
    play.hivectl("replicate", VM)
    play.hivectl("checkpoint", "create", VM, "v1")
    play.wait(20)
    restored(play)
    play.wait(20)
    play.hivectl("replicate", VM)
    play.ran("zfs send -cLep -i zroot/vms/copied1/root@hivewright-replica-*")
    assert contents(far) == in_use(play)
    assert len(copies(play)) == 1


@scenario(snapshot=True)
def a_copy_is_newer(play: Play, far: Play) -> None:
    """The last copy stays with what is kept: what is there has nothing in common any more, and begins anew."""
    play.guest(VM, {"writes": 10}, {"writes": 10}, {})
    play.hivectl("start", VM)
    play.hivectl("checkpoint", "create", VM, "v1")
    play.wait(20)
    play.hivectl("replicate", VM)
    last = contents(far)
    restored(play)
    play.wait(20)
    outcome = play.hivectl("replicate", VM, status=1)
    assert "beta has a disk data of it already that has nothing in common with zroot/vms/copied1/data" in outcome.err
    assert contents(far) == last
    far.sh(
        "for each in $(zfs list -H -o name -t snapshot -r zroot/vms/copied1); do zfs release hivewright:sent $each;"
        "done 2>/dev/null; zfs destroy -r zroot/vms/copied1/root && zfs destroy -r zroot/vms/copied1/data"
    )
    play.hivectl("replicate", VM)
    assert contents(far) == in_use(play)
    play.hivectl("disk", "destroy", "--confirm", f"{VM}/root-1", VM, "root-1")
    assert [name for name in contents(play) if ".kept-" in name] == [
        name for name in contents(play) if name.startswith("data.")
    ]


@scenario(snapshot=True)
def it_goes_away(play: Play, far: Play) -> None:
    """What is kept stays where it is, and is no disk of the guest that left."""
    play.guest(VM, {"writes": 10}, {}, {})
    play.hivectl("start", VM)
    play.hivectl("checkpoint", "create", VM, "v1")
    play.wait(20)
    restored(play)
    play.hivectl("stop", VM, status=0)
    play.hivectl("migrate", VM, "beta")
    assert (owner(play, VM), owner(far, VM)) == ("beta", "beta")
    assert contents(far) == in_use(play)
    listed = play.hivectl("disk", "list", VM).out
    assert listed.count(".kept-") == 2
    far.hivectl("start", VM)
    far.hivectl("stop", VM)
    far.hivectl("migrate", VM, "alpha")
    play.hivectl("start", VM)
