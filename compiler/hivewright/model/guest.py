"""The smaller tables of a VM: topology, graphics, serial ports, debugging, first boot, hooks, policy and others."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from hivewright.bhyve.facts import Only, Since
from hivewright.model.addresses import Ip
from hivewright.model.base import (
    Duration,
    HostPath,
    HostPort,
    ListOf,
    Name,
    SitePath,
    Slot,
    Span,
    Table,
    described,
    reader,
)
from hivewright.model.devices import Secret
from hivewright.model.machine import Layout
from hivewright.model.serial_values import HostDevice
from hivewright.model.sriov import Function


class Topology(Table):
    """How vCPUs are laid out: ``[topology.NAME]`` or ``topology = { … }``. The product is the number of vCPUs."""

    sockets: int = Field(1, ge=1, le=255, description="Sockets.")
    cores: int = Field(1, ge=1, le=255, description="Cores of a socket.")
    threads: int = Field(1, ge=1, le=255, description="Threads of a core.")


class Ready(Table):
    """What "ready" means for those that come after this VM: ``ready = { tcp = "…", timeout = "60s" }``, or
    one of agent, file, socket and hook in the place of tcp."""

    tcp: HostPort | None = Field(None, description="Address and port that must accept a connection.")
    agent: bool = Field(False, description="The guest agent must answer.")
    file: HostPath | None = Field(None, description="A file or directory of the host that must be there.")
    socket: HostPath | None = Field(None, description="A socket of the host that must be there.")
    hook: SitePath | None = Field(
        None,
        description="A program of the site's own that must end with status 0: it is run each second, and may take 10 "
        "seconds; what it prints last is why the guest is not ready.",
    )
    timeout: Span = Field(60, description="How long to wait for it.")


READINESS_TIMEOUT = "10s"
"""How long a program may take that says whether a guest is ready."""

PRESS_EVERY = 5
"""Seconds after which the power button is pressed again where nothing else is said."""


class Stop(Table):
    """How it is stopped: ``stop = { method = "acpi", press_every = "5s" }``."""

    method: Literal["acpi", "agent", "force"] = Field(
        "acpi",
        description='By the power button ("acpi"), and by force after stop_timeout; by the guest agent, and by the '
        "power button where it does not answer, or after half of stop_timeout; or by force at once.",
    )
    press_every: Duration = Field(
        PRESS_EVERY,
        description='When the power button is pressed again; "0s" presses it once. For a guest that takes a second '
        "press as a cancellation.",
    )


class Replicate(Table):
    """Copies of it on another host: ``replicate = { to = "beta", every = "15m", keep = 8 }``."""

    to: Name = Field(description="The host that keeps them, one of its hosts.")
    every: Span = Field(900, description="How often, in whole minutes.")
    keep: int = Field(8, ge=1, le=1000, description="So many of the last copies are kept.")


class RestartLimit(Table):
    """How many restarts within how long are normal: ``restart_limit = { count = 5, within = "10m" }``."""

    count: int = Field(5, ge=1, le=1000, description="Restarts.")
    within: Span = Field(600, description="Span of time.")


SMALLEST, LARGEST = (640, 480), (3840, 2160)
"""Resolutions of the framebuffer (bhyve(8), fbuf)."""


def _resolution(text: str) -> str:
    match = re.fullmatch("([0-9]{3,4})x([0-9]{3,4})", text, re.ASCII)
    if match is None:
        raise ValueError('a resolution is written "1024x768"')
    if any(not least <= int(size) <= most for least, size, most in zip(SMALLEST, match.groups(), LARGEST, strict=True)):
        raise ValueError("a resolution is from 640x480 to 3840x2160")
    return text


Resolution = Annotated[str, reader(_resolution, '"1024x768"'), described("^[0-9]{3,4}x[0-9]{3,4}$", "1024x768")]


class Vnc(Table):
    """A framebuffer shown over VNC: ``[vm.NAME.vnc]``."""

    port: Literal["auto"] | Annotated[int, Field(ge=1, le=65535)] = Field(
        "auto", description='A port, or "auto": taken from the lock.'
    )
    address: Ip = Field("127.0.0.1", description="Address to listen on.")
    socket: Annotated[bool, Since("15.1", "bhyve(8), fbuf: rfb=unix:")] = Field(
        False, description="Listen on the UNIX socket vnc.sock in the guest's run-time state instead."
    )
    password: Secret | None = Field(None, description="A secret of 1 to 8 characters that clients must give.")
    resolution: Annotated[Resolution, Since("15.0", "bhyve(8), fbuf", above="1920x1200")] = Field(
        "1024x768", description="Width and height in pixels, from 640x480 to 3840x2160."
    )
    vga: Literal["io", "off"] = Field("io", description="Whether the framebuffer answers as VGA.")
    wait: bool = Field(False, description="Boot only when a client is connected.")
    tablet: bool = Field(True, description="Add a USB tablet, so that the pointer follows the client's.")
    tablet_slot: Slot | None = Field(None, description="A fixed PCI address of the tablet; slot 30 if absent.")
    keyboard: Layout | None = Field(
        None, description="Layout for clients that send no key codes: a file in /usr/share/bhyve/kbdlayout."
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


class SerialPort(Table):
    """A serial port: ``[vm.NAME.serial.com1]``."""

    kind: Annotated[Literal["nmdm", "tcp", "tmux", "device"], Since("15.0", "bhyve(8), -l", value="tcp")] = Field(
        "nmdm",
        description="nmdm(4), a null-modem pair on the host; a TCP port; a window of tmux(1), which remembers what "
        "scrolled by; or a device of the host that is there. One port at most is in a window.",
    )
    device: HostDevice | None = Field(
        None,
        description="With device: a serial line of the host, or one end of an nmdm(4) of the administrator's own.",
    )
    address: Ip = Field("127.0.0.1", description="With tcp: the address to listen on. Nothing asks for a password.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(None, description="With tcp: the port to listen on.")
    log: bool = Field(
        False,
        description="With tmux: keep what the guest says there, in /var/log/hivewright/VM.com1.log, within the bounds "
        "of logs.",
    )


class GdbStub(Table):
    """The stub by which gdb or lldb debugs the guest's kernel: ``debug.gdb = { port = 1234 }``.

    It asks for no password: whoever reaches it reads and writes all of the guest.
    """

    port: Annotated[int, Field(ge=1, le=65535)] = Field(description="The port to listen on.")
    address: Ip = Field("127.0.0.1", description="Address to listen on.")
    wait: bool = Field(False, description="Run the guest's first instruction only when a debugger says so.")


_STUB = Only("amd64", "bhyve(8), SYNOPSIS", instead="delete it (hivectl debug runs bhyve itself under a debugger)")


class Debug(Table):
    """What debugs the guest, or bhyve itself: ``[vm.NAME.debug]``."""

    gdb: Annotated[GdbStub | None, _STUB] = Field(
        None, description="A stub for debugging the guest's kernel; none if absent."
    )
    debugger: Literal["lldb", "gdb"] = Field(
        "lldb", description="What hivectl(8) debug runs bhyve under. lldb(1) is in the base system, gdb is a package."
    )


class Rng(Table):
    """A random-number device: ``rng = true`` or ``[vm.NAME.rng]``."""

    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")


HOOK_TIMEOUT = 300
"""Seconds that a hook may take where nothing else is said."""


class Hook(Table):
    """One program: ``"hooks/lease.sh"``, or ``{ file = "hooks/lease.sh", timeout = "30s", on_failure = "warn" }``."""

    file: SitePath = Field(description="A file of the site.")
    timeout: Span = Field(HOOK_TIMEOUT, description="How long it may take; then it is ended, and has failed.")
    on_failure: Literal["refuse", "warn"] | None = Field(
        None,
        description='What follows when it fails. "refuse": what it comes before is not done, and no further hook of '
        'that moment runs; only where something comes after it, and the default there. "warn": that is told, and all '
        "goes on.",
    )
    names: Literal["hivewright", "cbsd"] = Field(
        "hivewright",
        description='The names of what it is told: "cbsd" adds those of CBSD (jname, ip4_addr, mytap0 …), so that a '
        "hook of CBSD runs as it is.",
    )


class OrFile:
    """Lets the name of a file stand for a table with nothing but the file."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "pattern": "^[^/]"}, handler(core)]}


