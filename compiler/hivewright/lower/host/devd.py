"""Rules for devd(8): a context, an uplink, a passthrough device or a pool comes or goes, or a limit is reached.

Of all statements that match an event devd runs only the one with the highest priority (devd.conf(5)), so ours either
match what no other matches, or also do what the statement of the system would have done. devd has no escape for a
double quote, quotes the variables in an action by itself, and waits for the action to end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.model.host import BHYVE
from hivewright.model.network_kinds import NETWORKS
from hivewright.plan import DevdRule, NetworkPlan, VmPlan

HIVECTL = "/usr/local/sbin/hivectl"
DETACHED = ">/dev/null 2>&1 &"
PRIORITY = 100
_VOLUMES = "/dev/zvol/"

_NOT_UPLINKS = "!(tap|br-|bridge|vnet|vmnet|epair|vale|lo|pflog|pfsync|enc|usbus|wlan).*"
"""Interfaces that are no uplink. The system's own rule for new interfaces leaves out usbus and wlan, too."""


def uplinks_of(networks: Iterable[NetworkPlan]) -> set[str]:
    """The uplinks whose networks are made again when the uplink comes back."""
    return {each for network in networks if NETWORKS[network.kind].takes_uplink for each in network.uplinks}


def pools_of(plans: Iterable[VmPlan]) -> set[str]:
    """The pools that have volumes of guests."""
    paths = [disk.path for plan in plans for disk in plan.disks]
    return {path.removeprefix(_VOLUMES).partition("/")[0] for path in paths if path.startswith(_VOLUMES)}


def tells_limits(plans: Iterable[VmPlan]) -> bool:
    """Whether a guest has a limit of rctl(8) that is told when it is reached."""
    words = [step.words for plan in plans for step in plan.prepare if step.verb == "limit"]
    return any(each[0] == "rctl" and ":devctl=" in each[1] for each in words)


def lower_devd(
    vms: Iterable[str],
    uplinks: Iterable[str],
    has_passthrough: bool,
    pools: Iterable[str] = (),
    has_limits: bool = False,
    program: str = BHYVE,
) -> Iterator[DevdRule]:
    """The rules of a host: its VMs, the uplinks of its bridges (``auto`` among them or not), whether it uses ppt(4),
    the pools of its guests, whether one of these has a limit that is told, and the program that runs them."""
    names = "|".join(sorted(vms))
    if names:
        yield _context_rule(names, "CREATE", "context-created", "the vmm(4) context of a guest was made")
        yield _context_rule(names, "DESTROY", "context-destroyed", "the vmm(4) context of a guest is gone")
    named = sorted(set(uplinks) - {"auto"})
    if named:
        pattern = "|".join(name.replace(".", "[.]") for name in named)
        yield _uplink_rule(f"({pattern})", PRIORITY + 10, "an uplink of a bridge came back")
    if "auto" in uplinks:
        yield _uplink_rule(_NOT_UPLINKS, PRIORITY, "an interface arrived that may carry the default route")
    if has_passthrough:
        action = f"{HIVECTL} event passthrough $device-name {DETACHED}"
        reason = "a device for guests was attached to ppt(4)"
        yield DevdRule("attach", PRIORITY, (("device-name", "ppt[0-9]+"),), action, reason)
        # pci_child_location_method() in sys/dev/pci/pci.c tells dbsf, as in pci0:2:0:0.
        action = f"{HIVECTL} event passthrough-gone $dbsf {DETACHED}"
        yield DevdRule("detach", PRIORITY, (("device-name", "ppt[0-9]+"),), action, "ppt(4) lost a device for guests")
    yield from _pool_rules(sorted(pools))
    if names:
        yield _core_rule(program)
    if has_limits:
        matches = (("system", "RCTL"), ("subsystem", "rule"), ("type", "matched"))
        action = f"{HIVECTL} event limit $pid $rule {DETACHED}"
        yield DevdRule("notify", PRIORITY, matches, action, "a process reached a limit of rctl(8)")


def _core_rule(program: str) -> DevdRule:
    """coredump() in sys/kern/kern_sig.c tells the path of the program; releases after 15.0 tell its pid as well."""
    matches = (
        ("system", "kernel"),
        ("subsystem", "signal"),
        ("type", "coredump"),
        ("comm", program.replace(".", "[.]")),
    )
    action = f"{HIVECTL} event core $core $pid {DETACHED}"
    return DevdRule("notify", PRIORITY, matches, action, "a bhyve dumped core")


def _pool_rules(pools: Iterable[str]) -> Iterator[DevdRule]:
    """Events of ZFS have the class of the event for a type (sysevent_worker() in spl_sysevent.c)."""
    names = "|".join(pool.replace(".", "[.]") for pool in pools)
    if not names:
        return
    matches = (("system", "ZFS"), ("type", "sysevent[.]fs[.]zfs[.]pool_import"), ("pool", f"({names})"))
    action = f"{HIVECTL} event pool-arrived $pool {DETACHED}"
    yield DevdRule("notify", PRIORITY, matches, action, "a pool of guests was imported")
    matches = (("system", "ZFS"), ("type", "ereport[.]fs[.]zfs[.]io_failure"), ("pool", f"({names})"))
    # As the rule of zfs.conf does over which this one takes precedence: tell syslogd.
    told = "/usr/bin/logger -p local7.alert -t ZFS catastrophic pool I/O failure, zpool=$pool"
    action = f"{told}; {HIVECTL} event pool-suspended $pool {DETACHED}"
    yield DevdRule("notify", PRIORITY, matches, action, "a pool of guests does no I/O any more")


def _context_rule(names: str, kind: str, event: str, reason: str) -> DevdRule:
    matches = (("system", "DEVFS"), ("subsystem", "CDEV"), ("type", kind), ("cdev", f"vmm/({names})"))
    action = f"{HIVECTL} event {event} $cdev {DETACHED}"
    return DevdRule("notify", PRIORITY, matches, action, reason)


def _uplink_rule(pattern: str, priority: int, reason: str) -> DevdRule:
    matches = (("system", "IFNET"), ("subsystem", pattern), ("type", "ATTACH"))
    # As the rule does over which this one takes precedence: configure the new interface.
    action = f"/etc/pccard_ether $subsystem start; {HIVECTL} event uplink $subsystem {DETACHED}"
    return DevdRule("notify", priority, matches, action, reason)
