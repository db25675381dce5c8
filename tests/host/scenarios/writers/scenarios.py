"""Scenarios in which a second guest wants the disk of the first: there are never two writers. The stand-in host itself
ends a scenario in which there are."""

from __future__ import annotations

import pytest

from host.play import Play
from host.scenario import scenario

from .ways import ALIAS, FILE, HARD, MAKE_FILE, SETTINGS, SOFT, WAYS, Way, at, install, on, words

CRASHES = [{"end": "triple", "after": 1}] * 4
"""Then it waits for 8 s, from the second 11 on."""
RUNS = "which is running; stop one, or take the disk out of one of the two in the site"


def refused(play: Play, path: str, why: str = RUNS, guest: str = "two", user: str = "one") -> None:
    """A guest does not get a disk, and nothing is left of its start."""
    outcome = play.hivectl("start", guest, status=1)
    assert outcome.out + outcome.err != "", outcome
    said = (outcome.out + outcome.err).splitlines()[-1]
    assert said == f"{guest}: the disk {path} is that of {user}, {why}"
    play.never(f"bhyve ... {guest}")
    assert f"context {guest}" not in play.state(f"context {guest}")


@pytest.mark.parametrize("way", WAYS, ids=str)
@scenario(**SETTINGS)
def a_guest_keeps_its_disk(play: Play, way: Way) -> None:
    """While it runs, between two runs, without its supervisor, and when that was adopted: until it ends."""
    way.prepare(play)
    play.guest("one", *([] if way.move else CRASHES), {})
    play.hivectl("start", "one")
    play.sh(way.move)
    way.install(play, "two")
    refused(play, way.path)
    if not way.move:
        play.wait(12)
        assert play.status("one") == "pausing"
        refused(play, way.path)
        play.wait(12)
    assert play.names("guest") == ["one"]
    play.kill("daemon one", "supervisor one")
    refused(play, way.path)
    play.hivectl("start", "one", says="one: adopted (pid N): it ran without its supervisor")
    refused(play, way.path)
    play.hivectl("stop", "one", says="one: stopped: a stop was asked for")
    play.hivectl("start", "two")
    assert play.names("guest") == ["two"]
    if not way.move:
        way.install(play, "one")
        remedy = "is that of two, which is running; stop two"
        outcome = play.hivectl("start", "one", status=1)
        assert remedy in outcome.err


@scenario(**SETTINGS)
def what_may_be_shared(play: Play) -> None:
    """Two guests may have one disk that both only read, and one that both share; then no third one may write it."""
    play.sh(MAKE_FILE + " && touch /srv/x.iso")
    play.host.allow("two writers")
    cd = '[vm.{0}.cd.x]\npath = "/srv/x.iso"\n'
    for more in ("readonly = true\n", "shared = true\n", "readonly = true\nshared = true\n"):
        install(play, at("one", FILE, more) + cd.format("one"), at("two", ALIAS, more) + cd.format("two"))
        play.up("one", "two")
        assert play.names("guest") == ["one", "two"]
        install(play, "", "", ("[vm.two]\n", f"[vm.two]\n[vm.three]\n{at('three', HARD)}"))
        refused(play, HARD, guest="three")
        play.down("two", "one")


@scenario(**SETTINGS)
def a_disk_of_somebody_else_is_not_touched(play: Play) -> None:
    """hivectl disk knows a disk by every name: an alias is no way to give away, grow or destroy what a guest has."""
    alias = ('path = "/srv/vms"', 'path = "/store/vms"')
    play.sh("mkdir -p /usr/store /srv; ln -s usr/store /store; ln -s /store/vms /srv/vms")
    install(play, "", on("two", "plain"), alias)
    play.made("two")
    install(play, at("one", "/usr/store/vms/two/data.img"), "", alias)
    place = "/store/vms/two/data.img"
    others = ("disk attach two data", "disk destroy --confirm two/data two data")
    for why, verbs in (
        ("is given to one by the site; take it out there", ("disk attach one two/data", *others)),
        ("may be in use, since one runs; stop one first", others),
    ):
        for verb in verbs:
            assert why in play.hivectl(*verb.split(), status=1).err
        play.hivectl("disk", "grow", "two", "data", "2G", status=1)
        assert play.host.path("/usr/store/vms/two/data.img").stat().st_size == 1 << 30
        if len(verbs) > 2:
            play.hivectl("start", "one")
            install(play, "", "", alias)
    play.hivectl("stop", "one")
    play.hivectl(
        "disk", "destroy", "--confirm", "two/data", "two", "data", says=f"two: disk two/data ({place}) is destroyed"
    )
    assert not play.host.path("/usr/store/vms/two/data.img").exists()


