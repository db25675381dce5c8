"""Whatever the order in which commands of several actors go on, there is one guest, and a stop ends it.

The sandbox lets one command at a time go on and chooses among those that wait; here it chooses by chance, from a
seed that a failure names.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement

import pytest

from host.play import HIVECTL, leftovers
from host.sandbox import SHELLS, Host
from host.scenario import SCENARIOS

EVERYDAY = (0, "all")
CROWDS = {
    "starts": ("start", "start", "start"),
    "start-and-stop": ("start", "stop"),
    "all": ("start", "stop", "start", "restart"),
}


def shell_of(seed: int) -> str:
    """The shells take turns."""
    return list(SHELLS)[seed % len(SHELLS)]


def crowd(host: Host, verbs: tuple[str, ...]) -> None:
    """Run all verbs at once, to their ends."""
    names = [f"{verb}{number}" for number, verb in enumerate(verbs)]
    for name, verb in zip(names, verbs, strict=True):
        host.spawn(HIVECTL, verb, "web1", name=name)
    for name in names:
        outcome = host.wait(name)
        assert outcome.status is not None, outcome.err


def check_transcript(lines: list[str]) -> None:
    """bhyve was never started over itself, and nobody destroyed a tap that was in use."""
    bad = [line for line in lines if " bhyve ..." in line and line.endswith("= 4")]
    assert not bad, "\n".join(lines)


@pytest.mark.parametrize(
    ("seed", "verbs"),
    [
        pytest.param(seed, verbs, id=f"{seed}-{name}", marks=[pytest.mark.everyday] if (seed, name) == EVERYDAY else [])
        for seed in range(12)
        for name, verbs in CROWDS.items()
    ],
)
def test_one_guest_whatever_the_order(seed: int, verbs: tuple[str, ...], open_host: Callable[..., Host]) -> None:
    host = open_host(shell_of(seed), seed=seed)
    for running in (False, True):
        if running:
            assert host.run(HIVECTL, "start", "web1").status == 0
            host.advance(10)
        crowd(host, verbs)
        check_transcript(host.transcript())
        outcome = host.run(HIVECTL, "stop", "web1")
        assert outcome.status == 0, outcome
        assert not leftovers(host), "\n".join([*leftovers(host), *host.transcript()])


VERBS = {
    "start": ("start", "web1"),
    "stop": ("stop", "web1"),
    "restart": ("restart", "web1"),
    "provision": ("provision", "web1"),
    "pause": ("pause", "web1"),
    "resume": ("resume", "web1"),
    "grow": ("disk", "grow", "web1", "root", "2G"),
    "attach": ("disk", "attach", "web1", "web1/root"),
    "up": ("network", "up"),
    "down": ("network", "down"),
    "event": ("event", "context-destroyed", "vmm/web1"),
    "status": ("status", "web1"),
}
"""Every verb that changes something about a guest or its host, and one that looks at it."""
PAIRS = list(combinations_with_replacement(VERBS, 2))


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_every_pair_of_verbs(shell: str, open_host: Callable[..., Host]) -> None:
    """Two verbs at once, on a guest that is off and on one that runs; the shells share the pairs."""
    host = open_host(shell, seed=3)
    mine = [pair for number, pair in enumerate(PAIRS) if shell_of(number) == shell]
    for pair in mine:
        for running in (False, True):
            where = f"{pair} while {'running' if running else 'off'}"
            if running:
                assert host.run(HIVECTL, "start", "web1").status == 0, where
                host.advance(10)
            for number, verb in enumerate(pair):
                host.spawn(HIVECTL, *VERBS[verb], name=f"{verb}{number}")
            for number, verb in enumerate(pair):
                outcome = host.wait(f"{verb}{number}")
                assert outcome.status is not None, f"{where}: {outcome.err}"
            host.advance(5)
            check_transcript(host.transcript())
            guests = [line for line in host.state() if line.startswith("guest ")]
            assert guests in ([], ["guest web1"]), where
            outcome = host.run(HIVECTL, "stop", "web1")
            assert outcome.status == 0, f"{where}: {outcome}"
            assert not leftovers(host), "\n".join([where, *leftovers(host), *host.transcript()])
    print(f"{len(mine)} pairs of verbs in {shell}, each on a guest that is off and on one that runs")


ALTERING = {
    **{verb: (verb, "db1") for verb in ("start", "stop", "pause", "snapshot")},
    "rollback": ("rollback", "--yes", "db1", "one"),
    "delete": ("snapshot", "--delete", "--yes", "db1", "one"),
    "provision": ("provision", "db1"),
}
"""Verbs on a guest that has volumes and an agent."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_no_snapshot_comes_between(shell: str, open_site: Callable[..., Host]) -> None:
    """A rollback never meets a guest that runs, and no guest stays frozen, whatever two verbs are at work."""
    host = open_site(SCENARIOS / "agent", "alpha", shell, seed=5)
    host.guest("db1", *[{"agent": 0, "acpi": 0}] * 200)
    pairs = [
        pair for pair in combinations_with_replacement(ALTERING, 2) if {"snapshot", "rollback", "delete"} & set(pair)
    ]
    for pair in pairs:
        for running in (False, True):
            where = f"{pair} while {'running' if running else 'off'}"
            assert host.run(HIVECTL, "start", "db1").status == 0, where
            if not running:
                assert host.run(HIVECTL, "stop", "db1").status == 0, where
            host.run(HIVECTL, "snapshot", "db1", "one")
            for number, verb in enumerate(pair):
                host.spawn(HIVECTL, *ALTERING[verb], name=f"{verb}{number}")
            for number, verb in enumerate(pair):
                outcome = host.wait(f"{verb}{number}")
                assert outcome.status is not None, f"{where}: {outcome.err}"
            host.advance(70)
            check_transcript(host.transcript())
            guests = [line for line in host.state() if line.startswith("guest ")]
            assert guests in ([], ["guest db1"]), where
            outcome = host.run(HIVECTL, "stop", "db1")
            assert outcome.status == 0, f"{where}: {outcome}"
            assert not leftovers(host), "\n".join([where, *leftovers(host), *host.transcript()])
    print(f"{len(pairs)} pairs of verbs in {shell}, each on a guest that is off and on one that runs")
