"""First-boot data for ignition: one document of JSON, which the guest reads by fw_cfg.

Ignition runs at the first boot only, and knows users, groups, files, links and units. So a host name is a file, a
command a unit of systemd, and an address a file of whatever sets addresses in the guest.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from hivewright.lower.context import Guest
from hivewright.lower.seed.accounts import content_of, passwd_of, rules_of, secret_mark
from hivewright.lower.seed.interfaces import interface_files
from hivewright.lower.seed.run_once import SCRIPT, UNIT, script_of, unit_text
from hivewright.model.devices import Secret
from hivewright.model.first_boot import CloudInit, WriteFile
from hivewright.model.readers import Reader
from hivewright.values.ignition import merge_configs

_VERSION = "3.0.0"
"""All that is generated is in it; the version of the site's own config takes its place."""

_GROUPS = frozenset({"adm", "docker", "root", "sudo", "systemd-journal", "wheel"})
"""Groups that Fedora CoreOS and Flatcar have: ignition stops the boot when it shall make one that is there."""

Json = dict[str, Any]


def ignition_config(guest: Guest, reader: Reader) -> bytes:
    """The whole document, with the site's own config merged over it by the rules of ignition."""
    cloud_init = guest.vm.cloud_init
    assert cloud_init is not None, "only a guest with cloud_init has a seed"
    document: Json = {"ignition": {"version": _VERSION}}
    users = list(_users(guest, cloud_init))
    if users:
        document["passwd"] = {"users": users, **_groups(guest, cloud_init)}
    files = [*_names(guest, cloud_init), *_accounts(guest, cloud_init), *_files(guest, cloud_init, reader)]
    storage: Json = {"files": files}
    if cloud_init.timezone is not None:
        target = f"../usr/share/zoneinfo/{cloud_init.timezone}"
        storage["links"] = [{"path": "/etc/localtime", "target": target, "overwrite": True}]
    document["storage"] = storage
    if cloud_init.runcmd:
        document["systemd"] = {"units": [{"name": UNIT, "enabled": True, "contents": unit_text()}]}
    if cloud_init.user_data is not None:
        document = merge_configs(document, json.loads(guest.site.files[cloud_init.user_data]))
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()


def _users(guest: Guest, cloud_init: CloudInit) -> Iterator[Json]:
    for name in cloud_init.users:
        user = guest.site.users[name]
        written = {
            "name": name,
            "gecos": user.gecos,
            "groups": list(user.groups),
            "shell": user.shell,
            "passwordHash": passwd_of(user),
            "sshAuthorizedKeys": list(dict.fromkeys(user.ssh_keys)),
        }
        yield {key: value for key, value in written.items() if value}


def _groups(guest: Guest, cloud_init: CloudInit) -> Json:
    groups = dict.fromkeys(group for name in cloud_init.users for group in guest.site.users[name].groups)
    made = [{"name": group} for group in groups if group not in _GROUPS and group not in cloud_init.users]
    return {"groups": made} if made else {}


def _names(guest: Guest, cloud_init: CloudInit) -> Iterator[Json]:
    hostname = cloud_init.hostname or guest.name
    domain = guest.site.table.domain
    yield _text("/etc/hostname", f"{hostname}.{domain}\n" if domain else f"{hostname}\n")
    if cloud_init.keyboard is not None:
        yield _text("/etc/vconsole.conf", f"KEYMAP={cloud_init.keyboard}\n")


def _accounts(guest: Guest, cloud_init: CloudInit) -> Iterator[Json]:
    """What sudo(8) reads; it wants nobody else to."""
    for name in cloud_init.users:
        sudo, _ = rules_of(guest.site.users[name], guest.site.root_by(guest.vm))
        if sudo:
            yield _text(f"/etc/sudoers.d/90-{name}", f"{name} {sudo}\n", 0o440)


def _files(guest: Guest, cloud_init: CloudInit, reader: Reader) -> Iterator[Json]:
    if cloud_init.network:
        for path, text in interface_files(guest, reader):
            yield _text(path, text, 0o600)
    for file in cloud_init.write_files:
        yield _file(guest, file)
    if cloud_init.runcmd:
        yield _text(SCRIPT, script_of(cloud_init), 0o700)


def _file(guest: Guest, file: WriteFile) -> Json:
    content = content_of(guest, file)
    source = f"data:;base64,{secret_mark('base64', content.secret)}" if isinstance(content, Secret) else _data(content)
    written = _entry(file.path, source, int(file.permissions or "0644", 8))
    if file.owner is not None:
        user, _, group = file.owner.partition(":")
        written["user"] = {"name": user}
        if group:
            written["group"] = {"name": group}
    return written


def _text(path: str, text: str, mode: int = 0o644) -> Json:
    return _entry(path, _data(text.encode()), mode)


def _data(content: bytes) -> str:
    """A data URL that can be read, where that is shorter."""
    plain = f"data:,{quote(content)}"
    packed = f"data:;base64,{base64.b64encode(content).decode()}"
    return plain if len(plain) <= 2 * len(packed) else packed


def _entry(path: str, source: str, mode: int) -> Json:
    return {"path": path, "overwrite": True, "mode": mode, "contents": {"source": source}}
