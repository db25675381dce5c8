"""Scenarios of hooks: every moment on every path, their terms, and what they are told."""

from __future__ import annotations

import json

from host.link import Link
from host.play import Play
from host.scenario import scenario


def moments(play: Play) -> list[str]:
    """What hooks noted since the last call."""
    path = play.host.path("/tmp/moments")
    found = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


@scenario(snapshot=True)
def every_moment(play: Play) -> None:
    """Made once, started, ready, saved, rebooted, crashed, stopped; the second start makes nothing."""
    play.guest(
        "all1",
        {"ports": {"192.0.2.10:80": 5}, "end": "reboot", "after": 200},
        {"end": "triple", "after": 300},
        {"ports": {"192.0.2.10:80": 3}},
        {},
    )
    play.hivectl("start", "all1")
    assert moments(play) == ["create", "prestart", "poststart"]
    play.wait(10)
    assert moments(play) == ["ready"]
    play.hivectl("checkpoint", "create", "all1", "before")
    assert moments(play) == ["checkpoint before"]
    play.wait(250)
    assert moments(play) == ["reboot"]
    assert "it was not ready within 20 s; its ready hooks are not told" in play.log("all1")
    play.wait(300)
    assert moments(play) == ["crash", "ready"]
    play.hivectl("stop", "all1")
    assert moments(play) == ["prestop", "poststop"]
    play.nothing_left()
    play.hivectl("start", "all1")
    assert moments(play) == ["prestart", "poststart"]
    play.hivectl("suspend", "all1")
    assert moments(play) == ["checkpoint suspended", "poststop"]


@scenario(snapshot=True)
def what_may_be_refused(play: Play) -> None:
    """The making of a guest, its start, a checkpoint and a suspension; what was refused may come the next time."""
    for moment in ("create", "prestart", "checkpoint"):
        play.host.path(f"/tmp/refuse-{moment}").touch()
    why = "the hook create/10-note.sh failed with status 1"
    made = ["all1: disk root: creating the file", "all1: making the UEFI variables"]
    play.hivectl("start", "all1", status=1, says=[*made, f"all1: provisioning failed: {why}"])
    assert moments(play) == ["create"]
    play.host.path("/tmp/refuse-create").unlink()
    why = "all1: the hook prestart/10-note.sh failed with status 1"
    play.hivectl("start", "all1", status=1, says=why)
    assert moments(play) == ["create", "prestart", "poststop"]
    play.nothing_left()
    play.host.path("/tmp/refuse-prestart").unlink()
    play.up("all1")
    assert moments(play) == ["prestart", "poststart"]
    why = "all1: the hook checkpoint/10-note.sh failed with status 1"
    play.hivectl("checkpoint", "create", "all1", "one", status=1, says=why)
    play.hivectl("suspend", "all1", status=1, says=why)
    play.never("bhyvectl --checkpoint", "bhyvectl --suspend")
    assert moments(play) == ["checkpoint one", "checkpoint suspended"]
    play.has("guest all1")
    play.down("all1")


@scenario()
def terms(play: Play) -> None:
    """Each has its time; what fails and may is told, and those after it run all the same."""
    play.made("terms1")
    moments(play)
    says = ["terms1: the hook prestart/10-fails.sh failed with status 4", "terms1: started (pid N)"]
    play.hivectl("start", "terms1", says=says)
    play.wait(10)
    assert moments(play) == ["prestart fails", "prestart", "poststart fails", "poststart slow", "poststart"]
    log = play.log("terms1")
    assert "the hook poststart/10-fails.sh failed with status 4" in log
    assert "the hook poststart/20-slow.sh took over 7 seconds" in log
    says = ["terms1: the hook prestop/10-slow.sh took over 5 seconds", "terms1: stopped: a stop was asked for"]
    play.hivectl("stop", "terms1", says=says)
    assert moments(play) == ["prestop slow", "prestop"]
    play.nothing_left()


