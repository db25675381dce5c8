"""What the site's own file of first-boot data says of accounts: whether somebody may be able to log in by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.rules.machine.first_boot import read_config, read_user_data

if TYPE_CHECKING:
    from hivewright.model.first_boot import CloudInit
    from hivewright.model.readers import Reader
    from hivewright.model.vm import Vm
    from hivewright.site import Site

_LOGIN = ("chpasswd", "password", "ssh_authorized_keys", "ssh_import_id", "user")
_HIDDEN = ("bootcmd", "runcmd", "write_files")
"""Keys of user-data by which somebody may be able to log in; the latter may make accounts that we do not see."""

_OF_ENTRY = (
    *("ssh_authorized_keys", "ssh_import_id", "ssh_redirect_user", "snapuser"),
    *("passwd", "hashed_passwd", "plain_text_passwd"),
    *("sshAuthorizedKeys", "passwordHash"),
)
"""Keys of an account by which its owner can; the last two are those of ignition."""


class OwnAccounts(NamedTuple):
    lets_in: bool
    """Somebody may be able to log in, as far as can be seen."""
    named: bool = False
    """It names users."""


def own_accounts(site: Site, vm: Vm, cloud_init: CloudInit, reader: Reader) -> OwnAccounts:
    """What the file says in the form that its reader takes; one that cannot be read may say anything."""
    if cloud_init.user_data is None:
        return OwnAccounts(lets_in=False)
    if reader.answers in ("preseed", "unattend"):
        return OwnAccounts(lets_in=True)
    if site.medium(vm) == "ignition":
        return _of_ignition(read_config(site, cloud_init.user_data))
    own = read_user_data(site, cloud_init.user_data)
    if own is not None and reader.answers == "autoinstall":
        own = _installed(own)
    if own is None or any(own.get(key) for key in (*_LOGIN, *_HIDDEN)):
        return OwnAccounts(lets_in=True)
    return _of_users(own.get("users"), bool(reader.default_account))


def _of_ignition(config: dict[str, Any] | None) -> OwnAccounts:
    if config is None or config.get("systemd") or config.get("storage"):
        return OwnAccounts(lets_in=True)
    passwd = config.get("passwd")
    return _of_users(passwd.get("users") if isinstance(passwd, dict) else None, default=False)


def _installed(own: dict[str, Any]) -> dict[str, Any]:
    """What is for the guest of answers for the installer of Ubuntu."""
    answers = own.get("autoinstall")
    if not isinstance(answers, dict):
        return {}
    found = answers.get("user-data")
    ssh = answers.get("ssh")
    keys = ssh.get("authorized-keys") if isinstance(ssh, dict) else None
    hidden = {"runcmd": True} if answers.get("identity") or answers.get("late-commands") or keys else {}
    return hidden | (found if isinstance(found, dict) else {})


def _of_users(users: Any, default: bool) -> OwnAccounts:
    """``default``: the reader's default user has a password that everybody knows."""
    if isinstance(users, dict):
        users = list(users.values())
    elif isinstance(users, str):
        users = users.replace(",", " ").split()
    if not isinstance(users, list):
        return OwnAccounts(lets_in=False)
    lets_in = any(
        any(entry.get(key) for key in _OF_ENTRY) if isinstance(entry, dict) else default and entry == "default"
        for entry in users
    )
    return OwnAccounts(lets_in, bool(users))
