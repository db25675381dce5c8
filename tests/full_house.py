"""A guest with everything that a release can do: its definition, put together from the parts that the release has.

A part of a later release must be refused one release earlier (tests/pipeline/test_full_house.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builders import build_site
from full_host import HOST, IMAGES, NETWORKS, STORAGES
from hivewright.site import Site
from parts import Keys, Part
from seeds import CLOUD_INIT

ALLOWED: Keys = {"sudo": "ALL=(ALL) ALL", "doas": ["permit alice"]}
ROUTINE: Keys = {"order": 20, "on_not_ready": "skip", "login": {"user": "alice"}}
PARTS = (
    Part(
        "life",
        {
            "description": "Has everything",
            "alias": "The whole \u00e9.1's",
            "renamed_from": ["whole", "complete"],
            "moved_from": "elsewhere",
            "tags": ["prod", "web"],
            "protected": True,
            "owner_check": True,
            "memory": "8G",
            "cpus": 8,
            "topology": {"sockets": 1, "cores": 4, "threads": 2},
            "pin": {"0": "4", "1": "5-6,8"},
            **ROUTINE,
            "autostart": False,
            "ready": {"tcp": "192.0.2.10:443", "timeout": "90s"},
            "carp": {"interface": "ix0", "vhid": 7},
            "event": {"mains-lost": {"system": "ACPI", "subsystem": "ACAD", "action": "stop"}},
            "stop_timeout": "3m",
            "stop": {"press_every": "0s", "method": "agent"},
            "on_poweroff": "restart",
            "on_reboot": "restart",
            "on_crash": "rename-restart",
            "restart_limit": {"count": 3, "within": "10m"},
            "uuid": "01234567-89ab-cdef-0123-456789abcdef",
            "machine": {"wired": True, "memory_in_core": True, "msi": True, "destroy_on_poweroff": True},
            "environment": {"SLIRP_DEBUG": "call", "NOTE": "it's $HOME, \\ and all"},
            "cloud_init": CLOUD_INIT,
            "limits": {
                "nice": 5,
                "protect": True,
                "cpuset": "4-15",
                "rctl": {"pcpu": "deny=400", "readbps": "throttle=50M"},
            },
        },
    ),
    Part(
        "block devices",
        {
            "disk": {
                "root": {
                    "storage": "fast",
                    "size": "20G",
                    "image": "golden",
                    "cache": "nocache",
                    "description": "What it boots from, | and a bar",
                },
                "data": {"storage": "plain", "size": "10G", "cache": "nocache-direct", "trim": False},
                "plain": {"path": "/dev/da1", "readonly": True, "sector_size": "512/4096", "serial": "PLAIN"},
                "cluster": {"path": "/dev/da2", "shared": True, "cache": "direct"},
                "sata": {
                    "storage": "fast",
                    "size": "4G",
                    "bus": "ahci-hd",
                    "sector_size": "4096",
                    "cache": "nocache-direct",
                    "readonly": True,
                    "trim": False,
                    "model": "Example Disk",
                    "revision": "1.0",
                    "rotation_rate": 7200,
                },
                "port": {"storage": "plain", "size": "1G", "bus": "ahci-hd", "controller": "main", "image": "packed"},
                "flash": {
                    "storage": "fast",
                    "size": "8G",
                    "bus": "nvme",
                    "sector_size": "4096",
                    "cache": "nocache-direct",
                    "readonly": True,
                    "trim": False,
                    "properties": {"volblocksize": "64K"},
                    "nvme": {
                        "queues": 4,
                        "queue_size": 64,
                        "io_slots": 32,
                        "eui64": "589cfc0000000001",
                        "dataset_management": "enable",
                    },
                },
                "scratch": {"bus": "nvme", "ram": "512M"},
                "lun": {"path": "/dev/cam/ctl2.1", "bus": "virtio-scsi", "initiator": 3},
                "luns": {"path": "/dev/cam/ctl", "bus": "virtio-scsi"},
            },
            "install": {"cd": "install"},
            "controller": {"main": {"slot": 27}},
            "cd": {
                "install": {"image": "install", "description": "Installer"},
                "drivers": {"path": "/srv/iso/drivers.iso", "slot": "9:1"},
                "tools": {"path": "/srv/iso/tools.iso", "slot": 9},
                "port": {"path": "/srv/iso/more.iso", "controller": "main"},
            },
        },
    ),
    Part(
        "interfaces",
        {
            "nic": {
                "lan": {
                    "network": "lan",
                    "ipv4": ["192.0.2.10/25", "192.0.2.11/25"],
                    "gateway4": "192.0.2.1",
                    "ipv6": "2001:db8::10/64",
                    "gateway6": "2001:db8::1",
                    "on_link": True,
                    "routes": [{"to": "10.64.0.0/10", "via": "192.0.2.254"}],
                    "dns": ["192.0.2.53"],
                    "search": ["example.net"],
                    "mac": "58:9c:fc:00:00:01",
                },
                "old": {"network": "lan", "model": "e1000", "tap": "tapfull0", "description": "For 'old' drivers"},
                "tagged": {"network": "tagged"},
                "inner": {"network": "inner", "private": True, "mtu": 1400},
                "dmz": {"network": "dmz", "model": "e1000"},
                "point": {"network": "point", "ipv4": "192.0.2.131/31", "gateway4": "192.0.2.130"},
                "outside": {
                    "network": "outside",
                    "ipv4": "10.0.0.10/24",
                    "forward": {"ssh": {"port": 2222, "to": 22}, "dns": {"port": 53, "to": 53, "protocol": "udp"}},
                },
                "walled": {"network": "walled", "ipv4": "10.0.1.10/24"},
                "switch": {"network": "switch"},
                "node": {"network": "node", "model": "e1000"},
                "far": {"network": "far"},
                "alone": {"existing": "tap7"},
                "joins": {"network": "dmz", "existing": "vmnet0", "private": True},
                "copy": {"network": "inner", "span": True},
            },
        },
    ),
    Part(
        "further devices",
        {
            "rng": True,
            "sound": {"play": "/dev/dsp1", "record": "/dev/dsp2"},
            "channel": {"agent": {"port": "org.example.agent.0"}, "clipboard": {}},
            "agent": True,
            "share": {"web": {"path": "/data/web", "readonly": True}, "home": {"path": "/data/home", "tag": "h"}},
            "serial": {"com1": {}},
            "machine": {"channel_slot": "9:3"},
        },
    ),
    Part("further serial ports", {"serial": {"com2": {}, "com3": {}, "com4": {}}}),
    Part(
        "machine",
        {
            "machine": {
                "hostbridge": "amd",
                "lpc_slot": 30,
                "rtc": "localtime",
                "ignore_msr": False,
                "strict_io": True,
                "x2apic": True,
                "mptable": False,
                "yield_on_halt": False,
                "yield_on_pause": False,
            }
        },
    ),
    Part("no ACPI", {"machine": {"acpi": False}}),
    Part(
        "screen",
        {
            "tablet": {"slot": "9:2"},
            "vnc": {
                "password": {"secret": "full-vnc"},
                "resolution": "1920x1200",
                "vga": "off",
                "keyboard": "de",
            },
        },
    ),
    Part("waiting screen", {"vnc": {"wait": True}}),
    Part(
        "passthrough",
        {
            "passthrough": {
                "gpu": {"device": "gpu0", "slot": "8:0"},
                "audio": {"device": "gpu0-audio", "slot": "8:1"},
                "nvme": {"device": "nvme0", "slot": "1:0:0"},
            }
        },
    ),
    Part("private UEFI variables", {"firmware": {"variables": True, "variables_template": "enrolled"}}),
    Part("option ROM", {"passthrough": {"gpu": {"device": "gpu0", "rom": "/srv/gpu.rom"}}}),
    Part("TPM of the host", {"tpm": {"kind": "passthru"}}),
    Part(
        "SMBIOS",
        {
            "smbios": {
                "system": {"manufacturer": "Example Inc.", "product_name": "Model 1", "serial_number": "42"},
                "board": {"manufacturer": "Example Inc.", "asset_tag": "A42"},
                "chassis": {"manufacturer": "Example Inc.", "sku": "C1"},
                "bios": {"vendor": "Example Inc.", "release_date": "03/14/2014"},
            }
        },
    ),
    Part(
        "fw_cfg",
        {
            "fwcfg": {
                "token": {"name": "opt/org.example/token", "string": "one, two"},
                "key": {"name": "opt/org.example/key", "file": "/srv/keys/full"},
            }
        },
    ),
    Part(
        "boot order",
        {"disk": {name: {"boot_index": index} for index, name in enumerate(("root", "sata", "flash", "lun"), 1)}},
    ),
    Part("boot order of drives", {"cd": {"install": {"boot_index": 0}}}),
    Part("host input", {"input": {"keyboard": {"device": "/dev/input/event2"}}}),
    Part("many vCPUs", {"cpus": 24, "topology": {"sockets": 2, "cores": 12, "threads": 1}}),
    Part("emulated TPM", {"tpm": {"kind": "swtpm"}}),
    Part("gdb stub", {"debug": {"gdb": {"port": 1234, "address": "::1", "wait": True}}}),
    Part("debugger", {"debug": {"debugger": "gdb"}}),
    Part("console in tmux", {"serial": {"com1": {"kind": "tmux", "log": True}}}),
    Part("serial line of the host", {"serial": {"com3": {"kind": "device", "device": "/dev/cuau0"}}}),
    Part("serial port on TCP", {"serial": {"com2": {"kind": "tcp", "port": 7001}}}),
    Part("console on TCP", {"serial": {"com1": {"kind": "tcp", "port": 7000, "log": False}}}),
    Part(
        "memory domains",
        {
            "numa": {
                "0": {"cpus": "0-11", "size": "6G", "policy": "prefer:0"},
                "1": {"cpus": "12-23", "size": "2G", "policy": "round-robin"},
            },
            "cpus": 24,
            "topology": {"sockets": 2, "cores": 12, "threads": 1},
        },
    ),
    Part("large screen", {"vnc": {"resolution": "3840x2160"}}),
    Part(
        "VLANs by interface",
        {"nic": {"access": {"network": "vlans", "vlan": 10}, "trunk": {"network": "vlans", "trunk": [20, 30, 31]}}},
        networks={"vlans": {"kind": "bridge", "uplink": "ix4", "vlan_filter": True}},
    ),
    Part(
        "slirp",
        {"nic": {"user": {"network": "user", "forward": {"web": {"port": 8080, "to": 80}}}}},
        networks={"user": {"kind": "slirp"}},
    ),
    Part(
        "slirp to the outside",
        {"nic": {"open": {"network": "open"}}},
        networks={"open": {"kind": "slirp", "open": True}},
    ),
    Part("screen on a socket", {"vnc": {"socket": True}}),
)
"""All that a guest can have, in the order in which it is put together: later parts override earlier ones."""


SAVED: Keys = {
    "host": "alpha",
    "memory": "1G",
    "checkpoint": True,
    "on_host_shutdown": "suspend",
    "disk": {"root": {"storage": "fast", "size": "4G", "clone": "golden/root@v1", "full_copy": True}},
}
"""A guest that can be saved, as one with everything cannot be. Hosts of arm64 save none."""


def merge(first: Keys, second: Keys) -> dict[str, Any]:
    """``second`` over ``first``, table by table."""
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged


def full_tables(release: str, arch: str, *more: Part) -> dict[str, Keys]:
    """The tables of a site with the guest ``full`` on a host of this release and architecture.

    ``more`` are parts that may not fit it.
    """
    vm: dict[str, Any] = {"host": "alpha"}
    networks = dict(NETWORKS)
    for part in (*(part for part in PARTS if part.fits(release, arch)), *more):
        vm = merge(vm, part.vm)
        networks |= part.networks
    saves = arch == "amd64"
    return {
        "vm": {"full": vm, **({"saved": SAVED} if saves else {})},
        "host": {"alpha": {**HOST, "freebsd": release, "arch": arch, "capabilities": ["snapshot"] * saves}},
        "network": networks,
        "storage": STORAGES,
        "image": IMAGES,
        "user": {
            "alice": {"ssh_keys": ["ssh-ed25519 AAAA alice"], "passwd": {"secret": "alice"}, **ALLOWED},
        },
    }


def full_site(release: str, arch: str, *more: Part) -> Site:
    return site_of(full_tables(release, arch, *more))


def site_of(tables: Mapping[str, Keys]) -> Site:
    """The site of these tables."""
    others = {f"{kind}s": named for kind, named in tables.items() if kind != "vm"}
    return build_site(tables["vm"], **others)
