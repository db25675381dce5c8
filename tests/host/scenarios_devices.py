"""Scenarios of guests with devices that need more than a path: secrets, sockets, devices of the host."""

from __future__ import annotations

import re

from .play import HIVECTL, Play, Scenario, down, leftovers, up

SECRET = "/usr/local/etc/hivewright/secrets/desk1-vnc"
PASSWORD = "s3cr,t:1"


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


def password_from_a_file(play: Play) -> None:
    """The password reaches bhyve in a file of root's; no command, message, log or state shows it afterwards."""
    desk(play)
    play.hivectl("start", "desk1")
    configuration = play.host.path("/var/run/hivewright/desk1/secrets")
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert configuration.read_text() == f"pci.0.29.0.password={PASSWORD}\n"
    play.wait(10)
    play.hivectl("stop", "desk1")
    assert configuration.read_text() == ""
    assert PASSWORD not in "\n".join(play.lines)
    assert PASSWORD not in play.host.path("/var/log/hivewright/desk1.log").read_text()
    assert not leftovers(play.host)


def secret_is_wrong(play: Play) -> None:
    """A secret that is missing, open to others, too long or not to be expressed ends the start, and is not shown."""
    desk(play)
    play.host.path(SECRET).unlink()
    play.hivectl("start", "desk1", status=1)
    for password, mode in ((PASSWORD, 0o644), ("123456789", 0o600), ("a b", 0o600), ("a%b", 0o600), ("", 0o600)):
        desk(play, password, mode)
        play.quietly()
        play.hivectl("start", "desk1", status=1)
        assert not leftovers(play.host)
        assert not password or password not in "\n".join(play.lines)


def sockets_are_removed(play: Play) -> None:
    """bhyve leaves its sockets: they go before each run and when the guest is gone."""
    desk(play)
    play.guest("desk1", {"end": "reboot", "after": 100}, {"end": "poweroff", "after": 100})
    up(play, "desk1")
    run = play.host.path("/var/run/hivewright/desk1")
    assert [path.name for path in sorted(run.glob("*.sock"))] == ["channel-agent.sock", "channel-clipboard.sock"]
    play.wait(150)
    assert "guest desk1" in play.host.state()
    play.wait(100)
    assert not list(run.glob("*.sock"))
    assert not leftovers(play.host)


def sockets_of_a_killed_guest(play: Play) -> None:
    """Nobody cleaned up: the next start does."""
    desk(play)
    up(play, "desk1")
    assert play.host.call("kill", target="supervisor desk1")
    assert play.host.call("kill", target="bhyve desk1")
    up(play, "desk1")
    down(play, "desk1")


def device_is_missing(play: Play) -> None:
    """A device of the host is not there: the start says so."""
    desk(play)
    play.host.path("/dev/dsp1").unlink()
    play.hivectl("start", "desk1", status=1)
    assert not leftovers(play.host)


def directories_are_shared(play: Play) -> None:
    """A directory that is missing ends the start; nothing is made in its place."""
    play.host.path("/data/web").mkdir(parents=True)
    play.hivectl("start", "share1", status=1)
    assert not leftovers(play.host)
    assert not play.host.path("/data/upload").exists()
    play.host.path("/data/upload").mkdir()
    play.quietly()
    play.hivectl("start", "share1")
    assert "guest share1" in play.host.state()


def blocks_of_another_size(play: Play) -> None:
    """A property that counts only at creation was changed: provisioning says so, and the volume stays."""
    shell = "zfs create -p -V 1073741824 -o volblocksize={} zroot/vms/block1/data"
    assert play.host.run("/bin/sh", "-c", shell.format("16K")).status == 0
    play.host.advance(5)
    play.quietly()
    play.hivectl("start", "block1", status=1)
    assert not leftovers(play.host)
    assert play.host.run("/bin/sh", "-c", "zfs destroy zroot/vms/block1/data").status == 0
    assert play.host.run("/bin/sh", "-c", shell.format("65536")).status == 0
    play.host.advance(5)
    play.quietly()
    play.hivectl("start", "block1")


LIMITS = ["protect -p N", "rctl -a process:N:pcpu:deny=200", "rctl -a process:N:writebps:throttle=52428800"]


def limited(play: Play) -> list[str]:
    """The commands so far that set a limit, sorted: they run beside bhyve."""
    words = [line.split(maxsplit=2)[2].partition("  = ")[0] for line in play.host.transcript()]
    found = [re.sub(r"(-p |process:)[0-9]+", r"\1N", line) for line in words]
    return sorted(line for line in found if line.startswith(("cpuset", "renice", "protect", "rctl")))


def limits_are_set(play: Play) -> None:
    """The CPUs before bhyve runs, everything else at each of its runs."""
    play.guest("limit1", {"end": "reboot", "after": 100}, {})
    assert play.host.run(HIVECTL, "start", "limit1").status == 0
    assert limited(play) == ["cpuset -l 4-7 -p N", *LIMITS, "renice 5 -p N"]
    assert play.host.run("/bin/sh", "-c", "sysctl kern.racct.enable=0").status == 0
    play.host.advance(150)
    assert limited(play) == [*LIMITS, "renice 5 -p N"]
    play.say("a limit that could not be set is told")
    phase = play.host.path("/var/run/hivewright/limit1/phase").read_text()
    assert phase.endswith("without its limits: rctl\n"), phase
    down(play, "limit1")


def limits_need_accounting(play: Play) -> None:
    """A host that does not count resources cannot limit them: the start says what to do."""
    play.hivectl("start", "limit1", status=1)
    assert not leftovers(play.host)


def limits_need_cpus(play: Play) -> None:
    """The host lacks a CPU."""
    play.hivectl("start", "limit1", status=1)
    assert not leftovers(play.host)


COUNTS = {"kern.racct.enable": "1"}


def too_many_vcpus(play: Play) -> None:
    """The site does not say how many CPUs the host has: the start asks, before bhyve would count as crashed."""
    play.hivectl("start", "many1", status=1)
    assert not leftovers(play.host)


SCENARIOS = [
    Scenario("too-many-vcpus", too_many_vcpus, {"sysctl": {"hw.ncpu": "2"}}),
    Scenario("limits-are-set", limits_are_set, {"sysctl": COUNTS}),
    Scenario("limits-need-accounting", limits_need_accounting, {"sysctl": {"kern.racct.enable": "0"}}),
    Scenario("limits-need-cpus", limits_need_cpus, {"sysctl": {**COUNTS, "hw.ncpu": "4"}}),
    Scenario("blocks-of-another-size", blocks_of_another_size),
    Scenario("directories-are-shared", directories_are_shared),
    Scenario("password-from-a-file", password_from_a_file),
    Scenario("secret-is-wrong", secret_is_wrong),
    Scenario("sockets-are-removed", sockets_are_removed),
    Scenario("sockets-of-a-killed-guest", sockets_of_a_killed_guest),
    Scenario("device-is-missing", device_is_missing),
]


def vnc_on_a_socket(play: Play) -> None:
    """VNC listens on a socket, com2 on a TCP port; nothing of the socket stays."""
    play.hivectl("start", "desk2")
    socket = play.host.path("/var/run/hivewright/desk2/vnc.sock")
    assert socket.is_socket()
    play.hivectl("console", "desk2", "com2", status=1)
    play.wait(10)
    play.hivectl("stop", "desk2")
    assert not socket.exists()
    assert not leftovers(play.host)


ON_BETA = [Scenario("vnc-on-a-socket", vnc_on_a_socket, {"release": (15, 1)})]
