"""Settings of services and of the firewall: sysrc(8), pfctl(8)."""

from __future__ import annotations

import os
import re

from .options import options
from .reply import Reply, Result, UnmodelledError, fail
from .world import World

DEFAULTS = {"rcshutdown_timeout": "90", "dnsmasq_enable": "NO"}
"""Of /etc/defaults/rc.conf."""


def sysrc(_: World, words: list[str]) -> Result:
    """sysrc(8): ``sysrc -n NAME``, of the defaults and /etc/rc.conf."""
    given, names = options(words, "n")
    if "n" not in given or len(names) != 1 or "=" in names[0]:
        raise UnmodelledError("anything but -n with one name")
    with open("/etc/rc.conf", encoding="utf-8") as stream:
        set_there = dict(re.findall(r'^([a-z_]+)="?([^"\n]*)"?$', stream.read(), re.MULTILINE))
    values = DEFAULTS | set_there
    if names[0] not in values:
        return fail(f"sysrc: unknown variable '{names[0]}'")
    return Reply(f"{values[names[0]]}\n")


def pfctl(world: World, words: list[str]) -> Result:
    """pfctl(8): ``pfctl -a ANCHOR -f FILE``; there is nothing to talk to until pf(4) is loaded."""
    given, _ = options(words, "a:f:")
    if set(given) != {"a", "f"}:
        raise UnmodelledError("anything but -a with -f")
    if "pf" not in world.modules:
        return fail("pfctl: /dev/pf: No such file or directory")
    return Reply() if os.path.exists(given["f"]) else fail(f"{given['f']}: No such file or directory")
