"""Start order within one host: which VMs of the same order wait for each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

Wave = tuple[int, int]
"""Order, and depth within the order. Waves start ascending and stop descending; VMs of one wave do so in parallel."""


def depths(vms: Mapping[str, Vm]) -> dict[str, int]:
    """For each VM of one host, the length of its longest ``after`` chain among VMs of the same order.

    Only names in ``vms`` count. A VM that is part of a cycle, or comes after one, has depth 0: the rules refuse it.
    """
    result = dict.fromkeys(vms, 0)
    waiting = {
        name: predecessors
        for name, vm in vms.items()
        if vm.after and (predecessors := [other for other in vm.after if other in vms and vms[other].order == vm.order])
    }
    if waiting:
        for name in _resolvable(waiting):
            result[name] = 1 + max((result[other] for other in waiting.get(name, ())), default=-1)
    return result


def waves(vms: Mapping[str, Vm]) -> dict[Wave, list[str]]:
    """The VMs of one host by wave, waves ascending and names in the order of ``vms``."""
    depth = depths(vms)
    groups: dict[Wave, list[str]] = {}
    for name, vm in vms.items():
        groups.setdefault((vm.order, depth[name]), []).append(name)
    return dict(sorted(groups.items()))


def cycles(after: Mapping[str, list[str]]) -> list[list[str]]:
    """Cycles of "name comes after names", without common names: ``[["web1", "db1"]]`` is web1, db1, web1.

    Each cycle begins with its first name. Every name that cannot be ordered leads to one of them.
    """
    stuck = set(after)
    stuck.difference_update(_resolvable(after))
    seen: set[str] = set()
    found: list[list[str]] = []
    for start in sorted(stuck):
        trail: dict[str, int] = {}
        name = start
        # A name that cannot be ordered waits for another such name, so following these ends in a cycle.
        while name not in seen:
            seen.add(name)
            trail[name] = len(trail)
            name = min(other for other in after[name] if other in stuck)
        if name in trail:
            circle = list(trail)[trail[name] :]
            smallest = circle.index(min(circle))
            found.append(circle[smallest:] + circle[:smallest])
    return found


def _resolvable(after: Mapping[str, list[str]]) -> list[str]:
    """All names in order, without those that are part of a cycle or come after one.

    graphlib does the same, but at ten times the cost: for 10,000 VMs that is as much as all rules together.
    """
    waiting = {name: len(others) for name, others in after.items()}
    followers: dict[str, list[str]] = {}
    for name, others in after.items():
        for other in others:
            followers.setdefault(other, []).append(name)
    result = [name for name, count in waiting.items() if not count]
    result.extend(name for name in followers if name not in waiting)
    for name in result:  # grows while it is read
        for follower in followers.get(name, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                result.append(follower)
    return result


FORCE_SECONDS = 15
"""What ends a guest that did not stop in time: force-poweroff, SIGKILL, and destroying its context, 5 seconds each."""

HOOK_KILL_SECONDS = 10
"""How long the runtime waits before SIGKILL for a hook, or a suspend, that was told to end."""


SAVE_SECONDS = 60
"""What saving a guest may take beside writing its memory: its devices, snapshots of its disks, and a process to end."""

SAVED_PER_SECOND = 64 << 20
"""Bytes of memory that are written within a second by disks that are slow."""


def saving_seconds(vm: Vm) -> int:
    """Seconds that a VM has to be suspended when its host shuts down, with its checkpoint hooks; then it is stopped.

    The runtime grants no more (``on_host_shutdown=suspend:SECONDS``). 0 where it is stopped at once.
    """
    if vm.on_host_shutdown != "suspend":
        return 0
    hooks = sum(hook.timeout + HOOK_KILL_SECONDS for hook in vm.hooks.checkpoint)
    return hooks + SAVE_SECONDS + -(-vm.memory // SAVED_PER_SECOND)


def prestop_seconds(vm: Vm) -> int:
    """Seconds that the prestop hooks of a VM may take, before its stop_timeout begins: all of them run."""
    return sum(hook.timeout + HOOK_KILL_SECONDS for hook in vm.hooks.prestop)


def poststop_seconds(vm: Vm) -> int:
    """Seconds that the poststop hooks of a VM may take when it is gone: its stop waits for them."""
    return sum(hook.timeout + HOOK_KILL_SECONDS for hook in vm.hooks.poststop)


def clean_seconds(vm: Vm) -> int:
    """Seconds that a VM has before it is stopped by force."""
    return vm.stop_timeout if vm.stop.method != "force" else 0


def stopping_seconds(vm: Vm) -> int:
    """Seconds that stopping a VM may take, and before that, where it is to be suspended, the try to do so."""
    saving = saving_seconds(vm)
    hooks = prestop_seconds(vm) + poststop_seconds(vm)
    return saving + (HOOK_KILL_SECONDS if saving else 0) + clean_seconds(vm) + FORCE_SECONDS + hooks


def stopping_time(vms: Mapping[str, Vm]) -> int:
    """Seconds that stopping all VMs of one host may take: waves stop one after another, the VMs of one side by side."""
    return sum(max(stopping_seconds(vms[name]) for name in names) for names in waves(vms).values())
