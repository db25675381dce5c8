"""Scenarios of bridges with several uplinks and addresses."""

from __future__ import annotations

import json
from typing import Any

from host.play import Play
from host.scenario import scenario

PORTS: dict[str, Any] = {"ethers": [f"ix{number}" for number in range(5)], "bridges": {}}
WIDE = "inet 192.0.2.1 netmask 0xffffff00, inet 198.51.100.1 netmask 0xffffff00, inet6 2001:db8::1 prefixlen 64"
WIDE += ", inet6 2001:db8:1::1 prefixlen 64"


@scenario(everyday=True, **PORTS)
def several_uplinks(play: Play) -> None:
    """All become members, or the VLAN of each; all addresses are there; what is made is undone, and made again."""
    before = play.state("interface")
    play.hivectl("network", "up", says="hivewright: the networks are up")
    assert play.members("br-wide") == ["ix0", "ix1"]
    assert play.members("br-tagged") == ["ix2.30", "ix3.30"]
    play.has(f"interface br-wide, up, mtu 1500, member ix0, member ix1, {WIDE}")
    made = play.state("interface")
    play.hivectl("network", "up")
    assert play.state("interface") == made
    shown = play.hivectl("networks").out
    for port in ("ix0", "ix1", "ix2.30", "ix3.30"):
        assert f"    {port:16} uplink, up, MTU 1500\n" in shown
    assert "not of the site" not in shown
    told = {each["name"]: each for each in json.loads(play.hivectl("networks", "--json").out)}
    assert told["tagged"]["uplinks"] == ["ix2.30", "ix3.30"]
    assert (told["wide"]["uplink"], told["wide"]["uplinks"]) == ("ix0", ["ix0", "ix1"])
    play.sh("hivectl network down")
    assert play.state("interface") == before
    play.up("one")
    assert play.members("br-tagged") == ["ix2.30", "ix3.30", "tap-one-tagged"]
    play.down("one")
    assert play.state("interface") == made


@scenario(host="beta", release=(15, 0), **PORTS)
def several_uplinks_that_keep_vlans_apart(play: Play) -> None:
    """Each uplink of a bridge that filters has all VLANs with their tags."""
    play.hivectl("network", "up")
    play.has("interface br-apart, up, mtu 1500, member ix2, member ix3, filters VLANs, ix2 tagged all, ix3 tagged all")


@scenario(**PORTS)
def second_uplink_comes_late(play: Play) -> None:
    """Without one of its uplinks a network is not ready; one that comes later joins the bridge that is there."""
    play.sh("ifconfig ix1 name gone1")
    missing = "network wide: the interface ix1 does not exist"
    play.hivectl("network", "up", status=1, says=f"hivewright: {missing}")
    assert play.members("br-wide") == ["ix0"]
    play.sh("ifconfig gone1 name ix1")
    play.hivectl("event", "uplink", "ix1", says=[])
    play.ran("ifconfig br-wide addm ix1")
    play.has(f"interface br-wide, up, mtu 1500, member ix0, member ix1, {WIDE}")


@scenario(**PORTS)
def second_uplink_is_taken(play: Play) -> None:
    """One that is in another bridge is told by its name, and a VLAN that was made for it is gone again."""
    play.sh("ifconfig ix1 mtu 9000")
    said = "hivewright: network wide: its MTU is 1500 and that of the uplink ix1 is 9000; change mtu in [network.wide]"
    outcome = play.hivectl("network", "up", status=1)
    assert said in outcome.err
    assert play.members("br-wide") == ["ix0"]
    assert play.members("br-tagged") == ["ix2.30", "ix3.30"]
