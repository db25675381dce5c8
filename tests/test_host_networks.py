"""Networks of each kind on the stand-in host: made, used by two guests, undone, made again.

The guests are those of tests/sites/networks. ``make golden`` writes the transcripts in tests/host/golden anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from host.build import build_tree
from host.play import HIVECTL, Play, leftovers, up
from host.sandbox import SHELLS, Host

GOLDEN = Path(__file__).parent / "host" / "golden"
SITE = Path(__file__).parent / "sites" / "networks"
SHOWN = ("interface", "route", "switch", "node", "guest")
FRAMES = {"net.link.ether.ipfw": "1", "net.link.bridge.ipfw": "1"}
"""The administrator shows frames to ipfw, which rate limits need."""
KINDS = ("routed", "nat", "vale", "netgraph", "vxlan", "slirp", "vlan", "filter")
EVERYDAY = "dash"
OPEN = Callable[..., Host]


@pytest.fixture(scope="session")
def built_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lands at / of the host of tests/sites/networks."""
    return build_tree(tmp_path_factory.mktemp("networks"), site=SITE)


@pytest.fixture
def play(open_host: OPEN, request: pytest.FixtureRequest) -> Play:
    """A host of FreeBSD 15.1 whose uplinks have no addresses."""
    ethers = [f"ix{number}" for number in range(5)]
    shell = getattr(request, "param", EVERYDAY)
    return Play(open_host(shell, release=(15, 1), ethers=ethers, bridges={}, sysctl=FRAMES))


def in_shells(kinds: tuple[str, ...] = KINDS) -> list[object]:
    """Each kind in each shell; every day in one."""
    return [
        pytest.param(kind, shell, id=f"{kind}-{shell}", marks=[] if shell == EVERYDAY else [pytest.mark.slow])
        for kind in kinds
        for shell in SHELLS
    ]


def made_of_ours(host: Host) -> list[str]:
    """What stands on the host for its networks, less what every host has."""
    return [line for line in host.state() if line.startswith(SHOWN) and "guest" not in line]


@pytest.mark.parametrize(("kind", "play"), in_shells(), indirect=["play"])
def test_network_of_a_kind(kind: str, play: Play, snapshot: Snapshot) -> None:
    guests = (f"{kind}-1", f"{kind}-2")
    before = play.host.state()
    assert play.host.run(HIVECTL, "network", "up").status == 0
    play.quietly()
    for name in guests:
        play.hivectl("start", name)
        play.host.advance(10)
    first = play.show(*SHOWN)
    for name in guests:
        play.hivectl("stop", name)
    assert not leftovers(play.host)
    assert play.host.run(HIVECTL, "network", "down").status == 0
    assert made_of_ours(play.host) == [line for line in before if line.startswith(SHOWN)] == []
    play.quietly()
    play.say("undone, and made again")
    up(play, *guests)
    assert play.show(*SHOWN) == first
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), f"network-{kind}.txt")


def test_all_networks_made_and_undone(play: Play, snapshot: Snapshot) -> None:
    play.hivectl("network", "up")
    play.show(*SHOWN)
    play.hivectl("network", "up")
    play.hivectl("network", "down")
    assert made_of_ours(play.host) == []
    play.hivectl("network", "down")
    snapshot.snapshot_dir = GOLDEN
    snapshot.assert_match(play.text(), "network-up-and-down.txt")


@pytest.mark.parametrize("kind", KINDS)
def test_networks_in_use_are_not_touched(kind: str, play: Play) -> None:
    up(play, f"{kind}-1")
    before = play.host.state()
    outcome = play.hivectl("network", "down", status=1)
    assert f"guests use the networks; stop them first: {kind}-1" in outcome.err
    assert play.host.state() == before


def test_networks_of_a_guest_that_left_the_site_are_not_touched(play: Play) -> None:
    up(play, "vale-1")
    conf = play.host.path("/usr/local/etc/hivewright/host.conf")
    conf.write_text("".join(line for line in conf.read_text().splitlines(True) if not line.startswith("vm vale-1 ")))
    before = play.host.state()
    assert "vale-1" in play.hivectl("network", "down", status=1).err
    assert play.host.state() == before


def test_a_routed_tap_outlives_a_reboot_of_its_guest(play: Play) -> None:
    play.guest("routed-1", {"end": "reboot", "after": 100}, {})
    up(play, "routed-1")
    before = play.host.state()
    play.host.advance(105)
    kept = [line for line in play.host.state() if line.startswith(("interface tap", "route"))]
    assert kept == [line for line in before if line.startswith(("interface tap", "route"))]
    assert len(kept) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_that_fails_leaves_nothing(kind: str, play: Play) -> None:
    play.guest(f"{kind}-1", *[{"refuse": "bind: Address already in use"}] * 6)
    assert play.host.run(HIVECTL, "start", f"{kind}-1").status is not None
    play.host.advance(600)
    assert not leftovers(play.host)
    assert not [
        line
        for line in play.host.state()
        if line.startswith("route") or (f"{kind}-1" in line.partition(",")[0] and line.startswith("interface"))
    ]


@pytest.mark.parametrize("kind", ["nat", "routed"])
def test_a_host_that_does_not_forward_is_told(kind: str, play: Play) -> None:
    play.host.run("/bin/sh", "-c", "sysctl net.inet.ip.forwarding=0")
    outcome = play.hivectl("network", "up", status=1)
    assert f"network {kind}: this host does not forward packets" in outcome.err
    up(play, f"{kind}-1")


def test_a_node_that_is_there_is_used_and_kept(play: Play) -> None:
    play.host.path("/tmp/node").write_text("mkpeer . bridge made link2\nname .:made vmsw\n")
    for line in ("kldload ng_socket ng_bridge ng_ether", "ngctl -f /tmp/node"):
        assert play.host.run("/bin/sh", "-c", line).status == 0
    up(play, "netgraph-1", "netgraph-2")
    play.hivectl("stop", "netgraph-1", "netgraph-2")
    play.hivectl("network", "down")
    assert made_of_ours(play.host) == ["node vmsw: "]


def test_an_uplink_that_is_attached_already_is_used_and_kept(play: Play) -> None:
    assert play.host.run("valectl", "-h", "vale0:ix1").status == 0
    play.hivectl("network", "up")
    up(play, "vale-1")
    play.hivectl("stop", "vale-1")
    play.hivectl("network", "down")
    assert made_of_ours(play.host) == ["switch vale0: ix1"]


def test_an_uplink_of_another_switch_is_told(play: Play) -> None:
    assert play.host.run("valectl", "-a", "vale9:ix1").status == 0
    outcome = play.hivectl("network", "up", status=1)
    said = "cannot attach ix1 to vale0: failed to attach vale0:ix1: Device busy (by another switch or program)"
    assert said in outcome.err
    assert [line for line in made_of_ours(play.host) if line.startswith("switch")] == ["switch vale9: ix1"]
