"""The framebuffer that is shown over VNC, its tablet, and its password."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Device, Guest, device, fixed_device, node_of
from hivewright.model.device_kinds import TABLET, has_screen_tablet, tablet_address
from hivewright.model.vm import Vm
from hivewright.plan import Option, Step

_TABLET = fixed_device(TABLET, "xhci,tablet", ("vnc.tablet", "rule:tablet"))


def lower_vnc(guest: Guest) -> Iterator[Device]:
    """bhyve(8), fbuf and xhci."""
    if guest.vm.vnc is not None:
        yield _lower_framebuffer(guest)
        if has_screen_tablet(guest.vm):
            yield _lower_tablet(guest.vm)


def _lower_tablet(vm: Vm) -> Device:
    address = tablet_address(vm)
    if address in (None, TABLET):
        return _TABLET
    return fixed_device(address, "xhci,tablet", ("vnc.tablet", "vnc.tablet_slot"))


def _lower_framebuffer(guest: Guest) -> Device:
    vnc = guest.vm.vnc
    assert vnc is not None
    width, _, height = vnc.resolution.partition("x")
    # tcp= is the spelling that every release takes; rfb= is newer.
    where = f"rfb={vnc_address(guest)}" if vnc.socket else f"tcp={vnc_address(guest)}"
    words = f"fbuf,{where},w={width},h={height},vga={vnc.vga}"
    keys = ["vnc.socket"] if vnc.socket else ["vnc.address", "lock:vnc" if vnc.port == "auto" else "vnc.port"]
    keys += ["vnc.resolution", "vnc.vga"]
    if vnc.wait:
        words += ",wait"
        keys.append("vnc.wait")
    return device(guest, "fbuf", words, tuple(keys), "framebuffer")


def vnc_address(guest: Guest) -> str:
    """Address and port of the framebuffer, an IPv6 address in brackets, or its socket; empty without one."""
    vnc = guest.vm.vnc
    if vnc is None:
        return ""
    if vnc.socket:
        return f"unix:{vnc_socket(guest)}"
    port = guest.lock.vnc if vnc.port == "auto" else vnc.port
    address = f"[{vnc.address}]" if ":" in vnc.address else vnc.address
    return f"{address}:{port}"


def vnc_socket(guest: Guest) -> str:
    return f"{RUN}/{guest.name}/vnc.sock"


def prepare_vnc(guest: Guest) -> Iterator[Step]:
    """The password is put where bhyve reads it."""
    vm = guest.vm
    if vm.vnc is not None and vm.vnc.password is not None:
        variable = f"{node_of(guest, 'fbuf')}.password"
        keys = ("vnc.password", guest.slot_key("fbuf"))
        yield Step("secret", (vm.vnc.password.secret, variable), keys, "vnc.password")


def lower_secrets(guest: Guest) -> Iterator[Option]:
    """The configuration file with secrets. It must follow all devices: -s refuses an address that has variables."""
    if guest.vm.vnc is not None and guest.vm.vnc.password is not None:
        yield Option(("-k", f"{RUN}/{guest.name}/secrets"), ("vnc.password", "rule:secrets"), "vnc.password")
