"""A command that meets trouble at each of its steps: it fails there, is killed, or finds no space."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from host.campaign import steps
from host.play import HIVECTL
from host.sandbox import Host

TROUBLES = ("failure", "kill", "full")
NEVER = 1_000_000


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
    for number in steps(60, trouble, *words):
        prepare()
        host.transcript()
        if trouble == "failure":
            host.call("fail_at", command=number)
        elif trouble == "kill":
            host.call("kill_after", count=number, targets=[*victims] or ["operator victim"])
        else:
            host.call("fill_at", write=number, count=1)
        before = host.call("executed")
        host.spawn(HIVECTL, *words, name="victim")
        status = host.wait("victim").status
        host.advance(lasting)
        if trouble == "failure":
            met = bool(host.call("failed"))
        elif trouble == "kill":
            met = host.call("executed") - before >= number
            host.call("kill_after", count=NEVER, targets=[])
        else:
            met = len(host.call("writes")) >= number
            host.call("fill_at", write=0)
        host.advance(30)
        yield status
        if not met:
            print(f"{trouble} {' '.join(words)}: {number - 1} steps met it")
            assert number > 1
            return
    raise AssertionError("there is no end of steps")
