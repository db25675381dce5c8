"""Switches of the machine and fw_cfg files: what excludes each other."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.bhyve.options import slots_of
from hivewright.diagnostics import Diagnostic
from hivewright.model.machine import IGNITION
from hivewright.rules.devices.pci_slots import given_slots
from hivewright.rules.site_index import SiteIndex, clash, clashes, diagnose, ordered


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
        if site.medium(vm) == "ignition":
            first_boot = next((owner for file, owner in claims if file == IGNITION), None)
            if first_boot is not None:
                yield diagnose(
                    "VM065",
                    f"the fw_cfg file {first_boot[2]} of {name} and its first-boot data are both named {IGNITION}",
                    site.place("vm", *first_boot),
                    "delete it and name its file of the site as cloud_init.user_data, or delete cloud_init",
                    [site.place("vm", name, "cloud_init", part="table")],
                )
        for file, first, second in clashes(claims):
            yield clash(
                site,
                "VM065",
                f"the fw_cfg files {first[2]} and {second[2]} of {name} are both named {file}",
                (first, second),
                "give each a name of its own",
            )
