"""How consequences are written, and in which order an operator does what they ask."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from hivewright.impact.consequence import RESTART, Consequence, Finding, Impact, Needs
from hivewright.impact.report import NO_CONSEQUENCE, as_json, as_markdown, as_text
from hivewright.impact.steps import steps


def impact(guest: str, consequence: Consequence, *keys: str, needs: Needs = RESTART, host: str = "alpha") -> Impact:
    return Impact(host, guest, [Finding(consequence, keys, f"why {guest}", needs)])


def keys(each: Impact) -> list[str]:
    return each.keys


QUIET = impact("db1", Consequence.NOTHING, "description", needs=Needs())
MEMORY = impact("web1", Consequence.NEXT_BOOT, "memory")
SMALLER = impact("web2", Consequence.DATA, "disk.root.size", needs=Needs(by_hand=("write size again",)))


def text(impacts: list[Impact], verbose: bool = False) -> str:
    return "\n".join(as_text(impacts, keys, verbose=verbose))


def test_text_has_columns_reasons_for_data_and_steps() -> None:
    assert text([SMALLER, MEMORY, QUIET]) == (
        "CONSEQUENCE  HOST   GUEST  CAUSE\n"
        "data         alpha  web2   disk.root.size\n"
        "    why web2\n"
        "next-boot    alpha  web1   memory\n"
        "\n"
        "On alpha:\n"
        "  1. write size again\n"
        "  2. install the files of alpha\n"
        "  3. hivectl restart web1\n"
        "1 without a consequence differs besides (-v shows)."
    )


def test_text_shows_all_when_it_is_asked_to() -> None:
    shown = text([MEMORY, QUIET], verbose=True)
    assert "nothing      alpha  db1    description\n    why db1\n" in shown


def test_what_has_no_consequence_is_one_line_in_markdown() -> None:
    assert list(as_markdown([QUIET], keys, verbose=False)) == [NO_CONSEQUENCE]
    assert list(as_markdown([], keys, verbose=False)) == [NO_CONSEQUENCE]


def test_markdown_is_a_table_whose_cells_hold_plain_text() -> None:
    lines = list(as_markdown([SMALLER, impact("a|b", Consequence.RELOAD, "x|y <z>")], keys, verbose=False))
    assert lines[:3] == [
        "| consequence | host | guest | cause |",
        "|---|---|---|---|",
        "| **data** | alpha | web2 | disk.root.size; why web2 |",
    ]
    assert lines[3].endswith(r"x\|y \<z\> |")


@pytest.mark.slow
def test_markdown_of_very_many_fits_a_comment() -> None:
    many = [impact(f"web{number}", Consequence.NEXT_BOOT, "memory") for number in range(1000)]
    lines = list(as_markdown(many, keys, verbose=False))
    assert sum(line.startswith("| next-boot") for line in lines) == 50
    assert "950 more are lighter than these, or as light." in lines
    assert sum(map(len, lines)) < 60000
    assert sum(line.startswith("| next-boot") for line in as_markdown(many, keys, verbose=True)) == 1000


def test_json_has_what_programs_ask_for() -> None:
    (found,) = json.loads(as_json([SMALLER], keys))
    assert {name: found[name] for name in ("host", "guest", "consequence", "keys", "steps")} == {
        "host": "alpha",
        "guest": "web2",
        "consequence": "data",
        "keys": ["disk.root.size"],
        "steps": ["write size again", "install the files of alpha"],
    }
    assert json.loads(as_json([], keys)) == []


def of(*needs: tuple[str, Needs]) -> list[str]:
    return steps(Impact("alpha", guest, [Finding(Consequence.DATA, (), "", each)]) for guest, each in needs)


def test_what_the_host_must_still_know_comes_before_its_files() -> None:
    assert of(
        ("", Needs(networks_up=True, by_hand=("ifconfig br-lan destroy",), reload=("service devd restart",))),
        ("db1", Needs(off=True, restart=True)),
        ("new1", Needs(start=True, provision=True)),
        ("web1", Needs(restart=True)),
        ("web2", Needs(restart=True, provision=True)),
    ) == [
        "hivectl stop db1",
        "ifconfig br-lan destroy",
        "install the files of alpha",
        "service devd restart",
        "hivectl network up",
        "hivectl stop web2",
        "hivectl provision new1",
        "hivectl provision web2",
        "hivectl start db1 new1 web2",
        "hivectl restart web1",
    ]


def test_a_reboot_does_all_that_comes_after_it() -> None:
    needs: Iterable[tuple[str, Needs]] = [("", Needs(reboot=True, reload=("service devd restart",))), ("web1", RESTART)]
    assert of(*needs) == ["install the files of alpha", "shutdown -r now"]


def test_when_all_networks_go_all_guests_are_off() -> None:
    assert of(("", Needs(networks_down=True, networks_up=True)), ("web1", Needs(off=True, restart=True))) == [
        "hivectl stop",
        "hivectl network down",
        "install the files of alpha",
        "hivectl network up",
        "hivectl start",
    ]


def test_a_host_that_loses_a_guest_comes_first() -> None:
    gone = impact("web1", Consequence.DATA, needs=Needs(off=True), host="beta")
    gone.is_gone = True
    lines = text([impact("web1", Consequence.DATA, needs=Needs(start=True)), gone]).splitlines()
    assert [line for line in lines if line.startswith("On")] == ["On beta:", "On alpha:"]
