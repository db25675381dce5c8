"""Scenarios of disks that left the site and are attached by hand."""

from __future__ import annotations

from host.disks import (
    AT27,
    AT28,
    DATA,
    DB1,
    EXTRA,
    FILE,
    PAPERS,
    ROOT,
    STARTED,
    VOLUME,
    attached,
    destroyed,
    detached,
    devices,
    disk,
    install,
    kept,
    left,
    listed,
    refused,
)
from host.play import Play
from host.scenario import scenario

BY_HAND = "db1: disk db1/extra is attached by hand, at 0:28:0"
RUNS = "it may be in use, since db1 runs; stop db1 first"
NOBODY_MADE = "or it is gone; see hivectl disk list"
IN_SITE = "it is given to db1 by the site; take it out there"


@scenario(transcript=True)
def volume_leaves(play: Play) -> None:
    """A volume that left the site is kept, listed, attached by hand, used, taken away, destroyed."""
    install(play, EXTRA)
    play.made("db1")
    assert listed(play, "db1") == [DATA, f"db1/extra 8G defined db1 {VOLUME}"]
    install(play)
    assert listed(play, "db1") == [DATA, f"db1/extra 8G detached - {VOLUME}"]
    play.made("db1")
    attached(play, "db1", "extra", VOLUME)
    assert listed(play, "db1") == [DATA, f"db1/extra 8G attached db1 {VOLUME}"]
    play.hivectl("start", "db1")
    assert devices(play.host, "db1")[AT28] == ("virtio-blk", f"/dev/zvol/{VOLUME},ser=db1-extra")
    play.hivectl("status", "db1")
    disk(play, "list", "--json", "db1")
    play.wait(10)
    play.hivectl("stop", "db1")
    detached(play, "db1", "db1/extra", VOLUME)
    play.hivectl("start", "db1")
    assert AT28 not in devices(play.host, "db1")
    play.say("the guest runs without it, so it may be destroyed")
    destroyed(play, "db1/extra", VOLUME, "zfs destroy")
    assert listed(play, "db1") == [DATA]
    play.show("volume", "file /var/db/hivewright/db1/disks", "file /var/db/hivewright/db1/attached")
    refused(play, "destroy --confirm db1/extra db1 extra", f"db1: this host made no disk db1/extra, {NOBODY_MADE}")


@scenario()
def file_leaves(play: Play) -> None:
    """The same for a file, which goes to another guest; each guest may have several."""
    left(play)
    attached(play, "app1", "web1/papers", FILE)
    attached(play, "app1", "db1/extra", VOLUME, slot=27)
    assert listed(play, "db1") == [DATA, f"db1/extra 8G attached app1 {VOLUME}"]
    assert listed(play, "web1") == [f"web1/papers 1G attached app1 {FILE}", ROOT]
    play.made("app1")
    told = [f"disk {name} is attached by hand, at 0:{at}:0" for name, at in (("web1/papers", 28), ("db1/extra", 27))]
    play.hivectl("start", "app1", says=[*told, "app1: started (pid N)"])
    found = devices(play.host, "app1")
    assert found[AT28] == ("virtio-blk", f"{FILE},ser=web1-papers")
    assert found[AT27][0] == "virtio-blk"
    told = ["attached by hand: disk web1/papers at 0:28:0", "attached by hand: disk db1/extra at 0:27:0"]
    play.tells("app1", "app1 is running", "started", *told, "log")
    play.wait(10)
    play.hivectl("stop", "app1")
    detached(play, "app1", "web1/papers", FILE)
    attached(play, "app1", "web1/papers", FILE)
    detached(play, "app1", "web1/papers", FILE)
    destroyed(play, "web1/papers", FILE, "rm")
    assert listed(play, "app1") == ["app1/root 1G defined app1 /srv/vms/app1/root.img"]
    assert listed(play, "web1") == [ROOT]
    assert not play.host.path(FILE).exists()


@scenario()
def guest_leaves(play: Play) -> None:
    """A guest left the site: its disks are listed and can be given away or destroyed."""
    play.made("old1")
    conf = play.host.path("/usr/local/etc/hivewright/host.conf")
    conf.write_text("".join(line for line in conf.read_text().splitlines(True) if not line.startswith("vm old1 ")))
    place = "/srv/vms/old1/root.img"
    assert listed(play, "old1") == [f"old1/root 1G detached - {place}"]
    refused(play, "attach old1 root", "old1: it is not defined on this host any more")
    attached(play, "web1", "old1/root", place)
    assert listed(play, "old1") == [f"old1/root 1G attached web1 {place}"]
    taken = "it is attached to web1: hivectl disk detach web1 old1/root"
    refused(play, "destroy --confirm old1/root old1 root", f"the disk old1/root cannot be destroyed: {taken}")
    detached(play, "web1", "old1/root", place)
    destroyed(play, "old1/root", place, "rm")
    assert listed(play, "old1") == []
    assert not play.host.path(place).exists()


