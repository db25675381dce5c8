"""Whatever fails, is killed or finds no space while a guest is copied, or a copy becomes the guest: the copy before is
whole as long as the new one is not, no guest has volumes of two moments, and one command restores order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from host.campaign import steps
from host.link import CUT, Link
from host.meeting import TROUBLES, Trouble
from host.moving import HERE, THERE, WAYS, Pair
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

GUEST = WAYS["copied"].guest
VARIABLES = f"/var/db/hivewright/{GUEST}/vars.fd"


@pytest.fixture
def pair(open_site: Callable[..., Host]) -> Callable[..., Pair]:
    def opened(shell: str, **settings: object) -> Pair:
        near, far = (open_site(SCENARIOS / "moves", name, shell, **settings) for name in ("alpha", "beta"))
        return Pair(WAYS["copied"], near, far, Link({HERE: near, THERE: far}))

    return opened


def copied(pair: Pair) -> dict[str, str]:
    """There is a copy, and the guest went on; returns what the copy has."""
    pair.anew(ends=True)
    before = pair.last
    pair.near.path(VARIABLES).write_text("one")
    pair.done(pair.near, "replicate", GUEST)
    pair.near.path(VARIABLES).write_text("two")
    pair.near.guest(GUEST, {"writes": 1}, *[{}] * 5)
    pair.done(pair.near, "start", GUEST)
    pair.near.advance(5)
    pair.last = pair.contents(pair.near)
    assert all(pair.last[disk] != before[disk] for disk in before), (before, pair.last)
    for host in pair.both():
        host.transcript()
    return before


def points(what: str, met: Callable[[int], object], least: int = 5) -> Iterator[int]:
    """Numbers of steps, until there is none that meets anything."""
    for number in steps(200, what, GUEST):
        yield number
        if not met(number):
            assert number > least, f"only {number - 1} points"
            print(f"{what}: at most {number - 1} points")
            return
    raise AssertionError("there is no end of points")


def copy_is_right(pair: Pair, before: dict[str, str], number: int, where: str) -> None:
    """The same again makes the copy, or what is there becomes the guest when its home is lost."""
    where = f"{where}\n{pair.report()}"
    pair.never_two(where)
    assert pair.running() == [pair.near], where
    assert pair.owner(pair.near) == "alpha", where
    assert pair.far.run(HIVECTL, "start", GUEST).status == 1, where
    if number % 2:
        again = pair.near.run(HIVECTL, "replicate", GUEST)
        assert again.status == 0, f"{where}\n{again}"
        assert pair.contents(pair.far) == pair.last, f"{where}\n{pair.contents(pair.far)}"
    else:
        pair.done(pair.near, "stop", GUEST)
        fails_over(pair, (before, pair.last), where)


def fails_over(pair: Pair, known: tuple[dict[str, str], ...], where: str) -> None:
    """The copy becomes the guest while its home is lost, which hears of it when it is back."""
    pair.link.down = True
    failed = pair.far.run(HIVECTL, "failover", GUEST)
    assert failed.status == 0, f"{where}\n{failed}\n{pair.report()}"
    pair.far.advance(5)
    assert pair.running() == [pair.far], f"{where}\n{pair.report()}"
    assert pair.contents(pair.far) in known, f"{where}\n{pair.contents(pair.far)}"
    moment = ("one", "two")[known.index(pair.contents(pair.far))]
    assert pair.far.path(VARIABLES).read_text() == moment, f"variables of another moment\n{where}"
    pair.link.down = False
    refused = pair.near.run(HIVECTL, "start", GUEST)
    assert refused.status == 1, f"{where}\n{refused}"
    assert [pair.owner(host) for host in pair.both()] == ["beta", "beta"], where


@pytest.mark.slow
@pytest.mark.parametrize("how", CUT)
def test_a_link_that_is_cut_while_a_copy_is_made(how: str, pair: Callable[..., Pair]) -> None:
    hosts, sent = pair("dash"), [0]
    for number in points(f"replicate, cut {how}", lambda number: sent[0] >= number):
        before = copied(hosts)
        hosts.link.cut_at(number, how)
        outcome = hosts.near.run(HIVECTL, "replicate", GUEST)
        asked, sent[0] = hosts.link.asked, len(hosts.link.asked)
        hosts.link.cut_at(0)
        copy_is_right(hosts, before, number, f"message {number} cut {how}: {asked[-1]}: {outcome}")


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("side", ["near", "far"])
def test_a_copy_that_meets_trouble(side: str, trouble: str, pair: Callable[..., Pair]) -> None:
    hosts, said = pair("dash", counted=trouble == "full"), [""]
    what = Trouble(getattr(hosts, side), trouble, "session operator" if side == "near" else "session ssh")
    least = 4 if (side, trouble) == ("near", "full") else 5
    for number in points(f"replicate, {trouble} of the {side} host", lambda _: said[0], least):
        before = copied(hosts)
        what.meet(number)
        hosts.near.spawn(HIVECTL, "replicate", GUEST, name="operator")
        outcome = hosts.near.wait("operator")
        said[0] = what.met(number)
        where = f"{trouble} at {number} of the {side} host, {said[0]}: {outcome}"
        assert outcome.status is not None, where
        copy_is_right(hosts, before, number, where)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_a_failover_that_meets_trouble(shell: str, trouble: str, pair: Callable[..., Pair]) -> None:
    """Half of another copy came before, so that volumes have to go back."""
    hosts, said = pair(shell, counted=trouble == "full"), [""]
    what = Trouble(hosts.far, trouble, "session operator")
    for number in points(f"failover, {trouble}", lambda _: said[0]):
        before = copied(hosts)
        hosts.link.cut_at(3, "within" if number % 2 else "before")
        assert hosts.near.run(HIVECTL, "replicate", GUEST).status != 0
        assert hosts.contents(hosts.far) != hosts.last
        hosts.done(hosts.near, "stop", GUEST)
        hosts.link.down = True
        what.meet(number)
        hosts.far.spawn(HIVECTL, "failover", GUEST, name="operator")
        outcome = hosts.far.wait("operator")
        said[0] = what.met(number)
        hosts.far.advance(5)
        where = f"{trouble} at {number}, {said[0]}: {outcome}\n{hosts.report()}"
        assert outcome.status is not None, where
        assert not hosts.running() or hosts.contents(hosts.far) == before, where
        fails_over(hosts, (before,), where)
