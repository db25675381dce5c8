"""valectl(8) and ngctl(8), and what bhyve opens in their switches."""

from __future__ import annotations

import re

from .options import options
from .reply import Reply, Result, UnmodelledError, fail
from .world import World

PORT = re.compile(r"(vale[0-9A-Za-z_]*):([0-9A-Za-z_]+)")
LONGEST = 15


def valectl(world: World, words: list[str]) -> Result:
    """valectl(8): attach (-a, -h) and detach (-d) an interface, or look for a port (-l); all of them without words."""
    given, _ = options(words, "a:h:d:l:")
    for letter in "ahdl":
        match = PORT.fullmatch(given.get(letter, ""))
        if match is None:
            continue
        switch, name = match.groups()
        ports = world.vale.get(switch, set())
        verb = {"d": "detach", "l": "list"}.get(letter, "attach")
        if letter in "dl" and name not in ports:
            return fail(f"failed to {verb} {match[0]}: No such file or directory")
        if letter == "l":
            return Reply("bridge_idx: 0\nport_idx: 0\n")
        if name in ports and name not in world.interfaces:
            return fail(f"failed to {verb} {match[0]}: Device busy")
        if name not in world.interfaces:
            return fail(f"failed to {verb} {match[0]}: Device not configured")
        if letter == "d":
            leave(world, switch, name)
        elif any(name in others for others in world.vale.values()):
            return fail(f"failed to {verb} {match[0]}: Device busy")
        elif not world.interfaces[name].up:
            return fail(f"failed to {verb} {match[0]}: Input/output error")
        else:
            world.vale.setdefault(switch, set()).add(name)
        return Reply()
    lines = [
        f"{switch}:{port} bridge_idx 0 port_idx 0\n" for switch in world.vale for port in sorted(world.vale[switch])
    ]
    return Reply("".join(lines), "", 1)


def leave(world: World, switch: str, port: str) -> None:
    """A switch goes with its last port."""
    world.vale[switch].discard(port)
    if not world.vale[switch]:
        del world.vale[switch]


def open_vale(world: World, name: str) -> str:
    """bhyve opens a port; the message when it cannot."""
    match = PORT.fullmatch(name)
    if match is None or len(name) > LONGEST or match[2] in world.interfaces:
        return f"open of netmap device {name} failed: Invalid argument"
    if match[2] in world.vale.get(match[1], ()):
        return f"open of netmap device {name} failed: Device busy"
    world.vale.setdefault(match[1], set()).add(match[2])
    return ""


def open_netgraph(world: World, guest: str, conf: str) -> str:
    """bhyve connects its socket to a hook of a node; the message when it cannot."""
    keys = dict(part.partition("=")[::2] for part in conf.split(","))
    node, hook = keys.get("path", "").removesuffix(":"), keys.get("peerhook", "")
    if node not in world.nodes:
        return "Cannot connect hook: No such file or directory"
    if not re.fullmatch(r"link(0|[1-9][0-9]*)", hook) or hook in world.nodes[node]:
        return "Cannot connect hook: File exists"
    if not re.fullmatch(r"[^.:]{1,31}", keys.get("socket", "")):
        return "Cannot name the socket"
    world.nodes[node][hook] = guest
    return ""


def close(world: World, guest: str, ports: list[str]) -> None:
    """bhyve has ended: its ports and hooks are gone."""
    for port in ports:
        switch, _, name = port.partition(":")
        leave(world, switch, name)
    for hooks in world.nodes.values():
        for hook in [hook for hook, peer in hooks.items() if peer == guest]:
            del hooks[hook]
    vanish(world)


def vanish(world: World) -> None:
    """A bridge without hooks goes, unless it was told to stay."""
    for node in [node for node, hooks in world.nodes.items() if not hooks and node not in world.persistent]:
        del world.nodes[node]


def ngctl(world: World, words: list[str]) -> Result:
    """ngctl(8): info, msg, shutdown, and a file of commands by -f."""
    if words[:1] == ["-f"] and len(words) == 2:
        made: list[str] = []
        with open(words[1], encoding="ascii") as stream:
            lines = [line.split() for line in stream]
        for number, line in enumerate(lines, 1):
            error = command(world, line, made)
            if error:
                vanish(world)
                return fail(f"ngctl: {error}\nngctl: line {number}: error in file", 71)
        vanish(world)
        return Reply()
    error = command(world, words, [])
    vanish(world)
    return fail(f"ngctl: {error}", 71) if error else Reply()


def command(world: World, words: list[str], made: list[str]) -> str:
    """One command; ``made`` is the node that hangs on ngctl's own hook."""
    verb, path = words[0], words[1] if len(words) > 1 else ""
    if verb not in ("mkpeer", "name", "connect", "msg", "shutdown", "info"):
        raise UnmodelledError(f"ngctl {verb}")
    if verb == "mkpeer" and words[1:4] != [".", "bridge", "made"]:
        raise UnmodelledError(f"ngctl {' '.join(words)}")
    node = path.removesuffix(":")
    if verb == "mkpeer" and words[1:4] == [".", "bridge", "made"]:
        made.append("")
        return "" if "ng_bridge" in world.modules else "send msg: No such file or directory"
    if verb == "name" and path == ".:made" and made:
        if words[2] in world.nodes:
            return "send msg: Address already in use"
        world.nodes[words[2]] = {}
        return ""
    ether = world.interfaces.get(node) if "ng_ether" in world.modules else None
    if verb == "connect" and ether is not None and words[2].removesuffix(":") in world.nodes:
        hooks = world.nodes[words[2].removesuffix(":")]
        if words[4] in hooks:
            return "send msg: File exists"
        hooks[words[4]] = f"{node}:{words[3]}"
        return ""
    if verb == "msg" and ether is not None and words[2] in ("setpromisc", "setautosrc"):
        return ""
    if node not in world.nodes:
        return "send msg: No such file or directory"
    if verb == "shutdown":
        del world.nodes[node]
        world.persistent.discard(node)
    if words[2:] == ["setpersistent"]:
        world.persistent.add(node)
    return "" if verb in ("shutdown", "info") or words[2:] == ["setpersistent"] else "send msg: Invalid argument"
