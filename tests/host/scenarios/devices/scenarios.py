"""Scenarios of guests with devices that need more than a path: secrets, sockets, devices of the host, limits."""

from __future__ import annotations

import re

from host.play import Play
from host.scenario import scenario

SECRET = "/usr/local/etc/hivewright/secrets/desk1-vnc"
PASSWORD = "s3cr,t:1"
RUN = "/var/run/hivewright/desk1"
SOCKETS = f"rm -f {RUN}/channel-agent.sock {RUN}/channel-clipboard.sock {RUN}/agent.sock {RUN}/vnc.sock"
DESTROY = "bhyvectl --destroy --vm=desk1"


def desk(play: Play, password: str = PASSWORD, mode: int = 0o600) -> None:
    """What the administrator made, and the devices of the host."""
    secret = play.host.path(SECRET)
    secret.parent.mkdir(mode=0o700, exist_ok=True)
    secret.write_text(password + "\n")
    secret.chmod(mode)
    for name in ("dsp0", "dsp1", "input/event2"):
        device = play.host.path(f"/dev/{name}")
        device.parent.mkdir(exist_ok=True)
        device.touch()


def refused(play: Play, name: str, reason: str) -> None:
    """The start is refused before anything is made, and nothing is left."""
    play.hivectl("start", name, status=1, says=f"{name}: {reason}")
    play.never("truncate", "zfs create", "bhyve")
    play.nothing_left()


@scenario()
def password_from_a_file(play: Play) -> None:
    """The password reaches bhyve in a file of root's; no command, message, log or state shows it afterwards."""
    desk(play)
    play.hivectl("start", "desk1")
    play.order(f"stat -L -f '%u %Lp' {SECRET}", "bhyve ... desk1")
    configuration = play.host.path(f"{RUN}/secrets")
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert configuration.read_text() == f"pci.0.29.0.password={PASSWORD}\n"
    play.wait(10)
    play.hivectl("stop", "desk1")
    play.order(DESTROY, SOCKETS)
    assert configuration.read_text() == ""
    assert PASSWORD not in "\n".join((*play.everything, *play.state()))
    assert PASSWORD not in play.log("desk1")
    play.nothing_left()


@scenario()
def secret_is_wrong(play: Play) -> None:
    """A secret that is missing, open to others, too long or not to be expressed ends the start, and is not shown."""
    desk(play)
    play.host.path(SECRET).unlink()
    refused(play, "desk1", f"the secret {SECRET} does not exist; write it there, and chmod 600")
    desk(play, mode=0o644)
    refused(play, "desk1", f"the secret {SECRET} is not for root alone: chown root and chmod 600")
    for password in ("123456789", "a b", "a%b", ""):
        desk(play, password)
        refused(play, "desk1", f"the secret {SECRET} must be one line of 1 to 8 characters without blanks, % and ")
        assert not password or password not in "\n".join(play.lines)
    assert PASSWORD not in "\n".join(play.lines)


@scenario()
def sockets_are_removed(play: Play) -> None:
    """bhyve leaves its sockets: they go before each run and when the guest is gone."""
    desk(play)
    play.guest("desk1", {"end": "reboot", "after": 100}, {"end": "poweroff", "after": 100})
    play.up("desk1")
    run = play.host.path(RUN)
    assert [path.name for path in sorted(run.glob("*.sock"))] == ["channel-agent.sock", "channel-clipboard.sock"]
    play.wait(150)
    play.order(DESTROY, SOCKETS, "bhyve ... desk1")
    assert play.names("guest") == ["desk1"]
    play.wait(100)
    play.order(DESTROY, SOCKETS)
    assert not list(run.glob("*.sock"))
    play.nothing_left()


@scenario()
def sockets_of_a_killed_guest(play: Play) -> None:
    """Nobody cleaned up: the next start does."""
    desk(play)
    play.up("desk1")
    play.kill("supervisor desk1", "bhyve desk1")
    play.hivectl("start", "desk1", says="desk1: started (pid N)")
    play.order(DESTROY, SOCKETS, "bhyve ... desk1")
    play.down("desk1")


@scenario()
def device_is_missing(play: Play) -> None:
    """A device of the host is not there: the start says so."""
    desk(play)
    play.host.path("/dev/dsp1").unlink()
    refused(play, "desk1", "sound: /dev/dsp1 does not exist")


@scenario()
def directories_are_shared(play: Play) -> None:
    """A directory that is missing ends the start; nothing is made in its place."""
    play.host.path("/data/web").mkdir(parents=True)
    refused(play, "share1", "share upload: there is no directory /data/upload; make it, or mount it")
    assert not play.host.path("/data/upload").exists()
    play.host.path("/data/upload").mkdir()
    play.hivectl("start", "share1")
    assert play.names("guest") == ["share1"]


