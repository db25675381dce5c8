"""Tables that recur in many VMs, such as a disk of the usual size: each is validated once, and its model shared.

Models are frozen, so that sharing shows nowhere but in time and memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from hivewright.model.base import Table
from hivewright.model.disk import Cd, Disk
from hivewright.model.firmware import Firmware
from hivewright.model.first_boot import CloudInit
from hivewright.model.guest import Vnc
from hivewright.model.machine import Machine
from hivewright.model.nic import Nic
from hivewright.site.resolve import sort_tables

_BY_NAME: Mapping[str, type[Table]] = {"cd": Cd, "disk": Disk, "nic": Nic}
_SINGLE: Mapping[str, type[Table]] = {"cloud_init": CloudInit, "firmware": Firmware, "machine": Machine, "vnc": Vnc}


class Recurring:
    """What was seen so far: a model, and the table it was made of as Python writes it, which tells 1 from true."""

    def __init__(self) -> None:
        self._seen: dict[tuple[type[Table], str], Table | None] = {}

    def put_into(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values of a VM, all tables sorted, with models in place of such that are valid in themselves."""
        whole = dict(values)
        for key, value in values.items():
            if type(value) is not dict:
                continue
            if key in _BY_NAME:
                model = _BY_NAME[key]
                whole[key] = {name: self._shared(model, value[name]) for name in sorted(value)}
            elif key in _SINGLE:
                whole[key] = self._shared(_SINGLE[key], value)
            else:
                whole[key] = sort_tables(value, 1)
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
        return self._seen[written] or sort_tables(value, 1)
