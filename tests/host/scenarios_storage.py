"""Scenarios of every kind of disk: made, used, stopped, used again, and made anew when it is gone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from .golden_image import RAW, URLS
from .play import HIVECTL, Play, Scenario, down, leftovers, up

SERVED = {"urls": URLS}

GIGABYTE = 1 << 30
LARGER = GIGABYTE * 3 // 2
CONTENT = hashlib.sha256(RAW).hexdigest()[:8]
TARGET, OPEN = "iqn.2026-01.net.example:vms", "iqn.2026-01.net.example:open"
SECRET = "s3cret-of:the$san"
TARGETS = {
    TARGET: {"portal": "192.0.2.5", "luns": [0, 1, 7], "user": "vms", "secret": SECRET},
    OPEN: {"portal": "[2001:db8::5]:3261", "luns": [0]},
}
SAN = {"targets": TARGETS}


def sh(play: Play, script: str) -> None:
    """What an administrator does."""
    assert play.host.run("/bin/sh", "-c", script).status == 0, script
    play.host.advance(5)
    play.quietly()


def volumes(play: Play) -> dict[str, str]:
    """Volume -> its size, content and origin."""
    found = (line.split(" ", 2) for line in play.host.state() if line.startswith("volume "))
    return {name: rest for _, name, rest in found}


def make_use_and_make_again(vm: str, lose: str, makes: str) -> Callable[[Play], None]:
    """The life of disks that are ours; ``lose`` takes the disk root away, ``makes`` is the command that made it."""

    def play_it(play: Play) -> None:
        play.hivectl("start", vm)
        play.show("volume", "snapshot")
        down(play, vm)
        play.hivectl("start", vm)
        down(play, vm)
        sh(play, lose)
        play.hivectl("start", vm, status=1)
        play.hivectl("provision", "--recreate", "root", vm)
        assert [line for line in play.lines[-12:] if makes in line], play.text()
        play.hivectl("start", vm)
        play.show("volume", "snapshot")
        down(play, vm)

    return play_it


def existing_paths(play: Play) -> None:
    """Nothing is made where nothing is ours."""
    play.hivectl("start", "path1", status=1)
    sh(play, "mkdir -p /srv; truncate -s 1G /srv/old.img")
    play.hivectl("start", "path1", status=1)
    play.host.path("/dev/ada7").touch()
    play.hivectl("start", "path1")
    down(play, "path1")


def image_cloned(play: Play) -> None:
    """The image is fetched and copied once; each disk is a clone with its own size and a reservation."""
    play.hivectl("start", "clone1")
    (origin,) = [line.split()[1] for line in play.show("volume", "snapshot") if line.startswith("snapshot")]
    assert volumes(play)["zroot/vms/clone1/root"] == f"{GIGABYTE} {CONTENT} clone of {origin}"
    play.hivectl("start", "clone2")
    assert not [
        line for line in play.lines if "clone2" in line and any(f"  {word} " in line for word in ("fetch", "dd"))
    ]
    assert volumes(play)["zroot/vms/clone2/root"] == f"{LARGER} {CONTENT} clone of {origin}"
    assert volumes(play)["zroot/vms/clone2/data"] == f"{GIGABYTE} {CONTENT} clone of {origin}"
    play.say("the volume of the image cannot go")
    play.do("zfs", "destroy", origin, status=1)
    down(play, "clone1", "clone2")


def image_cloned_elsewhere(play: Play) -> None:
    """Another storage has a volume of its own; nothing is reserved on a sparse one; a small image is rounded up."""
    up(play, "clone1")
    play.hivectl("start", "clone3")
    play.show("volume", "snapshot")
    assert not [line for line in play.lines if "  fetch -q" in line or "refreservation" in line]
    down(play, "clone1", "clone3")


def image_half_copied(play: Play) -> None:
    """A volume without the snapshot is not taken for whole: it is filled again."""
    up(play, "clone1")
    (origin,) = [line.split()[1] for line in play.host.state() if line.startswith("snapshot")]
    down(play, "clone1")
    volume = origin.partition("@")[0]
    sh(play, f"zfs destroy zroot/vms/clone1/root && zfs destroy {origin} && dd if=/etc/rc.conf of=/dev/zvol/{volume}")
    play.hivectl("provision", "--recreate", "root", "clone1")
    assert volumes(play)[volume] == f"32768 {CONTENT}"
    assert volumes(play)["zroot/vms/clone1/root"] == f"{GIGABYTE} {CONTENT} clone of {origin}"


def clone_unfinished(play: Play) -> None:
    """A clone that was killed before it had its size gets it; what was to become something else is not touched."""
    up(play, "copy1")
    down(play, "copy1")
    sh(play, "zfs snapshot zroot/vms/copy1/root@v1 && zfs clone -p zroot/vms/copy1/root@v1 zroot/vms/snap1/root")
    sh(play, "mkdir -p /var/db/hivewright/snap1 && printf 'root\\n' >/var/db/hivewright/snap1/filling")
    play.hivectl("provision", "snap1")
    assert volumes(play)["zroot/vms/snap1/root"].startswith(f"{LARGER} {CONTENT} clone of")
    sh(play, "zfs create -p -V 1G zroot/vms/snap2/root && mkdir -p /var/db/hivewright/snap2")
    sh(play, "printf 'root\\n' >/var/db/hivewright/snap2/filling")
    play.hivectl("provision", "snap2", status=1)


def snapshot_cloned(play: Play) -> None:
    """The snapshot is the administrator's: without it, and for a disk that is too small, a message says what to do."""
    play.hivectl("start", "snap1", status=1)
    assert not leftovers(play.host)
    up(play, "copy1")
    sh(play, "zfs snapshot zroot/vms/copy1/root@v1")
    play.hivectl("start", "snap1")
    play.show("volume", "snapshot")
    assert volumes(play)["zroot/vms/snap1/root"] == f"{LARGER} {CONTENT} clone of zroot/vms/copy1/root@v1"
    play.hivectl("start", "snap2", status=1)
    assert not play.host.path("/dev/zvol/zroot/vms/snap2").exists()
    down(play, "snap1", "copy1")
    play.hivectl("start", "snap1")
    sh(play, f"{HIVECTL} stop snap1; zfs destroy zroot/vms/snap1/root")
    play.hivectl("provision", "--recreate", "root", "snap1")


