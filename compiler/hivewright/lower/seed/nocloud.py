"""First-boot data in the form that the reader in the guest understands: a NoCloud seed, a config drive, a config of
ignition, or the answers of an installer.

meta-data, user-data and, unless the guest uses its own default, the network in version 2. The table of readers is
``model.readers``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from hivewright.diagnostics import Diagnostic
from hivewright.lower.context import Guest
from hivewright.lower.seed.accounts import accounts, identity
from hivewright.lower.seed.autoinstall import autoinstall_data
from hivewright.lower.seed.config_drive import config_drive
from hivewright.lower.seed.ignition import ignition_config
from hivewright.lower.seed.network import network_config
from hivewright.lower.seed.own_data import Own, adapted, merge_own, once
from hivewright.lower.seed.preseed import MOST, PRESEED_FILE, late_command, preseed_answers
from hivewright.lower.seed.unattend import unattend_files
from hivewright.lower.seed.yaml_text import Text, YamlWriter, read_mapping
from hivewright.model.first_boot import CloudInit
from hivewright.model.readers import CLOUD_INIT, Reader

Seed = tuple[tuple[str, bytes], ...]
IGNITION_FILE = "config.ign"


_OF_MANY = tuple(
    key for key in CloudInit.model_fields if key not in ("hostname", "user_data", "network", "reader", "windows")
)
"""Keys that say the same of many guests."""


class Common(NamedTuple):
    """What guests with the same users, packages and reader have in common."""

    text: str
    """Its part of user-data."""
    identity: str
    """What of it needs a first boot."""


class SeedWriter:
    """Makes seeds; parts that many of them have in common are made once."""

    def __init__(self) -> None:
        self.writer = YamlWriter()
        self.indenting = YamlWriter(indenting=True)
        self.own: dict[str, Own | str] = {}
        """File of the site -> what it holds, or what is wrong with it."""
        self.common: dict[tuple[object, ...], Common] = {}
        """Users, packages and reader -> their part of user-data."""

    def seed(self, guest: Guest) -> tuple[Seed, tuple[Diagnostic, ...]]:
        """The files of the seed of a guest with ``cloud_init``, sorted, and diagnostics about its own user-data."""
        cloud_init = _cloud_init(guest)
        # A guest in which nothing reads the data has the drive all the same; a rule warns of it.
        reader = guest.site.reader(guest.vm) or CLOUD_INIT
        if guest.vm.hosts:
            # The seed of a VM with several hosts is that of its home; otherwise each move would be a first boot.
            guest = replace(guest, host_name=guest.vm.hosts[0])
        if reader.medium == "ignition":
            return ((IGNITION_FILE, ignition_config(guest, reader)),), ()
        if reader.answers == "preseed":
            late = late_command(guest, cloud_init, reader)
            faults = (_too_long(guest, late),) if len(late.encode()) >= MOST else ()
            return _encoded([(PRESEED_FILE, preseed_answers(guest, cloud_init, late))]), faults
        if reader.answers == "unattend":
            return _encoded(unattend_files(guest, cloud_init)), ()
        diagnostics: tuple[Diagnostic, ...] = ()
        own: Own = {}
        if cloud_init.user_data is not None:
            found = self._own(guest, cloud_init.user_data)
            if isinstance(found, str):
                diagnostics = (_not_mergeable(guest, cloud_init.user_data, found),)
            else:
                own = found
        network = network_config(guest, reader) if cloud_init.network else None
        if reader.answers == "autoinstall":
            data = autoinstall_data(guest, cloud_init, reader, _names(guest, reader), network, own)
            user_data = "#cloud-config\n" + self.writer.write(data)
            return _encoded([("meta-data", self._meta_data(guest, reader, own)), ("user-data", user_data)]), diagnostics
        if reader.medium == "config-2":
            user_data = "#cloud-config\n" + self._user_data(guest, reader, own, network)
            instance = self._instance(guest, reader, own)
            return _encoded(config_drive(instance, _hostname(guest, full=False), user_data, network)), diagnostics
        files = [("meta-data", self._meta_data(guest, reader, own))]
        if network is not None and reader.network == "network-config":
            files.append(("network-config", self.writer.write(network)))
        files.append(("user-data", "#cloud-config\n" + self._user_data(guest, reader, own, network)))
        return _encoded(files), diagnostics

    def _instance(self, guest: Guest, reader: Reader, own: Own) -> str:
        """A changed instance-id makes cloud-init run everything of a first boot again, new SSH host keys included.

        So it follows from what is applied at a first boot only, and not from names and addresses.
        """
        parts = self._common(guest, reader).identity + (self.writer.write(once(own)) if own else "")
        return f"{guest.first_name}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"

    def _meta_data(self, guest: Guest, reader: Reader, own: Own) -> str:
        hostname = _hostname(guest, full=reader.name_in_meta_data)
        instance = Text(self._instance(guest, reader, own))
        return self.writer.write({"instance-id": instance, "local-hostname": Text(hostname)})

    def _user_data(self, guest: Guest, reader: Reader, own: Own, network: dict[str, object] | None) -> str:
        writer = self.indenting if reader.indented_lists else self.writer
        first = _names(guest, reader)
        if reader.is_cloud_init:
            first |= _host_keys(guest)
            if network is not None:
                first["updates"] = {"network": {"when": ["boot-new-instance", "boot"]}}
        elif network is not None and reader.network == "user-data":
            first["network"] = network
        if own:
            cloud_init = _cloud_init(guest)
            if reader.default_account and not {"users", "ssh_authorized_keys"} & own.keys():
                first |= {"users": []}
            ours = first | accounts(guest, cloud_init, reader)
            return writer.write(merge_own(ours, adapted(own, reader)))
        return writer.write(first) + self._common(guest, reader).text

    def _common(self, guest: Guest, reader: Reader) -> Common:
        cloud_init = _cloud_init(guest)
        key = (*(getattr(cloud_init, name) for name in _OF_MANY), reader.title, guest.site.root_by(guest.vm))
        if key not in self.common:
            data = accounts(guest, cloud_init, reader)
            if reader.default_account:
                # Without users, nuageinit makes an account with a password that everybody knows.
                data.setdefault("users", [])
            what = self.writer.write(identity(guest, cloud_init))
            writer = self.indenting if reader.indented_lists else self.writer
            self.common[key] = Common(writer.write(data), what)
        return self.common[key]

    def _own(self, guest: Guest, file: str) -> Own | str:
        if file not in self.own:
            try:
                self.own[file] = read_mapping(guest.site.files[file].decode())
            except ValueError as error:
                self.own[file] = str(error)
        return self.own[file]


def _encoded(files: Iterable[tuple[str, str]]) -> Seed:
    return tuple((name, text.encode()) for name, text in files)


def _not_mergeable(guest: Guest, file: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "SEED001",
        f"{file} cannot be merged into the first-boot data of {guest.name}: {reason}",
        guest.site.place("vm", guest.name, "cloud_init", "user_data"),
        "write out what the aliases (*name) of the file stand for",
    )


def _too_long(guest: Guest, late: str) -> Diagnostic:
    return Diagnostic(
        "SEED009",
        f"the installer of {guest.name} would run a command of {len(late.encode())} bytes, and Linux takes "
        f"{MOST - 1} at most",
        guest.site.place("vm", guest.name, "cloud_init", part="table"),
        "write shorter files, or fetch them with runcmd",
    )


def _cloud_init(guest: Guest) -> CloudInit:
    assert guest.vm.cloud_init is not None, "only a guest with cloud_init has a seed"
    return guest.vm.cloud_init


def _hostname(guest: Guest, full: bool) -> str:
    hostname = _cloud_init(guest).hostname or guest.name
    domain = guest.site.table.domain
    return f"{hostname}.{domain}" if full and domain else hostname


def _names(guest: Guest, reader: Reader) -> dict[str, object]:
    names: dict[str, object] = {"hostname": Text(_hostname(guest, full=False))}
    if guest.site.table.domain:
        names["fqdn"] = Text(_hostname(guest, full=True))
    return names if reader.keys is None else {key: name for key, name in names.items() if key in reader.keys}


def _host_keys(guest: Guest) -> dict[str, object]:
    """SSH host keys that came with the disk are deleted once, at the first boot under this name, and never again.

    ``ssh_deletekeys`` would delete them whenever the instance-id changes. The mark of cloud-init-per(1) lies in
    /var/lib/cloud/sem, so it is on a clone as well, and bears the guest's name.
    """
    once_only = ["cloud-init-per", "once", Text(f"host-keys-of-{guest.first_name}")]
    return {"ssh_deletekeys": False, "bootcmd": [[*once_only, "sh", "-c", "rm -f /etc/ssh/ssh_host_*"]]}
