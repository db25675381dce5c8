"""cu(1): its lock on the line. Whoever sits at it leaves at once."""

from __future__ import annotations

import os

from .options import UsageError, options
from .processes import alive
from .reply import Reply, Result, fail
from .world import World

LOCKS = "/var/spool/lock"


def cu(_: World, words: list[str]) -> Result:
    """``cu -l DEVICE [-s speed]``: a killed cu leaves its lock, which the next one takes over with a message."""
    try:
        given, rest = options(words, "ehotnd:l:s:a:p:")
    except UsageError:
        return fail("usage: cu [-ehot] [-a acu] [-l line] [-s speed] [phone-number]")
    if rest or "l" not in given:
        return fail("usage: cu [-ehot] [-a acu] [-l line] [-s speed] [phone-number]")
    line = given["l"] if given["l"].startswith("/") else f"/dev/{given['l']}"
    name = os.path.basename(line)
    lock = f"{LOCKS}/LCK..{name}"
    said = ""
    if os.path.exists(lock):
        with open(lock, encoding="ascii") as stream:
            text = stream.read()
        if not text:
            return fail(f"{lock}: Undefined error: 0\nCan't read lock file.\ncu: all ports busy")
        if alive(int(text)):
            return fail("cu: all ports busy")
        said = f"Stale lock on {name} PID={int(text)}... overriding.\n"
        os.unlink(lock)
    if not os.path.lexists(line):
        return Reply("", f"{said}{line}: No such file or directory\ncu: link down\n", 1)
    return Reply("Connected\n\nDisconnected\n" if said else "", said)
