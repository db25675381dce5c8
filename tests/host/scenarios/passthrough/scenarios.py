"""Scenarios of guests with PCI devices of the host: reserved at boot, taken at a start, or virtual functions."""

from __future__ import annotations

from host.pci_devices import DEVICES, ROMS, WITHOUT_FUNCTIONS
from host.play import Play
from host.scenario import scenario

RUN = "/var/run/hivewright"
TAKE = "devctl set driver -f pci0:3:0:1 ppt"
GIVE = "devctl clear driver -f pci0:3:0:1"
DESTROY = "bhyvectl --destroy --vm=san1"
MADE = ["disk root: creating the file", "making the UEFI variables"]
TAKEN = ["device 3/0/0 ppt0", "device 3/0/1 ppt4, taken from mpr1"]
FREE = ["device 3/0/0 ppt0", "device 3/0/1 mpr1"]
"""The two ports: the first is reserved at boot, and stays so."""
CARD_TAKEN = ["device 2/0/0 ppt5, taken from vgapci0", "device 2/0/1 ppt4, taken from none0"]
CARD_FREE = ["device 2/0/0 vgapci0", "device 2/0/1 none0"]


@scenario(everyday=True, transcript=True, **DEVICES)
def device_bound_and_given_back(play: Play) -> None:
    """A start takes the device from its driver, and the end of the guest gives it back; the reserved one stays."""
    play.hivectl("start", "san1")
    assert play.show("device 3/") == TAKEN
    others = [line for line in play.state("device") if line not in TAKEN]
    play.wait(10)
    play.hivectl("stop", "san1")
    assert play.show("device 3/") == FREE
    assert [line for line in play.state("device") if line not in FREE] == others
    play.nothing_left()


@scenario(**DEVICES)
def device_kept_while_it_reboots(play: Play) -> None:
    """A reboot is no end: the devices stay with the guest."""
    play.guest("san1", {"end": "reboot", "after": 100}, {"end": "poweroff", "after": 100})
    play.up("san1")
    play.wait(120)
    play.order(DESTROY, "bhyve ... san1")
    play.never("devctl")
    assert play.names("guest") == ["san1"]
    play.wait(100)
    play.order(DESTROY, GIVE)
    play.nothing_left()
    assert play.state("device 3/") == FREE


@scenario(**{**DEVICES, "busy": ["3/0/1"]})
def device_driver_does_not_let_go(play: Play) -> None:
    """The device is in use on the host: the start says so, and nothing is left."""
    busy = "devctl: Failed to set pci0:3:0:1 driver to ppt: Device busy"
    failed = f"san1: device second: cannot take PCI device 3/0/1 from mpr1 for ppt(4): {busy}; vmm must be loaded, and"
    play.hivectl("start", "san1", status=1, says=[*MADE, f"{failed} nothing on this host may use what mpr1 drives"])
    play.order(f"{TAKE} = 1")
    play.never("bhyve", "devctl clear")
    play.nothing_left()
    assert play.state("device 3/") == FREE
    play.say("a device that came to ppt(4) does not try such a guest again: it would come again with each try")
    play.hivectl("event", "passthrough", "ppt3", says=[])
    play.nothing_ran()
    assert play.names("guest") == []


@scenario(**DEVICES)
def device_start_fails_behind_it(play: Play) -> None:
    """bhyve fails after the device was taken: it is given back, once, when no restart is left."""
    play.guest("san1", *[{"refuse": "vm_assign_pptdev: Device busy"}] * 9)
    play.hivectl("start", "san1", says=[*MADE, "san1: started (pid N)"])
    play.order(TAKE, "bhyve ... san1 = 4", DESTROY, "sleep 1")
    play.wait(600)
    play.order(GIVE)
    assert play.step[-1] == GIVE
    play.never("devctl set")
    assert play.status("san1") == "failed"
    play.nothing_left()
    assert play.state("device 3/") == FREE


@scenario(**DEVICES)
def device_bound_by_hand_stays(play: Play) -> None:
    """What the administrator bound to ppt(4) is not ours to give."""
    play.sh(TAKE)
    play.up("san1")
    play.hivectl("stop", "san1")
    play.never("devctl")
    assert play.state("device 3/") == TAKEN


@scenario(**DEVICES)
def device_not_given_back_at_once(play: Play) -> None:
    """ppt(4) does not let go: said, and the next stop tries again."""
    play.up("san1")
    play.host.call("hold", selector="3/0/1", held=True)
    why = "cannot give pci0:3:0:1 back to its driver: devctl: Failed to clear pci0:3:0:1 driver: Device busy"
    later = f"{why}; the next stop tries again"
    play.hivectl("stop", "san1", status=1, says=f"san1: stopped: a stop was asked for; {later}")
    play.order(DESTROY, f"{GIVE} = 1")
    assert why in play.log("san1")
    assert play.host.path(f"{RUN}/san1/journal").read_text() == "device pci0:3:0:1\n"
    play.host.call("hold", selector="3/0/1", held=False)
    play.hivectl("stop", "san1", says="san1: stopped: what it had left was cleaned up")
    play.order(GIVE)
    assert play.state("device 3/") == FREE
    play.hivectl("stop", "san1", says="san1: not running")
    play.nothing_ran()
    play.nothing_left()


@scenario(**DEVICES)
def device_without_driver(play: Play) -> None:
    """devctl(8) fails to find a driver for what had none before; the device is free all the same."""
    play.host.make(*ROMS)
    play.up("web1")
    assert play.state("device 2/") == CARD_TAKEN
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.order("devctl clear driver -f pci0:2:0:0", "devctl clear driver -f pci0:2:0:1 = 1")
    play.nothing_left()
    assert play.state("device 2/") == CARD_FREE


