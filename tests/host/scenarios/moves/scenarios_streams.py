"""Streams that break off go on, what increments begin with is held, and a copy that is not whole is never run."""

from __future__ import annotations

import pytest

from host.link import Link
from host.play import Play
from host.scenario import scenario

from .scenarios import owner
from .scenarios_copies import contents as contents_of_copy
from .scenarios_live import at
from .scenarios_migrate import contents

pytestmark = pytest.mark.usefixtures("play", "link")
VM = "copied1"
FIRST = 3
"""check, offer and then the first stream."""


def held(play: Play, name: str) -> list[str]:
    """The snapshots of the guest's root that are held, without their numbers."""
    out = play.host.run("/sbin/zfs", "list", "-Ht", "snapshot", "-o", "userrefs,name", f"zroot/vms/{name}/root").out
    return [line.partition("@")[2].rpartition("-")[0] for line in out.splitlines() if not line.startswith("0")]


def token(play: Play, name: str) -> str:
    return play.host.run(
        "/sbin/zfs", "list", "-Ho", "receive_resume_token", f"zroot/vms/{name}/data", f"zroot/vms/{name}/root"
    ).out.replace("-\n", "")


@scenario()
def what_broke_off_goes_on(play: Play, far: Play, link: Link) -> None:
    """The other host keeps what came of a stream, and the same command again sends the rest of it."""
    play.guest("web1", *[{"writes": 1}] * 4)
    play.hivectl("start", "web1")
    play.wait(5)
    link.cut_at(FIRST, "within")
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert "it stays here. Try again" in outcome.err
    assert link.asked[-1].startswith("hivewright 1 stream web1 alpha data new hivewright-migrate-")
    assert token(far, "web1").startswith("1-")
    assert held(play, "web1") == ["hivewright-migrate"]
    link.down = True
    far.hivectl("start", "web1", "--take-over", "alpha", status=1, says="its disk root is not here")
    assert owner(far) == "<alpha"
    link.down = False
    link.cut_at(0)
    outcome = play.hivectl("migrate", "web1", "beta")
    assert "going on with disk data where it broke off" in outcome.out + outcome.err
    play.ran("zfs send -t *")
    assert (owner(play), owner(far)) == ("beta", "beta")
    assert contents(far) == contents(play)
    assert (held(play, "web1"), held(far, "web1"), token(far, "web1")) == ([], [], "")


@scenario()
def what_broke_off_is_given_up(play: Play, far: Play, link: Link) -> None:
    """By --back; and where the snapshot that was being sent is gone, a whole stream comes instead."""
    play.hivectl("start", "web1")
    for how in ("back", "gone"):
        link.cut_at(FIRST, "within")
        play.hivectl("migrate", "web1", "beta", status=1)
        assert token(far, "web1")
        link.cut_at(0)
        if how == "back":
            play.hivectl("migrate", "--back", "web1", "beta")
            assert (token(far, "web1"), held(play, "web1")) == ("", [])
            play.wait(5)
    play.sh("zfs release hivewright:sent $(zfs list -Ht snapshot -o name zroot/vms/web1/data | tail -1)")
    play.sh("zfs destroy $(zfs list -Ht snapshot -o name zroot/vms/web1/data | tail -1)")
    play.hivectl("migrate", "web1", "beta")
    assert any(" drop web1 alpha data" in line for line in link.asked)
    assert contents(far) == contents(play)


@scenario()
def no_name_is_taken_twice(play: Play, far: Play) -> None:
    """Moves follow each other within a second, or the clock was set back: names of snapshots are new all the same."""
    play.hivectl("start", "web1")
    taken = int(play.host.run("date", "+%s").out)
    for later in range(60):
        play.sh(f"zfs snapshot zroot/vms/web1/data@hivewright-migrate-{taken + later}")
    play.hivectl("migrate", "web1", "beta")
    assert (owner(play), owner(far)) == ("beta", "beta")
    far.has(f"snapshot zroot/vms/web1/root@hivewright-migrate-{taken + 61}")


