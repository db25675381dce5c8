"""Members and span ports of bridges, as if_bridge(4) of FreeBSD 14 has them."""

from __future__ import annotations

from .things import Interface
from .world import World


def can_have(world: World, interface: Interface, size: int) -> bool:
    """Whether an interface takes an MTU: a VLAN has no larger one than its parent, and none without a parent."""
    if interface.kind != "vlan":
        return True
    parent = world.interfaces.get(interface.details.get("vlandev", ""))
    return parent is not None and size <= parent.mtu


def add_member(world: World, bridge: Interface, name: str) -> str:
    """``addm IF``: the first member gives the bridge its MTU, any other takes the bridge's."""
    member = world.interfaces.get(name)
    if member is None:
        return f"BRDGADD {name}: No such file or directory"
    if name in bridge.members:
        return f"BRDGADD {name}: File exists"
    if name in bridge.span or any(name in other.members for other in world.interfaces.values()):
        return f"BRDGADD {name}: Device busy"
    if member.kind == "lo":
        return f"BRDGADD {name}: Invalid argument"
    if member.addresses and world.release >= (15, 0) and world.sysctl["net.link.bridge.member_ifaddrs"] == "0":
        return f"BRDGADD {name}: Invalid argument"
    if not bridge.members:
        bridge.mtu = member.mtu
    elif member.mtu != bridge.mtu and not can_have(world, member, bridge.mtu):
        return f"BRDGADD {name}: Invalid argument"
    member.mtu = bridge.mtu
    bridge.members.append(name)
    return ""


def delete_member(_: World, bridge: Interface, name: str) -> str:
    """``deletem IF``."""
    if name not in bridge.members:
        return f"BRDGDEL {name}: No such file or directory"
    bridge.members.remove(name)
    bridge.private.discard(name)
    return ""


def set_private(_: World, bridge: Interface, name: str) -> str:
    """``private IF``."""
    if name not in bridge.members:
        return f"unable to get bridge flags: {name}: No such file or directory"
    bridge.private.add(name)
    return ""


def add_span(world: World, bridge: Interface, name: str) -> str:
    """``span IF``."""
    if name not in world.interfaces:
        return f"BRDGADDS {name}: No such file or directory"
    if name in bridge.span or any(name in other.members for other in world.interfaces.values()):
        return f"BRDGADDS {name}: Device busy"
    bridge.span.append(name)
    return ""


def delete_span(_: World, bridge: Interface, name: str) -> str:
    """``-span IF``."""
    if name not in bridge.span:
        return f"BRDGDELS {name}: No such file or directory"
    bridge.span.remove(name)
    return ""


def set_edge(_: World, bridge: Interface, name: str) -> str:
    """``edge IF``: accepted for members, without effect here."""
    return "" if name in bridge.members else f"unable to get bridge flags: {name}: No such file or directory"
