"""Taps: their names, which NICs have one, rate limits, and words that would be taken for uplinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.network_kinds import NETWORKS, TAP_KEYS, kind_of, named_uplinks, uplink_words
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose, listed, network_place

if TYPE_CHECKING:
    from hivewright.model.nic import Nic

_TAPS = [name for name, kind in NETWORKS.items() if kind.taps]
_WORDS = {name: uplink_words(kind) for name, kind in NETWORKS.items()}
"""Kind of network -> what its uplink may be besides an interface."""
_RESERVED = frozenset(word for words in _WORDS.values() for word in words)


def _limited(index: SiteIndex) -> Iterator[tuple[str, str, Nic]]:
    return ((name, key, nic) for name, key, nic in index.nics if nic.rate_limit is not None)


def tap_needed(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic, host, network in index.connections:
        if kind_of(network).taps:
            continue
        for field, what in TAP_KEYS.items():
            if getattr(nic, field):
                yield diagnose(
                    "NET030",
                    f"nic {key} of {name} {what}, but a network of the kind {network.kind} has no taps",
                    site.place("vm", name, "nic", key, field),
                    f"delete {field}, or choose a network of the kind {listed(_TAPS, 'or')}",
                    [network_place(site, host, nic.network, "kind")],
                )


def limits_nothing(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, key, nic in _limited(index):
        if nic.rate_limit is not None and nic.rate_limit.inward is None and nic.rate_limit.out is None:
            yield diagnose(
                "NET031",
                f"the rate_limit of nic {key} of {name} limits nothing",
                index.site.place("vm", name, "nic", key, "rate_limit"),
                'write { in = "100Mbit" }, { out = "50Mbit" } or both, as the guest sees it',
            )


def number_of_limits(index: SiteIndex) -> Iterator[Diagnostic]:
    """The administrator chooses the place of the rules among those of the host; NAT has its own numbers."""
    site = index.site
    seen: set[str] = set()
    for name, key, _ in _limited(index):
        for host in index.hosts_of[name]:
            if host in seen:
                continue
            seen.add(host)
            number = site.hosts[host].ipfw_number
            if number is None:
                yield diagnose(
                    "NET032",
                    f"nic {key} of {name} has a rate_limit, and {host} has no ipfw_number for its rules",
                    site.place("vm", name, "nic", key, "rate_limit"),
                    f"write ipfw_number = NUMBER in [host.{host}]; the rules have to come where the other rules of "
                    "the host want them",
                    [site.place("host", host, part="table")],
                )
            else:
                yield from _same_number(index, host, number)


def _same_number(index: SiteIndex, host: str, number: int) -> Iterator[Diagnostic]:
    site = index.site
    for network in index.networks_used[host]:
        found = site.host_networks[host, network]
        if found.kind == "nat" and found.firewall == "ipfw" and found.ipfw_number == number:
            yield diagnose(
                "NET032",
                f"the rate limits of {host} and its network {network} have the same ipfw_number {number}",
                site.place("host", host, "ipfw_number"),
                "give each a number of its own",
                [network_place(site, host, network, "ipfw_number")],
            )


def uplink_word(index: SiteIndex) -> Iterator[Diagnostic]:
    """``Auto`` would be the name of an interface, as would ``auto`` for kinds of networks without that keyword."""
    site = index.site
    seen: set[Place] = set()
    for (host, name), network in site.host_networks.items():
        known = _WORDS[network.kind]
        taken = (each for each in named_uplinks(network) if each.lower() in _RESERVED and each not in known)
        uplink = next(taken, None) if hasattr(network, "uplink") else None
        if uplink is None:
            continue
        word = uplink.lower()
        place = network_place(site, host, name, "uplink")
        if place in seen:
            continue
        seen.add(place)
        if word in known and len(named_uplinks(network)) > 1:
            remedy = f'name the interface; "{word}" stands alone'
        elif word in known:
            remedy = f'write "{word}", in lower case'
        else:
            others = ', or write "none"' if "none" in known else ""
            remedy = f"name the interface; a network of the kind {network.kind} does not find it by itself{others}"
        yield diagnose(
            "NET033", f"the uplink {uplink} of the network {name} would be an interface of that name", place, remedy
        )


def tap_prefix(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve chooses the backend by the prefix of the interface's name (bhyve(8), network backends)."""
    for name, key, nic in index.nics:
        if nic.tap is not None and not nic.tap.startswith("tap"):
            yield diagnose(
                "NET007",
                f"the tap of nic {key} of {name} is called {nic.tap}, but bhyve knows taps by a name "
                "that begins with tap",
                index.site.place("vm", name, "nic", key, "tap"),
                "let the name begin with tap, or delete it; hivewright then derives one",
            )


def interface_claims(index: SiteIndex) -> Iterator[tuple[str, Owner]]:
    return (
        (nic.interface[1], (name, "nic", key, nic.interface[0]))
        for name, key, nic in index.nics
        if nic.interface is not None
    )


def same_tap(index: SiteIndex) -> Iterator[Diagnostic]:
    claims = (((host, tap), owner) for tap, owner in interface_claims(index) for host in index.hosts_of[owner[0]])
    for (host, tap), first, second in clashes(claims):
        derived = "delete one of the two; hivewright then derives a name"
        yield clash(
            index.site,
            "VM020",
            f"{both(first, second)} have the same tap {tap} on {host}",
            (first, second),
            derived if "tap" in (first[-1], second[-1]) else "give each an interface of its own",
        )
