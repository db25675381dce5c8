"""Scenarios of a host that is not as it should be, and of hooks."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

HOOKS = "/usr/local/etc/hivewright/vms/hook1/hooks"
ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd"


def gone(vm: str, disk: str, path: str) -> str:
    """What is said of a disk that was there once."""
    remedy = "import its pool or mount its file system. If it is really gone, make it anew:"
    return f"{vm}: disk {disk}: {path} was there once and is missing; {remedy} hivectl provision --recreate {disk} {vm}"


@scenario(everyday=True)
def missing_pool(play: Play) -> None:
    """The pool is not imported: the start says so, and no empty disk takes the place of the old one."""
    play.made("db1")
    play.host.call("pool", name="zroot", imported=False)
    play.hivectl("start", "db1", status=1, says=gone("db1", "data", "/dev/zvol/zroot/vms/db1/data"))
    play.never("zfs create", "bhyve")
    play.nothing_left()
    play.say("the pool is imported again")
    play.host.call("pool", name="zroot", imported=True)
    play.hivectl("start", "db1", says="db1: started (pid N)")
    play.never("zfs create")


@scenario(pools=[])
def pool_never_there(play: Play) -> None:
    """The first start on a host without the pool: what zfs says is in the message."""
    reason = "cannot create the volume zroot/vms/db1/data: cannot create 'zroot/vms/db1': no such pool 'zroot'"
    failed = f"db1: provisioning failed: disk data: {reason}"
    play.hivectl("start", "db1", status=1, says=["db1: disk data: creating the volume zroot/vms/db1/data", failed])
    play.order("zfs create -p -o volmode=dev zroot/vms/db1 = 1")
    play.never("bhyve", "cp")
    play.nothing_left()


@scenario()
def disk_gone(play: Play) -> None:
    """A disk that once existed is not made anew, unless the administrator asks for it."""
    play.made("web1")
    disk = play.host.path("/srv/vms/web1/root.img")
    disk.unlink()
    play.hivectl("start", "web1", status=1, says=gone("web1", "root", "/srv/vms/web1/root.img"))
    play.never("truncate", "ifconfig", "bhyve")
    assert not disk.exists()
    play.nothing_left()
    says = ["web1: disk root: creating the file /srv/vms/web1/root.img", "web1: making the first-boot data"]
    play.hivectl("provision", "--recreate", "root", "web1", says=says)
    locked = "lockf * /var/run/hivewright/web1/lock /usr/local/etc/hivewright/vms/web1/provision locked"
    play.order(locked, "truncate -s 2147483648 /srv/vms/web1/root.img.new", "mv /srv/vms/web1/root.img.new", "makefs")
    assert disk.stat().st_size == 2 << 30
    play.hivectl("start", "web1", says="web1: started (pid N)")


def hooks(*names: str) -> list[str]:
    """The commands that run these hooks of hook1, each with its moment in its environment."""
    return [f"timeout * HIVE_MOMENT={name.partition('/')[0]} * {HOOKS}/{name}.sh" for name in names]


@scenario()
def hook_fails(play: Play) -> None:
    """A prestart hook that fails stops the start before a tap is made; poststop still runs, and nothing is left."""
    play.host.path("/tmp/refuse").write_text("")
    failed = "the hook prestart/10-check.sh failed with status 3"
    made = ["hook1: disk root: creating the file", "hook1: making the UEFI variables"]
    play.hivectl("start", "hook1", status=1, says=[*made, f"hook1: {failed}"])
    play.order(
        f"timeout * HIVE_MOMENT=prestart * {HOOKS}/prestart/10-check.sh = 3",
        f"timeout * HIVE_MOMENT=poststop 'HIVE_REASON={failed}' * {HOOKS}/poststop/10-record.sh",
    )
    play.never("bhyve", "ifconfig tap", "timeout * HIVE_MOMENT=poststart")
    assert play.phase("hook1") == f"failed: {failed}"
    play.nothing_left()
    play.host.path("/tmp/refuse").unlink()
    play.hivectl("start", "hook1", says="hook1: started (pid N)")
    play.order(*hooks("prestart/10-check", "prestart/20-record"), "bhyve ... hook1", *hooks("poststart/10-record"))


@scenario(transcript=True)
def hook_environment(play: Play) -> None:
    """Each moment, with exactly the documented variables."""
    runs = [{"end": "reboot", "after": 100}, {"end": "triple", "after": 100}, {}]
    play.guest("hook1", *runs)
    play.up("hook1")
    play.host.advance(300)
    play.down("hook1")
    recorded = play.host.path("/tmp/hooks").read_text().splitlines()
    play.write(*recorded)
    moments = [line[3:] for line in recorded if line.startswith("== ")]
    assert moments == ["prestart", "poststart", "reboot", "crash", "prestop", "poststop"]
    known = (
        "HIVE_VM",
        "HIVE_HOST",
        "HIVE_MOMENT",
        "HIVE_STATUS",
        "HIVE_REASON",
        "HIVE_HOOK",
        "HIVE_PID",
        "HIVE_CPUS",
        "HIVE_MEMORY",
        "HIVE_TAPS",
        "HIVE_ADDRESSES",
        "HIVE_MACS",
        "HIVE_NICS",
        "HIVE_DISKS",
        "HIVE_PORTS",
        "HIVE_STATE",
        "HIVE_DIRECTORY",
        "HIVE_LOG",
        "PATH",
        "HOME",
    )
    surplus = {line.partition("=")[0] for line in recorded if not line.startswith("== ")} - set(known)
    assert not surplus, surplus


@scenario()
def hooks_between_runs(play: Play) -> None:
    """A reboot hook runs before the next run, a crash hook before its pause."""
    play.guest("hook1", {"end": "reboot", "after": 100}, {"end": "triple", "after": 100}, {})
    play.up("hook1")
    play.wait(300)
    again = ("bhyvectl --destroy --vm=hook1", "bhyve ... hook1")
    reboot, crash = hooks("reboot/10-record", "crash/10-record")
    play.order(again[0], reboot, f"{again[1]} = 3", again[0], crash, "sleep 1", again[1])
    play.hivectl("stop", "hook1", says="hook1: stopped: a stop was asked for")
    record, alive, poststop = hooks("prestop/10-record", "prestop/20-alive", "poststop/10-record")
    play.order(record, alive, "pwait -t 5 <hook1>", again[0], poststop)
    play.nothing_left()


@scenario()
def prestop_comes_first(play: Play) -> None:
    """The power button is pressed after prestop hooks, each of which runs once: SIGTERM ends this guest at once."""
    play.guest("hook1", {"acpi": None})
    play.up("hook1")
    play.host.advance(1)
    play.hivectl("stop", "hook1", says="hook1: stopped: a stop was asked for")
    assert play.host.path("/tmp/alive").read_text() == "running\n"
    play.nothing_left()


@scenario()
def missing_rom(play: Play) -> None:
    """The firmware's package is not installed: the message names it."""
    play.made("web1")
    play.host.path(ROM).unlink()
    play.hivectl(
        "start", "web1", status=1, says=f"web1: the boot ROM {ROM} is missing; install it: pkg install edk2-bhyve"
    )
    play.never("ifconfig", "bhyve")
    play.nothing_left()


