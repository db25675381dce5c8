"""Scenarios of another tool's guest that has the name of one of ours: it is left alone."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd"
THEIRS = ("/usr/sbin/bhyve", "-A", "-H", "-m", "1G", "-s", "0,hostbridge", "-s", "31,lpc", "-l", f"bootrom,{ROM}",
          "web1")  # fmt: skip
STRANGER = "bhyve N runs under this name, and hivewright did not start it: stop it by what did, and see"
TOUCHING = ("bhyve", "bhyvectl", "kill", "ifconfig", "truncate", "lockf -k -s -t 120")


def another_starts_it(play: Play) -> None:
    play.host.spawn(*THEIRS, name="theirs")
    play.host.advance(1)
    play.quietly()
    assert play.names("guest") == ["web1"], play.host.wait("theirs")


def it_ends(play: Play) -> None:
    play.kill("bhyve web1")
    play.sh("bhyvectl --destroy --vm=web1")


@scenario(strict=False)
def started_by_another_tool(play: Play) -> None:
    """start neither adopts nor ends it, and neither does stop; when it is gone, ours starts."""
    play.made("web1")
    another_starts_it(play)
    play.hivectl("start", "web1", status=1, says=f"web1: {STRANGER}")
    play.never(*TOUCHING)
    play.hivectl("stop", "web1", status=1, says=f"web1: {STRANGER}")
    play.never(*TOUCHING)
    assert play.names("guest") == ["web1"]
    assert play.status("web1") == "failed"
    play.tells("web1", "web1 is failed", "and hivewright did not start it", "log", status=1)
    it_ends(play)
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.down("web1")


@scenario(strict=False)
def between_two_runs_of_another_tool(play: Play) -> None:
    """A context without bhyve, as a loader of another tool has it: it is not destroyed."""
    play.made("web1")
    another_starts_it(play)
    play.kill("bhyve web1")
    there = "web1: /dev/vmm/web1 is there, and hivewright did not make it: where nothing uses it any more, bhyvectl"
    for verb in ("start", "stop"):
        play.hivectl(verb, "web1", status=1, says=there)
        play.never(*TOUCHING)
    play.sh("bhyvectl --destroy --vm=web1")
    play.up("web1")
    play.down("web1")


@scenario(strict=False)
def started_after_ours_was_killed(play: Play) -> None:
    """All of ours was killed, and another tool has the name by now: what ours left stays until that is gone."""
    play.up("web1")
    play.kill("daemon web1", "supervisor web1", "bhyve web1")
    play.sh("bhyvectl --destroy --vm=web1")
    another_starts_it(play)
    for verb in ("stop", "start"):
        outcome = play.hivectl(verb, "web1", status=1)
        assert "hivewright did not start it" in outcome.err
        play.never("bhyve", "bhyvectl", "kill")
    assert play.names("guest") == ["web1"]
    it_ends(play)
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.down("web1")


@scenario(strict=False)
def the_service_leaves_it_alone(play: Play) -> None:
    """service start and faststop tell it, and have to do with their own guests alone."""
    play.made("db1", "web1")
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    another_starts_it(play)
    play.host.run(HIVECTL, "start", "--all")
    assert "db1" in play.names("guest")
    play.host.run(HIVECTL, "stop", "--all")
    assert play.names("guest") == ["web1"]
    it_ends(play)
