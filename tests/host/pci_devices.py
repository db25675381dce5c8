"""The PCI devices of the host of tests/host/scenarios/passthrough, as settings of the stand-in host."""

from __future__ import annotations

from typing import Any

IX0 = {
    "at": "5/0/0",
    "vfs": 8,
    "total": 63,
    "offset": "0x0080",
    "stride": "0x0002",
    "ari": True,
    "passthrough": [3, 5],
}
T6IOV0 = {
    "at": "6/0/0",
    "vfs": 1,
    "total": 16,
    "offset": "0x0008",
    "stride": "0x0004",
    "ari": False,
    "passthrough": [0],
}
DEVICES: dict[str, Any] = {
    "pci": {"2/0/0": "vgapci0", "2/0/1": "none0", "3/0/1": "mpr1", "4/0/0": "xhci0"},
    "ppt": ["3/0/0"],
    "modules": ["vmm"],
    "sriov": {"ix0": IX0, "t6iov0": T6IOV0},
}
WITHOUT_FUNCTIONS = {**DEVICES, "pci": {**DEVICES["pci"], "5/0/0": "ix0"}, "sriov": {"t6iov0": T6IOV0}}
ROMS = ("/srv/firmware/gpu0.rom", "/srv/firmware/ix.rom")
