"""Scenarios of disks on iSCSI: sessions that guests share, that fail, and that somebody else made."""

from __future__ import annotations

from host import build
from host.play import Play
from host.san import OPEN, PATH, SECRET, TARGET, TARGETS, secret
from host.scenario import SCENARIOS, scenario

RUN = "/var/run/hivewright"
LOGIN = "iscsictl -A -n hivewright -c"
LOGOUT = f"iscsictl -R -p 192.0.2.5 -t {TARGET}"


def link(play: Play, name: str) -> str:
    """What the disk root of a guest is called on the host."""
    return str(play.host.path(f"{RUN}/{name}/disk-root").readlink())


@scenario(everyday=True, transcript=True, targets=TARGETS)
def shared_session(play: Play) -> None:
    """Two guests share a session: the first makes it, the last removes it. Nothing shows the secret."""
    secret(play)
    play.hivectl("start", "san1")
    play.show("session", f"file {RUN}/san1/iscsi", f"file {RUN}/iscsi")
    play.hivectl("start", "san2")
    play.hivectl("stop", "san1")
    assert play.names("session") == [TARGET]
    play.hivectl("start", "san1")
    play.hivectl("stop", "san2")
    assert play.names("session") == [TARGET]
    play.hivectl("stop", "san1")
    play.nothing_left()
    assert SECRET not in "\n".join((*play.everything, *play.state()))
    for name in ("san1", "san2"):
        assert SECRET not in play.log(name)


@scenario(targets=TARGETS)
def foreign_session(play: Play) -> None:
    """A session that was there is used, and stays."""
    play.host.path("/root/iscsi.conf").write_text(
        f'mine {{ TargetAddress = [2001:db8::5]:3261\nTargetName = "{OPEN}" }}\n'
    )
    play.sh("chmod 600 /root/iscsi.conf; iscsictl -A -n mine -c /root/iscsi.conf")
    play.host.advance(5)
    play.hivectl("start", "san6", says=["san6: making the UEFI variables", "san6: started (pid N)"])
    play.order(f"ln -sf /dev/da0 {RUN}/san6/disk-root", "bhyve ... san6")
    play.never("iscsictl -A")
    play.hivectl("stop", "san6", says="san6: stopped: a stop was asked for")
    play.order("bhyvectl --destroy --vm=san6", f"rm -f {RUN}/san6/disk-root")
    play.never("iscsictl -R")
    assert play.names("session") == [OPEN]


def fails(play: Play, reason: str, *before: str) -> None:
    """The start fails so, and is undone."""
    play.hivectl("start", "san1", status=1, says=[*before, f"san1: {reason}"])
    play.never("bhyve")
    play.nothing_left()


@scenario(targets=TARGETS)
def session_fails(play: Play) -> None:
    """No daemon, a wrong secret, a target that is not there, a unit that is not there: each is told, and undone."""
    fails(play, f"the secret {PATH} does not exist; write it there, and chmod 600", "making the UEFI variables")
    secret(play, mode=0o644)
    fails(play, f"the secret {PATH} is not for root alone: chown root and chmod 600")
    secret(play, 'with"quote')
    fails(play, f"the secret {PATH} must be one line of 1 to 64 characters without blanks and double quotes")
    secret(play, "wrong")
    assert "Authentication failure" in play.hivectl("start", "san1", status=1).err
    secret(play)
    play.host.call("set", name="iscsid", value=False)
    assert "iscsid_enable" in play.hivectl("start", "san1", status=1).err
    play.host.call("set", name="iscsid", value=True)
    play.host.call("set", name="targets", value={TARGET: {**TARGETS[TARGET], "luns": [0]}})
    assert "has no LUN 7" in play.hivectl("start", "san1", status=1).err
    play.host.call("set", name="targets", value={})
    assert "Connection refused" in play.hivectl("start", "san1", status=1).err
    play.nothing_left()


@scenario(targets=TARGETS)
def device_changes(play: Play) -> None:
    """Somebody made the session anew while the guest ran: its next run has the disk under its new name."""
    secret(play)
    play.guest("san2", {"end": "reboot", "after": 100}, {})
    play.up("san2")
    assert link(play, "san2") == "/dev/da1"
    play.host.call("set", name="targets", value={**TARGETS, TARGET: {**TARGETS[TARGET], "luns": [1]}})
    play.sh(LOGOUT)
    play.wait(120)
    play.order("bhyvectl --destroy --vm=san2", LOGIN, f"ln -sf /dev/da0 {RUN}/san2/disk-root", "bhyve ... san2")
    assert link(play, "san2") == "/dev/da0"
    assert play.names("guest") == ["san2"]
    play.down("san2")


@scenario(targets=TARGETS)
def supervisor_killed(play: Play) -> None:
    """The next start makes the session anew; an adopted guest keeps it; a stop removes it."""
    secret(play)
    play.up("san2")
    play.kill("daemon san2", "supervisor san2", "bhyve san2")
    play.hivectl("start", "san2", says="san2: started (pid N)")
    destroy, forget = "bhyvectl --destroy --vm=san2", f"rm -f {RUN}/san2/disk-root"
    play.order(destroy, forget, LOGOUT, LOGIN, f"ln -sf /dev/da1 {RUN}/san2/disk-root", "bhyve ... san2")
    play.kill("daemon san2", "supervisor san2")
    play.hivectl("start", "san2", says="san2: adopted (pid N): it ran without its supervisor")
    play.never("iscsictl", "bhyve", "ln")
    assert play.status("san2") == "running"
    play.kill("daemon san2", "supervisor san2")
    gone = "san2: stopped: cleaned up after its supervisor, which was gone"
    play.hivectl("stop", "san2", says=["san2: stopping bhyve N, which nobody supervises", gone])
    play.order("pwait -t 5 <bhyve san2>", destroy, forget, LOGOUT)
    play.nothing_left()


@scenario(targets=TARGETS)
def unit_goes_to_another_guest(play: Play) -> None:
    """Two guests change their units in the site, and it is shipped while one of them runs: they never have one."""
    secret(play)
    play.made("san2")
    play.up("san1")
    root = '[vm.{}.disk.root]\nstorage = "san"\nlun = {}'
    changes = [(root.format(name, old), root.format(name, 1 - old)) for name, old in (("san1", 0), ("san2", 1))]
    build.install(play.host, *changes, site=SCENARIOS / "iscsi")
    rest = "which is running; stop san1, or take the disk out of one of the two in the site"
    play.hivectl("start", "san2", status=1, says=f"san2: the disk {RUN}/san2/disk-root is that of san1, {rest}")
    play.never("bhyve")
    play.down("san1")
    play.up("san1", "san2")
    play.hivectl("stop", "san1", "san2", status=0)
    play.nothing_left()
