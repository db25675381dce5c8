"""Accounts and packages of first-boot data, as the reader of the guest understands them."""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.lower.context import Guest
from hivewright.lower.seed.yaml_text import Text
from hivewright.model.guest import CloudInit
from hivewright.model.readers import Reader
from hivewright.model.site import User


def accounts(guest: Guest, cloud_init: CloudInit, reader: Reader) -> dict[str, object]:
    """``users`` with the groups they need, and ``packages``."""
    data: dict[str, object] = {}
    users = [(name, guest.site.users[name]) for name in cloud_init.users]
    if reader.plain_accounts:
        # nuageinit makes no groups of users: that of 14.1 stops at a missing one, later ones leave it out.
        groups = dict.fromkeys(group for _, user in users for group in user.groups)
        if groups:
            data["groups"] = list(groups)
    if users:
        data["users"] = [_account(name, user, reader) for name, user in users]
    if cloud_init.packages and "packages" not in reader.lacks:
        data["package_update"] = True
        data["packages"] = list(cloud_init.packages)
    return data


def _account(name: str, user: User, reader: Reader) -> dict[str, object]:
    written = {
        "name": name,
        "gecos": shell_safe(user.gecos) if reader.plain_accounts else user.gecos,
        "groups": list(user.groups),
        "shell": user.shell,
        "sudo": user.sudo,
        "lock_passwd": True,
        "ssh_authorized_keys": list(user.ssh_keys),
    }
    known = written if reader.account is None else reader.account
    return {key: value for key, value in written.items() if value and key in known}


_QUOTES = str.maketrans({"'": "\N{RIGHT SINGLE QUOTATION MARK}", '"': "\N{RIGHT DOUBLE QUOTATION MARK}"})


def shell_safe(gecos: str) -> Text:
    """A full name that nuageinit can put between apostrophes, as it does (up to 15.0 without quoting it).

    It is written in double quotes, without any inside: the parser of early nuageinit takes "on call" for ``true``.
    """
    return Text(gecos.translate(_QUOTES))


def identity(names: Iterable[str], users: Iterable[User], packages: Iterable[str]) -> dict[str, object]:
    """What of accounts and packages needs a first boot, however it is written for the reader."""
    return {
        "users": [[name, *_values(user)] for name, user in zip(names, users, strict=True)],
        "packages": list(packages),
    }


def _values(user: User) -> list[object]:
    return [user.gecos, list(user.groups), user.shell, user.sudo, list(user.ssh_keys)]
