"""Hosts with the files of a release, to which those of another one come; what tests of that ask and say.

The release before this one made tests/sites/upgrade/before.tar.xz, whose scripts are for the runtime of ABI 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from projects import CHECKOUT

from .play import HIVECTL, leftovers, nameless
from .san import OPEN, TARGETS
from .sandbox import SHELLS, Host

SITE = CHECKOUT / "tests" / "sites" / "upgrade"
SETTINGS = {"pci": {"3/0/1": "mpr1"}, "modules": ["vmm"], "targets": {OPEN: TARGETS[OPEN]}, "volmode_race": "late"}
GUESTS = ("db1", "gpu1", "san1", "web1")
NEXT = "/.linux/next"
"""Where the files of the later release lie until they are laid over the others."""

STEPS = 100
RELEASES = ("before", "this")
"""Whose files are replaced: those of the release before by those of this one, or these by those of a later one."""

WAYS = [pytest.param(False, id="rename"), pytest.param(True, id="in-place")]
EACH_SHELL = [pytest.param(shell, marks=[] if shell == "dash" else [pytest.mark.slow]) for shell in SHELLS]

Open = Callable[..., Host]


def hivectl(host: Host, *words: str) -> str:
    outcome = host.run(HIVECTL, *words)
    assert outcome.status == 0, (words, outcome, report(host))
    return outcome.out


def report(host: Host) -> str:
    """The last commands, for the message of a failure."""
    return "\n".join(host.transcript()[-40:])


def lay(host: Host, in_place: bool, command: int = 1) -> None:
    """Lay the next release over this one at a command from now on; the first runs now."""
    host.call("lay_at", command=command, source=NEXT, in_place=in_place)
    if command == 1:
        host.run("true")


def hooks(host: Host, name: str = "web1") -> list[str]:
    """The moments of the hooks that ran, in order."""
    path = host.path("/tmp/hooks")
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split()[1] for line in lines if line.startswith(f"{name} ")]


def states(host: Host) -> dict[str, str]:
    """Each guest's state, as list shows it."""
    return {row.split()[0]: row.split()[1] for row in hivectl(host, "list").splitlines()[1:]}


def supervisors(host: Host) -> set[str]:
    paths = [host.path(f"/var/run/hivewright/{name}/supervisor") for name in GUESTS]
    return {path.read_text().split()[0] for path in paths if path.exists() and path.read_text().strip()}


def left(host: Host) -> list[str]:
    """What stopped guests left that they must not; db1 keeps its tap."""
    return [line for line in leftovers(host) if "tap-db1-lan" not in line]


def nothing_read_on(host: Host) -> None:
    path = host.path("/tmp/read-on")
    assert not path.exists(), f"read on after their end: {path.read_text()}"


def ends_well(host: Host) -> None:
    """All guests can be stopped, started and stopped again, and nothing is left of them."""
    for verb in ("stop", "start", "stop"):
        hivectl(host, verb, *GUESTS)
        host.advance(10)
        assert set(states(host).values()) == {"running" if verb == "start" else "stopped"}, (verb, report(host))
        if verb == "stop":
            assert left(host) == []
            assert [line for line in host.state() if line.startswith(("session ", "device 3/0/1"))] == [
                "device 3/0/1 mpr1"
            ]
    nothing_read_on(host)


def ran(host: Host) -> Iterator[str]:
    """The commands since the last call that make or undo something, less when they ran."""
    for line in map(nameless, host.transcript()):
        command = line.split(maxsplit=2)[2]
        if command.startswith(("bhyve ", "ifconfig tap", "iscsictl", "devctl", "zfs create", "truncate")):
            yield command
