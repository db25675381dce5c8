"""A FreeBSD host: ``[host.NAME]``."""

import re
from functools import cache
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal

from pydantic import Field

from hivewright.bhyve.facts import ARM64, Only
from hivewright.model.addresses import Address4
from hivewright.model.base import (
    Duration,
    HostPath,
    Line,
    ListOf,
    Name,
    PciSelector,
    Size,
    SshName,
    Switch,
    Table,
    Written,
    described,
    reader,
)
from hivewright.model.sriov import PciName, Sriov
from hivewright.values import format_size, units

CapabilityName = Literal["snapshot", "live-migration"]


class Device(Table):
    """A PCI device kept for guests: ``[host.HOST.device.NAME]``."""

    pci: PciSelector = Field(description="bus/slot/function as pciconf(8) lists it.")
    bind: Literal["boot", "start"] = Field(
        "boot",
        description="When it is taken from its driver: at boot, for good, or at each start of a guest that has it, "
        "which then gives it back.",
    )
    independent: bool = Field(
        False,
        description="It can be reset by itself, as the ports of most network cards can, so it may be apart from the "
        "other functions of its card.",
    )
    description: Line = Field("", description="For people.")


class Metrics(Table):
    """A file with the state of all guests for Prometheus: ``metrics = true`` or ``[host.NAME.metrics]``."""

    path: HostPath = Field(
        "/var/tmp/node_exporter/hivewright.prom",
        description="Where it lies; node_exporter reads files there that end in .prom.",
    )


def _log_size(text: str) -> int:
    size = units.parse_size(text)
    if not 65536 <= size <= 2**30:
        raise ValueError("a log is bounded at 64K at least, and 1G at most")
    return size


class Logs(Table):
    """Bounds of each guest's logs: ``logs = { size = "4M", copies = 12 }``."""

    size: Annotated[int, reader(_log_size, '"4M"'), described("^[0-9]+[KMGT]$", "4M"), Written(format_size)] = Field(
        1000 * 1024, description="How large a log grows before it is copied and emptied, every five minutes if need be."
    )
    copies: int = Field(7, ge=1, le=99, description="So many of the last copies are kept.")


class LiveMigration(Table):
    """Where bhyve waits for a guest that runs on another host: ``live_migration = { address = "192.0.2.11" }``."""

    address: Address4 | None = Field(
        None, description="An IPv4 address of this host; address of the host, if that is one and this is absent."
    )
    port: int = Field(24983, ge=1024, le=65535, description="The port of TCP.")


BHYVE = "/usr/sbin/bhyve"
"""That of the base system."""

_BHYVE_PATH = r"/([A-Za-z0-9_-][A-Za-z0-9._-]*/)*bhyve([._-][A-Za-z0-9._-]*)?"


def _bhyve(text: str) -> str:
    # Processes of guests are found by the name of their program; bhyvectl and bhyveload are others.
    if re.fullmatch(_BHYVE_PATH, text) is None:
        raise ValueError(
            'this is the path of a bhyve, whose own name is bhyve or begins with "bhyve-", "bhyve." or "bhyve_", '
            'such as "/usr/local/sbin/bhyve-next"'
        )
    return text


BhyvePath = Annotated[
    str, reader(_bhyve, '"/usr/local/sbin/bhyve"'), described(f"^{_BHYVE_PATH}$", "/usr/local/sbin/bhyve")
]


class Host(Table):
    """A FreeBSD host."""

    freebsd: Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]{1,2}$")] = Field(
        description='Its release, "14.3"; decides which syntax may be emitted.'
    )
    arch: Annotated[Literal["amd64", "arm64"], ARM64] = Field("amd64", description="Its architecture.")
    address: SshName | None = Field(None, description="Name or address for ssh(1).")
    cpus: int | None = Field(None, ge=1, le=1024, description="Number of CPUs; lets pins and vCPUs be checked.")
    memory: Size | None = Field(None, description="Its memory; lets the sum of its VMs be checked.")
    reserve_memory: Size = Field(2**30, description="Memory kept for the host itself.")
    shutdown_timeout: Duration | Annotated[int, Field(ge=1, le=86400)] | None = Field(
        None,
        description="Seconds (or a duration) granted to all VMs together when the host shuts down; what they may need "
        "if absent.",
    )
    capabilities: Annotated[ListOf[CapabilityName], Only("amd64", "src.conf(5), WITH_BHYVE_SNAPSHOT")] = Field(
        (), description="What its bhyve was built with."
    )
    live_migration: LiveMigration = Field(
        default_factory=cache(LiveMigration),
        description="Where its bhyve waits for a guest that another host sends while it runs, with the capability "
        "live-migration.",
    )
    bhyve: BhyvePath = Field(
        BHYVE,
        description="The program that runs guests, which may be another build of bhyve(8). It is held to what that of "
        "the release takes.",
    )
    iommu: Literal["intel", "amd"] | None = Field(
        None, description="Whose IOMMU it has; amd is switched on for passthrough. A note says how if absent."
    )
    ipfw_number: Annotated[int, Field(ge=1, le=65000)] | None = Field(
        None,
        description="The number of the ipfw(8) rules that limit NICs (rate_limit). They come before rules that let "
        "packets of guests pass, and behind rules of one's own for frames (layer2).",
    )
    device: dict[Name, Device] = Field(default_factory=dict, description="PCI devices kept for guests.")
    sriov: dict[PciName, Sriov] = Field(
        default_factory=dict, description="Devices that make virtual functions (SR-IOV)."
    )
    start_side_by_side: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="At most so many guests are being started at once; all that may be if absent."
    )
    start_delay: Duration = Field(0, description="Pause between two of these, when all guests are started.")
    logs: Logs = Field(default_factory=cache(Logs), description="How large logs of guests grow, and what is kept.")
    media: HostPath | None = Field(
        None,
        description="Its folder with files of images, which are taken from there before anything is fetched; "
        "/var/db/hivewright/media if absent.",
    )
    metrics: Annotated[Metrics | None, Switch] = Field(
        None, description="A file with the state of all guests, written each minute."
    )
    network: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, description="Keys of networks that differ on this host."
    )
    storage: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, description="Keys of storages that differ on this host."
    )
    description: Line = Field("", description="For people.")


def receives_at(host: Host) -> str:
    """The IPv4 address at which its bhyve waits for guests from other hosts; empty where none is known."""
    address = host.live_migration.address or host.address or ""
    try:
        return str(IPv4Address(address))
    except ValueError:
        return ""


def media_folder(_host: Host) -> str:
    """Where a host has files of images that are taken instead of being fetched."""
    return "/var/db/hivewright/media"
