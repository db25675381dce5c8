"""Network interfaces of a VM."""

import ipaddress
from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import Only
from hivewright.model.base import Domain, Interface, ListOf, Mac, Name, Rate, Slot, Table, Vlan, described, reader
from hivewright.model.sriov import Function


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


Address4 = Annotated[
    str, reader(_address_4, '"192.0.2.10/24"'), described("^(dhcp|[0-9.]+/[0-9]{1,2})$", "192.0.2.10/24")
]
Address6 = Annotated[str, reader(_address_6, '"2001:db8::10/64"'), described("^(dhcp|auto|.+/[0-9]+)$", "auto")]
Ip = Annotated[str, reader(_ip, '"192.0.2.53"'), described("^[0-9a-fA-F.:]+$", "192.0.2.53")]
Ip4 = Annotated[str, reader(_ip_4, '"192.0.2.1"'), described("^[0-9.]+$", "192.0.2.1")]
Ip6 = Annotated[str, reader(_ip_6, '"2001:db8::1"'), described("^[0-9a-fA-F:.]+$", "2001:db8::1")]


def _host_address_4(text: str) -> str:
    if text == "dhcp":
        raise ValueError('an IPv4 address of the host is written with its prefix length, "192.0.2.1/24"')
    return _address_4(text)


def _host_address_6(text: str) -> str:
    if text in ("dhcp", "auto"):
        raise ValueError('an IPv6 address of the host is written with its prefix length, "2001:db8::1/64"')
    return _address_6(text)


HostAddress4 = Annotated[str, reader(_host_address_4, '"192.0.2.1/24"'), described("^[0-9./]+$", "192.0.2.1/24")]
HostAddress6 = Annotated[str, reader(_host_address_6, '"2001:db8::1/64"'), described("^.+/[0-9]+$", "2001:db8::1/64")]


class Forward(Table):
    """A port of the host that leads to the guest: ``[vm.NAME.nic.NIC.forward.NAME]``; networks nat and slirp only."""

    port: int = Field(ge=1, le=65535, description="Port of the host.")
    to: int = Field(ge=1, le=65535, description="Port of the guest.")
    protocol: Literal["tcp", "udp"] = Field("tcp", description="The protocol.")


class RateLimit(Table):
    """What a NIC may carry at most: ``rate_limit = { in = "100Mbit", out = "50Mbit" }``, as the guest sees it."""

    inward: Rate | None = Field(
        None, alias="in", description="Bits per second that reach the guest; no limit if absent."
    )
    out: Rate | None = Field(None, description="Bits per second that the guest sends; no limit if absent.")


_FUNCTIONS = Only("amd64", "bhyve(8), passthru", instead="connect it to a network")


class Nic(Table):
    """A network interface: ``[vm.NAME.nic.NIC]``."""

    network: Name = Field("", description="The [network.NAME] it is connected to; this or vf.")
    vf: Annotated[Function | None, _FUNCTIONS] = Field(
        None, description="The virtual function of a [host.HOST.sriov.DEVICE] that it is, in place of a network's port."
    )
    model: Literal["virtio-net", "e1000"] = Field("virtio-net", description="The device the guest sees.")
    mac: Mac | None = Field(None, description="MAC address; derived from the names and kept in the lock if absent.")
    mtu: int | None = Field(None, ge=576, le=16384, description="MTU told to the guest; that of the network if absent.")
    ipv4: Address4 | None = Field(None, description='Address for the first-boot data: "192.0.2.10/24" or "dhcp".')
    gateway4: Ip4 | None = Field(
        None, description="IPv4 default gateway; on a routed network also the address of the host on the tap."
    )
    ipv6: Address6 | None = Field(None, description='"2001:db8::10/64", "dhcp" or "auto" (router advertisements).')
    gateway6: Ip6 | None = Field(None, description="IPv6 default gateway.")
    dns: ListOf[Ip] = Field((), description="Name servers.")
    search: ListOf[Domain] = Field((), description="Domains to search.")
    private: bool = Field(False, description="Cannot talk to other private ports of its bridge.")
    vlan: Vlan | None = Field(None, description="Its VLAN, without tags, on a network with vlan_filter.")
    trunk: ListOf[Vlan] = Field((), description="VLANs it sees with tags, on a network with vlan_filter.")
    forward: dict[Name, Forward] = Field(
        default_factory=dict, description="Ports of the host that lead to it; networks of the kinds nat and slirp only."
    )
    tap: Interface | None = Field(
        None,
        description="Name of the tap; taken from the lock if absent. The host has no address on it, but on the bridge "
        "(ipv4 and ipv6 of the network), or, on a routed network, gateway4.",
    )
    persistent: bool = Field(
        False,
        description="The tap stays, in its bridge, when the guest stops, and the next start uses it; hivectl network "
        "down removes it. Networks with a tap only.",
    )
    rate_limit: RateLimit | None = Field(
        None,
        description="How much it may carry, as rules for ipfw(8) with pipes of dummynet(4), which the administrator "
        "includes. Networks with a tap only; needs ipfw_number of the host.",
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")
