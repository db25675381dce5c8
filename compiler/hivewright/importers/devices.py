"""PCI devices of a command (bhyve(8), -s), a function for each kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from hivewright.importers.blocks import read_controller, read_disk, read_drive
from hivewright.importers.forms import Bridge, Guest
from hivewright.importers.names import site_name
from hivewright.model.device_kinds import HOSTBRIDGE, LPC, TABLET
from hivewright.model.devices import AGENT_PORT
from hivewright.values import PciAddress, format_pci_address, parse_mac, parse_pci_address

USUAL_MTU = 1500
"""Of a network that says none; bhyve is told of this one only where the NIC itself says it."""

_NETAPP = "00:a0:98"
"""What the MAC addresses begin with that bhyve makes itself (net_utils.c)."""


def read_device(guest: Guest, text: str) -> None:
    """One ``-s``. What has no key becomes a word of ``extra_args``."""
    where, comma, device = text.partition(",")
    if not comma:
        raise ValueError(f"-s {text} names no device")
    address = parse_pci_address(where)
    emulation, _, rest = device.partition(",")
    words = rest.split(",") if rest else []
    reader = _READERS.get(emulation)
    if reader is None:
        guest.extra("-s", f"{format_pci_address(address)},{device}")
        return
    reader(guest, address, emulation, words)


def _hostbridge(guest: Guest, address: PciAddress, emulation: str, _words: list[str]) -> None:
    if emulation == "amd_hostbridge":
        guest.set(("machine", "hostbridge"), "amd")
    if address != HOSTBRIDGE:
        guest.note(f"host bridge at {format_pci_address(address)}", "a site has it at 0:0:0")


def _lpc(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    if address != LPC:
        guest.set(("machine", "lpc_slot"), address[1])
    if "fwcfg=qemu" in words:
        guest.extra("-o", "lpc.fwcfg=qemu")


def _nic(guest: Guest, address: PciAddress, emulation: str, words: list[str]) -> None:
    backend, *options = words or [""]
    if "=" in backend and not backend.startswith(("netgraph", "slirp")):
        backend, options = "", words
    where = format_pci_address(address)
    keys = dict(word.partition("=")[::2] for word in options)
    own = guest.old.nics.get(where, {})
    bridge = guest.old.networks.get(where)
    if bridge is None and "existing" not in own:
        bridge = guest.old.networks[where] = _bridge_of(guest, backend, keys)
    name = _nic_name(guest, where, backend if bridge is None else bridge.name)
    guest.slots[f"nic.{name}"] = where
    nic: dict[str, object] = {} if bridge is None else {"network": bridge.name}
    if emulation != "virtio-net":
        nic["model"] = emulation
    nic["mac"] = _mac(guest, name, address, keys.pop("mac", ""))
    implied = bridge.keys.get("mtu", USUAL_MTU) if bridge is not None else USUAL_MTU
    if "mtu" in keys and (keys["mtu"] != str(implied) or implied == USUAL_MTU):
        nic["mtu"] = int(keys["mtu"])
    if forwards := _forwards(guest, keys.get("hostfwd", "")):
        nic["forward"] = forwards
    guest.set(("nic", name), nic | own)


def _forwards(guest: Guest, text: str) -> dict[str, dict[str, object]]:
    """``PROTOCOL:ADDRESS:PORT-ADDRESS:PORT``, with semicolons between (bhyve(8), slirp)."""
    found: dict[str, dict[str, object]] = {}
    for forward in text.split(";") if text else ():
        match = re.fullmatch(r"(tcp|udp):([0-9.]*):([0-9]+)-[0-9.]*:([0-9]+)", forward)
        if match is None or match[2] not in ("", "127.0.0.1"):
            guest.note(f"hostfwd={forward}", "a site forwards ports of 127.0.0.1 alone")
            continue
        keys: dict[str, object] = {"port": int(match[3]), "to": int(match[4])}
        found[f"{match[1]}-{match[3]}"] = keys | ({"protocol": "udp"} if match[1] == "udp" else {})
    return found


def _nic_name(guest: Guest, where: str, connected_to: str) -> str:
    taken = guest.keys.get("nic", {})
    return site_name(guest.old.names.get(where, connected_to), taken, "nic")


def _bridge_of(guest: Guest, backend: str, keys: dict[str, str]) -> Bridge:
    """What the backend itself says of the network."""
    if match := re.fullmatch(r"(vale[0-9A-Za-z_]{1,3}):.*", backend):
        return Bridge(site_name(match[1]), {"kind": "vale", "switch": match[1]})
    if backend == "netgraph" and keys.get("path", "").endswith(":"):
        node = keys["path"].removesuffix(":")
        return Bridge(site_name(node, otherwise="net"), {"kind": "netgraph", "node": node})
    if backend == "slirp":
        return Bridge("slirp", {"kind": "slirp"} | ({"open": True} if "open" in keys else {}))
    guest.note(
        f"the bridge of {backend or 'a NIC without a backend'}",
        "the command does not say which it is; bridge0 was written: correct it in the network lan",
    )
    return Bridge("lan", {"kind": "manual", "bridge": "bridge0"}, "Which bridge it is the command did not say.")


def default_mac(name: str, address: PciAddress) -> str:
    """The MAC address that bhyve gives where none is said: the same at each start, from slot, function and name."""
    digits = hashlib.md5(f"{address[1]}-{address[2]}-{name}".encode(), usedforsecurity=False).hexdigest()
    return f"{_NETAPP}:{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"


def _mac(guest: Guest, name: str, address: PciAddress, given: str) -> str:
    if given:
        return parse_mac(given)
    guest.comments[("nic", name, "mac")] = "It was not written down: bhyve derived it from the slot and the old name."
    return default_mac(guest.old.called, address)


def _framebuffer(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    keys = dict(word.partition("=")[::2] for word in words)
    vnc: dict[str, object] = {}
    where = keys.get("rfb", keys.get("tcp", ""))
    if where.startswith("unix:"):
        vnc["socket"] = True
    else:
        host, _, port = where.rpartition(":")
        vnc["port"] = int(port or 5900)
        if host.strip("[]") not in ("", "127.0.0.1"):
            vnc["address"] = host.strip("[]")
    size = f"{keys.get('w', '1024')}x{keys.get('h', '768')}"
    if size != "1024x768":
        vnc["resolution"] = size
    if keys.get("vga", "io") == "on":
        guest.note("vga=on", "bhyve says that it is not implemented, and shows nothing; io is what it had")
    elif keys.get("vga", "io") != "io":
        vnc["vga"] = keys["vga"]
    if "wait" in keys:
        vnc["wait"] = True
    if keys.get("password"):
        vnc["password"] = {"secret": f"{guest.name}-vnc"[:31]}
        guest.secrets[f"{guest.name}-vnc"[:31]] = "the old password of VNC, which stands in the old definition"
    guest.keys["vnc"] = {**vnc, "tablet": False, **guest.keys.get("vnc", {})}
    guest.slots["fbuf"] = format_pci_address(address)


def _tablet(guest: Guest, address: PciAddress, emulation: str, words: list[str]) -> None:
    if words == ["tablet"] and not {"vnc", "tablet"} & guest.keys.keys():
        guest.keys["tablet"] = True
        guest.slots["tablet"] = format_pci_address(address)
        return
    if words != ["tablet"] or guest.keys.get("vnc", {}).get("tablet") is not False:
        guest.extra("-s", f"{format_pci_address(address)},{','.join((emulation, *words))}")
        return
    del guest.keys["vnc"]["tablet"]
    if address != TABLET:
        guest.set(("vnc", "tablet_slot"), _slot(address))


def _slot(address: PciAddress) -> int | str:
    """A fixed address as people write it: a slot alone where that says it."""
    bus, slot, function = address
    if bus:
        return f"{bus}:{slot}:{function}"
    return f"{slot}:{function}" if function else slot


def _passthru(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    selector, *options = words
    if match := re.fullmatch(r"(?:pci)?([0-9]+)[/:]([0-9]+)[/:]([0-9]+)", selector):
        device = "/".join(str(int(part)) for part in match.groups())
    else:
        raise ValueError(
            f"passthru,{selector}: which device that is only the host knows; write it as BUS/SLOT/FUNCTION"
        )
    where = format_pci_address(address)
    host = f"pci-{device.replace('/', '-')}"
    name = site_name(guest.old.names.get(where, host), guest.keys.get("passthrough", {}), "pci")
    keys = {"device": host}
    for option in options:
        key, _, value = option.partition("=")
        if key == "rom":
            keys["rom"] = value
        else:
            guest.note(f"{option} of passthru", "bhyve never reads it, or a site has no key for it")
    guest.devices[host] = device
    guest.set(("passthrough", name), keys)
    guest.slots[f"passthrough.{name}"] = where


def _single(key: str, lock: str) -> Callable[[Guest, PciAddress, str, list[str]], None]:
    """A device that a guest has once; a second one becomes extra words."""

    def read(guest: Guest, address: PciAddress, emulation: str, words: list[str]) -> None:
        if key in guest.keys:
            guest.extra("-s", f"{format_pci_address(address)},{','.join((emulation, *words))}")
            return
        guest.keys[key] = True
        guest.slots[lock] = format_pci_address(address)
        if emulation == "hda":
            sound = {{"play": "play", "rec": "record"}.get(name, name): value for name, value in _pairs(words)}
            if sound.get("play") == "/dev/dsp0":
                del sound["play"]
            guest.keys[key] = sound or True

    return read


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def _share(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    tag, _, path = (words or [""])[0].partition("=")
    name = site_name(tag, guest.keys.get("share", {}), "share")
    keys: dict[str, object] = {"path": path}
    if "ro" in words[1:]:
        keys["readonly"] = True
    if tag != name:
        keys["tag"] = tag
    for word in words[1:]:
        if word != "ro":
            guest.note(f"{word} of virtio-9p", "a site has no key for it")
    guest.set(("share", name), keys)
    guest.slots[f"share.{name}"] = format_pci_address(address)


def _console(guest: Guest, address: PciAddress, emulation: str, words: list[str]) -> None:
    """virtio-console: that of the guest agent alone, the channels of a guest, or further ones."""
    ports = _pairs(words)
    where = format_pci_address(address)
    if [name for name, _ in ports] == [AGENT_PORT] and "agent" not in guest.keys:
        guest.keys["agent"] = True
        guest.slots["agent"] = where
    elif "channel" in guest.keys:
        guest.extra("-s", f"{where},{','.join((emulation, *words))}")
    else:
        channels: dict[str, dict[str, str]] = {}
        for port, _ in ports:
            name = site_name(port, channels, "port")
            channels[name] = {} if name == port else {"port": port}
        guest.keys["channel"] = channels
        guest.slots["channels"] = where


def _input(guest: Guest, address: PciAddress, _emulation: str, words: list[str]) -> None:
    device = (words or [""])[0]
    name = site_name(device.rpartition("/")[2], guest.keys.get("input", {}), "input")
    guest.set(("input", name), {"device": device})
    guest.slots[f"input.{name}"] = format_pci_address(address)


_READERS: dict[str, Callable[[Guest, PciAddress, str, list[str]], None]] = {
    **dict.fromkeys(("hostbridge", "amd_hostbridge"), _hostbridge),
    "lpc": _lpc,
    **dict.fromkeys(("virtio-blk", "ahci-hd", "nvme", "virtio-scsi"), read_disk),
    "ahci-cd": read_drive,
    "ahci": read_controller,
    **dict.fromkeys(("virtio-net", "e1000"), _nic),
    "fbuf": _framebuffer,
    "xhci": _tablet,
    "passthru": _passthru,
    "virtio-rnd": _single("rng", "rng"),
    "hda": _single("sound", "sound"),
    "virtio-9p": _share,
    "virtio-console": _console,
    "virtio-input": _input,
}
