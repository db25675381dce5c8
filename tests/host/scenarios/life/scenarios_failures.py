"""Scenarios of a stop that does not succeed, of one without the files of the host, and of others' processes."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

DESTROY = "bhyvectl --destroy --vm=web1"
STUCK = "cannot destroy /dev/vmm/web1"
STOPPED = "a stop was asked for"
LEFT = "what it had left was cleaned up"
CONF = "/usr/local/etc/hivewright/host.conf"
NO_CONF = f"hivewright: {CONF} cannot be used; what runs is stopped as /var/run/hivewright has it, without an order"
HALT = "/var/run/hivewright/halt.process"


def runs(play: Play, *names: str) -> None:
    """These run for some time."""
    play.up(*names)
    play.host.advance(10)
    play.quietly()


@scenario()
def context_stays(play: Play) -> None:
    """The kernel does not destroy the context, and bhyvectl ends with 0: the stop fails, and a later one ends it."""
    runs(play, "web1")
    play.host.call("stick", name="web1")
    play.hivectl("stop", "web1", status=1, says=f"web1: failed: {STOPPED}; {STUCK}")
    assert play.phase("web1") == f"failed: {STOPPED}; {STUCK}"
    assert play.names("context") == ["web1"]
    play.tells("web1", "web1 is failed", f"{STOPPED}; {STUCK}", "wave", status=1)
    play.hivectl("stop", "web1", status=1, says=[f"web1: {STUCK}", f"web1: failed: {LEFT}; {STUCK}"])
    play.host.call("stick", name="web1", stuck=False)
    play.hivectl("stop", "web1", says=f"web1: stopped: {LEFT}")
    play.nothing_left()


@scenario(destroy_delay=0.3)
def context_goes_late(play: Play) -> None:
    """Up to FreeBSD 14.0 the context goes a moment after bhyvectl has ended: that is waited for."""
    play.guest("web1", {"end": "reboot", "after": 100}, {})
    runs(play, "web1")
    play.wait(100)
    play.order(DESTROY, "bhyve ... web1")
    assert play.ran("sleep 0.1") >= 3
    play.hivectl("stop", "web1", says=f"web1: stopped: {STOPPED}")
    play.nothing_left()


@scenario()
def going_down_already(play: Play) -> None:
    """The guest is going down when force is used; what bhyvectl says of that is not shown to the operator."""
    play.guest("web1", {"ignore": 1000, "wedged": True})
    runs(play, "web1")
    play.sh("bhyvectl --force-poweroff --vm=web1")
    forced = "web1: did not stop in 20 seconds; forcing it"
    play.hivectl("stop", "web1", says=[forced, f"web1: stopped: {STOPPED}, and took force"])
    play.ran("bhyvectl --force-poweroff --vm=web1 = 255")


@scenario()
def stop_without_host_conf(play: Play) -> None:
    """host.conf is missing: what runs is stopped, by name and as a whole."""
    runs(play, "again1", "web1")
    play.host.path(CONF).unlink()
    play.hivectl("stop", "web1", says=[NO_CONF, f"web1: stopped: {STOPPED}"])
    play.hivectl("stop", says=[NO_CONF, f"again1: stopped: {STOPPED}"])
    play.never("bhyve")
    play.nothing_left()


@scenario()
def stop_with_broken_files(play: Play) -> None:
    """host.conf was cut off, one stop script was, and the other is for another runtime: all that runs is stopped."""
    runs(play, "again1", "web1", "db1")
    for path, text in ((CONF, "host alpha\nvm web1 'autostart"), (script("web1"), "#!/bin/sh\n{\nset -u\n")):
        play.host.path(path).write_text(text)
    other = play.host.path(script("db1"))
    other.write_text(other.read_text().replace("runtime 2", "runtime 3"))
    play.hivectl("stop", "web1", says=[NO_CONF, f"web1: stopped: {STOPPED}"])
    play.service("onestop", status=0)
    play.nothing_left()


def script(name: str) -> str:
    return f"/usr/local/etc/hivewright/vms/{name}/stop"


@scenario()
def others_with_the_title_of_a_guest(play: Play) -> None:
    """Processes of another user, and of root in a jail, call themselves like a guest: they are neither taken for it nor
    stopped."""
    others = {"a user's": (1001, ""), "in a jail": (0, "www")}
    for name, (user, jail) in others.items():
        play.host.call("impostor", name=name, title="bhyve: web1", user=user, jail=jail)
    runs(play, "web1")
    play.kill("daemon web1", "supervisor web1", "bhyve web1")
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.order(DESTROY, "bhyve ... web1")
    play.kill("daemon web1", "supervisor web1")
    play.host.advance(10)
    says = ["web1: stopping bhyve N, which nobody supervises", "web1: stopped: cleaned up after its supervisor"]
    play.hivectl("stop", "web1", says=says)
    play.nothing_left()
    for name in others:
        assert play.host.call("kill", target=f"operator {name}")


@scenario()
def stop_of_all_was_killed(play: Play) -> None:
    """A stop of all guests was killed, and its pid is another process's by now: guests start."""
    play.made("web1")
    play.host.call("impostor", name="other", title="sleep")
    pid = play.host.call("pid", name="other")
    play.host.path(HALT).write_text(f"{pid}\n")
    play.hivectl("start", "web1", says="web1: started (pid N)")
    assert play.host.path(HALT).read_text() == ""


@scenario()
def no_start_while_all_are_stopped(play: Play) -> None:
    """While all guests are being stopped none is started; afterwards it is."""
    play.made("web1")
    play.guest("again1", {"ignore": 2})
    runs(play, "again1")
    play.spawn("stop", HIVECTL, "stop")
    play.host.advance(2)
    busy = "hivewright: all guests are being stopped at this moment"
    play.hivectl("start", "web1", status=1, says=busy)
    play.never("daemon")
    play.join("stop", says=f"again1: stopped: {STOPPED}")
    play.hivectl("start", "web1", says="web1: started (pid N)")
    play.nothing_left("web1")
