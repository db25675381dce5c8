"""Scenarios of guests without a boot ROM: a loader runs before each run of bhyve."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

LOAD = "bhyveload -c /dev/nmdm-load1.1A -m 1G -d /srv/vms/load1/root.img -e autoboot_delay=3 load1"
DESTROY = "bhyvectl --destroy --vm=load1"
RUN = "/var/run/hivewright"


@scenario(everyday=True, transcript=True)
def loader_each_run(play: Play) -> None:
    """bhyveload runs before bhyve at the start and after each reboot, in a context made anew."""
    play.guest("load1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "load1")
    play.wait(150)
    play.order(DESTROY, LOAD, "bhyve ... load1")
    assert play.names("guest") == ["load1"]
    play.hivectl("stop", "load1")
    play.nothing_left()


@scenario()
def loader_with_menu(play: Play) -> None:
    """grub-bhyve gets its device.map and a menu of the commands."""
    files = f"-m {RUN}/grub1/device.map -r host -d {RUN}/grub1"
    made = ["grub1: disk root: creating the file /srv/vms/grub1/root.img", "grub1: started (pid N)"]
    play.hivectl("start", "grub1", says=made)
    play.order(f"grub-bhyve -c /dev/nmdm-grub1.1A -M 1G {files} grub1", "bhyve ... grub1")
    assert play.host.path(f"{RUN}/grub1/device.map").read_text() == "(hd0) /srv/vms/grub1/root.img\n"
    menu = ["set timeout=3", "menuentry grub1 {", "set root=hd0,1", "linux /vmlinuz root=/dev/vda1"]
    assert play.host.path(f"{RUN}/grub1/grub.cfg").read_text().splitlines() == [*menu, "initrd /initrd.img", "}"]
    play.say("a second start writes them anew")
    play.down("grub1")
    play.up("grub1")
    assert play.host.path(f"{RUN}/grub1/grub.cfg").read_text().count("menuentry") == 1
    play.down("grub1")


@scenario()
def loader_fails(play: Play) -> None:
    """A guest that cannot be loaded: the start says why, and nothing is left."""
    play.made("load1")
    play.guest("load1", {"unloadable": "Could not find /boot/loader.lua"})
    reason = "bhyveload failed (status 1): Could not find /boot/loader.lua"
    play.hivectl("start", "load1", status=1, says=f"load1: {reason}")
    play.order(f"{LOAD} = 1", DESTROY)
    play.never("bhyve")
    assert play.phase("load1") == f"failed: {reason}"
    play.nothing_left()
    play.made("load1")


@scenario()
def loader_fails_after_reboot(play: Play) -> None:
    """A reboot into a kernel that cannot be loaded ends the guest as failed."""
    play.guest("load1", {"end": "reboot", "after": 100}, {"unloadable": "elf64_loadimage: no kernel"})
    play.up("load1")
    play.wait(150)
    play.order(DESTROY, f"{LOAD} = 1", DESTROY)
    play.never("bhyve")
    reason = "bhyveload failed (status 1): elf64_loadimage: no kernel"
    assert play.phase("load1") == f"failed: {reason}"
    play.nothing_left()
    play.tells("load1", "load1 is failed since 50s", reason, "was run again once", "log", status=1)


@scenario()
def loader_stopped(play: Play) -> None:
    """A stop while the loader waits at its prompt ends it."""
    play.made("load1")
    play.guest("load1", {"loading": 10000}, {})
    play.spawn("starter", HIVECTL, "start", "load1")
    play.host.advance(30)
    play.hivectl("stop", "load1", says="load1: stopped: a stop was asked for")
    play.order(LOAD, DESTROY)
    play.never("bhyve")
    play.join("starter", status=1, says="load1: stopped before it was up")
    play.nothing_left()
    play.guest("load1", {})
    play.made("load1")


@scenario()
def loader_missing(play: Play) -> None:
    """The loader's package is not installed: the message names it, and nothing is made."""
    play.host.path("/usr/local/sbin/grub-bhyve").unlink()
    missing = "grub1: the loader /usr/local/sbin/grub-bhyve is missing; install it: pkg install grub2-bhyve"
    play.hivectl("start", "grub1", status=1, says=missing)
    play.never("truncate", "bhyve")
    play.nothing_left()


@scenario()
def loader_of_an_installer(play: Play) -> None:
    """The first start is loaded from the medium of the installer; once that is done, from the disk, without it."""
    play.sh("mkdir -p /srv/iso; echo installer >/srv/iso/bsd.iso; echo installer >/srv/iso/linux.iso")
    play.guest("load2", {"end": "reboot", "after": 100}, {})
    play.guest("grub2", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "load2")
    play.ran("bhyveload -c /dev/nmdm-load2.1A -m 1G -d /srv/iso/bsd.iso -d /srv/vms/load2/root.img load2")
    play.hivectl("start", "grub2")
    grub = f"grub-bhyve -c /dev/nmdm-grub2.1A -M 1G -m {RUN}/grub2"
    play.ran(f"{grub}/install.map -r host -d {RUN}/grub2 -g install.cfg grub2")
    files = "(hd0) /srv/vms/grub2/root.img\n(cd0) /srv/iso/linux.iso\n"
    assert play.host.path(f"{RUN}/grub2/install.map").read_text() == files
    menu = ["set timeout=3", "menuentry grub2 {", "set root=cd0", "linux /install/vmlinuz", "initrd /install/initrd.gz"]
    assert play.host.path(f"{RUN}/grub2/install.cfg").read_text().splitlines() == [*menu, "}"]
    play.wait(150)
    play.ran("bhyveload -c /dev/nmdm-load2.1A -m 1G -d /srv/vms/load2/root.img load2")
    play.ran(f"{grub}/device.map -r hd0,msdos1 grub2")
    play.hivectl("stop", "load2", "grub2")
    play.sh("rm -r /srv/iso")
    play.hivectl("start", "load2")
    play.ran("bhyveload -c /dev/nmdm-load2.1A -m 1G -d /srv/vms/load2/root.img load2")
    play.hivectl("start", "grub2")
    play.ran(f"{grub}/device.map -r hd0,msdos1 grub2")
    play.hivectl("stop", "load2", "grub2")
    play.nothing_left()
