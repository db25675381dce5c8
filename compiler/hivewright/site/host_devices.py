"""Devices of the host that a VM has for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.model.device_kinds import DEVICES, FUNCTIONS, PASSTHRU

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.values import VirtualFunction

_PASSING = tuple(kind for kind in DEVICES if PASSTHRU in kind.emulations)


def passes_devices(vm: Vm) -> bool:
    """Whether a VM has a device of the host: its memory is wired then, and it stays on its host."""
    return any(kind.emulation(device) == PASSTHRU for kind in _PASSING for _, device in kind.devices(vm))


def passing_keys(vm: Vm) -> tuple[str, ...]:
    """The keys by which a VM has devices of the host."""
    return (
        *(("passthrough",) if vm.passthrough else ()),
        *(f"nic.{name}.vf" for name, nic in sorted(vm.nic.items()) if nic.vf),
    )


def virtual_functions(vm: Vm) -> Iterator[tuple[str, str, VirtualFunction]]:
    """Kind (``nic`` or ``passthrough``), name and virtual function of each device that is one, sorted."""
    for kind in FUNCTIONS:
        for name, device in kind.devices(vm):
            if device.vf is not None:
                yield kind.key, name, device.vf
