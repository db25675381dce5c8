"""A command that meets trouble at each of its steps: it fails there, is killed, or finds no space."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from host.campaign import steps
from host.play import HIVECTL
from host.sandbox import Host

TROUBLES = ("failure", "kill", "full")
NEVER = 1_000_000


class Trouble:
    """A kind of it, which one step of what a host does meets."""

    def __init__(self, host: Host, kind: str, *victims: str) -> None:
        self.host, self.kind, self.victims = host, kind, victims
        self.executed = 0

    def meet(self, number: int) -> None:
        """The step of this number from now on meets it."""
        self.executed = self.host.call("executed")
        if self.kind == "failure":
            self.host.call("fail_at", command=number)
        elif self.kind == "kill":
            self.host.call("kill_after", count=number, targets=[*self.victims])
        else:
            self.host.call("fill_at", write=number, count=1)

    def met(self, number: int) -> str:
        """Which step it was, empty where there was none; no later one meets anything."""
        if self.kind == "failure":
            return str(self.host.call("failed"))
        if self.kind == "kill":
            ran = self.host.call("executed") - self.executed
            self.host.call("kill_after", count=NEVER, targets=[])
            return f"command {number}" if ran >= number else ""
        writes = self.host.call("writes")
        self.host.call("fill_at", write=0)
        return str(writes[number - 1]) if len(writes) >= number else ""


def meeting(
    host: Host,
    trouble: str,
    words: tuple[str, ...],
    prepare: Callable[[], None],
    *victims: str,
    lasting: float = 0,
) -> Iterator[int | None]:
    """Run a command again and again, and let its first, second, … step meet trouble until there is no step left:
    how it ended each time. Those who are killed are the command itself, or others by their names; steps of these count
    for so many seconds after the end of the command."""
    what = Trouble(host, trouble, *(victims or ["operator victim"]))
    for number in steps(60, trouble, *words):
        prepare()
        host.transcript()
        what.meet(number)
        host.spawn(HIVECTL, *words, name="victim")
        status = host.wait("victim").status
        host.advance(lasting)
        met = what.met(number)
        host.advance(30)
        yield status
        if not met:
            print(f"{trouble} {' '.join(words)}: {number - 1} steps met it")
            assert number > 1
            return
    raise AssertionError("there is no end of steps")
