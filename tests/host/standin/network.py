"""ifconfig(8) and route(8), as seen on FreeBSD 14: order of words, half-done failures, blocking destroys."""

from __future__ import annotations

import os

from .members import add_member, add_span, can_have, delete_member, delete_span, set_edge, set_private
from .reply import Later, Reply, Result, fail
from .things import Interface
from .world import World

LONGEST = 15
MADE = {"tap": "if_tuntap", "bridge": "if_bridge", "vlan": "if_vlan", "vxlan": "if_vxlan"}
"""Kinds of interfaces that ifconfig makes, and the module that it loads for each."""
DETAILS = ("vlan", "vlandev", "vxlanid", "vxlanlocal", "vxlanremote", "vxlangroup", "vxlandev")


def ifconfig(world: World, words: list[str]) -> Result:
    """ifconfig(8): show, create, change and destroy interfaces."""
    if not words or words == ["-a"]:
        return Reply("".join(show(world, each) for each in world.interfaces.values()))
    if words[0] == "-l":
        return Reply(" ".join(each.name for each in world.interfaces.values() if each.up or "-u" not in words) + "\n")
    if words[0] == "-g" and len(words) == 2:
        return Reply("".join(f"{each.name}\n" for each in world.interfaces.values() if words[1] in each.groups))
    if words[0].startswith("-"):
        return fail("ifconfig: usage")
    if words[1:2] == ["create"]:
        return create(world, words[0], words[2:])
    interface = world.interfaces.get(words[0])
    if interface is None:
        return fail(f"ifconfig: interface {words[0]} does not exist")
    if len(words) == 1:
        return Reply(show(world, interface))
    if words[1] == "destroy":
        return destroy(world, interface)
    error = change(world, interface, words[1:])
    return fail(error) if error else Reply()


def show(world: World, interface: Interface) -> str:
    """What ifconfig prints about an interface."""
    flags = "UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST" if interface.up else "BROADCAST,SIMPLEX,MULTICAST"
    lines = [f"{interface.name}: flags=8843<{flags}> metric 0 mtu {interface.mtu}"]
    if interface.description:
        lines.append(f"\tdescription: {interface.description}")
    lines.append("\toptions=80000<LINKSTATE>")
    lines.extend(f"\t{address}" for address in interface.addresses)
    for vhid, state in sorted(interface.carp.items()):  # carp_status() in sbin/ifconfig/ifcarp.c
        lines.append(f"\tcarp: {state} vhid {vhid} advbase 1 advskew 0")
        if world.release >= (14, 0):
            lines.append("\t      peer 224.0.0.18 peer6 ff02::12")
    for member in interface.members:
        extra = ",PRIVATE" if member in interface.private else ""
        lines.append(f"\tmember: {member} flags=143<LEARNING,DISCOVER,AUTOEDGE,AUTOPTP{extra}>")
    # bridge_ioctl_gifs() in sys/net/if_bridge.c tells span ports behind the members.
    lines.extend(f"\tmember: {port} flags=8<SPAN>" for port in interface.span)
    lines.append("\tgroups: " + " ".join([interface.kind, *interface.groups]))
    if interface.kind == "vlan":
        number, parent = interface.details.get("vlan", "0"), interface.details.get("vlandev", "<none>")
        lines.append(f"\tvlan: {number} vlanproto: 802.1q vlanpcp: 0 parent interface: {parent}")
        lines.append("\tstatus: " + ("active" if has_carrier(world, interface) else "no carrier"))
    if interface.holder:
        lines.append(f"\tOpened by PID {interface.holder}")
    return "\n".join(lines) + "\n"


def create(world: World, kind: str, words: list[str]) -> Result:
    """``ifconfig KIND create …``: prints the name; a word that fails leaves what was made before it."""
    base = kind.rstrip("0123456789")
    if base not in MADE:
        return fail(f"ifconfig: SIOCIFCREATE2 ({kind}): Invalid argument")
    name = kind
    if base == kind:
        units = {each.unit for each in world.interfaces.values()}
        name = next(f"{base}{number}" for number in range(10000) if f"{base}{number}" not in units)
    if name in world.interfaces:
        return fail(f"ifconfig: create: bad value, interface {name} already exists")
    world.modules.add(MADE[base])
    interface = Interface(name, base, name)
    world.interfaces[name] = interface
    if base == "tap":
        world.node(name, own=True)
    error = change(world, interface, words)
    return Reply(interface.name + "\n", error + "\n" if error else "", 1 if error else 0)


