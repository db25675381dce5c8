"""Copies of a guest on another host, and what becomes of them when its home is lost."""

from __future__ import annotations

import json

import pytest

from exposition import read_exposition
from host.link import Link
from host.play import HIVECTL, Play
from host.scenario import scenario

from .scenarios import owner

pytestmark = pytest.mark.usefixtures("play", "link")
VM = "copied1"


def contents(play: Play) -> dict[str, str]:
    lines = [line.split() for line in play.state(f"volume zroot/vms/{VM}/")]
    return {line[1].rpartition("/")[2]: line[3] for line in lines}


def copies(play: Play) -> list[str]:
    return [line.split()[1] for line in play.state(f"snapshot zroot/vms/{VM}/root@hivewright-replica-")]


def replica(play: Play) -> dict[str, object] | None:
    found: dict[str, object] | None = json.loads(play.host.run(HIVECTL, "status", "--json", VM).out)[0]["replica"]
    return found


def lag(play: Play) -> str | None:
    """What metrics say of the last copy."""
    samples = read_exposition(play.host.run(HIVECTL, "metrics").out)
    assert (f'{{vm="{VM}",to="beta"}}' in samples.get("hivewright_guest_replica_interval_seconds", {})) == (
        "hivewright_guest_replica_lag_seconds" in samples
    )
    return samples.get("hivewright_guest_replica_lag_seconds", {}).get(f'{{vm="{VM}",to="beta"}}')


@scenario()
def copies_come_when_they_are_due(play: Play, far: Play, link: Link) -> None:
    """A copy is made when its time has come, and not before."""
    play.guest(VM, {"writes": 1})
    play.hivectl("start", VM)
    assert replica(play) == {"to": "beta", "at": None, "lag": None}
    assert "not copied to beta yet" in play.hivectl("status", VM).out
    assert lag(play) == "+Inf"
    play.hivectl("replicate", "--due")
    assert (owner(play, VM), owner(far, VM)) == ("alpha", "<alpha")
    play.wait(60)
    assert (replica(play) or {})["lag"] == 60
    assert (lag(play), lag(far)) == ("60", None)
    play.quietly()
    play.hivectl("replicate", "--due")
    play.never("zfs", "ssh")
    for _ in range(4):
        play.wait(900)
        play.hivectl("replicate", "--due")
        play.ran("zfs send -cLep -i *")
    assert contents(far) == contents(play)
    assert len(copies(play)) == 1
    assert len(copies(far)) == 3
    far.hivectl("start", VM, status=1, says="what is here of it is a copy that alpha sends")
    link.down = True
    play.wait(900)
    outcome = play.hivectl("replicate", "--due", status=1)
    assert "no copy was made: beta did not answer to its end" in outcome.err
    play.wait(60)
    assert not play.hivectl("replicate", "--due", status=1).err
    link.down = False
    play.wait(60)
    assert play.hivectl("replicate", "--due").out == ""
    assert (replica(play) or {})["lag"] == 0
    play.spawn("holder", "lockf", "-k", f"/var/run/hivewright/{VM}/moving", "sleep", "2000")
    play.wait(1000)
    assert play.hivectl("replicate", "--due").out == ""
    play.never("zfs", "ssh")
    play.hivectl("replicate", VM, says="it is being sent to another host already")
    play.join("holder")
    play.hivectl("replicate", VM)


@scenario()
def a_copy_becomes_the_guest(play: Play, far: Play, link: Link) -> None:
    """When alpha is lost; and when it comes back, it does not start what beta has."""
    play.guest(VM, {"writes": 1}, {}, {})
    play.hivectl("start", VM)
    play.wait(5)
    play.hivectl("replicate", VM)
    held = contents(play)
    outcome = far.hivectl("failover", VM, status=1)
    assert "alpha is there: owner alpha; on alpha: hivectl migrate copied1 beta" in outcome.err
    link.down = True
    outcome = far.hivectl("failover", VM)
    assert "alpha does not answer; it goes on from its copy of 0 minutes ago" in outcome.out
    assert contents(far) == held
    far.has(f"guest {VM}")
    play.sh(f"{HIVECTL} stop {VM} >/dev/null")
    link.down = False
    outcome = play.hivectl("start", VM, status=1)
    assert "beta took it over while this host seemed lost" in outcome.err
    assert (owner(play, VM), owner(far, VM)) == ("beta", "beta")
    assert (replica(play), "copied to" in play.hivectl("status", VM, status=1).out) == (None, False)
    far.hivectl("migrate", VM, "alpha")
    assert (owner(play, VM), owner(far, VM)) == ("alpha", "alpha")
    play.has(f"guest {VM}")
    play.hivectl("replicate", VM)


@scenario()
def a_copy_of_a_guest_that_never_started_becomes_the_guest(play: Play, far: Play, link: Link) -> None:
    """Its home has not noted that it is its owner, and steps down all the same."""
    play.hivectl("provision", VM)
    play.hivectl("replicate", VM)
    link.down = True
    far.hivectl("failover", VM)
    link.down = False
    outcome = play.hivectl("start", VM, status=1)
    assert "beta took it over while this host seemed lost" in outcome.err
    assert (owner(play, VM), owner(far, VM)) == ("beta", "beta")
