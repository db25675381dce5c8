"""Addresses of NICs as the files of what sets them in the guest: systemd-networkd or NetworkManager.

systemd.network(5); nm-settings-keyfile(5). Both find a NIC by its MAC address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import USUAL_MTU, guest_mtu, mac_address
from hivewright.model.nic import Nic
from hivewright.model.readers import Reader


def interface_files(guest: Guest, reader: Reader) -> Iterator[tuple[str, str]]:
    """Path and text of a file for each NIC that has settings."""
    for name, nic in sorted(guest.vm.nic.items()):
        if nic.ipv4 or nic.ipv6:
            mac, mtu = mac_address(guest, name, nic), guest_mtu(guest, nic)
            size = mtu if mtu != USUAL_MTU else None
            if reader.network == "NetworkManager":
                path = f"/etc/NetworkManager/system-connections/{name}.nmconnection"
                yield path, "".join(f"{line}\n" for line in _keyfile(name, nic, mac, size))
            else:
                path = f"/etc/systemd/network/10-{name}.network"
                yield path, "".join(f"{line}\n" for line in _networkd(nic, mac, size))


def _networkd(nic: Nic, mac: str, mtu: int | None) -> Iterator[str]:
    yield from ("[Match]", f"MACAddress={mac}")
    if mtu is not None:
        yield from ("[Link]", f"MTUBytes={mtu}")
    dhcp = {(True, True): "yes", (True, False): "ipv4", (False, True): "ipv6", (False, False): "no"}
    yield "[Network]"
    yield f"DHCP={dhcp[nic.ipv4 == ('dhcp',), nic.ipv6 == ('dhcp',)]}"
    yield f"IPv6AcceptRA={'yes' if nic.ipv6 in (('auto',), ('dhcp',)) else 'no'}"
    yield from (f"Address={address}" for address in (*nic.fixed4, *nic.fixed6))
    yield from (f"DNS={server}" for server in nic.dns)
    if nic.search:
        yield f"Domains={' '.join(nic.search)}"
    if nic.ipv4 == ("dhcp",):
        # Clones have the machine-id of what they are clones of, and by default the lease goes by that.
        yield from ("[DHCPv4]", "ClientIdentifier=mac")
    for to, via in _routes(nic):
        yield from ("[Route]", f"Destination={to}", f"Gateway={via}")
        if nic.on_link and not nic.reaches(via):
            yield "GatewayOnLink=yes"


def _keyfile(name: str, nic: Nic, mac: str, mtu: int | None) -> Iterator[str]:
    yield from ("[connection]", f"id={name}", "type=ethernet")
    yield from ("[ethernet]", f"mac-address={mac}")
    if mtu is not None:
        yield f"mtu={mtu}"
    yield from ("[ipv4]", *_family(nic, 4))
    yield from ("[ipv6]", *_family(nic, 6))


def _family(nic: Nic, version: int) -> Iterator[str]:
    """What a keyfile says of one family of addresses."""
    asked, fixed = (nic.ipv4, nic.fixed4) if version == 4 else (nic.ipv6, nic.fixed6)
    if fixed:
        yield "method=manual"
    elif asked:
        yield "method=dhcp" if version == 6 and asked == ("dhcp",) else "method=auto"
    else:
        yield "method=disabled"
        return
    if version == 4 and asked == ("dhcp",):
        yield "dhcp-client-id=mac"
    yield from (f"address{number}={address}" for number, address in enumerate(fixed, 1))
    routes = [(to, via) for to, via in _routes(nic) if ipaddress.ip_address(via).version == version]
    for number, (to, via) in enumerate(routes, 1):
        yield f"route{number}={to},{via}"
        if nic.on_link and not nic.reaches(via):
            yield f"route{number}_options=onlink=true"
    servers = [server for server in nic.dns if ipaddress.ip_address(server).version == version]
    if servers:
        yield f"dns={''.join(f'{server};' for server in servers)}"
    if nic.search:
        yield f"dns-search={''.join(f'{domain};' for domain in nic.search)}"


def _routes(nic: Nic) -> list[tuple[str, str]]:
    defaults = [("0.0.0.0/0", nic.gateway4), ("::/0", nic.gateway6)]
    return [(to, via) for to, via in defaults if via] + [(route.to, route.via) for route in nic.routes]