def secret(play: Play, text: str = SECRET, mode: int = 0o600) -> None:
    path = play.host.path("/usr/local/etc/hivewright/secrets/san")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text + "\n")
    path.chmod(mode)


def sessions(play: Play) -> list[str]:
    return [line for line in play.host.state() if line.startswith("session ")]


def luns_of_one_target(play: Play) -> None:
    """Two guests share a session: the first makes it, the last removes it. Nothing shows the secret."""
    secret(play)
    play.hivectl("start", "san1")
    play.show("session", "file /var/run/hivewright/san1/iscsi", "file /var/run/hivewright/iscsi")
    play.hivectl("start", "san2")
    play.hivectl("stop", "san1")
    assert len(sessions(play)) == 1
    play.hivectl("start", "san1")
    play.hivectl("stop", "san2")
    assert len(sessions(play)) == 1
    play.hivectl("stop", "san1")
    assert not leftovers(play.host)
    assert SECRET not in play.text()
    for log in ("san1", "san2"):
        assert SECRET not in play.host.path(f"/var/log/hivewright/{log}.log").read_text()


def session_of_somebody_else(play: Play) -> None:
    """A session that was there is used, and stays."""
    play.host.path("/root/iscsi.conf").write_text(
        f'mine {{ TargetAddress = [2001:db8::5]:3261\nTargetName = "{OPEN}" }}\n'
    )
    sh(play, "chmod 600 /root/iscsi.conf; iscsictl -A -n mine -c /root/iscsi.conf")
    play.hivectl("start", "san6")
    play.hivectl("stop", "san6")
    assert len(sessions(play)) == 1


