"""Devices of a VM besides disks and interfaces: sound, host input devices, channels, and secrets."""

from pydantic import Field

from hivewright.model.base import HostPath, Name, PortName, Slot, Table


class Secret(Table):
    """What must not be in the site: ``{ secret = "NAME" }`` is a file on the host."""

    secret: Name = Field(
        description="The file's name below /usr/local/etc/hivewright/secrets of the host. The administrator makes it, "
        "owned by root and of mode 0600."
    )


class Sound(Table):
    """A sound card (High Definition Audio): ``sound = true`` or ``[vm.NAME.sound]``."""

    play: HostPath = Field("/dev/dsp0", description="The device of the host that plays; see sound(4).")
    record: HostPath | None = Field(None, description="The device of the host that records; none if absent.")
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Tablet(Table):
    """A USB tablet: ``tablet = true`` or ``[vm.NAME.tablet]``. A screen has one in any case (``vnc.tablet``), and this
    one in its place."""

    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Input(Table):
    """A keyboard, mouse or other evdev device of the host, given to the guest: ``[vm.NAME.input.NAME]``."""

    device: HostPath = Field(description="The device, for example /dev/input/event2.")
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Channel(Table):
    """A port of a virtio console: ``[vm.NAME.channel.NAME]``; on the host the socket ``channel-NAME.sock``."""

    port: PortName | None = Field(
        None, description='The name that the guest sees, such as "org.qemu.guest_agent.0"; NAME if absent.'
    )


AGENT_PORT = "org.qemu.guest_agent.0"
"""Where the QEMU guest agent listens in the guest, unless it is told otherwise (qemu-ga(8))."""


class Agent(Table):
    """The channel of the QEMU guest agent: ``agent = true`` or ``[vm.NAME.agent]``; on the host ``agent.sock``."""

    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class Share(Table):
    """A directory of the host that the guest can mount by virtio-9p: ``[vm.NAME.share.NAME]``.

    The guest reads and writes there as root of the host does.
    """

    path: HostPath = Field(description="The directory. It must exist when the guest starts.")
    readonly: bool = Field(False, description="The guest cannot write.")
    tag: PortName | None = Field(None, description="What the guest mounts it by; NAME if absent.")
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")
