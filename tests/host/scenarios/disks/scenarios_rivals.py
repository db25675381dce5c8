"""Scenarios of two guests that would write one disk: they never do, however it is given to them."""

from __future__ import annotations

from host.disks import DB1, WEB1, install
from host.play import Play
from host.scenario import scenario

FILE = "/srv/vms/web1/root.img"
VOLUME = "/dev/zvol/zroot/vms/db1/data"
ITS_OWN = '[vm.web1.disk.root]\nstorage = "plain"\nsize = "2G"\n'
OTHER = '[vm.web1.disk.root]\npath = "/srv/other.img"\n'


def theirs(path: str, user: str = "web1", use: str = "running") -> str:
    """What the guest that comes second is told."""
    rest = f"stop {user}, or take the disk out of one of the two in the site"
    return f"the disk {path} is that of {user}, which is {use}; {rest}"


def given_to_db1(play: Play, *lines: str) -> None:
    """The site gives the disk of web1 to db1, and web1 another; it is shipped while web1 runs."""
    play.sh("truncate -s 1G /srv/other.img")
    install(play, (ITS_OWN, OTHER), (DB1, "\n".join([*lines, DB1])))


def refused(play: Play, path: str) -> None:
    """db1 does not start, with nothing left of it; when web1 is off, it does."""
    play.hivectl("start", "db1", status=1, says=f"db1: {theirs(path)}")
    play.never("bhyve")
    assert play.names("guest") == ["web1"]
    play.down("web1")
    play.hivectl("start", "db1", says="db1: started (pid N)")
    play.up("web1")
    play.wait(3)
    assert play.names("guest") == ["db1", "web1"]


@scenario(everyday=True)
def by_path(play: Play) -> None:
    """The disk goes to another guest in the site, and both are shipped."""
    play.made("db1")
    play.up("web1")
    given_to_db1(play, "[vm.db1.disk.more]", f'path = "{FILE}"')
    refused(play, FILE)


@scenario()
def by_an_alias(play: Play) -> None:
    """A link leads to its folder."""
    play.made("db1")
    play.up("web1")
    play.sh("ln -s /srv /files")
    given_to_db1(play, "[vm.db1.disk.more]", 'path = "/files/vms/web1/root.img"')
    refused(play, "/files/vms/web1/root.img")


@scenario()
def by_a_second_name(play: Play) -> None:
    """The file has two names."""
    play.made("db1")
    play.up("web1")
    play.sh(f"ln {FILE} /srv/second.img")
    given_to_db1(play, "[vm.db1.disk.more]", 'path = "/srv/second.img"')
    refused(play, "/srv/second.img")


@scenario()
def by_extra_arguments(play: Play) -> None:
    """Nothing but bhyve's words tell."""
    play.made("db1")
    play.up("web1")
    play.sh("truncate -s 1G /srv/other.img")
    install(play, (ITS_OWN, OTHER), (DB1, f'[vm.db1]\nextra_args = ["-s", "0:20:0,virtio-blk,{FILE},ser=x"]\n{DB1}'))
    refused(play, FILE)


@scenario()
def by_volume(play: Play) -> None:
    """The volume of a guest that runs goes to another one by its path."""
    play.made("web1")
    play.up("db1")
    text = '[vm.db1.disk.data]\nstorage = "fast"\nsize = "4G"\n'
    play.sh("truncate -s 1G /srv/other.img")
    install(
        play,
        (text, '[vm.db1.disk.data]\npath = "/srv/other.img"\n'),
        (WEB1, f'[vm.web1.disk.more]\npath = "{VOLUME}"\n{WEB1}'),
    )
    play.hivectl("start", "web1", status=1, says=f"web1: {theirs(VOLUME, 'db1')}")
    assert play.names("guest") == ["db1"]
    play.down("db1")


@scenario()
def without_supervisor_and_adopted(play: Play) -> None:
    """A guest that nobody supervises has its disk all the same, and so has one that was adopted."""
    play.made("db1")
    play.up("web1")
    play.kill("supervisor web1")
    play.wait(0)
    given_to_db1(play, "[vm.db1.disk.more]", f'path = "{FILE}"')
    play.hivectl("start", "db1", status=1, says=f"db1: {theirs(FILE)}")
    play.hivectl("start", "web1", says="adopted")
    refused(play, FILE)


