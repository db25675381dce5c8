"""Interfaces of networks: which host has them, their names, uplinks and MTU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.network_kinds import interface_of, kind_of, uplink_of
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, network_place

if TYPE_CHECKING:
    from hivewright.model.network import AnyNetwork

INTERFACE_LIMIT = 15
"""Characters of an interface name (ifconfig(8): IFNAMSIZ is 16 with its NUL)."""


def network_absent(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic in index.nics:
        for host in index.hosts_of[name]:
            if (host, nic.network) in site.host_networks or nic.network not in site.networks:
                continue
            yield diagnose(
                "NET001",
                f"{name} is connected to the network {nic.network}, which {host} does not have",
                site.place("vm", name, "nic", key, "network"),
                f"add {host} to the hosts of the network, or choose another network or host",
                [site.place("network", nic.network, "hosts"), host_place(site, name)],
            )


def name_too_long(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic in index.nics:
        if nic.tap is not None and len(nic.tap) > INTERFACE_LIMIT:
            yield _too_long(nic.tap, site.place("vm", name, "nic", key, "tap"), "choose a shorter name")
    seen: set[Place] = set()
    for (host, name), network in site.host_networks.items():
        bridge = interface_of(name, network) if kind_of(network).bridged else ""
        for key, interface in (("bridge", bridge), ("uplink", _member_of(network))):
            if len(interface) <= INTERFACE_LIMIT:
                continue
            derived = key == "bridge" and getattr(network, "bridge", None) is None
            place = site.place("network", name, part="table") if derived else network_place(site, host, name, key)
            if place not in seen:
                seen.add(place)
                remedy = 'name it with bridge = "…"' if derived else "choose a shorter name"
                yield _too_long(interface, place, remedy)


def _too_long(interface: str, place: Place, remedy: str) -> Diagnostic:
    return diagnose(
        "NET003",
        f"the interface name {interface} has {len(interface)} characters; FreeBSD takes {INTERFACE_LIMIT}",
        place,
        remedy,
    )


def _member_of(network: AnyNetwork) -> str:
    """The interface that a network uses exclusively on its host: ``auto``, ``ix0`` or ``ix0.100``; else ``none``."""
    uplink, vlan = uplink_of(network), getattr(network, "vlan", None)
    return f"{uplink}.{vlan}" if vlan is not None and uplink != "none" else uplink


def same_bridge(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for host, networks in index.networks_used.items():
        first: dict[str, str] = {}
        for name in networks:
            bridge = interface_of(name, site.host_networks[host, name])
            other = first.setdefault(bridge, name)
            if other == name or bridge == "none":
                continue
            # If one of the two has the name by default, the diagnostic is at the other.
            both = [(each, kind_of(site.host_networks[host, each]).interface) for each in (name, other)]
            places = [network_place(site, host, *each) for each in both]
            if getattr(site.host_networks[host, name], "bridge", "") is None:
                places.reverse()
            yield diagnose(
                "NET004",
                f"the networks {other} and {name} of {host} have the same bridge {bridge}",
                places[0],
                "give each its own bridge, or make them one network",
                places[1:],
            )


def same_uplink(index: SiteIndex) -> Iterator[Diagnostic]:
    """An interface is a member of one bridge at most: a second addm fails with "Device busy" (if_bridge(4))."""
    site = index.site
    for host, networks in index.networks_used.items():
        first: dict[str, str] = {}
        for name in networks:
            uplink = _member_of(site.host_networks[host, name])
            if uplink == "none":
                continue
            other = first.setdefault(uplink, name)
            if other == name:
                continue
            what = "the interface of the default route" if uplink == "auto" else uplink
            yield diagnose(
                "NET005",
                f"the networks {other} and {name} of {host} both have {what} as their uplink; "
                "an interface can be in one bridge only",
                network_place(site, host, name, "uplink"),
                'name another interface (a VLAN such as ix0.100, for example), or write uplink = "none"',
                [network_place(site, host, other, "uplink")],
            )


def uplink_is_bridge(index: SiteIndex) -> Iterator[Diagnostic]:
    """A bridge cannot be a member of a bridge (if_bridge(4))."""
    site = index.site
    for host, networks in index.networks_used.items():
        bridges = {interface_of(name, site.host_networks[host, name]): name for name in reversed(networks)}
        for name in networks:
            uplink = uplink_of(site.host_networks[host, name])
            if uplink != "none" and uplink in bridges:
                yield diagnose(
                    "NET008",
                    f"the uplink {uplink} of the network {name} on {host} is itself a bridge",
                    network_place(site, host, name, "uplink"),
                    'name a physical or VLAN interface, or write uplink = "none"',
                    [network_place(site, host, bridges[uplink], "bridge")],
                )


def mtu_too_large(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic in index.nics:
        if nic.mtu is None:
            continue
        for host in index.hosts_of[name]:
            network = site.host_networks.get((host, nic.network))
            if network is not None and nic.mtu > network.mtu:
                yield diagnose(
                    "NET006",
                    f"nic {key} of {name} has the MTU {nic.mtu}, but the network {nic.network} "
                    f"on {host} carries {network.mtu} only",
                    site.place("vm", name, "nic", key, "mtu"),
                    "delete mtu here to take that of the network, or raise the mtu of the network",
                    [network_place(site, host, nic.network, "mtu")],
                )
                break
