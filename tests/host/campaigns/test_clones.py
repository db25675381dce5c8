"""Whatever fails, is killed or finds no space while a guest is cloned by ``hivectl clone``: the other guest keeps what
it has, no disk of the clone is anything else than a whole one, and the same again makes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.golden_image import CONTENT, URLS
from host.meeting import TROUBLES, meeting
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

OLD, NEW = "copy1", "snap1"
ORIGIN = f"zroot/vms/{OLD}/root"
GIGABYTE = 1 << 30
WHOLE = {
    f"zroot/vms/{NEW}/data": f"{GIGABYTE} {CONTENT} clone of {ORIGIN}@v1",
    f"zroot/vms/{NEW}/root": f"{GIGABYTE * 3 // 2} {CONTENT} clone of {ORIGIN}@v1",
}
FORGET = f"zfs destroy -r zroot/vms/{NEW}; zfs destroy {ORIGIN}@v1; rm -rf /var/db/hivewright/{NEW}"


def volumes(host: Host) -> dict[str, str]:
    """Volume -> its size, content and origin."""
    lines = [line.split(" ", 2) for line in host.state() if line.startswith("volume ")]
    return {name: rest for _, name, rest in lines}


def unfinished(host: Host) -> set[str]:
    """Volumes that say themselves that they are not whole yet."""
    rows = host.run("/sbin/zfs", "list", "-H", "-t", "volume", "-o", "name,hivewright:filling").out.splitlines()
    return {row.split()[0] for row in rows if row.split()[1] != "-"}


@pytest.mark.slow
@pytest.mark.parametrize("runs", [False, True], ids=["off", "running"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shell", ["dash", "lksh"])
def test_a_clone_that_meets_trouble(shell: str, trouble: str, runs: bool, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / "storage", "alpha", shell, urls=URLS, counted=trouble == "full")
    assert host.run(HIVECTL, "start", OLD).status == 0
    if not runs:
        assert host.run(HIVECTL, "stop", OLD).status == 0
    before = volumes(host)

    def prepare() -> None:
        host.run("/bin/sh", "-c", FORGET)
        assert volumes(host) == before

    for status in meeting(host, trouble, ("clone", OLD, NEW), prepare, "session victim"):
        where = f"{status}: {volumes(host)}\n" + "\n".join(host.transcript())
        there = volumes(host)
        assert {name: there[name] for name in before} == before, where
        made = {name: what for name, what in there.items() if name not in before}
        half = unfinished(host)
        assert all(name in half or what == WHOLE[name] for name, what in made.items()), where
        assert status != 0 or made == WHOLE, where
        again = host.run(HIVECTL, "clone", OLD, NEW)
        assert again.status == 0, f"{where}\n{again}"
        assert volumes(host) == {**before, **WHOLE}, where
        assert not unfinished(host), where
    assert ("guest copy1" in host.state()) == runs
