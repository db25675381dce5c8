"""Rate limits of NICs: pipes of dummynet(4), and the rules of ipfw(8) that send packets through them.

ipfw sees a frame on a bridge once, when it leaves by a member (if_bridge(4), net.link.bridge.ipfw), and knows by which
member it came. Frames between a guest and the host pass the interface of the bridge instead, where only the MAC address
identifies the guest. A routed tap carries packets, which ipfw sees anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import mac_address, tap_name
from hivewright.model.network_kinds import interface_of, kind_of
from hivewright.model.nic import Nic, RateLimit
from hivewright.plan import AdminLine, KernelSetting
from hivewright.values import format_rate

Section = tuple[str, tuple[str, ...]]
_REASON = "rate limits of NICs on bridges, whose frames ipfw(8) sees only then"
_FRAMES = ("net.link.ether.ipfw", "net.link.bridge.ipfw")


class Rates(NamedTuple):
    """The rules of a host, one section a NIC, and whether any of them is for frames on a bridge."""

    sections: tuple[Section, ...]
    bridged: bool


def lower_rates(guests: Iterable[Guest]) -> Rates:
    """The limits of all guests of a host, by their names. A rule has seen that the host has an ipfw_number."""
    limited = [guest for guest in guests if any(nic.rate_limit is not None for nic in guest.vm.nic.values())]
    sections: list[Section] = []
    bridged = False
    for guest in sorted(limited, key=lambda guest: guest.name):
        for name, nic in sorted(guest.vm.nic.items()):
            if nic.rate_limit is not None:
                bridged |= kind_of(guest.site.host_networks[guest.host_name, nic.network]).bridged
                lines = tuple(_lines(guest, name, nic, nic.rate_limit))
                sections.append((f"rate limit of nic {name} of {guest.name}", lines))
    if bridged:
        rule = f"add {limited[0].host.ipfw_number} allow ip from any to any layer2"
        sections.append(("all other frames; what they carry comes again, without this", (rule,)))
    return Rates(tuple(sections), bridged)


def _lines(guest: Guest, name: str, nic: Nic, limit: RateLimit) -> Iterator[str]:
    inward, outward = _matches(guest, name, nic)
    first = int(guest.lock.pipes[name])
    for pipe, rate, matches in ((first, limit.inward, inward), (first + 1, limit.out, outward)):
        if rate is None:
            continue
        yield f"pipe {pipe} config bw {format_rate(rate)}"
        yield from (f"add {guest.host.ipfw_number} pipe {pipe} ip from any to any {match}" for match in matches)


def _matches(guest: Guest, name: str, nic: Nic) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What reaches the guest and what it sends (ipfw(8), "layer2", "recv", "xmit", "MAC": the destination first)."""
    network = guest.site.host_networks[guest.host_name, nic.network]
    tap = tap_name(guest, name, nic)
    if not kind_of(network).bridged:
        return (f"not layer2 out xmit {tap}",), (f"not layer2 in recv {tap}",)
    bridge, mac = interface_of(nic.network, network), mac_address(guest, name, nic)
    return (
        (f"layer2 out xmit {tap}", f"layer2 out xmit {bridge} MAC {mac} any"),
        (f"layer2 out recv {tap}", f"layer2 in recv {bridge} MAC any {mac}"),
    )


def rate_lines(rates: Rates) -> Iterator[AdminLine]:
    """Settings by which ipfw sees frames. The administrator makes them: rules that block frames cut off the host."""
    if rates.bridged:
        yield AdminLine(
            f"/sbin/sysctl {' '.join(f'{name}=1' for name in _FRAMES)}",
            f"the script of the firewall, behind the line before: {_REASON}. The second switches "
            "net.link.bridge.pfil_member and pfil_bridge off; where a firewall filters there, set them to 1 again",
        )


def rate_settings(rates: Rates) -> Iterator[KernelSetting]:
    """Settings that the runtime checks, so that it reports limits that are not in force."""
    if rates.bridged:
        yield from (KernelSetting("expect", name, 1, _REASON) for name in _FRAMES)


def rate_notes(rates: Rates) -> Iterator[str]:
    if rates.sections:
        yield (
            "Rate limits: what a limit lets pass is accepted without the rules behind it as long as the sysctl "
            "net.inet.ip.fw.one_pass is 1, its default; write net.inet.ip.fw.one_pass=0 into sysctl.conf where rules "
            "behind the limits shall count, or where two limits shall hold for packets between two guests."
        )
