"""tmux(1) with one window for each server, and stty(1) for its terminal."""

from __future__ import annotations

import contextlib
import os

from .paths import RefusedError, make_socket
from .reply import Reply, Result, fail
from .world import World

MAKE = "start-server ; set-option -g history-limit 10000 ; unbind-key -a -T prefix ; bind-key C-b send-prefix"
NEW = ["new-session", "-d", "-s"]


def tmux(world: World, words: list[str]) -> Result:
    """``tmux -S SOCKET [-f /dev/null] COMMAND [; COMMAND ...]``."""
    if words[:1] != ["-S"] or len(words) < 3:
        return fail("usage: tmux [-S socket-path] [command [flags]]")
    socket, rest = words[1], words[2:]
    window = world.windows.get(socket)
    if rest[0] == "kill-server" and window:
        world.unnode(world.windows.pop(socket))
        return Reply()
    if rest == ["list-panes", "-F", "#{pane_tty}"] and window:
        return Reply(f"/dev/{window}\n")
    if rest[:2] == ["pipe-pane", "-t"] and window and len(rest) == 4:
        return Reply()
    if rest[0] == "attach-session" and window:
        return Reply("[detached]\n")
    if rest[0] in ("kill-server", "list-panes", "attach-session", "pipe-pane"):
        return fail(f"no server running on {socket}")
    if rest[:2] != ["-f", "/dev/null"] or not " ".join(rest[2:]).startswith(MAKE):
        return fail(f"unknown command: {rest[0]}")
    return new_session(world, socket, rest[rest.index(NEW[0]) :])


def new_session(world: World, socket: str, words: list[str]) -> Result:
    """A window whose terminal is printed; the socket stays when the server ends."""
    if words[:3] != NEW or words[4:7] != ["-P", "-F", "#{pane_tty}"] or words[7:8] != ["/bin/sleep"]:
        return fail("usage: new-session [-d] [-s session-name] [shell-command]")
    if socket in world.windows:
        return fail(f"duplicate session: {words[3]}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket)
    try:
        make_socket(socket)
    except RefusedError as refused:
        return fail(f"error creating {socket} ({refused})")
    world.windows[socket] = f"pts/{len(world.windows)}"
    world.node(world.windows[socket])
    return Reply(f"/dev/{world.windows[socket]}\n")


def stty(_: World, words: list[str]) -> Result:
    """stty(1): ``stty raw -echo``."""
    return Reply() if words == ["raw", "-echo"] else fail("usage: stty [-a | -e | -g] [-f file] [arguments]")
