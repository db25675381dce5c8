"""Scenarios of a host that is not as it should be, and of hooks."""

from __future__ import annotations

from .play import HIVECTL, Play, Scenario, down, leftovers, made, up


def missing_pool(play: Play) -> None:
    """The pool is not imported: the start says so, and no empty disk takes the place of the old one."""
    up(play, "db1")
    down(play, "db1")
    play.host.call("pool", name="zroot", imported=False)
    play.hivectl("start", "db1", status=1)
    assert not leftovers(play.host)
    play.say("the pool is imported again")
    play.host.call("pool", name="zroot", imported=True)
    play.hivectl("start", "db1")


def pool_never_there(play: Play) -> None:
    """The first start on a host without the pool."""
    play.hivectl("start", "db1", status=1)
    assert not leftovers(play.host)


def disk_gone(play: Play) -> None:
    """A disk that once existed is not made anew."""
    up(play, "web1")
    down(play, "web1")
    play.host.path("/srv/vms/web1/root.img").unlink()
    play.hivectl("start", "web1", status=1)
    assert not play.host.path("/srv/vms/web1/root.img").exists()
    assert not leftovers(play.host)
    play.say("unless the administrator asks for it")
    play.hivectl("provision", "--recreate", "root", "web1")
    assert play.host.path("/srv/vms/web1/root.img").exists()
    play.hivectl("start", "web1")


def volume_never_appears(play: Play) -> None:
    """The node of a volume does not come: the start gives up."""
    play.hivectl("start", "db1", status=1)
    assert not leftovers(play.host)


def missing_bridge(play: Play) -> None:
    """Somebody destroyed the bridge after the host was made ready: it is made anew."""
    up(play, "web1")
    down(play, "web1")
    assert play.host.run("/bin/sh", "-c", "ifconfig br-lan destroy").status == 0
    play.quietly()
    play.hivectl("start", "web1")
    play.show("interface")


def manual_bridge_missing(play: Play) -> None:
    """The administrator's own bridge is never made by us."""
    play.hivectl("start", "dmz1", status=1)
    assert not leftovers(play.host)
    assert "bridge7" not in "".join(play.host.state())
    play.say("the administrator makes it")
    play.host.call("bridge", name="bridge7", members=["ix1"])
    play.hivectl("start", "dmz1")
    play.show("interface")


def uplink_auto(play: Play) -> None:
    """The interface of the default route becomes a member of the bridge."""
    play.hivectl("start", "web1")
    assert any("br-lan" in line and "member ix1" in line for line in play.show("interface"))


def uplink_auto_without_route(play: Play) -> None:
    """No default route: said, not fatal, because guests can still talk to each other."""
    play.hivectl("start", "web1", status=None)
    play.show("interface")


def uplink_comes_late(play: Play) -> None:
    """No default route at boot; when the interface arrives, devd has the networks made."""
    play.hivectl("start", "web1", status=1)
    play.host.call("set", name="default_route", value="ix0")
    play.hivectl("event", "uplink", "ix0")
    play.hivectl("start", "web1")


def bridge_gone_under_guests(play: Play) -> None:
    """``service netif restart`` destroys a bridge that guests use; made anew, it has their taps again."""
    up(play, "web1")
    assert play.host.run("ifconfig", "br-lan", "destroy").status == 0
    play.quietly()
    play.hivectl("event", "uplink", "ix0")
    assert any("br-lan" in line and "tap-web1-lan" in line for line in play.show("interface"))
    down(play, "web1")


def uplink_in_other_bridge(play: Play) -> None:
    """The uplink is a member of the administrator's bridge already."""
    play.host.call("bridge", name="bridge0", members=["ix0"])
    play.hivectl("start", "web1", status=None)
    play.show("interface")
    assert any("bridge0" in line and "member ix0" in line for line in play.host.state())


def hook_fails(play: Play) -> None:
    """A prestart hook that fails stops the start, and nothing is left."""
    play.host.path("/tmp/refuse").write_text("")
    play.hivectl("start", "hook1", status=1)
    play.show()
    assert not leftovers(play.host)
    play.host.path("/tmp/refuse").unlink()
    play.hivectl("start", "hook1")