@scenario(**SETTINGS)
def hooks_come_after_the_question(play: Play) -> None:
    """A hook may roll a disk back or mount it: none is run for a guest whose disk another one has."""
    play.sh(MAKE_FILE)
    hook = ("[vm.two]\n", '[vm.two]\nhooks.prestart = ["hooks/record.sh"]\n')
    install(play, at("one", FILE), at("two", ALIAS), hook)
    play.up("one")
    refused(play, ALIAS)
    assert not play.host.path("/srv/hook.ran").exists()
    play.down("one")
    play.hivectl("start", "two")
    assert play.host.path("/srv/hook.ran").exists()


@scenario(**SETTINGS)
def the_advice_is_safe(play: Play) -> None:
    """Whoever takes a disk away by hand from a guest that runs, as he is told, cannot start a second writer."""
    install(play, on("one", "plain"))
    play.made("one")
    install(play)
    play.hivectl("disk", "attach", "two", "one/data")
    alias = words("-s", "20,virtio-blk,/files/vms/one/data.img,ser=x")
    play.sh("ln -s /srv /files")
    install(play, on("one", "plain"))
    advice = "take it away there: hivectl disk detach two one/data"
    for running in (False, True):
        if running:
            play.hivectl("start", "two")
        assert advice in play.hivectl("start", "one", status=1).err
    play.hivectl("disk", "detach", "two", "one/data")
    refused(play, "/srv/vms/one/data.img", RUNS.replace("stop one", "stop two"), "one", "two")
    install(play, alias)
    refused(play, "/files/vms/one/data.img", RUNS.replace("stop one", "stop two"), "one", "two")
    play.hivectl("stop", "two")
    play.hivectl("start", "one")
    assert play.names("guest") == ["one"]


@scenario(**SETTINGS)
def a_clone_is_another_disk(play: Play) -> None:
    """A clone of a snapshot of a guest's volume is nobody else's: both run."""
    install(play, on("one", "fast"))
    play.up("one")
    play.sh("zfs snapshot zroot/vms/one/data@now")
    install(play, on("one", "fast"), on("two", "fast") + 'clone = "one/data@now"\n')
    play.hivectl("start", "two")
    assert play.names("guest") == ["one", "two"]


@scenario(**SETTINGS)
def a_volume_that_was_renamed(play: Play) -> None:
    """zfs rename takes a volume from the guest that has it open; so the guest of the new name is its only writer."""
    install(play, on("one", "fast"))
    play.up("one")
    play.host.allow("lost disk")
    play.sh("zfs rename -p zroot/vms/one/data zroot/vms/two/data")
    install(play, "", on("two", "fast"))
    play.hivectl("start", "two", status=None)
    play.down("one")


@scenario(**SETTINGS)
def a_pool_under_another_name(play: Play) -> None:
    """A pool that is in use is not exported; between two runs it is, and the guest that waits does not get it back."""
    install(play, on("one", "fast"))
    play.guest("one", *CRASHES, {})
    play.hivectl("start", "one")
    assert play.host.run("zpool", "export", "zroot").status == 1
    play.wait(12)
    assert play.status("one") == "pausing"
    play.sh("zpool export zroot && zpool import zroot tank")
    install(play, "", at("two", "/dev/zvol/tank/vms/one/data"))
    play.hivectl("start", "two")
    play.wait(60)
    assert play.names("guest") == ["two"]


@scenario(**SETTINGS)
def whoever_was_killed_has_nothing(play: Play) -> None:
    """A start that was killed before bhyve ran keeps its disk from nobody for longer than until it is cleaned up."""
    play.sh(MAKE_FILE)
    install(play, at("one", FILE), at("two", ALIAS))
    play.host.call("kill_after", count=3, targets=["daemon one", "supervisor one"])
    play.hivectl("start", "one", status=None)
    play.hivectl("stop", "one")
    play.hivectl("start", "two")
    assert play.names("guest") == ["two"]


@scenario(**SETTINGS)
def a_link_that_leads_elsewhere(play: Play) -> None:
    """Between two runs of a guest its path comes to lead to the disk of another one: it does not run again."""
    play.sh(MAKE_FILE + "; truncate -s 1M /usr/store/other.img")
    install(play, at("one", SOFT), at("two", "/usr/store/other.img"))
    play.guest("one", *CRASHES, {})
    play.up("one", "two")
    play.wait(12)
    assert play.status("one") == "pausing"
    play.sh(f"ln -sf ../store/other.img {SOFT}")
    play.wait(12)
    assert play.names("guest") == ["two"]
    said = f"the disk {SOFT} is that of two, which is running"
    assert said in play.hivectl("status", "one", status=None).out
    play.down("two")
    play.guest("one", *CRASHES, {})
    play.hivectl("start", "one")
    play.wait(12)
    play.sh(f"ln -sf ../store/data.img {SOFT}")
    play.wait(12)
    assert play.names("guest") == ["one"]
    install(play, at("one", SOFT), at("two", HARD))
    refused(play, HARD)
