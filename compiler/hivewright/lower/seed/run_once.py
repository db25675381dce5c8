"""Commands of the first boot for systems with systemd: a script, and the unit that runs it once."""

from __future__ import annotations

from hivewright.model.first_boot import CloudInit

UNIT = "hivewright-runcmd.service"
SCRIPT = "/etc/hivewright-runcmd"
_DONE = "/var/lib/hivewright-runcmd.done"


def script_of(cloud_init: CloudInit) -> str:
    return "".join(f"{line}\n" for line in ("#!/bin/sh", *cloud_init.runcmd))


def unit_text() -> str:
    """Commands run once: what says that they have is written when all of them came to their end."""
    lines = (
        "[Unit]",
        "Description=Commands of the first boot",
        "Wants=network-online.target",
        "After=network-online.target",
        f"ConditionPathExists=!{_DONE}",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=yes",
        f"ExecStart=/bin/sh {SCRIPT}",
        f"ExecStartPost=/bin/touch {_DONE}",
        "[Install]",
        "WantedBy=multi-user.target",
    )
    return "".join(f"{line}\n" for line in lines)
