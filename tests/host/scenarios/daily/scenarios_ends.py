"""Scenarios of what is kept of guests that ended: records of crashes, and what preserve and rename-restart keep."""

from __future__ import annotations

from host.play import Play
from host.scenario import scenario

CRASHES = "/var/db/hivewright/{}/crashes"


def records(play: Play, name: str) -> list[str]:
    """The records of a guest."""
    return sorted(path.name for path in play.host.path(CRASHES.format(name)).iterdir())


@scenario()
def crash_is_recorded(play: Play) -> None:
    """When, why, with which words and definition, and what it said last; status tells where that stands."""
    play.guest("db1", {"end": "triple", "after": 40}, {})
    play.up("db1")
    play.wait(60)
    text = play.host.path(CRASHES.format("db1") + "/1").read_text().splitlines()
    assert text[0].startswith("time 100000")
    assert text[1:3] == ["status 3", "reason the guest took a triple fault"]
    assert text[4].startswith("pid ")
    assert text[5] == "core none"
    assert "word -m" in text
    assert text[-1] == "end"
    assert any("running bhyve" in line for line in text)
    said = f"the guest took a triple fault; see {CRASHES.format('db1')}/1\n"
    assert f"    last crash at 2001-09-09T01:47:20+0000: {said}" in play.hivectl("status", "db1").out


@scenario()
def core_file_is_told(play: Play) -> None:
    """bhyve aborted, and left a core file where the host has them."""
    play.sh("sysctl kern.corefile=/var/crash/%N.%U.core; mkdir /var/crash; echo x >/var/crash/bhyve.0.core")
    play.guest("db1", {"end": "abort", "after": 40}, {})
    play.up("db1")
    play.wait(60)
    assert "/crashes/1 and /var/crash/bhyve.0.core\n" in play.hivectl("status", "db1").out


@scenario()
def a_crash_with_many_words(play: Play) -> None:
    """A list has as much of them as a line takes, and so has what monitoring gets; the record has them all."""
    words = "the device is " + "very " * 100 + "busy"
    play.guest("web1", {"refuse": words})
    play.hivectl("start", "web1", status=None)
    play.wait(5)
    note = "bhyve failed (status 4): the device is very"
    (row,) = [line for line in play.hivectl("list", "web1").out.splitlines() if line.startswith("web1 ")]
    assert note in row
    assert row.endswith("very ...")
    assert len(row) <= 64 + 120
    line = play.hivectl("status", "--check", "web1", status=2).out
    assert line.startswith(f"CRITICAL: web1 is preserved: {note}")
    assert len(line) <= 200
    assert note + " very" * 30 in play.hivectl("status", "web1", status=1).out
    assert words in play.host.path(CRASHES.format("web1") + "/1").read_text()


@scenario()
def records_are_rotated(play: Play) -> None:
    """The last ten stay, with their numbers."""
    play.guest("db1", *[{"end": "triple", "after": 900}] * 12, {})
    play.up("db1")
    play.wait(12 * 910)
    assert records(play, "db1") == sorted(str(number) for number in range(3, 13))


@scenario()
def preserved_until_released(play: Play) -> None:
    """Context and taps stay; neither start nor stop takes them away."""
    play.guest("web1", {"end": "triple", "after": 40})
    play.up("web1")
    play.wait(60)
    assert play.status("web1") == "preserved"
    kept = play.state("context", "interface tap")
    assert len(kept) == 3
    refused = "web1: it is preserved as it ended, to be looked at; hivectl release web1 lets go of it"
    play.hivectl("start", "web1", status=1, says=["web1: note: it comes after db1", refused])
    play.hivectl("stop", "web1", says="web1: does not run, and is preserved as it ended")
    play.hivectl("restart", "web1", status=1)
    assert play.state("context", "interface tap") == kept
    play.hivectl("release", "-n", "web1", says="web1: its context would be destroyed")
    assert play.state("context", "interface tap") == kept
    play.hivectl("release", "web1", says="web1: nothing of it is kept any more")
    play.nothing_left()
    play.hivectl("release", "web1", says="web1: nothing of it is kept")
    play.up("web1")


@scenario()
def evidence_of_a_renamed_crash(play: Play) -> None:
    """It stays beyond any number of later ones, until it is released."""
    play.guest("web2", {"end": "error", "after": 400}, *[{"end": "error", "after": 900}] * 11, {})
    play.up("web2")
    play.wait(12 * 910)
    assert len(records(play, "web2")) == 12
    assert all(name.endswith(".kept") for name in records(play, "web2"))
    play.hivectl("release", "--all", says=["db1: nothing", "gpu1: nothing", "web1: nothing", "web2: nothing of it"])
    assert records(play, "web2") == []
    assert play.names("guest") == ["web2"]
