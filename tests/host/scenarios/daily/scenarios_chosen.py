"""Scenarios of verbs without names, at a terminal: somebody chooses guests from a list."""

from __future__ import annotations

from host.play import HIVECTL, Play
from host.scenario import scenario

START = "which, by number or name (Return for those that start with the host)? "
ALL = "which, by number or name (Return for all of them)? "
SOME = "which, by number or name? "


def choice(*names: str, running: tuple[str, ...] = ()) -> list[str]:
    """The list that is shown: names with their numbers and states."""
    return [
        f"{number:4}  {name:16} {'running' if name in running else 'stopped'}" for number, name in enumerate(names, 1)
    ]


def everyone(*running: str) -> list[str]:
    """All guests of the host."""
    return choice("db1", "gpu1", "web1", "web2", running=running)


@scenario()
def start_of_chosen_guests(play: Play) -> None:
    """By numbers, names and patterns, each once; Return alone is what the verb does where nobody can be asked."""
    play.hivectl("start", typed="5\n", status=1, says=[*everyone(), f"{START}hivewright: there is no number 5"])
    play.hivectl("start", typed="0\n", status=1)
    play.hivectl("start", typed="nobody1\n", status=1)
    play.hivectl("start", typed="", status=2)
    assert play.names("guest") == []
    made = ["web1: note: it comes after db1", "web1: making the UEFI variables", "web1: started"]
    play.hivectl("start", typed="3\n", says=[*made, *everyone(), START])
    play.hivectl("start", typed="1 w*2 db1\n", says=None)
    assert play.names("guest") == ["db1", "web1", "web2"]
    play.hivectl("stop", "--all")
    outcome = play.hivectl("start", typed="\n")
    assert outcome.err.splitlines() == [*everyone(), START]
    assert play.names("guest") == ["db1", "web1"]


@scenario()
def stop_and_restart_of_chosen_guests(play: Play) -> None:
    """Those that run are offered, also one that is not of the host any more; where there is one or none, nobody is
    asked, and neither is who wants to know what would be done."""
    play.hivectl("stop", typed="", says=[])
    play.up("db1", "web1", "web2")
    offered = choice("web2", "web1", "db1", running=("db1", "web1", "web2"))
    play.hivectl("stop", typed="", status=2)
    play.hivectl("restart", typed="", status=2)
    play.hivectl("stop", "-n", typed="", says=["web2: would be stopped", "web1: would", "db1: would"])
    assert play.names("guest") == ["db1", "web1", "web2"]
    outcome = play.hivectl("restart", typed="2\n")
    assert outcome.err.splitlines() == [*offered, ALL]
    play.order("bhyvectl --destroy --vm=web1", "bhyve ... web1")
    play.sh("sed -i -e '/^vm web2/d' /usr/local/etc/hivewright/host.conf")
    play.hivectl("stop", typed="web2\n")
    assert play.names("guest") == ["db1", "web1"]
    play.hivectl("stop", typed="\n")
    play.nothing_left()


@scenario()
def one_guest_is_chosen(play: Play) -> None:
    """Verbs of one guest ask as well, and take one; without a terminal their words are told."""
    play.up("db1")
    play.hivectl("console", typed="1\n")
    play.ran("cu -l /dev/nmdm-db1.1B")
    play.hivectl("console", typed="1 2\n", status=1)
    play.never("cu")
    play.hivectl("console", typed="\n", status=2)
    for verb in ("console", "vnc", "log", "provision"):
        assert play.hivectl(verb, status=2).err.startswith(f"usage: hivectl {verb} ")


@scenario()
def nobody_answers(play: Play) -> None:
    """Verbs that mean no certain guests without names do nothing without an answer."""
    play.up("db1")
    for verb in ("reset", "poweroff", "nmi", "release", "pause", "resume", "suspend"):
        for typed in ("", "\n"):
            outcome = play.hivectl(verb, typed=typed, status=2)
            usage = f"{SOME}usage: hivectl {verb} [-n] vm ...|--all"
            assert outcome.err.splitlines() == [*everyone("db1"), usage]
        play.never("bhyvectl", "kill")
        assert play.do(HIVECTL, verb, status=2).err.startswith(f"usage: hivectl {verb} [-n] vm ..."), verb
    play.hivectl("pause", typed="db1\n", says=["db1: paused", *everyone("db1"), SOME])


@scenario()
def service_asks_nobody(play: Play) -> None:
    """At boot and by service(8) there is a terminal as well, and nobody who answers."""
    play.sh("echo hivewright_enable=YES >>/etc/rc.conf")
    for verb, running in (("start", ["db1", "web1"]), ("restart", ["db1", "web1"]), ("stop", [])):
        outcome = play.do("service", "hivewright", verb, typed="")
        assert "which" not in outcome.err
        assert play.names("guest") == running
