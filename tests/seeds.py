"""Seeds of one guest, for tests of first-boot data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import Lowered, lower

ALICE = {
    "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 80 + " alice: at home # first", "ssh-rsa BBBB b"],
    "groups": ["wheel", "operators"],
    "shell": "/bin/sh",
    "sudo": "ALL=(ALL) NOPASSWD:ALL",
    "gecos": "Alice 'A' \"B\"",
}
USERS = {"alice": ALICE, "bob": {}}
STATIC = {
    "network": "lan",
    "mac": "58:9c:fc:00:00:01",
    "ipv4": "192.0.2.10/24",
    "gateway4": "192.0.2.1",
    "ipv6": "2001:db8::10/64",
    "gateway6": "2001:db8::1",
    "dns": ["192.0.2.53", "2001:db8::53"],
    "search": ["example.net"],
}


def lowered(cloud_init: object = True, **keys: Any) -> Lowered:
    tables = {key: keys.pop(key) for key in ("files", "table", "networks", "hosts") if key in keys}
    users = keys.pop("users", USERS)
    site = build_site({"web1": {"cloud_init": cloud_init, **keys}}, users=users, **tables)
    return lower(site, allocate(site, {}))


def seed(cloud_init: object = True, **keys: Any) -> dict[str, str]:
    result = lowered(cloud_init, **keys)
    assert result.diagnostics == ()
    return {name: content.decode() for name, content in result.plans[0].vms[0].seed}


def user_data(cloud_init: object = True, **keys: Any) -> dict[str, Any]:
    files = seed(cloud_init, **keys)
    text = files.get("user-data") or files["user_data"]
    assert text.startswith("#cloud-config\n")
    return dict(yaml.safe_load(text))


def ethernet(nic: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    text = seed(nic={"lan": {"network": "lan", "mac": "58:9c:fc:00:00:01", **nic}}, **keys)["network-config"]
    document = yaml.safe_load(text)
    assert (document["version"], set(document["ethernets"])) == (2, {"lan"})
    found = dict(document["ethernets"]["lan"])
    assert found.pop("match") == {"macaddress": "58:9c:fc:00:00:01"}
    return found


FIRST_BOOT: Mapping[str, Any] = {
    "timezone": "Europe/Berlin",
    "locale": "de_DE.UTF-8",
    "keyboard": "de",
    "write_files": [
        {"path": "/etc/motd", "content": "Hello\n", "owner": "root:root"},
        {"path": "/etc/token", "secret": "token", "permissions": "0600"},
    ],
    "runcmd": ["service nginx restart"],
    "growpart": False,
    "phone_home": {"url": "http://192.0.2.1/seen", "post": ["hostname"], "tries": 3},
}
"""What a first boot does beside accounts, packages and the network."""

CLOUD_INIT: Mapping[str, Any] = {
    "hostname": "full",
    "slot": 28,
    "users": ["alice"],
    "packages": ["nginx"],
    "windows": {"image": 2, "product_key": {"secret": "windows"}},
    **FIRST_BOOT,
}
"""Every key but those of the reader."""
