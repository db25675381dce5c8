"""Scenarios of another build of bhyve, and of the environment that a guest's bhyve has."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

PROGRAM = "/usr/local/sbin/bhyve-next"
SEEN = "/srv/environment"
WRITES_IT_DOWN = f'#!/bin/sh\nenv >{SEEN}\nexec /usr/sbin/bhyve "$@"\n'
ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd"
THEIRS = ("/usr/sbin/bhyve", "-A", "-H", "-m", "1G", "-s", "0,hostbridge", "-s", "31,lpc", "-l", f"bootrom,{ROM}",
          "web1")  # fmt: skip
VARIABLES = ("SLIRP_DEBUG=call", "NOTE=it's $HOME, `id` and \\ all", "vm=other", "log=/nowhere", "run=")


def is_installed(play: Play) -> None:
    """The other build, which writes down its environment."""
    program = play.host.path(PROGRAM)
    program.write_text(WRITES_IT_DOWN)
    program.chmod(0o755)


@scenario(everyday=True)
def variables_reach_bhyve(play: Play) -> None:
    """They are those of bhyve, word for word, at each of its runs, and none of the runtime's; a stop is as ever."""
    is_installed(play)
    play.guest("web1", {"end": "reboot", "after": 100}, {})
    play.up("web1")
    for _ in range(2):
        seen = play.host.path(SEEN)
        assert set(VARIABLES) <= set(seen.read_text().splitlines())
        seen.unlink()
        play.wait(100)
    play.hivectl("stop", "web1", says="web1: stopped: a stop was asked for")
    play.nothing_left()


@scenario()
def debugged_with_variables(play: Play) -> None:
    """The other build runs under the debugger as well, with the variables."""
    is_installed(play)
    play.up("web1")
    play.down("web1")
    play.host.path(SEEN).unlink()
    play.spawn("debugging", HIVECTL, "debug", "web1")
    play.host.advance(10)
    play.hivectl("stop", "web1")
    play.host.wait("debugging")
    play.take()
    assert set(VARIABLES) <= set(play.host.path(SEEN).read_text().splitlines())
    play.nothing_left()


@scenario()
def build_is_missing(play: Play) -> None:
    """The host does not have it: a start says so, and makes nothing of the base system's."""
    outcome = play.hivectl("start", "web1", status=1)
    assert f"web1: {PROGRAM} is not on this host" in outcome.err
    play.never("bhyve")
    play.nothing_left()


@scenario(strict=False)
def build_by_its_title(play: Play) -> None:
    """A process is known as the bhyve of a guest by the name of its build; bhyveload is none."""
    is_installed(play)
    play.up("web1")
    play.down("web1")
    play.host.spawn(*THEIRS, name="theirs")
    play.host.advance(1)
    play.kill("bhyve web1")
    play.host.call("impostor", name="loader", title="/usr/sbin/bhyveload -m 1G web1")
    play.hivectl("start", "web1", status=1, says="web1: /dev/vmm/web1 is there, and hivewright did not make it: ")
    for title in ("bhyve-next: web1", f"{PROGRAM} -m 1G web1", "bhyve: web1"):
        play.host.call("impostor", name="other", title=title)
        outcome = play.hivectl("start", "web1", status=1)
        assert "runs under this name, and hivewright did not start it" in outcome.err, title
        play.kill("operator other")
    play.sh("bhyvectl --destroy --vm=web1")
