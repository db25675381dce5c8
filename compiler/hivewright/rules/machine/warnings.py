"""Warnings: settings that bhyve silently accepts and that may not do what was intended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.options import parse_extra_args
from hivewright.diagnostics import Diagnostic
from hivewright.diagnostics.wording import nearest
from hivewright.model.device_kinds import DEVICES
from hivewright.rules.machine.arguments import OWN_VARIABLES
from hivewright.rules.site_index import SiteIndex, diagnose, host_place

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_OF_HOSTS = {kind.key: kind for kind in DEVICES if kind.of_host is not None}
_VARIABLES = frozenset({*OWN_VARIABLES, "acpi_tables_in_memory", "lpc.fwcfg", "x86.verbosemsr"})
"""Configuration variables of bhyve that belong to no device (bhyve_config(5))."""


def stays_behind(index: SiteIndex) -> Iterator[Diagnostic]:
    """Directories and input devices of a host do not move with a guest."""
    site = index.site
    for name, vm in index.using(*_OF_HOSTS):
        if len(vm.hosts) < 2:
            continue
        for path, what in _of_host(vm):
            yield diagnose(
                "VM090",
                f"{name} may move to another host, but has the {what} of the one it is on",
                site.place("vm", name, *path, part="table"),
                f"give {name} one host, delete the table, or see to it that each of its hosts has the same there",
                [host_place(site, name)],
                "warning",
            )


def _of_host(vm: Vm) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a VM has of the host it is on: where it says so, and what it is."""
    for kind in _OF_HOSTS.values():
        for name, device in kind.devices(vm):
            if kind.of_host is not None:
                yield kind.path(name), f"{kind.of_host[0]} {getattr(device, kind.of_host[1])}"


def cpus_unseen(index: SiteIndex) -> Iterator[Diagnostic]:
    """A guest finds its CPUs by ACPI or by the MP table."""
    site = index.site
    for name, vm in index.using("machine"):
        if vm.machine.acpi or vm.machine.mptable is not False or vm.cpus == 1:
            continue
        yield diagnose(
            "VM092",
            f"{name} has {vm.cpus} vCPUs, but neither ACPI nor an MP table to tell the guest of more than one",
            site.place("vm", name, "machine", "mptable"),
            "delete machine.mptable or machine.acpi, or write cpus = 1",
            [site.place("vm", name, "machine", "acpi"), site.place("vm", name, "cpus")],
            "warning",
        )


def misspelt_variables(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve silently ignores variables that it does not know (bhyve_config(5))."""
    for name, vm in index.using("extra_args"):
        try:
            arguments = parse_extra_args(vm.extra_args)
        except ValueError:
            continue
        for argument in arguments:
            variable = argument.value.partition("=")[0]
            if argument.flag != "-o" or variable in _VARIABLES or variable.startswith(("pci.", "vcpu.")):
                continue
            near = nearest(variable, _VARIABLES)
            if near:
                yield diagnose(
                    "VM093",
                    f"extra_args of {name} sets {variable}, which may be misspelt: bhyve ignores what it does not know",
                    index.site.place("vm", name, "extra_args", argument.place),
                    f"did you mean {near}? bhyve_config(5) lists the variables",
                    severity="warning",
                )


def vnc_waits(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("vnc"):
        if vm.vnc is not None and vm.vnc.wait and vm.autostart:
            yield diagnose(
                "VM036",
                f"{name} starts with the host, but will not boot before somebody connects by VNC",
                site.place("vm", name, "vnc", "wait"),
                "delete wait when the installation is done, or write autostart = false",
                [site.place("vm", name, "autostart")],
                "warning",
            )


def stub_waits(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("debug"):
        if vm.debug is not None and vm.debug.gdb is not None and vm.debug.gdb.wait and vm.autostart:
            yield diagnose(
                "VM080",
                f"{name} starts with the host, but will not boot before a debugger is connected to its gdb stub",
                site.place("vm", name, "debug", "gdb", "wait"),
                "delete wait when nothing has to be debugged from the start, or write autostart = false",
                [site.place("vm", name, "autostart")],
                "warning",
            )
