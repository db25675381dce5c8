"""bhyveload(8) and grub-bhyve: arguments read strictly, files opened, the guest loaded into a context."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from .options import UsageError, options
from .reply import Later, Reply, Result, fail
from .world import World


def bhyveload(world: World, words: list[str]) -> Result:
    """``bhyveload -c DEVICE -m SIZE -d DISK ... NAME``: makes the context itself and copes with an old one."""
    given, names = options(words, "CSc:d:e:h:l:m:")
    if len(names) != 1 or "m" not in given:
        raise UsageError("[-C][-S][-c <console-device>] [-d <disk-path>] [-e <name=value>] ... vmname")
    disks = [words[index + 1] for index, word in enumerate(words[:-1]) if word == "-d"]
    variables = [words[index + 1] for index, word in enumerate(words[:-1]) if word == "-e"]
    if any("=" not in variable for variable in variables):
        raise UsageError("-e needs name=value")
    for path in [*disks, *(given[letter] for letter in "hl" if letter in given)]:
        if not os.path.exists(path):
            return fail(f"Could not open '{path}'")
    return load(world, names[0], given.get("c", "stdio"))


def grub(world: World, words: list[str]) -> Result:
    """``grub-bhyve -m DEVICE.MAP -r ROOT -M SIZE NAME``: wants no context to be there."""
    given, names = options(words, "c:d:eg:M:m:nr:Sv")
    if len(names) != 1 or not {"M", "m", "r"} <= set(given):
        raise UsageError("[OPTION...] vmname")
    if names[0] in world.contexts:
        return fail("vm_create: File exists")
    with open(given["m"], encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    devices = {}
    for line in lines:
        match = re.fullmatch(r"\(((?:hd|cd)[0-9]+)\) (/\S+)", line)
        if match is None or not os.path.exists(match[2]):
            return fail(f"grub-bhyve: cannot use {line!r} of {given['m']}")
        devices[match[1]] = match[2]
    if given["r"] == "host":
        with open(f"{given['d']}/{given.get('g', 'grub.cfg')}", encoding="utf-8") as stream:
            if "menuentry" not in stream.read():
                return fail("error: no menu")
    elif given["r"].partition(",")[0] not in devices:
        return fail(f"error: no such device {given['r']}")
    return load(world, names[0], given.get("c", "stdio"))


def load(world: World, name: str, console: str) -> Result:
    """Open the console, make the context, and be ready after the time that the guest's next run states."""
    if re.fullmatch(r"/dev/nmdm[^/]+A", console):
        for end in "AB":
            world.node(console[len("/dev/") : -1] + end)
    elif console != "stdio" or not world.windows:
        return fail(f"cannot open {console}")
    script = world.behaviours.get(name, [])
    world.contexts.add(name)
    world.node(f"vmm/{name}")
    if script and script[0].unloadable:
        return fail(script.pop(0).unloadable)
    seconds = script[0].loading if script else 1.0

    def register(finish: Callable[[Reply], None]) -> None:
        def loaded() -> None:
            if name in world.contexts:
                world.loaded.add(name)
            finish(Reply())

        world.at(seconds, loaded)

    return Later(register)
