"""What the NICs of a domain are connected to: bridges, and networks of libvirt by their definitions."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from hivewright.importers.forms import Bridge, Old, Remark
from hivewright.importers.names import site_name
from hivewright.importers.xml_text import Element


def bridge_of(nic: Element, networks: Mapping[str, Element]) -> Bridge:
    """The network that a NIC is connected to. Raises ``UnreadableError`` for what bhyve cannot have."""
    kind = nic.get("type")
    if kind == "bridge":
        bridge = nic.at("source", "bridge")
        if not bridge:
            raise nic.fault("nothing says which bridge it is on")
        return Bridge(site_name(bridge, otherwise="net"), {"kind": "manual", "bridge": bridge})
    if kind == "user":
        return Bridge("slirp", {"kind": "slirp", "open": True})
    if kind == "network":
        return _network(nic, networks)
    raise nic.fault(f'a NIC of the type "{kind}"; bhyve has bridge, network and user')


def _network(nic: Element, networks: Mapping[str, Element]) -> Bridge:
    called = nic.at("source", "network")
    network = networks.get(called)
    if network is None:
        raise nic.fault(f'it is on the network "{called}", which is not among the files; '
                        f"add what `virsh net-dumpxml {called}` prints")  # fmt: skip
    bridge = network.at("bridge", "name")
    if not bridge:
        raise network.fault(f'the network "{called}" has no bridge; bhyve cannot be on it')
    keys: dict[str, Any] = {"kind": "manual", "bridge": bridge}
    mtu = network.at("mtu", "size")
    if mtu.isdecimal() and mtu != "1500":
        keys["mtu"] = int(mtu)
    return Bridge(site_name(called, otherwise="net"), keys, _later(called, bridge, network))


def _later(called: str, bridge: str, network: Element) -> str:
    """What to write when libvirt does not make the bridge any more."""
    mode = network.at("forward", "mode", "nat") if network.first("forward") is not None else "isolated"
    if mode == "bridge":
        return f"The network {called} of libvirt; its bridge is the administrator's."
    first = f"libvirt makes this bridge (network {called}), and both share it until the last guest is switched over."
    keys = [f'bridge = "{bridge}"']
    addresses = [_address(ip) for ip in network.all("ip")]
    ipv4 = [text for text in addresses if text and ":" not in text]
    ipv6 = [text for text in addresses if ":" in text]
    left = ""
    if mode == "nat" and ipv4:
        others = ", ".join([*ipv4[1:], *ipv6])
        left = f". A network of the kind nat has one address; {others} are left out" if others else ""
        uplink = network.at("forward", "dev") or "INTERFACE"
        keys = ['kind = "nat"', *keys, f'ipv4 = "{ipv4[0]}"', f'uplink = "{uplink}"']
        span = network.first("ip/dhcp/range")
        if span is not None:
            keys.append(f'dhcp = {{ first = "{span.get("start")}", last = "{span.get("end")}" }}')
    else:
        keys = ['kind = "bridge"', *keys, 'uplink = "none"']
        keys += [f"{key} = {_written(found)}" for key, found in (("ipv4", ipv4), ("ipv6", ipv6)) if found]
    return f"{first} Then write: {', '.join(keys)}{left}"


def _written(addresses: list[str]) -> str:
    """One in quotes, or several in an array."""
    text = ", ".join(f'"{each}"' for each in addresses)
    return f"[{text}]" if len(addresses) > 1 else text


def _address(ip: Element) -> str:
    address, prefix = ip.get("address"), ip.get("prefix") or ip.get("netmask")
    ip.get("family")
    try:
        return f"{address}/{ipaddress.ip_network(f'{address}/{prefix}', strict=False).prefixlen}" if prefix else ""
    except ValueError:
        raise ip.fault(f'"{address}", "{prefix}" is no address with a netmask') from None


def nic_keys(old: Old, nic: Element, where: str) -> None:
    """What a NIC has besides its words."""
    if nic.at("port", "isolated") == "yes":
        old.nics.setdefault(where, {})["private"] = True
    tags = nic.all("vlan/tag")
    if tags:
        numbers = ", ".join(tag.get("id") for tag in tags)
        trunk = nic.at("vlan", "trunk") == "yes" or len(tags) > 1
        words = f"trunk = [{numbers}]" if trunk else f"vlan = {numbers}"
        old.notes.append(
            Remark(
                f"VLAN {numbers} of the NIC {where}",
                "libvirt gives it to the bridge; one that hivewright does not make is left as it is. On a network "
                f"of the kind bridge with vlan_filter write {words}",
            )
        )


def network_remarks(networks: Mapping[str, Element]) -> list[Remark]:
    """Addresses that dnsmasq of libvirt gives by MAC address, and names that it answers for."""
    found = []
    for called, network in networks.items():
        found += [
            Remark(
                f"{host.get('ip')} for {host.get('mac') or host.get('name')} (network {called})",
                "libvirt's dnsmasq gives it away; write it into dnsmasq's own configuration, or as ipv4 of the NIC",
            )
            for host in network.all("ip/dhcp/host")
        ]
        for record in network.all("dns"):
            record.leave()
            found.append(Remark(f"dns of the network {called}", "dnsmasq of libvirt answers for it"))
    return found
