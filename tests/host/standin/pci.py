"""PCI devices: pciconf(8) and devctl(8), and who has what; virtual functions as iovctl(8) left them."""

from __future__ import annotations

import re

from .options import UsageError, options
from .paths import RefusedError
from .reply import Reply, Result, fail
from .things import Guest
from .world import World

SELECTOR = re.compile(r"(?:[a-z0-9_]+@)?pci0:([0-9]+):([0-9]+):([0-9]+):?")
IDENTITY = "class=0x030000 rev=0xa1 hdr=0x00 vendor=0x10de device=0x1eb8 subvendor=0x10de subdevice=0x12a2"
"""What pciconf(8) prints of each device behind its place."""
ROUTING_IDS = 256
"""Of one bus."""


def make_functions(world: World) -> None:
    """Make the virtual functions of each device anew, as ``service iovctl restart`` does."""
    world.ppt = [selector for selector in world.ppt if selector not in world.functions]
    for selector in world.functions:
        world.pci.pop(selector, None)
    world.functions.clear()
    for name, iov in world.sriov.items():
        world.pci[iov["at"]] = name
        for number in range(iov["vfs"]):
            selector = function_at(iov, number)
            world.functions.add(selector)
            if number in iov["passthrough"]:
                world.ppt.append(selector)
            else:
                world.pci[selector] = f"ixv{number}"


def function_at(iov: dict[str, object], number: int) -> str:
    """Where a function is: its routing ID is that of its device, an offset, and a stride for each before it."""
    bus, slot, function = (int(part) for part in str(iov["at"]).split("/"))
    offset, stride = int(str(iov["offset"]), 16), int(str(iov["stride"]), 16)
    bus, low = divmod(bus * ROUTING_IDS + slot * 8 + function + offset + number * stride, ROUTING_IDS)
    return f"{bus}/0/{low}" if iov["ari"] else f"{bus}/{low >> 3}/{low & 7}"


def drivers(world: World) -> dict[str, str]:
    """Selector -> the driver that has the device, with its number; none where no driver has it."""
    return world.pci | {selector: f"ppt{number}" for number, selector in enumerate(world.ppt)}


def pciconf(world: World, words: list[str]) -> Result:
    """pciconf(8): ``pciconf -l[c] [device]``, a device by its driver and number or by its selector."""
    try:
        given, rest = options(words, "lc")
    except UsageError:
        return usage()
    if "l" not in given or len(rest) > 1:
        return usage()
    found = drivers(world)
    if rest and ":" not in rest[0]:
        found = {selector: driver for selector, driver in found.items() if driver == rest[0]}
        if not found:
            return fail(f"pciconf: device {rest[0]} not found")
    elif rest:
        found = {selector: driver for selector, driver in found.items() if selector == selector_of(rest[0])}
    lines = []
    for selector, driver in sorted(found.items()):
        place = "pci0:" + selector.replace("/", ":")
        lines.append(f"{driver}@{place}:\t{IDENTITY}\n")
        if "c" in given:
            lines += capabilities(world, driver)
    return Reply("".join(lines))


def usage() -> Reply:
    return fail("usage: pciconf -l [-BbcevV] [device]")


def selector_of(text: str) -> str:
    """``2/0/0`` from ``pci0:2:0:0``."""
    match = SELECTOR.fullmatch(text)
    return "/".join(match.groups()) if match else ""


def capabilities(world: World, driver: str) -> list[str]:
    """What ``pciconf -lc`` says of a device."""
    lines = ["    cap 10[a0] = PCI-Express 2 endpoint max data 256(512) FLR RO NS\n", "                 max read 512\n"]
    iov = world.sriov.get(driver)
    if iov is not None:
        state, ari = ("enabled" if on else "disabled" for on in (iov["vfs"], iov["ari"]))
        indent = " " * 21
        lines += [
            f"    ecap 0010[160] = SR-IOV 1 IOV {state}, Memory Space {state}, ARI {ari}\n",
            f"{indent}{iov['vfs']} VFs configured out of {iov['total']} supported\n",
            f"{indent}First VF RID Offset {iov['offset']}, VF RID Stride {iov['stride']}\n",
            f"{indent}VF Device ID 0x10ed\n",
            f"{indent}Page Sizes: 4096 (enabled), 8192, 65536, 262144, 1048576, 4194304\n",
        ]
    return lines


def devctl(world: World, words: list[str]) -> Result:
    """devctl(8): ``devctl set driver [-f] device driver`` and ``devctl clear driver [-f] device``."""
    verb, rest = words[:2], [word for word in words[2:] if word != "-f"]
    forced = "-f" in words
    if verb == ["set", "driver"] and len(rest) == 2:
        error = set_driver(world, selector_of(rest[0]), rest[1], forced)
        return fail(f"devctl: Failed to set {rest[0]} driver to {rest[1]}: {error}") if error else Reply()
    if verb == ["clear", "driver"] and len(rest) == 1:
        error = clear_driver(world, selector_of(rest[0]), forced)
        return fail(f"devctl: Failed to clear {rest[0]} driver: {error}") if error else Reply()
    return fail("usage: devctl attach device")


def set_driver(world: World, selector: str, driver: str, forced: bool) -> str:
    """Why the device does not get the driver; nothing when it does. ppt comes with vmm."""
    owner = drivers(world).get(selector)
    if owner is None or driver != "ppt" or "vmm" not in world.modules:
        return "No such file or directory"
    if owner.startswith("ppt"):
        return ""
    if (not owner.startswith("none") and not forced) or selector in world.busy:
        return "Device busy"
    world.former[selector] = world.pci.pop(selector)
    world.ppt.append(selector)
    return ""


def clear_driver(world: World, selector: str, forced: bool) -> str:
    """Why the device is not free for any driver; nothing when one that wants it has it."""
    if selector not in drivers(world):
        return "No such file or directory"
    if selector not in world.former:
        return ""
    if not forced or selector in world.busy or any(selector in guest.passed for guest in world.guests.values()):
        return "Device busy"
    world.ppt.remove(selector)
    world.pci[selector] = world.former.pop(selector)
    return "Device not configured" if world.pci[selector].startswith("none") else ""


def open_device(world: World, guest: Guest, conf: str, node: str, config: dict[str, str], wired: bool) -> None:
    """bhyve takes a device (bhyve(8), passthru): without words of its own, variables say where it is."""
    if not wired:
        raise RefusedError("passthru requires guest memory to be wired")
    selector = conf.partition(",")[0]
    if not conf:
        missing = next((key for key in ("bus", "slot", "func") if not config.get(node + key, "").isdigit()), None)
        if missing:
            raise RefusedError(f"passthru: missing required {missing} setting")
        selector = "/".join(config[node + key] for key in ("bus", "slot", "func"))
    if selector not in world.ppt or any(selector in other.passed for other in world.guests.values()):
        raise RefusedError(f"PCI device at {selector} is not using the ppt(4) driver")
    guest.passed.append(selector)
