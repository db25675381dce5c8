"""What is done to guests, networks and disks from outside meets a command that fails, a kill and a full file system
at each step: the same command again has what it promises, and a stop leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from host.build import SITE
from host.golden_image import URLS
from host.meeting import TROUBLES, meeting
from host.play import HIVECTL, leftovers
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

EVENTS, STORAGE = SCENARIOS / "events", SCENARIOS / "storage"
VOLUME = "volume zroot/vms/thick1/root "
FORGET = (
    "hivectl stop thick1 >/dev/null 2>&1; cp /etc/host.conf.whole /usr/local/etc/hivewright/host.conf 2>/dev/null ||"
    " cp /usr/local/etc/hivewright/host.conf /etc/host.conf.whole;"
    " zfs destroy -r zroot/vms/thick1 2>/dev/null; zfs destroy -r zroot/vms/copy1 2>/dev/null;"
    " rm -rf /var/db/hivewright/* /srv/vms; set -e; hivectl provision thick1"
)
LEFT = (
    f"{FORGET}; hivectl provision copy1; grep -v '^vm copy1 ' /etc/host.conf.whole >/usr/local/etc/hivewright/host.conf"
)
"""copy1 has left the site, and its disk is there."""


def phase(host: Host, name: str) -> str:
    (row,) = json.loads(host.run(HIVECTL, "status", "--json", name).out)
    return str(row["state"])


def is_in(state: str, name: str = "web1") -> Callable[[Host], bool]:
    return lambda host: phase(host, name) == state


def has_bridge(host: Host) -> bool:
    return any(line.startswith("interface br-lan,") for line in host.state())


def has_volume(*words: str) -> Callable[[Host], bool]:
    return lambda host: any(line.startswith(VOLUME) and set(words) <= set(line.split()) for line in host.state())


def attached(host: Host) -> bool:
    return "copy1" in (host.path("/var/db/hivewright/thick1/attached").read_text())


@dataclass(frozen=True)
class Case:
    """A verb, what comes before it, and what holds when it was done."""

    words: tuple[str, ...]
    before: str
    holds: Callable[[Host], bool]
    site: Path = SITE
    pool: str = ""
    """It comes when all before is done, and was gone then."""


UP = "hivectl start web1"
CASES = {
    "restart": Case(("restart", "web1"), UP, is_in("running")),
    "pause": Case(("pause", "web1"), f"{UP}; hivectl resume web1", is_in("paused")),
    "reset": Case(("reset", "web1"), UP, is_in("running")),
    "nmi": Case(("nmi", "web1"), UP, is_in("running")),
    "network-up": Case(("network", "up"), "hivectl network down", has_bridge),
    "network-down": Case(("network", "down"), "hivectl network up", lambda host: not has_bridge(host)),
    "event-uplink": Case(("event", "uplink", "ix0"), "hivectl network down", has_bridge),
    "event-pool": Case(
        ("event", "pool-arrived", "tank"), "hivectl stop pool1", is_in("running", "pool1"), EVENTS, "tank"
    ),
    "disk-grow": Case(("disk", "grow", "thick1", "root", "1536M"), FORGET, has_volume("1610612736"), STORAGE),
    "disk-attach": Case(("disk", "attach", "thick1", "copy1/root"), LEFT, attached, STORAGE),
    "disk-detach": Case(
        ("disk", "detach", "thick1", "copy1/root"),
        f"{LEFT}; hivectl disk attach thick1 copy1/root",
        lambda host: not attached(host),
        STORAGE,
    ),
    "provision": Case(
        ("provision", "thick1"),
        f"{FORGET}; zfs destroy -r zroot/vms/thick1; rm -rf /var/db/hivewright/*",
        has_volume(),
        STORAGE,
    ),
    "provision-recreate": Case(
        ("provision", "--recreate", "root", "thick1"),
        f"{FORGET}; zfs destroy zroot/vms/thick1/root",
        has_volume(),
        STORAGE,
    ),
    "provision-adopt": Case(
        ("provision", "--adopt", "thick1"),
        f"{FORGET}; rm /var/db/hivewright/thick1/disks; echo another >/var/db/hivewright/thick1/guest;"
        " zfs set hivewright:guest=another zroot/vms/thick1/root",
        has_volume(),
        STORAGE,
    ),
}


WRITE_NOTHING = ("reset", "nmi", "network-down", "event-uplink")


def sh(host: Host, script: str) -> Outcome:
    return host.run("/bin/sh", "-c", script.replace("hivectl", HIVECTL))


def prepared(host: Host, case: Case) -> None:
    """What comes before the verb, whatever an earlier round left."""
    if case.pool:
        host.call("pool", name=case.pool, imported=True)
        assert sh(host, f"hivectl start {case.pool.replace('tank', 'pool1')}").status == 0
        host.advance(5)
    outcome = sh(host, case.before)
    assert outcome.status == 0, outcome
    host.advance(5)
    if case.pool:
        host.call("pool", name=case.pool, imported=False)
        assert sh(host, "hivectl start pool1").status == 1
        host.call("pool", name=case.pool, imported=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "trouble"),
    [each for each in product(CASES, TROUBLES) if each[1] != "full" or each[0] not in WRITE_NOTHING],
)
def test_the_same_command_again_has_what_it_promises(name: str, trouble: str, open_site: Callable[..., Host]) -> None:
    case = CASES[name]
    host = open_site(case.site, "alpha", "dash", counted=trouble == "full", urls=URLS)
    for status in meeting(host, trouble, case.words, lambda: prepared(host, case)):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        assert status is not None, where
        assert status != 0 or case.holds(host), f"said to be done\n{where}"
        again = host.run(HIVECTL, *case.words)
        assert again.status == 0 or case.holds(host), f"{again}\n{where}"
        host.advance(30)
        assert case.holds(host), f"{again}\n{where}"
    assert sh(host, "hivectl stop").status == 0
    assert leftovers(host) == []


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_phase_of_a_guest_that_is_gone_is_corrected(trouble: str, open_site: Callable[..., Host]) -> None:
    """Supervisor, bhyve and context are gone: devd tells that, once more where the first time met trouble."""
    host = open_site(SITE, "alpha", "dash", counted=trouble == "full")

    def prepare() -> None:
        assert sh(host, UP).status == 0
        host.advance(5)
        for target in ("daemon web1", "supervisor web1", "bhyve web1"):
            assert host.call("kill", target=target)
        assert sh(host, "bhyvectl --destroy --vm=web1").status == 0

    words = ("event", "context-destroyed", "vmm/web1")
    for status in meeting(host, trouble, words, prepare):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        assert host.run(HIVECTL, *words).status == 0, where
        assert phase(host, "web1") in ("failed", "stopped" if trouble == "full" else ""), where
        assert sh(host, "hivectl stop web1").status == 0
        assert leftovers(host) == [], where