def hook_environment(play: Play) -> None:
    """Each moment, with exactly the documented variables."""
    runs = [{"end": "reboot", "after": 100}, {"end": "triple", "after": 100}, {}]
    play.guest("hook1", *runs)
    up(play, "hook1")
    play.host.advance(300)
    down(play, "hook1")
    recorded = play.host.path("/tmp/hooks").read_text().splitlines()
    play.lines.extend(recorded)
    moments = [line[3:] for line in recorded if line.startswith("== ")]
    assert moments == ["prestart", "poststart", "reboot", "crash", "prestop", "poststop"]
    known = ("HIVE_VM", "HIVE_HOST", "HIVE_MOMENT", "HIVE_STATUS", "HIVE_REASON", "HIVE_TAPS", "PATH", "HOME")
    surplus = {line.partition("=")[0] for line in recorded if not line.startswith("== ")} - set(known)
    assert not surplus, surplus


def missing_rom(play: Play) -> None:
    """The firmware's package is not installed: the message names it."""
    made(play, "web1")
    play.host.path("/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd").unlink()
    outcome = play.hivectl("start", "web1", status=1)
    assert "edk2-bhyve" in outcome.out + outcome.err
    assert not leftovers(play.host)


def passthrough(play: Play) -> None:
    """The device belongs to another driver; the message says how to reserve it. devd tells when it is there."""
    play.hivectl("start", "gpu1", status=1)
    assert not leftovers(play.host)
    assert play.host.run("devctl", "set", "driver", "-f", "pci0:2:0:0", "ppt").status == 0
    play.quietly()
    play.hivectl("event", "passthrough", "ppt0")
    assert "guest gpu1" in play.host.state()
    down(play, "gpu1")


def passthrough_absent(play: Play) -> None:
    """The device is not in this machine."""
    play.hivectl("start", "gpu1", status=1)


def host_rebooted(play: Play) -> None:
    """After a boot there is no run-time state, and no lock, pid or tap of before."""
    up(play, "web1")
    for target in ("daemon web1", "supervisor web1", "bhyve web1"):
        play.host.call("kill", target=target)
    script = "rm -rf /var/run/hivewright; bhyvectl --destroy --vm=web1; for i in tap-web1-lan br-lan br-inner; do"
    play.host.run("/bin/sh", "-c", script + " ifconfig $i destroy; done")
    play.quietly()
    play.hivectl("start", "web1")
    down(play, "web1")


def unknown_guest(play: Play) -> None:
    """A name that is not on this host."""
    play.hivectl("start", "nobody", status=None)
    play.hivectl("stop", "nobody", status=None)
    play.hivectl("status", "nobody", status=None)
    outcome = play.host.run(HIVECTL, "start", "../../tmp")
    assert outcome.status != 0
    play.quietly()


SCENARIOS = [
    Scenario("missing-pool", missing_pool),
    Scenario("pool-never-there", pool_never_there, {"pools": []}),
    Scenario("disk-gone", disk_gone),
    Scenario("volume-never-appears", volume_never_appears, {"zvol_delay": 10_000}),
    Scenario("missing-bridge", missing_bridge),
    Scenario("manual-bridge-missing", manual_bridge_missing, {"bridges": {}}),
    Scenario("uplink-auto", uplink_auto, {"default_route": "ix1"}),
    Scenario("uplink-auto-without-route", uplink_auto_without_route, {"default_route": None}),
    Scenario("uplink-comes-late", uplink_comes_late, {"default_route": None}),
    Scenario("bridge-gone-under-guests", bridge_gone_under_guests),
    Scenario("uplink-in-other-bridge", uplink_in_other_bridge),
    Scenario("hook-fails", hook_fails),
    Scenario("hook-environment", hook_environment),
    Scenario("missing-rom", missing_rom),
    Scenario("passthrough", passthrough, {"ppt": [], "pci": {"2/0/0": "vgapci0"}, "modules": ["vmm"]}),
    Scenario("passthrough-absent", passthrough_absent, {"ppt": []}),
    Scenario("host-rebooted", host_rebooted),
    Scenario("unknown-guest", unknown_guest),
]
