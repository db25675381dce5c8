"""Scenarios of a boot at which much is missing that comes later: guests wait for it, and the others run."""

from __future__ import annotations

import json

from exposition import read_exposition
from host.devd_events import event
from host.play import HIVECTL, Play
from host.scenario import scenario

URL = "https://images.example.net/golden.raw"
TARGETS = {"iqn.2026-01.net.example:vms": {"portal": "192.0.2.40", "luns": [1]}}
STARTED = "running: started (pid N)"
ROUTE = "cannot add tap-route1-lan to the bridge br-lan: network lan: there is no default route to find the uplink by"
LOST = "was there once and is missing; import its pool or mount its file system"
POOL = f"waiting: disk root: /dev/zvol/tank/vms/pool1/root {LOST}"
WAITS = {
    "pool1": POOL,
    "follow1": "waiting: it comes after pool1, which is waiting",
    "key1": "waiting: disk root: the key of zroot/secret is not loaded; load it: zfs load-key zroot/secret",
    "file1": f"waiting: disk root: /vault/vms/file1/root.img {LOST}",
    "san1": "starting: tried again: disk root: no LUN 1 of iqn.2026-01.net.example:vms at 192.0.2.40 after 60 s",
    "route1": f"waiting: {ROUTE}",
    "dmz1": "waiting: cannot add tap-dmz1-dmz to the bridge br-dmz: network dmz: the interface ix9 does not exist",
    "office1": "waiting: cannot add tap-offi-f3a46c to the bridge bridge9: network office: the interface bridge9 does",
    "image1": f"waiting: provisioning failed: image golden: cannot fetch {URL}",
    "media1": "waiting: share home: there is no directory /net/home; make it, or mount it",
}


