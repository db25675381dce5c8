"""Rules for devd(8): the context of a guest made or gone, an uplink that comes back, a passthrough device.

Of all statements that match an event devd runs only the one with the highest priority (devd.conf(5)), so ours either
match what no other matches, or also do what the statement of the system would have done. devd has no escape for a
double quote, quotes the variables in an action by itself, and waits for the action to end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.model.network_kinds import NETWORKS
from hivewright.plan import DevdRule, NetworkPlan

_HIVECTL = "/usr/local/sbin/hivectl"
_DETACHED = ">/dev/null 2>&1 &"
_PRIORITY = 100

_NOT_UPLINKS = "!(tap|br-|bridge|vnet|vmnet|epair|vale|lo|pflog|pfsync|enc|usbus|wlan).*"
"""Interfaces that are no uplink. The system's own rule for new interfaces leaves out usbus and wlan, too."""


def uplinks_of(networks: Iterable[NetworkPlan]) -> set[str]:
    """The uplinks whose networks are made again when the uplink comes back."""
    return {network.uplink for network in networks if NETWORKS[network.kind].takes_uplink}


def lower_devd(vms: Iterable[str], uplinks: Iterable[str], has_passthrough: bool) -> Iterator[DevdRule]:
    """The rules of a host: its VMs, the uplinks of its bridges (``auto`` among them or not), whether it uses ppt(4)."""
    names = "|".join(sorted(vms))
    if names:
        yield _context_rule(names, "CREATE", "context-created", "the vmm(4) context of a guest was made")
        yield _context_rule(names, "DESTROY", "context-destroyed", "the vmm(4) context of a guest is gone")
    named = sorted(set(uplinks) - {"auto", "none"})
    if named:
        pattern = "|".join(name.replace(".", "[.]") for name in named)
        yield _uplink_rule(f"({pattern})", _PRIORITY + 10, "an uplink of a bridge came back")
    if "auto" in uplinks:
        yield _uplink_rule(_NOT_UPLINKS, _PRIORITY, "an interface arrived that may carry the default route")
    if has_passthrough:
        action = f"{_HIVECTL} event passthrough $device-name {_DETACHED}"
        reason = "a device for guests was attached to ppt(4)"
        yield DevdRule("attach", _PRIORITY, (("device-name", "ppt[0-9]+"),), action, reason)


def _context_rule(names: str, kind: str, event: str, reason: str) -> DevdRule:
    matches = (("system", "DEVFS"), ("subsystem", "CDEV"), ("type", kind), ("cdev", f"vmm/({names})"))
    action = f"{_HIVECTL} event {event} $cdev {_DETACHED}"
    return DevdRule("notify", _PRIORITY, matches, action, reason)


def _uplink_rule(pattern: str, priority: int, reason: str) -> DevdRule:
    matches = (("system", "IFNET"), ("subsystem", pattern), ("type", "ATTACH"))
    # As the rule does over which this one takes precedence: configure the new interface.
    action = f"/etc/pccard_ether $subsystem start; {_HIVECTL} event uplink $subsystem {_DETACHED}"
    return DevdRule("notify", priority, matches, action, reason)
