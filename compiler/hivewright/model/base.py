"""The base of every table and the value types shared by them.

Models are strict (no coercion), frozen, and refuse unknown keys. A value type that reads text of a fixed form
raises ``PydanticCustomError`` with the type ``value``; ``site.model_errors`` turns pydantic's errors into diagnostics.

Modules of models do not use ``from __future__ import annotations``: pydantic would have to evaluate each annotation
at every start.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hivewright.values import units

T = TypeVar("T")


class Table(BaseModel):
    """A TOML table of the site."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def reader(parse: Callable[[str], T], example: str) -> PlainValidator:
    """A validator that turns text into a value with ``parse``; its ``ValueError`` becomes the message.

    ``parse`` must make values that can be shared: most texts of a site recur in many VMs and are parsed once.
    """
    known = lru_cache(maxsize=16384)(parse)

    def read(value: object) -> T:
        if not isinstance(value, str):
            raise PydanticCustomError(
                "text", "this must be text in quotes, for example {example}", {"example": example}
            )
        try:
            return known(value)
        except ValueError as error:
            raise PydanticCustomError("value", "{reason}", {"reason": str(error)}) from None

    return PlainValidator(read)


def described(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


def matching(pattern: str, expectation: str, limit: int = 0) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise ValueError(expectation)
        if limit and len(text) > limit:
            raise ValueError(f"this is {len(text)} characters long; the limit is {limit}")
        return text

    return parse


def absolute_path(text: str) -> str:
    # bhyve(8) cannot escape a comma in an option and expands %(name) and backslashes in configuration values.
    if not text.startswith("/"):
        raise ValueError('a path on the host is absolute, for example "/srv/vms"')
    if re.search(r"[,%\\]", text) or not text.isprintable():
        raise ValueError("bhyve cannot take a comma, percent sign, backslash or control character in a path")
    if any(part in ("..", ".") for part in text.split("/")):
        raise ValueError('a path on the host must not contain "." or ".."')
    if text != "/" and text.endswith("/"):
        raise ValueError("a path on the host must not end in a slash")
    if "//" in text:
        raise ValueError("a path on the host must not contain an empty part (//)")
    return text


def _site_path(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/") or not text or not text.isprintable():
        raise ValueError('a file of the site is named relative to the site\'s folder, for example "files/web1.yaml"')
    return text


def _host_port(text: str) -> str:
    address, colon, port = text.rpartition(":")
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        if re.search(r"%(?![A-Za-z0-9_.-]+\Z)", bare):  # a zone is the name of an interface
            raise ValueError
        version = ipaddress.ip_address(bare).version
        valid = bool(colon) and (version == 6) == (bare != address) and re.fullmatch("[0-9]+", port, re.ASCII)
    except ValueError:
        valid = None
    if valid and (len(port) > 5 or not 1 <= int(port) <= 65535):
        raise ValueError("a port is a number from 1 to 65535")
    if not valid:
        raise ValueError('an address and port is written "192.0.2.10:80" or "[2001:db8::1]:80"')
    return text


def _span(text: str) -> int:
    seconds = units.parse_duration(text)
    if not seconds:
        raise ValueError("this must be longer than zero")
    return seconds


def _bool_as_table(value: object) -> object:
    return {} if value is True else None if value is False else value


class Written(NamedTuple):
    """How a value of a type is written in TOML, where that is another than the value itself."""

    form: Callable[[int], str]


NAME_PATTERN = r"[a-z][a-z0-9_-]{0,30}"
NAME_EXAMPLE = "web1"
NAME_FORM = "a name has 1 to 31 lower-case letters, digits, - and _, and begins with a letter"

Name = Annotated[
    str,
    reader(
        matching(NAME_PATTERN, NAME_FORM),
        NAME_EXAMPLE,
    ),
    described(f"^{NAME_PATTERN}$", NAME_EXAMPLE),
]
"""The name of an object; it also becomes part of paths, interface names and ZFS names (bhyve(8), vmname)."""

IMAGE_NAME_PATTERN = r"[a-z][a-z0-9._-]{0,30}"
IMAGE_NAME_FORM = "a name has 1 to 31 lower-case letters, digits, dots, - and _, and begins with a letter"

ImageName = Annotated[
    str,
    reader(
        matching(
            IMAGE_NAME_PATTERN,
            IMAGE_NAME_FORM,
        ),
        "debian-13",
    ),
    described(f"^{IMAGE_NAME_PATTERN}$", "debian-13"),
]
"""The name of an image: that of an [image.NAME] or of a profile, so it may hold dots ("ubuntu-24.04")."""

VcpuNumber = Annotated[
    str,
    reader(matching("0|[1-9][0-9]{0,3}", "a vCPU is named by its number, counted from 0"), "0"),
    described("^(0|[1-9][0-9]{0,3})$", "0"),
]

Size = Annotated[int, reader(units.parse_size, '"4G"'), described("^[0-9]+[KMGT]$", "4G"), Written(units.format_size)]
"""Bytes."""

_DURATION = (described("^[0-9]+(s|m|h)$", "60s"), Written(units.format_duration))

Duration = Annotated[int, reader(units.parse_duration, '"60s"'), *_DURATION]
"""Seconds."""

Span = Annotated[int, reader(_span, '"60s"'), *_DURATION]
"""Seconds, at least one."""

Rate = Annotated[
    int,
    reader(units.parse_rate, '"100Mbit"'),
    described("^[0-9]+[KMG]bit$", "100Mbit"),
    Written(units.format_rate),
]
"""Bits per second."""

Mac = Annotated[
    str,
    reader(units.parse_mac, '"58:9c:fc:0a:1b:2c"'),
    described("^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$", "58:9c:fc:0a:1b:2c"),
]

CpuList = Annotated[tuple[int, ...], reader(units.parse_cpu_list, '"6-7"'), described("^[0-9,-]+$", "6-7")]

PciSelector = Annotated[str, reader(units.parse_pci_selector, '"2/0/0"'), described("^[0-9]+/[0-9]+/[0-9]+$", "2/0/0")]


def _pci_address(value: object) -> units.PciAddress:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        wanted = 'a slot number or text such as "4:1"'
        raise PydanticCustomError("text", "this must be {wanted}", {"wanted": wanted})
    try:
        return units.parse_pci_address(value)
    except ValueError as error:
        raise PydanticCustomError("value", "{reason}", {"reason": str(error)}) from None


Slot = Annotated[
    tuple[int, int, int],
    PlainValidator(_pci_address),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 31}, {"type": "string"}]}),
]
"""A fixed PCI address in the guest."""