def pools(play: Play) -> None:
    """Three guests have disks on what is there before, and the host boots."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.host.call("pool", name="tank", imported=True)
    play.sh("zfs create zroot/secret && zfs create -o mountpoint=/vault zroot/vault")
    for name in ("pool1", "key1", "file1"):
        play.up(name)
    play.sh(f"{HIVECTL} stop && {HIVECTL} network down && rm -rf /var/run/hivewright")


def lacking(play: Play) -> None:
    """What those need is not there at the next boot."""
    play.host.call("pool", name="tank", imported=False)
    play.host.call("key", dataset="zroot/secret", loaded=False)
    play.host.call("key", dataset="zroot/vault", loaded=False)


def boots_without_pool(play: Play) -> None:
    """All other guests are there but pool1, whose pool is not, and follow1, which comes after it."""
    pools(play)
    play.host.call("interface", name="ix9")
    play.host.call("bridge", name="bridge9", members=[])
    play.sh("mkdir -p /net/home /net/iso && echo medium >/net/iso/install.iso")
    play.host.call("pool", name="tank", imported=False)
    play.service("faststart", says=[])
    play.wait(60)
    assert sorted({*WAITS, "fine1"} - set(play.names("guest"))) == ["follow1", "pool1"]
    assert play.phase("pool1").startswith(POOL)


@scenario(default_route=None)
def everything_late(play: Play) -> None:
    """Each guest waits for what it lacks and says so, the others run; each starts when that has come."""
    pools(play)
    lacking(play)
    play.service("faststart", says=[])
    play.wait(120)
    assert play.names("guest") == ["fine1"]
    for name, phase in WAITS.items():
        assert play.phase(name).startswith(phase), (name, play.phase(name))
    assert play.phase("broken1").startswith("failed: the boot ROM /srv/firmware/own.fd is missing")
    rows = {row["name"]: row for row in json.loads(play.hivectl("list", "--json").out)}
    assert {name for name, row in rows.items() if row["state"] == "waiting"} == {*WAITS} - {"san1"}
    assert all(row["reason"] for name, row in rows.items() if name in WAITS)
    waits = read_exposition(play.hivectl("metrics").out)["hivewright_guest_waiting"]
    assert sorted(waits) == sorted(f'{{vm="{name}",reason="{rows[name]["reason"]}"}}' for name in {*WAITS} - {"san1"})
    assert "waiting" in next(line for line in play.hivectl("list").out.splitlines() if line.startswith("key1 "))
    assert not play.state("interface tap")
    assert play.names("context") == ["fine1"]
    play.quietly()
    comes(play)
    play.wait(140)
    assert play.names("guest") == sorted({*WAITS, "fine1"})
    play.service("faststop")
    play.nothing_left()


def comes(play: Play) -> None:
    """All that was missing."""
    play.host.call("set", name="default_route", value="ix0")
    play.host.call("set", name="targets", value=TARGETS)
    play.host.call("set", name="urls", value={URL: "golden image\n"})
    play.host.call("pool", name="tank", imported=True)
    play.host.call("key", dataset="zroot/secret", loaded=True)
    play.host.call("key", dataset="zroot/vault", loaded=True)
    play.host.call("interface", name="ix9")
    play.host.call("bridge", name="bridge9", members=[])
    play.sh("mkdir -p /net/home /net/iso && echo medium >/net/iso/install.iso")


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def pauses_grow(play: Play) -> None:
    """The first tries follow each other closely, later ones come once a minute, and none after an hour."""
    boots_without_pool(play)
    play.wait(600)
    assert 9 <= play.ran("zfs list -H -o name tank/vms/pool1/root = 1") <= 11
    play.wait(3000)
    assert play.phase("pool1").startswith("failed: disk root")
    assert play.phase("pool1").endswith("given up after an hour")
    assert play.phase("follow1") == "failed: it comes after pool1, which is failed; given up after an hour"
    play.wait(200)
    play.nothing_ran()
    assert play.log("pool1").count("waits:") == 1


@scenario(default_route=None, targets=TARGETS, urls={URL: "golden image\n"})
def uplinks_come_long_after_the_boot(play: Play) -> None:
    """Who gave up for want of an interface or of a route starts when an uplink comes, and waits for the rest."""
    pools(play)
    play.service("faststart", says=[])
    play.wait(8000)
    for name in ("dmz1", "route1"):
        assert play.phase(name).startswith("failed: cannot add tap-"), play.phase(name)
        assert play.phase(name).endswith("given up after an hour")
    play.host.call("interface", name="ix9")
    event(play, "!system=IFNET subsystem=ix9 type=ATTACH")
    assert "dmz1" in play.names("guest")
    assert play.phase("route1").startswith(f"waiting: {ROUTE}")
    assert play.phase("office1").startswith("waiting: cannot add tap-")
    assert play.status("media1") == "failed"
    play.host.call("set", name="default_route", value="ix0")
    play.wait(70)
    assert "route1" in play.names("guest")


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def stopped_while_it_waits(play: Play) -> None:
    """A stop ends the waiting, whoever asked for it: nothing of it is left, and nothing starts later."""
    boots_without_pool(play)
    play.hivectl("stop", "pool1", says="pool1: stopped: a stop was asked for")
    play.order("pwait -t 5 <pool1>")
    play.host.call("pool", name="tank", imported=True)
    play.wait(120)
    assert "pool1" not in play.names("guest")
    assert play.phase("follow1") == "waiting: it comes after pool1, which is stopped"
    play.service("faststop")
    play.nothing_left()
    play.wait(120)
    play.nothing_ran()


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def started_while_it_waits(play: Play) -> None:
    """A start by hand takes over: it tries at once, tells what it lacks, and waits no more."""
    boots_without_pool(play)
    play.hivectl("start", "pool1", status=1, says=f"pool1: disk root: /dev/zvol/tank/vms/pool1/root {LOST}")
    assert play.status("pool1") == "failed"
    play.host.call("pool", name="tank", imported=True)
    play.wait(120)
    assert "pool1" not in play.names("guest")
    play.hivectl("start", "pool1", says="pool1: started (pid N)")
    play.wait(10)
    assert play.phase("follow1") == STARTED


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def all_started_while_they_wait(play: Play) -> None:
    """A start of all guests by hand waits like that of the boot."""
    boots_without_pool(play)
    play.hivectl("start", status=1)
    assert play.status("pool1") == play.status("follow1") == "waiting"
    play.host.call("pool", name="tank", imported=True)
    play.wait(120)
    assert play.phase("pool1") == play.phase("follow1") == STARTED


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def provisioned_while_it_waits(play: Play) -> None:
    """What the phase advises can be done while the guest waits: its disk is made anew, by hand."""
    boots_without_pool(play)
    play.host.call("pool", name="tank", imported=True)
    play.sh("zfs destroy tank/vms/pool1/root")
    says = ["pool1: it does not wait any more", "pool1: disk root: creating the volume tank/vms/pool1/root"]
    play.hivectl("provision", "--recreate", "root", "pool1", says=says)
    assert play.status("pool1") == "stopped"
    play.hivectl("disk", "grow", "pool1", "root", "2G", status=0)
    play.up("pool1")


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def disks_are_left_alone_while_it_waits(play: Play) -> None:
    """hivectl disk does not interfere, and says what to do."""
    boots_without_pool(play)
    refusal = "pool1: it waits to be started; end that: hivectl stop pool1"
    play.hivectl("disk", "detach", "pool1", "root", status=1, says=refusal)
    play.hivectl("debug", "pool1", status=1, says="pool1: it is waiting; stop it first")


@scenario(targets=TARGETS, urls={URL: "golden image\n"})
def killed_while_it_waits(play: Play) -> None:
    """Supervisor and daemon(8) were killed: status says so, a stop and a start put it right."""
    boots_without_pool(play)
    play.kill("daemon pool1", "supervisor pool1")
    play.tells("pool1", "pool1 is lost", "its supervisor is gone", "wave", status=1)
    play.hivectl("stop", "pool1", says="pool1: stopped: cleaned up after its supervisor, which was gone")
    play.host.call("pool", name="tank", imported=True)
    play.up("pool1")
    play.wait(10)
    assert play.phase("pool1") == play.phase("follow1") == STARTED
    play.service("faststop")
    play.nothing_left()


@scenario(default_route=None, targets=TARGETS, urls={URL: "golden image\n"})
def hooks_of_each_try(play: Play) -> None:
    """Each try is a start of its own: what its prestart hooks did is undone by the poststop hooks."""
    pools(play)
    play.service("faststart", says=[])
    play.wait(20)
    assert play.phase("route1").startswith(f"waiting: {ROUTE}")
    log = play.log("route1")
    assert log.count("hook prestart of route1") == log.count("hook poststop of route1") == 5
    play.host.call("set", name="default_route", value="ix0")
    play.wait(60)
    assert play.phase("route1") == STARTED
    assert play.log("route1").count("hook prestart of route1") == 6
