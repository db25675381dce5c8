"""First-boot data: a NoCloud seed that cloud-init and nuageinit(7) read.

meta-data, user-data and, unless the guest uses its own default, network-config in version 2, which both know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hivewright.diagnostics import Diagnostic
from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import USUAL_MTU, guest_mtu, mac_address
from hivewright.lower.seed.yaml_text import Text, YamlWriter, read_mapping
from hivewright.model.guest import CloudInit
from hivewright.model.nic import Nic
from hivewright.model.site import User

Seed = tuple[tuple[str, bytes], ...]


class SeedWriter:
    """Makes seeds; parts that many of them have in common are made once."""

    def __init__(self) -> None:
        self.writer = YamlWriter()
        self.own: dict[str, Mapping[str, Any] | str] = {}
        """File of the site -> what it holds, or what is wrong with it."""
        self.accounts: dict[tuple[object, ...], str] = {}
        """Users and packages -> their part of user-data."""

    def seed(self, guest: Guest) -> tuple[Seed, tuple[Diagnostic, ...]]:
        """The files of the seed of a guest with ``cloud_init``, sorted, and diagnostics about its own user-data."""
        cloud_init = _cloud_init(guest)
        if guest.vm.hosts:
            # The seed of a VM with several hosts is that of its home; otherwise each move would be a first boot.
            guest = guest._replace(host_name=guest.vm.hosts[0])
        diagnostics: tuple[Diagnostic, ...] = ()
        own: Mapping[str, Any] | str = {}
        if cloud_init.user_data is not None:
            own = self._own(guest, cloud_init.user_data)
            if isinstance(own, str):
                diagnostics = (_not_mergeable(guest, cloud_init.user_data, own),)
        user_text = "#cloud-config\n" + self._user_data(guest, {} if isinstance(own, str) else own)
        network = _network_config(guest) if cloud_init.network else None
        network_text = self.writer.write(network) if network is not None else ""
        digest = hashlib.sha256(f"{user_text}\0{network_text}".encode()).hexdigest()
        hostname = cloud_init.hostname or guest.name
        # A changed instance-id makes cloud-init apply the data again.
        meta = {"instance-id": Text(f"{guest.name}-{digest[:12]}"), "local-hostname": Text(hostname)}
        files = [("meta-data", self.writer.write(meta).encode())]
        if network_text:
            files.append(("network-config", network_text.encode()))
        files.append(("user-data", user_text.encode()))
        return tuple(files), diagnostics

    def _user_data(self, guest: Guest, own: Mapping[str, Any]) -> str:
        cloud_init = _cloud_init(guest)
        if own:
            return self.writer.write(_merge(_names(guest) | _accounts(guest), own))
        key = (cloud_init.users, cloud_init.packages)
        if key not in self.accounts:
            self.accounts[key] = self.writer.write(_accounts(guest))
        return self.writer.write(_names(guest)) + self.accounts[key]

    def _own(self, guest: Guest, file: str) -> Mapping[str, Any] | str:
        if file not in self.own:
            try:
                self.own[file] = read_mapping(guest.site.files[file].decode())
            except ValueError as error:
                self.own[file] = str(error)
        return self.own[file]


def _not_mergeable(guest: Guest, file: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "SEED001",
        f"{file} cannot be merged into the first-boot data of {guest.name}: {reason}",
        guest.site.place("vm", guest.name, "cloud_init", "user_data"),
        "write out what the aliases (*name) of the file stand for",
    )


def _merge(ours: Any, theirs: Any) -> Any:
    """Mappings are merged key by key, lists are joined, other values are taken from the site's own file."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        merged = dict(ours)
        for key, value in theirs.items():
            merged[key] = _merge(ours[key], value) if key in ours else value
        return merged
    if isinstance(ours, list) and isinstance(theirs, list):
        return ours + theirs
    return theirs


def _cloud_init(guest: Guest) -> CloudInit:
    assert guest.vm.cloud_init is not None, "only a guest with cloud_init has a seed"
    return guest.vm.cloud_init


def _names(guest: Guest) -> dict[str, object]:
    hostname = _cloud_init(guest).hostname or guest.name
    names: dict[str, object] = {"hostname": Text(hostname)}
    if guest.site.table.domain:
        names["fqdn"] = Text(f"{hostname}.{guest.site.table.domain}")
    return names


def _accounts(guest: Guest) -> dict[str, object]:
    cloud_init = _cloud_init(guest)
    data: dict[str, object] = {}
    if cloud_init.users:
        data["users"] = [_user(name, guest.site.users[name]) for name in cloud_init.users]
    if cloud_init.packages:
        data["package_update"] = True
        data["packages"] = list(cloud_init.packages)
    return data


def _user(name: str, user: User) -> dict[str, object]:
    account: dict[str, object] = {"name": name}
    if user.gecos:
        account["gecos"] = user.gecos
    if user.groups:
        account["groups"] = list(user.groups)
    if user.shell is not None:
        account["shell"] = user.shell
    if user.sudo:
        account["sudo"] = user.sudo
    account["lock_passwd"] = True
    if user.ssh_keys:
        account["ssh_authorized_keys"] = list(user.ssh_keys)
    return account


def _network_config(guest: Guest) -> dict[str, object] | None:
    """Network configuration, version 2; None when no NIC has settings, so that the guest uses its own default."""
    profile = guest.site.profiles.get(guest.vm.profile)
    is_freebsd = profile is not None and profile.os == "freebsd"
    ethernets = {
        name: _ethernet(guest, name, nic, is_freebsd)
        for name, nic in sorted(guest.vm.nic.items())
        if nic.ipv4 is not None or nic.ipv6 is not None
    }
    return {"version": 2, "ethernets": ethernets} if ethernets else None


def _ethernet(guest: Guest, name: str, nic: Nic, is_freebsd: bool) -> dict[str, object]:
    ethernet: dict[str, object] = {"match": {"macaddress": Text(mac_address(guest, name, nic))}}
    mtu = guest_mtu(guest, nic)
    if mtu != USUAL_MTU:
        ethernet["mtu"] = mtu
    if nic.ipv4 == "dhcp":
        ethernet["dhcp4"] = True
    if nic.ipv6 == "dhcp":
        ethernet["dhcp6"] = True
    elif nic.ipv6 == "auto":
        ethernet["accept-ra"] = True
    addresses = [Text(text) for text in (nic.ipv4, nic.ipv6) if text not in (None, "dhcp", "auto")]
    if addresses:
        ethernet["addresses"] = addresses
    gateways = [(key, text) for key, text in (("gateway4", nic.gateway4), ("gateway6", nic.gateway6)) if text]
    if is_freebsd:
        # nuageinit(7) does not know routes; cloud-init calls gateway4 and gateway6 obsolete.
        ethernet.update((key, Text(text)) for key, text in gateways)
    elif gateways:
        to = {"gateway4": "0.0.0.0/0", "gateway6": "::/0"}
        ethernet["routes"] = [{"to": Text(to[key]), "via": Text(text)} for key, text in gateways]
    servers: dict[str, object] = {}
    if nic.dns:
        servers["addresses"] = [Text(text) for text in nic.dns]
    if nic.search:
        servers["search"] = [Text(text) for text in nic.search]
    if servers:
        ethernet["nameservers"] = servers
    return ethernet
