"""Addresses of NICs for first-boot data: network configuration of version 2, as the reader understands it."""

from __future__ import annotations

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import USUAL_MTU, guest_mtu, mac_address
from hivewright.lower.seed.yaml_text import Text
from hivewright.model.nic import Nic
from hivewright.model.readers import Reader, features_of

_DEFAULT_ROUTES = {"gateway4": "0.0.0.0/0", "gateway6": "::/0"}


def network_config(guest: Guest, reader: Reader) -> dict[str, object] | None:
    """``None`` when no NIC has settings, so that the guest uses its own default."""
    ethernets = {
        name: _ethernet(guest, name, nic, reader)
        for name, nic in sorted(guest.vm.nic.items())
        if nic.ipv4 is not None or nic.ipv6 is not None
    }
    return {"version": 2, "ethernets": ethernets} if ethernets else None


def _ethernet(guest: Guest, name: str, nic: Nic, reader: Reader) -> dict[str, object]:
    mtu = guest_mtu(guest, nic)
    lost = {key for key, feature in features_of(nic, mtu != USUAL_MTU) if feature in reader.lacks}
    ethernet: dict[str, object] = {"match": {"macaddress": Text(mac_address(guest, name, nic))}}
    if mtu != USUAL_MTU and "mtu" not in lost:
        ethernet["mtu"] = mtu
    if nic.ipv4 == "dhcp":
        ethernet["dhcp4"] = True
        if reader.is_cloud_init:
            # Clones have the machine-id of what they are clones of, and by default the lease goes by that.
            ethernet["dhcp-identifier"] = "mac"
    if "ipv6" not in lost and nic.ipv6 in ("dhcp", "auto"):
        ethernet["dhcp6" if nic.ipv6 == "dhcp" else "accept-ra"] = True
    addresses = [Text(text) for text in (nic.ipv4, nic.ipv6) if text not in (None, "dhcp", "auto")]
    if addresses:
        ethernet["addresses"] = addresses
    gateways = [(key, text) for key, text in (("gateway4", nic.gateway4), ("gateway6", nic.gateway6)) if text]
    if reader.gateways == "gateway4":
        ethernet.update((key, Text(text)) for key, text in gateways)
    elif gateways:
        ethernet["routes"] = [{"to": Text(_DEFAULT_ROUTES[key]), "via": Text(text)} for key, text in gateways]
    servers = {key: [Text(text) for text in texts] for key, texts in (("addresses", nic.dns), ("search", nic.search))}
    told = {key: texts for key, texts in servers.items() if texts and {"addresses": "dns"}.get(key, key) not in lost}
    if told:
        ethernet["nameservers"] = told
    return ethernet
