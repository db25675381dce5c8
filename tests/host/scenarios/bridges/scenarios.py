"""Scenarios of bridges: of ours, which may be gone, and of the administrator's; and of their uplinks."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

MADE = "ifconfig bridge create name br-lan group hivewright"
TAP = ("ifconfig tap create name tap-web1-lan", "ifconfig br-lan addm tap-web1-lan")
UNDONE = "ifconfig tap-web1-lan destroy"
UPLINK = "ifconfig br-lan addm ix0"
FIRST = ["web1: disk root: creating the file", "web1: making the UEFI variables"]
NO_ROUTE = "network lan: there is no default route to find the uplink by; name the uplink in the site"


@scenario()
def missing_bridge(play: Play) -> None:
    """Somebody destroyed the bridge after the host was made ready: it is made anew, and the tap added to it."""
    play.made("web1")
    play.sh("ifconfig br-lan destroy")
    play.hivectl("start", "web1", says="web1: started (pid N)")
    added = TAP[1]
    play.order(TAP[0], f"{added} = 1", MADE, UPLINK, "ifconfig br-lan up", added, f"{added} = 1", "bhyve ... web1")
    assert play.names("interface") == ["br-lan", "bridge7", "tap-web1-lan"]
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]


@scenario(bridges={})
def manual_bridge_missing(play: Play) -> None:
    """The administrator's own bridge is never made by us: both messages say whose it is."""
    yours = "network dmz: the interface bridge7 does not exist; it is yours to make (cloned_interfaces in rc.conf)"
    first = [line.replace("web1", "dmz1") for line in FIRST]
    failed = f"dmz1: cannot add tap-dmz1-dmz to the bridge bridge7: {yours}"
    play.hivectl("start", "dmz1", status=1, says=[f"hivewright: {yours}", *first, failed])
    made, added = "ifconfig tap create name tap-dmz1-dmz", "ifconfig bridge7 addm tap-dmz1-dmz"
    play.order(made, f"{added} = 1", f"{added} = 1", "ifconfig tap-dmz1-dmz destroy")
    play.never("bhyve", "ifconfig bridge7 create", "ifconfig bridge create name bridge7")
    play.nothing_left()
    assert play.names("interface") == ["br-lan"]
    play.say("the administrator makes it")
    play.host.call("bridge", name="bridge7", members=["ix1"])
    play.hivectl("start", "dmz1", says="dmz1: started (pid N)")
    assert play.members("bridge7") == ["ix1", "tap-dmz1-dmz"]


@scenario()
def a_bridge_is_down_under_guests(play: Play) -> None:
    """A guest that runs and reaches nobody is told as such wherever one looks, and by monitoring; nobody else is."""
    play.up("dmz1", "web1")
    for change, said in (("down", "its bridge bridge7 is not up"), ("up", ""), ("destroy", "its bridge bridge7 is")):
        play.sh(f"ifconfig bridge7 {change}")
        rows = {line.split()[0]: line for line in play.hivectl("list").out.splitlines()}
        assert play.ran("ifconfig -l -u") == 1
        assert (said or "running") in rows["dmz1"]
        assert ("bridge" in rows["dmz1"]) == bool(said)
        assert "bridge" not in rows["web1"]
        assert ("    its bridge bridge7 is not up\n" in play.hivectl("status", "dmz1").out) == bool(said)
        checked = f"WARNING: dmz1 is running, and {said}" if said else "OK: 1 guests run"
        play.hivectl("status", "--check", "dmz1", status=1 if said else 0, says=checked)
        play.hivectl("status", "--check", "web1", says="OK: 1 guests run")


@scenario(everyday=True, default_route="ix1")
def uplink_auto(play: Play) -> None:
    """The interface of the default route becomes a member of the bridge."""
    play.hivectl("start", "web1")
    play.order("route -n get default", MADE, "ifconfig br-lan addm ix1", "ifconfig br-lan up", *TAP, "bhyve ... web1")
    play.never(UPLINK)
    assert play.members("br-lan") == ["ix1", "tap-web1-lan"]


@scenario(default_route=None)
def uplink_auto_without_route(play: Play) -> None:
    """No default route, of either family: said twice, no bridge is made, and what the start made is undone."""
    failed = f"web1: cannot add tap-web1-lan to the bridge br-lan: {NO_ROUTE}"
    play.hivectl("start", "web1", status=1, says=[f"hivewright: {NO_ROUTE}", *FIRST, failed])
    routes = ("route -n get default = 1", "route -n get -inet6 default = 1")
    play.order(*routes, TAP[0], f"{TAP[1]} = 1", *routes, f"{TAP[1]} = 1", UNDONE)
    play.never("bhyve", MADE)
    assert play.names("interface") == ["bridge7"]
    play.nothing_left()


@scenario(default_route=None)
def uplink_comes_late(play: Play) -> None:
    """No default route at boot; when the interface arrives, devd has the networks made, and who failed for want of one
    is started."""
    play.hivectl("start", "web1", status=1)
    play.host.call("set", name="default_route", value="ix0")
    play.hivectl("event", "uplink", "ix0", says="web1: started (pid N)")
    play.order(MADE, UPLINK, "ifconfig br-lan up", *TAP, "bhyve ... web1")


@scenario()
def bridge_gone_under_guests(play: Play) -> None:
    """``service netif restart`` destroys a bridge that guests use; made anew, it has their taps again."""
    play.up("web1")
    play.sh("ifconfig br-lan destroy")
    play.hivectl("event", "uplink", "ix0", says=[])
    play.order(MADE, UPLINK, "ifconfig br-lan up", TAP[1])
    assert play.members("br-lan") == ["ix0", "tap-web1-lan"]
    play.down("web1")


@scenario()
def uplink_in_other_bridge(play: Play) -> None:
    """The uplink is a member of the administrator's bridge already: it stays there, and our bridge goes again."""
    play.host.call("bridge", name="bridge0", members=["ix0"])
    busy = "cannot add the uplink ix0 to br-lan: ifconfig: BRDGADD ix0: Device busy; it is a member of another bridge"
    failed = f"web1: cannot add tap-web1-lan to the bridge br-lan: network lan: {busy}"
    play.hivectl("start", "web1", status=1, says=[f"hivewright: network lan: {busy}", *FIRST, failed])
    tried = (MADE, f"{UPLINK} = 1", "ifconfig br-lan destroy")
    play.order(*tried, TAP[0], f"{TAP[1]} = 1", *tried, f"{TAP[1]} = 1", UNDONE)
    play.never("bhyve")
    assert play.names("interface") == ["bridge0", "bridge7"]
    assert play.members("bridge0") == ["ix0"]
    play.nothing_left()