def destroy(world: World, interface: Interface) -> Result:
    """Destroy an interface; one that bhyve holds is gone only after bhyve."""
    if interface.kind not in MADE:
        return fail("ifconfig: SIOCIFDESTROY: Invalid argument")
    if interface.holder:

        def register(resume: object) -> None:
            assert callable(resume)
            world.waiting.setdefault(interface.name, []).append(lambda: resume(remove(world, interface)))

        return Later(register, block=True)
    return remove(world, interface)


def remove(world: World, interface: Interface) -> Reply:
    """Take an interface out of the host; a second destroyer of the same finds nothing."""
    if world.interfaces.get(interface.name) is not interface:
        return fail("ifconfig: SIOCIFDESTROY: Device not configured")
    del world.interfaces[interface.name]
    for bridge in world.interfaces.values():
        if interface.name in bridge.members:
            bridge.members.remove(interface.name)
            bridge.private.discard(interface.name)
            bridge.vlans.pop(interface.name, None)
        if interface.name in bridge.span:
            bridge.span.remove(interface.name)
    world.routes = {host: through for host, through in world.routes.items() if through != interface.name}
    if interface.kind == "tap":
        drop_alias(interface)
        world.unnode(interface.unit)
    return Reply()


def change(world: World, interface: Interface, words: list[str]) -> str:
    """Apply the words in order up to the first that fails; returns its message."""
    rest = list(words)
    while rest:
        verb = rest.pop(0)
        if verb in ("up", "down"):
            interface.up = verb == "up"
        elif verb in ("inet", "inet6") and rest:
            error = add_address(interface, verb, rest.pop(0), rest)
            if error:
                return "ifconfig: " + error
        elif verb == "link0":
            interface.link0 = True
        elif verb in DETAILS and interface.kind == verb[: len(interface.kind)] and rest:
            interface.details[verb] = rest.pop(0)
            error = attach(world, interface) if verb == "vlandev" else ""
            if error:
                return "ifconfig: " + error
        elif verb == "vlanfilter" and interface.kind == "bridge" and world.release >= (15, 0):
            interface.filters = True
        elif verb in ("ifuntagged", "iftagged") and len(rest) > 1 and world.release >= (15, 0):
            member = rest.pop(0)
            if member not in interface.members:
                return f"ifconfig: unable to get bridge flags: {member}: No such file or directory"
            # Each replaces what was said of that before; "+iftagged" would add.
            others = [each for each in interface.vlans.get(member, []) if not each.startswith(f"{verb[2:]} ")]
            interface.vlans[member] = [*others, f"{verb[2:]} {rest.pop(0)}"]
        elif verb in CHANGES and rest:
            error = CHANGES[verb](world, interface, rest.pop(0))
            if error:
                return "ifconfig: " + error
        else:
            return f"ifconfig: {verb}: bad value"
    return ""


def attach(world: World, vlan: Interface) -> str:
    """A VLAN gets a parent, and its MTU."""
    parent = world.interfaces.get(vlan.details["vlandev"])
    if parent is None:
        del vlan.details["vlandev"]
        return "SIOCSETVLAN: No such file or directory"
    vlan.mtu = parent.mtu
    return ""


