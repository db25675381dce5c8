"""Serial ports and VNC: what a release offers, keys that belong together, and ports that are taken twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose
from hivewright.site import own_ports

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_SOCKET_SINCE, _TCP_SINCE = (15, 1), (15, 0)
"""The first releases whose bhyve has a VNC socket, and serial ports on TCP."""

_WHERE = {"nmdm": "nmdm(4)", "tmux": "tmux(1)"}


def ports_since(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("vnc", "serial"):
        if vm.vnc is not None and vm.vnc.socket:
            place = index.site.place("vm", name, "vnc", "socket")
            yield from not_offered(index, name, "VNC on a UNIX socket", place, _SOCKET_SINCE)
        for port, serial in sorted(vm.serial.items()):
            if serial.kind == "tcp":
                place = index.site.place("vm", name, "serial", port, "kind")
                yield from not_offered(index, name, f"{port} on a TCP port", place, _TCP_SINCE)


def not_offered(index: SiteIndex, name: str, what: str, place: Place, since: tuple[int, int]) -> Iterator[Diagnostic]:
    """A diagnostic when a VM may run on a host whose release does not offer what it has."""
    host = next((host for host in index.hosts_of[name] if index.releases[host] < since), None)
    if host is not None:
        yield diagnose(
            "DEV001",
            f"{name} has {what}, which bhyve of FreeBSD {index.site.hosts[host].freebsd} on {host} does not offer",
            place,
            f"delete it, or bring the host to FreeBSD {since[0]}.{since[1]}",
            [index.site.place("host", host, "freebsd")],
        )


def keys_together(index: SiteIndex) -> Iterator[Diagnostic]:
    """Keys that need another key, or have no effect together with another."""
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
    """bhyve exits when it starts if a port is in use; VNC or a gdb stub may use it too."""
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
