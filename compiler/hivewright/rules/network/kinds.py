"""What the kind of a network requires of its NICs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.bhyve.facts import VLAN_FILTER
from hivewright.diagnostics import Diagnostic
from hivewright.model.network_kinds import NETWORKS, is_multicast, kind_of, uplinks_of
from hivewright.rules.network.ports import OF_MEMBERS, is_span_port
from hivewright.rules.site_index import (
    Owner,
    SiteIndex,
    both,
    clash,
    clashes,
    diagnose,
    listed,
    network_place,
    ordered,
)

if TYPE_CHECKING:
    from hivewright.model.network import AnyNetwork, Nat
    from hivewright.model.nic import Nic

_FORWARDING = [name for name, kind in NETWORKS.items() if kind.ports_lead_in]
_DEMANDING = frozenset(key for kind in NETWORKS.values() for key in kind.without_effect)


def address_in_nat(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic, host, network in index.connections:
        if network.kind != "nat":
            continue
        for address in nic.fixed4:
            fault = _fault_in_nat(address, network)
            if not fault:
                continue
            yield diagnose(
                "NET020",
                f"the address {address} of nic {key} of {name} {fault} {network.ipv4} of the network {nic.network}",
                site.place("vm", name, "nic", key, "ipv4"),
                "choose a free address within the network, with its prefix length",
                [network_place(site, host, nic.network, "ipv4")],
            )


def _fault_in_nat(address: str, network: Nat) -> str:
    from ipaddress import IPv4Interface

    guest, host = IPv4Interface(address), IPv4Interface(network.ipv4)
    if guest.ip == host.ip:
        return "is the host's own,"
    return "" if guest.ip in host.network else "lies outside of"


def routed_addresses(index: SiteIndex) -> Iterator[Diagnostic]:
    """The host's end of a routed NIC is the guest's gateway, and its route leads to the guest's address."""
    site = index.site
    for name, key, nic, _, network in index.connections:
        if network.kind != "routed":
            continue
        here = ("vm", name, "nic", key)
        if nic.ipv6:
            message = f"nic {key} of {name} has an IPv6 address, but a routed network carries IPv4 only"
            yield diagnose("NET021", message, site.place(*here, "ipv6"), "delete ipv6, or choose a bridge")
        if nic.gateway4 is None or not nic.fixed4:
            yield diagnose(
                "NET021",
                f"nic {key} of {name} is routed, and lacks its own address or that of the host",
                site.place(*here, part="table"),
                'write ipv4 = "ADDRESS/31" and gateway4 = "…", the address that the host gets on the tap',
            )


