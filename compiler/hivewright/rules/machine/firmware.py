"""Firmware of guests: kinds by architecture, and what a loader of the host needs."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.firmware import LOADERS, boot_device
from hivewright.rules.site_index import SiteIndex, diagnose

_USED = {
    "uefi": ("rom", "variables", "variables_template"),
    "uefi-csm": ("rom",),
    "rom": ("rom", "variables", "variables_template"),
    "uboot": ("rom", "variables", "variables_template"),
    "bhyveload": ("boot", "bhyveload"),
    "grub": ("boot", "grub"),
    "loader": ("loader",),
}
"""Kind -> the keys of firmware that have an effect with it; another rule says that U-Boot has no variables."""

_KEYS = ("rom", "variables", "variables_template", "boot", "bhyveload", "grub", "loader")


def own_rom(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("firmware"):
        if vm.firmware.kind == "rom" and vm.firmware.rom is None:
            yield diagnose(
                "VM066",
                f"{name} starts with a ROM of its own, but none is named",
                site.place("vm", name, "firmware", "kind"),
                'name it, as in rom = "/srv/firmware/guest.fd", or choose another kind',
            )
        if vm.firmware.kind == "loader" and vm.firmware.loader is None:
            yield diagnose(
                "VM066",
                f"{name} is loaded by a program of its own, but none is named",
                site.place("vm", name, "firmware", "kind"),
                'name it, as in loader = { program = "/usr/local/sbin/load" }, or choose another kind',
            )


def without_use(index: SiteIndex) -> Iterator[Diagnostic]:
    """Keys without effect for the kind of firmware; a warning, because a weaker layer may have set them."""
    site = index.site
    for name, vm in index.using("firmware"):
        kind = vm.firmware.kind
        used, given = _USED[kind or "uefi"], vm.firmware.model_fields_set
        for key in _KEYS:
            if key in used or key not in given or not getattr(vm.firmware, key):
                continue
            if not site.trace(name, ("firmware", key)).file:
                continue
            yield diagnose(
                "VM067",
                f"{name} sets firmware.{key}, which has no meaning with the firmware {kind or 'uefi'}",
                site.place("vm", name, "firmware", key, part="table" if key in LOADERS else "value"),
                f'write kind = "{key}", or delete it' if key in LOADERS else "delete it, or choose another kind",
                [site.place("vm", name, "firmware", "kind")] if kind is not None else [],
                "warning",
            )


def never_installed(index: SiteIndex) -> Iterator[Diagnostic]:
    """Commands for the medium of an installer, of a guest that has a drive and is not installed from it."""
    for name, vm in index.using("firmware"):
        grub = vm.firmware.grub
        if grub is None or not grub.install_commands or vm.install is not None or vm.firmware.kind != "grub":
            continue
        if vm.cd and index.site.trace(name, ("firmware", "grub", "install_commands")).file:
            yield diagnose(
                "VM067",
                f"{name} sets firmware.grub.install_commands, which has no meaning without install",
                index.site.place("vm", name, "firmware", "grub", "install_commands"),
                'name the drive of its installer, as in install = { cd = "install" }, or delete it',
                severity="warning",
            )


def loader_needs(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyveload and grub read a disk of the guest and use its first serial port; a framebuffer needs a ROM."""
    site = index.site
    for name, vm in index.using("firmware"):
        kind = vm.firmware.kind
        if kind not in LOADERS:
            continue
        place = site.place("vm", name, "firmware", "kind")
        if vm.vnc is not None:
            yield diagnose(
                "VM068",
                f"{name} has a VNC framebuffer, which only a boot ROM can use, and is loaded by {kind}",
                site.place("vm", name, "vnc", part="table"),
                'delete vnc and use the serial console (hivectl console), or write kind = "uefi"',
                [place],
            )
        if kind == "loader":
            continue
        shared = kind == "bhyveload" and vm.firmware.bhyveload is not None and vm.firmware.bhyveload.host_directory
        if shared and not vm.disk and not vm.cd and vm.firmware.boot is None:
            pass  # it loads what is in that directory
        elif boot_device(vm.firmware, dict(vm.disk), dict(vm.cd)) is None:
            wanted, key = (
                ("none is root", "kind") if vm.firmware.boot is None else (f"none is {vm.firmware.boot}", "boot")
            )
            if vm.firmware.boot is not None and vm.firmware.boot in vm.disk:
                wanted = f"a disk and a drive are both called {vm.firmware.boot}"
            yield diagnose(
                "VM069",
                f"{kind} does not know which disk of {name} to load it from: {wanted}",
                site.place("vm", name, "firmware", key),
                "name a disk or drive of the VM: firmware.boot",
            )
        if "com1" not in vm.serial or vm.serial["com1"].kind == "tcp":
            yield diagnose(
                "VM070",
                f"{kind} talks to the serial port com1 by nmdm(4) or tmux(1), which {name} does not have",
                place,
                "add [vm.NAME.serial.com1]".replace("NAME", name),
                [site.place("vm", name, "serial", part="table")],
            )
