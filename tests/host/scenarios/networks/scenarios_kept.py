"""Scenarios of persistent taps: they stay with their bridge, are used again, and go when nothing needs them."""

from __future__ import annotations

from host.networks import NETWORKS, SETTINGS, TAPS
from host.play import Play
from host.scenario import scenario

ADD = "ifconfig br-kept addm tap-kept-1-lan private tap-kept-1-lan"


def shown(play: Play, name: str) -> str:
    """The guest's tap as it stands; nothing when it is not there."""
    return next(iter(play.state(f"interface {TAPS[name]},")), "")


def start(play: Play, name: str) -> int:
    """Start it; how often that calls ifconfig."""
    play.hivectl("start", name)
    play.host.advance(10)
    return sum(text.startswith("ifconfig ") for text in play.step)


def stop(play: Play, name: str) -> None:
    """Stop it, which leaves its tap alone."""
    play.hivectl("stop", name)
    play.order(f"bhyvectl --destroy --vm={name}")
    play.never("ifconfig", "route")


def used_once(play: Play, name: str) -> str:
    """A guest ran once; returns its tap as it stands."""
    play.up(name)
    stop(play, name)
    assert shown(play, name)
    return shown(play, name)


@scenario(transcript=True, **SETTINGS)
def taps_stay_and_are_used_again(play: Play) -> None:
    """A stop leaves them, a start takes them, and they go with the networks."""
    play.sh("hivectl network up")
    for name in TAPS:
        play.hivectl("start", name)
        play.host.advance(10)
        play.hivectl("stop", name)
    play.show("interface tap", "interface br-kept", "route")
    play.say("started again, they are used as they are")
    for name in TAPS:
        play.hivectl("start", name)
        play.host.advance(10)
    play.show("interface tap", "interface br-kept", "route")
    for name in TAPS:
        play.hivectl("stop", name)
    play.hivectl("network", "down")
    assert play.state(*NETWORKS) == []


@scenario(**SETTINGS)
def fewer_calls(play: Play) -> None:
    """A start with a tap that stayed calls ifconfig once, a stop never."""
    for name in TAPS:
        first = used_once(play, name)
        assert start(play, name) == 1
        stop(play, name)
        assert shown(play, name) == first


@scenario(**SETTINGS)
def after_a_kill(play: Play) -> None:
    """What supervises a guest is killed: after the next start and stop nothing differs."""
    for name in TAPS:
        first = used_once(play, name)
        for victims in (["supervisor"], ["daemon", "supervisor"]):
            for verb in ("start", "stop"):
                play.up(name)
                play.kill(*(f"{victim} {name}" for victim in victims))
                play.hivectl(verb, name)
                play.host.advance(10)
                if verb == "start":
                    play.hivectl("stop", name)
                assert shown(play, name) == first


@scenario(**SETTINGS)
def destroyed_by_somebody(play: Play) -> None:
    """One that somebody destroyed is made anew."""
    for name, tap in TAPS.items():
        first = used_once(play, name)
        play.sh(f"ifconfig {tap} destroy")
        play.hivectl("start", name)
        play.ran(f"ifconfig tap create name {tap}")
        play.host.advance(10)
        stop(play, name)
        assert shown(play, name) == first


@scenario(**SETTINGS)
def lost_its_bridge(play: Play) -> None:
    """One that was taken out of its bridge gets it back."""
    used_once(play, "kept-1")
    play.sh("ifconfig br-kept deletem tap-kept-1-lan")
    play.hivectl("start", "kept-1")
    play.order(ADD, "bhyve ... kept-1")
    play.never("ifconfig tap create")
    assert play.members("br-kept") == ["tap-kept-1-lan private"]


@scenario(**SETTINGS)
def bridge_made_anew(play: Play) -> None:
    """A bridge that was made anew has its kept taps, whether their guest runs or not."""
    play.up("kept-1")
    for running in (True, False):
        if not running:
            play.host.advance(10)
            play.quietly()
            stop(play, "kept-1")
        play.sh("ifconfig br-kept destroy")
        play.hivectl("network", "up")
        assert play.members("br-kept") == ["tap-kept-1-lan private"]


@scenario(**SETTINGS)
def not_ours(play: Play) -> None:
    """An interface of this name that is not ours is left alone."""
    play.sh("ifconfig tap create name tap-kept-1-lan")
    outcome = play.hivectl("start", "kept-1", status=1)
    assert "exists and is not ours" in outcome.err
    play.never("bhyve", "ifconfig tap-kept-1-lan destroy")
    assert shown(play, "kept-1")


@scenario(**SETTINGS)
def not_ours_in_its_place(play: Play) -> None:
    """Another interface in the place of a kept one is left alone, and no member of our bridge."""
    used_once(play, "kept-1")
    play.sh("ifconfig tap-kept-1-lan destroy && ifconfig tap create name tap-kept-1-lan up")
    before = shown(play, "kept-1")
    outcome = play.hivectl("start", "kept-1", status=1)
    assert "exists and is not ours" in outcome.err
    assert shown(play, "kept-1") == before
    assert play.members("br-kept") == []


def edit(play: Play, name: str, old: str, new: str) -> None:
    """Change the start script of a guest, as a build with another site would."""
    script = play.host.path(f"/usr/local/etc/hivewright/vms/{name}/start")
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


@scenario(**SETTINGS)
def shall_be_another(play: Play) -> None:
    """One whose MTU or privacy changes is made anew, once."""
    for old, new in (("br-kept 1500 ", "br-kept 1400 "), (" private ", " ")):
        used_once(play, "kept-1")
        edit(play, "kept-1", old, new)
        assert start(play, "kept-1") > 2
        play.order("ifconfig tap-kept-1-lan destroy", "ifconfig br-kept addm", "bhyve")
        stop(play, "kept-1")
        assert start(play, "kept-1") == 1
        stop(play, "kept-1")


@scenario(**SETTINGS)
def persistent_no_longer(play: Play) -> None:
    """One that is persistent no longer goes with the next stop."""
    used_once(play, "kept-1")
    edit(play, "kept-1", " persistent ", " ")
    play.up("kept-1")
    play.hivectl("stop", "kept-1")
    play.order("bhyvectl --destroy --vm=kept-1", "ifconfig tap-kept-1-lan destroy")
    assert not shown(play, "kept-1")


@scenario(**SETTINGS)
def nic_leaves(play: Play) -> None:
    """One of a NIC that left goes at the next start."""
    used_once(play, "kept-1")
    edit(play, "kept-1", TAPS["kept-1"], "tap-kept-1-wan")
    play.up("kept-1")
    assert not shown(play, "kept-1")


@scenario(**SETTINGS)
def guest_leaves(play: Play) -> None:
    """One of a guest that left goes when networks are made; those in use stay."""
    play.up("kept-1", "kept-2")
    stop(play, "kept-1")
    for script in play.host.path("/usr/local/etc/hivewright/vms/kept-1").iterdir():
        if script.is_file():
            script.unlink()
    play.hivectl("network", "up")
    assert not shown(play, "kept-1")
    assert "held by kept-2" in shown(play, "kept-2")


@scenario(**SETTINGS)
def networks_are_in_use(play: Play) -> None:
    """Networks of running guests keep the taps of those that are off."""
    used_once(play, "kept-1")
    play.up("kept-2")
    before = play.state()
    play.hivectl("network", "down", status=1)
    assert play.state() == before
