"""Whatever fails, is killed or finds no space while a volume is copied in full: the copy has no disk's name before it
is whole, the same again makes it, and what it is a copy of stays what it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.meeting import TROUBLES, meeting
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

ORIGIN, COPY = "zroot/vms/web2/root", "zroot/vms/full1/root"


def volumes(host: Host) -> dict[str, list[str]]:
    """Volume -> its size and content."""
    lines = [line.split() for line in host.state() if line.startswith("volume ")]
    return {line[1]: line[2:4] for line in lines}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_a_full_copy_that_meets_trouble(shell: str, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "copied", "alpha", shell, counted=trouble == "full")
    host.guest("web2", {"writes": 1})
    assert host.run(HIVECTL, "start", "web2").status == 0
    host.advance(5)
    assert host.run("/sbin/zfs", "snapshot", f"{ORIGIN}@v1").status == 0
    assert host.run(HIVECTL, "stop", "web2").status == 0
    origin = volumes(host)[ORIGIN]
    whole = [str(1 << 30), origin[1]]

    def prepare() -> None:
        host.run("/bin/sh", "-c", "zfs destroy -r zroot/vms/full1; rm -rf /var/db/hivewright/full1")

    for status in meeting(host, trouble, ("provision", "full1"), prepare, "session victim"):
        there = volumes(host)
        where = f"{status}: {there}\n" + "\n".join(host.transcript())
        assert there.get(COPY, whole) == whole, where
        assert there[ORIGIN] == origin, where
        again = host.run(HIVECTL, "provision", "full1")
        assert again.status == 0, f"{where}\n{again}"
        assert volumes(host) == {ORIGIN: origin, COPY: whole}, where
        assert not any(f"snapshot {COPY}" in line for line in host.state()), where
