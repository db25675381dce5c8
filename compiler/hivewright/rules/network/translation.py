"""Guests behind an address of their host: their gateway, and ports that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

from hivewright.diagnostics import Diagnostic
from hivewright.model.network_kinds import kind_of
from hivewright.rules.site_index import SiteIndex, diagnose, network_place, ordered

_SSH = 22


def nat_gateway(index: SiteIndex) -> Iterator[Diagnostic]:
    """Another guest of the network on the host may be the gateway, if it hands packets on; nobody else can."""
    site = index.site
    guests: set[tuple[str, str, str]] = set()
    for name, key, nic, host, network in index.connections:
        if network.kind != "nat" or nic.gateway4 is None:
            continue
        own = network.ipv4.partition("/")[0]
        # A gateway out of reach is another fault (gateways.gateways).
        if nic.gateway4 == own or not (nic.on_link or nic.reaches(nic.gateway4)):
            continue
        guests = guests or _addresses(index)
        if not any((each, nic.network, nic.gateway4) in guests for each in index.hosts_of[name]):
            yield diagnose(
                "NET039",
                f"the gateway {nic.gateway4} of nic {key} of {name} is neither {own}, which is {host} on the network "
                f"{nic.network}, nor a guest of it",
                site.place("vm", name, "nic", key, "gateway4"),
                f'write gateway4 = "{own}"',
                [network_place(site, host, nic.network, "ipv4")],
                "warning",
            )


def _addresses(index: SiteIndex) -> set[tuple[str, str, str]]:
    """Host, network and address of every guest."""
    return {
        (host, nic.network, each.partition("/")[0])
        for name, _, nic in index.nics
        for each in nic.fixed4
        for host in index.hosts_of[name]
    }


def takes_ssh(index: SiteIndex) -> Iterator[Diagnostic]:
    """An address that the network names is not taken for that by which the host is reached."""
    site = index.site
    for name, key, nic, host, network in index.connections:
        if not nic.forward or not kind_of(network).ports_lead_in or getattr(network, "address", None):
            continue
        for each, forward in ordered(nic.forward):
            if (forward.port, forward.protocol) != (_SSH, "tcp"):
                continue
            if network.kind == "nat":
                message = f"{name} takes the tcp port {_SSH} of {host}, so ssh to {host} ends in {name}"
                remedy = "choose another port, such as 2222, or name another address of the uplink as address of "
                remedy += f"[network.{nic.network}]"
            else:
                message = f"{name} is to listen on the tcp port {_SSH} of {host}, where its sshd listens"
                remedy = "choose another port, such as 2222"
            place = site.place("vm", name, "nic", key, "forward", each, "port")
            yield diagnose("NET038", message, place, remedy, severity="warning")


def address_is_outside(index: SiteIndex) -> Iterator[Diagnostic]:
    """Behind an address of their own network guests would get no answer."""
    site = index.site
    for host, names in index.networks_used.items():
        for name in names:
            network = site.host_networks[host, name]
            if network.kind != "nat" or network.address is None:
                continue
            subnet = IPv4Interface(network.ipv4).network
            if IPv4Address(network.address) in subnet:
                yield diagnose(
                    "NET052",
                    f"the guests of the network {name} on {host} are to be behind {network.address}, which is in "
                    f"their own network {subnet}",
                    network_place(site, host, name, "address"),
                    f"write an address of {network.uplink}, or delete address",
                    [network_place(site, host, name, "ipv4")],
                )
