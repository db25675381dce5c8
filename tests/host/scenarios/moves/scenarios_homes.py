"""A guest of several hosts gets another home, or another owner: who that is stands with its data."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from host import build
from host.link import Link
from host.play import Play
from host.scenario import SCENARIOS, scenario

from .scenarios import owner

pytestmark = pytest.mark.usefixtures("play", "link")
SITE = SCENARIOS / "moves"


def moved(vm: str, home: str, away: str, *hosts: Play) -> None:
    """What ``hivewright move`` writes is installed."""
    with tempfile.TemporaryDirectory() as directory:
        site = Path(directory) / "site"
        shutil.copytree(SITE, site)
        text = (site / "site.toml").read_text()
        keys = f'[vm.{vm}]\nhosts = ["{home}", "{away}"]\nmoved_from = "{away}"\n'
        (site / "site.toml").write_text(text.replace(f"[vm.{vm}]\n", keys))
        for play, name in zip(hosts, ("alpha", "beta"), strict=True):
            tree = build.build_tree(Path(directory) / name, name, site)
            shutil.copytree(tree, play.host.root, dirs_exist_ok=True)


@scenario()
def the_site_follows_a_migration(play: Play, far: Play) -> None:
    """There and back: each start takes what the migration brought."""
    play.hivectl("start", "web1")
    play.hivectl("migrate", "web1", "beta")
    far.hivectl("restart", "web1")
    moved("web1", "beta", "alpha", play, far)
    far.hivectl("restart", "web1")
    assert far.host.path("/var/db/hivewright/web1/came_from").read_text().startswith("alpha\nby alpha ")
    far.hivectl("migrate", "web1", "alpha")
    play.has("guest web1")
    moved("web1", "alpha", "beta", play, far)
    play.hivectl("restart", "web1")
    assert owner(play, "web1") == "alpha"


@scenario()
def a_migration_follows_the_site(play: Play, far: Play) -> None:
    """Whoever has it sends it, whatever its home is by now."""
    play.hivectl("start", "web1")
    moved("web1", "beta", "alpha", play, far)
    far.hivectl("start", "web1", status=1, says=None)
    far.never("zfs create", "truncate", "bhyve")
    play.hivectl("migrate", "web1", "beta")
    far.has("guest web1")
    far.hivectl("restart", "web1")


@scenario()
def the_site_follows_a_failover(play: Play, far: Play, link: Link) -> None:
    """Of a copy the same holds; what brought it once counts for one move."""
    play.hivectl("start", "copied1")
    play.hivectl("replicate", "copied1")
    link.down = True
    far.hivectl("failover", "copied1")
    far.hivectl("stop", "copied1")
    far.sh("echo 0 >/var/db/hivewright/copied1/provisioned")
    far.sh(
        "cd /usr/local/etc/hivewright/vms/copied1; sed -i 's/^owner alpha/moved_from alpha 2\\nowner alpha/' provision"
    )
    far.hivectl("provision", "copied1", says=None)
    far.sh("cd /usr/local/etc/hivewright/vms/copied1; sed -i 's/^moved_from alpha 2/moved_from alpha 4/' provision")
    says = "copied1: disk data: it lived on alpha since zroot/vms/copied1/data was made here. If that is what it had"
    far.hivectl("provision", "copied1", status=1, says=says)
    far.hivectl("provision", "--adopt", "copied1", says=None)


@scenario(net=True)
def an_owner_that_answers_is_not_lost(play: Play, far: Play, link: Link) -> None:
    """Whoever runs the guest and is there does not lose it by mistake; one that is off, or cannot be asked, does."""
    play.hivectl("start", "mail1")
    says = "mail1: it runs on alpha, which is there; bring it here from there: hivectl migrate mail1 beta"
    far.hivectl("start", "--take-over", "alpha", "mail1", status=1, says=says)
    far.never("mv", "bhyve")
    play.has("guest mail1")
    play.hivectl("stop", "mail1")
    far.hivectl("start", "--take-over", "alpha", "mail1")
    far.has("guest mail1")
    link.down = True
    far.hivectl("stop", "mail1")
    play.hivectl("start", "--take-over", "beta", "mail1")
    play.has("guest mail1")


@scenario(net=True)
def two_places_say_who_owns_it(play: Play, far: Play, link: Link) -> None:
    """Whoever is killed between the two leaves a guest that no host starts, and one command ends it."""

    def owners() -> list[str]:
        return sorted(
            path.name for place in ("vms", "more") for path in play.host.path(f"/net/{place}/two1").glob("o*")
        )

    play.hivectl("start", "two1")
    play.hivectl("stop", "two1")
    assert owners() == ["owner=alpha"] * 2
    link.down = True
    for place, value, found in (
        ("more", "beta", "it lives on alpha"),
        ("more", "alpha>beta", "alpha hands it over to beta"),
        ("more", "alpha>gamma", "alpha hands it over to gamma"),
        ("vms", "alpha>gamma", "it lives on alpha"),
    ):
        play.sh(f"mv /net/{place}/two1/owner=alpha '/net/{place}/two1/owner={value}'")
        far.hivectl("start", "two1", status=1, says=f"two1: {found}. To bring it here, on alpha: hivectl")
        play.hivectl("start", "two1", status=1, says=None)
        play.never("bhyve")
        far.hivectl("start", "two1", "--take-over", "gamma", status=1, says="not gamma")
        far.hivectl("start", "two1", "--take-over", "alpha")
        assert owners() == ["owner=beta"] * 2
        far.has("guest two1")
        far.hivectl("stop", "two1")
        play.hivectl("start", "two1", "--take-over", "beta")
        play.hivectl("stop", "two1")
        assert owners() == ["owner=alpha"] * 2


@scenario()
def one_without_disks_asks_the_others(play: Play, far: Play, link: Link) -> None:
    """Nothing that it has says who owns it, and two of it would have one address."""
    play.hivectl("start", "bare1")
    link.down = True
    play.hivectl("stop", "bare1")
    far.hivectl("start", "--take-over", "alpha", "bare1")
    link.down = False
    says = "bare1: beta took it over while this host seemed lost. To bring it here, there: hivectl migrate bare1 alpha"
    play.hivectl("start", "bare1", status=1, says=says)
    play.never("bhyve")
    far.has("guest bare1")
    play.hivectl("start", "bare1", status=1, says="bare1: it lives on beta")
