"""Scenarios of guests with PCI devices of the host: reserved at boot, taken at a start, or virtual functions."""

from __future__ import annotations

from typing import Any

from .play import HIVECTL, Play, Scenario, down, leftovers, up

IX0 = {
    "at": "5/0/0",
    "vfs": 8,
    "total": 63,
    "offset": "0x0080",
    "stride": "0x0002",
    "ari": True,
    "passthrough": [3, 5],
}
T6IOV0 = {
    "at": "6/0/0",
    "vfs": 1,
    "total": 16,
    "offset": "0x0008",
    "stride": "0x0004",
    "ari": False,
    "passthrough": [0],
}
DEVICES: dict[str, Any] = {
    "pci": {"2/0/0": "vgapci0", "2/0/1": "none0", "3/0/1": "mpr1", "4/0/0": "xhci0"},
    "ppt": ["3/0/0"],
    "modules": ["vmm"],
    "sriov": {"ix0": IX0, "t6iov0": T6IOV0},
}
ROMS = ("/srv/firmware/gpu0.rom", "/srv/firmware/ix.rom")
RUN = "/var/run/hivewright"


def bound_and_given_back(play: Play) -> None:
    """A start takes the device from its driver, and the end of the guest gives it back; the reserved one stays."""
    play.hivectl("start", "san1")
    assert any("3/0/1 ppt" in line and "taken from mpr1" in line for line in play.show("device"))
    play.wait(10)
    play.hivectl("stop", "san1")
    assert {"device 3/0/0 ppt0", "device 3/0/1 mpr1"} <= set(play.show("device"))
    assert not leftovers(play.host)


def kept_while_it_reboots(play: Play) -> None:
    """A reboot is no end: the devices stay with the guest."""
    play.guest("san1", {"end": "reboot", "after": 100}, {"end": "poweroff", "after": 100})
    up(play, "san1")
    play.host.advance(120)
    assert not [line for line in play.host.transcript() if "devctl" in line]
    assert "guest san1" in play.host.state()
    play.host.advance(100)
    play.quietly()
    assert not leftovers(play.host)
    play.show("device")


def driver_does_not_let_go(play: Play) -> None:
    """The device is in use on the host: the start says so, and nothing is left."""
    play.hivectl("start", "san1", status=1)
    assert not leftovers(play.host)
    assert "device 3/0/1 mpr1" in play.show("device")
    play.say("a device that came to ppt(4) does not try such a guest again: it would come again with each try")
    play.hivectl("event", "passthrough", "ppt3")
    assert "guest san1" not in play.host.state()


def start_fails_behind_it(play: Play) -> None:
    """bhyve fails after the device was taken: it is given back."""
    play.guest("san1", *[{"refuse": "vm_assign_pptdev: Device busy"}] * 9)
    play.hivectl("start", "san1", status=None)
    play.host.advance(600)
    play.quietly()
    assert not leftovers(play.host)
    play.show("device")


def bound_by_hand_stays(play: Play) -> None:
    """What the administrator bound to ppt(4) is not ours to give."""
    assert play.host.run("devctl", "set", "driver", "-f", "pci0:3:0:1", "ppt").status == 0
    up(play, "san1")
    assert play.host.run(HIVECTL, "stop", "san1").status == 0
    play.quietly()
    assert any(line.startswith("device 3/0/1 ppt") for line in play.show("device"))


def not_given_back_at_once(play: Play) -> None:
    """ppt(4) does not let go: said, and the next stop tries again."""
    up(play, "san1")
    play.host.call("hold", selector="3/0/1", held=True)
    play.hivectl("stop", "san1")
    log = play.host.path("/var/log/hivewright/san1.log").read_text()
    play.lines += [line.partition(" ")[2] for line in log.splitlines() if "give" in line]
    assert play.host.path(f"{RUN}/san1/bound").read_text() == "pci0:3:0:1\n"
    play.host.call("hold", selector="3/0/1", held=False)
    play.hivectl("stop", "san1")
    assert "device 3/0/1 mpr1" in play.show("device 3/")
    play.hivectl("stop", "san1")
    assert not leftovers(play.host)


def device_without_driver(play: Play) -> None:
    """devctl(8) fails to find a driver for what had none before; the device is free all the same."""
    play.host.make(*ROMS)
    up(play, "web1")
    play.show("device 2/")
    down(play, "web1")
    play.show("device 2/")


