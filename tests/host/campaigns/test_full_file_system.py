"""Every write below /var finds the file system full once: no disk is lost or taken for whole, no guest runs twice, and
one command restores order when there is space again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from host import former, gone
from host.campaign import steps
from host.golden_image import CONTENT, URLS
from host.play import HIVECTL, leftovers
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]


@dataclass(frozen=True)
class Case:
    """A verb on a guest of a site of scenarios: that of disks unless said otherwise."""

    guest: str
    verb: tuple[str, ...]
    before: tuple[str, ...] = ()
    """Commands that make what the verb finds."""
    site: str = "storage"
    least: int = 1
    """So many writes there are at least; fewer mean that the campaign sees none of them."""
    lasts: int = 5
    """Writes count for so many seconds after the verb."""

    def __str__(self) -> str:
        return " ".join(self.verb)


FORGET = (
    "for vm in copy1 thick1 {0}; do hivectl stop $vm; done >/dev/null 2>&1; zfs destroy -r zroot/vms/{0} 2>/dev/null;"
    " zfs destroy -r zroot/vms/copy1 2>/dev/null; zfs destroy -r zroot/vms/Images 2>/dev/null;"
    " rm -rf /var/db/hivewright/* /var/cache/hivewright /var/run/hivewright/{0} /srv/vms"
)
"""Everything that earlier rounds made."""
LEFT = (
    "cp /etc/host.conf.whole /usr/local/etc/hivewright/host.conf 2>/dev/null ||"
    " cp /usr/local/etc/hivewright/host.conf /etc/host.conf.whole",
    "hivectl provision copy1",
    "grep -v '^vm copy1 ' /etc/host.conf.whole >/usr/local/etc/hivewright/host.conf",
)
"""copy1 has left the site, and its disk is there."""
MEDIA = ("/srv/iso/base.iso", "/srv/iso/bsd.iso")
CASES = [
    Case("copy1", ("start", "copy1"), least=35),
    Case("file1", ("start", "file1"), least=30),
    Case("clone1", ("start", "clone1"), least=38),
    Case("thick1", ("provision", "thick1"), least=13),
    Case(
        "thick1",
        ("provision", "--recreate", "root", "thick1"),
        ("hivectl provision thick1", "zfs destroy zroot/vms/thick1/root"),
        least=2,
    ),
    Case(
        "thick1",
        ("provision", "--adopt", "thick1"),
        (
            "hivectl provision thick1",
            "rm /var/db/hivewright/thick1/disks; echo another >/var/db/hivewright/thick1/guest",
            "zfs set hivewright:guest=another zroot/vms/thick1/root",
        ),
        least=4,
    ),
    Case("copy1", ("start", "copy1"), ("hivectl start copy1", "hivectl stop copy1"), least=10),
    Case("copy1", ("stop", "copy1"), ("hivectl start copy1",), least=5),
    Case("thick1", ("disk", "grow", "thick1", "root", "1536M"), ("hivectl provision thick1",)),
    Case("thick1", ("disk", "attach", "thick1", "copy1/root"), LEFT, least=4),
    Case(
        "thick1",
        ("disk", "detach", "thick1", "copy1/root"),
        (*LEFT, "hivectl disk attach thick1 copy1/root"),
        least=1,
    ),
    Case(
        "thick1",
        ("disk", "destroy", "--confirm", "thick1/data", "thick1", "data"),
        ("hivectl provision thick1", "mv /usr/local/etc/hivewright/vms/thick1/start /tmp/start || true"),
        least=1,
    ),
    Case("db1", ("snapshot", "db1", "one"), ("hivectl start db1", "sleep 20"), site="agent", least=2),
    Case(
        "db1",
        ("rollback", "--yes", "db1", "one"),
        ("hivectl start db1", "hivectl stop db1", "hivectl snapshot db1 one"),
        site="agent",
        least=2,
    ),
    Case("copy1", ("start", "copy1"), ("hivectl start web1", "hivectl stop web1"), least=10, site="copied"),
    Case(gone.VM, ("remove", "--yes", gone.VM), gone.MAKE, least=2, site="removed"),
    Case(
        "bsd2",
        ("start", "bsd2"),
        ("mkdir -p /srv/iso", *(f"echo medium >{path}" for path in MEDIA)),
        site="installs",
        least=20,
        lasts=60,
    ),
    Case(former.NEW, ("start", former.NEW), former.MAKE, least=15, site="renamed"),
]
"""Those that make and lose disks; ``hivectl`` is written for its path."""


def sh(host: Host, *script: str) -> Outcome:
    return host.run("/bin/sh", "-c", "; ".join(script).replace("hivectl", HIVECTL))


def filled_at_each_write(host: Host, case: Case, count: int) -> Iterator[tuple[int, Outcome, list[str]]]:
    """Do the verb again and again, and let the first, second, … write fail until there is none."""
    forgets = {"renamed": f"hivectl stop {case.guest}; {former.FORGET}", "removed": gone.FORGET}
    forget = forgets.get(case.site, FORGET.format(case.guest))
    for number in steps(200, case.verb, count):
        prepared = sh(host, forget, "set -e", *case.before)
        assert prepared.status == 0, prepared
        host.guest("bsd2", {"end": "poweroff", "after": 50}, {}, {})
        host.call("fill_at", write=number, count=count)
        outcome = host.run(HIVECTL, *case.verb)
        host.advance(case.lasts)
        met = host.call("writes")
        host.call("fill_at", write=0)
        if len(met) < number:
            assert outcome.status == 0, outcome
            assert number > case.least, f"only {number - 1} writes: {met}"
            print(f"{case}: at most {number - 1} writes met a full file system")
            return
        yield number, outcome, met
    raise AssertionError("there is no end of writes")


def state_of(host: Host, kind: str) -> list[str]:
    return [line for line in host.state() if line.startswith(f"{kind} ")]


def is_filled(host: Host, where: str) -> None:
    """The disks of guests that were to be filled from an image are."""
    for line in state_of(host, "volume"):
        if "/copy1/" in line or "/clone1/" in line:
            assert CONTENT in line, f"{where}\n{line}"


def is_listed(host: Host, guest: str, where: str) -> None:
    """What the host knows of a guest's disks is what there is, so none is lost."""
    there = {line.split()[1] for line in state_of(host, "volume") if line.split()[1].startswith(f"zroot/vms/{guest}/")}
    there |= {f"/{path.relative_to(host.path('/'))}" for path in host.path(f"/srv/vms/{guest}").glob("*.img")}
    rows = sh(host, f"hivectl disk list {guest}").out.splitlines()[1:]
    listed = {row.split()[-1] for row in rows if row.startswith(f"{guest}/")}
    assert listed == there, f"{where}\n{rows}"


