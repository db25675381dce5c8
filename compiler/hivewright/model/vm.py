"""A virtual machine: ``[vm.NAME]``, and the same keys in ``[defaults]``, ``[template.NAME]`` and profiles."""

import re
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hivewright.bhyve.facts import FIRMWARE_FILES, MEMORY_DOMAINS, NUMBER_OF_VCPUS, PC, Only, Since
from hivewright.model.base import (
    NAME_FORM,
    NAME_PATTERN,
    CpuList,
    Duration,
    Line,
    ListOf,
    Name,
    Size,
    Switch,
    Table,
    VcpuNumber,
    described,
    reader,
)
from hivewright.model.devices import Agent, Channel, Input, Share, Sound, Tablet
from hivewright.model.disk import Cd, Controller, Disk, Install
from hivewright.model.events import Carp, Event
from hivewright.model.firmware import Firmware
from hivewright.model.first_boot import CloudInit
from hivewright.model.guest import (
    Debug,
    Hooks,
    Passthrough,
    Ready,
    Replicate,
    RestartLimit,
    Rng,
    SerialPort,
    Stop,
    Topology,
    Vnc,
)
from hivewright.model.limits import Limits
from hivewright.model.login import Login
from hivewright.model.machine import FirmwareConfiguration, Machine, Smbios, VariableName, VariableValue
from hivewright.model.nic import Nic
from hivewright.model.numa import NumaDomain, NumaNumber
from hivewright.model.several import texts_of
from hivewright.model.tpm import Tpm
from hivewright.values import MEBIBYTE, format_size


def _uuid(text: str) -> str:
    import uuid

    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError('a UUID is written "01234567-89ab-cdef-0123-456789abcdef"') from None


Uuid = Annotated[str, reader(_uuid, '"01234567-89ab-…"'), described("^[0-9A-Fa-f-]{36}$", "")]

DEFAULT_PROFILE = "other"
"""The one of a VM that names none."""


def _names(value: object) -> tuple[str, ...]:
    names = texts_of(value, '"www"')
    if any(re.fullmatch(NAME_PATTERN, name, re.ASCII) is None for name in names):
        raise PydanticCustomError("value", "{reason}", {"reason": NAME_FORM})
    if len(set(names)) < len(names):
        raise PydanticCustomError("value", "{reason}", {"reason": "a name is there twice"})
    return names


