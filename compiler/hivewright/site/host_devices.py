"""Devices of the host that a VM has for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.values import VirtualFunction


def passes_devices(vm: Vm) -> bool:
    """Whether a VM has a device of the host: its memory is wired then, and it stays on its host."""
    return bool(vm.passthrough) or any(nic.vf is not None for nic in vm.nic.values())


def virtual_functions(vm: Vm) -> Iterator[tuple[str, str, VirtualFunction]]:
    """Kind (``nic`` or ``passthrough``), name and virtual function of each device that is one, sorted."""
    for name, nic in sorted(vm.nic.items()):
        if nic.vf is not None:
            yield "nic", name, nic.vf
    for name, passed in sorted(vm.passthrough.items()):
        if passed.vf is not None:
            yield "passthrough", name, passed.vf
