"""Each external command of a verb fails once: what is told as success is one, no guest runs twice, no disk is lost, and
one command restores order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from host import former, gone
from host.build import SITE
from host.campaign import steps
from host.golden_image import CONTENT, URLS
from host.play import HIVECTL, leftovers
from host.sandbox import SHELLS, Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

STORAGE, AGENT = SCENARIOS / "storage", SCENARIOS / "agent"
DELETE = "snapshot --delete --yes {} one"
MADE = "hivectl start db1; hivectl stop db1; hivectl snapshot db1 one; zfs snapshot zroot/vms/db1/root@new"
FORGET = (
    "hivectl stop {0} >/dev/null; ifconfig br-lan destroy; ifconfig br-inner destroy; zfs destroy -r zroot/vms/{0};"
    "zfs destroy -r zroot/vms/Images; rm -rf /var/db/hivewright/* /var/cache/hivewright /var/run/hivewright /srv/vms"
)
"""Everything that earlier rounds made."""
FIRST = ((SITE, "web1", "start", ""), (STORAGE, "copy1", "start", ""), (STORAGE, "clone1", "start", ""))
RENAMED = SCENARIOS / "renamed"
FORMER = "; ".join((former.FORGET, "set -e", *former.MAKE))
COPIED = SCENARIOS / "copied"
SOURCE = (
    "hivectl start web1; hivectl stop web1; rm -rf /srv/vms/copy1 /var/db/hivewright/copy1;"
    "printf old | dd of=/srv/vms/web1/root.img conv=notrunc 2>/dev/null"
)
OTHERS = (
    (COPIED, "copy1", "start", SOURCE),
    (RENAMED, former.NEW, "start", FORMER),
    (SITE, "web1", "stop", "hivectl start web1"),
    (SITE, "web1", "restart", "hivectl start web1"),
    (STORAGE, "thick1", "provision", ""),
    (SITE, "web1", "pause", "hivectl start web1"),
    (AGENT, "db1", "snapshot {} one", "hivectl start db1"),
    (AGENT, "db1", "rollback --yes {} one", MADE),
    (AGENT, "db1", DELETE, f"{MADE}; hivectl start db1"),
    (AGENT, "web1", "stop", "hivectl start web1"),
    (SITE, "web1", "poweroff", "hivectl start web1"),
)
CASES = [
    *(pytest.param("dash", *case, id=f"dash-{case[2]}-{case[1]}") for case in (*FIRST, *OTHERS)),
    *(
        pytest.param(shell, *case, id=f"{shell}-{case[2]}-{case[1]}")
        for shell in SHELLS
        if shell != "dash"
        for case in (FIRST[0], OTHERS[2])
    ),
]
"""Shell, site, guest, verb, and what comes before; a verb with more words has {} for the guest."""
KEEPS_IT = ("start", "restart", "pause", "snapshot")
"""Verbs after which the guest runs."""


def sh(host: Host, script: str) -> Outcome:
    return host.run("/bin/sh", "-c", script.replace("hivectl", HIVECTL))


def failing(host: Host, guest: str, verb: str, before: str) -> Iterator[tuple[str, Outcome]]:
    """Do the verb again and again, and let the first, second, … command fail until there is none."""
    for number in steps(100, guest, verb):
        sh(host, FORGET.format(guest))
        prepared = sh(host, before or "true")
        assert prepared.status == 0, prepared
        host.advance(10)
        host.transcript()
        host.call("fail_at", command=number)
        outcome = host.run(HIVECTL, *(verb if "{}" in verb else verb + " {}").format(guest).split())
        host.advance(1)
        failed = host.call("failed")
        if not failed:
            print(f"{verb} {guest}: at most {number - 1} commands failed")
            assert number > 1
            return
        yield f"command {number}: {failed}", outcome
    raise AssertionError("there is no end of commands")


def guests(host: Host) -> list[str]:
    return [line for line in host.state() if line.startswith("guest ")]


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "site", "guest", "verb", "before"), CASES)
def test_a_failing_command_is_told_or_no_matter(
    shell: str, site: object, guest: str, verb: str, before: str, open_site: Callable[..., Host]
) -> None:
    host = open_site(site, "alpha", shell, urls=URLS)
    for name in ("db1", "web1") if site == AGENT else ():
        host.guest(name, *[{"agent": 5}] * 500)
    for failed, outcome in failing(host, guest, verb, before):
        where = f"{failed}: {outcome}\n" + "\n".join(host.transcript()[-40:])
        assert outcome.status is not None, where
        host.advance(70 if "{}" in verb else 0)
        wanted = [f"guest {guest}"] if verb.split()[0] in KEEPS_IT else []
        assert outcome.status != 0 or guests(host) == wanted, where
        if verb.startswith("rollback") and outcome.status:
            again = sh(host, "hivectl rollback --yes db1 one")
            assert again.status == 0, f"{where}\n{again}"
        if verb == DELETE:
            left = [line for line in host.state() if line.startswith("snapshot") and "@one " in line]
            assert outcome.status or not left, where
            again = sh(host, f"hivectl {verb.format(guest)}")
            assert again.status == (0 if left else 1), f"{where}\n{again}"
        assert len([line for line in host.state() if line.startswith("snapshot") and "@one " in line]) in (0, 2), where
        again = sh(host, f"hivectl start {guest}")
        host.advance(5)
        assert again.status == 0, f"{where}\n{again}"
        assert guests(host) == [f"guest {guest}"], where
        assert site != COPIED or host.path("/srv/vms/copy1/root.img").read_text().startswith("old"), where
        assert site != RENAMED or not former.lost(host), f"{where}\n{former.lost(host)}"
        for line in host.state():
            if line.startswith((f"volume zroot/vms/{guest}/", "volume zroot/vms/Images")) and guest in (
                "copy1",
                "clone1",
            ):
                assert CONTENT in line, f"{where}\n{line}"
        ended = sh(host, f"hivectl stop {guest}")
        assert ended.status == 0, f"{where}\n{ended}"
        assert leftovers(host) == [], where


@pytest.mark.slow
def test_a_command_that_fails_while_a_guest_is_removed_leaves_it_listed(open_site: Callable[..., Host]) -> None:
    """A failure is told, and a second removal does the rest; nothing of another guest is gone."""
    host = open_site(SCENARIOS / "removed", "alpha", "dash")
    made = "; ".join((gone.FORGET, "set -e", *gone.MAKE))
    for failed, outcome in failing(host, gone.VM, "remove --yes", made):
        where = f"{failed}: {outcome}\n" + "\n".join(host.transcript()[-40:])
        if outcome.status == 0:
            assert not gone.left(host), where
            continue
        assert outcome.err, where
        again = sh(host, f"hivectl remove --yes {gone.VM}")
        assert again.status == 0, f"{where}\n{again}"
        assert not gone.left(host), f"{where}\n{gone.left(host)}"
