"""swtpm(8) as a daemon that ends with its connection, and the pkill(1) that ends it before."""

from __future__ import annotations

import contextlib
import os
import re
import signal

from .options import options
from .processes import PROC, alive, read
from .reply import Reply, Result, UnmodelledError, fail
from .world import World

FLAGS = ("--tpm2", "--terminate", "--daemon")
VALUES = ("--tpmstate", "--server", "--flags", "--pid")


def swtpm(world: World, words: list[str]) -> Result:
    """``swtpm socket --tpm2 --daemon …``: the socket and the pid file are there when it returns."""
    given: dict[str, str] = {}
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word not in FLAGS + VALUES or (word in VALUES and not rest):
            return fail(f"swtpm: unrecognized option '{word}'")
        given[word] = rest.pop(0) if word in VALUES else ""
    if words[:1] != ["socket"] or len(given) != len(FLAGS + VALUES):
        return fail("Usage: swtpm socket [options]")
    state = dict(part.partition("=")[::2] for part in given["--tpmstate"].split(","))
    server = dict(part.partition("=")[::2] for part in given["--server"].split(","))
    if not os.path.isdir(state["dir"]):
        return fail(f"swtpm: Could not open lockfile: {state['dir']}")
    if os.path.exists(server["path"]):
        return fail(f"swtpm: Could not open UnixIO socket: {server['path']}")
    for path in (server["path"], given["--pid"].removeprefix("file=")):
        try:
            world.spend(path)
        except OSError as error:
            return fail(f"swtpm: Could not open {path}: {error.strerror}")
        with open(path, "w", encoding="ascii") as stream:
            stream.write("4711")
    return Reply()


def connect(world: World, backend: str) -> tuple[str, str]:
    """What bhyve opens for ``-l tpm``: the socket of a swtpm, empty for the host's TPM, and what is wrong."""
    kind, path, version = backend.split(",")
    if version != "version=2.0" or kind not in ("passthru", "swtpm") or (kind == "swtpm" and world.release < (15, 0)):
        return "", f"tpm: invalid configuration {backend}"
    if not os.path.exists(path):
        return "", f"tpm: cannot open {path}"
    return (path if kind == "swtpm" else ""), ""


def terminate(socket: str) -> None:
    """The connection is closed: it removes its socket and its pid file."""
    for path in (socket, socket.removesuffix("sock") + "pid"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def pkill(_world: World, words: list[str]) -> Result:
    """``pkill -F PIDFILE -x swtpm``, and ``pkill -KILL -F PIDFILE -fx PATTERN``, both with ``-u 0 -j none``, which all
    processes here are; a stale file gives status 3."""
    kill = words[:1] == ["-KILL"]
    given, patterns = options(words[kill:], "F:fxu:j:")
    if len(patterns) != 1 or given.get("u") != "0" or given.get("j") != "none" or not {"F", "x"} <= set(given):
        raise UnmodelledError("anything but the two forms that end swtpm and a debugger")
    if kill and "f" in given:
        pid = pid_of(given["F"])
        if not isinstance(pid, int):
            return pid
        line = read(f"{PROC}/{pid}/cmdline").replace("\0", " ").strip()
        if not re.search(patterns[0] + "$", line):
            return Reply("", "", 1)
        os.kill(pid, signal.SIGKILL)
        return Reply()
    if patterns != ["swtpm"] or kill or "f" in given:
        raise UnmodelledError("anything but the two forms that end swtpm and a debugger")
    if not os.path.exists(given["F"]):
        return fail(f"pkill: Cannot open pidfile `{given['F']}': No such file or directory", 3)
    os.unlink(given["F"])
    return Reply()


def pid_of(path: str) -> int | Reply:
    """The living process that a pid file names, or what pkill says about the file (takepid() in pkill.c)."""
    try:
        with open(path, encoding="ascii") as stream:
            text = stream.read()
    except OSError as error:
        return fail(f"pkill: Cannot open pidfile `{path}': {error.strerror}", 3)
    if not text.strip().isdigit():
        return fail(f"pkill: Invalid pid in file `{path}'" if text.strip() else f"pkill: Pidfile `{path}' is empty", 3)
    if not alive(int(text)):
        return fail("pkill: Cannot get process list (No such process)", 3)
    return int(text)
