"""Scenarios of variables of sysctl(8): raised where they are too low, and never lowered."""

from __future__ import annotations

from host.networks import FRAMES, PLAIN, SETTINGS
from host.play import Play
from host.scenario import scenario

TIMEOUT = "kern.init_shutdown_timeout"


def value(play: Play, name: str = TIMEOUT) -> str:
    """A variable of the host."""
    return play.host.run("/bin/sh", "-c", f"sysctl -n {name}").out.strip()


def enable(play: Play) -> None:
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')


@scenario(**SETTINGS)
def raised_by_the_service(play: Play) -> None:
    """The service raises a variable before guests start, once per boot."""
    enable(play)
    play.service("start", "slirp-1")
    play.order(f"sysctl -n {TIMEOUT}", f"sysctl {TIMEOUT}=620", "bhyve ... slirp-1")
    assert value(play) == "620"
    play.quietly()
    play.say("once per boot")
    play.service("start", "slirp-2")
    play.never("sysctl", "kldload", "ifconfig")


@scenario(**SETTINGS)
def set_higher_by_the_administrator(play: Play) -> None:
    """What is high enough stays, and so does what is no limit at all only where it is none."""
    enable(play)
    for found, left in (("900", "900"), ("620", "620"), ("619", "620"), ("0", "620"), ("-1", "620")):
        play.sh(f"rm -rf /var/run/hivewright; sysctl {TIMEOUT}={found}")
        play.service("start", "slirp-1")
        assert value(play) == left
        play.down("slirp-1")


@scenario(**{**SETTINGS, "sysctl": {**FRAMES, "net.link.bridge.ipfw": "0"}})
def limits_not_in_force(play: Play) -> None:
    """Rate limits that are not in force are told, not set; guests start all the same."""
    outcome = play.hivectl("network", "up", status=1)
    assert "net.link.bridge.ipfw is 0 and has to be 1; INVENTORY.md of this host says" in outcome.err
    assert value(play, "net.link.bridge.ipfw") == "0"
    play.up("kept-1")


@scenario(**PLAIN)
def variable_that_is_not_there(play: Play) -> None:
    """A variable that cannot be read is told."""
    outcome = play.hivectl("network", "up", status=1)
    assert "cannot read net.link.ether.ipfw (sysctl: unknown oid 'net.link.ether.ipfw')" in outcome.err


@scenario(**PLAIN)
def an_uplink_comes_without_them(play: Play) -> None:
    """That ipfw is not loaded is no failure of an uplink's event; the start after it still tells it."""
    play.hivectl("event", "uplink", "ix0", says=[])
    assert "br-vlan" in play.names("interface")
    told = "cannot read net.link.ether.ipfw (sysctl: unknown oid 'net.link.ether.ipfw')"
    assert told in play.hivectl("start", "kept-1").out
    assert told not in play.hivectl("start", "kept-2").out


@scenario(**{**SETTINGS, "sysctl": {**FRAMES, TIMEOUT: "forever"}})
def variable_that_is_no_number(play: Play) -> None:
    """A variable that is no number is told, and stays."""
    outcome = play.hivectl("network", "up", status=1)
    assert f'{TIMEOUT} is "forever", which is no number' in outcome.err
    assert value(play) == "forever"