@scenario(**DEVICES)
def device_adopted_with_its_guest(play: Play) -> None:
    """A guest keeps its device while somebody else supervises it, and then gives it."""
    play.up("san1")
    play.kill("daemon san1", "supervisor san1")
    play.hivectl("start", "san1", says="san1: adopted (pid N): it ran without its supervisor")
    play.never("devctl", "bhyve")
    assert play.state("device 3/") == TAKEN
    play.wait(10)
    play.hivectl("stop", "san1", says="san1: stopped: a stop was asked for")
    play.order(DESTROY, GIVE)
    assert play.state("device 3/") == FREE
    play.nothing_left()


@scenario(**DEVICES)
def device_preserved(play: Play) -> None:
    """A context that is kept keeps its device; whoever clears it gives the device back."""
    play.guest("keep1", {"end": "poweroff", "after": 10})
    play.up("keep1")
    play.wait(30)
    play.never("devctl", "bhyvectl", "bhyve")
    assert play.status("keep1") == "preserved"
    assert play.state("device 4/") == ["device 4/0/0 ppt4, taken from xhci0"]
    play.hivectl("release", "keep1", says="keep1: nothing of it is kept any more")
    play.order("bhyvectl --destroy --vm=keep1", "devctl clear driver -f pci0:4:0:0")
    assert play.state("device 4/") == ["device 4/0/0 xhci0"]
    play.nothing_left()


def functions(play: Play) -> str:
    """What bhyve is told of where the functions are."""
    return play.host.path(f"{RUN}/fn1/devices").read_text()


@scenario(**DEVICES)
def functions_are_found(play: Play) -> None:
    """Where the functions are comes from the host at each start, and reaches bhyve in a file."""
    play.host.make(*ROMS)
    play.hivectl("start", "fn1", says=[*MADE, "fn1: started (pid N)"])
    play.order("pciconf -lc ix0", "pciconf -lc t6iov0", "bhyve ... fn1")
    boot, crypto = ["bus=5", "slot=0", "func=138"], ["bus=6", "slot=1", "func=0"]
    told = [*(f"pci.0.4.0.{word}" for word in boot), *(f"pci.1.0.0.{word}" for word in crypto)]
    assert functions(play).splitlines() == told
    play.down("fn1")
    play.say("another number of functions has another stride here")
    play.host.call("functions", device="ix0", vfs=16, stride="0x0004")
    play.up("fn1")
    assert "pci.0.4.0.func=148" in functions(play)
    play.down("fn1")
    play.say("a bus without ARI has slots")
    play.host.call("functions", device="ix0", ari=False)
    play.up("fn1")
    assert functions(play).startswith("pci.0.4.0.bus=5\npci.0.4.0.slot=18\npci.0.4.0.func=4\n")
    play.down("fn1")


@scenario(**DEVICES)
def functions_are_missing(play: Play) -> None:
    """iovctl(8) did not run, made too few, or left the function to the host: each is said, with what to do."""
    play.host.make(*ROMS)
    file = "/usr/local/etc/hivewright/iovctl/ix0.conf"
    few = f"and number 5 is wanted: see that iovctl_files has {file} and run: service iovctl restart"
    other = f"VF 5 of ix0 belongs to ixv5 and not to ppt(4): install {file} and service iovctl restart"
    for settings, why in (
        ({"vfs": 0}, f"ix0 has 0 VFs now, {few}"),
        ({"vfs": 4}, f"ix0 has 4 VFs now, {few}"),
        ({"vfs": 8, "passthrough": [3]}, other),
    ):
        play.host.call("functions", device="ix0", **settings)
        play.hivectl("start", "fn1", status=1, says=f"fn1: passthrough boot: {why}")
        play.never("truncate", "bhyve")
        play.nothing_left()
    play.say("the administrator runs iovctl; devd tells that a device came to ppt(4)")
    play.host.call("functions", device="ix0", passthrough=[3, 5])
    play.hivectl("event", "passthrough", "ppt2", says=[*MADE, "fn1: started (pid N)"])
    assert play.names("guest") == ["fn1"]


@scenario(**WITHOUT_FUNCTIONS)
def functions_of_nothing(play: Play) -> None:
    """The interface is called otherwise here, or makes no functions at all."""
    play.host.make(*ROMS)
    nothing = "fn1: passthrough boot: ix0 makes no VFs (pciconf -lc ix0 shows no SR-IOV), or is not in PCI domain 0"
    play.hivectl("start", "fn1", status=1, says=nothing)
    play.never("truncate", "bhyve")
    play.nothing_left()


@scenario(**DEVICES)
def function_as_nic(play: Play) -> None:
    """A NIC that is a function has no tap; the card comes beside it, all its functions in order, and goes backwards."""
    play.host.make(*ROMS)
    play.hivectl("start", "web1")
    take = ("devctl set driver -f pci0:2:0:1 ppt", "devctl set driver -f pci0:2:0:0 ppt")
    play.order("pciconf -lc ix0", *take, "ifconfig tap create name tap-web1-lan", "bhyve ... web1")
    play.never("ifconfig tap create name tap-web1-wan")
    assert play.names("interface") == ["br-lan", "bridge7", "tap-web1-lan"]
    assert play.state("device 2/") == CARD_TAKEN
    play.wait(10)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    given = ("devctl clear driver -f pci0:2:0:0", "devctl clear driver -f pci0:2:0:1 = 1")
    play.order("bhyvectl --destroy --vm=web1", "ifconfig tap-web1-lan destroy", *given)
    assert play.state("device 2/") == CARD_FREE
    play.nothing_left()
