"""Addresses of NICs for first-boot data: network configuration of version 2, as the reader understands it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import USUAL_MTU, guest_mtu, mac_address
from hivewright.lower.seed.yaml_text import Text
from hivewright.model.nic import Nic
from hivewright.model.readers import Reader, features_of


def network_config(guest: Guest, reader: Reader) -> dict[str, object] | None:
    """``None`` when no NIC has settings, so that the guest uses its own default."""
    ethernets = {
        name: _ethernet(guest, name, nic, reader) for name, nic in sorted(guest.vm.nic.items()) if nic.ipv4 or nic.ipv6
    }
    return {"version": 2, "ethernets": ethernets} if ethernets else None


def _ethernet(guest: Guest, name: str, nic: Nic, reader: Reader) -> dict[str, object]:
    mtu = guest_mtu(guest, nic)
    lacking = [(key, feature) for key, feature in features_of(nic, mtu != USUAL_MTU) if feature in reader.lacks]
    lost, features = {key for key, _ in lacking}, {feature for _, feature in lacking}
    ethernet: dict[str, object] = {"match": {"macaddress": Text(mac_address(guest, name, nic))}}
    if mtu != USUAL_MTU and "mtu" not in lost:
        ethernet["mtu"] = mtu
    if nic.ipv4 == ("dhcp",):
        ethernet["dhcp4"] = True
        if reader.is_cloud_init or reader.answers == "autoinstall":
            # Clones have the machine-id of what they are clones of, and by default the lease goes by that.
            ethernet["dhcp-identifier"] = "mac"
    if nic.ipv6 and not nic.fixed6 and "ipv6" not in lost:
        ethernet["dhcp6" if nic.ipv6 == ("dhcp",) else "accept-ra"] = True
    most = 1 if "several addresses" in features else None
    addresses = [Text(text) for text in (*nic.fixed4[:most], *nic.fixed6[:most])]
    if addresses:
        ethernet["addresses"] = addresses
    ethernet.update(_routing(nic, reader, features))
    servers = {key: [Text(text) for text in texts] for key, texts in (("addresses", nic.dns), ("search", nic.search))}
    told = {key: texts for key, texts in servers.items() if texts and {"addresses": "dns"}.get(key, key) not in lost}
    if told:
        ethernet["nameservers"] = told
    return ethernet


def _routing(nic: Nic, reader: Reader, lacking: Collection[str]) -> Iterator[tuple[str, object]]:
    """Gateways and routes, without what the reader lacks: a gateway that it cannot reach, for example."""
    gateways = {"gateway4": nic.gateway4, "gateway6": nic.gateway6}
    if "link-local gateway" in lacking:
        gateways["gateway6"] = None
    known = {
        key: router
        for key, router in gateways.items()
        if router is not None and ("on_link" not in lacking or nic.reaches(router))
    }
    if reader.gateways == "gateway4":
        yield from ((key, Text(router)) for key, router in known.items())
        return
    pairs = [("0.0.0.0/0" if key == "gateway4" else "::/0", router) for key, router in known.items()]
    if "routes" not in lacking:
        pairs += [(route.to, route.via) for route in nic.routes]
    if pairs:
        yield "routes", [_route(nic, to, via) for to, via in pairs]


def _route(nic: Nic, to: str, via: str) -> dict[str, object]:
    route: dict[str, object] = {"to": Text(to), "via": Text(via)}
    if nic.on_link and not nic.reaches(via):
        route["on-link"] = True
    return route