def file_as_hook(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


Hooked = ListOf[Annotated[Hook, BeforeValidator(file_as_hook), OrFile()]]
"""The hooks of a moment, in their order."""


class Hooks(Table):
    """Programs run around a VM's life: ``[vm.NAME.hooks]``. Each is a file of the site, copied to the host."""

    create: Hooked = Field((), description="When all that it needs was made for the first time on its host.")
    prestart: Hooked = Field((), description="Before a start.")
    poststart: Hooked = Field((), description="When bhyve runs, once for each start.")
    ready: Hooked = Field((), description="When it is ready, as ready says, after each run of bhyve began.")
    prestop: Hooked = Field((), description="Before a stop.")
    poststop: Hooked = Field((), description="When the VM is gone.")
    reboot: Hooked = Field((), description="When the guest rebooted, before bhyve runs again.")
    crash: Hooked = Field((), description="When bhyve ended abnormally.")
    checkpoint: Hooked = Field((), description="Before its memory is saved: a checkpoint, or a suspension.")
    migrate: Hooked = Field((), description="Before it leaves for another host, on the one that it leaves.")
    failover: Hooked = Field((), description="Before its last copy becomes the guest, on the host of the copy.")
    remove: Hooked = Field((), description="Before hivectl(8) remove destroys what the host has.")


MOMENTS = tuple(Hooks.model_fields)

MAY_REFUSE = frozenset(("create", "prestart", "checkpoint", "migrate", "failover", "remove"))
"""The moments before something that a hook can refuse."""


class Passthrough(Table):
    """A PCI device of the host given to the guest: ``[vm.NAME.passthrough.NAME]``."""

    device: Name = Field("", description="A [host.HOST.device.NAME]; this or vf.")
    vf: Function | None = Field(None, description="A virtual function of a [host.HOST.sriov.DEVICE].")
    rom: Annotated[HostPath | None, Since("14.0", "bhyve(8), passthru: before, it is a part of the address")] = Field(
        None, description="The device's option ROM, as a file."
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")
