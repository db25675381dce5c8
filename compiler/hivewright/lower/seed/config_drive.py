"""First-boot data on a config drive, as cloudbase-init reads it in Windows (its BaseOpenStackService).

Its files have names that Windows finds on a medium without further extensions: letters, digits and underscores. It
looks for no other medium unless its own configuration says so.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def config_drive(
    instance: str, hostname: str, user_data: str, network: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    """Its files, sorted. ``network`` is of version 2; a NIC without a static address is left to DHCP."""
    # Keys of accounts are in user_data. Here they would be for the administrator.
    files = [("meta_data.json", _written({"uuid": instance, "hostname": hostname}))]
    if network is not None:
        files.append(("network_data.json", _written(_network_data(network["ethernets"]))))
    return [*files, ("user_data", user_data)]


def _network_data(ethernets: Mapping[str, Any]) -> Json:
    links, networks = [], []
    for name, ethernet in ethernets.items():
        link = {"id": name, "type": "phy", "ethernet_mac_address": str(ethernet["match"]["macaddress"])}
        links.append(link if "mtu" not in ethernet else {**link, "mtu": ethernet["mtu"]})
        networks += [_network(name, str(address), ethernet) for address in ethernet.get("addresses", ())]
    return {"links": links, "networks": networks, "services": []}


def _network(link: str, address: str, ethernet: Mapping[str, Any]) -> Json:
    """One address with the default route and the name servers of its family."""
    interface = ipaddress.ip_interface(address)
    every = "0.0.0.0" if interface.version == 4 else "::"
    routes = [
        {"network": every, "netmask": every, "gateway": str(route["via"])}
        for route in ethernet.get("routes", ())
        if str(route["to"]) == f"{every}/0"
    ]
    servers = [str(each) for each in ethernet.get("nameservers", {}).get("addresses", ())]
    return {
        "id": f"{link}-ipv{interface.version}",
        "link": link,
        "type": f"ipv{interface.version}",
        "ip_address": str(interface.ip),
        "netmask": str(interface.netmask),
        "routes": routes,
        "services": [
            {"type": "dns", "address": each}
            for each in servers
            if ipaddress.ip_address(each).version == interface.version
        ],
    }


def _written(document: Json) -> str:
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"
