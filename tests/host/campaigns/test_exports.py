"""Whatever fails, is killed or finds no space while a guest is exported or imported: never an archive that is taken for
whole and is not, never an empty disk in place of one that was to come, and one command mends what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from host.campaign import enough, steps
from host.play import HIVECTL
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS
from host.scenarios.exported.archives import contents

pytest_plugins = ["host.fixtures"]

FILE, WHOLE = "/root/trial.tar", "/root/whole.tar"
FORGET = "zfs destroy -r zroot/vms/web2 2>/dev/null; rm -rf /var/db/hivewright/web2 /var/run/hivewright/web2; true"
TROUBLE = ("fail", "kill", "full")
LEAST = 20
"""Steps that any of these takes at least."""


@dataclass
class Case:
    """A host with web1, which wrote to its disks, and an archive of it."""

    host: Host
    last: dict[str, str] = field(default_factory=dict)
    executed: int = 0

    def run(self, *words: str) -> Outcome:
        return self.host.run(HIVECTL, *words)

    def done(self, *words: str) -> Outcome:
        outcome = self.run(*words)
        assert outcome.status == 0, f"{words}: {outcome}\n" + "\n".join(self.host.transcript()[-80:])
        return outcome

    def sh(self, script: str) -> None:
        assert self.host.run("/bin/sh", "-c", script).status == 0

    def made(self) -> None:
        self.host.guest("web1", {"writes": 1})
        self.done("start", "web1")
        self.host.advance(5)
        self.done("stop", "web1")
        self.done("export", "-o", WHOLE, "web1")
        self.last = contents(self.host, "web1")
        assert "nothing" not in self.last.values()
        self.host.transcript()

    def meet(self, trouble: str, number: int) -> None:
        """The step of this number meets it."""
        if trouble == "fail":
            self.host.call("fail_at", command=number)
        elif trouble == "full":
            self.host.call("fill_at", write=number)
        else:
            self.executed = self.host.call("executed")
            self.host.call("kill_after", count=number, targets=["session operator"])

    def met(self, trouble: str, number: int) -> bool:
        """Whether there was such a step; no other one meets anything."""
        if trouble == "fail":
            return bool(self.host.call("failed"))
        if trouble == "full":
            writes = self.host.call("writes")
            self.host.call("fill_at", write=0)
            return len(writes) >= number
        ran = self.host.call("executed") - self.executed
        self.host.call("kill_after", count=1_000_000, targets=[])
        return bool(ran >= number)


@pytest.fixture
def case(open_site: Callable[..., Host]) -> Callable[[str, str], Case]:
    def opened(shell: str, trouble: str) -> Case:
        made = Case(open_site(SCENARIOS / "exported", "alpha", shell, counted=trouble == "full"))
        made.made()
        return made

    return opened


def points(case: Case, trouble: str, words: tuple[str, ...], prepare: str) -> Iterator[tuple[int, Outcome]]:
    """Do it again and again, until no step is left."""
    for tried, number in enumerate(steps(600, trouble, *words)):
        case.sh(prepare)
        case.meet(trouble, number)
        case.host.spawn(HIVECTL, *words, name="operator")
        outcome = case.host.wait("operator")
        there = case.met(trouble, number)
        case.host.advance(0)
        yield number, outcome
        if not there:
            assert tried >= enough(LEAST)
            print(f"{words[0]}, {trouble}: {tried} points")
            return
    raise AssertionError("there is no end of steps")


@pytest.mark.slow
@pytest.mark.parametrize(("trouble", "shell"), [("fail", "dash"), ("kill", "lksh"), ("full", "busybox")])
def test_an_export_meets_trouble(trouble: str, shell: str, case: Callable[[str, str], Case]) -> None:
    one = case(shell, trouble)
    for number, outcome in points(one, trouble, ("export", "-o", FILE, "web1"), f"rm -f {FILE}"):
        where = f"{trouble} at {number}: {outcome}"
        assert outcome.status is not None, where
        there = one.host.path(FILE).exists()
        assert there or outcome.status != 0, where
        if there:
            assert one.run("import", "-n", FILE).status == 0, where
        one.sh(f"rm -f {FILE}")
        one.done("export", "-o", FILE, "web1")
        one.done("import", "-n", FILE)
        assert not [line for line in one.host.state() if line.startswith("snapshot")], where
        assert not one.host.path("/var/db/hivewright/web1/transfer").exists()
        assert contents(one.host, "web1") == one.last, where


@pytest.mark.slow
@pytest.mark.parametrize(("trouble", "shell"), [("fail", "busybox"), ("kill", "dash"), ("full", "lksh")])
def test_an_import_meets_trouble(trouble: str, shell: str, case: Callable[[str, str], Case]) -> None:
    one = case(shell, trouble)
    words = ("import", WHOLE, "--as", "web2")
    for number, outcome in points(one, trouble, words, FORGET):
        where = f"{trouble} at {number}: {outcome}"
        assert outcome.status is not None, where
        note = one.host.path("/var/db/hivewright/web2/importing")
        if note.exists() and note.read_text():
            assert outcome.status != 0, where
            refused = one.run("start", "web2")
            assert (refused.status, "did not come to its end" in refused.err) == (1, True), f"{where}\n{refused}"
            if number % 2:
                one.done("import", "--give-up", "web2")
                assert not contents(one.host, "web2"), where
        elif outcome.status:
            assert contents(one.host, "web2") in ({}, one.last), where
        one.done(*words)
        assert contents(one.host, "web2") == one.last, where
        one.done("start", "web2")
        assert contents(one.host, "web2") == one.last, where
        assert not [line for line in one.host.state() if line.startswith("snapshot")], where
        one.done("stop", "web2")
