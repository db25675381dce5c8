"""Only the host that owns a guest runs it: who that is stands with its disks, and every start asks."""

from __future__ import annotations

import json

from host.play import Play
from host.scenario import scenario


def owner(play: Play, name: str = "web1") -> str:
    return play.host.run("/sbin/zfs", "get", "-H", "-o", "value", "hivewright:owner", f"zroot/vms/{name}").out.strip()


def markers(play: Play, name: str = "mail1") -> list[str]:
    return sorted(path.name for path in play.host.path(f"/net/vms/{name}").glob("owner=*"))


def told(play: Play, name: str) -> object:
    return json.loads(play.host.run("/usr/local/sbin/hivectl", "status", "--json", name).out)[0]["owner"]


@scenario()
def home_takes_what_is_nobodys(play: Play) -> None:
    """The first start makes its home the owner, in the act after the disks are made; later ones only look."""
    play.hivectl("start", "web1")
    play.ran("zfs set hivewright:owner=alpha zroot/vms/web1")
    assert owner(play) == "alpha"
    assert told(play, "web1") == "alpha"
    play.hivectl("restart", "web1")
    play.never("zfs set hivewright:owner*")
    play.tells("web1", "web1 is running", "started", "its owner is alpha", "wave 50")
    play.down("web1")


@scenario(everyday=True, host="beta")
def another_host_makes_nothing(play: Play) -> None:
    """Neither a start nor a provisioning makes empty disks where a guest does not live."""
    refusal = "it lives on alpha. To bring it here, on alpha: hivectl migrate web1 beta. If alpha is lost"
    play.hivectl("start", "web1", status=1, says=refusal)
    play.never("zfs create", "zfs set", "bhyve")
    play.hivectl("provision", "web1", status=1, says=refusal)
    play.never("zfs create", "zfs set")
    assert told(play, "web1") == "alpha"
    play.hivectl("start")
    play.never("zfs get hivewright:owner*", "bhyve")


@scenario(host="beta")
def a_lost_owner_is_named(play: Play) -> None:
    """Nobody takes a guest over by mistake: the name must be that of its owner."""
    play.sh("zfs create -p -o volmode=dev -o hivewright:owner=alpha zroot/vms/web1")
    play.hivectl("start", "web1", "--take-over", "alpha", status=1, says="its disk data is not here")
    uuid = play.host.path("/usr/local/etc/hivewright/vms/web1/provision").read_text().split("\nvm web1 ")[1].split()[1]
    for disk, size in (("data", "512M"), ("root", "1G")):
        play.sh(f"zfs create -V {size} -o hivewright:guest={uuid} zroot/vms/web1/{disk}")
    play.hivectl("start", "web1", "--take-over", "gamma", status=1, says="its owner is alpha, not gamma")
    assert owner(play) == "alpha"
    outcome = play.hivectl("start", "web1", "--take-over", "alpha")
    assert "it was taken from alpha. If alpha runs it all the same" in outcome.out
    assert owner(play) == "beta"
    play.never("zfs create")
    play.hivectl("start", "--take-over", "alpha", "web1", status=1, says="it is running, or is being started")
    play.hivectl("stop", "web1")
    play.hivectl("start")
    play.has("guest web1")


@scenario()
def nobody_runs_what_is_handed_over(play: Play) -> None:
    """While a guest is on its way, neither host starts it, whatever its disks are."""
    play.made("web1", "mail1")
    for value, says in (("alpha>beta", "alpha hands it over to beta"), ("<beta", "a copy that beta sends")):
        play.sh(
            f"zfs set 'hivewright:owner={value}' zroot/vms/web1;"
            f"mv /net/vms/mail1/owner=* '/net/vms/mail1/owner={value}'"
        )
        for name in ("web1", "mail1"):
            play.hivectl("start", name, status=1, says=says)
            assert told(play, name) == value
            assert says in play.hivectl("status", name, status=1).out
        play.never("bhyve")
    play.hivectl("start", "mail1", "--take-over", "beta")
    assert markers(play) == ["owner=alpha"]


@scenario()
def what_cannot_be_asked_is_not_run(play: Play) -> None:
    """A guest whose owner nobody can tell stays off."""
    play.made("web1")
    play.host.call("fail_at", command=1, status=1)
    play.hivectl("start", "web1", status=1)
    play.hivectl("start", "web1")


@scenario()
def disks_that_both_hosts_have_are_not_destroyed_by_the_other(play: Play) -> None:
    """A guest left this host, and its disks, which both hosts have, are those of the other one now."""
    play.made("mail1")
    play.sh("mv /net/vms/mail1/owner=alpha /net/vms/mail1/owner=beta; rm /usr/local/etc/hivewright/vms/mail1/*")
    play.hivectl("disk", "destroy", "--confirm", "mail1/root", "mail1", "root", status=1, says="beta owns the guest")
    play.sh("cd /usr/local/etc/hivewright; grep -v '^vm mail1 ' host.conf >/tmp/conf; cp /tmp/conf host.conf")
    play.hivectl("remove", "--yes", "mail1", status=1, says="beta owns the guest")
    play.sh("mv /net/vms/mail1/owner=beta /net/vms/mail1/owner=alpha")
    play.hivectl("remove", "--yes", "mail1")
    assert not play.host.path("/net/vms/mail1").exists()


@scenario()
def of_disks_elsewhere_only_the_host_knows(play: Play) -> None:
    """Of disks on iSCSI the state of the guest says who owns it; a check that is switched off asks nobody."""
    play.host.call("device", name="ada7")
    play.hivectl("start", "free1")
    assert told(play, "free1") is None
    play.sh("mkdir -p /var/db/hivewright/san1; echo beta >/var/db/hivewright/san1/home")
    play.hivectl("start", "san1", status=1, says="it lives on beta")
    assert told(play, "san1") == "beta"
