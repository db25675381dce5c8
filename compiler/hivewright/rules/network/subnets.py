"""Subnets of networks: one prefix length for all on a network, and none twice on a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_interface
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import Diagnostic, Place
from hivewright.model.addresses import within
from hivewright.model.network_kinds import addresses_of, interface_of, is_isolated, kind_of, members_of
from hivewright.rules.site_index import SiteIndex, diagnose, network_place

if TYPE_CHECKING:
    from hivewright.model.network import Nat

Scope = tuple[str, str, int | None, bool]
"""Network, its host where each host has one of its own, VLAN, and whether it is about IPv6."""


_ALONE = {"ipv4": ("/31", "/32"), "ipv6": ("/127", "/128")}
"""Ends of addresses that are not in a subnet with others."""


class _Claim(NamedTuple):
    """An address with a prefix length, by which its owner thinks of its network."""

    owner: tuple[str, ...]
    """Key path of what has it: below ``vm``, or ``(host, network, key)`` of a network."""
    text: str
    length: int

    @property
    def of_host(self) -> bool:
        return len(self.owner) == 3

    @property
    def who(self) -> str:
        return f"{self.owner[0]}" if self.of_host else f"nic {self.owner[2]} of {self.owner[0]}"


def prefix_differs(index: SiteIndex) -> Iterator[Diagnostic]:
    """Who takes a network for larger than it is looks for hosts behind the router on the link, and the reverse."""
    lengths: dict[Scope, set[str]] = {}
    for scope, _, text in prefix_claims(index):
        lengths.setdefault(scope, set()).add(text.rpartition("/")[2])
    differing: dict[Scope, list[_Claim]] = {scope: [] for scope, found in lengths.items() if len(found) > 1}
    if not differing:
        return
    for scope, owner, text in prefix_claims(index):
        if scope in differing:
            differing[scope].append(_Claim(owner, text, int(text.rpartition("/")[2])))
    for (network, _, _, _), claims in differing.items():
        yield from _odd_ones(index, network, claims)


def prefix_claims(index: SiteIndex) -> Iterator[tuple[Scope, tuple[str, ...], str]]:
    yield from _of_hosts(index)
    yield from _of_guests(index)


def _of_hosts(index: SiteIndex) -> Iterator[tuple[Scope, tuple[str, ...], str]]:
    for host, names in index.networks_used.items():
        for name in names:
            network = index.site.host_networks[host, name]
            alone = host if is_isolated(network) else ""
            for key in ("ipv4", "ipv6"):
                for text in addresses_of(network, key):
                    if not text.endswith(_ALONE[key]):
                        yield (name, alone, None, key == "ipv6"), (host, name, key), text


def _of_guests(index: SiteIndex) -> Iterator[tuple[Scope, tuple[str, ...], str]]:
    """Addresses that stand for themselves are left out: aliases with a prefix of full length, those with on_link."""
    seen: set[tuple[str, ...]] = set()
    for name, key, nic, host, network in index.connections:
        if nic.on_link or not kind_of(network).interface or not (nic.fixed4 or nic.fixed6):
            continue
        alone = host if is_isolated(network) else ""
        if not alone and (name, key) in seen:
            continue
        seen.add((name, key))
        for field, addresses in (("ipv4", nic.fixed4), ("ipv6", nic.fixed6)):
            for text in addresses:
                if not text.endswith(_ALONE[field]):
                    yield (nic.network, alone, nic.vlan, field == "ipv6"), (name, "nic", key, field), text


def _odd_ones(index: SiteIndex, network: str, claims: list[_Claim]) -> Iterator[Diagnostic]:
    """Those who disagree with most of the others on the largest network that any of them is in."""
    for group in _overlapping(claims):
        usual = _usual(group)
        example = next(claim for claim in group if claim.length == usual)
        for claim in group:
            if claim.length != usual:
                yield diagnose(
                    "NET041",
                    f"{claim.text} of {claim.who} has another prefix length than others of the network {network}, "
                    f"such as {example.text} of {example.who}",
                    _place(index, claim),
                    f"write /{usual}, or the same prefix length everywhere on the network",
                    [_place(index, example)],
                    "warning",
                )


def _usual(group: Iterable[_Claim]) -> int:
    """The prefix length that most have; of two, that of a host; else the longer one."""
    counts: dict[int, tuple[int, int]] = {}
    for claim in group:
        number, hosts = counts.get(claim.length, (0, 0))
        counts[claim.length] = (number + 1, hosts + claim.of_host)
    return max(counts, key=lambda length: (*counts[length], length))


def _overlapping(claims: Iterable[_Claim]) -> Iterator[list[_Claim]]:
    """Groups of claims that are within one network of the shortest prefix length, if lengths differ."""
    groups: dict[object, list[_Claim]] = {}
    shortest: dict[int, set[object]] = {}
    for claim in sorted(claims, key=lambda each: each.length):
        interface = ip_interface(claim.text)
        for length, networks in shortest.items():
            wide = interface.network.supernet(new_prefix=length) if length < claim.length else interface.network
            if wide in networks:
                groups[wide].append(claim)
                break
        else:
            shortest.setdefault(claim.length, set()).add(interface.network)
            groups[interface.network] = [claim]
    yield from (group for group in groups.values() if len({claim.length for claim in group}) > 1)


def some_differ(texts: Iterable[str]) -> bool:
    """Whether addresses of one subnet are within one network of which they name different lengths."""
    claims = [_Claim((), text, int(text.rpartition("/")[2])) for text in texts]
    return any(True for _ in _overlapping(claims))


def _place(index: SiteIndex, claim: _Claim) -> Place:
    if claim.of_host:
        host, network, key = claim.owner
        return network_place(index.site, host, network, key)
    return index.site.place("vm", *claim.owner)


class _Subnet(NamedTuple):
    """An IPv4 network that a host is in, and why."""

    address: str
    """With its prefix length."""
    what: str
    place: Place


def nat_overlaps(index: SiteIndex) -> Iterator[Diagnostic]:
    """A host has one route to a subnet, so what another of its interfaces has in it is not reached."""
    site = index.site
    for host, names in index.networks_used.items():
        nats = [(name, network) for name in names if (network := site.host_networks[host, name]).kind == "nat"]
        if not nats:
            continue
        others = [*_own_address(index, host), *_bridges(index, host, names), *_beside_uplinks(index, host, nats)]
        for position, (name, network) in enumerate(nats):
            earlier = [
                _Subnet(each.ipv4, f"the network {other}", network_place(site, host, other, "ipv4"))
                for other, each in nats[:position]
            ]
            overlapping = [each for each in [*earlier, *others] if _overlap(network.ipv4, each.address)]
            for other in overlapping[:1]:
                mine, its = ip_interface(network.ipv4).network, ip_interface(other.address).network
                yield diagnose(
                    "NET040",
                    f"the subnet {mine} of the network {name} on {host} overlaps {its} of {other.what}",
                    network_place(site, host, name, "ipv4"),
                    f"choose another subnet for {name}, and addresses in it for its guests",
                    [other.place],
                    "warning",
                )


def _overlap(one: str, other: str) -> bool:
    """Of two subnets that overlap, one has the addresses of the other."""
    return within(one.partition("/")[0], other) or within(other.partition("/")[0], one)


def _own_address(index: SiteIndex, host: str) -> Iterator[_Subnet]:
    """The address of the host itself, where the site has it as one."""
    try:
        address = IPv4Address(index.site.hosts[host].address or "")
    except ValueError:
        return
    yield _Subnet(f"{address}/32", f"{host} itself", index.site.place("host", host, "address"))


def _bridges(index: SiteIndex, host: str, names: Iterable[str]) -> Iterator[_Subnet]:
    for name in names:
        network = index.site.host_networks[host, name]
        if network.kind == "bridge":
            place = network_place(index.site, host, name, "ipv4")
            yield from (_Subnet(text, f"the network {name}", place) for text in network.ipv4)


def _beside_uplinks(index: SiteIndex, host: str, nats: Iterable[tuple[str, Nat]]) -> Iterator[_Subnet]:
    """Subnets of guests on a link where the host has an address: an uplink of nat, or that of its default route."""
    uplinks = {"auto", *(network.uplink for _, network in nats)}
    subnets = [network.ipv4 for _, network in nats]
    for name, vm in index.at_home[host].items():
        for key, nic in vm.nic.items():
            network = index.site.host_networks.get((host, nic.network))
            if network is None or network.kind == "nat" or nic.vlan is not None:
                continue
            if uplinks.isdisjoint((*members_of(network), interface_of(nic.network, network))):
                continue
            for text in nic.fixed4:
                if any(_overlap(text, subnet) for subnet in subnets):
                    what = f"nic {key} of {name}, which is on a link of {host}"
                    yield _Subnet(text, what, index.site.place("vm", name, "nic", key, "ipv4"))
