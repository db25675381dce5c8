"""Interfaces of networks: which host has them, their names and MTU."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.network_kinds import interface_of, kind_of, members_of
from hivewright.rules.site_index import SiteIndex, diagnose, host_place, network_place

INTERFACE_LIMIT = 15
"""Characters of an interface name (ifconfig(8): IFNAMSIZ is 16 with its NUL)."""


_SERIES = re.compile(
    "(bridge|disc|edsc|enc|gif|gre|ipsec|lagg|lo|me|ng|ngeth|ovpn|pflog|pfsync|stf|tap|tun|ue|usbus|vlan|vmnet|vxlan|wg|wlan)"
    "[0-9]+|epair[0-9]+[ab]?"
)
"""Names that the kernel gives to interfaces that it makes when asked for one (ifconfig(8), create)."""


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
        field, interface = nic.interface or ("", "")
        if len(interface) > INTERFACE_LIMIT:
            yield _too_long(interface, site.place("vm", name, "nic", key, field), "choose a shorter name")
    seen: set[Place] = set()
    for (host, name), network in site.host_networks.items():
        bridge = interface_of(name, network) if kind_of(network).bridged else ""
        for key, interface in (("bridge", bridge), *(("uplink", each) for each in members_of(network))):
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


def kernels_name(index: SiteIndex) -> Iterator[Diagnostic]:
    """The kernel gives such names to new interfaces by itself, and devices of taps have them whatever the taps' names.

    Of two taps, one called tap0 by us and one that is unit tap0, bhyve opens the unit (tap(4), devfs(5)).
    """
    site = index.site
    seen: set[Place] = set()
    for name, key, nic, _, network in index.connections:
        if nic.tap is None or not kind_of(network).taps or not _SERIES.fullmatch(nic.tap):
            continue
        place = site.place("vm", name, "nic", key, "tap")
        if place not in seen:
            seen.add(place)
            remedy = "delete it, and hivewright derives a name, or choose one that is not tap and a number"
            yield _kernels(f"the tap of nic {key} of {name}", nic.tap, place, remedy)
    for (host, name), network in site.host_networks.items():
        kind = kind_of(network)
        interface = interface_of(name, network)
        place = network_place(site, host, name, "bridge")
        if not kind.bridged or kind.given or place in seen or not _SERIES.fullmatch(interface):
            continue
        seen.add(place)
        remedy = f'delete it, and the bridge is called br-{name}; if {interface} is yours, write kind = "manual"'
        yield _kernels(f"the bridge of the network {name}", interface, place, remedy)


def _kernels(what: str, interface: str, place: Place, remedy: str) -> Diagnostic:
    message = f"{what} would be called {interface}, a name that the kernel gives to interfaces by itself"
    return diagnose("NET035", message, place, remedy)


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
