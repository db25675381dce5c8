"""Disks that are logical units of an iSCSI target: the runtime makes the session and finds their devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.lower.context import RUN, Guest
from hivewright.lower.devices.access import access_of
from hivewright.model.disk import Disk
from hivewright.model.storage import Iscsi
from hivewright.plan import AdminLine, Step, VmPlan


def lun_path(guest: Guest, name: str) -> str:
    """A link to the device, whose number changes with every new session; bhyve opens the link."""
    return f"{RUN}/{guest.name}/disk-{name}"


def prepare_lun(name: str, disk: Disk, storage: Iscsi) -> Step:
    """The session with the target and the device of the logical unit must exist."""
    access, access_keys = access_of(name, disk)
    words = [name, storage.portal, storage.target, str(disk.lun), access]
    keys = [f"disk.{name}.storage", f"storage:{disk.storage}.portal", f"storage:{disk.storage}.target"]
    if storage.initiator_name is not None:
        words.append(f"initiator={storage.initiator_name}")
        keys.append(f"storage:{disk.storage}.initiator_name")
    if storage.chap is not None:
        words += (f"user={storage.chap.user}", f"secret={storage.chap.secret}")
        keys.append(f"storage:{disk.storage}.chap")
    return Step("lun", tuple(words), (*keys, f"disk.{name}.lun", *access_keys), f"disk.{name}")


def uses_iscsi(vms: Iterable[VmPlan]) -> bool:
    return any(step.verb == "lun" for vm in vms for step in vm.prepare)


def iscsi_lines(vms: Iterable[VmPlan]) -> Iterator[AdminLine]:
    """iscsid(8) makes the connections of the sessions (iscsictl(8), DESCRIPTION)."""
    if uses_iscsi(vms):
        yield AdminLine('iscsid_enable="YES"', "rc.conf: disks of guests on iSCSI")
