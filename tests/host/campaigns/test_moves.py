"""Whatever fails, is killed, finds no space or is cut off while a guest moves: never two hosts that may run it, never
none that one command cannot mend, never a disk that is lost, nor memory that was to go along."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import pytest

from host.campaign import EVERY, steps
from host.link import CUT, Link
from host.meeting import TROUBLES, Trouble
from host.moving import HERE, THERE, WAYS, Pair
from host.play import HIVECTL
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS, SHARES

pytest_plugins = ["host.fixtures"]

MOVES = ("cold", "files", "shared", "frozen", "live", "bare")
DIRECTIONS = ("there", "back") if EVERY else ("there",)
"""From alpha to beta, and from there to alpha, which it went from before."""


def shell_of(side: str, *what: str) -> str:
    """Where not every step is tried, trouble of the far host is met in other shells, each its share of the cases."""
    return "dash" if EVERY or side == "near" else SHARES[zlib.crc32(repr(what).encode()) % len(SHARES)]


@pytest.fixture
def pair(open_site: Callable[..., Host]) -> Callable[..., Pair]:
    def opened(way: str, direction: str, shell: str, **settings: object) -> Pair:
        alpha, beta = (
            open_site(SCENARIOS / "moves", name, shell, **WAYS[way].settings, **settings) for name in ("alpha", "beta")
        )
        link = Link({HERE: alpha, THERE: beta})
        near, far = (beta, alpha) if direction == "back" else (alpha, beta)
        return Pair(WAYS[way], near, far, link, direction == "back")

    return opened


def is_mended(pair: Pair, outcome: Outcome, back: bool, where: str) -> None:
    """One command finishes what was cut off, or takes it back."""
    where = f"{where}: {outcome}"
    assert outcome.status is not None, f"{where}\n{pair.report()}"
    pair.never_two(f"{where}\n{pair.report()}")
    home = pair.away
    if back and outcome.status:
        again = pair.migrated("--back")
        if again.status == 0:
            home = pair.home
        else:
            known = ("finish that", "it is not ours to take back")
            assert any(each in again.err for each in known), f"{where}\n{again}\n{pair.report()}"
    if home == pair.away:
        again = pair.migrated()
        assert again.status == 0, f"{where}\n{again}\n{pair.report()}"
    pair.never_two(where)
    host, other = (pair.near, pair.far) if home == pair.home else (pair.far, pair.near)
    assert pair.owner(host) == home, f"{where}\n{pair.owner(host)}\n{pair.report()}"
    host.advance(30)
    started = host.run(HIVECTL, "start", pair.way.guest)
    assert started.status == 0, f"{where}\n{started}\n{pair.report()}"
    host.advance(5)
    assert pair.running() == [host], f"{where}\n{pair.report()}"
    assert pair.contents(host) == pair.last, f"{where}\n{pair.contents(host)}\n{pair.report()}"
    assert not {"frozen", "live"} & {*pair.way.words} or pair.has_memory(host), f"{where}\n{pair.report()}"
    refused = other.run(HIVECTL, "start", pair.way.guest)
    assert refused.status == 1, f"{where}\n{refused}"
    pair.never_two(where)


def points(pair: Pair, what: str, meet: Callable[[int], None], met: Callable[[int], object]) -> Iterator[int]:
    """Migrate again and again, and meet something at the first, second, … point until there is none."""
    for number in steps(200, what, pair.way.guest, pair.returns):
        pair.anew(ends=number % 7 == 0 and not pair.way.needs_memory)
        meet(number)
        yield number
        if not met(number):
            assert number > pair.way.least, f"only {number - 1} points"
            print(f"migrate {pair.way.guest} to {pair.away}, {what}: at most {number - 1} points")
            return
    raise AssertionError("there is no end of points")


@pytest.mark.slow
@pytest.mark.parametrize("how", CUT)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("way", MOVES)
def test_a_link_that_is_cut_at_a_message(way: str, direction: str, how: str, pair: Callable[..., Pair]) -> None:
    hosts = pair(way, direction, "dash")
    link, sent = hosts.link, [0]
    for number in points(
        hosts, f"cut {how}", lambda number: link.cut_at(number, how), lambda number: sent[0] >= number
    ):
        outcome = hosts.migrated()
        asked, sent[0] = link.asked, len(link.asked)
        link.cut_at(0)
        is_mended(hosts, outcome, number % 2 == 0, f"message {number} cut {how}: {asked[-1]}")


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("side", ["near", "far"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("way", MOVES)
def test_a_host_that_meets_trouble(
    way: str, direction: str, side: str, trouble: str, pair: Callable[..., Pair]
) -> None:
    hosts, said = pair(way, direction, shell_of(side, way, direction, trouble), counted=trouble == "full"), [""]
    what = Trouble(getattr(hosts, side), trouble, "session operator" if side == "near" else "session ssh")
    for number in points(hosts, f"{trouble} of the {side} host", what.meet, lambda _: said[0]):
        outcome = hosts.migrated()
        said[0] = what.met(number)
        is_mended(hosts, outcome, number % 2 == 0, f"{trouble} at {number} of the {side} host, {said[0]}")