def session_fails(play: Play) -> None:
    """No daemon, a wrong secret, a target that is not there, a unit that is not there: each is told, and undone."""
    play.hivectl("start", "san1", status=1)
    secret(play, mode=0o644)
    play.hivectl("start", "san1", status=1)
    secret(play, 'with"quote')
    play.hivectl("start", "san1", status=1)
    assert not leftovers(play.host)
    secret(play, "wrong")
    play.quietly()
    outcome = play.host.run(HIVECTL, "start", "san1")
    assert "Authentication failure" in outcome.err, outcome
    secret(play)
    play.host.call("set", name="iscsid", value=False)
    assert "iscsid_enable" in play.host.run(HIVECTL, "start", "san1").err
    play.host.call("set", name="iscsid", value=True)
    play.host.call("set", name="targets", value={TARGET: {**TARGETS[TARGET], "luns": [0]}})
    assert "has no LUN 7" in play.host.run(HIVECTL, "start", "san1").err
    play.host.call("set", name="targets", value={})
    assert "Connection refused" in play.host.run(HIVECTL, "start", "san1").err
    assert not leftovers(play.host)


def device_changes(play: Play) -> None:
    """Somebody made the session anew while the guest ran: its next run has the disk under its new name."""
    secret(play)
    play.guest("san2", {"end": "reboot", "after": 100}, {})
    up(play, "san2")
    link = play.host.path("/var/run/hivewright/san2/disk-root")
    assert str(link.readlink()) == "/dev/da1"
    remove = f"iscsictl -R -p 192.0.2.5 -t {TARGET}"
    play.host.call("set", name="targets", value={**TARGETS, TARGET: {**TARGETS[TARGET], "luns": [1]}})
    assert play.host.run("/bin/sh", "-c", remove).status == 0
    play.host.advance(120)
    assert str(link.readlink()) == "/dev/da0"
    assert "guest san2" in play.host.state()
    down(play, "san2")


def supervisor_of_a_session_killed(play: Play) -> None:
    """The next start makes the session anew; a stop removes it."""
    secret(play)
    up(play, "san2")
    for target in ("daemon san2", "supervisor san2", "bhyve san2"):
        assert play.host.call("kill", target=target)
    play.hivectl("start", "san2")
    for target in ("daemon san2", "supervisor san2"):
        assert play.host.call("kill", target=target)
    play.hivectl("start", "san2")
    assert play.status("san2") == "running"
    for target in ("daemon san2", "supervisor san2"):
        assert play.host.call("kill", target=target)
    play.hivectl("stop", "san2")
    assert not leftovers(play.host)


SCENARIOS = [
    Scenario("disk-thick", make_use_and_make_again("thick1", "zfs destroy zroot/vms/thick1/root", "zfs create")),
    Scenario("disk-thin", make_use_and_make_again("thin1", "zfs destroy zroot/thin/thin1/root", "zfs create")),
    Scenario("disk-file", make_use_and_make_again("file1", "rm /srv/vms/file1/root.img", "truncate")),
    Scenario("disk-copy", make_use_and_make_again("copy1", "zfs destroy zroot/vms/copy1/root", "dd if="), SERVED),
    Scenario("disk-clone", make_use_and_make_again("clone1", "zfs destroy zroot/vms/clone1/root", "zfs clone"), SERVED),
    Scenario("disk-path", existing_paths),
    Scenario("image-cloned", image_cloned, SERVED),
    Scenario("image-cloned-elsewhere", image_cloned_elsewhere, SERVED),
    Scenario("image-half-copied", image_half_copied, SERVED),
    Scenario("clone-unfinished", clone_unfinished, SERVED),
    Scenario("snapshot-cloned", snapshot_cloned, SERVED),
    Scenario("iscsi-shared-session", luns_of_one_target, SAN),
    Scenario("iscsi-foreign-session", session_of_somebody_else, SAN),
    Scenario("iscsi-fails", session_fails, SAN),
    Scenario("iscsi-device-changes", device_changes, SAN),
    Scenario("iscsi-supervisor-killed", supervisor_of_a_session_killed, SAN),
]