@scenario()
def refusals(play: Play) -> None:
    """What cannot be is refused with the reason and with what to do, and nothing changes."""
    left(play)
    before = kept(play)
    keep = "the disk is kept, and listed as detached"
    for words, reason in (
        ("attach db1 other", f"db1: this host made no disk db1/other, {NOBODY_MADE}"),
        ("attach db1 data", f"db1: the disk db1/data cannot be attached: {IN_SITE}"),
        ("attach db1 a/b/c", 'db1: "a/b/c" is not the name of a disk; it is DISK or VM/DISK'),
        ("attach app1 db1/data", f"app1: the disk db1/data cannot be attached: {IN_SITE}"),
        ("attach app1 ../etc", 'app1: "../etc" is not the name of a disk; it is DISK or VM/DISK'),
        ("detach db1 data", f"db1: the site gives it the disk data: delete [vm.db1.disk.data] there; {keep}"),
        ("detach db1 extra", "db1: no disk db1/extra is attached to it; see hivectl disk list"),
        ("grow db1 other 9G", f"db1: this host made no disk db1/other, {NOBODY_MADE}"),
        ("destroy db1 extra", f"db1: add --confirm db1/extra to destroy {VOLUME} with all that is on it"),
        ("destroy --confirm extra db1 extra", 'db1: "extra" is not db1/extra; nothing was destroyed'),
        ("destroy --confirm db1/data db1 data", f"db1: the disk db1/data cannot be destroyed: {IN_SITE}"),
        ("destroy --confirm web1/papers db1 web1/papers", 'db1: "web1/papers": a disk is destroyed where it was made;'),
    ):
        refused(play, words, reason)
    assert kept(play) == before
    play.say("attached to one guest, it is not given to another, and not destroyed")
    attached(play, "db1", "extra", VOLUME)
    taken = "it is attached to db1: hivectl disk detach db1 db1/extra"
    refused(play, "attach db1 extra", f"db1: the disk db1/extra cannot be attached: {taken}")
    refused(play, "attach web1 db1/extra", f"web1: the disk db1/extra cannot be attached: {taken}")
    refused(play, "grow web1 db1/extra 9G", "web1: db1 has the disk db1/extra: hivectl disk grow db1 db1/extra 9G")
    refused(play, "destroy --confirm db1/extra db1 extra", f"db1: the disk db1/extra cannot be destroyed: {taken}")


@scenario()
def running_guest_keeps(play: Play) -> None:
    """A guest runs with what its start found: such a disk is not given away or destroyed until it ends."""
    until = "; it may have it until it ends"
    install(play, EXTRA)
    play.made("db1")
    play.hivectl("start", "db1", says=STARTED)
    install(play)
    assert listed(play, "db1") == [DATA, f"db1/extra 8G detached db1 {VOLUME}"]
    refused(play, "attach web1 db1/extra", f"web1: the disk db1/extra cannot be attached: {RUNS}")
    refused(play, "destroy --confirm db1/extra db1 extra", f"db1: the disk db1/extra cannot be destroyed: {RUNS}")
    refused(play, "grow db1 extra 9G", "db1: it runs; a disk grows while its guest is off")
    play.wait(10)
    play.hivectl("stop", "db1")
    attached(play, "db1", "extra", VOLUME)
    play.hivectl("start", "db1", says=[BY_HAND, STARTED])
    detached(play, "db1", "db1/extra", VOLUME, until)
    play.tells("db1", "db1 is running", "started", "log")
    refused(play, "attach web1 db1/extra", f"web1: the disk db1/extra cannot be attached: {RUNS}")
    play.say("the guest that has it may have it again")
    attached(play, "db1", "extra", VOLUME)
    play.wait(10)
    play.hivectl("restart", "db1", says=["db1: stopped: a stop was asked for", BY_HAND, STARTED])
    assert AT28 in devices(play.host, "db1")
    detached(play, "db1", "db1/extra", VOLUME, until)
    play.wait(10)
    play.hivectl("stop", "db1")
    attached(play, "web1", "db1/extra", VOLUME)


