"""Addresses of guests and of hosts, and networks that routes lead to."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hivewright.model.base import described, reader
from hivewright.model.several import texts_of


def _address_4(text: str) -> str:
    if text == "dhcp":
        return text
    address, _, length = text.partition("/")
    try:
        ip = ipaddress.IPv4Address(address)
    except ValueError:
        ip = None
    if ip is None or not length or (length.isdigit() and int(length) > 32):
        raise ValueError('an IPv4 address is written with its prefix length, "192.0.2.10/24", or is "dhcp"')
    if not (length.isascii() and length.isdigit()):
        raise ValueError('the prefix length is a number, as in "192.0.2.10/24"')
    _check_single(ip)
    hosts = (1 << 32 - int(length)) - 1
    if hosts > 1 and int(ip) & hosts in (0, hosts):
        network = ipaddress.IPv4Network((ip, int(length)), strict=False)
        raise ValueError(f"{ip} is the network or broadcast address of {network}, not an address of a host")
    return f"{ip}/{int(length)}"


def _address_6(text: str) -> str:
    if text in ("dhcp", "auto"):
        return text
    try:
        address = ipaddress.IPv6Interface(text)
    except ValueError:
        address = None
    if address is None or "/" not in text or "%" in text:
        raise ValueError('an IPv6 address is written with its prefix length, "2001:db8::10/64", or is "dhcp" or "auto"')
    _check_single(address.ip)
    return str(address)


def _check_single(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Refuses what no interface of a guest can be reached by; ``ValueError`` says why."""
    if ip.version == 4 and 1 << 24 <= int(ip) < 224 << 24 and int(ip) >> 24 != 127:
        return  # most addresses; ipaddress takes ten times as long
    kinds = {"a multicast": ip.is_multicast, "the loopback": ip.is_loopback, "the unspecified": ip.is_unspecified}
    for kind, applies in kinds.items():
        if applies:
            raise ValueError(f"{ip} is {kind} address, not one of a host")


def _ip(text: str) -> str:
    # bhyve(8) expands percent signs, and ipaddress takes any text for the zone behind one.
    try:
        if "%" in text:
            raise ValueError
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError('an address is written "192.0.2.1" or "2001:db8::1", without a zone') from None


def _ip_4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError('an IPv4 address is written "192.0.2.1"') from None


def _ip_6(text: str) -> str:
    try:
        if "%" in text:
            raise ValueError
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError('an IPv6 address is written "2001:db8::1", without a zone') from None


def _several(
    parse: Callable[[str], str], example: str, keywords: tuple[str, ...]
) -> tuple[PlainValidator, WithJsonSchema]:
    """One text that ``parse`` reads, or an array of addresses; the value is a tuple either way."""
    one = lru_cache(maxsize=16384)(lambda text: (parse(text),))

    def read(value: object) -> tuple[str, ...]:
        texts = texts_of(value, example)
        try:
            return one(texts[0]) if len(texts) == 1 else _together([parse(text) for text in texts])
        except ValueError as error:
            raise PydanticCustomError("value", "{reason}", {"reason": str(error)}) from None

    single = example.strip('"')
    text = {"type": "string", "pattern": f"^({'|'.join([*keywords, '.+/[0-9]+'])})$", "examples": [single]}
    array = {"type": "array", "items": {"type": "string", "pattern": "^.+/[0-9]+$"}, "minItems": 1, "uniqueItems": True}
    return PlainValidator(read), WithJsonSchema({"anyOf": [text, array]})


def _together(addresses: list[str]) -> tuple[str, ...]:
    """Addresses of one interface; ``ValueError`` when they cannot be."""
    seen: set[str] = set()
    for text in addresses:
        address, length, _ = text.partition("/")
        if not length:
            raise ValueError(f'"{text}" stands alone; an array has addresses with their prefix lengths')
        if address in seen:
            raise ValueError(f"{address} is there twice")
        seen.add(address)
    return tuple(addresses)


