"""Sound, host input devices, channels, and secrets that reach bhyve past its command line."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Device, Guest, console_path, device
from hivewright.model.guest import SerialPort
from hivewright.plan import Option, Provenance, Step
from hivewright.values import parse_pci_address


def lower_simple_devices(guest: Guest) -> Iterator[Device]:
    """bhyve(8): hda, virtio-input and virtio-console."""
    vm = guest.vm
    if vm.sound is not None:
        words = f"hda,play={vm.sound.play}"
        keys: Provenance = ("sound.play",)
        if vm.sound.record is not None:
            words, keys = f"{words},rec={vm.sound.record}", (*keys, "sound.record")
        yield device(guest, "sound", words, keys, "hda")
    for name, given in sorted(vm.input.items()):
        words = f"virtio-input,{given.device}"
        yield device(guest, f"input.{name}", words, (f"input.{name}.device",), f"virtio-input {given.device}")
    if vm.channel:
        ports = [f"{channel.port or name}={channel_path(guest, name)}" for name, channel in sorted(vm.channel.items())]
        keys = tuple(f"channel.{name}.port" for name in sorted(vm.channel))
        description = f"virtio-console {', '.join(sorted(vm.channel))}"
        yield device(guest, "channels", ",".join(("virtio-console", *ports)), keys, description)


def lower_shares(guest: Guest) -> Iterator[Device]:
    """bhyve(8), virtio-9p."""
    for name, share in sorted(guest.vm.share.items()):
        words, keys = f"virtio-9p,{share.tag or name}={share.path}", [f"share.{name}.tag", f"share.{name}.path"]
        if share.readonly:
            words += ",ro"
            keys.append(f"share.{name}.readonly")
        yield device(guest, f"share.{name}", words, tuple(keys), f"virtio-9p {share.path}")


def channel_path(guest: Guest, name: str) -> str:
    """The socket of a channel on the host: at most 88 of the 103 characters that a socket's path may have."""
    return f"{RUN}/{guest.name}/channel-{name}.sock"


def vnc_socket(guest: Guest) -> str:
    return f"{RUN}/{guest.name}/vnc.sock"


def serial_backend(guest: Guest, name: str, port: SerialPort) -> tuple[str, Provenance]:
    """What bhyve connects a serial port to, and the keys that say so."""
    if port.kind == "nmdm":
        return f"{console_path(guest, name)}A", (f"serial.{name}", f"lock:consoles.{name}")
    if port.kind == "tmux":
        return "stdio", (f"serial.{name}.kind",)
    address = f"[{port.address}]" if ":" in port.address else port.address
    keys = tuple(f"serial.{name}.{key}" for key in ("kind", "address", "port"))
    return f"tcp={address}:{port.port}", keys


def serial_ports(guest: Guest) -> tuple[tuple[str, str], ...]:
    """Each port and where people reach it: an nmdm(4) device without its end (bhyve opens A), ``tcp=…`` or ``tmux``."""
    return tuple(
        (name, "tmux" if port.kind == "tmux" else serial_backend(guest, name, port)[0].removesuffix("A"))
        for name, port in sorted(guest.vm.serial.items())
    )


def prepare_simple_devices(guest: Guest) -> Iterator[Step]:
    """The devices of the host exist, and secrets are where bhyve reads them."""
    vm = guest.vm
    for name, share in sorted(vm.share.items()):
        keys = (f"share.{name}.path", f"share.{name}.readonly")
        yield Step("share", (name, share.path, "ro" if share.readonly else "rw"), keys, f"share.{name}")
    if vm.sound is not None:
        yield Step("file", ("sound", vm.sound.play), ("sound.play",), "sound")
        if vm.sound.record not in (None, vm.sound.play):
            yield Step("file", ("sound", vm.sound.record), ("sound.record",), "sound")
    for name, given in sorted(vm.input.items()):
        yield Step("file", (f"input {name}", given.device), (f"input.{name}.device",), f"input.{name}")
    if vm.vnc is not None and vm.vnc.password is not None:
        variable = f"{node_of(guest, 'fbuf')}.password"
        yield Step("secret", (vm.vnc.password.secret, variable), ("vnc.password",), "vnc.password")


def lower_secrets(guest: Guest) -> Iterator[Option]:
    """The configuration file with secrets. It must follow all devices: -s refuses an address that has variables."""
    if guest.vm.vnc is not None and guest.vm.vnc.password is not None:
        yield Option(("-k", f"{RUN}/{guest.name}/secrets"), ("vnc.password", "rule:secrets"), "vnc.password")


def node_of(guest: Guest, key: str) -> str:
    """The configuration node of a device: ``pci.0.29.0`` (bhyve_config(5))."""
    bus, slot, function = parse_pci_address(guest.lock.slots[key])
    return f"pci.{bus}.{slot}.{function}"