@scenario(ppt=[], pci={"2/0/0": "vgapci0"}, modules=["vmm"])
def passthrough(play: Play) -> None:
    """The device belongs to another driver; the message says how to reserve it. devd tells when it is there."""
    remedy = (
        "reserve it (pptdevs in /boot/loader.conf.d/hivewright.conf) and reboot, or devctl set driver -f pci0:2:0:0 ppt"
    )
    other = f"gpu1: passthrough gpu: PCI device 2/0/0 belongs to vgapci0 and not to ppt(4): {remedy}"
    play.hivectl("start", "gpu1", status=1, says=other)
    play.never("devctl", "truncate", "bhyve")
    play.nothing_left()
    play.sh("devctl set driver -f pci0:2:0:0 ppt")
    started = ["gpu1: disk root: creating the file", "gpu1: making the UEFI variables", "gpu1: started (pid N)"]
    play.hivectl("event", "passthrough", "ppt0", says=started)
    assert play.names("guest") == ["gpu1"]
    play.sh("hivectl stop gpu1")
    assert play.names("guest") == []


@scenario(ppt=[])
def passthrough_absent(play: Play) -> None:
    """The device is not in this machine."""
    play.hivectl("start", "gpu1", status=1, says="gpu1: passthrough gpu: there is no PCI device 2/0/0 on this host")
    play.never("truncate", "bhyve")
    play.nothing_left()


@scenario()
def host_rebooted(play: Play) -> None:
    """After a boot there is no run-time state, and no lock, pid or tap of before."""
    play.up("web1")
    play.kill("daemon web1", "supervisor web1", "bhyve web1")
    script = "rm -rf /var/run/hivewright; bhyvectl --destroy --vm=web1; for i in tap-web1-lan br-lan; do"
    play.sh(script + " ifconfig $i destroy; done")
    play.hivectl("start", "web1", says="web1: started (pid N)")
    made = ("ifconfig bridge create name br-lan", "ifconfig br-lan addm ix0", "ifconfig tap create name tap-web1-lan")
    play.order("mkdir -p /var/run/hivewright", "kldload", *made, "bhyve ... web1")
    play.never("truncate", "makefs")
    play.down("web1")


@scenario()
def unknown_guest(play: Play) -> None:
    """A name that is not on this host: the message has those that are."""
    there = "on this host; there are: db1 gpu1 hook1 web1"
    for verb in ("start", "stop", "status"):
        play.hivectl(verb, "nobody", status=1, says=f'hivewright: there is no VM "nobody" {there}')
        play.never("daemon", "lockf")
    play.hivectl("start", "../../tmp", status=1, says=f'hivewright: there is no VM "../../tmp" {there}')
    play.never("daemon", "lockf")