INTERFACE_PATTERN = r"[A-Za-z][A-Za-z0-9_.-]*"
INTERFACE_FORM = "an interface name begins with a letter and has letters, digits, - _ and . only"
_interface_name = matching(INTERFACE_PATTERN, INTERFACE_FORM)
Interface = Annotated[str, reader(_interface_name, "ix0"), described("^[A-Za-z][A-Za-z0-9_.-]{0,14}$", "ix0")]
"""A network interface; that it fits into 15 characters (ifconfig(8)) is a rule, so that it gets its own code."""

Backend = Annotated[str, reader(_interface_name, "tap7"), described("^(tap|vmnet)[A-Za-z0-9_.-]{0,12}$", "tap7")]
"""Likewise, one that bhyve opens as a tap; that its name says so is a rule."""

OwnTap = Annotated[str, reader(_interface_name, "tap-web1"), described("^[A-Za-z][A-Za-z0-9_.-]{0,14}$", "tap-web1")]
"""Likewise, a tap that hivewright makes."""

ValeSwitch = Annotated[
    str,
    reader(
        matching("vale[0-9A-Za-z_]{1,3}", 'a switch is named "vale" and one to three letters, digits or _'),
        '"vale0"',
    ),
    described("^vale[0-9A-Za-z_]{1,3}$", "vale0"),
]
"""A switch of vale(4): with its port it has to fit into 15 characters."""

NetgraphName = Annotated[
    str,
    reader(
        matching("[A-Za-z][A-Za-z0-9_-]{0,30}", "a netgraph(4) node is named by at most 31 letters, digits, - and _"),
        '"vmsw"',
    ),
    described("^[A-Za-z][A-Za-z0-9_-]{0,30}$", "vmsw"),
]

