"""Scenarios of guests that are installed: the medium is there once, and comes and goes as hivectl iso says."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

ISOS = [f"/srv/iso/{name}.iso" for name in ("install", "drivers", "bsd", "base", "rescue")]
MEDIUM = ",ahci-cd,/srv/iso/install.iso,ro"
BASE = ",ahci-cd,/srv/iso/base.iso,ro"
BSD = ",ahci-cd,/srv/iso/bsd.iso,ro"


def words(play: Play, vm: str) -> str:
    """With what bhyve was run last."""
    return play.host.path(f"/var/run/hivewright/{vm}/words").read_text()


def media(play: Play, *isos: str) -> None:
    for iso in isos or ISOS:
        play.host.path(iso).parent.mkdir(parents=True, exist_ok=True)
        play.host.path(iso).write_text("a medium")


def drives(play: Play, vm: str) -> dict[str, str]:
    rows = [line.split() for line in play.hivectl("iso", "list", vm).out.splitlines()[1:]]
    return {row[1]: row[2] for row in rows}


@scenario()
def installed_once(play: Play) -> None:
    """The first run has the medium and a screen that waits; when the guest reboots, its disk boots without it."""
    media(play)
    assert drives(play, "win1") == {"drivers": "inserted", "install": "installs"}
    play.guest("win1", {"end": "reboot", "after": 100}, {})
    play.hivectl("start", "win1")
    assert MEDIUM in words(play, "win1")
    assert ",fbuf," in words(play, "win1")
    assert ",wait\n" in words(play, "win1")
    assert "drive install: it is being installed from that" in play.hivectl("status", "win1").out
    play.wait(110)
    assert MEDIUM not in words(play, "win1")
    assert ",ahci-cd,/srv/iso/drivers.iso,ro" in words(play, "win1")
    assert ",wait\n" not in words(play, "win1")
    assert "drive install: ejected" in play.hivectl("status", "win1").out
    assert drives(play, "win1") == {"drivers": "inserted", "install": "ejected"}
    play.down("win1")
    play.sh("rm /srv/iso/install.iso")
    play.hivectl("start", "win1")
    assert MEDIUM not in words(play, "win1")
    play.down("win1")


@scenario()
def a_power_off_ends_it_too_and_a_stop_does_not(play: Play) -> None:
    """A guest that powers itself off is installed; one that is stopped is not yet."""
    media(play)
    play.hivectl("start", "bsd1")
    play.down("bsd1")
    assert drives(play, "bsd1") == {"install": "installs"}
    play.guest("bsd1", {"end": "poweroff", "after": 50}, {})
    play.hivectl("start", "bsd1")
    assert BSD in words(play, "bsd1")
    play.wait(60)
    assert drives(play, "bsd1") == {"install": "ejected"}
    play.hivectl("start", "bsd1")
    assert BSD not in words(play, "bsd1")
    play.down("bsd1")


@scenario(counted=True)
def installed_on_a_full_file_system(play: Play) -> None:
    """Nothing can be written when a guest has been installed: its next start is not another installation."""
    media(play)
    play.guest("bsd1", {"end": "poweroff", "after": 50}, {})
    play.hivectl("start", "bsd1")
    play.host.call("fill_at", write=1, count=0)
    play.wait(60)
    play.host.call("fill_at", write=0)
    assert drives(play, "bsd1") == {"install": "ejected"}
    assert "drive install: ejected" in play.hivectl("status", "bsd1", status=1).out
    play.hivectl("start", "bsd1")
    assert BSD not in words(play, "bsd1")
    play.down("bsd1")
    play.hivectl("iso", "insert", "bsd1", "install")
    play.hivectl("start", "bsd1")
    assert BSD in words(play, "bsd1")
    play.down("bsd1")


@scenario(counted=True)
def one_of_two_media_again_after_a_full_file_system(play: Play) -> None:
    """Nothing could be written when a guest had been installed from two media: whoever inserts one gets that one."""
    media(play)
    play.guest("bsd2", {"end": "poweroff", "after": 50}, {}, {})
    play.hivectl("start", "bsd2")
    assert BASE in words(play, "bsd2")
    assert BSD in words(play, "bsd2")
    play.host.call("fill_at", write=1, count=0)
    play.wait(60)
    play.host.call("fill_at", write=0)
    assert drives(play, "bsd2") == {"base": "ejected", "install": "ejected"}
    play.hivectl("iso", "insert", "bsd2", "install")
    for _ in range(2):
        play.hivectl("start", "bsd2")
        assert drives(play, "bsd2") == {"base": "ejected", "install": "installs"}
        assert BASE not in words(play, "bsd2")
        assert BSD in words(play, "bsd2")
        play.down("bsd2")


@scenario()
def a_crash_leaves_the_medium(play: Play) -> None:
    """A guest that crashed while it was installed boots the medium again."""
    media(play)
    play.guest("bsd1", {"end": "error", "after": 50}, {})
    play.hivectl("start", "bsd1")
    play.wait(60)
    assert drives(play, "bsd1") == {"install": "installs"}
    play.down("bsd1")


@scenario()
def inserted_and_ejected_by_hand(play: Play) -> None:
    """What is said counts from the next start on, and may be taken back."""
    media(play)
    says = "win1: drive drivers has /srv/iso/rescue.iso from its next start on"
    play.hivectl("iso", "insert", "win1", "drivers", "/srv/iso/rescue.iso", says=says)
    play.hivectl("iso", "eject", "win1", "install", says="win1: drive install is empty from its next start on")
    play.hivectl("start", "win1")
    assert ",ahci-cd,/srv/iso/rescue.iso,ro" in words(play, "win1")
    assert MEDIUM not in words(play, "win1")
    play.down("win1")
    play.hivectl("iso", "insert", "win1", "install")
    play.hivectl("iso", "insert", "win1", "drivers")
    play.hivectl("start", "win1")
    assert MEDIUM in words(play, "win1")
    assert ",ahci-cd,/srv/iso/drivers.iso,ro" in words(play, "win1")
    play.down("win1")
    play.sh("rm /srv/iso/rescue.iso")
    for wrong, refusal in (
        (("insert", "win1", "drivers", "/srv/iso/rescue.iso"), "/srv/iso/rescue.iso does not exist or cannot be read"),
        (("insert", "win1", "drivers", "rescue.iso"), "a medium is named by its whole path, not rescue.iso"),
        (("insert", "win1", "drivers", "/srv/a,b"), "bhyve takes no path with a comma"),
        (("eject", "win1", "floppy"), "it has no drive floppy; its drives: drivers install"),
    ):
        assert refusal in play.hivectl("iso", *wrong, status=1).err
    play.hivectl("iso", "eject", "win1", status=2)


@scenario()
def a_debugger_has_the_same_media(play: Play) -> None:
    """Under lldb, too, a drive is empty or has another medium, and a screen waits for who installs."""
    media(play)
    play.hivectl("provision", "win1", says=None)
    play.hivectl("iso", "insert", "win1", "drivers", "/srv/iso/rescue.iso")
    for word, wait in ((MEDIUM, True), ("", False)):
        play.guest("win1", {"end": "poweroff", "after": 50})
        play.hivectl("debug", "win1", says=None)
        said = words(play, "win1")
        assert ",ahci-cd,/srv/iso/rescue.iso,ro" in said
        assert (MEDIUM in said, ",wait\n" in said) == (bool(word), wait), said
        play.hivectl("iso", "eject", "win1", "install")
    play.nothing_left()


@scenario()
def a_medium_that_is_gone(play: Play) -> None:
    """The start fails and says so; ejected, it is not asked for."""
    media(play, "/srv/iso/drivers.iso")
    refusal = "drive install: /srv/iso/install.iso does not exist"
    assert refusal in play.hivectl("start", "win1", status=1).err
    play.nothing_left()
    play.hivectl("iso", "eject", "win1", "install")
    play.hivectl("start", "win1")
    play.down("win1")
