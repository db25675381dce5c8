"""Scenarios of guests that are not named one by one: by tags, patterns and --all."""

from __future__ import annotations

import json

from host.play import Play
from host.scenario import scenario


@scenario()
def words_select(play: Play) -> None:
    """A tag starts its guests in their order, a pattern stops some, and what nothing is called is refused."""
    play.hivectl("start", "@prod", "web1", status=None)
    assert play.names("guest") == ["shop1", "web1"]
    states = json.loads(play.hivectl("status", "--json", "web*", "@prod").out)
    assert [(each["name"], each["tags"]) for each in states] == [("web1", ["web", "prod"]), ("shop1", ["prod"])]
    play.tells("@web", "web1 is running since", "started", "comes after db1", "wave")
    play.hivectl("log", "@prod", status=1, says=['"@prod" names several guests, and one is needed: web1 shop1'])
    play.hivectl("pause", "@data", status=1)
    play.hivectl("stop", "*1")
    play.nothing_left()
    for word, fault in {
        "@wbe": 'no VM of this host has the tag "wbe"; there are: data web prod',
        "@": 'no VM of this host has the tag ""',
        "x*": 'no VM of this host is called "x*"; there are:',
        "--all-of-them": 'there is no VM "--all-of-them" on this host; there are:',
    }.items():
        for verb in ("start", "stop", "status", "restart", "suspend", "console"):
            if (verb, word) == ("status", "--all-of-them"):
                assert play.hivectl(verb, word, status=2).err.startswith("usage: hivectl status ")
                continue
            play.hivectl(verb, word, status=1, says=[fault])
    assert play.names("guest") == []