HostPath = Annotated[str, reader(absolute_path, '"/srv/vms"'), described("^/", "/srv/vms")]
SitePath = Annotated[str, reader(_site_path, '"files/web1.yaml"'), described("^[^/]", "files/web1.yaml")]
HostPort = Annotated[
    str,
    reader(_host_port, '"192.0.2.10:80"'),
    described(r"^([0-9.]+|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?\]):[0-9]{1,5}$", "192.0.2.10:80"),
]

Dataset = Annotated[
    str,
    reader(
        matching(
            r"[A-Za-z][A-Za-z0-9_.:-]*(/(?!\.\.?(/|$))[A-Za-z0-9_.:-]+)*",
            'a dataset is a pool and names separated by slashes, for example "zroot/vms"',
            200,
        ),
        "zroot/vms",
    ),
    described("^[A-Za-z][A-Za-z0-9_.:/-]*$", "zroot/vms"),
]

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_DOMAIN_FORM = 'a domain is names of letters, digits and - with dots between them, for example "example.net"'

Domain = Annotated[
    str, reader(matching(_DOMAIN, _DOMAIN_FORM, 253), '"example.net"'), described(f"^{_DOMAIN}$", "example.net")
]
DomainOrNone = Annotated[
    str, reader(matching(f"(?:{_DOMAIN})?", _DOMAIN_FORM, 253), '"example.net"'), described(f"^({_DOMAIN})?$", "")
]
"""A domain, or an empty text for none."""

SshName = Annotated[
    str,
    reader(
        matching(r"[A-Za-z0-9_:][A-Za-z0-9_.:-]*", "a name or an address, as ssh(1) takes it"), '"alpha.example.net"'
    ),
    described("^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$", "alpha.example.net"),
]
"""Never an option: ssh(1) would take a word that begins with a dash for one."""

Sha256 = Annotated[
    str,
    reader(matching("[0-9a-f]{64}", "a SHA-256 checksum is 64 lower-case hexadecimal digits"), "(64 digits)"),
    described("^[0-9a-f]{64}$", "0" * 64),
]

Serial = Annotated[
    str,
    reader(
        matching(r"[A-Za-z0-9_.-]{1,20}", "a serial number has 1 to 20 letters, digits, - _ and . (bhyve(8))"), "S1"
    ),
    described("^[A-Za-z0-9_.-]{1,20}$", "S1"),
]

DiskModel = Annotated[
    str,
    reader(
        matching(
            r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,38}[A-Za-z0-9_.-])?",
            "a model has 1 to 40 letters, digits, blanks, - _ and ., and begins with a letter or digit (bhyve(8))",
        ),
        '"Example Disk"',
    ),
    described(r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$", "Example Disk"),
]

DiskRevision = Annotated[
    str,
    reader(matching(r"[A-Za-z0-9_.-]{1,8}", "a revision has 1 to 8 letters, digits, - _ and . (bhyve(8))"), '"1.0"'),
    described("^[A-Za-z0-9_.-]{1,8}$", "1.0"),
]

_PORT_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

PortName = Annotated[
    str,
    reader(
        matching(_PORT_NAME, "such a name has 1 to 63 letters, digits, - _ and ., and begins with a letter or digit"),
        '"org.qemu.guest_agent.0"',
    ),
    described(f"^{_PORT_NAME}$", "org.qemu.guest_agent.0"),
]
"""What a guest knows a port of a virtio console, or a share, by (bhyve(8))."""

Eui64 = Annotated[
    str,
    reader(matching("[0-9a-f]{16}", "an EUI-64 is 16 lower-case hexadecimal digits"), '"589cfc0000000001"'),
    described("^[0-9a-f]{16}$", "589cfc0000000001"),
]

SectorSize = Annotated[
    str,
    reader(
        matching(
            r"(512|1024|2048|4096|8192)(/(512|1024|2048|4096|8192|16384))?",
            'a sector size is "512", "4096" or logical/physical such as "512/4096"',
        ),
        "512/4096",
    ),
    described("^[0-9]+(/[0-9]+)?$", "512/4096"),
]

Vlan = Annotated[int, Field(ge=1, le=4094)]

Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text on one line."""

Words = tuple[Line, ...]

ListOf = Annotated[tuple[T, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]
"""A TOML array, kept as a tuple."""

Switch = BeforeValidator(_bool_as_table)
"""Lets ``rng = true`` stand for an empty table and ``rng = false`` for none."""
