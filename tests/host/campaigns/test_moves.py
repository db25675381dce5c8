"""Whatever fails, is killed, finds no space or is cut off while a guest moves: never two hosts that may run it, never
none that one command cannot mend, never a disk that is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from host.campaign import steps
from host.link import CUT, Link
from host.play import HIVECTL
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

GUEST = "web1"
HERE, THERE = "192.0.2.11", "192.0.2.12"
FORGET = (
    f"{HIVECTL} stop {GUEST} >/dev/null; for each in $(zfs list -Hrt snapshot -o name zroot/vms/{GUEST} 2>/dev/null);"
    f" do zfs release hivewright:sent $each 2>/dev/null; done; zfs destroy -r zroot/vms/{GUEST} 2>/dev/null;"
    f" rm -rf /var/db/hivewright/{GUEST} /var/run/hivewright/{GUEST} /net/vms; true"
)


@dataclass
class Pair:
    """Two hosts, the guest on the first."""

    near: Host
    far: Host
    link: Link
    last: dict[str, str] = field(default_factory=dict)
    """What its disks held when all was well."""

    def both(self) -> tuple[Host, Host]:
        return self.near, self.far

    def sh(self, host: Host, script: str) -> Outcome:
        return host.run("/bin/sh", "-c", script)

    def anew(self, ends: bool) -> None:
        """The guest runs on alpha, and wrote to its disks; beta knows nothing of it."""
        self.link.cut_at(0)
        for host in self.both():
            assert self.sh(host, FORGET).status == 0
        self.near.guest(GUEST, {"writes": 1}, *[{}] * 5)
        started = self.near.run(HIVECTL, "start", GUEST)
        assert started.status == 0, started
        self.near.advance(5)
        if ends:
            assert self.near.run(HIVECTL, "stop", GUEST).status == 0
        self.last = contents(self.near)
        assert set(self.last.values()) != {"nothing"}
        for host in self.both():
            host.transcript()

    def owners(self) -> list[str]:
        return [owner(host) for host in self.both()]

    def running(self) -> list[str]:
        return [host.root.parent.name for host in self.both() if f"guest {GUEST}" in host.state()]

    def report(self) -> str:
        return "\n".join(
            f"-- {name}\n" + "\n".join(host.transcript()[-60:])
            for name, host in (("alpha", self.near), ("beta", self.far))
        )


def contents(host: Host) -> dict[str, str]:
    lines = [line.split() for line in host.state() if line.startswith(f"volume zroot/vms/{GUEST}/")]
    return {line[1].rpartition("/")[2]: line[3] for line in lines}


def owner(host: Host) -> str:
    return host.run("/sbin/zfs", "get", "-H", "-o", "value", "hivewright:owner", f"zroot/vms/{GUEST}").out.strip()


@pytest.fixture
def pair(open_site: Callable[..., Host]) -> Callable[..., Pair]:
    def opened(shell: str, **settings: object) -> Pair:
        near, far = (open_site(SCENARIOS / "moves", name, shell, **settings) for name in ("alpha", "beta"))
        return Pair(near, far, Link({HERE: near, THERE: far}))

    return opened


def never_two(pair: Pair, where: str) -> None:
    for host in pair.both():
        host.advance(0)
    assert pair.owners() != ["alpha", "beta"], where
    assert len(pair.running()) <= 1, where


def is_mended(pair: Pair, outcome: Outcome, back: bool, where: str) -> None:
    """One command finishes what was cut off, or takes it back."""
    where = f"{where}: {outcome}"
    assert outcome.status is not None, f"{where}\n{pair.report()}"
    never_two(pair, f"{where}\n{pair.report()}")
    home = "beta"
    if back and outcome.status:
        again = pair.near.run(HIVECTL, "migrate", "--back", GUEST, "beta")
        if again.status == 0:
            home = "alpha"
        else:
            known = ("already; finish that", "it is not ours to take back")
            assert any(each in again.err for each in known), f"{where}\n{again}\n{pair.report()}"
    if home == "beta":
        again = pair.near.run(HIVECTL, "migrate", GUEST, "beta")
        assert again.status == 0, f"{where}\n{again}\n{pair.report()}"
    never_two(pair, where)
    host = pair.near if home == "alpha" else pair.far
    assert owner(host) == home, f"{where}\n{pair.owners()}\n{pair.report()}"
    host.advance(30)
    started = host.run(HIVECTL, "start", GUEST)
    assert started.status == 0, f"{where}\n{started}\n{pair.report()}"
    host.advance(0)
    assert len(pair.running()) == 1, f"{where}\n{pair.report()}"
    assert contents(host) == pair.last, f"{where}\n{contents(host)}\n{pair.report()}"
    other = pair.far if home == "alpha" else pair.near
    refused = other.run(HIVECTL, "start", GUEST)
    assert refused.status == 1, f"{where}\n{refused}"
    never_two(pair, where)


def points(pair: Pair, what: str, meet: Callable[[int], None], met: Callable[[int], bool]) -> Iterator[int]:
    """Migrate again and again, and meet something at the first, second, … point until there is none."""
    for number in steps(200, what):
        pair.anew(ends=number % 7 == 0)
        meet(number)
        yield number
        if not met(number):
            assert number > 5, f"only {number - 1} points"
            print(f"migrate, {what}: at most {number - 1} points")
            return
    raise AssertionError("there is no end of points")


def migrated(pair: Pair, name: str = "operator") -> Outcome:
    pair.near.spawn(HIVECTL, "migrate", GUEST, "beta", name=name)
    return pair.near.wait(name)


@pytest.mark.slow
@pytest.mark.parametrize("how", CUT)
def test_a_link_that_is_cut_at_a_message(how: str, pair: Callable[..., Pair]) -> None:
    hosts = pair("dash")
    for number in points(
        hosts,
        f"cut {how}",
        lambda number: hosts.link.cut_at(number, how),
        lambda number: len(hosts.link.asked) >= number,
    ):
        outcome = migrated(hosts)
        asked = hosts.link.asked
        hosts.link.cut = (0, "")
        is_mended(hosts, outcome, number % 2 == 0, f"message {number} cut {how}: {asked[-1]}")
        hosts.link.asked = asked


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "side"), [("dash", "near"), ("dash", "far"), ("lksh", "far")])
def test_a_command_that_fails(shell: str, side: str, pair: Callable[..., Pair]) -> None:
    hosts, failed = pair(shell), [""]
    host = getattr(hosts, side)
    for number in points(
        hosts, f"fail {side}", lambda number: host.call("fail_at", command=number), lambda _: bool(failed[0])
    ):
        outcome = migrated(hosts)
        failed[0] = host.call("failed")
        is_mended(hosts, outcome, number % 2 == 0, f"command {number} of {side}, {failed[0]}")


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "side"), [("dash", "near"), ("dash", "far"), ("busybox", "near")])
def test_a_kill(shell: str, side: str, pair: Callable[..., Pair]) -> None:
    hosts, ended = pair(shell), [0, 0]
    host = getattr(hosts, side)
    victim = "session operator" if side == "near" else "session ssh"

    def meet(number: int) -> None:
        ended[0] = host.call("executed")
        host.call("kill_after", count=number, targets=[victim])

    for number in points(hosts, f"kill {side}", meet, lambda number: ended[1] - ended[0] >= number):
        outcome = migrated(hosts)
        ended[1] = host.call("executed")
        host.call("kill_after", count=1_000_000, targets=[])
        is_mended(hosts, outcome, number % 2 == 0, f"killed at {number} of {side}")


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "side"), [("dash", "near"), ("dash", "far"), ("bash", "far")])
def test_a_full_file_system(shell: str, side: str, pair: Callable[..., Pair]) -> None:
    hosts, met = pair(shell, counted=True), [0]
    host = getattr(hosts, side)
    for number in points(
        hosts, f"full {side}", lambda number: host.call("fill_at", write=number), lambda number: met[0] >= number
    ):
        outcome = migrated(hosts)
        met[0] = len(host.call("writes"))
        host.call("fill_at", write=0)
        is_mended(hosts, outcome, number % 2 == 0, f"write {number} of {side}")
