"""Tables that recur in many VMs, such as a disk of the usual size: each is validated once, and its model shared.

Models are frozen, so that sharing shows nowhere but in time and memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from hivewright.model.base import Table
from hivewright.model.disk import Cd, Disk
from hivewright.model.firmware import Firmware
from hivewright.model.guest import CloudInit, Vnc
from hivewright.model.machine import Machine
from hivewright.model.nic import Nic
from hivewright.resolve import sort_tables

_BY_NAME: Mapping[str, type[Table]] = {"cd": Cd, "disk": Disk, "nic": Nic}
_SINGLE: Mapping[str, type[Table]] = {"cloud_init": CloudInit, "firmware": Firmware, "machine": Machine, "vnc": Vnc}


class Recurring:
    """What was seen so far: a model, and the table it was made of as Python writes it, which tells 1 from true."""

    def __init__(self) -> None:
        self._seen: dict[tuple[type[Table], str], Table | None] = {}

    def put_into(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values of a VM with models in place of such tables; those that are not valid stay as they are."""
        whole = dict(values)
        for key in _SINGLE.keys() & values.keys():
            whole[key] = self._shared(_SINGLE[key], values[key])
        for key in _BY_NAME.keys() & values.keys():
            devices = values[key]
            if type(devices) is dict:
                whole[key] = {name: self._shared(_BY_NAME[key], device) for name, device in devices.items()}
        return whole

    def _shared(self, model: type[Table], value: object) -> object:
        if type(value) is not dict:
            return value
        written = model, repr(value)
        if written not in self._seen:
            try:
                self._seen[written] = model.model_validate(sort_tables(value))
            except ValidationError:
                # What is wrong, and where, is found when the VM as a whole is validated.
                self._seen[written] = None
        return self._seen[written] or value
