"""Scenarios of ports that are no usual members: span ports, and interfaces of the administrator's."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

from .scenarios import FIRST

MADE = " && ".join(f"ifconfig {tap} create" for tap in ("tap7", "tap8", "tap9"))
CHANGED = [f"ifconfig {tap} {verb}" for tap in ("tap7", "tap8", "tap9") for verb in ("destroy", "name", "down")]


def used_once(play: Play) -> None:
    """Its disk is made, and it ran; the interfaces stay, as does the bridge."""
    play.sh(MADE)
    play.up("own1")
    play.hivectl("stop", "own1")


def span_ports(play: Play, bridge: str) -> list[str]:
    (line,) = play.state(f"interface {bridge},")
    return [word for word in line.split(", ") if word.startswith("span ")]


@scenario()
def span_port(play: Play) -> None:
    """A NIC with span gets copies of all frames and is no member; with its tap the span port is gone."""
    play.made("copy1")
    play.hivectl("start", "copy1")
    play.order("ifconfig tap create name tap-copy1-copy", "ifconfig bridge7 span tap-copy1-copy", "bhyve ... copy1")
    assert span_ports(play, "bridge7") == ["span tap-copy1-copy"]
    assert "tap-copy1-copy" not in play.members("bridge7")
    play.down("copy1")
    assert span_ports(play, "bridge7") == []
    play.nothing_left()


@scenario()
def existing_is_missing(play: Play) -> None:
    """Nobody made the interface: the start says whose it is, and undoes what it did."""
    told = "own1: the interface tap7 of nic alone does not exist; it is yours to make (cloned_interfaces in rc.conf)"
    made = [line.replace("web1", "own1") for line in FIRST]
    play.hivectl("start", "own1", status=1, says=[*made, told])
    play.never("bhyve", "ifconfig tap7 create")
    play.nothing_left()


@scenario()
def existing_is_used(play: Play) -> None:
    """It is used as it is; only its places on bridges, which the start gave it, are taken back."""
    used_once(play)
    before = play.state("interface")
    play.hivectl("start", "own1")
    play.order("ifconfig br-lan span tap9", "ifconfig bridge7 addm tap8 private tap8", "bhyve ... own1")
    assert play.members("bridge7") == ["ix2", "tap8 private"]
    assert span_ports(play, "br-lan") == ["span tap9"]
    play.hivectl("stop", "own1")
    assert play.state("interface") == before
    play.never(*CHANGED)


@scenario()
def existing_was_member(play: Play) -> None:
    """One that the administrator put on the bridge stays there."""
    used_once(play)
    play.sh("ifconfig bridge7 addm tap8 && ifconfig br-lan span tap9")
    play.hivectl("start", "own1")
    play.order("ifconfig bridge7 private tap8", "bhyve ... own1")
    play.hivectl("stop", "own1")
    assert play.members("bridge7") == ["ix2", "tap8 private"]
    assert span_ports(play, "br-lan") == ["span tap9"]


@scenario()
def existing_is_elsewhere(play: Play) -> None:
    """A member of another bridge, and one that is the wrong kind of port: both are said, and nothing is touched."""
    used_once(play)
    play.sh("ifconfig br-lan addm tap8")
    busy = "own1: cannot add tap8 to the bridge bridge7: ifconfig: BRDGADD tap8: Device busy; another bridge has it"
    play.hivectl("start", "own1", status=1, says=busy)
    play.sh("ifconfig br-lan deletem tap8 && ifconfig br-lan addm tap9")
    wrong = "own1: the interface tap9 of nic copy is a member of br-lan and cannot be its span port; take it out "
    play.hivectl("start", "own1", status=1, says=f"{wrong}(ifconfig br-lan deletem tap9)")
    play.sh("ifconfig br-lan deletem tap9 && ifconfig bridge7 span tap8")
    wrong = "own1: the interface tap8 of nic joins is a span port of bridge7 and cannot be a member; take it out "
    play.hivectl("start", "own1", status=1, says=f"{wrong}(ifconfig bridge7 -span tap8)")
    assert play.members("bridge7") == ["ix2"]
    play.never("bhyve")


@scenario()
def existing_is_in_use(play: Play) -> None:
    """Another process has it open: bhyve would fail, and be called crashed."""
    used_once(play)
    play.host.call("interface", name="tap7", opened_by="4242")
    play.hivectl("start", "own1", status=1, says="own1: the interface tap7 of nic alone is in use by process 4242")
    play.never("bhyve")


@scenario()
def existing_after_a_kill(play: Play) -> None:
    """The supervisor is killed: the next stop takes its places on bridges back."""
    used_once(play)
    before = play.state("interface")
    play.up("own1")
    play.kill("daemon own1", "supervisor own1")
    play.hivectl("stop", "own1")
    assert play.state("interface") == before


@scenario()
def bridge_of_existing_made_anew(play: Play) -> None:
    """The bridge was destroyed and made anew while the guest runs: its ports are on it again."""
    play.sh(MADE)
    play.up("own1")
    play.sh("ifconfig br-lan destroy")
    play.hivectl("network", "up")
    assert span_ports(play, "br-lan") == ["span tap9"]
