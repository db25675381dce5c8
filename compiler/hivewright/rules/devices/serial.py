"""Serial ports and VNC: keys that belong together, and ports that are taken twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose
from hivewright.site import own_ports
from hivewright.values.serial_lines import line_of

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

_WHERE = {"nmdm": "nmdm(4)", "tmux": "tmux(1)", "tcp": "TCP", "device": "a device of the host"}
_TAKES = {
    "nmdm": "who reads along with a console on nmdm(4) takes a part of its output away",
    "device": "who reads along with a device takes a part of its output away",
    "tcp": "one program at a time can be connected to a TCP port",
}


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
            if serial.kind != "tcp" and "address" in serial.model_fields_set:
                yield diagnose(
                    "DEV002",
                    f"{port} of {name} has an address, but is on {_WHERE[serial.kind]}",
                    here("vm", name, "serial", port, "address"),
                    'delete address, or write kind = "tcp" and a port',
                )
            if serial.kind == "device" and serial.device is None:
                yield diagnose(
                    "DEV002",
                    f"{port} of {name} is on a device of the host, and none is named",
                    here("vm", name, "serial", port, "kind"),
                    'name it, for example device = "/dev/cuau0"',
                )
            elif serial.kind != "device" and serial.device is not None:
                yield diagnose(
                    "DEV002",
                    f"{port} of {name} has a device, but is on {_WHERE[serial.kind]}",
                    here("vm", name, "serial", port, "device"),
                    'write kind = "device", or delete device',
                )


def log_needs_window(index: SiteIndex) -> Iterator[Diagnostic]:
    """Of two who read one nmdm(4) each gets a part, and a TCP port has one client: whoever kept a log would take the
    console away. tmux(1) alone shows and keeps the same output."""
    for name, vm in index.using("serial"):
        for port, serial in sorted(vm.serial.items()):
            if serial.log and serial.kind != "tmux":
                yield diagnose(
                    "DEV020",
                    f"{port} of {name} is to be logged, but {_TAKES[serial.kind]}",
                    index.site.place("vm", name, "serial", port, "log"),
                    'write kind = "tmux", or delete log',
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


def console_claims(index: SiteIndex) -> Iterator[tuple[str, Owner]]:
    """Names of nmdm(4) as locks have them."""
    return (
        (serial.device[:-1].removeprefix("/dev/"), (name, "serial", port, "device"))
        for name, vm in index.using("serial")
        for port, serial in sorted(vm.serial.items())
        if serial.device is not None
    )


def port_claims(index: SiteIndex) -> Iterator[tuple[int, Owner]]:
    """Ports that VMs set; locks hold such ports for VNC."""
    return (
        (port, owner) for name, vm in index.using("vnc", "serial", "debug") for (_, port), owner in _ports("", name, vm)
    )


def same_device(index: SiteIndex) -> Iterator[Diagnostic]:
    """A serial line has one at each of its ends."""
    claims = (
        ((host, line_of(serial.device)), (name, "serial", port, "device"))
        for name, vm in index.using("serial")
        for host in index.hosts_of[name]
        for port, serial in sorted(vm.serial.items())
        if serial.device is not None
    )
    for (host, line), first, second in clashes(claims):
        message = f"{both(first, second)} are both on {line} of {host}"
        yield clash(index.site, "DEV023", message, (first, second), "choose another device for one of the two")


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