@scenario()
def attached_while_running(play: Play) -> None:
    """What is attached while the guest runs counts from the next start on, not from a reboot on."""
    left(play)
    play.guest("db1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "db1", says=STARTED)
    attached(play, "db1", "extra", VOLUME)
    later = "attached from the next start on: disk db1/extra at 0:28:0"
    play.tells("db1", "db1 is running", "started", later, "log")
    play.wait(150)
    play.order("bhyve ... db1")
    assert AT28 not in devices(play.host, "db1")
    play.hivectl("restart", "db1", says=["db1: stopped: a stop was asked for", BY_HAND, STARTED])
    assert AT28 in devices(play.host, "db1")
    play.tells("db1", "db1 is running", "started", "attached by hand: disk db1/extra at", "log")


@scenario()
def supervisor_of_attached_killed(play: Play) -> None:
    """An adopted guest keeps what it has; after its reboot it has the same."""
    left(play)
    attached(play, "db1", "extra", VOLUME)
    play.guest("db1", {"end": "reboot", "after": 200}, {})
    play.hivectl("start", "db1", says=[BY_HAND, STARTED])
    play.kill("daemon db1", "supervisor db1")
    taken = "it is attached to db1: hivectl disk detach db1 db1/extra"
    refused(play, "destroy --confirm db1/extra db1 extra", f"db1: the disk db1/extra cannot be destroyed: {taken}")
    play.hivectl("start", "db1", says="db1: adopted (pid N): it ran without its supervisor")
    play.wait(300)
    play.order("bhyve ... db1")
    assert AT28 in devices(play.host, "db1")


@scenario()
def defined_again(play: Play) -> None:
    """A disk that comes back into the site while it is attached by hand is given once, and to one guest."""
    left(play)
    attached(play, "db1", "extra", VOLUME)
    attached(play, "db1", "web1/papers", FILE, slot=27)
    install(play, EXTRA, PAPERS)
    assert listed(play, "db1") == [DATA, f"db1/extra 8G defined db1 {VOLUME}"]
    assert listed(play, "web1") == [f"web1/papers 1G attached db1 {FILE}", ROOT]
    again = (
        "db1: disk db1/extra: the definition has it again, so what hivectl disk attach said counts no more; to forget"
    )
    papers = "db1: disk web1/papers is attached by hand, at 0:27:0"
    play.hivectl("start", "db1", says=[f"{again} it: hivectl disk detach db1 db1/extra", papers, STARTED])
    text = str(devices(play.host, "db1"))
    assert text.count("db1/extra") == text.count(FILE) == 1
    play.say("its own guest does not get it as long as it is attached to another")
    there = (
        f"web1: disk papers: {FILE} is attached to db1 by hand; take it away there: hivectl disk detach db1 web1/papers"
    )
    play.hivectl("start", "web1", status=1, says=there)
    assert play.names("guest") == play.names("context") == ["db1"]
    assert play.names("interface") == ["br-lan", "bridge7", "tap-db1-lan"]
    detached(play, "db1", "db1/extra", VOLUME, "; it may have it until it ends")
    refused(play, "detach db1 extra", "db1: the site gives it the disk extra: delete [vm.db1.disk.extra] there;")
    play.wait(10)
    play.hivectl("stop", "db1")
    detached(play, "db1", "web1/papers", FILE)
    play.hivectl("start", "web1", says="web1: started (pid N)")


@scenario()
def slot_is_taken(play: Play) -> None:
    """A device of the definition got the address of an attached disk: the start refuses, and says what to do."""
    left(play)
    attached(play, "db1", "extra", VOLUME)
    install(play, (DB1, f'{DB1}slot = "0:28:0"\n'))
    taken = (
        "db1: disk db1/extra, attached by hand, is at the PCI address 0:28:0, and the definition has a device in that"
    )
    remedy = "Give that device another slot in the site, or the disk another address: hivectl disk detach db1 db1/extra"
    play.hivectl("start", "db1", status=1, says=f"{taken} slot now. {remedy}")
    play.never("bhyve", "ifconfig")
    play.nothing_left()
    detached(play, "db1", "db1/extra", VOLUME)
    attached(play, "db1", "extra", VOLUME, slot=27)
    play.hivectl("start", "db1", says=["db1: disk db1/extra is attached by hand, at 0:27:0", STARTED])
    assert devices(play.host, "db1")[AT27][0] == "virtio-blk"
