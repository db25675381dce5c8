"""A guest comes to a host that it lived on before: what it left there is not taken for what it has."""

from __future__ import annotations

from host import build
from host.play import Play
from host.scenario import SCENARIOS, scenario

from .scenarios import owner

SITE = SCENARIOS / "moves"
UUID = "01234567-2222-4def-8123-456789abcdef"
STALE = "disk root: it lived on beta since zroot/vms/roam1/root was made here. If that is what it had there last:"


@scenario()
def it_comes_from_the_same_host_again(play: Play) -> None:
    """alpha, beta, alpha, beta, alpha: each arrival is another one, and what the guest left is asked about."""
    play.hivectl("provision", "--recreate", "root", "roam1", says=["creating the volume", "making the UEFI"])
    play.up("roam1")
    play.down("roam1")
    assert play.host.path("/var/db/hivewright/roam1/came_from").read_text() == "beta 2\n"
    build.install(play.host, ("moves = 2", "moves = 4"), site=SITE)
    play.hivectl("start", "roam1", status=1, says=STALE)
    play.never("bhyve")
    play.hivectl("provision", "--adopt", "roam1", says=[])
    play.hivectl("start", "roam1", says="started")
    play.hivectl("restart", "roam1")
    play.down("roam1")


@scenario()
def an_earlier_release_counted_no_moves(play: Play) -> None:
    """What it noted stands for the first arrival: that one is over, and the next one is another."""
    build.install(play.host, ('home = "alpha"\nmoves = 2\n', ""), site=SITE)
    script = play.host.path("/usr/local/etc/hivewright/vms/roam1/provision").read_text()
    assert "\nmoved_from beta  #" in script
    play.hivectl("provision", "--recreate", "root", "roam1", says=["creating the volume", "making the UEFI"])
    play.sh("test $(cat /var/db/hivewright/roam1/came_from) = beta; : >/var/db/hivewright/roam1/provisioned")
    play.hivectl("start", "roam1", says="started")
    play.down("roam1")
    build.install(play.host, site=SITE)
    play.hivectl("start", "roam1", status=1, says=STALE)


@scenario()
def what_is_marked_as_of_another_host(play: Play) -> None:
    """A copy that a migration left half-way is not taken, whatever this host knows of the guest."""
    play.sh("zfs create -p -o volmode=dev -o 'hivewright:owner=<beta' zroot/vms/roam1")
    play.sh(f"zfs create -V 512M -o hivewright:guest={UUID} zroot/vms/roam1/root")
    play.hivectl("start", "roam1", status=1, says=STALE)
    play.sh("zfs inherit hivewright:owner zroot/vms/roam1")
    play.hivectl("start", "roam1", says=["making the UEFI variables", "started"])
    play.down("roam1")


@scenario()
def one_host_is_left_of_several(play: Play) -> None:
    """The site takes away the other host, to which it went: what stands with the data counts all the same."""
    play.made("web1")
    play.sh("zfs set hivewright:owner=beta zroot/vms/web1; echo beta >/var/db/hivewright/web1/home")
    build.install(play.host, ("[vm.web1]\n", '[vm.web1]\nhosts = ["alpha"]\n'), site=SITE)
    play.hivectl("start", "web1", status=1, says="it lived on beta, and what is here is what it left. If that is what")
    play.never("bhyve")
    play.hivectl("start", "--take-over", "gamma", "web1", status=1, says="it is not known to have lived on gamma")
    play.hivectl("start", "--take-over", "beta", "web1")
    play.has("guest web1")
    play.down("web1")
    assert owner(play) == "beta"
