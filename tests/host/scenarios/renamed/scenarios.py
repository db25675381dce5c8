"""Scenarios of a guest that was renamed: it keeps its disks, its state, its logs, and none is made anew."""

from __future__ import annotations

from host import build
from host.golden_image import CONTENT, URLS
from host.play import HIVECTL, Play
from host.scenario import SCENARIOS, scenario

NAMED = ("[vm.www]\n", '[vm.web1]\nrenamed_from = "www"\n'), ("[vm.www.nic.lan]", "[vm.web1.nic.lan]")
UUID = "01234567-89ab-4def-8123-456789abcdef"
OTHER = "01234567-0000-4def-8123-456789abcdef"
RENAMES = ("zfs rename zroot/vms/www zroot/vms/web1", "mv /srv/vms/www /srv/vms/web1")
FORMERLY = "web1: provisioning failed: it was called www"


def installed(play: Play, *replacements: tuple[str, str]) -> None:
    """The site as it is after the change."""
    build.install(play.host, *replacements, site=SCENARIOS / "renamed")


def renamed(play: Play) -> None:
    """The guest was made under its former name, and is off."""
    play.made("www")
    play.sh("mkdir /var/db/hivewright/www/crashes; echo boot >/var/db/hivewright/www/vars.fd; echo x >/srv/vms/www/x")
    installed(play, *NAMED)


def state(play: Play) -> list[str]:
    """Disks and notes of them."""
    return [line for line in play.state("volume", "file /srv") if "golden" not in line]


@scenario(everyday=True, urls=URLS, pools=["zroot", "tank"])
def renamed_once(play: Play) -> None:
    """Everything that the host has of it gets the new name before anything is made, and once only."""
    renamed(play)
    before = state(play)
    says = ["it was called www; the disks, the state and the logs of www are its own", "started (pid N)"]
    play.hivectl("start", "web1", says=says)
    play.order(
        "daemon * /usr/local/etc/hivewright/vms/web1/start",
        "lockf * /var/run/hivewright/www/lock lockf * /var/run/hivewright/disks.lock",
        "zfs rename tank/bulk/www tank/bulk/web1",
        "mv /srv/vms/www /srv/vms/web1",
        "zfs rename zroot/vms/www zroot/vms/web1",
        "mv /var/log/hivewright/www.log /var/log/hivewright/web1.log.0",
        "mv -f * /var/db/hivewright/web1/",
        "mv -f /var/db/hivewright/www/guest",
        "rmdir",
        "bhyve",
    )
    play.never("zfs create", "zfs set", "truncate", "dd", "fetch", "cp /usr")
    assert state(play) == sorted(line.replace("/www/", "/web1/") for line in before)
    assert f"zroot/vms/web1/root {1 << 30} {CONTENT}" in "\n".join(before).replace("/www/", "/web1/")
    here = play.host.path("/var/db/hivewright/web1")
    assert not play.host.path("/var/db/hivewright/www").exists()
    assert here.joinpath("vars.fd").read_text() == "boot\n"
    assert here.joinpath("crashes").is_dir()
    assert here.joinpath("guest").read_text() == f"{UUID}\n"
    assert sorted(here.joinpath("disks").read_text().split("\n")[-4:-1]) == [
        "data tank/bulk/web1/data",
        "papers /srv/vms/web1/papers.img",
        "root zroot/vms/web1/root",
    ]
    rows = play.host.run(HIVECTL, "disk", "list", "web1").out.splitlines()[1:]
    assert [row.split()[-1] for row in rows] == [
        "tank/bulk/web1/data",
        "/srv/vms/web1/papers.img",
        "zroot/vms/web1/root",
    ]
    play.down("web1")
    play.hivectl("start", "web1", says="started (pid N)")
    play.never("zfs", "mv", "lockf")
    play.down("web1")
    play.sh("rm /var/db/hivewright/web1/provisioned")
    play.hivectl("provision", "web1", says=[])
    play.never("zfs rename", "mv /srv", "zfs create")


@scenario(urls=URLS, pools=["zroot", "tank"])
def host_knows_nothing_any_more(play: Play) -> None:
    """The volumes say themselves whose they are: the host may be made anew around its pools."""
    renamed(play)
    play.sh("rm -rf /var/db/hivewright/www /var/log/hivewright/*")
    play.hivectl("provision", "web1", says=["it was called www", "is taken as it is", "UEFI variables"])
    play.never("zfs create", "truncate", "dd")
    assert [line.split()[1] for line in state(play)] == ["tank/bulk/web1/data", "zroot/vms/web1/root"]
    assert play.host.path("/srv/vms/web1/x").exists()


@scenario(urls=URLS, pools=["zroot", "tank"])
def somebody_has_a_disk(play: Play) -> None:
    """An open volume that is renamed is lost to who has it; so the former guest, and all others, let go first."""
    play.made("www")
    play.up("www")
    installed(play, *NAMED)
    still = f"{FORMERLY}, which is still there under that name; stop it first: hivectl stop www"
    play.hivectl("start", "web1", status=1, says=still)
    play.never("zfs rename", "mv /srv")
    play.down("www")
    play.sh(f"{HIVECTL} disk attach db1 www/data")
    detach = f"{FORMERLY}: /dev/zvol/tank/bulk/www/data is attached to db1: hivectl disk detach db1 www/data"
    play.hivectl("start", "web1", status=1, says=detach)
    play.never("zfs rename", "mv /srv")
    play.up("db1")
    play.sh(f"{HIVECTL} disk detach db1 www/data")
    runs = f"{FORMERLY}: /dev/zvol/tank/bulk/www/data may be in use, since db1 runs; stop db1 first"
    play.hivectl("start", "web1", status=1, says=runs)
    play.never("zfs rename", "mv /srv")
    play.down("db1")
    play.hivectl("start", "web1", says=["it was called www", "started"])
    play.down("web1")