def adopted_with_its_devices(play: Play) -> None:
    """The supervisor was killed: the guest keeps the device while somebody else supervises it, and then gives it."""
    up(play, "san1")
    for target in ("daemon san1", "supervisor san1"):
        assert play.host.call("kill", target=target)
    play.hivectl("start", "san1")
    play.show("device 3/")
    play.wait(10)
    play.hivectl("stop", "san1")
    play.show("device 3/")
    assert not leftovers(play.host)


def preserved_keeps_its_device(play: Play) -> None:
    """A context that is kept keeps its device; whoever clears it gives the device back."""
    play.guest("keep1", {"end": "poweroff", "after": 10})
    up(play, "keep1")
    play.wait(30)
    assert play.status("keep1") == "preserved"
    assert any("taken from xhci0" in line for line in play.show("device 4/"))
    play.hivectl("stop", "keep1")
    assert play.show("device 4/") == ["device 4/0/0 xhci0"]
    assert not leftovers(play.host)


def functions_are_found(play: Play) -> None:
    """Where the functions are comes from the host at each start, and reaches bhyve in a file."""
    play.host.make(*ROMS)
    play.hivectl("start", "fn1")
    devices = play.host.path(f"{RUN}/fn1/devices")
    play.lines += devices.read_text().splitlines()
    assert "pci.0.4.0.func=138" in devices.read_text()
    down(play, "fn1")
    play.say("another number of functions has another stride here")
    play.host.call("functions", device="ix0", vfs=16, stride="0x0004")
    up(play, "fn1")
    assert "pci.0.4.0.func=148" in devices.read_text()
    down(play, "fn1")
    play.say("a bus without ARI has slots")
    play.host.call("functions", device="ix0", ari=False)
    up(play, "fn1")
    assert devices.read_text().startswith("pci.0.4.0.bus=5\npci.0.4.0.slot=18\npci.0.4.0.func=4\n")
    down(play, "fn1")


def functions_are_missing(play: Play) -> None:
    """iovctl(8) did not run, made too few, or left the function to the host: each is said, with what to do."""
    play.host.make(*ROMS)
    for settings in ({"vfs": 0}, {"vfs": 4}, {"vfs": 8, "passthrough": [3]}):
        play.host.call("functions", device="ix0", **settings)
        play.hivectl("start", "fn1", status=1)
        assert not leftovers(play.host)
    play.say("the administrator runs iovctl; devd tells that a device came to ppt(4)")
    play.host.call("functions", device="ix0", passthrough=[3, 5])
    play.hivectl("event", "passthrough", "ppt2")
    assert "guest fn1" in play.host.state()


def device_of_functions_is_absent(play: Play) -> None:
    """The interface is called otherwise here, or makes no functions at all."""
    play.host.make(*ROMS)
    play.hivectl("start", "fn1", status=1)
    assert not leftovers(play.host)


def function_as_nic(play: Play) -> None:
    """A NIC that is a function has no tap; the card comes beside it."""
    play.host.make(*ROMS)
    play.hivectl("start", "web1")
    play.show("interface", "device 2/", "guest")
    play.wait(10)
    play.hivectl("stop", "web1")
    assert not leftovers(play.host)


WITHOUT_FUNCTIONS = {**DEVICES, "pci": {**DEVICES["pci"], "5/0/0": "ix0"}, "sriov": {"t6iov0": T6IOV0}}
SCENARIOS = [
    Scenario("device-bound-and-given-back", bound_and_given_back, DEVICES),
    Scenario("device-kept-while-it-reboots", kept_while_it_reboots, DEVICES),
    Scenario("device-driver-does-not-let-go", driver_does_not_let_go, {**DEVICES, "busy": ["3/0/1"]}),
    Scenario("device-start-fails-behind-it", start_fails_behind_it, DEVICES),
    Scenario("device-bound-by-hand-stays", bound_by_hand_stays, DEVICES),
    Scenario("device-not-given-back-at-once", not_given_back_at_once, DEVICES),
    Scenario("device-without-driver", device_without_driver, DEVICES),
    Scenario("device-adopted-with-its-guest", adopted_with_its_devices, DEVICES),
    Scenario("device-preserved", preserved_keeps_its_device, DEVICES),
    Scenario("functions-are-found", functions_are_found, DEVICES),
    Scenario("functions-are-missing", functions_are_missing, DEVICES),
    Scenario("functions-of-nothing", device_of_functions_is_absent, WITHOUT_FUNCTIONS),
    Scenario("function-as-nic", function_as_nic, DEVICES),
]
