"""devd(8): it reads its files when it starts, and does not start at all when one of them cannot be parsed."""

from __future__ import annotations

import os
import re

from .reply import Reply, UnmodelledError, fail
from .world import World

FOLDERS = ("/etc/devd", "/usr/local/etc/devd")
TOKEN = re.compile(
    r"(?P<skip>[ \t\n]+|#.*|//.*|/\*(?:[^*]|\*+[^*/])*\*+/)|(?P<sign>[;{}])|(?P<number>[0-9]+)"
    r'|(?P<string>"[^"]+")|(?P<word>[A-Za-z][A-Za-z0-9_-]*)'
)
"""sbin/devd/token.l: a string is not empty, and a backslash does not quote."""
EVENTS = ("attach", "detach", "nomatch", "notify")
SHAPES = {"match": "ss", "action": "s", "device-name": "s", "media-type": "s", "class": "s", "subdevice": "s"}
OPTIONS = {"directory": "s", "pid-file": "s", "set": "ws"}


class SyntaxFaultError(Exception):
    """The line at which the parser gives up."""


def tokens(text: str) -> list[tuple[str, str, int]]:
    """Kind, text and line of each token."""
    found: list[tuple[str, str, int]] = []
    place, line = 0, 1
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise SyntaxFaultError(line)
        if match.lastgroup != "skip":
            found.append((str(match.lastgroup), match[0], line))
        line += match[0].count("\n")
        place = match.end()
    return found


def statements(rest: list[tuple[str, str, int]], shapes: dict[str, str], end: int) -> None:
    """``word string …;`` up to the closing brace (sbin/devd/parse.y)."""
    kinds = {"s": "string", "w": "word"}
    while rest and rest[0][1] != "}":
        _, word, line = rest.pop(0)
        if word not in shapes:
            raise SyntaxFaultError(line)
        for kind in [*(kinds[letter] for letter in shapes[word]), "sign"]:
            if not rest or rest[0][0] != kind or (kind == "sign" and rest[0][1] != ";"):
                raise SyntaxFaultError(rest[0][2] if rest else end)
            rest.pop(0)
    for sign in "};":
        if not rest or rest[0][1] != sign:
            raise SyntaxFaultError(rest[0][2] if rest else end)
        rest.pop(0)


def parse(text: str) -> None:
    """Read a file; raises SyntaxFaultError."""
    rest = tokens(text)
    end = text.count("\n") + 1
    while rest:
        _, word, line = rest.pop(0)
        if word != "options" and word not in EVENTS:
            raise SyntaxFaultError(line)
        wanted = ["{"] if word == "options" else ["number", "{"]
        for want in wanted:
            if not rest or want not in rest[0][:2]:
                raise SyntaxFaultError(rest[0][2] if rest else end)
            rest.pop(0)
        statements(rest, OPTIONS if word == "options" else SHAPES, end)


def read_all() -> str:
    """The message about the first file that does not parse; empty when all do."""
    for folder in FOLDERS:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if not name.endswith(".conf"):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            try:
                parse(text)
            except SyntaxFaultError as fault:
                return f"devd: Cannot parse {path} at line {fault}"
    return ""


def devd(world: World, words: list[str]) -> Reply:
    """``service devd start|restart|stop|status``."""
    verb = words[0].removeprefix("one")
    if verb not in ("start", "restart", "stop", "status"):
        raise UnmodelledError(f"service devd {words[0]}")
    if verb == "status":
        return Reply("devd is running as pid 1234.\n") if world.devd else Reply("devd is not running.\n", "", 1)
    if verb == "start" and world.devd:
        return Reply("devd already running?  (pid=1234).\n", "", 1)
    if verb == "stop" and not world.devd:
        return Reply("devd not running? (check /var/run/devd.pid).\n", "", 1)
    out = "Stopping devd.\n" if world.devd and verb in ("stop", "restart") else ""
    world.devd = False
    if verb == "stop":
        return Reply(out)
    wrong = read_all()
    if wrong:
        said = fail(f"{wrong}\n/etc/rc.d/devd: WARNING: failed to start devd")
        return Reply(out + "Starting devd.\n", said.err, 1)
    world.devd = True
    return Reply(out + "Starting devd.\n")