_ONE_NAME = {"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["www"]}
FormerNames = Annotated[
    tuple[str, ...],
    PlainValidator(_names),
    WithJsonSchema({"anyOf": [_ONE_NAME, {"type": "array", "items": _ONE_NAME, "minItems": 1, "uniqueItems": True}]}),
]
"""One name, or several in an array."""


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("value", "{reason}", {"reason": "a tag is there twice"})
    return names


def _alias(text: str) -> str:
    if not 1 <= len(text) <= 100 or not text.isprintable() or text.strip() != text:
        raise ValueError("another name has 1 to 100 printable characters, and none of them is a blank at an end")
    return text


Alias = Annotated[str, reader(_alias, '"Win10"'), described("^[^ ].{0,99}$", "Win10")]

Tags = Annotated[ListOf[Name], AfterValidator(_each_once)]

SMALLEST_MEMORY = 16 * MEBIBYTE
"""Below it not even a boot ROM runs, which bhyve puts into the guest's address space."""

Com = Literal["com1", "com2", "com3", "com4"]

Ending = Literal["destroy", "restart", "preserve", "rename-restart"]

_LPC_PORTS = Only(
    "amd64", "bhyve(8), -l", value=("com2", "com3", "com4"), instead="keep com1 only, which is the console there"
)
_FRAMEBUFFER = Only("amd64", "bhyve(8), fbuf", instead="delete vnc and use the serial console (hivectl console)")


_default_port = cache(SerialPort)
"""Models are frozen: one instance with nothing but defaults serves all VMs."""


def _one_port() -> dict[Com, SerialPort]:
    return {"com1": _default_port()}


class Vm(Table):
    """A virtual machine. Precedence of its keys: defaults < profile < inherit, in order < the VM itself."""

    host: Name | None = Field(None, description="The host it runs on.")
    hosts: ListOf[Name] = Field(
        (), description="Instead of host: the first is its home, it may be moved to the others."
    )
    owner_check: bool | None = Field(
        None,
        description="Whether each start looks who owns the VM, which stands with its disks: only that host may run it. "
        "Yes if absent and it has several hosts.",
    )
    replicate: Replicate | None = Field(
        None, description="Copies of it that another of its hosts keeps, made while it runs, for hivectl failover."
    )
    profile: Line = Field(
        DEFAULT_PROFILE, description="The guest operating system, a name under profiles/.", examples=["debian-13"]
    )
    inherit: ListOf[Name] = Field((), description="Templates whose keys it takes over, later ones winning.")
    description: Line = Field("", description="For people.")
    alias: Alias | None = Field(
        None,
        description="Another name that it is known by, as one that another tool gave it: hivectl(8) status shows it, "
        "and hooks are told it. Commands take the name of its table alone.",
    )
    tags: Tags = Field((), description="Words that select it: @web stands for all VMs with the tag web.")
    protected: bool = Field(
        False, description="Neither hivewright remove takes it out of the site, nor does its host destroy what it has."
    )
    renamed_from: FormerNames = Field(
        (),
        description="The name it had, or several, the latest first: its host gives what it has of that name the "
        "present one, once.",
    )
    moved_from: Name | None = Field(
        None,
        description="The host it lived on: on its present one no disk of it is made anew before it has been "
        "provisioned there once.",
    )
    uuid: Uuid | None = Field(None, description="SMBIOS UUID; derived from the names and kept in the lock if absent.")
    cpus: Annotated[int, NUMBER_OF_VCPUS] = Field(1, ge=1, le=1024, description="Number of vCPUs.")
    topology: Name | Topology | None = Field(
        None, description="A [topology.NAME] or a table; one core a socket if absent."
    )
    pin: dict[VcpuNumber, CpuList] = Field(
        default_factory=dict, description='Host CPUs of each vCPU: { 0 = "4", 1 = "6-7" }.'
    )
    numa: Annotated[dict[NumaNumber, NumaDomain], PC, MEMORY_DOMAINS] = Field(
        default_factory=dict, description="Memory domains, by number."
    )
    memory: Size = Field(description=f"Guest memory in whole mebibytes, at least {format_size(SMALLEST_MEMORY)}.")
    autostart: bool = Field(True, description="Start with the host.")
    order: int = Field(50, ge=0, le=9999, description="Lower starts earlier; equal ones start side by side.")
    after: ListOf[Name] = Field((), description="VMs that must be ready first.")
    ready: Ready | None = Field(None, description="What ready means for those that wait for this one.")
    on_not_ready: Literal["wait", "start", "skip"] = Field(
        "wait",
        description="What those after this one do when it does not get ready in time: wait in the background, start "
        "all the same, or not start.",
    )
    stop_timeout: Duration = Field(60, description="How long a clean stop may take before force is used.")
    stop: Stop = Field(default_factory=cache(Stop), description="How it is stopped.")
    checkpoint: bool = Field(
        False, description="Whether it can be saved: devices that bhyve does not save are refused then."
    )
    on_host_shutdown: Literal["stop", "suspend"] = Field(
        "stop",
        description="What becomes of it when its host shuts down: it is stopped, or saved, to go on at its next start. "
        "One that cannot be saved at that moment is stopped.",
    )
    on_poweroff: Ending = Field("destroy", description="What follows a power-off by the guest.")
    on_reboot: Ending = Field("restart", description="What follows a reboot by the guest.")
    on_crash: Ending = Field("restart", description="What follows an abnormal end.")
    restart_limit: RestartLimit = Field(
        default_factory=cache(RestartLimit), description="How many restarts within how long are normal."
    )
    firmware: Firmware = Field(default_factory=cache(Firmware), description="What the guest starts with.")
    machine: Machine = Field(default_factory=cache(Machine), description="Switches of the machine.")
    smbios: Annotated[Smbios | None, PC, Since("14.0", "bhyve_config(5), SMBIOS settings")] = Field(
        None, description="Strings of the SMBIOS tables."
    )
    fwcfg: Annotated[dict[Name, FirmwareConfiguration], PC, FIRMWARE_FILES] = Field(
        default_factory=dict, description="Files read by fw_cfg."
    )
    disk: dict[Name, Disk] = Field(default_factory=dict, description="Disks, by name.")
    cd: dict[Name, Cd] = Field(default_factory=dict, description="Optical drives, by name.")
    controller: dict[Name, Controller] = Field(
        default_factory=dict, description="AHCI controllers that disks and drives name, where they have a fixed place."
    )
    install: Install | None = Field(None, description="How it is installed.")
    nic: dict[Name, Nic] = Field(default_factory=dict, description="Network interfaces, by name.")
    passthrough: Annotated[dict[Name, Passthrough], Only("amd64", "bhyve(8), passthru")] = Field(
        default_factory=dict, description="Host devices, by name."
    )
    serial: Annotated[dict[Com, SerialPort], _LPC_PORTS] = Field(
        default_factory=_one_port, description="Serial ports; com1 on nmdm(4) if absent."
    )
    vnc: Annotated[Vnc | None, Switch, _FRAMEBUFFER] = Field(None, description="A framebuffer shown over VNC.")
    rng: Annotated[Rng | None, Switch] = Field(None, description="A random-number device.")
    sound: Annotated[Sound | None, Switch] = Field(None, description="A sound card.")
    tablet: Annotated[Tablet | None, Switch, Only("amd64", "bhyve(8), xhci")] = Field(
        None, description="A USB tablet, which a VM may have without a screen as well."
    )
    input: Annotated[dict[Name, Input], Since("14.0", "bhyve(8), virtio-input; the release is unconfirmed")] = Field(
        default_factory=dict, description="Input devices of the host, by name."
    )
    channel: dict[Name, Channel] = Field(
        default_factory=dict, description="Ports of a virtio console, by name; 16 at most."
    )
    agent: Annotated[Agent | None, Switch] = Field(
        None,
        description="A channel of its own for the QEMU guest agent, which has to run in the guest: it answers hivectl "
        "agent, freezes file systems for snapshots, and tells its addresses.",
    )
    tpm: Annotated[Tpm | None, Switch, PC] = Field(None, description="A trusted platform module, TPM 2.0.")
    cloud_init: Annotated[CloudInit | None, Switch] = Field(None, description="First-boot data.")
    login: Login | None = Field(None, description="What hivectl login runs to reach it.")
    share: dict[Name, Share] = Field(default_factory=dict, description="Directories of the host, by name.")
    limits: Limits | None = Field(None, description="What it may take from the host.")
    debug: Debug | None = Field(None, description="What debugs it.")
    hooks: Hooks = Field(default_factory=cache(Hooks), description="Programs run around its life.")
    event: dict[Name, Event] = Field(default_factory=dict, description="What it does at events of the host, by name.")
    carp: Carp | None = Field(
        None,
        description="The address that it follows: it runs where its host is the master of it, and stands by elsewhere.",
    )
    environment: dict[VariableName, VariableValue] = Field(
        default_factory=dict,
        description="Environment variables that its bhyve(8) gets besides those of whoever starts it. They stand in "
        "the start script, so nothing that is secret.",
    )
    extra_args: ListOf[Line] = Field((), description="Further arguments for bhyve(8), checked for collisions.")
