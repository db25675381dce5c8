"""devd(8) on a stand-in host: an event as the kernel words it, and the action of the statement that wins.

A line is what /dev/devctl has (devctl(4)): ``!system=ZFS subsystem=ZFS type=…``, ``+ppt0 at … on pci2``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from .play import Play
from .standin.devd import tokens

CONF = "/usr/local/etc/devd/hivewright.conf"
KINDS = {"!": "notify", "+": "attach", "-": "detach", "?": "nomatch"}
VARIABLE = re.compile(r"\$([A-Za-z_*-][A-Za-z0-9_-]*)")
VALUES = re.compile(r'([A-Za-z0-9_-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))').finditer
"""chop_var() in sbin/devd/devd.cc: quotes are taken off a value, and a backslash before a quote with them."""


class Statement(NamedTuple):
    """A statement of devd.conf(5); ``device-name`` counts as a match of its name."""

    kind: str
    priority: int
    matches: tuple[tuple[str, str], ...]
    action: str


def statements(text: str) -> list[Statement]:
    """Those of a file that devd(8) can parse."""
    found: list[Statement] = []
    words = [word for _, word, _ in tokens(text)]
    while words:
        kind, priority, _ = words[0], int(words[1]), words.pop(2)
        del words[:2]
        matches: list[tuple[str, str]] = []
        action = ""
        while words[0] != "}":
            end = words.index(";")
            name, *values = [word.strip('"') for word in words[:end]]
            del words[: end + 1]
            if name == "action":
                (action,) = values
            else:
                matches.append((values[0], values[1]) if name == "match" else (name, values[0]))
        del words[:2]
        found.append(Statement(kind, priority, tuple(matches), action))
    return found


def variables(line: str) -> dict[str, str]:
    """The variables of an event (devd.cc, process_event and set_vars)."""
    device, _, rest = line[1:].partition(" at ") if line[0] in "+-" else ("", "", line[1:])
    found = {"*": line}
    found |= {each[1]: each[3] if each[2] is None else each[2].replace('\\"', '"') for each in VALUES(rest)}
    if device:
        found["device-name"] = device
    return found


def fits(pattern: str, value: str) -> bool:
    """A regular expression that is anchored at both ends, and negated by a ``!`` (devd.conf(5))."""
    negated = pattern.startswith("!")
    return (re.fullmatch(pattern.removeprefix("!"), value) is not None) != negated


def action_for(text: str, line: str) -> str:
    """What the shell is given, of all that match by the statement with the highest priority; empty when none does."""
    found = variables(line)
    fitting = [
        each
        for each in statements(text)
        if each.kind == KINDS[line[0]] and all(fits(pattern, found.get(name, "")) for name, pattern in each.matches)
    ]
    if not fitting:
        return ""
    best = max(fitting, key=lambda each: each.priority)
    return VARIABLE.sub(lambda match: "'" + found.get(match[1], "").replace("'", "'\\''") + "'", best.action)


def event(play: Play, line: str, *, ran: bool = True) -> None:
    """The kernel tells an event, and what it sets off comes to its end; ``ran`` is whether a statement of ours wins."""
    action = action_for(Path(play.host.path(CONF)).read_text(encoding="utf-8"), line)
    assert bool(action) == ran, f"{line}: {action or 'no statement fits'}"
    if ran:
        play.do("/bin/sh", "-c", action)
        play.host.advance(30)
        play.take()
