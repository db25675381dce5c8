"""First-boot data: whether somebody can log in, and what its reader in the guest does not follow (model.readers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.diagnostics import Diagnostic, KeyPath
from hivewright.model.readers import Reader, able, features_of
from hivewright.rules.machine.first_boot import read_user_data
from hivewright.rules.machine.own_accounts import own_accounts
from hivewright.rules.site_index import SiteIndex, diagnose, listed, ordered
from hivewright.values.windows import keyboard_of

if TYPE_CHECKING:
    from hivewright.model.first_boot import CloudInit
    from hivewright.model.vm import Vm

_USUAL_MTU = 1500


def _read(index: SiteIndex) -> Iterator[tuple[str, Vm, CloudInit, Reader]]:
    """The VMs with first-boot data that something reads."""
    for name, vm in index.using("cloud_init"):
        reader = index.site.reader(vm) if vm.cloud_init is not None else None
        if vm.cloud_init is not None and reader is not None:
            yield name, vm, vm.cloud_init, reader


def nothing_reads(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("cloud_init"):
        if vm.cloud_init is not None and site.reader(vm) is None:
            yield diagnose(
                "SEED002",
                f"nothing in {name} reads first-boot data: the profile {vm.profile} has no reader",
                site.place("vm", name, "cloud_init", part="table"),
                "delete cloud_init, or write what the guest has as cloud_init.reader",
                severity="warning",
            )
        elif (reader := site.reader(vm)) is not None and reader.answers is not None and not vm.cd:
            yield diagnose(
                "SEED002",
                f"nothing in {name} reads first-boot data: {reader.title} is for an installer, and it has no cd",
                site.place("vm", name, "cloud_init", part="table"),
                "give it the installer as a cd and write install = { cd = … }, or what its image has as "
                "cloud_init.reader",
                severity="warning",
            )


def nobody_logs_in(index: SiteIndex) -> Iterator[Diagnostic]:
    """Clones of volumes are left out: what they are clones of may have accounts."""
    site = index.site
    for name, vm, cloud_init, reader in _read(index):
        own = own_accounts(site, vm, cloud_init, reader)
        if own.lets_in or any(disk.clone is not None for disk in vm.disk.values()):
            continue
        users = [user for user in cloud_init.users if user in site.users]
        if len(users) < len(cloud_init.users):
            continue
        if "ssh_keys" not in reader.lacks and any(site.users[user].ssh_keys for user in users):
            continue
        if "passwd" not in reader.lacks and any(site.users[user].passwd for user in users):
            continue
        place = site.place("vm", name, "cloud_init", "users")
        if own.named and not users:
            place = site.place("vm", name, "cloud_init", "user_data")
            reason = f"no user of {cloud_init.user_data} has a key or a password"
            remedy = "give one of them a key, or name a [user.NAME] with ssh_keys in cloud_init.users"
        else:
            if "ssh_keys" in reader.lacks:
                reason, remedy = "no user has a password", "write passwd = { secret = … } in one of cloud_init.users"
            elif users:
                reason, remedy = f"no user has a key ({listed(users)})", "write ssh_keys in one of them"
            else:
                reason = "its first-boot data has no users"
                remedy = "name a [user.NAME] with ssh_keys in cloud_init.users"
            remedy += ", or give a user_data file with users"
        yield diagnose(
            "SEED003",
            f"nobody can log in to {name}: {reason}",
            place,
            remedy,
            [site.place("user", user, part="table") for user in users[:3]],
            "warning",
        )


def known_password(index: SiteIndex) -> Iterator[Diagnostic]:
    """nuageinit(7): "The default user for nuageinit is a user named freebsd with a password set to freebsd"."""
    site = index.site
    for name, _, cloud_init, reader in _read(index):
        own = read_user_data(site, cloud_init.user_data)
        if not own or not reader.default_account or "chpasswd" in own:
            continue
        users = own.get("users")
        asked = "default" in users if isinstance(users, list | str) else False
        if asked or "ssh_authorized_keys" in own:
            account = reader.default_account
            yield diagnose(
                "SEED004",
                f"{cloud_init.user_data} asks {reader.title} for its default user in {name}, "
                f"which is {account} with the password {account}",
                site.place("vm", name, "cloud_init", "user_data"),
                "name a user of your own in cloud_init.users, or change the password with chpasswd in the file",
                severity="warning",
            )


class Lost(NamedTuple):
    """Something that a site says and the reader of a guest does not follow."""

    path: KeyPath
    """Below the VM."""
    what: str
    feature: str


def not_followed(index: SiteIndex) -> Iterator[Diagnostic]:
    """What a site says and the reader of the guest does not follow."""
    site = index.site
    for name, vm, cloud_init, reader in _read(index):
        lost = [
            *_lost_keys(cloud_init, reader),
            *_lost_accounts(index, cloud_init, reader),
            *_lost_nics(index, name, vm, reader),
            *_lost_disks(vm, reader),
        ]
        for others in dict.fromkeys(able(each.feature, reader) for each in lost):
            of_these = [each for each in lost if able(each.feature, reader) == others]
            places = [site.place("vm", name, *each.path) for each in of_these]
            remedy = "set it in the guest itself"
            if others:
                remedy += f", or use one that does ({listed(others)}) and write so as cloud_init.reader"
            yield diagnose(
                "SEED005",
                f"{reader.title} in {name} does not follow {listed(each.what for each in of_these)}",
                places[0],
                remedy,
                places[1:4],
                "warning",
            )
        if cloud_init.windows is not None and reader.answers != "unattend":
            yield diagnose(
                "SEED005",
                f"{reader.title} in {name} does not follow windows, which is for the setup of Windows",
                site.place("vm", name, "cloud_init", "windows", part="table"),
                'delete it, or write cloud_init.reader = "unattend"',
                severity="warning",
            )
        hostname = cloud_init.hostname or name
        if len(hostname) > reader.name_length:
            yield diagnose(
                "SEED005",
                f"{reader.title} in {name} keeps the first {reader.name_length} characters of a host name, "
                f"and {hostname} has {len(hostname)}",
                site.place("vm", name, "cloud_init", "hostname"),
                "write a shorter cloud_init.hostname",
                severity="warning",
            )
        yield from _keys(index, name, cloud_init, reader)


_KEYS = ("packages", "timezone", "locale", "keyboard", "write_files", "runcmd", "phone_home")


def _lost_keys(cloud_init: CloudInit, reader: Reader) -> Iterator[Lost]:
    for key in _KEYS:
        if getattr(cloud_init, key) and key in reader.lacks:
            yield Lost(("cloud_init", key), key, key)
    keyboard = cloud_init.keyboard
    if reader.answers == "unattend" and keyboard is not None and keyboard_of(keyboard) is None:
        yield Lost(("cloud_init", "keyboard"), f"the keyboard {keyboard}", "keyboard")
    if not cloud_init.growpart and "growpart" in reader.lacks:
        yield Lost(("cloud_init", "growpart"), "growpart", "growpart")


def _lost_accounts(index: SiteIndex, cloud_init: CloudInit, reader: Reader) -> Iterator[Lost]:
    users = index.site.users
    named = [user for user in cloud_init.users if user in users]
    for key in ("ssh_keys", "groups", "passwd", "sudo", "doas"):
        # Of rules for both a guest gets one kind, and that it gets none is said once.
        having = [user for user in named if getattr(users[user], key) and not (key == "doas" and users[user].sudo)]
        if having and key in reader.lacks:
            yield Lost(("cloud_init", "users"), f"{key} of {listed(having)}", key)
    if reader.answers == "unattend" and (hashed := [user for user in named if isinstance(users[user].passwd, str)]):
        yield Lost(("cloud_init", "users"), f"the hash as passwd of {listed(hashed)}", "passwd")


def _lost_disks(vm: Vm, reader: Reader) -> Iterator[Lost]:
    """What an installer overwrites is asked by it where it cannot be told."""
    able = [key for key, disk in ordered(vm.disk) if not disk.readonly and disk.ram is None]
    if len(able) > 1 and "several disks" in reader.lacks:
        yield Lost(("disk", able[0]), f"which of the disks {listed(able)} is meant", "several disks")


def _lost_nics(index: SiteIndex, name: str, vm: Vm, reader: Reader) -> Iterator[Lost]:
    if vm.cloud_init is None or not vm.cloud_init.network:
        return
    home = next(iter(index.hosts_of[name]), "")
    for key, nic in ordered(vm.nic):
        if not nic.ipv4 and not nic.ipv6:
            continue
        network = index.site.host_networks.get((home, nic.network))
        mtu = nic.mtu if nic.mtu is not None else network.mtu if network is not None else _USUAL_MTU
        lost: dict[str, str] = {}
        for written, feature in features_of(nic, mtu != _USUAL_MTU):
            if feature in reader.lacks:
                lost.setdefault(written, feature)
        for written, feature in lost.items():
            yield Lost(("nic", key, written), f"{written} of nic {key}", feature)


def _keys(index: SiteIndex, name: str, cloud_init: CloudInit, reader: Reader) -> Iterator[Diagnostic]:
    """Keys of a user_data file that the reader does not know."""
    if reader.keys is None:
        return
    own = read_user_data(index.site, cloud_init.user_data)
    if not own:
        return
    unknown = [key for key in own if key not in reader.keys]
    unknown += [f"users.{key}" for key in _account_keys(own) if key not in (reader.account or ())]
    if unknown:
        yield diagnose(
            "SEED005",
            f"{reader.title} in {name} does not know {listed(unknown)} of {cloud_init.user_data}",
            index.site.place("vm", name, "cloud_init", "user_data"),
            f"delete what it does not know: it knows {listed(sorted(reader.keys))}; if the guest has another reader, "
            "write it as cloud_init.reader",
            severity="warning",
        )


def _account_keys(own: dict[str, Any]) -> Iterable[str]:
    users = own.get("users")
    entries = [entry for entry in users if isinstance(entry, dict)] if isinstance(users, list) else []
    # A password that is locked anyway is no loss, and every user that hivewright makes has one.
    return dict.fromkeys(key for entry in entries for key in entry if isinstance(key, str) and key != "lock_passwd")