@scenario(urls=URLS, pools=["zroot", "tank"])
def another_is_in_the_way(play: Play) -> None:
    """Of two that are there, the host cannot know which is the right one; nothing is destroyed or mixed."""
    renamed(play)
    play.sh("zfs create -p zroot/vms/web1")
    both = f"{FORMERLY}: there are both zroot/vms/www and zroot/vms/web1; see which has the disks of web1, and rename"
    play.hivectl("start", "web1", status=1, says=both)
    play.never("bhyve", "zfs create")
    play.sh("zfs destroy zroot/vms/web1; mkdir -p /srv/vms/web1")
    play.hivectl("start", "web1", says=["it was called www", "started"])
    play.down("web1")


@scenario(urls=URLS, pools=["zroot", "tank"])
def another_guest_of_the_former_name(play: Play) -> None:
    """What another guest called www has stays its own."""
    play.made("www")
    play.sh(f"echo {OTHER} >/var/db/hivewright/www/guest; zfs set hivewright:guest={OTHER} zroot/vms/www/root")
    installed(play, *NAMED)
    play.hivectl("provision", "web1")
    play.never("zfs rename", "mv /srv")
    assert {"zroot/vms/web1/root", "zroot/vms/www/root"} <= set(play.names("volume"))


@scenario(urls=URLS, pools=["zroot", "tank"])
def a_volume_is_of_another_guest(play: Play) -> None:
    """A volume below the dataset that was made for somebody else stops the renaming before it begins."""
    renamed(play)
    play.sh(f"zfs set hivewright:guest={OTHER} zroot/vms/www/root")
    wrong = f"{FORMERLY}: zroot/vms/www/root was made for the guest whose UUID is {OTHER}, not {UUID}; rename or"
    play.hivectl("start", "web1", status=1, says=wrong)
    play.never("zfs rename", "mv /srv")


@scenario(urls=URLS, pools=["zroot", "tank"])
def renamed_twice(play: Play) -> None:
    """A host that missed a name takes the older one."""
    play.made("www")
    installed(play, ("[vm.www]\n", '[vm.site1]\nrenamed_from = ["web1", "www"]\n'), ("vm.www.nic", "vm.site1.nic"))
    play.hivectl("start", "site1", says=["it was called www", "started"])
    play.never("zfs create")
    play.down("site1")


@scenario(urls=URLS, pools=["zroot", "tank"])
def persistent_tap(play: Play) -> None:
    """A tap that stays is used again under the name that its lock keeps."""
    stays = ('tap = "tap-www-lan"', 'tap = "tap-www-lan"\npersistent = true')
    installed(play, stays)
    play.up("www")
    play.sh(f"{HIVECTL} stop www")
    installed(play, *NAMED, stays)
    play.hivectl("start", "web1", says=["it was called www", "started"])
    play.never("ifconfig tap create", "ifconfig tap-www-lan destroy")
    play.sh(f"{HIVECTL} stop web1")
    assert "tap-www-lan" in play.names("interface")


@scenario(urls=URLS, pools=["zroot", "tank"])
def moved_here(play: Play) -> None:
    """A guest that lived elsewhere does not begin anew in silence: its disks are brought, or asked for by name."""
    installed(play, ("[vm.www]\n", '[vm.www]\nmoved_from = "beta"\n'))
    why = "www: provisioning failed: disk data: it lived on beta, and tank/bulk/www/data is not here yet. Bring it here"
    play.hivectl("start", "www", status=1, says=why)
    play.never("zfs create", "truncate", "bhyve")
    play.sh("zfs create -p -o volmode=dev tank/bulk/www")
    play.sh(f"zfs create -V 512M -o hivewright:guest={UUID} tank/bulk/www/data")
    why = "www: disk papers: it lived on beta, and /srv/vms/www/papers.img is not here yet. Bring it here, and what"
    play.hivectl("provision", "www", status=1, says=why)
    play.hivectl("provision", "--recreate", "papers", "www", status=1, says=["creating the file", "root: it lived"])
    play.hivectl("provision", "--recreate", "root", "www", says=["root", "image", "image", "root", "beta has"])
    play.hivectl("start", "www", says="started")
    play.down("www")
    installed(
        play,
        ("[vm.www]\n", '[vm.www]\nmoved_from = "beta"\n'),
        ("disk.data =", 'disk.more = { storage = "fast", size = "1G" }\ndisk.data ='),
    )
    play.hivectl("start", "www", says=["creating the volume zroot/vms/www/more", "started"])
    play.down("www")
    installed(play, ("[vm.www]\n", '[vm.www]\nmoved_from = "gamma"\n'))
    why = (
        "www: provisioning failed: disk data: it lived on gamma since tank/bulk/www/data was made here. If that is what"
    )
    play.hivectl("start", "www", status=1, says=why)
    play.never("bhyve")
    play.hivectl("provision", "--adopt", "www", says=[])
    play.hivectl("start", "www", says="started")
    play.down("www")