@scenario()
def bases_are_held(play: Play, far: Play) -> None:
    """Nobody's cleaning destroys what the next increment of a copy begins with."""
    play.guest(VM, {"writes": 1})
    play.hivectl("start", VM)
    play.wait(5)
    for _ in range(5):
        play.hivectl("replicate", VM)
        play.wait(900)
    assert held(play, VM) == ["hivewright-replica"]
    assert held(far, VM) == ["hivewright-replica"] * 3
    destroy = f"zfs destroy $(zfs list -Ht snapshot -o name zroot/vms/{VM}/root | tail -1)"
    for each in (play, far):
        assert "it's being held" in each.do("/bin/sh", "-c", destroy, status=1).err
    play.hivectl("migrate", VM, "beta")
    assert (held(play, VM), held(far, VM)) == ([], [])


@scenario()
def a_copy_of_several_moments_is_not_run(play: Play, far: Play, link: Link) -> None:
    """Of the last increment one volume came and the other did not: both go back to what came of both."""
    play.guest("web1", *[{"writes": 1}] * 4)
    play.hivectl("start", "web1")
    play.wait(5)
    play.hivectl("stop", "web1")
    before = contents(play)
    link.cut_at(4, "before")
    play.hivectl("migrate", "web1", "beta", status=1)
    link.cut_at(0)
    play.guest("web1", *[{"writes": 2}] * 4)
    far.hivectl("start", "web1", "--take-over", "alpha", status=1, says="its disk root is not here")
    link.cut_at(7, "before")
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert link.asked[-1].split()[2] == "stream", (link.asked, outcome)
    assert owner(play) == "alpha>beta"
    outcome = far.hivectl("start", "web1", "--take-over", "alpha")
    assert "the last snapshot of all its volumes that came here" in outcome.out
    assert contents(far) == before
    far.has("guest web1")


@scenario()
def its_agent_holds_it_still(play: Play, far: Play) -> None:
    """A copy of a guest with an agent is more than what a power cut would leave."""
    play.guest("quiet1", {"agent": 1, "writes": 1})
    play.hivectl("start", "quiet1")
    play.wait(5)
    outcome = play.hivectl("replicate", "quiet1")
    assert "made while its agent held its file systems still" in outcome.out
    play.has("guest quiet1")
    assert "guest quiet1 frozen" not in play.state()
    play.hivectl("migrate", "quiet1", "beta", "--method", "cold")
    far.has("guest quiet1")


@scenario()
def a_home_that_comes_back_steps_down(play: Play, far: Play, link: Link) -> None:
    """It was cut off and went on: as soon as it hears of the failover it owns the guest no more, and says so."""
    play.guest(VM, {"writes": 1}, {}, {})
    play.hivectl("start", VM)
    play.wait(5)
    play.hivectl("replicate", VM)
    link.down = True
    far.hivectl("failover", VM)
    play.wait(900)
    play.hivectl("replicate", "--due", status=1)
    link.down = False
    outcome = play.hivectl("replicate", "--due", status=1)
    assert f"it runs here as well as on beta; end that here: hivectl stop {VM}" in outcome.out + outcome.err
    assert (owner(play, VM), owner(far, VM)) == ("beta", "beta")
    play.hivectl("stop", VM)
    play.hivectl("start", VM, status=1, says="it lives on beta")
    held_there = contents_of_copy(far)
    far.hivectl("migrate", VM, "alpha")
    assert contents_of_copy(play) == held_there


