"""What hivectl login runs: that it is one thing, and that the account is one that the guest has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.machine.first_boot import read_config, read_user_data
from hivewright.rules.site_index import SiteIndex, diagnose, listed

if TYPE_CHECKING:
    from hivewright.model.first_boot import CloudInit
    from hivewright.model.vm import Vm
    from hivewright.site import Site

_MAKES_ACCOUNTS = frozenset({"bootcmd", "runcmd", "write_files", "user"})
"""Keys of user-data by which a guest may get an account that we do not see."""


def one_login(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("login"):
        login = vm.login
        if login is None or (login.user is None) != (login.command is None):
            continue
        if login.command is None:
            remedy = 'write user = "alice" with an account of the guest, or command = ["ssh", "alice@%h"]'
            yield diagnose("VM120", f"login of {name} says nothing", index.site.place("vm", name, "login"), remedy)
        else:
            place = index.site.place("vm", name, "login", "command")
            also = [index.site.place("vm", name, "login", "user")]
            remedy = 'delete user, and write the account into command, as in "alice@%h"; or delete command'
            yield diagnose("VM120", f"login of {name} says user and command", place, remedy, also)


def account_is_made(index: SiteIndex) -> Iterator[Diagnostic]:
    """Clones of volumes are left out, and images of the site's own: what they hold may have accounts."""
    for name, vm in index.using("login"):
        if vm.login is None or vm.login.user is None or vm.cloud_init is None:
            continue
        made = _accounts(index.site, vm, vm.cloud_init)
        if not made or vm.login.user in (*made, "root"):
            continue
        yield diagnose(
            "SEED008",
            f"hivectl login runs ssh to {name} as {vm.login.user}, whom its first-boot data does not make",
            index.site.place("vm", name, "login", "user"),
            f"write {listed(made, 'or')}, or name a [user.{vm.login.user}] in cloud_init.users",
            severity="warning",
        )


def _accounts(site: Site, vm: Vm, cloud_init: CloudInit) -> list[str] | None:
    """The accounts that its first-boot data makes; ``None`` where the guest may have others."""
    if cloud_init.runcmd or any(disk.clone is not None or disk.image in site.images for disk in vm.disk.values()):
        return None
    if site.medium(vm) == "ignition":
        own = read_config(site, cloud_init.user_data)
        users = (own or {}).get("passwd", {}).get("users", [])
        hidden = own is None or bool(own.get("systemd") or own.get("storage"))
    else:
        own = read_user_data(site, cloud_init.user_data)
        users = (own or {}).get("users", [])
        hidden = own is None or bool(_MAKES_ACCOUNTS & own.keys())
    if hidden or not isinstance(users, list):
        return None
    if not all(isinstance(user, dict) and isinstance(user.get("name"), str) for user in users):
        return None
    return [*cloud_init.users, *(user["name"] for user in users)]
