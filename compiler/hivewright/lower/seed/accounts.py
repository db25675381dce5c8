"""Accounts, packages, files and commands of first-boot data, as the reader of the guest understands them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.lower.seed.yaml_text import Text
from hivewright.model.devices import Secret
from hivewright.model.first_boot import CloudInit, WriteFile
from hivewright.model.readers import Reader
from hivewright.model.site import User


def accounts(guest: Guest, cloud_init: CloudInit, reader: Reader) -> dict[str, object]:
    """``users`` with the groups they need, ``packages``, and all else that a first boot does."""
    data: dict[str, object] = {}
    users = [(name, guest.site.users[name]) for name in cloud_init.users]
    if reader.plain_accounts:
        # nuageinit makes no groups of users: that of 14.1 stops at a missing one, later ones leave it out.
        groups = dict.fromkeys(group for _, user in users for group in user.groups)
        if groups:
            data["groups"] = list(groups)
    if users:
        data["users"] = [_account(name, user, reader, guest.site.root_by(guest.vm)) for name, user in users]
    if cloud_init.packages and "packages" not in reader.lacks:
        data["package_update"] = True
        data["packages"] = list(cloud_init.packages)
    data.update((key, value) for key, value in _others(guest, cloud_init) if key not in reader.lacks)
    if not cloud_init.growpart and "growpart" not in reader.lacks:
        data.update(growpart={"mode": "off"}, resize_rootfs=False)
    return data


def _others(guest: Guest, cloud_init: CloudInit) -> Iterator[tuple[str, object]]:
    """Keys of cloud-init that are named like the feature that a reader may lack."""
    if cloud_init.timezone is not None:
        yield "timezone", cloud_init.timezone
    if cloud_init.locale is not None:
        yield "locale", cloud_init.locale
    if cloud_init.keyboard is not None:
        yield "keyboard", {"layout": cloud_init.keyboard}
    if cloud_init.write_files:
        yield "write_files", [_file(guest, file) for file in cloud_init.write_files]
    if cloud_init.runcmd:
        yield "runcmd", list(cloud_init.runcmd)
    if cloud_init.phone_home is not None:
        home = cloud_init.phone_home
        yield "phone_home", {"url": home.url, "post": list(home.post) or "all", "tries": home.tries}


def _file(guest: Guest, file: WriteFile) -> dict[str, object]:
    """An owner may be one of the users, so such a file is written when these are made."""
    written: dict[str, object] = {"path": file.path, **_content(content_of(guest, file))}
    if file.permissions is not None:
        written["permissions"] = Text(file.permissions)
    return written if file.owner is None else {**written, "owner": file.owner, "defer": True}


def content_of(guest: Guest, file: WriteFile) -> bytes | Secret:
    """What a file of the guest has in it."""
    if file.secret is not None:
        return Secret(secret=file.secret)
    return guest.site.files[file.source] if file.source is not None else (file.content or "").encode()


_BINARY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def _content(content: bytes | Secret) -> dict[str, object]:
    """Text as it is; bytes that are none, and secrets, which nobody can look at before, by base64."""
    if isinstance(content, Secret):
        return {"encoding": "b64", "content": Text(secret_mark("base64", content.secret))}
    text = content.decode("utf-8", "replace")
    if text.encode() == content and _BINARY.search(text) is None:
        return {"content": text}
    return {"encoding": "b64", "content": Text(base64.b64encode(content).decode())}


def secret_mark(form: str, name: str) -> str:
    """What the host replaces by a secret (provision.subr): its only line, which is a hash; that line as text of XML; or
    all of it by base64."""
    return f"hivewright-secret:{form}:{name}:"


def secrets_of(guest: Guest, cloud_init: CloudInit, reader: Reader) -> dict[tuple[str, str], str]:
    """The secrets of the data, by form and name, each with the key that names it."""
    found = {}
    windows = reader.answers == "unattend"
    if windows and cloud_init.user_data is not None:
        return {}
    for name in cloud_init.users:
        passwd = guest.site.users[name].passwd
        if isinstance(passwd, Secret) and "passwd" not in reader.lacks:
            found["text" if windows else "hash", passwd.secret] = "cloud_init.users"
    if windows and cloud_init.windows is not None and isinstance(key := cloud_init.windows.product_key, Secret):
        found["text", key.secret] = "cloud_init.windows"
    if "write_files" not in reader.lacks:
        found.update(
            {("base64", each.secret): "cloud_init.write_files" for each in cloud_init.write_files if each.secret}
        )
    return found


def _account(name: str, user: User, reader: Reader, root_by: str) -> dict[str, object]:
    sudo, doas = rules_of(user, root_by)
    written = {
        "name": name,
        "gecos": shell_safe(user.gecos) if reader.plain_accounts else user.gecos,
        "groups": list(user.groups),
        "shell": user.shell,
        "sudo": sudo,
        "doas": list(doas),
        "lock_passwd": True,
        "passwd": passwd_of(user),
        "ssh_authorized_keys": list(user.ssh_keys),
    }
    known = written if reader.account is None else reader.account
    account: dict[str, object] = {
        key: value for key, value in written.items() if value and key in known and key not in reader.lacks
    }
    return {**account, "lock_passwd": False} if "passwd" in account and "lock_passwd" in account else account


def rules_of(user: User, root_by: str) -> tuple[str, tuple[str, ...]]:
    """The rules for sudo and for doas: of a user with both, those for what the guest has."""
    if user.sudo and user.doas:
        return (user.sudo, ()) if root_by == "sudo" else ("", user.doas)
    return user.sudo, user.doas


def passwd_of(user: User) -> Text | None:
    """The hash of a password, or what stands for it until the host knows it."""
    if isinstance(user.passwd, Secret):
        return Text(secret_mark("hash", user.passwd.secret))
    return None if user.passwd is None else Text(user.passwd)


_QUOTES = str.maketrans({"'": "\N{RIGHT SINGLE QUOTATION MARK}", '"': "\N{RIGHT DOUBLE QUOTATION MARK}"})


def shell_safe(gecos: str) -> Text:
    """A full name that nuageinit can put between apostrophes, as it does (up to 15.0 without quoting it).

    It is written in double quotes, without any inside: the parser of early nuageinit takes "on call" for ``true``.
    """
    return Text(gecos.translate(_QUOTES))


def identity(guest: Guest, cloud_init: CloudInit) -> dict[str, object]:
    """What needs a first boot, however it is written for the reader.

    What is not written is not in it, so that a key that came with a later release changes nothing for guests without.
    """
    root_by = guest.site.root_by(guest.vm)
    whole: dict[str, object] = {
        "users": [[name, *_values(guest.site.users[name], root_by)] for name in cloud_init.users],
        "packages": list(cloud_init.packages),
    }
    others = {
        "timezone": cloud_init.timezone,
        "locale": cloud_init.locale,
        "keyboard": cloud_init.keyboard,
        "write_files": [_file(guest, file) for file in cloud_init.write_files],
        "runcmd": list(cloud_init.runcmd),
    }
    return whole | {key: value for key, value in others.items() if value}


def _values(user: User, root_by: str) -> list[object]:
    sudo, doas = rules_of(user, root_by)
    values: list[object] = [user.gecos, list(user.groups), user.shell, sudo, list(user.ssh_keys)]
    further = {key: value for key, value in {"doas": list(doas), "passwd": passwd_of(user)}.items() if value}
    return [*values, further] if further else values
