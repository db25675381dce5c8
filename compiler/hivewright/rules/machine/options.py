"""Switches of the machine, SMBIOS strings and fw_cfg files: what releases offer, and what excludes each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.options import slots_of
from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.devices.pci_slots import given_slots
from hivewright.rules.site_index import SiteIndex, clash, clashes, diagnose, ordered

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_AMD64_SWITCHES = {
    "strict_io": True,
    "acpi": False,
    "x2apic": True,
    "mptable": True,
    "yield_on_halt": False,
    "yield_on_pause": False,
}
"""Switches of the machine that only amd64 has, and the value that has an effect there."""


def machine_on_arm64(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve on arm64 has neither these options nor these tables (bhyve(8), SYNOPSIS)."""
    site = index.site
    for host, definition in site.hosts.items():
        if definition.arch != "arm64":
            continue
        for name, vm in index.guests[host].items():
            for path, what in _amd64_only(vm):
                yield diagnose(
                    "VM030",
                    f"{name} has {what}, which bhyve on arm64 ({host}) does not offer",
                    site.place("vm", name, *path, part="value" if path[0] == "machine" else "table"),
                    "delete it, or choose an amd64 host",
                    [site.place("host", host, "arch")],
                )


def _amd64_only(vm: Vm) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, asking in _AMD64_SWITCHES.items():
        value = getattr(vm.machine, key)
        if value is asking:
            yield ("machine", key), f"{key} = {'true' if asking else 'false'}"
    if vm.smbios is not None:
        yield ("smbios",), "strings for SMBIOS"
    for key, _ in ordered(vm.fwcfg):
        yield ("fwcfg", key), f"the fw_cfg file {key}"


def machine_since(index: SiteIndex) -> Iterator[Diagnostic]:
    """SMBIOS strings and files of fw_cfg came with 14.0 (bhyve(8), -f; bhyve_config(5))."""
    site = index.site
    for host, definition in site.hosts.items():
        if index.releases[host] >= (14, 0):
            continue
        for name, vm in index.guests[host].items():
            asked: list[tuple[Place, str]] = []
            if vm.smbios is not None:
                asked.append((site.place("vm", name, "smbios", part="table"), "strings for SMBIOS"))
            for key, _ in ordered(vm.fwcfg):
                asked.append((site.place("vm", name, "fwcfg", key, part="table"), f"the fw_cfg file {key}"))
            for place, what in asked:
                yield diagnose(
                    "VM060",
                    f"{name} has {what}, which bhyve of FreeBSD {definition.freebsd} on {host} does not have",
                    place,
                    "delete it, or bring the host to FreeBSD 14.0 or later",
                    [site.place("host", host, "freebsd")],
                )


def acpi_always(index: SiteIndex) -> Iterator[Diagnostic]:
    """From 15.0 bhyve always makes ACPI tables (bhyve(8), -A)."""
    site = index.site
    for name, vm in index.using("machine"):
        if vm.machine.acpi:
            continue
        for host in index.hosts_of[name]:
            if site.hosts[host].arch == "amd64" and index.releases[host] >= (15, 0):
                yield diagnose(
                    "VM061",
                    f"{name} shall have no ACPI, but bhyve of FreeBSD {site.hosts[host].freebsd} on {host} always has",
                    site.place("vm", name, "machine", "acpi"),
                    "delete acpi, or choose a host with FreeBSD 13 or 14",
                    [site.place("host", host, "freebsd")],
                )
                break


def mp_table(index: SiteIndex) -> Iterator[Diagnostic]:
    """The MP table describes devices of bus 0 only."""
    site = index.site
    asking = [(name, vm) for name, vm in index.using("machine") if vm.machine.mptable]
    slots = given_slots(index) if asking else {}
    for name, vm in asking:
        places = [site.place("vm", *owner) for (bus, _, _), owner in slots.get(name, []) if bus]
        places += [
            site.place("vm", name, "extra_args", position) for (bus, _, _), position in slots_of(vm.extra_args) if bus
        ]
        if places:
            yield diagnose(
                "VM062",
                f"{name} asks for an MP table, which cannot describe its devices beyond bus 0",
                site.place("vm", name, "machine", "mptable"),
                "delete mptable, or put all devices on bus 0",
                places,
            )


def kept_and_destroyed(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("machine"):
        if vm.machine.destroy_on_poweroff and vm.on_poweroff == "preserve":
            yield diagnose(
                "VM063",
                f"{name} shall be preserved after a power-off and destroyed by bhyve",
                site.place("vm", name, "machine", "destroy_on_poweroff"),
                'delete destroy_on_poweroff, or write on_poweroff = "destroy"',
                [site.place("vm", name, "on_poweroff")],
            )


def firmware_file_content(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("fwcfg"):
        for key, entry in ordered(vm.fwcfg):
            if (entry.string is None) == (entry.file is None):
                has = "neither string nor file" if entry.string is None else "both string and file"
                yield diagnose(
                    "VM064",
                    f"the fw_cfg file {key} of {name} has {has}",
                    site.place("vm", name, "fwcfg", key, part="table"),
                    'write string = "…" for a text, or file = "/…" for a file of the host',
                )


def same_firmware_file(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("fwcfg"):
        claims = [(entry.name, (name, "fwcfg", key, "name")) for key, entry in ordered(vm.fwcfg)]
        for file, first, second in clashes(claims):
            yield clash(
                site,
                "VM065",
                f"the fw_cfg files {first[2]} and {second[2]} of {name} are both named {file}",
                (first, second),
                "give each a name of its own",
            )
