"""Translation rules and DHCP of a network of the kind nat, and rate limits: fragments that the administrator includes.

Each rule is a line of words; the quoter of fragments refuses all but plain words (``quote.rule_line``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Interface

from hivewright.model.network import Nat
from hivewright.model.network_kinds import NETWORKS
from hivewright.model.nic import Forward
from hivewright.plan import AdminLine, Fragment, NatPlan, NetworkPlan, RcSetting
from hivewright.site import Site

ETC = "/usr/local/etc/hivewright"
PF, IPFW, DNSMASQ = f"{ETC}/pf.conf", f"{ETC}/ipfw.rules", f"{ETC}/dnsmasq.conf"

_FORWARDING = "guests behind {what} need the host to forward packets"
_PF = (
    AdminLine('nat-anchor "hivewright"', "/etc/pf.conf, with the translation rules: guests behind NAT"),
    AdminLine('rdr-anchor "hivewright"', "/etc/pf.conf, with the translation rules: ports that lead to guests"),
    AdminLine(f'load anchor "hivewright" from "{PF}"', "/etc/pf.conf, at its end; pf must be enabled"),
)
_IPFW = AdminLine(
    f"/sbin/ipfw -q {IPFW}",
    "the script of the firewall, before it lets packets pass: {what}; ipfw must be enabled (firewall_enable)",
)
_DNSMASQ = AdminLine(f"conf-file={DNSMASQ}", "/usr/local/etc/dnsmasq.conf: addresses for guests (pkg install dnsmasq)")


def lower_nat(site: Site, host: str, name: str, network: Nat, bridge: str) -> NatPlan:
    """The rules of one network on one host."""
    subnet = str(IPv4Interface(network.ipv4).network)
    forwards = list(_forwards(site, host, name))
    pf: tuple[str, ...] = ()
    ipfw: tuple[str, ...] = ()
    if network.firewall == "pf":
        pf = tuple(_pf(network, subnet, forwards))
    else:
        ipfw = tuple(_ipfw(network, subnet, forwards))
    return NatPlan(pf, ipfw, tuple(_dnsmasq(network, name, bridge)))


def _forwards(site: Site, host: str, network: str) -> Iterator[tuple[str, Forward]]:
    """Address of the guest and forward, by the names of VM, NIC and forward."""
    for vm in site.guests[host].values():
        for _, nic in sorted(vm.nic.items()):
            if nic.network == network:
                yield from ((nic.main4, forward) for _, forward in sorted(nic.forward.items()))


def _pf(network: Nat, subnet: str, forwards: Iterable[tuple[str, Forward]]) -> Iterator[str]:
    """Without ``:0``, pf takes the aliases of an interface in turn, which may be those of jails (pf.conf(5))."""
    uplink = network.uplink
    own = network.address or f"({uplink}:0)"
    yield f"nat on {uplink} inet from {subnet} to ! {subnet} -> {own}"
    for address, forward in forwards:
        where = f"rdr on {uplink} inet proto {forward.protocol} from any to {own} port {forward.port}"
        yield f"{where} -> {address} port {forward.to}"


def _ipfw(network: Nat, subnet: str, forwards: Iterable[tuple[str, Forward]]) -> Iterator[str]:
    number, uplink = network.ipfw_number or 0, network.uplink
    source = f"ip {network.address}" if network.address else f"if {uplink}"
    redirects = [
        f" redirect_port {forward.protocol} {address}:{forward.to} {forward.port}" for address, forward in forwards
    ]
    yield f"nat {number} config {source} same_ports{''.join(redirects)}"
    # Only packets are translated; with rate limits ipfw sees frames too.
    yield f"add {number} nat {number} ip4 from {subnet} to not {subnet} not layer2 out via {uplink}"
    yield f"add {number} nat {number} ip4 from any to {network.address or 'me'} not layer2 in via {uplink}"


def _dnsmasq(network: Nat, name: str, bridge: str) -> Iterator[str]:
    dhcp = network.dhcp
    if dhcp is None:
        return
    host = IPv4Interface(network.ipv4)
    yield f"interface={bridge}"
    yield f"dhcp-range=set:{name},{dhcp.first},{dhcp.last},{host.netmask},12h"
    yield f"dhcp-option=tag:{name},option:router,{host.ip}"
    yield f"dhcp-option=tag:{name},option:dns-server,{','.join(dhcp.dns) or host.ip}"


def reservations(networks: Iterable[NetworkPlan], guests: Iterable[tuple[str, str, str, str]]) -> Iterator[str]:
    """Addresses that dnsmasq(8) keeps for guests: ``guests`` are network, MAC address, name and address."""
    served = {network.name for network in networks if network.nat is not None and network.nat.dnsmasq}
    for network, mac, name, address in guests:
        fixed = address.partition(",")[0].partition("/")[0]
        if network in served and fixed.replace(".", "").isdigit():
            yield f"dhcp-host={mac},{name},{fixed}"


def fragments(
    networks: Iterable[NetworkPlan], hosts: Iterable[str], limits: Iterable[tuple[str, tuple[str, ...]]] = ()
) -> Iterator[Fragment]:
    """The files of a host; empty ones are left out.

    ``hosts`` are lines of ``reservations``, ``limits`` sections of rules for ipfw.
    """
    plans = [(network.name, network.nat) for network in networks if network.nat is not None]
    for path, sections in (
        (PF, [(name, nat.pf) for name, nat in plans if nat.pf]),
        (IPFW, [*((name, nat.ipfw) for name, nat in plans if nat.ipfw), *limits]),
        (DNSMASQ, [(name, nat.dnsmasq) for name, nat in plans if nat.dnsmasq]),
    ):
        if sections:
            known = tuple(hosts) if path == DNSMASQ else ()
            yield Fragment(path, (*sections, ("guests with a fixed address", known)) if known else tuple(sections))


def lower_rc(networks: Iterable[NetworkPlan], limited: bool) -> Iterator[RcSetting]:
    """Settings of services of the system for networks; ``limited``: whether there are rate limits."""
    networks = tuple(networks)
    if any(network.nat is not None and network.nat.ipfw for network in networks):
        yield RcSetting("ipfw", "firewall_nat_enable", "YES", "loads ipfw_nat(4), by which guests are behind NAT")
    if limited:
        yield RcSetting("ipfw", "dummynet_enable", "YES", "loads dummynet(4), which limits the rate of NICs")
    names = sorted(network.name for network in networks if NETWORKS[network.kind].host_forwards)
    if names:
        yield RcSetting("routing", "gateway_enable", "YES", _FORWARDING.format(what=", ".join(names)))


def lower_lines(
    files: Iterable[Fragment], networks: Iterable[NetworkPlan], limited: bool, frames: Iterable[AdminLine]
) -> Iterator[AdminLine]:
    """The lines that the administrator adds to files of the system, so that fragments are read.

    ``limited``: whether there are rate limits; ``frames``: the lines that rate limits need after their rules.
    """
    paths = {fragment.path for fragment in files}
    if PF in paths:
        yield from _PF
    if IPFW in paths:
        nat = any(network.nat is not None and network.nat.ipfw for network in networks)
        what = [*(["guests behind NAT"] if nat else []), *(["rate limits"] if limited else [])]
        yield AdminLine(_IPFW.text, _IPFW.reason.format(what=" and ".join(what)))
        yield from frames
    if DNSMASQ in paths:
        yield _DNSMASQ
