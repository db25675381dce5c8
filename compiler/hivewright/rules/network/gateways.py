"""Gateways and static addresses in first-boot data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose

if TYPE_CHECKING:
    from hivewright.model.nic import Nic


def gateways(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, key, nic in index.nics:
        if nic.gateway4 is not None and not _reaches(nic.gateway4, nic.ipv4):
            yield _gateway(index, name, key, nic, "4")
        if nic.gateway6 is not None and not _reaches(nic.gateway6, nic.ipv6):
            yield _gateway(index, name, key, nic, "6")


def _reaches(gateway: str, address: str | None) -> bool:
    """Whether ``192.0.2.1`` is another host in the network of ``192.0.2.10/24``."""
    if address is None or "/" not in address:
        return False
    host, _, prefix = address.partition("/")
    if host == gateway:
        return False
    if ":" not in gateway:
        router, length = _number_4(gateway), 32 - int(prefix)
        return not (router ^ _number_4(host)) >> length and not _is_for_all(router, length)
    # A link-local gateway (fe80::/10) can be reached from any address.
    return "fe80" <= gateway[:4] <= "febf" or not (_number_6(gateway) ^ _number_6(host)) >> (128 - int(prefix))


def _is_for_all(number: int, length: int) -> bool:
    """Whether an IPv4 address is the network or broadcast address of a network with so many bits for hosts."""
    hosts = (1 << length) - 1
    return length > 1 and number & hosts in (0, hosts)


def _gateway(index: SiteIndex, vm: str, key: str, nic: Nic, version: str) -> Diagnostic:
    """Why a guest does not reach its gateway."""
    from ipaddress import ip_address, ip_interface

    address = nic.ipv4 if version == "4" else nic.ipv6
    gateway = (nic.gateway4 if version == "4" else nic.gateway6) or ""
    here = ("vm", vm, "nic", key)
    gateway_key, address_key = f"gateway{version}", f"ipv{version}"
    also = [index.site.place(*here, address_key)]
    if address is None or "/" not in address:
        how = f"has no {address_key}" if address is None else f'gets its address by {address_key} = "{address}"'
        code, message = "NET012", f"nic {key} of {vm} has the gateway {gateway}, but {how}"
        remedy = f"give {address_key} an address with a prefix length, or delete {gateway_key}"
        also = [] if address is None else also
    elif address.partition("/")[0] == gateway:
        code, message = "NET011", f"nic {key} of {vm} is its own gateway {gateway}"
        remedy = f"{gateway_key} is the router's address; correct it or {address_key}"
    else:
        code = "NET010"
        network = ip_interface(address).network
        outside = ip_address(gateway) not in network
        position = "is outside of its network" if outside else "is the network or broadcast address of its network"
        message = f"the gateway {gateway} of {vm} {position} {network}"
        remedy = f"correct {gateway_key}, or the address or prefix length in {address_key}"
    return diagnose(code, message, index.site.place(*here, gateway_key), remedy, also)


def _number_4(text: str) -> int:
    # The model has normalised the text, so this is enough; ipaddress takes ten times as long.
    first, second, third, fourth = text.split(".")
    return (int(first) << 24) + (int(second) << 16) + (int(third) << 8) + int(fourth)


def _number_6(text: str) -> int:
    from ipaddress import IPv6Address

    return int(IPv6Address(text))


def address_untold(index: SiteIndex) -> Iterator[Diagnostic]:
    """A static address reaches the guest through first-boot data only."""
    vms = index.site.vms
    for name, key, nic in index.nics:
        if vms[name].cloud_init is not None:
            continue
        for field, value in (("ipv4", nic.ipv4), ("ipv6", nic.ipv6)):
            if value is not None and "/" in value:
                yield diagnose(
                    "VM023",
                    f"nothing tells {name} its address {value}: it has no cloud_init",
                    index.site.place("vm", name, "nic", key, field),
                    f"add cloud_init = true to {name}, or delete {field} and set the address inside the guest",
                    severity="warning",
                )
