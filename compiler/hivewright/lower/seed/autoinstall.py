"""Answers for the installer of Ubuntu: ``autoinstall`` of the user-data that it finds on its NoCloud seed.

Accounts, files and commands are user-data of the guest that is installed, so that they are what they would be in a
cloud image; the rest the installer does itself ("Autoinstall configuration reference manual").
"""

from __future__ import annotations

from hivewright.lower.context import Guest
from hivewright.lower.devices.blocks import serial_of
from hivewright.lower.seed.accounts import accounts
from hivewright.lower.seed.own_data import Own, merge_own
from hivewright.lower.seed.target import target_of
from hivewright.lower.seed.yaml_text import Text
from hivewright.model.first_boot import CloudInit
from hivewright.model.readers import Reader

_OF_INSTALLER = ("keyboard", "locale", "package_update", "packages", "timezone")
"""What accounts() says that the installer does itself."""


def autoinstall_data(
    guest: Guest,
    cloud_init: CloudInit,
    reader: Reader,
    names: dict[str, object],
    network: dict[str, object] | None,
    own: Own,
) -> dict[str, object]:
    """user-data for the installer, with the site's own merged over it."""
    data = accounts(guest, cloud_init, reader)
    by_installer = {key: data.pop(key) for key in _OF_INSTALLER if key in data}
    by_installer.pop("package_update", None)
    answers: dict[str, object] = {"version": 1, **by_installer}
    if network is not None:
        answers["network"] = network
    answers["storage"] = {"layout": {"name": "direct", **_match(guest)}}
    answers["ssh"] = {"install-server": True, "allow-pw": False}
    answers["user-data"] = names | data
    return merge_own({"autoinstall": answers}, own)


def _match(guest: Guest) -> dict[str, object]:
    """Which disk: the installer would take the largest one. It is compared with ID_SERIAL of udev(7)."""
    target, others = target_of(guest)
    if target is None or not others or guest.vm.disk[target].bus == "virtio-scsi":
        return {}
    serial, bus = serial_of(guest, target), guest.vm.disk[target].bus
    if bus == "nvme":
        # Recent releases of systemd append the number of the namespace.
        alike = any(serial_of(guest, other).startswith(serial) for other in others)
        pattern = f"*_{serial}_1" if alike else f"*_{serial}*"
    else:
        pattern = serial if bus == "virtio-blk" else f"*_{serial}"
    return {"match": {"serial": Text(pattern)}}
