"""Uplinks: interfaces of a host that become parts of its networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hivewright.bhyve.facts import MEMBER_ADDRESSES, TAGS_REACH_VLANS, VLAN_FILTER
from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.network_kinds import interface_of, kind_of, members_of, uplinks_of
from hivewright.rules.site_index import SiteIndex, diagnose, listed, network_place

if TYPE_CHECKING:
    from hivewright.model.network import AnyNetwork

_STATION = re.compile("wlan[0-9]+")


def same_uplink(index: SiteIndex) -> Iterator[Diagnostic]:
    """An interface is a member of one bridge at most: a second addm fails with "Device busy" (if_bridge(4))."""
    site = index.site
    for host, networks in index.networks_used.items():
        first: dict[str, str] = {}
        claims = ((name, each) for name in networks for each in members_of(site.host_networks[host, name]))
        for name, uplink in claims:
            other = first.setdefault(uplink, name)
            if other == name:
                continue
            what = "the interface of the default route" if uplink == "auto" else uplink
            yield diagnose(
                "NET005",
                f"the networks {other} and {name} of {host} both have {what} as their uplink; "
                "an interface can be in one bridge only",
                network_place(site, host, name, "uplink"),
                'name another interface, let both have a vlan, each its own, or write uplink = "none"',
                [network_place(site, host, other, "uplink")],
            )


def uplink_is_bridge(index: SiteIndex) -> Iterator[Diagnostic]:
    """A bridge cannot be a member of a bridge (if_bridge(4))."""
    site = index.site
    for host, networks in index.networks_used.items():
        bridges = {interface_of(name, site.host_networks[host, name]): name for name in reversed(networks)}
        claims = ((name, each) for name in networks for each in uplinks_of(site.host_networks[host, name]))
        for name, uplink in claims:
            if uplink in bridges:
                yield diagnose(
                    "NET008",
                    f"the uplink {uplink} of the network {name} on {host} is itself a bridge",
                    network_place(site, host, name, "uplink"),
                    'name a physical or VLAN interface, or write uplink = "none"',
                    [network_place(site, host, bridges[uplink], "bridge")],
                )


def vlan_beside_plain(index: SiteIndex) -> Iterator[Diagnostic]:
    """A bridge keeps the frames with tags that its member receives, so those of a VLAN of that member get none.

    Seen on 14.0; of 15.x it is not certain that all are passed on.
    """
    site = index.site
    for host, names in index.networks_used.items():
        networks = {name: site.host_networks[host, name] for name in names}
        for name, network in networks.items():
            for tagged in members_of(network):
                parent, dot, tag = tagged.rpartition(".")
                plain = _bridge_with(parent, networks) if dot and tag.isdigit() else None
                if plain == (name, parent):
                    yield diagnose(
                        "NET034",
                        f"the network {name} of {host} has the uplinks {parent} and {tagged}, which is a VLAN of it: "
                        "one bridge cannot have frames of the VLAN with tags and without",
                        network_place(site, host, name, "uplink"),
                        "leave one of the two out",
                    )
                elif plain is not None:
                    yield _beside(index, host, (name, tagged), plain)


def _bridge_with(parent: str, networks: Mapping[str, AnyNetwork]) -> tuple[str, str] | None:
    """The network whose bridge has an interface as a member, and that; else one of which that may be so."""
    members = [
        (name, each) for name, network in networks.items() if kind_of(network).bridged for each in members_of(network)
    ]
    certain = [each for each in members if each[1] == parent]
    possible = [each for each in members if "." not in each[1] and "auto" in (parent, each[1])]
    return next(iter([*certain, *possible]), None)


def _beside(index: SiteIndex, host: str, one: tuple[str, str], other: tuple[str, str]) -> Diagnostic:
    site = index.site
    (name, tagged), (plain, member) = one, other
    network = site.host_networks[host, name]
    parent, _, tag = tagged.rpartition(".")
    passed = index.has(host, TAGS_REACH_VLANS)
    what = "the interface of the default route" if parent == "auto" else parent
    shared = f"share {what}:" if parent == member else "may share an interface; then"
    remedy = f"let every network on {what} have a vlan, or give one of the two another uplink"
    if passed:
        remedy += f", or make them one network with vlan_filter = true, whose NICs say vlan = {tag}"
    else:
        remedy += f"; from FreeBSD {VLAN_FILTER.releases} on, one network with vlan_filter = true carries both"
    if parent != member:
        auto, known = (name, member) if parent == "auto" else (plain, parent)
        remedy = f"name the uplink of {auto}; if it is {known}, {remedy}"
    return diagnose(
        "NET034",
        f"the networks {name} and {plain} of {host} {shared} the bridge of {plain} {'may keep' if passed else 'keeps'} "
        f"frames with tags, and guests of {name}, which is VLAN {tag} of {what}, get nothing but broadcasts",
        network_place(site, host, name, "uplink" if getattr(network, "vlan", None) is None else "vlan"),
        remedy,
        [network_place(site, host, plain, "uplink")],
        severity="error" if parent == member and not passed else "warning",
    )


def address_on_member(index: SiteIndex) -> Iterator[Diagnostic]:
    """The interface of the default route has an address, and from 15.0 on no member of a bridge may have one."""
    site = index.site
    found: dict[tuple[str, Place], list[str]] = {}
    for host, names in index.networks_used.items():
        for name in names:
            network = site.host_networks[host, name]
            if not kind_of(network).bridged or members_of(network) != ("auto",) or index.has(host, MEMBER_ADDRESSES):
                continue
            found.setdefault((name, network_place(site, host, name, "uplink")), []).append(host)
    for (name, place), hosts in found.items():
        yield diagnose(
            "NET036",
            f'the uplink of the network {name} is "auto" on {_some(hosts)}: from FreeBSD 15.0 on, the interface of the '
            f"default route cannot join a bridge, since it has an IP address, and no guest on {name} starts",
            place,
            'make a bridge with that address in rc.conf, and write kind = "manual" and its name; or name an uplink '
            "that has no address; or name this one, and set net.link.bridge.member_ifaddrs=1 in /etc/sysctl.conf "
            "(hivewright explain NET036 says what each means when the host boots)",
            [site.place("host", host, "freebsd") for host in hosts[:3]],
            "warning",
        )


def _some(hosts: list[str]) -> str:
    return listed(hosts) if len(hosts) < 5 else f"{', '.join(hosts[:3])} and {len(hosts) - 3} more hosts"


def wireless_uplink(index: SiteIndex) -> Iterator[Diagnostic]:
    """A station sends frames of its own MAC address only, and gets none for others (IEEE 802.11, if_bridge(4))."""
    site = index.site
    seen: set[Place] = set()
    for host, names in index.networks_used.items():
        for name in names:
            network = site.host_networks[host, name]
            place = network_place(site, host, name, "uplink")
            station = next(filter(_STATION.fullmatch, uplinks_of(network)), None)
            if station is None or place in seen:
                continue
            seen.add(place)
            yield diagnose(
                "NET037",
                f"the uplink {station} of the network {name} on {host} is wireless: an access point takes "
                "frames of its station only, so guests reach nothing through it",
                place,
                'name an interface with a cable, or write kind = "nat" with this uplink; if the host is the access '
                'point itself (hostap), make the bridge in rc.conf and write kind = "manual"',
                severity="warning",
            )
