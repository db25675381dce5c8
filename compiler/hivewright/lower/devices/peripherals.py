"""Sound, the tablet, host input devices, channels, and that of the guest agent."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Device, Guest, device
from hivewright.model.devices import AGENT_PORT
from hivewright.plan import Provenance, Step


def lower_peripherals(guest: Guest) -> Iterator[Device]:
    """bhyve(8): hda, xhci, virtio-input and virtio-console."""
    vm = guest.vm
    if vm.sound is not None:
        words = f"hda,play={vm.sound.play}"
        keys: Provenance = ("sound.play",)
        if vm.sound.record is not None:
            words, keys = f"{words},rec={vm.sound.record}", (*keys, "sound.record")
        yield device(guest, "sound", words, keys, "hda")
    if vm.tablet is not None:
        yield device(guest, "tablet", "xhci,tablet", ("tablet",), "xhci")
    for name, given in sorted(vm.input.items()):
        words = f"virtio-input,{given.device}"
        yield device(guest, f"input.{name}", words, (f"input.{name}.device",), f"virtio-input {given.device}")
    if vm.channel:
        ports = [f"{channel.port or name}={channel_path(guest, name)}" for name, channel in sorted(vm.channel.items())]
        keys = tuple(f"channel.{name}.port" for name in sorted(vm.channel))
        description = f"virtio-console {', '.join(sorted(vm.channel))}"
        yield device(guest, "channels", ",".join(("virtio-console", *ports)), keys, description)
    if vm.agent is not None:
        words = f"virtio-console,{AGENT_PORT}={RUN}/{guest.name}/agent.sock"
        yield device(guest, "agent", words, ("agent",), "virtio-console for the guest agent")


def channel_path(guest: Guest, name: str) -> str:
    """The socket of a channel on the host: at most 88 of the 103 characters that a socket's path may have."""
    return f"{RUN}/{guest.name}/channel-{name}.sock"


def prepare_peripherals(guest: Guest) -> Iterator[Step]:
    """The files and devices of the host exist."""
    vm = guest.vm
    if vm.sound is not None:
        yield Step("file", ("sound", vm.sound.play), ("sound.play",), "sound")
        if vm.sound.record not in (None, vm.sound.play):
            yield Step("file", ("sound", vm.sound.record), ("sound.record",), "sound")
    for name, given in sorted(vm.input.items()):
        yield Step("file", (f"input {name}", given.device), (f"input.{name}.device",), f"input.{name}")