@scenario(everyday=True)
def what_is_told(play: Play) -> None:
    """All that the manual names, and nothing else; to a hook of CBSD what it knows by its own names."""
    play.hivectl("start", "told1")
    told = play.host.path("/tmp/told").read_text().splitlines()
    port = next(line for line in told if "vnc " in line).rpartition(":")[2]
    assert sorted(line for line in told if not line.startswith("HIVE_PID=")) == sorted(
        [
            "== poststart",
            "HIVE_ADDRESSES=192.168.2.20 2001:db8::20",
            "HIVE_ALIAS=The 'big' one.1",
            "HIVE_CPUS=2",
            "HIVE_DIRECTORY=/var/run/hivewright/told1",
            "HIVE_DISKS=data /dev/zvol/zroot/vms/told1/data",
            "root /srv/vms/told1/root.img",
            "HIVE_HOOK=10-tell.sh",
            "HIVE_HOST=alpha",
            "HIVE_LOG=/var/log/hivewright/told1.log",
            "HIVE_MACS=58:9c:fc:00:00:01",
            "HIVE_MEMORY=1G",
            "HIVE_MOMENT=poststart",
            "HIVE_NICS=lan tap-told1-lan br-lan",
            "HIVE_PORTS=vnc 127.0.0.1:" + port,
            "com1 /dev/nmdm-told1.1B",
            "HIVE_STATE=/var/db/hivewright/told1",
            "HIVE_TAPS=tap-told1-lan",
            "HIVE_VM=told1",
            "HOME=/root",
            "PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
        ]
    )
    (told_by_json,) = json.loads(play.hivectl("list", "--json", "told1").out)
    assert told_by_json["alias"] == "The 'big' one.1"
    assert "    is also called The 'big' one.1" in play.hivectl("status", "told1").out.splitlines()
    cbsd = play.host.path("/tmp/cbsd").read_text().splitlines()
    assert cbsd == [
        "told1 192.168.2.20,2001:db8::20 192.168.2.20 2001:db8::20 58:9c:fc:00:00:01 tap-told1-lan "
        f"/dev/zvol/zroot/vms/told1/data {port} 2 1G",
        "none br-lan /var/db/hivewright/told1 127.0.0.1 none",
    ], (told, cbsd)


@scenario()
def paths_after_a_kill(play: Play) -> None:
    """Who adopts a guest tells the hooks that were not told; before an orphan is stopped, prestop hooks run."""
    play.made("all1", "terms1")
    moments(play)
    play.spawn("start", "/usr/local/sbin/hivectl", "start", "terms1")
    play.host.advance(2)
    play.kill("supervisor terms1")
    play.host.advance(10)
    assert moments(play) == ["prestart fails", "prestart", "poststart fails", "poststart slow"]
    play.hivectl("start", "terms1", says="terms1: adopted (pid N): it ran without its supervisor")
    play.wait(10)
    assert moments(play) == ["poststart fails", "poststart slow", "poststart"]
    play.kill("supervisor terms1")
    play.hivectl("start", "terms1", says="terms1: adopted (pid N): it ran without its supervisor")
    assert moments(play) == []
    play.guest("all1", {"ports": {"192.0.2.10:80": 9}})
    play.up("all1")
    play.kill("supervisor all1")
    assert moments(play) == ["prestart", "poststart"]
    play.hivectl("start", "all1", says="adopted")
    play.wait(20)
    assert moments(play) == ["ready"]
    play.kill("supervisor all1")
    play.hivectl("stop", "all1", says=["nobody supervises", "stopped"])
    assert moments(play) == ["prestop", "poststop"]
    play.hivectl("stop", "terms1")


@scenario()
def leaving_and_taking_over(play: Play, far: Play, link: Link) -> None:
    """A host may refuse to let a guest go, and another to take it over."""
    play.hivectl("start", "move1")
    play.host.path("/tmp/refuse-migrate").touch()
    outcome = play.hivectl("migrate", "move1", "beta", status=1)
    assert "the hook migrate/10-note.sh failed with status 1; it stays here" in outcome.err
    assert moments(play) == ["migrate beta"]
    play.hivectl("replicate", "move1")
    link.down = True
    far.host.path("/tmp/refuse-failover").touch()
    outcome = far.hivectl("failover", "move1", status=1)
    assert "move1: the hook failover/10-note.sh failed with status 1; do it again" in outcome.err
    far.never("zfs rollback")
    assert moments(far) == ["failover alpha"]
    far.host.path("/tmp/refuse-failover").unlink()
    far.hivectl("failover", "move1")
    assert moments(far) == ["failover alpha"]
    far.has("guest move1")
