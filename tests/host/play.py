"""A scenario as it is played: what the operator does, what the host does then, and what must be true of both.

``order``, ``ran`` and ``never`` look at the commands of the last step: an operator's command with all that happened
until it ended, a time that passed, or commands beside each other. A pattern is the first words of a command; ``*``
stands for anything, and a status other than 0 follows as ``= 1``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from .sandbox import Host, Outcome

HIVECTL = "/usr/local/sbin/hivectl"
NOISE = ("date ", "ps -o etimes=")
"""Commands that no transcript shows: when somebody looks at the clock, or at his age, is no matter."""

DEFINITION = tuple(f"    {word} " for word in ("CPUs", "NIC", "VNC", "gdb", "console"))
"""How lines of hivectl status begin that tell what a guest is."""

PIDS = (
    (re.compile(r"(\.(?:part|new))\.[0-9]+"), r"\1.N"),
    (re.compile(r"(?<!/)\b(pid|bhyve|pid\":) [0-9]+"), r"\1 N"),
    (re.compile(r"\b(cpuset .* -p) [0-9]+"), r"\1 N"),
    (re.compile(r"\b(pwait -t [0-9]+) [0-9]+"), r"\1 N"),
    (re.compile(r"^(file \S+/stop \d+ ')[0-9]+"), r"\1N"),
)


def nameless(line: str) -> str:
    """A line without the numbers of processes, which differ from shell to shell."""
    for pattern, replacement in PIDS:
        line = pattern.sub(replacement, line)
    return line


def matches(pattern: str, text: str) -> bool:
    """Whether a text begins with the words of a pattern, in which ``*`` stands for anything."""
    return re.match(re.escape(pattern).replace(r"\*", ".*") + "(?= |,|$)", text) is not None


def bulleted(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines) or "\n  (nothing)"


class Play:
    """Drives a stand-in host, writes down what happens, and looks at it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.lines: list[str] = []
        """The transcript."""
        self.everything: list[str] = []
        """The transcript with what was done quietly, for whoever looks for the cause of a failure."""
        self.step: list[str] = []
        """The commands of the last step."""

    # What the operator does, and what happens meanwhile.

    def do(
        self, *argv: str, status: int | None = 0, says: str | Sequence[str] | None = None, typed: str | None = None
    ) -> Outcome:
        """Run an operator's command to its end, with this status (any if None), and see what it says.

        ``says`` has a part of each line, those of stdout first; a text alone stands for one line. With ``typed`` it is
        run at a terminal, where somebody types that.
        """
        self.write("$ " + " ".join(argv))
        self.step = []
        outcome = self.host.run(*argv, typed=typed)
        self.host.advance(0)
        self.take()
        self.check(" ".join(argv), outcome, status, says)
        return outcome

    def hivectl(
        self, *words: str, status: int | None = 0, says: str | Sequence[str] | None = None, typed: str | None = None
    ) -> Outcome:
        """Run the operator's command."""
        return self.do(HIVECTL, *words, status=status, says=says, typed=typed)

    def tells(self, name: str, *says: str, status: int = 0) -> None:
        """What hivectl status says of what a guest does; what it is comes beside it, and is no matter."""
        outcome = self.hivectl("status", name, status=None)
        lines = [line for line in outcome.out.splitlines(True) if not line.startswith(DEFINITION)]
        self.expect(f"hivectl status {name}", replace(outcome, out="".join(lines)), status, says)

    def service(
        self, verb: str, *names: str, status: int | None = 0, says: str | Sequence[str] | None = None
    ) -> Outcome:
        """Run the rc.d service as service(8) does."""
        return self.do("service", "hivewright", verb, *names, status=status, says=says)

    def spawn(self, name: str, *argv: str) -> None:
        """Start a command beside others; ``join`` waits for its end."""
        self.write(f"$ {' '.join(argv)} &")
        self.step = []
        self.host.spawn(*argv, name=name)

    def join(self, name: str, status: int | None = 0, says: str | Sequence[str] | None = None) -> Outcome:
        """Wait for a command that was started beside others; what ran meanwhile belongs to the step of its start."""
        outcome = self.host.wait(name)
        self.take()
        self.say(name)
        self.check(name, outcome, status, says)
        return outcome

    def wait(self, seconds: float) -> None:
        """Let the clock run."""
        self.say(f"{seconds:g} seconds pass")
        self.step = []
        self.host.advance(seconds)
        self.take()

    def sh(self, script: str) -> None:
        """What an administrator does, which is no matter of the transcript."""
        outcome = self.host.run("/bin/sh", "-c", script)
        assert outcome.status == 0, (script, outcome)
        self.quietly()

    def up(self, *names: str) -> None:
        """Start guests without writing it down: how a start goes is another scenario's matter."""
        for name in names:
            outcome = self.host.run(HIVECTL, "start", name)
            assert outcome.status == 0, outcome
        self.host.advance(0)
        self.quietly()

    def down(self, *names: str) -> None:
        """Stop guests without writing it down, and make sure that nothing is left of them."""
        for name in names:
            outcome = self.host.run(HIVECTL, "stop", name)
            assert outcome.status == 0, outcome
        self.quietly()
        self.nothing_left()

    def made(self, *names: str) -> None:
        """Let the disks of guests be made: how that goes is another scenario's matter."""
        for name in names:
            self.up(name)
            self.down(name)

    def guest(self, name: str, *runs: dict[str, Any]) -> None:
        """Say what the guest does in its next runs (``world.Behaviour``)."""
        self.host.guest(name, *runs)

    def kill(self, *targets: str) -> None:
        """SIGKILL to processes, all of which must be there."""
        for target in targets:
            assert self.host.call("kill", target=target), f"no {target} is there to be killed"

    # The transcript.

    def text(self) -> str:
        """The transcript so far."""
        return "\n".join(self.lines) + "\n"

    def write(self, *lines: str) -> None:
        """Add lines to the transcript."""
        self.lines.extend(lines)
        self.everything.extend(lines)

    def take(self) -> None:
        """Write down the commands that ran; they belong to the step."""
        for line in map(nameless, self.host.transcript()):
            command = line.split(maxsplit=2)[2].replace("  = ", " = ")
            if not command.startswith(NOISE):
                self.write(line)
                self.step.append(command)

    def quietly(self) -> None:
        """Forget the commands so far: they are another scenario's matter."""
        self.everything.extend(f"({nameless(line)})" for line in self.host.transcript())
        self.step = []

    def say(self, text: str) -> None:
        """Write a line for the reader of the transcript."""
        self.write(f"# {text}")

    def result(self, outcome: Outcome) -> None:
        """Write down how a command ended."""
        for mark, said in ((">", outcome.out), ("!", outcome.err)):
            self.write(*(f"{mark} {nameless(line)}" for line in said.splitlines()))
        self.write(f"= {outcome.status}")

    def show(self, *starts: str) -> list[str]:
        """Write down what there is on the host, or only the lines that begin so; returns them."""
        found = self.state(*starts)
        self.write("-- state", *(f"   {line}" for line in found))
        return found

    # What must be true.

    def check(self, what: str, outcome: Outcome, status: int | None, says: str | Sequence[str] | None) -> None:
        """Write down how a command ended; it must be so, and say this."""
        self.result(outcome)
        self.expect(what, outcome, status, says)

    def expect(self, what: str, outcome: Outcome, status: int | None, says: str | Sequence[str] | None) -> None:
        """The end of a command must be so, and say this."""
        said = [nameless(line) for line in (outcome.out + outcome.err).splitlines()]
        assert outcome.status is not None, f"{what} hangs{bulleted(said)}"
        assert status in (None, outcome.status), f"{what} ended with {outcome.status}, not {status}{bulleted(said)}"
        if says is not None:
            wanted = [says] if isinstance(says, str) else says
            for part, line in zip_longest(wanted, said):
                assert part is not None, f"{what} says, which nobody expects: {line}"
                assert line is not None, f"{what} does not say: {part}{bulleted(said)}"
                assert part in line, f"{what} says: {line}\nexpected: {part}"

    def order(self, *patterns: str) -> None:
        """Of the commands of the last step, those that match any of the patterns ran in this order, and no others."""
        found = [text for text in self.step if any(matches(pattern, text) for pattern in patterns)]
        for number, (pattern, text) in enumerate(zip_longest(patterns, found), 1):
            where = f"command {number} of{bulleted(found)}"
            assert pattern is not None, f"ran besides: {text}\n{where}"
            assert text is not None, f"did not run: {pattern}\n{where}"
            assert matches(pattern, text), f"expected: {pattern}\nran: {text}\n{where}"

    def ran(self, pattern: str) -> int:
        """This ran in the last step, whenever; returns how often."""
        times = sum(matches(pattern, text) for text in self.step)
        assert times, f"did not run: {pattern}{bulleted(self.step)}"
        return times

    def never(self, *patterns: str) -> None:
        """None of these ran in the last step."""
        for text in self.step:
            assert not any(matches(pattern, text) for pattern in patterns), f"ran, and should not: {text}"

    def nothing_ran(self) -> None:
        """The last step took no command at all."""
        assert not self.step, f"ran, and should not:{bulleted(self.step)}"

    def state(self, *starts: str) -> list[str]:
        """What there is on the host, or only the lines that begin so."""
        return [nameless(line) for line in self.host.state() if not starts or line.startswith(starts)]

    def names(self, kind: str) -> list[str]:
        """The names of what there is of a kind: interface, guest, context, volume, …"""
        return [line.split()[1].strip(",:") for line in self.state(f"{kind} ")]

    def has(self, *patterns: str) -> None:
        """There is all of this on the host."""
        found = self.state()
        for pattern in patterns:
            kind = pattern.split()[0]
            there = bulleted([line for line in found if line.startswith(kind)])
            assert any(matches(pattern, line) for line in found), f"is not there: {pattern}{there}"

    def members(self, bridge: str) -> list[str]:
        """The members of a bridge, as the state shows them: ``ix0``, ``tap-web1-lan private``."""
        (line,) = self.state(f"interface {bridge},")
        return [word.removeprefix("member ") for word in line.split(", ") if word.startswith("member ")]

    def phase(self, name: str) -> str:
        """The phase the runtime wrote down, and why: ``stopped: a stop was asked for``."""
        phase, _, reason = self.host.path(f"/var/run/hivewright/{name}/phase").read_text().strip().split(" ", 2)
        return f"{phase}: {nameless(reason)}"

    def status(self, name: str) -> str:
        """The phase alone."""
        return self.phase(name).partition(":")[0]

    def log(self, name: str) -> str:
        """What the log of a guest says."""
        return self.host.path(f"/var/log/hivewright/{name}.log").read_text()

    def nothing_left(self, but: str | None = None) -> None:
        """Stopped guests left nothing on the host, but lines with this."""
        wrong = [line for line in leftovers(self.host) if but is None or but not in line]
        assert not wrong, f"left on the host:{bulleted(wrong)}"


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
