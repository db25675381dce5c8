"""What the FreeBSD release and the architecture of a host allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.site_index import SiteIndex, diagnose

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.site import Site

FIRST_MINOR = {13: 2, 14: 0, 15: 0}
"""The first supported release of each major version."""

SMALLEST = (640, 480)
LARGEST = (1920, 1200)
LARGEST_15 = (3840, 2160)
"""Resolutions of the framebuffer, before and since FreeBSD 15.0 (bhyve(8), fbuf)."""


def host_release(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for host, definition in site.hosts.items():
        major, minor = index.releases[host]
        if minor < FIRST_MINOR.get(major, 100):
            yield diagnose(
                "HOST001",
                f"{host} has FreeBSD {definition.freebsd}, which hivewright does not know",
                site.place("host", host, "freebsd"),
                "supported are 13.2 and later releases of 13, 14.x and 15.x",
            )
        elif definition.arch == "arm64" and major < 15:
            yield diagnose(
                "HOST002",
                f"{host} is an arm64 host with FreeBSD {definition.freebsd}, where bhyve does not exist",
                site.place("host", host, "freebsd"),
                "bhyve came to arm64 with FreeBSD 15.0; correct freebsd or arch",
                [site.place("host", host, "arch")],
            )


def host_capabilities(index: SiteIndex) -> Iterator[Diagnostic]:
    """Checkpoints are built for amd64 only (src.conf(5), WITH_BHYVE_SNAPSHOT)."""
    site = index.site
    for host, definition in site.hosts.items():
        if definition.arch == "amd64":
            continue
        for position, capability in enumerate(definition.capabilities):
            yield diagnose(
                "HOST009",
                f"{host} cannot have the capability {capability}: it exists on amd64 only",
                site.place("host", host, "capabilities", position),
                "delete it",
                [site.place("host", host, "arch")],
            )


def on_arm64(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve of arm64 has no LPC bridge, no UEFI ROM and few options (bhyve(8), SYNOPSIS)."""
    site = index.site
    for host, definition in site.hosts.items():
        if definition.arch != "arm64":
            continue
        for name, vm in index.guests[host].items():
            for place, what, remedy in _not_on_arm64(site, name, vm):
                yield diagnose(
                    "VM030",
                    f"{name} has {what}, which bhyve on arm64 ({host}) does not offer",
                    place,
                    remedy,
                    [site.place("host", host, "arch")],
                )


def _not_on_arm64(site: Site, name: str, vm: Vm) -> Iterator[tuple[Place, str, str]]:
    if vm.vnc is not None:
        place = site.place("vm", name, "vnc", part="table")
        yield place, "a VNC framebuffer", "delete vnc and use the serial console (hivectl console)"
    for key in sorted(vm.passthrough):
        place = site.place("vm", name, "passthrough", key, part="table")
        yield place, f"the passthrough device {key}", "delete it, or choose an amd64 host"
    for key, nic in sorted(vm.nic.items()):
        if nic.vf is not None:
            place = site.place("vm", name, "nic", key, "vf")
            yield place, f"a virtual function as nic {key}", "connect it to a network, or choose an amd64 host"
    for key in sorted(vm.serial):
        if key != "com1":
            place = site.place("vm", name, "serial", key, part="table")
            yield place, f"the serial port {key}", "keep com1 only, which is the console there"
    if vm.debug is not None and vm.debug.gdb is not None:
        place = site.place("vm", name, "debug", "gdb", part="table")
        yield (
            place,
            "a gdb stub",
            "delete it, or choose an amd64 host; hivectl debug runs bhyve itself under a debugger",
        )
    if vm.machine.hostbridge == "amd":
        place = site.place("vm", name, "machine", "hostbridge")
        yield place, "a host bridge of AMD", 'write hostbridge = "standard" or delete the key'


def firmware_variables(index: SiteIndex) -> Iterator[Diagnostic]:
    """``variables`` is on by default and dropped where it is impossible; an explicit one is then an error."""
    site = index.site
    for host, definition in site.hosts.items():
        if definition.arch == "amd64" and index.releases[host] >= (14, 0):
            continue
        for name, vm in index.guests[host].items():
            key = _variables_asked_for(site, name, vm)
            if key is None:
                continue
            if definition.arch == "arm64":
                why, remedy = f"u-boot of arm64 ({host}) has none", "delete this key"
            else:
                why = f"bhyve of FreeBSD {definition.freebsd} on {host} cannot keep them"
                remedy = "delete this key, or bring the host to FreeBSD 14.0 or later"
            yield diagnose(
                "VM035",
                f"{name} asks for UEFI variables of its own, but {why}",
                site.place("vm", name, "firmware", key),
                remedy,
                [site.place("host", host, "arch" if definition.arch == "arm64" else "freebsd")],
            )


def _variables_asked_for(site: Site, name: str, vm: Vm) -> str | None:
    """The key that explicitly asks for private variables."""
    if vm.firmware.variables and site.trace(name, ("firmware", "variables")).file:
        return "variables"
    return "variables_template" if vm.firmware.variables_template is not None else None


def resolution(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("vnc"):
        if vm.vnc is None:
            continue
        width, _, height = vm.vnc.resolution.partition("x")
        size = (int(width), int(height))
        if _fits(size, LARGEST):
            continue
        for host in index.hosts_of[name] or ("",):
            limit = LARGEST_15 if not host or index.releases[host] >= (15, 0) else LARGEST
            if _fits(size, limit):
                continue
            limits = f"{SMALLEST[0]}x{SMALLEST[1]} to {limit[0]}x{limit[1]}"
            larger = f", or bring {host} to FreeBSD 15.0" if limit == LARGEST and _fits(size, LARGEST_15) else ""
            where = f"FreeBSD {site.hosts[host].freebsd} on {host}" if host else "FreeBSD"
            yield diagnose(
                "VM034",
                f"{name} has the resolution {vm.vnc.resolution}; bhyve of {where} offers {limits}",
                site.place("vm", name, "vnc", "resolution"),
                f"choose one from {limits}{larger}",
                [site.place("host", host, "freebsd")] if host else [],
            )
            break


def _fits(size: tuple[int, int], largest: tuple[int, int]) -> bool:
    return SMALLEST[0] <= size[0] <= largest[0] and SMALLEST[1] <= size[1] <= largest[1]


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