@scenario(snapshot=True)
def what_cannot_go_frozen_goes_cold(play: Play, far: Play) -> None:
    """Without --method the best that both can is done; with it what stands in the way is told."""
    play.guest("small1", {"writes": 1}, {})
    play.hivectl("start", "small1")
    play.wait(5)
    far.sh("sed -i 's/^vm small1 [0-9a-f]*/vm small1 0123/' /usr/local/etc/hivewright/vms/small1/start")
    play.hivectl("migrate", "--method", "frozen", "small1", "beta", status=1)
    outcome = play.hivectl("migrate", "small1", "beta")
    assert "it cannot go there frozen: the definitions differ" in outcome.out + outcome.err
    play.never("bhyvectl --suspend=*")
    far.has("guest small1")


@scenario()
def taken_over_half_way(play: Play, far: Play, link: Link) -> None:
    """A guest that is handed over was taken by the other host, and is off there: its old host never has it too."""
    play.hivectl("start", "web1")
    at(link, "file", lambda: link.cut_at(1))
    play.hivectl("migrate", "web1", "beta", status=1)
    link.cut_at(0)
    link.down = True
    far.hivectl("start", "web1", "--take-over", "alpha")
    far.hivectl("stop", "web1")
    assert (owner(play), owner(far)) == ("alpha>beta", "beta")
    play.hivectl("migrate", "--back", "web1", "beta", status=1, says=None)
    assert owner(play) == "alpha>beta"
    link.down = False
    says = "it is beta's already; finish that: hivectl migrate web1 beta, then there: hivectl migrate web1 alpha"
    play.hivectl("migrate", "--back", "web1", "beta", status=1, says=says)
    assert (owner(play), owner(far)) == ("beta", "beta")
    play.hivectl("start", "web1", status=1, says="it lives on beta")
    play.hivectl("migrate", "web1", "beta")
    far.has("guest web1")
    far.hivectl("migrate", "web1", "alpha")
    play.has("guest web1")
    assert (owner(play), owner(far)) == ("alpha", "alpha")


@scenario()
def taken_over_before_its_host_came_back(play: Play, far: Play, link: Link) -> None:
    """The host that was sending it asks at its next start whether the other one has it by now."""
    play.hivectl("start", "web1")
    at(link, "stream", lambda: link.cut_at(1, "after"))
    play.hivectl("migrate", "web1", "beta", status=1)
    link.cut_at(0)
    link.down = True
    play.hivectl("stop", "web1")
    play.hivectl("start", "web1")  # nobody answers: it may be beta that is lost
    play.hivectl("stop", "web1")
    link.down = False
    play.hivectl("start", "web1")  # beta says that it is alpha's
    play.hivectl("stop", "web1")
    link.down = True
    far.hivectl("start", "web1", "--take-over", "alpha")
    link.down = False
    assert (owner(play), owner(far)) == ("alpha", "beta")
    play.hivectl("start", "web1", status=1, says="beta took it over while this host seemed lost")
    assert (owner(play), owner(far)) == ("beta", "beta")
    far.has("guest web1")
    far.hivectl("migrate", "web1", "alpha")
    play.has("guest web1")


@scenario()
def taken_over_while_it_was_copied(play: Play, far: Play, link: Link) -> None:
    """Its host was cut off before it handed anything over, and runs it: whatever it does next it hears of that."""
    for words in (("--back",), ()):
        play.hivectl("start", "web1")
        at(link, "stream", lambda: link.cut_at(1, "after"))
        play.hivectl("migrate", "web1", "beta", status=1)
        link.cut_at(0)
        link.down = True
        far.hivectl("start", "web1", "--take-over", "alpha")
        far.hivectl("stop", "web1")
        link.down = False
        assert (owner(play), owner(far)) == ("alpha", "beta")
        outcome = play.hivectl("migrate", *words, "web1", "beta", status=1)
        assert "it runs here as well as on beta; end that here" in outcome.err
        assert "beta took it over while this host seemed lost; what was written here" in outcome.err
        assert (owner(play), owner(far)) == ("beta", "beta")
        play.hivectl("stop", "web1")
        play.hivectl("start", "web1", status=1, says="it lives on beta")
        far.hivectl("migrate", "web1", "alpha")
