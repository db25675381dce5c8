"""Whatever fails, is killed or finds no space while ``hivectl rename`` gives a guest what it had under its former
name: nothing of it is lost or made anew, and the same again, or a start, does the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host import former
from host.meeting import TROUBLES, meeting
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]


@pytest.mark.slow
@pytest.mark.parametrize("then", ["rename", "start"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_a_renaming_that_meets_trouble(shell: str, trouble: str, then: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "renamed", "alpha", shell, counted=trouble == "full")
    verb = ("rename", former.OLD, former.NEW)

    def prepare() -> None:
        script = "; ".join((former.FORGET, "set -e", *former.MAKE))
        assert host.run("/bin/sh", "-c", script).status == 0

    for status in meeting(host, trouble, verb, prepare, "session victim"):
        where = f"{status}\n" + "\n".join(host.transcript())
        assert status != 0 or not former.lost(host), f"{where}\n{former.lost(host)}"
        again = host.run(HIVECTL, *(verb if then == "rename" else ("start", former.NEW)))
        assert again.status == 0, f"{where}\n{again}"
        assert not former.lost(host), f"{where}\n{former.lost(host)}"
        if then == "start":
            assert host.run(HIVECTL, "stop", former.NEW).status == 0, where