def add_address(interface: Interface, family: str, text: str, rest: list[str]) -> str:
    """``inet ADDRESS/LENGTH [alias]``; printed as ifconfig prints it."""
    address, _, length = text.partition("/")
    if rest[:1] == ["alias"]:
        rest.pop(0)
    if not length.isdigit():
        return f"{text}: bad value (the sandbox wants a prefix length)"
    mask = (0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF if family == "inet" else 0
    shown = f"inet {address} netmask {mask:#010x}" if family == "inet" else f"inet6 {address} prefixlen {length}"
    if shown in interface.addresses:
        return "ioctl (SIOCAIFADDR): File exists"
    interface.addresses.append(shown)
    return ""


def rename(world: World, interface: Interface, name: str) -> str:
    """``name X``."""
    if len(name) > LONGEST:
        return f"ioctl SIOCSIFNAME (set name): {name}: File name too long"
    if name == interface.name:
        return ""
    if name in world.interfaces:
        return "ioctl SIOCSIFNAME (set name): File exists"
    former = interface.name
    if interface.kind == "tap":
        drop_alias(interface)
    del world.interfaces[interface.name]
    interface.name = name
    world.interfaces[name] = interface
    for bridge in world.interfaces.values():
        bridge.members = [name if each == former else each for each in bridge.members]
    if interface.kind == "tap" and not os.path.lexists(f"/dev/{name}"):
        os.symlink(interface.unit, f"/dev/{name}")
    return ""


def drop_alias(interface: Interface) -> None:
    """Remove the link by which a renamed tap is found; a device of that name that was there before is none."""
    path = f"/dev/{interface.name}"
    if interface.name != interface.unit and os.path.islink(path) and os.readlink(path) == interface.unit:
        os.unlink(path)


def set_description(_: World, interface: Interface, text: str) -> str:
    """``description TEXT``."""
    interface.description = text
    return ""


def add_group(_: World, interface: Interface, group: str) -> str:
    """``group NAME``: at most 15 characters, not ending in a digit (ifconfig(8))."""
    if group[-1:].isdigit():
        return "setifgroup: group names may not end in a digit"
    if len(group) > LONGEST:
        return "setifgroup: group name too long"
    interface.groups.append(group)
    return ""


def set_mtu(world: World, interface: Interface, text: str) -> str:
    """``mtu N``: a bridge changes its members with it, or nothing when one of them cannot; a member cannot alone."""
    if not text.isdigit():
        return f"{text}: bad value"
    size = int(text)
    if any(interface.name in bridge.members for bridge in world.interfaces.values()):
        return "ioctl SIOCSIFMTU (set mtu): Operation not supported"
    members = [world.interfaces[name] for name in interface.members]
    if not (576 if interface.kind == "bridge" else 72) <= size <= 65535 or not all(
        can_have(world, each, size) for each in [*members, interface]
    ):
        return "ioctl SIOCSIFMTU (set mtu): Invalid argument"
    for each in [*members, interface]:
        each.mtu = size
    return ""


def has_carrier(world: World, interface: Interface) -> bool:
    """A VLAN has that of its parent, which is none while that is down."""
    parent = world.interfaces.get(interface.details.get("vlandev", ""))
    return interface.kind != "vlan" or (parent is not None and parent.up)


def eaten(world: World) -> list[str]:
    """VLANs whose frames never arrive: their parent is itself a member of a bridge, which takes them (up to 14.x)."""
    lines = [
        f"bridge {bridge.name} eats the frames of {vlan.name}"
        for vlan in world.interfaces.values()
        for bridge in world.interfaces.values()
        if vlan.kind == "vlan" and vlan.details.get("vlandev", "") in bridge.members and world.release < (15, 0)
    ]
    return sorted(lines)


CHANGES = {
    "name": rename,
    "description": set_description,
    "descr": set_description,
    "group": add_group,
    "mtu": set_mtu,
    "addm": add_member,
    "deletem": delete_member,
    "private": set_private,
    "edge": set_edge,
    "span": add_span,
    "-span": delete_span,
}


def route(world: World, words: list[str]) -> Result:
    """route(8): ``route [-n] get [-inet] default`` and ``route -n add -host ADDRESS -interface IF``."""
    if words[:3] == ["-n", "add", "-host"] and words[4:5] == ["-interface"] and len(words) == 6:
        if words[5] not in world.interfaces:
            return fail(f"route: bad address: {words[5]}")
        if words[3] in world.routes:
            return fail(f"add host {words[3]}: gateway {words[5]} fib 0: route already in table")
        world.routes[words[3]] = words[5]
        return Reply(f"add host {words[3]}: gateway {words[5]} fib 0\n")
    if [word for word in words if word not in ("-n", "-4", "-6", "-inet", "-inet6")] != ["get", "default"]:
        return fail("route: usage", 64)
    if world.default_route is None or {"-6", "-inet6"} & set(words):
        return fail("route: route has not been found")
    fields = ["   route to: default", "destination: default", "       mask: default", "    gateway: 192.0.2.1"]
    fields += ["        fib: 0", f"  interface: {world.default_route}", "      flags: <UP,GATEWAY,DONE,STATIC>"]
    return Reply("\n".join(fields) + "\n recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire\n")
