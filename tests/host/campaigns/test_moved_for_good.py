"""Whatever fails, is killed or finds no space while a host takes in a guest that was moved to it for good: the disks
that were brought stay what they are, and the same again takes them, or the command that it names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.meeting import TROUBLES, meeting
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

PLACE = "zroot/vms/roam1"


def held(host: Host) -> list[str]:
    return [line for line in host.state() if line.startswith(f"volume {PLACE}/")]


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_disks_that_were_brought(shell: str, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "moves", "alpha", shell, counted=trouble == "full")
    brought: list[str] = []

    def prepare() -> None:
        host.run("/bin/sh", "-c", f"zfs destroy -r {PLACE}; rm -rf /var/db/hivewright/roam1")
        script = f"zfs create -p -o volmode=dev {PLACE}; zfs create -V 512M {PLACE}/root"
        assert host.run("/bin/sh", "-c", f"{script}; printf brought | dd of=/dev/zvol/{PLACE}/root").status == 0
        brought[:] = held(host)
        assert "nothing" not in brought[0]

    for status in meeting(host, trouble, ("provision", "roam1"), prepare, "session victim"):
        where = f"{status}: {held(host)}\n" + "\n".join(host.transcript())
        assert held(host) == brought, where
        arrived = host.path("/var/db/hivewright/roam1/came_from")
        assert status != 0 or arrived.read_text() == "beta 2\n", where
        again = host.run(HIVECTL, "provision", "roam1")
        assert status != 0 or again.status == 0, f"{where}\n{again}"
        if "hivectl provision --adopt roam1" in again.err:
            again = host.run(HIVECTL, "provision", "--adopt", "roam1")
        assert again.status == 0, f"{where}\n{again}"
        assert host.run(HIVECTL, "start", "roam1").status == 0, where
        assert host.run(HIVECTL, "stop", "roam1").status == 0, where
        assert held(host) == brought, where
