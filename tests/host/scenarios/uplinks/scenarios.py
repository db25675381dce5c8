"""Scenarios of VLANs beside a plain bridge, of parents that are down, and of MTUs that differ on one uplink."""

from __future__ import annotations

from typing import Any

from host.play import Play
from host.scenario import scenario

PLAIN: dict[str, Any] = {"ethers": [f"ix{number}" for number in range(5)], "bridges": {}}
APART: dict[str, Any] = {**PLAIN, "default_route": "ix4"}
"""The interface of the default route carries no VLANs, and the parent of those with different MTU can have both."""
LARGE = "ifconfig ix1 mtu 9000"


def refused(first: str, second: str) -> str:
    """What is said of two interfaces that would be in two bridges."""
    return (
        f"{first} and {second}, one of them a VLAN of the other, would be in two bridges, and up to FreeBSD 14 the "
        "guests of the VLAN would hear nothing but broadcasts; let all networks on this uplink have a vlan, or choose "
        "another uplink"
    )


@scenario(everyday=True, **APART)
def vlans_of_one_uplink_have_their_own_mtu(play: Play) -> None:
    """Each VLAN has the MTU of its network, whatever that of the other and that of the parent."""
    play.sh(LARGE)
    play.hivectl("network", "up", says="hivewright: the networks are up")
    play.has("interface ix1.40, up, mtu 1500, vlan 40", "interface ix1.41, up, mtu 9000, vlan 41")
    play.has("interface br-camera, up, mtu 1500, member ix1.40", "interface br-backup, up, mtu 9000, member ix1.41")
    before = play.state("interface")
    play.hivectl("network", "up")
    assert play.state("interface") == before


@scenario(**APART)
def uplink_carries_less(play: Play) -> None:
    """A parent with a smaller MTU than the network's is told, by the names of the site and of rc.conf."""
    said = (
        "hivewright: network backup: its MTU is 9000, and the uplink ix1 carries 1500 only; change mtu in "
        "[network.backup], or the uplink (ifconfig ix1 mtu 9000, and ifconfig_ix1 in rc.conf)"
    )
    play.hivectl("network", "up", status=1, says=said)
    play.never("ifconfig vlan create name ix1.41", "ifconfig bridge create name br-backup")
    play.has("interface br-camera, up, mtu 1500, member ix1.40")


@scenario(**APART)
def vlan_of_ours_gets_another_mtu(play: Play) -> None:
    """A VLAN that is left from before takes what the network says now; one that is not ours does not."""
    play.sh(f"{LARGE}; hivectl network up; ifconfig br-backup destroy; ifconfig ix1.41 mtu 1500")
    play.hivectl("network", "up")
    play.has("interface br-backup, up, mtu 9000, member ix1.41")
    play.sh("hivectl network down; ifconfig vlan create name ix1.41 vlan 41 vlandev ix1 mtu 1500 up")
    said = (
        "network backup: its MTU is 9000 and that of the uplink ix1.41 is 1500; change mtu in [network.backup], or the "
        "uplink (ifconfig ix1.41 mtu 9000, and ifconfig_ix1_41 in rc.conf)"
    )
    assert said in play.hivectl("network", "up", status=1).err


@scenario(**APART)
def parents_are_brought_up(play: Play) -> None:
    """Whatever an interface of ours is made on, or carries frames of guests, is up afterwards."""
    play.sh(f"{LARGE}; for name in ix0 ix1 ix2 ix3 ix4; do ifconfig $name down; done")
    play.hivectl("network", "up")
    play.sh("for name in ix0 ix1 ix2 ix3 ix4; do ifconfig $name | grep -q '<UP,' || exit 1; done")
    assert not [line for line in play.state("interface") if "no carrier" in line]
    play.has("switch vale0: ix2", "node vmsw: link0 ix3:lower")


@scenario(**APART)
def parent_is_missing(play: Play) -> None:
    """A parent that is not there is named, and so is its network."""
    play.sh(f"{LARGE}; ifconfig ix0 name other0")
    said = "hivewright: network office: the interface ix0 does not exist"
    play.hivectl("network", "up", status=1, says=said)


@scenario(**PLAIN)
def default_route_carries_vlans(play: Play) -> None:
    """The interface found at start is the parent of a VLAN: the second of the two networks is refused."""
    play.sh(LARGE)
    said = f"network office: {refused('ix0.30', 'ix0')}"
    play.hivectl("network", "up", status=1, says=f"hivewright: {said}")
    assert play.members("br-lan") == ["ix0"]
    assert not [line for line in play.state() if "eats" in line]
    assert not {"br-office", "ix0.30"} & set(play.names("interface"))


@scenario(**PLAIN)
def vlan_is_there_first(play: Play) -> None:
    """A VLAN under another name, in a bridge of the administrator's: its parent gets into no bridge of ours."""
    play.sh(
        f"{LARGE}; ifconfig vlan create name v30 vlan 31 vlandev ix0 up; "
        "ifconfig bridge create name bridge7 addm v30 up"
    )
    outcome = play.hivectl("network", "up", status=1)
    assert f"network lan: {refused('ix0', 'v30')}" in outcome.err
    assert play.members("bridge7") == ["v30"]
    assert not [line for line in play.state() if "eats" in line]


@scenario(**PLAIN)
def vlan_of_the_host_itself(play: Play) -> None:
    """A VLAN in no bridge gets its frames, so it is in nobody's way."""
    play.sh(
        "ifconfig vlan create name v30 vlan 31 vlandev ix0 up; ifconfig v30 inet 192.0.2.5/24; "
        "ifconfig bridge create name br-lan addm ix0"
    )
    play.sh("ifconfig br-lan destroy")
    play.hivectl("network", "up", status=None)
    assert play.members("br-lan") == ["ix0"]


@scenario(host="beta", release=(15, 0), **PLAIN)
def later_both_are_made(play: Play) -> None:
    """From FreeBSD 15.0 on both are made."""
    play.sh(LARGE)
    play.hivectl("network", "up")
    assert play.members("br-lan") == ["ix0"]
    assert play.members("br-office") == ["ix0.30"]
