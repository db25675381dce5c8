"""Values that must be unique: MAC and IP addresses, UUIDs, VNC ports."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.network_kinds import is_isolated
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes

_WILDCARDS = ("0.0.0.0", "::")


def mac_claims(index: SiteIndex) -> Iterator[tuple[str, Owner]]:
    return ((nic.mac, (name, "nic", key, "mac")) for name, key, nic in index.nics if nic.mac is not None)


def same_mac(index: SiteIndex) -> Iterator[Diagnostic]:
    for mac, first, second in clashes(mac_claims(index)):
        yield clash(
            index.site,
            "VM014",
            f"{both(first, second)} have the same MAC address {mac}",
            (first, second),
            "delete one of the two; hivewright then derives an address from the name",
        )


def uuid_claims(index: SiteIndex) -> Iterator[tuple[str, Owner]]:
    return ((vm.uuid, (name, "uuid")) for name, vm in index.using("uuid") if vm.uuid is not None)


def same_uuid(index: SiteIndex) -> Iterator[Diagnostic]:
    for uuid, first, second in clashes(uuid_claims(index)):
        yield clash(
            index.site,
            "VM010",
            f"{both(first, second)} have the same UUID {uuid}",
            (first, second),
            "delete one of the two; hivewright then derives a UUID from the name",
        )


def same_ip(index: SiteIndex) -> Iterator[Diagnostic]:
    for (address, _), first, second in clashes(ip_claims(index)):
        yield clash(
            index.site,
            "VM015",
            f"{both(first, second)} have the same address {address}",
            (first, second),
            "give one of the two another address",
        )


def ip_claims(index: SiteIndex) -> Iterator[tuple[tuple[str, tuple[str, ...]], Owner]]:
    """Each static address with the scope in which it must be unique.

    That is the site; for a network without an uplink its host, and for a link-local address its network.
    """
    isolated = {key for key, network in index.site.host_networks.items() if is_isolated(network)}
    for name, key, nic in index.nics:
        for field, value in [*(("ipv4", each) for each in nic.fixed4), *(("ipv6", each) for each in nic.fixed6)]:
            address = value.partition("/")[0]
            owner = (name, "nic", key, field)
            hosts = index.hosts_of[name]
            if isolated and all((host, nic.network) in isolated for host in hosts):
                for host in hosts:
                    yield (address, (nic.network, host)), owner
            elif address.startswith(("fe80:", "169.254.")):
                yield (address, (nic.network or nic.existing or f"{nic.vf}",)), owner
            else:
                yield (address, ()), owner


def same_vnc_port(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve does not start when the port of its framebuffer is in use (bhyve(8), fbuf)."""
    reported: set[str] = set()
    # By host, port and address family: the owner of each address, and the first owner.
    holders: dict[tuple[str, int, bool], dict[str, str]] = {}
    for name, vm in index.using("vnc"):
        if vm.vnc is None or vm.vnc.port == "auto":
            continue
        for host in index.hosts_of[name]:
            address = vm.vnc.address
            same_port = holders.setdefault((host, vm.vnc.port, ":" in address), {})
            other = _listener(same_port, address)
            same_port.setdefault(address, name)
            if other is None or name in reported:
                continue
            reported.add(name)
            yield clash(
                index.site,
                "VM016",
                f"{other} and {name} both offer VNC on port {vm.vnc.port} of {host}",
                ((other, "vnc", "port"), (name, "vnc", "port")),
                'delete one of the two or write port = "auto"; hivewright then chooses a free port',
            )


def _listener(same_port: dict[str, str], address: str) -> str | None:
    """The owner of a clashing port: with the same or the wildcard address, or any if ``address`` is the wildcard."""
    if address in _WILDCARDS:
        return next(iter(same_port.values()), None)
    if address in same_port:
        return same_port[address]
    return next((same_port[wildcard] for wildcard in _WILDCARDS if wildcard in same_port), None)
