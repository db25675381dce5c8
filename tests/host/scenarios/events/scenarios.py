"""Scenarios of events of the kernel, as devd(8) tells them by the rules that were compiled."""

from __future__ import annotations

from typing import Any

from host.devd_events import event
from host.play import Play
from host.scenario import scenario

GUID = "pool_guid=16274632389453829381"
IMPORT = (
    f"!system=ZFS subsystem=ZFS type=sysevent.fs.zfs.pool_import version=0 class=sysevent.fs.zfs.pool_import {GUID}"
)
SUSPENDED = f"!system=ZFS subsystem=ZFS type=ereport.fs.zfs.io_failure class=ereport.fs.zfs.io_failure ena=1 {GUID}"
PLACE = "slot=0 function=0 dbsf=pci0:2:0:0 handle=_SB_.PCI0.GFX0"
GONE = f"-ppt0 at {PLACE} vendor=0x10de device=0x1b80 class=0x030000 on pci2"
PPT: dict[str, Any] = {"ppt": ["2/0/0"], "pci": {"2/0/0": "ppt0"}, "sysctl": {"kern.racct.enable": "1"}}


@scenario()
def a_pool_arrives(play: Play) -> None:
    """Those that failed for want of it, and start with the host, start; the others stay as they are."""
    play.host.call("pool", name="tank", imported=True)
    play.made("pool1", "pool2")
    play.host.call("pool", name="tank", imported=False)
    for name in ("pool1", "pool2"):
        play.hivectl("start", name, status=1, says="was there once and is missing; import its pool or mount its file")
    play.host.call("pool", name="tank", imported=True)
    event(play, f"{IMPORT} pool=other pool_state=0", ran=False)
    event(play, f"{IMPORT} pool=tank pool_state=0 pool_context=6")
    assert play.names("guest") == ["pool1"]
    play.down("pool1")


@scenario()
def pools_arrive_long_after_the_boot(play: Play) -> None:
    """What came before is not enough for one of them, which waits for the rest; and who comes after it starts then."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    for pool in ("tank", "dozer"):
        play.host.call("pool", name=pool, imported=True)
    play.made("two1")
    for pool in ("tank", "dozer"):
        play.host.call("pool", name=pool, imported=False)
    play.service("faststart", says=[])
    play.wait(8000)
    assert play.phase("two1").startswith("failed: disk ")
    assert play.phase("after1").startswith("failed: it comes after two1, which is ")
    play.host.call("pool", name="tank", imported=True)
    event(play, f"{IMPORT} pool=tank pool_state=0 pool_context=6")
    assert play.phase("two1").startswith("waiting: disk data: ")
    assert play.phase("after1").startswith("waiting: it comes after two1, which is waiting")
    play.host.call("pool", name="dozer", imported=True)
    play.wait(70)
    assert {"two1", "after1"} <= {*play.names("guest")}


@scenario()
def a_pool_is_suspended(play: Play) -> None:
    """syslogd is told as by the rule of the system that lost, and the log of each guest that runs with it."""
    play.host.call("pool", name="tank", imported=True)
    play.up("pool1")
    event(play, f"{SUSPENDED} pool=tank pool_state=0 pool_context=0 pool_failmode=wait")
    told = "devd: pool tank is suspended: its disks there do not answer until that is cleared (zpool clear tank)"
    assert told in play.log("pool1")
    play.ran("logger -p local7.alert -t ZFS catastrophic pool I/O failure, zpool=tank")
    assert not play.host.path("/var/log/hivewright/pool2.log").exists()
    play.down("pool1")


@scenario(modules=["vmm"], **PPT)
def a_device_goes_and_a_limit_is_reached(play: Play) -> None:
    """Both are in the log of the guest that they are about, and a limit of another process is nobody's."""
    play.up("gpu1")
    pid = play.host.path("/var/run/hivewright/gpu1/pid").read_text().strip()
    limit = f"process:{pid}:memoryuse:devctl=2147483648"
    event(play, f"!system=RCTL subsystem=rule type=matched rule={limit} pid={pid} ruid=0 jail=0")
    assert "devd: it reached the limit memoryuse:devctl=2147483648 (rctl(8))" in play.log("gpu1")
    event(play, "!system=RCTL subsystem=rule type=matched rule=user:alice:nthr:devctl=9 pid=1 ruid=1001 jail=0")
    event(play, GONE)
    assert play.log("gpu1").count("devd: its PCI device 2/0/0 is not with ppt(4) any more") == 1
    event(play, GONE.replace("0:2:0:0", "0:3:0:0"))
    assert play.log("gpu1").count("devd: its PCI device") == 1
    assert play.log("gpu1").count("it reached the limit") == 1
    play.down("gpu1")


@scenario(everyday=True, modules=["vmm"], **PPT)
def what_was_installed_is_taken_into_use(play: Play) -> None:
    """Only what changed, and no guest stops: devd reads newer rules, and who runs with another definition is named."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.up("gpu1")
    play.sh("touch -t 200001010000 /var/run/devd.pid")
    play.hivectl("reload", "-n", says="hivewright: devd would be restarted")
    play.nothing_ran()
    play.service("reload", says="hivewright: devd has the rules that were installed")
    play.ran("service devd restart")
    play.sh("touch /var/run/devd.pid")
    play.service("reload", says=[])
    play.never("service devd", "ifconfig", "kldload")
    start = play.host.path("/usr/local/etc/hivewright/vms/gpu1/start")
    text = start.read_text()
    digest = text.partition("\nvm gpu1 ")[2].partition("\n")[0]
    start.write_text(text.replace(digest, digest[::-1]))
    older = "gpu1: runs with an earlier definition; what a restart would change says hivectl status gpu1"
    play.service("reload", says=older)
    play.has("guest gpu1")
    start.write_text(text)
    play.down("gpu1")


@scenario()
def the_service_answers_as_others_do(play: Play) -> None:
    """rc.subr(8) has these words, and none of them needs the service to be enabled but those that act."""
    play.service("describe", says="bhyve guests")
    play.service("rcvar", says=["# hivewright : bhyve guests", "#", 'hivewright_enable="NO"', "#"])
    play.service("extracommands", says="reload")
    play.service("enabled", status=1)
    for verb in ("start", "stop", "restart", "reload"):
        play.service(verb, says=f"Cannot '{verb}' hivewright. Set hivewright_enable to YES in /etc/rc.conf or use")
    for verb in ("faststart", "faststop", "quietstart"):
        play.service(verb, says=[])
    play.service("onereload", says=[])
    play.service("onestop", says=[])
    assert "Usage: " in play.service("nonsense", status=1).err
