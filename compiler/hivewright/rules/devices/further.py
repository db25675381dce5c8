"""Devices besides disks and interfaces: what a release offers, keys that belong together, and clashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose, ordered
from hivewright.site import own_ports

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.site import Site

CHANNELS = 16
"""Ports of one virtio console (bhyve(8))."""

_SINCE = {"socket": (15, 1), "tcp": (15, 0), "input": (14, 0)}
"""The first release whose bhyve has a VNC socket, serial ports on TCP, virtio-input."""

_WHERE = {"nmdm": "nmdm(4)", "tmux": "tmux(1)"}


def release_offers(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("vnc", "serial", "input"):
        for kind, what, place in _younger(site, name, vm):
            since = _SINCE[kind]
            host = next((host for host in index.hosts_of[name] if index.releases[host] < since), None)
            if host is not None:
                yield diagnose(
                    "DEV001",
                    f"{name} has {what}, which bhyve of FreeBSD {site.hosts[host].freebsd} on {host} does not offer",
                    place,
                    f"delete it, or bring the host to FreeBSD {since[0]}.{since[1]}",
                    [site.place("host", host, "freebsd")],
                )


def _younger(site: Site, name: str, vm: Vm) -> Iterator[tuple[str, str, Place]]:
    """What not every supported release offers: its name in ``_SINCE``, a description, where it is written."""
    if vm.vnc is not None and vm.vnc.socket:
        yield "socket", "VNC on a UNIX socket", site.place("vm", name, "vnc", "socket")
    for port, serial in sorted(vm.serial.items()):
        if serial.kind == "tcp":
            yield "tcp", f"{port} on a TCP port", site.place("vm", name, "serial", port, "kind")
    for key in sorted(vm.input):
        yield "input", f"the input device {key}", site.place("vm", name, "input", key, part="table")


def keys_together(index: SiteIndex) -> Iterator[Diagnostic]:
    """Keys that need another one, or that another one makes pointless."""
    for name, vm in index.using("vnc", "serial"):
        here = index.site.place
        if vm.vnc is not None and vm.vnc.socket and vm.vnc.port != "auto":
            yield diagnose(
                "DEV002",
                f"{name} has both a socket and a port for VNC",
                here("vm", name, "vnc", "port"),
                "delete one of the two: bhyve listens in one place",
                [here("vm", name, "vnc", "socket")],
            )
        for port, serial in sorted(vm.serial.items()):
            if serial.kind == "tcp" and serial.port is None:
                yield diagnose(
                    "DEV002",
                    f"{port} of {name} is on TCP and has no port",
                    here("vm", name, "serial", port, "kind"),
                    "add a port that nothing else on the host listens on, for example port = 7001",
                )
            elif serial.kind != "tcp" and serial.port is not None:
                yield diagnose(
                    "DEV002",
                    f"{port} of {name} has a port, but is on {_WHERE[serial.kind]}",
                    here("vm", name, "serial", port, "port"),
                    'write kind = "tcp", or delete port',
                )


def same_serial_port(index: SiteIndex) -> Iterator[Diagnostic]:
    """A port that is taken ends bhyve when it starts; VNC or a gdb stub may have it as well."""
    claims = (
        claim
        for name, vm in index.using("vnc", "serial", "debug")
        for host in index.hosts_of[name]
        for claim in _ports(host, name, vm)
    )
    for (host, port), first, second in clashes(claims):
        if first[1] == second[1] == "vnc":
            continue
        yield clash(
            index.site,
            "DEV003",
            f"{both(first, second)} both listen on port {port} of {host}",
            (first, second),
            "choose another port for one of the two",
        )


def _ports(host: str, name: str, vm: Vm) -> Iterator[tuple[tuple[str, int], Owner]]:
    if vm.vnc is not None and isinstance(vm.vnc.port, int):
        yield (host, vm.vnc.port), (name, "vnc", "port")
    for path, port in own_ports(vm):
        yield (host, port), (name, *path)


def one_terminal(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve has one standard input (bhyve(8), -l)."""
    site = index.site
    for name, vm in index.using("serial"):
        first, *others = sorted(key for key, serial in vm.serial.items() if serial.kind == "tmux") or ["com1"]
        for other in others:
            yield diagnose(
                "VM081",
                f"{first} and {other} of {name} are both on tmux(1), but bhyve has one terminal",
                site.place("vm", name, "serial", other, "kind"),
                'write kind = "nmdm" for one of them',
                [site.place("vm", name, "serial", first, "kind")],
            )


def same_input(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve takes an input device for itself (bhyve(8), virtio-input)."""
    claims = (
        ((host, given.device), (name, "input", key, "device"))
        for name, vm in index.using("input")
        for host in index.hosts_of[name]
        for key, given in ordered(vm.input)
    )
    for (host, device), first, second in clashes(claims):
        yield clash(
            index.site,
            "DEV004",
            f"{both(first, second)} have the same input device {device} of {host}",
            (first, second),
            "give the device to one of them",
        )


def channel_ports(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("channel"):
        if len(vm.channel) > CHANNELS:
            yield diagnose(
                "DEV005",
                f"{name} has {len(vm.channel)} channels; a virtio console has {CHANNELS} ports",
                site.place("vm", name, "channel", part="table"),
                "delete channels that nothing uses",
            )
        first: dict[str, str] = {}
        for key, channel in ordered(vm.channel):
            port = channel.port or key
            other = first.setdefault(port, key)
            if other != key:
                yield diagnose(
                    "DEV005",
                    f"the channels {other} and {key} of {name} are both called {port} in the guest",
                    site.place("vm", name, "channel", key, "port"),
                    "give one of them another port",
                    [site.place("vm", name, "channel", other, part="table")],
                )


def share_tags(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("share"):
        first: dict[str, str] = {}
        for key, share in ordered(vm.share):
            tag = share.tag or key
            other = first.setdefault(tag, key)
            if other != key:
                yield diagnose(
                    "DEV006",
                    f"the shares {other} and {key} of {name} are both called {tag} in the guest",
                    site.place("vm", name, "share", key, "tag"),
                    "give one of them another tag",
                    [site.place("vm", name, "share", other, part="table")],
                )