_FORMS_4 = _several(_address_4, '"192.0.2.10/24"', ("dhcp",))
_FORMS_6 = _several(_address_6, '"2001:db8::10/64"', ("dhcp", "auto"))
Addresses4 = Annotated[tuple[str, ...], *_FORMS_4]
Addresses6 = Annotated[tuple[str, ...], *_FORMS_6]
Ip = Annotated[str, reader(_ip, '"192.0.2.53"'), described("^[0-9a-fA-F.:]+$", "192.0.2.53")]
Ip4 = Annotated[str, reader(_ip_4, '"192.0.2.1"'), described("^[0-9.]+$", "192.0.2.1")]


def _or_none(parse: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda text: None if text == "none" else parse(text)


Address4 = Annotated[str, reader(_ip_4, '"192.0.2.1"'), described("^[0-9.]+$", "192.0.2.1")]
Gateway4 = Annotated[str | None, reader(_or_none(_ip_4), '"192.0.2.1"'), described("^([0-9.]+|none)$", "192.0.2.1")]
Gateway6 = Annotated[
    str | None, reader(_or_none(_ip_6), '"2001:db8::1"'), described("^([0-9a-fA-F:.]+|none)$", "2001:db8::1")
]
"""A router, or none: the key is set then, and its value is ``None``."""


def _host_address_4(text: str) -> str:
    if text == "dhcp":
        raise ValueError('an IPv4 address of the host is written with its prefix length, "192.0.2.1/24"')
    return _address_4(text)


def _host_address_6(text: str) -> str:
    if text in ("dhcp", "auto"):
        raise ValueError('an IPv6 address of the host is written with its prefix length, "2001:db8::1/64"')
    return _address_6(text)


HostAddress4 = Annotated[str, reader(_host_address_4, '"192.0.2.1/24"'), described("^[0-9./]+$", "192.0.2.1/24")]
HostAddresses4 = Annotated[tuple[str, ...], *_several(_host_address_4, '"192.0.2.1/24"', ())]
HostAddresses6 = Annotated[tuple[str, ...], *_several(_host_address_6, '"2001:db8::1/64"', ())]


def _subnet(text: str) -> str:
    if text in ("default", "0.0.0.0/0", "::/0"):
        raise ValueError("a default route is gateway4 or gateway6")
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    if interface is None or "/" not in text or "%" in text:
        raise ValueError('a network is written "10.0.0.0/8" or "2001:db8:1::/48"')
    if interface.ip != interface.network.network_address:
        raise ValueError(f"{text} has bits beyond its prefix length; the network is {interface.network}")
    return str(interface.network)


Subnet = Annotated[str, reader(_subnet, '"10.0.0.0/8"'), described("^.+/[0-9]+$", "10.0.0.0/8")]


def within(address: str, subnet: str) -> bool:
    """Whether ``192.0.2.1`` is an address of the network of ``192.0.2.10/24``; of another family it is not."""
    host, _, prefix = subnet.partition("/")
    if (":" in address) != (":" in host):
        return False
    if ":" in host:
        return not (_number_6(address) ^ _number_6(host)) >> (128 - int(prefix))
    return not (_number_4(address) ^ _number_4(host)) >> (32 - int(prefix))


def is_for_all(address: str, subnet: str) -> bool:
    """Whether an IPv4 address is the network or broadcast address of a network."""
    hosts = (1 << 32 - int(subnet.rpartition("/")[2])) - 1
    return hosts > 1 and _number_4(address) & hosts in (0, hosts)


def is_link_local(address: str) -> bool:
    """Whether it is of fe80::/10, which every interface reaches on its own link."""
    first = address.partition(":")[0]
    return len(first) == 4 and "fe80" <= first <= "febf"


def _number_4(text: str) -> int:
    # The model has normalised the text, so this is enough; ipaddress takes ten times as long.
    first, second, third, fourth = text.split(".")
    return (int(first) << 24) + (int(second) << 16) + (int(third) << 8) + int(fourth)


def _number_6(text: str) -> int:
    return int(ipaddress.IPv6Address(text))
