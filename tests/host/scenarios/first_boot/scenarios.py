"""Scenarios of guests that are ready when their first boot is over."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

MARK = "/var/lib/cloud/instance/boot-finished"
STARTED = "running: started (pid N)"
LEFT = "/srv/marks/mail1/first-boot"


@scenario()
def its_agent_tells(play: Play) -> None:
    """Who comes after it waits for the mark of the first boot; a later start finds it there. No file stays open."""
    play.guest("db1", {"agent": 10, "has": {MARK: 60}}, {"agent": 10, "has": {MARK: 0}})
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.service("faststart", says=[])
    play.wait(40)
    assert play.phase("db1") == STARTED
    refused = f"its agent refuses guest-file-open: failed to open file '{MARK}' (mode: 'r'): No such file or directory"
    assert "which is not ready, as its hook says: its first boot goes on: db1: its agent" in play.phase("web1")
    said = play.host.path("/var/run/hivewright/db1/readiness").read_text()
    assert said == f"its first boot goes on: db1: {refused}\n"
    play.wait(60)
    assert play.phase("web1") == STARTED
    assert play.host.call("open_files", name="db1") == 0
    play.service("faststop")
    play.nothing_left()
    play.service("faststart", says=[])
    play.wait(30)
    assert play.phase("web1") == STARTED
    play.service("faststop")


@scenario()
def an_agent_that_says_nonsense(play: Play) -> None:
    """What it says is handed back to it, and nowhere else."""
    nonsense = {"guest-file-open": '{"return": "$(touch /tmp/harm); touch /tmp/harm"}'}
    play.guest("db1", {"agent": 1, "agent_says": nonsense})
    play.up("db1")
    play.wait(10)
    play.up("web1")
    assert not play.host.path("/tmp/harm").exists()


@scenario()
def a_file_tells(play: Play) -> None:
    """The guest leaves a file in its own directory of the host: who comes after it starts then, and at once later."""
    play.host.path("/srv/marks/mail1").mkdir(parents=True)
    play.spawn("start", "hivectl", "start", "mail1", "web2")
    play.wait(60)
    assert play.phase("web2") == "stopped: it comes after mail1, which waits for " + LEFT
    play.host.path(LEFT).touch()
    play.join("start")
    assert play.phase("web2") == STARTED
    play.hivectl("stop", "mail1", "web2")
    play.hivectl("start", "mail1", "web2")
    assert play.phase("web2") == STARTED
