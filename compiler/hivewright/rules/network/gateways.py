"""Gateways, routes and static addresses in first-boot data."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.addresses import is_for_all, within
from hivewright.rules.site_index import SiteIndex, clash, clashes, diagnose, listed

if TYPE_CHECKING:
    from hivewright.model.nic import Nic, Route


def gateways(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, key, nic in index.nics:
        for version, gateway in (("4", nic.gateway4), ("6", nic.gateway6)):
            if gateway is not None and not _is_router(gateway, nic):
                yield _gateway(index, name, key, nic, version)


def _is_router(address: str, nic: Nic) -> bool:
    """Whether a NIC reaches another host of this address, as far as the site can tell."""
    own = nic.fixed6 if ":" in address else nic.fixed4
    if not own or any(each.partition("/")[0] == address for each in own):
        return False
    if nic.on_link:
        return True
    if not nic.reaches(address):
        return False
    return ":" in address or any(within(address, each) and not is_for_all(address, each) for each in own)


def _gateway(index: SiteIndex, vm: str, key: str, nic: Nic, version: str) -> Diagnostic:
    """Why a guest does not reach its gateway."""
    given, own = (nic.ipv4, nic.fixed4) if version == "4" else (nic.ipv6, nic.fixed6)
    gateway = (nic.gateway4 if version == "4" else nic.gateway6) or ""
    here = ("vm", vm, "nic", key)
    gateway_key, address_key = f"gateway{version}", f"ipv{version}"
    also = [index.site.place(*here, address_key)] if given else []
    if not own:
        how = f'gets its address by {address_key} = "{given[0]}"' if given else f"has no {address_key}"
        code, message = "NET012", f"nic {key} of {vm} has the gateway {gateway}, but {how}"
        remedy = f"give {address_key} an address with a prefix length, or delete {gateway_key}"
    elif any(each.partition("/")[0] == gateway for each in own):
        code, message = "NET011", f"nic {key} of {vm} is its own gateway {gateway}"
        remedy = f"{gateway_key} is the router's address; correct it or {address_key}"
    else:
        code = "NET010"
        networks = f"network {ip_interface(own[0]).network}"
        if len(own) > 1:
            networks = f"networks {listed(str(ip_interface(each).network) for each in own)}"
        remedy = f"correct {gateway_key}, or the address or prefix length in {address_key}"
        if nic.reaches(gateway):
            position = "is the network or broadcast address of its"
        else:
            position = "is outside of its"
            remedy += "; if the provider wants it so, write on_link = true"
        message = f"the gateway {gateway} of {vm} {position} {networks}"
    return diagnose(code, message, index.site.place(*here, gateway_key), remedy, also)


def routes(index: SiteIndex) -> Iterator[Diagnostic]:
    """The router of a route is another host, of the family of its network, that the NIC reaches."""
    for name, key, nic in index.nics:
        for route in nic.routes:
            fault, remedy = _fault_of_route(route, nic)
            if fault:
                yield diagnose(
                    "NET045",
                    f"the route of nic {key} of {name} to {route.to} leads through {route.via}, which {fault}",
                    index.site.place("vm", name, "nic", key, "routes"),
                    remedy,
                )


def _fault_of_route(route: Route, nic: Nic) -> tuple[str, str]:
    """What is wrong with a router and what to do; nothing where the NIC has its networks by DHCP."""
    family, given, own = ("6", nic.ipv6, nic.fixed6) if ":" in route.to else ("4", nic.ipv4, nic.fixed4)
    if (":" in route.via) != (":" in route.to):
        return "is of the other family", "name a router of the family of the network"
    if not given:
        return f"needs an address in ipv{family}", f"give the NIC an address in ipv{family}, or delete the route"
    if any(each.partition("/")[0] == route.via for each in own):
        return "is its own address", "via is the address of the router"
    if own and not _is_router(route.via, nic):
        remedy = f"correct via, or the address or prefix length in ipv{family}; if it is meant, write on_link = true"
        return "is no address of a host in its networks", remedy
    return "", ""


def same_route(index: SiteIndex) -> Iterator[Diagnostic]:
    """Two routes to one network, in one guest: the second is not made, or takes the place of the first."""
    site = index.site
    for name, key, nic in index.nics:
        targets = [route.to for route in nic.routes]
        for target in dict.fromkeys(each for each in targets if targets.count(each) > 1):
            yield diagnose(
                "NET046",
                f"nic {key} of {name} has two routes to {target}",
                site.place("vm", name, "nic", key, "routes"),
                "delete one of them",
            )
    claims = (((name, route.to), (name, "nic", key, "routes")) for name, key, nic in index.nics for route in nic.routes)
    for (name, target), first, second in clashes(claims):
        yield clash(
            site,
            "NET046",
            f"nic {first[2]} and nic {second[2]} of {name} both have a route to {target}",
            (first, second),
            "delete one of them",
        )


def address_untold(index: SiteIndex) -> Iterator[Diagnostic]:
    """A static address reaches the guest through first-boot data only, and so do routes."""
    vms = index.site.vms
    for name, key, nic in index.nics:
        if vms[name].cloud_init is not None:
            continue
        told = [("ipv4", "address", nic.fixed4), ("ipv6", "address", nic.fixed6)]
        told.append(("routes", "route to", tuple(route.to for route in nic.routes)))
        for field, what, values in told:
            if values:
                yield diagnose(
                    "VM023",
                    f"nothing tells {name} its {what} {listed(values)}: it has no cloud_init",
                    index.site.place("vm", name, "nic", key, field),
                    f"add cloud_init = true to {name}, or delete {field} and set it inside the guest",
                    severity="warning",
                )