@scenario()
def blocks_of_another_size(play: Play) -> None:
    """A property that counts only at creation was changed: provisioning says so, and the volume stays."""
    create = "zfs create -p -V 1073741824 -o volblocksize={} zroot/vms/block1/data"
    play.sh(create.format("16K"))
    play.host.advance(5)
    differs = "zroot/vms/block1/data has a volblocksize of 16384 bytes, which cannot become 65536:"
    remedy = 'write volblocksize = "16384" in the properties of the disk, or make a new disk and copy the data'
    there = "block1: disk data: zroot/vms/block1/data is there already, and is taken as it is"
    failed = f"block1: provisioning failed: disk data: {differs} {remedy}"
    play.hivectl("start", "block1", status=1, says=[there, failed])
    play.never("bhyve", "zfs destroy", "zfs create")
    assert play.names("volume") == ["zroot/vms/block1/data"]
    play.sh("zfs destroy zroot/vms/block1/data")
    play.sh(create.format("65536"))
    play.host.advance(5)
    play.hivectl("start", "block1", says=[there, "block1: making the UEFI variables", "block1: started (pid N)"])


LIMITS = ["protect -p N", "rctl -a process:N:pcpu:deny=200", "rctl -a process:N:writebps:throttle=52428800"]
COUNTS = {"kern.racct.enable": "1"}


def limited(play: Play) -> list[str]:
    """The commands of the last step that set a limit, sorted: they run beside bhyve."""
    found = [re.sub(r"(-p |process:)[0-9]+", r"\1N", text.partition(" = ")[0]) for text in play.step]
    return sorted(text for text in found if text.startswith(("cpuset", "renice", "protect", "rctl")))


@scenario(everyday=True, sysctl=COUNTS)
def limits_are_set(play: Play) -> None:
    """The CPUs before bhyve runs, everything else at each of its runs."""
    play.guest("limit1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "limit1")
    play.order("cpuset -l 4-7", "bhyve ... limit1")
    assert limited(play) == ["cpuset -l 4-7 -p N", *LIMITS, "renice 5 -p N"]
    play.sh("sysctl kern.racct.enable=0")
    play.wait(150)
    assert limited(play) == [*LIMITS, "renice 5 -p N"]
    play.say("a limit that could not be set is told")
    assert play.phase("limit1").endswith("without its limits: rctl")
    play.down("limit1")


@scenario(sysctl={"kern.racct.enable": "0"})
def limits_need_accounting(play: Play) -> None:
    """A host that does not count resources cannot limit them: the start says what to do."""
    remedy = "put kern.racct.enable=1 into loader.conf (it is in /boot/loader.conf.d/hivewright.conf) and reboot"
    refused(play, "limit1", f"limits: this host does not count resources; {remedy}")


@scenario(sysctl={**COUNTS, "hw.ncpu": "4"})
def limits_need_cpus(play: Play) -> None:
    """The host lacks a CPU."""
    refused(play, "limit1", "limits: it cannot have the CPUs 4-7: cpuset: setaffinity: Resource deadlock avoided")


@scenario(sysctl={"hw.ncpu": "2"})
def too_many_vcpus(play: Play) -> None:
    """The site does not say how many CPUs the host has: the start asks, before bhyve would count as crashed."""
    refused(play, "many1", "it has 4 vCPUs, and bhyve takes at most 2 here (hw.vmm.maxcpu)")


@scenario()
def addresses_that_are_fixed(play: Play) -> None:
    """A tablet, a drive with first-boot data and a controller are where the site says, for bhyve as well."""
    play.hivectl("start", "fixed1")
    words = play.host.path("/usr/local/etc/hivewright/vms/fixed1/start").read_text()
    for slot in ("0:9:0,xhci,tablet", "0:10:0,ahci-cd,/var/db/hivewright/fixed1/seed.iso", "0:11:0,ahci,hd:"):
        assert f" -s {slot}" in words
    play.wait(10)
    assert play.phase("fixed1") == "running: started (pid N)"
    play.hivectl("stop", "fixed1")
    play.nothing_left()


@scenario()
def serial_line_of_the_host(play: Play) -> None:
    """A start is refused without the line; hivectl console takes the other end of an nmdm(4), and tells of a line."""
    refused(play, "line1", "serial line: /dev/cuau0 does not exist")
    line = play.host.path("/dev/cuau0")
    line.touch()
    play.hivectl("start", "line1")
    said = play.hivectl("status", "line1").out
    assert "    console com1 is /dev/nmdm-lab.1A\n    console com2 is /dev/cuau0\n" in said
    told = "line1: its com2 is the serial line /dev/cuau0 of this host: look at what is at the other end of that line"
    play.hivectl("console", "line1", "com2", status=1, says=told)
    play.hivectl("console", "line1", says="line1: connecting to /dev/nmdm-lab.1A; leave with ~. (inside ssh ~~.)")
    play.ran("cu -l /dev/nmdm-lab.1A")
    play.wait(10)
    play.hivectl("stop", "line1")
    line.unlink()
    play.nothing_left()


@scenario(host="beta", release=(15, 1))
def vnc_on_a_socket(play: Play) -> None:
    """VNC listens on a socket, com2 on a TCP port; nothing of the socket stays."""
    play.hivectl("start", "desk2")
    socket = play.host.path("/var/run/hivewright/desk2/vnc.sock")
    assert socket.is_socket()
    unheard = "desk2: nobody listens at 127.0.0.1:7001; is the guest running?"
    play.hivectl("console", "desk2", "com2", status=1, says=["desk2: connecting to 127.0.0.1:7001", unheard])
    play.ran("nc 127.0.0.1 7001")
    play.wait(10)
    play.hivectl("stop", "desk2")
    play.order("bhyvectl --destroy --vm=desk2", "rm -f * /var/run/hivewright/desk2/vnc.sock")
    assert not socket.exists()
    play.nothing_left()