def forwards(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic, _, network in index.connections:
        if not nic.forward:
            continue
        first = min(nic.forward)
        place = site.place("vm", name, "nic", key, "forward", first, part="table")
        if not kind_of(network).ports_lead_in:
            message = f"nic {key} of {name} forwards ports, which a network of the kind {network.kind} does not do"
            remedy = f"delete forward, or choose a network of the kind {listed(_FORWARDING, 'or')}"
            yield diagnose("NET022", message, place, remedy)
        elif network.kind == "nat" and not nic.fixed4:
            message = f"nic {key} of {name} forwards ports, but has no fixed address they could lead to"
            yield diagnose("NET022", message, place, 'write ipv4 = "ADDRESS/LENGTH"')


def same_forward(index: SiteIndex) -> Iterator[Diagnostic]:
    """A port of a host is forwarded once, though the uplinks of two networks may have different addresses; but for
    networks that all name theirs."""
    claims = [
        (
            (host, forward.protocol, forward.port),
            _address(index, host, nic),
            (name, "nic", key, "forward", each, "port"),
        )
        for name, key, nic in index.nics
        for each, forward in ordered(nic.forward)
        for host in index.hosts_of[name]
    ]
    anywhere = {port for port, address, _ in claims if not address}
    ports = (((*port, "" if port in anywhere else address), owner) for port, address, owner in claims)
    for (host, protocol, port, _), first, second in clashes(ports):
        yield clash(
            index.site,
            "NET023",
            f"{_owners(first, second)} both forward the {protocol} port {port} of {host}",
            (first, second),
            "choose another port for one of them",
        )


def _address(index: SiteIndex, host: str, nic: Nic) -> str:
    """The address of the host that a network names for its guests, if it does."""
    return getattr(index.site.host_networks.get((host, nic.network)), "address", None) or ""


def _owners(first: Owner, second: Owner) -> str:
    return both(first, second) if first[:3] != second[:3] else f"{first[4]} and {second[4]} of {first[0]}"


def dhcp_range(index: SiteIndex) -> Iterator[Diagnostic]:
    from ipaddress import IPv4Address, IPv4Interface

    site = index.site
    for host, names in index.networks_used.items():
        for name in names:
            network = site.host_networks[host, name]
            if network.kind != "nat" or network.dhcp is None:
                continue
            own = IPv4Interface(network.ipv4)
            first, last = IPv4Address(network.dhcp.first), IPv4Address(network.dhcp.last)
            if first > last or first not in own.network or last not in own.network or first <= own.ip <= last:
                yield diagnose(
                    "NET024",
                    f"the range {first} to {last} of the network {name} on {host} does not fit {own}: it begins with "
                    "its lower end, lies within the network, and leaves out the host's address",
                    network_place(site, host, name, "dhcp"),
                    "correct first and last",
                    [network_place(site, host, name, "ipv4")],
                )


def useless_keys(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic, host, network in index.connections:
        if _DEMANDING.isdisjoint(nic.model_fields_set):
            continue
        for field in kind_of(network).useless(network):
            if not getattr(nic, field) or (field in OF_MEMBERS and is_span_port(nic, network)):
                continue
            yield diagnose(
                "NET026",
                f"nic {key} of {name} has {field}, which has no effect on {_described(nic.network, network)}",
                site.place("vm", name, "nic", key, field),
                _instead(index, host, field),
                [network_place(site, host, nic.network, "kind")],
            )


def _instead(index: SiteIndex, host: str, field: str) -> str:
    """What to do about a key of a NIC without effect, on a host of this release."""
    if field not in ("vlan", "trunk"):
        return f"delete {field}, or choose another network"
    if index.has(host, VLAN_FILTER):
        return "connect it to a network of the kind bridge with vlan_filter = true"
    return f"delete {field}, and make a network of the kind bridge with vlan for each VLAN"


def _described(name: str, network: AnyNetwork) -> str:
    if kind_of(network).vlan_filter:
        return f"the network {name}, which does not filter VLANs"
    return f"a network of the kind {network.kind}"


def vlan_twice(index: SiteIndex) -> Iterator[Diagnostic]:
    """A port has one untagged VLAN, which cannot be among its tagged VLANs too."""
    site = index.site
    for name, key, nic in index.nics:
        if nic.vlan is not None and nic.vlan in nic.trunk:
            yield diagnose(
                "NET027",
                f"nic {key} of {name} has VLAN {nic.vlan} with and without tags",
                site.place("vm", name, "nic", key, "vlan"),
                "delete it from trunk, or delete vlan",
                [site.place("vm", name, "nic", key, "trunk")],
            )
    for (host, name), network in site.host_networks.items():
        if network.kind == "bridge" and network.vlan is not None and (network.vlan_filter or not uplinks_of(network)):
            what = "vlan_filter" if network.vlan_filter else 'uplink = "none"'
            yield diagnose(
                "NET027",
                f"the network {name} has vlan and {what}; vlan is one VLAN of the uplink",
                network_place(site, host, name, "vlan"),
                "delete one of the two",
            )


def ipfw_number(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for host, names in index.networks_used.items():
        first: dict[int, str] = {}
        for name in names:
            network = site.host_networks[host, name]
            if network.kind != "nat" or network.firewall != "ipfw":
                continue
            if network.ipfw_number is None:
                message = f"the network {name} is for ipfw and has no ipfw_number"
                remedy = "choose a number; the rules have to come where the other rules of the host want them"
                yield diagnose("NET028", message, network_place(site, host, name, "firewall"), remedy)
            elif first.setdefault(network.ipfw_number, name) != name:
                other = first[network.ipfw_number]
                message = f"the networks {other} and {name} of {host} have the same ipfw_number {network.ipfw_number}"
                place = network_place(site, host, name, "ipfw_number")
                also = [network_place(site, host, other, "ipfw_number")]
                yield diagnose("NET028", message, place, "give each a number of its own", also)


def vxlan_group(index: SiteIndex) -> Iterator[Diagnostic]:
    """A multicast group is joined on an interface; a single host is reached by the routes (vxlan(4))."""
    site = index.site
    for (host, name), network in site.host_networks.items():
        if network.kind != "vxlan":
            continue
        multicast = is_multicast(network.remote)
        if network.remote == network.local:
            message = f"the network {name} has the same address {network.local} at both ends on {host}"
            remedy = f"write local or remote in [host.{host}.network.{name}]"
            yield diagnose("NET029", message, network_place(site, host, name, "remote"), remedy)
        elif multicast and network.device is None:
            message = f"the network {name} joins the multicast group {network.remote}, but has no device to do it on"
            yield diagnose("NET029", message, network_place(site, host, name, "remote"), 'add device = "…"')