def has_media(host: Host, guest: str) -> bool:
    """Whether it runs with all media of its installer; never with a part of them."""
    text = host.path(f"/var/run/hivewright/{guest}/words").read_text()
    found = [path for path in MEDIA if path in text]
    assert found in ([], [*MEDIA]), text
    return bool(found)


def is_installed_once(host: Host, guest: str, where: str, *, ended: bool) -> None:
    """Whoever ended its installer boots its disk from then on; where the start failed, the next one installs it."""
    for installs in (False,) if ended else (True, False):
        assert sh(host, f"hivectl start {guest}").status == 0, where
        assert has_media(host, guest) == installs, where
        host.advance(60)
        assert state_of(host, "guest") == ([] if installs else [f"guest {guest}"]), where


ROUNDS = [(case, "dash", 1) for case in CASES]
ROUNDS += [(case, "lksh", 0) for case in CASES]
ROUNDS += [(CASES[0], "busybox", 1), (CASES[1], "bash", 0), (CASES[2], "bash", 1)]
"""One shell meets a full file system once at each write, another one from each on; the others do so in a few cases."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "shell", "count"),
    ROUNDS,
    ids=[f"{shell}-{'once' if count else 'from then on'}-{case}" for case, shell, count in ROUNDS],
)
def test_a_full_file_system_loses_nothing(case: Case, shell: str, count: int, open_site: Callable[..., Host]) -> None:
    host = open_site(SCENARIOS / case.site, "alpha", shell, counted=True, urls=URLS)
    host.guest("db1", *[{"agent": 5}] * 500)
    for number, outcome, met in filled_at_each_write(host, case, count):
        where = f"write {number}, {met[number - 1]}: {outcome}\n" + "\n".join(host.transcript()[-40:])
        assert outcome.status is not None, where
        guests = state_of(host, "guest")
        assert len(guests) <= 1, where
        host.advance(70 if case.site == "agent" else 0)
        assert not [line for line in state_of(host, "guest") if "frozen" in line], where
        if guests:
            is_filled(host, where)
        if case.site == "removed":
            again = host.run(HIVECTL, *case.verb)
            assert again.status == 0 or "has nothing of it" in again.err, f"{where}\n{again}"
            assert not gone.left(host), f"{where}\n{gone.left(host)}"
            continue
        if case.site == "installs":
            is_installed_once(host, case.guest, where, ended=outcome.status == 0)
        if outcome.status and case.verb[0] in ("provision", "disk", "snapshot", "rollback"):
            again = host.run(HIVECTL, *case.verb)
            assert again.status == 0, f"{where}\n{again}"
        if "destroy" not in case.verb:
            again = sh(host, f"hivectl start {case.guest}")
            assert again.status == 0, f"{where}\n{again}"
            assert state_of(host, "guest") == [f"guest {case.guest}"], where
            is_filled(host, where)
        is_listed(host, case.guest, where)
        assert case.site != "renamed" or not former.lost(host), f"{where}\n{former.lost(host)}"
        ended = sh(host, f"hivectl stop {case.guest}")
        assert ended.status == 0, f"{where}\n{ended}"
        assert leftovers(host) == [], where
