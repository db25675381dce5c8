"""The words of bhyve's command line: its options and devices, the keys they take, and the forms of values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Version = tuple[int, int]


class Form:
    """A pattern that is compiled when a word is compared with it: a command line needs a few of these."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return re.fullmatch(self.pattern, text)


AMD64_FLAGS = frozenset("aACDeHIPSuWwxY")
AMD64_OPTIONS = frozenset("cfGKklmnopsU")
ARM64_FLAGS = frozenset("CDSW")
ARM64_OPTIONS = frozenset("kfopcsmU")
OPTIONS_SINCE: dict[str, Version] = {"f": (14, 0), "n": (15, 0)}
FWCFG = Form(r"([A-Za-z0-9._/-]{1,55}),(?:string=[ -~]+|file=/[^,%\\\s]+)")
NUMA = Form(
    r"id=([0-7])(?:,size=[1-9][0-9]*[MG])?,cpus=([0-9]+)(?:-([0-9]+))?"
    r"(?:,domain_policy=(?:first-touch|interleave|prefer|round-robin)(?::[0-9]+(?:-[0-9]+)?)?)?"
)
TPM = Form(r"(passthru|swtpm),/[^,%\\\s]+,version=2\.0")
LAYOUT = Form(r"[a-z][A-Za-z0-9_.]{0,30}")
SMBIOS = {
    "system": {"manufacturer", "product_name", "version", "serial_number", "sku", "family_name"},
    "board": {"manufacturer", "product_name", "version", "serial_number", "asset_tag", "location"},
    "chassis": {"manufacturer", "version", "serial_number", "asset_tag", "sku"},
    "bios": {"vendor", "version", "release_date"},
}
SMBIOS_VALUE = Form(r"[ -$&-\[\]-~]+")

PATH = Form(r"/[^,%\\\s]+")
MAC = Form(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}")
SERIAL = Form(r"[A-Za-z0-9_.-]{1,20}")
MODEL = Form(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
NUMBER = Form(r"0|[1-9][0-9]*")
SECTOR = Form(r"(512|1024|2048|4096|8192)(/(512|1024|2048|4096|8192|16384))?")
HOST_DEVICE = Form(r"[0-9]{1,3}/[0-9]{1,2}/[0-9]{1,3}")
INTERFACE = Form(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")
VNC = Form(r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\]):([0-9]{1,5})")
UUID = Form(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CPU_LIST = Form(r"[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*")
NMDM = Form(r"/dev/nmdm[A-Za-z0-9_.-]+[AB]|/dev/(?:cua|tty)[uU][0-9]+")
SERIAL_TCP = Form(r"tcp=(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\]):[0-9]{1,5}")
STUB = Form(r"w?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+):([0-9]{1,5})")
PORT = Form(r"[A-Za-z0-9][A-Za-z0-9._-]*=(/[^,%\\\s]+)")
SOCKET_LENGTH = 103
NAME = Form(r"[a-z][a-z0-9_-]{0,30}")

BLOCK_KEYS: dict[str, Form | None] = {
    "nocache": None,
    "direct": None,
    "ro": None,
    "sectorsize": SECTOR,
    "ser": SERIAL,
}
BLOCK_KEYS |= {"nodelete": None, "bootindex": NUMBER}
NVME_KEYS: dict[str, Form | None] = {
    **dict.fromkeys(("maxq", "qsz", "ioslots"), NUMBER),
    "dsm": Form("auto|enable|disable"),
    "eui64": Form("0x[0-9a-f]{16}"),
    "sectsz": Form("512|4096|8192"),
}
DEVICE_KEYS: dict[str, dict[str, Form | None]] = {
    "virtio-blk": BLOCK_KEYS,
    "ahci-hd": BLOCK_KEYS | {"model": MODEL, "rev": Form(r"[A-Za-z0-9_.-]{1,8}"), "nmrr": Form("[1-9][0-9]{0,4}")},
    "ahci-cd": {"ro": None, "bootindex": NUMBER},
    "ahci": {},
    "virtio-scsi": {"iid": NUMBER, "bootindex": NUMBER},
    "nvme": {"nocache": None, "direct": None, "ro": None, "nodelete": None, "bootindex": NUMBER, "ser": SERIAL}
    | NVME_KEYS,
    "virtio-net": {"mac": MAC, "mtu": NUMBER},
    "e1000": {"mac": MAC},
    "fbuf": {
        "tcp": VNC,
        "rfb": Form(r"unix:/[^,%\\\s]+"),
        "w": NUMBER,
        "h": NUMBER,
        "vga": Form("io|off"),
        "wait": None,
    },
    "xhci": {"tablet": None},
    "passthru": {"rom": PATH},
    "virtio-rnd": {},
    "virtio-9p": {"ro": None},
    "virtio-console": {},
    "hda": {"play": PATH, "rec": PATH},
    "virtio-input": {},
    "hostbridge": {},
    "amd_hostbridge": {},
    "lpc": {},
}
"""Device -> the keys it takes, and the form of their values; None for a key without one."""

PC_DEVICES = frozenset({"lpc", "amd_hostbridge", "fbuf", "xhci", "passthru"})
"""Devices that this project gives to guests on amd64 only."""

BACKENDS: dict[str, Form] = {
    **dict.fromkeys(("virtio-blk", "ahci-hd", "ahci-cd"), PATH),
    "nvme": Form(rf"{PATH.pattern}|ram=[1-9][0-9]*"),
    "virtio-scsi": Form(r"/dev/cam/ctl(?:[0-9]+\.[0-9]+)?"),
    **dict.fromkeys(("virtio-net", "e1000"), Form(rf"{INTERFACE.pattern}|vale[0-9A-Za-z_]+:[0-9A-Za-z_]+")),
    "passthru": HOST_DEVICE,
    "virtio-input": PATH,
    "virtio-9p": Form(r"[A-Za-z0-9][A-Za-z0-9._-]*=/[^,%\\\s]+"),
}
"""Devices whose configuration begins with a backend, and its form."""

_FORWARD = r"(tcp|udp):[0-9.]+:[0-9]{1,5}-[0-9.]+:[0-9]{1,5}"
SWITCHES: dict[str, tuple[Version, dict[str, Form | None]]] = {
    "netgraph": (
        (13, 1),
        {
            "path": Form(r"[A-Za-z][A-Za-z0-9_-]{0,30}:"),
            "peerhook": Form(r"link(0|[1-9][0-9]*)"),
            "socket": Form(r"[A-Za-z0-9_-]{1,31}"),
        },
    ),
    "slirp": ((15, 0), {"open": None, "hostfwd": Form(f"{_FORWARD}(;{_FORWARD})*")}),
}
"""Backends of NICs that are no interfaces: the release that brought them, and their keys."""

Address = tuple[int, int, int]


@dataclass
class Command:
    """What a command line says, as far as tests look at it."""

    name: str
    release: Version
    arch: str
    flags: set[str] = field(default_factory=set)
    slots: dict[Address, tuple[str, str]] = field(default_factory=dict)
    lpc: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    memory: str = ""
    uuid: str = ""
    cpus: int = 0
    domains: dict[int, range] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    firmware_files: str = "bhyve"
    """Whose interface shows files to the firmware: bhyve's own, or that of QEMU."""
    keyboard: str = ""
    stub: str = ""
    macs: list[str] = field(default_factory=list)
    configurations: list[str] = field(default_factory=list)