@scenario()
def while_it_reboots(play: Play) -> None:
    """Between two runs of bhyve the disk is still that of the guest."""
    play.made("db1")
    play.guest("web1", {"end": "reboot", "after": 5}, {})
    play.up("web1")
    given_to_db1(play, "[vm.db1.disk.more]", f'path = "{FILE}"')
    play.wait(5.5)
    assert play.status("web1") == "pausing"
    play.hivectl("start", "db1", status=1, says=f"db1: {theirs(FILE)}")
    play.wait(10)
    assert play.names("guest") == ["web1"]
    play.down("web1")


@scenario()
def both_at_once(play: Play) -> None:
    """Of two that start at the same moment, one runs: a site that nobody checked gives them one disk."""
    play.made("web1", "db1")
    script = f's|set -- \\"\\$@\\" -H.*|&\\nset -- \\"\\$@\\" -s 0:20:0,virtio-blk,{FILE}|'
    start = "/usr/local/etc/hivewright/vms/db1/start"
    play.sh(f'sed "{script}" {start} >{start}.new && mv {start}.new {start} && chmod 755 {start}')
    play.spawn("a", "/usr/local/sbin/hivectl", "start", "web1")
    play.spawn("b", "/usr/local/sbin/hivectl", "start", "db1")
    ends = [play.host.wait(name).status for name in ("a", "b")]
    assert sorted(map(str, ends)) == ["0", "1"]
    play.wait(5)
    assert len(play.names("guest")) == 1


@scenario()
def had_by_both(play: Play) -> None:
    """Two that only read one disk may run side by side, and so may two that say that it is shared."""
    play.made("web1", "db1")
    play.host.call("allow", kinds=["two writers"])
    play.sh("truncate -s 1G /srv/common.img")
    more = '[vm.{}.disk.more]\npath = "/srv/common.img"\n{}\n'
    for word in ("readonly = true", "shared = true"):
        install(play, (DB1, more.format("db1", word) + DB1), (WEB1, more.format("web1", word) + WEB1))
        play.up("db1", "web1")
        assert play.names("guest") == ["db1", "web1"]
        play.hivectl("stop", "web1", status=0)
        if word == "shared = true":
            install(play, (WEB1, more.format("web1", "") + WEB1))
            play.hivectl("start", "web1", status=1, says=f"web1: {theirs('/srv/common.img', 'db1')}")
        play.down("db1")


@scenario()
def altered_through_an_alias(play: Play) -> None:
    """A disk that this host made is the file of a guest that runs, by another path: it stays as it is."""
    play.made("db1")
    play.up("web1")

    def refuse(reason: str) -> None:
        destroy = ("destroy", "--confirm", "db1/more", "db1", "more")
        play.hivectl("disk", *destroy, status=1, says=f"db1: {reason.format('destroyed')}")
        play.hivectl("disk", "attach", "db1", "more", status=1, says=f"db1: {reason.format('attached')}")

    play.sh("ln -s /srv /files; echo more /files/vms/web1/root.img >>/var/db/hivewright/db1/disks")
    ours = "the disk db1/more cannot be {}: it is given to web1 by the site; take it out there"
    play.hivectl(
        *["disk", "destroy", "--confirm", "db1/more", "db1", "more"], status=1, says=f"db1: {ours.format('destroyed')}"
    )
    play.hivectl(*["disk", "attach", "db1", "more"], status=1, says=f"db1: {ours.format('attached')}")
    play.sh("truncate -s 1G /srv/other.img")
    install(play, (ITS_OWN, OTHER))
    ours = "the disk db1/more cannot be {}: it may be in use, since web1 runs; stop web1 first"
    play.hivectl(
        *["disk", "destroy", "--confirm", "db1/more", "db1", "more"], status=1, says=f"db1: {ours.format('destroyed')}"
    )
    play.hivectl(*["disk", "attach", "db1", "more"], status=1, says=f"db1: {ours.format('attached')}")
    play.hivectl("disk", "grow", "db1", "more", "4G", status=1)
    assert play.host.path(FILE).stat().st_size == 2 << 30
    play.down("web1")


@scenario()
def with_words_cut_short(play: Play) -> None:
    """A full file system cut off what is noted of a guest that runs: it has what its script says, or may have any."""
    play.made("db1")
    play.up("web1")
    play.sh("f=/var/run/hivewright/web1/words; dd if=$f of=$f.cut bs=1 count=200 2>/dev/null; mv $f.cut $f")
    given_to_db1(play, "[vm.db1.disk.more]", f'path = "{FILE}"')
    play.hivectl("start", "db1", status=1, says="that of web1, which is running")
    play.never("bhyve")
    play.down("web1")
    play.up("db1")
    play.down("db1")
