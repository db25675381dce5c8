"""Value types of storage: snapshots of volumes, and what iSCSI calls its parties."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from hivewright.model.base import NAME_PATTERN, described, matching, reader

_ISCSI_PORT = 3260


_PORTAL = r"([0-9.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"


def _portal(text: str) -> str:
    """An address, and a port unless it is that of iSCSI: always in the same form, since a session is known by it."""
    found = re.fullmatch(_PORTAL, text, re.ASCII)
    try:
        if found is None:
            raise ValueError
        bracketed = found[1].startswith("[")
        address = ipaddress.ip_address(found[1].strip("[]"))
        port = int(found[2] or _ISCSI_PORT)
        if bracketed != (address.version == 6) or not 1 <= port <= 65535:
            raise ValueError
    except ValueError:
        raise ValueError('a portal is written "192.0.2.5", "192.0.2.5:3261" or "[2001:db8::5]"') from None
    where = f"[{address}]" if bracketed else str(address)
    return where if port == _ISCSI_PORT else f"{where}:{port}"


Snapshot = Annotated[
    str,
    reader(
        matching(
            rf"{NAME_PATTERN}/{NAME_PATTERN}(?:@[A-Za-z0-9_][A-Za-z0-9_.:-]{{0,60}})?",
            'a snapshot of a disk is written "VM/DISK@SNAPSHOT", for example "golden/root@v1", and a disk in a file '
            '"VM/DISK"',
        ),
        '"golden/root@v1"',
    ),
    described("^[a-z][a-z0-9_-]*/[a-z][a-z0-9_-]*(@[A-Za-z0-9_.:-]+)?$", "golden/root@v1"),
]

Portal = Annotated[str, reader(_portal, '"192.0.2.5"'), described(rf"^{_PORTAL}$", "192.0.2.5")]

IscsiName = Annotated[
    str,
    reader(
        matching(
            r"iqn\.[0-9]{4}-[0-9]{2}\.[a-z0-9.-]+(:[a-z0-9.:-]+)?|eui\.[0-9A-Fa-f]{16}|naa\.([0-9A-Fa-f]{16}){1,2}",
            'an iSCSI name is written "iqn.2026-01.net.example:vms", in lower case, or begins with eui. or naa.',
            223,
        ),
        '"iqn.2026-01.net.example:vms"',
    ),
    described("^(iqn|eui|naa)[.]", "iqn.2026-01.net.example:vms"),
]
"""The name of a target or an initiator (RFC 7143, 4.2.7; iscsictl(8) takes letters, digits, ``-``, ``.`` and ``:``)."""

ChapUser = Annotated[
    str,
    reader(
        matching("[!#-~]{1,223}", "a user of CHAP has 1 to 223 printable characters, no blanks and quotes"), '"vms"'
    ),
    described("^[!#-~]{1,223}$", "vms"),
]
