"""An installation is killed before and after each command, each of its commands fails once, and each write meets a full
file system: what lies on the host is right at each moment, and the same command ends well."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hivewright.plan import Artifact
from host.bundles import unpack
from host.campaign import stride
from host.installs import RECORD, SITE, after, before, lying, meant, recorded
from host.sandbox import Host, Outcome

pytest_plugins = ["host.fixtures"]

Open = Callable[..., Host]
RUN = ("service devd restart", "pfctl -a hivewright", "service dnsmasq restart", "service routing restart")
"""Some of what has to be told of the change."""


class Rounds:
    """A host that has one bundle gets another one, again and again."""

    def __init__(self, host: Host, tmp_path: Path) -> None:
        self.host = host
        self.kept = tmp_path / "kept"
        self.said = ""
        unpack(host, before(), "/root/a")
        unpack(host, after(), "/root/b")
        assert self.install("/root/a").status == 0
        for top in ("usr/local", "boot"):
            shutil.copytree(host.path(top), self.kept / top, symlinks=True)

    def install(self, folder: str = "/root/b") -> Outcome:
        outcome = self.host.run("/bin/sh", f"{folder}/install")
        self.said += outcome.out
        return outcome

    def again(self) -> None:
        """All is as it was at the beginning."""
        for top in ("usr/local", "boot"):
            shutil.rmtree(self.host.path(top))
            shutil.copytree(self.kept / top, self.host.path(top), symlinks=True)
        self.host.path("/var/run/hivewright-install.lock").unlink(missing_ok=True)
        self.said = ""
        self.host.transcript()

    def nothing_is_half(self, where: str) -> None:
        """Each file is as one of both bundles has it, or is not there."""
        old, new = meant(before()), meant(after())
        for path, found in lying(self.host).items():
            if ".hivewright-new" not in path and not path.endswith("MANIFEST.new"):
                assert found in (old.get(path), new.get(path)), f"{where}: {path}"

    def is_as(self, files: dict[str, Artifact], where: str) -> None:
        assert lying(self.host) == meant(files), where
        assert recorded(self.host) == sorted(meant(files)), where
        assert "# " not in self.host.path(RECORD).read_text().partition("\n")[2], where

    def ends_well(self, where: str) -> None:
        """The same command again: all is there, and what has to be run was told by one of both."""
        self.nothing_is_half(where)
        outcome = self.install()
        assert outcome.status == 0, f"{where}: {outcome}"
        self.is_as(after(), where)
        assert [command for command in RUN if f"run: {command}" not in self.said] == [], f"{where}: {self.said}"


@pytest.fixture(name="rounds")
def open_rounds(open_site: Open, tmp_path: Path) -> Callable[..., Rounds]:
    return lambda shell="dash", **settings: Rounds(open_site(SITE, "alpha", shell, **settings), tmp_path)


def commands(rounds: Rounds) -> int:
    """How many commands an installation takes, and that it can be done again."""
    first = rounds.host.call("executed")
    assert rounds.install().status == 0
    count = rounds.host.call("executed") - first
    rounds.again()
    return int(count)


def killed(rounds: Rounds, steps: range) -> Iterator[str]:
    """Killed with all its processes behind the first, second, … command."""
    for step in steps:
        rounds.again()
        rounds.host.call("kill_after", count=step, targets=["everything"])
        rounds.host.spawn("/bin/sh", "/root/b/install", name="victim")
        outcome = rounds.host.wait("victim")
        assert rounds.host.call("killed") == ["everything"]
        rounds.said += outcome.out
        yield f"killed at step {step}: {rounds.host.transcript()[-1:]}"


@pytest.mark.parametrize(("shell", "first", "every"), [("dash", 1, 6), ("bash", 2, 12), ("busybox", 6, 12)])
def test_a_killed_installation_is_done_again(shell: str, first: int, every: int, rounds: Callable[..., Rounds]) -> None:
    round_ = rounds(shell)
    count = commands(round_)
    assert count > 40
    steps = range(first, count, stride(every))
    for where in killed(round_, steps):
        round_.ends_well(where)
    print(f"killed at {len(steps)} of {count} steps")


def test_after_a_killed_installation_another_one_takes_nothing_for_changed_by_hand(
    rounds: Callable[..., Rounds],
) -> None:
    round_ = rounds()
    for where in killed(round_, range(20, commands(round_), 8)):
        outcome = round_.install("/root/a")
        assert outcome.status == 0, f"{where}: {outcome}"
        round_.is_as(before(), where)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_failing_command_ends_the_installation_or_is_no_matter(shell: str, rounds: Callable[..., Rounds]) -> None:
    round_ = rounds(shell)
    was = lying(round_.host)
    for number in range(1, commands(round_) + 1, stride(6 if shell == "dash" else 12)):
        round_.again()
        round_.host.call("fail_at", command=number)
        outcome = round_.install()
        where = f"command {number}, {round_.host.call('failed')}: {outcome}"
        if outcome.status == 0:
            round_.is_as(after(), where)
        elif lying(round_.host) != was:
            round_.ends_well(where)
        else:
            assert outcome.err, where


@pytest.mark.parametrize(("shell", "full"), [("dash", 1), ("bash", 0)])
@pytest.mark.parametrize("top", ["/usr", "/var"])
def test_a_full_file_system_changes_nothing(shell: str, full: int, top: str, rounds: Callable[..., Rounds]) -> None:
    """Until there is space for all that comes; what goes, and the record, follow when there is some."""
    round_ = rounds(shell, counted=True)
    was = lying(round_.host)
    for number in range(1, 100):
        round_.again()
        round_.host.call("fill_at", write=number, path=top, count=full)
        outcome = round_.install()
        met = round_.host.call("writes")
        round_.host.call("fill_at", write=0)
        where = f"write {number}: {met[number - 1 :]}: {outcome}"
        if len(met) < number:
            assert outcome.status == 0, where
            break
        assert outcome.status != 0, where
        if RECORD not in where:
            assert lying(round_.host) == was, where
        if RECORD in where or number % 4 == 0:
            round_.ends_well(where)
    assert number > (10 if top == "/usr" else 1)
