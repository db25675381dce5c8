"""A scenario as it is played: what the operator does, what the host does then, written down as a transcript."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .sandbox import Host, Outcome

HIVECTL = "/usr/local/sbin/hivectl"


PIDS = (
    (re.compile(r"(\.(?:part|new))\.[0-9]+"), r"\1.N"),
    (re.compile(r"(?<!/)\b(pid|bhyve|pid\":) [0-9]+"), r"\1 N"),
    (re.compile(r"^(\w+ +(?:running|starting|stopping|debugging|pausing|lost) +\w+ +)[0-9]+ *"), r"\1N "),
    (re.compile(r"\b(cpuset .* -p) [0-9]+"), r"\1 N"),
    (re.compile(r"\b(pwait -t [0-9]+) [0-9]+"), r"\1 N"),
    (re.compile(r"^(file \S+/stop \d+ ')[0-9]+"), r"\1N"),
)


def nameless(line: str) -> str:
    """A line without the numbers of processes, which differ from shell to shell."""
    for pattern, replacement in PIDS:
        line = pattern.sub(replacement, line)
    return line


class Play:
    """Drives a stand-in host and writes the transcript that is compared with the golden one."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.lines: list[str] = []

    def text(self) -> str:
        """The transcript so far."""
        return "\n".join(self.lines) + "\n"

    def take(self) -> None:
        """Write down the commands that ran."""
        self.lines.extend(map(nameless, self.host.transcript()))

    def result(self, outcome: Outcome) -> None:
        """Write down how a command ended."""
        for mark, said in ((">", outcome.out), ("!", outcome.err)):
            self.lines.extend(f"{mark} {nameless(line)}" for line in said.splitlines())
        self.lines.append(f"= {outcome.status}")

    def do(self, *argv: str, status: int | None = 0) -> Outcome:
        """Run an operator's command to its end, which must have this status (any if None)."""
        self.lines.append("$ " + " ".join(argv))
        outcome = self.host.run(*argv)
        self.host.advance(0)
        self.take()
        self.result(outcome)
        assert outcome.status is not None, f"{argv} hangs\n{outcome.err}\n{self.text()}"
        assert status is None or outcome.status == status, f"{argv} ended with {outcome.status}\n{self.text()}"
        return outcome

    def hivectl(self, *words: str, status: int | None = 0) -> Outcome:
        """Run the operator's command."""
        return self.do(HIVECTL, *words, status=status)

    def service(self, verb: str, *names: str, status: int | None = 0) -> Outcome:
        """Run the rc.d service as service(8) does."""
        return self.do("service", "hivewright", verb, *names, status=status)

    def say(self, text: str) -> None:
        """Write a line for the reader of the transcript."""
        self.lines.append(f"# {text}")

    def wait(self, seconds: float) -> None:
        """Let the clock run."""
        self.lines.append(f"# {seconds:g} seconds pass")
        self.host.advance(seconds)
        self.take()

    def guest(self, name: str, *runs: dict[str, Any]) -> None:
        """Say what the guest does in its next runs."""
        self.host.guest(name, *runs)

    def show(self, *starts: str) -> list[str]:
        """Write down what there is on the host, or only the lines that begin so; returns them."""
        found = [line for line in self.host.state() if not starts or line.startswith(starts)]
        self.lines.append("-- state")
        self.lines.extend("   " + nameless(line) for line in found)
        return found

    def quietly(self) -> None:
        """Forget the commands so far: they are another scenario's matter."""
        self.host.transcript()

    def status(self, name: str) -> str:
        """The phase the runtime wrote down."""
        return self.host.path(f"/var/run/hivewright/{name}/phase").read_text().split(" ")[0]


def leftovers(host: Host) -> list[str]:
    """What a stopped guest must not leave: taps, contexts, guests, processes, pid files with something in them."""
    wrong = []
    for line in host.state():
        words = line.split()
        if words[0] in ("context", "guest", "process", "session", "link") or line.startswith("interface tap"):
            wrong.append(line)
        if "taken from" in line:
            wrong.append(line)
        emptied = "empty" in line or line.endswith("''")
        if (
            words[0] == "file"
            and words[1].endswith(("/pid", "/supervisor", "/lock", "/taps", "/iscsi", "/iscsi.conf", "/bound"))
            and not emptied
        ):
            wrong.append(line)
    return wrong


@dataclass(frozen=True)
class Scenario:
    """A scenario: its name is that of its golden transcript, its settings are those of ``world.World``."""

    name: str
    play: Callable[[Play], None]
    settings: dict[str, Any] = field(default_factory=dict)
    wide: bool = False
    """It counts bytes beyond 2 GiB: mksh has numbers of 32 bits only, unlike FreeBSD's sh and the other shells."""


def up(play: Play, *names: str) -> None:
    """Start guests without writing it down: how a start goes is another scenario's matter."""
    for name in names:
        outcome = play.host.run(HIVECTL, "start", name)
        assert outcome.status == 0, outcome
    play.host.advance(0)
    play.quietly()


def down(play: Play, *names: str) -> None:
    """Stop guests without writing it down, and make sure that nothing is left of them."""
    for name in names:
        outcome = play.host.run(HIVECTL, "stop", name)
        assert outcome.status == 0, outcome
    play.quietly()
    assert not leftovers(play.host), leftovers(play.host)


def made(play: Play, *names: str) -> None:
    """Let the disks of guests be made: how that goes is another scenario's matter."""
    for name in names:
        up(play, name)
        down(play, name)
