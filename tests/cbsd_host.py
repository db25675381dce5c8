"""A working directory of CBSD, with databases as its schemas make them and nothing else of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from conftest import write_files

WORKDIR = "/usr/jails"
DISKS = ("jname", "dsk_controller", "dsk_path", "dsk_slot", "dsk_type", "dsk_conf", "dsk_ro", "dsk_sectorsize",
         "controller_id", "bootable", "dsk_serial")  # fmt: skip
NICS = ("id", "jname", "nic_order", "nic_driver", "nic_parent", "nic_hwaddr", "nic_address", "nic_mtu",
        "nic_persistent", "nic_ratelimit", "nic_flags")  # fmt: skip
SETTINGS = {
    "created": "2024-10-24", "astart": 1, "vm_cpus": 1, "vm_ram": 1 << 30, "vm_os_type": "linux", "vm_boot": "hdd",
    "bhyve_flags": 0, "virtio_type": "virtio-blk", "vm_hostbridge": "hostbridge", "vm_console": "tmux",
    "vm_efi": "uefi", "vm_vnc_port": 0, "vnc_port": 5900, "bhyve_vnc_tcp_bind": "127.0.0.1",
    "bhyve_vnc_resolution": "1024x768", "cd_vnc_wait": 1, "protected": 0, "bhyve_generate_acpi": 1,
    "bhyve_wire_memory": 0, "bhyve_rts_keeps_utc": 0, "bhyve_force_msi_irq": 0, "bhyve_x2apic_mode": 0,
    "bhyve_mptable_gen": 1, "bhyve_ignore_msr_acc": 0, "ip4_addr": "DHCP", "vnc_password": "cbsd",
    "bhyve_vnc_vgaconf": "io", "bhyve_vnc_kbdlayout": "0", "tpm": "0", "vm_cpu_topology": "default",
    "debug_engine": "none", "xhci": 1, "fbuf": 1, "tablet": 1, "cd_boot_firmware": "bhyve", "hdd_boot_firmware": "0",
    "jailed": "0", "on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy", "soundhw": "none",
    "bhyve_cmd": "/usr/sbin/bhyve", "efi_firmware": "/usr/local/cbsd/upgrade/patch/efi.fd", "double_acpi": 1,
    "virtio_rnd": 0, "uuid": "0", "tags": "0", "boot_delay": 0, "cpuset": "0",
    "bhyverun_wrapper": "/usr/local/cbsd/share/bhyverun.sh",
}  # fmt: skip
Rows = Sequence[Sequence[object]]


def database(path: Path, tables: Mapping[str, tuple[Sequence[str], Rows]]) -> None:
    """A database with some tables: columns and rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, (columns, rows) in tables.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            for row in rows:
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", tuple(row))


def guest(root: Path, name: str, settings: Mapping[str, object], disks: Rows, nics: Rows, slots: Rows = (),
          others: Mapping[str, tuple[Sequence[str], Rows]] | None = None) -> None:  # fmt: skip
    """The database of a guest. Disks: bus, path, sector size, bootable, serial; NICs: driver, parent, MAC, MTU, flags,
    address; slots: name, slot, description."""
    values = {**SETTINGS, **settings}
    database(root / f"usr/jails/jails-system/{name}/local.sqlite", {
        "settings": ([*values], [[*values.values()]]),
        "bhyvedsk": (DISKS, [(name, bus, path, 0, "vhd", 0, 0, sectors, 0, bootable, serial)
                             for bus, path, sectors, bootable, serial in disks]),
        "bhyvenic": (NICS, [(number, name, 0, driver, parent, mac, address, mtu, 0, 0, flags)
                            for number, (driver, parent, mac, mtu, flags, address) in enumerate(nics, 1)]),
        "pcibus": (("idx", "pcislot_name", "pcislot_bus", "pcislot_pcislot", "pcislot_function", "pcislot_desc"),
                   [(number, what, slot, 0, 0, desc) for number, (what, slot, desc) in enumerate(slots, 1)]),
        **(others or {}),
    })  # fmt: skip


def data(name: str) -> str:
    return f"{WORKDIR}/jails-data/{name}-data"


def host(root: Path) -> Path:
    """Six guests, of every shape that CBSD has for bhyve, laid out below a copy of the host's root."""
    mac = "00:a0:98:00:00:{:02d}".format
    system = f"{WORKDIR[1:]}/jails-system"
    write_files(root, {
        "etc/rc.conf": f'cbsd_workdir="{WORKDIR}"\ncbsdd_enable="YES"\n',
        f"{WORKDIR[1:]}/nodename": "node1.example.net\n",
        f"{system}/web/BHYVE_UEFI_VARS.fd": "variables",
        f"{system}/web/seed.iso": "seed",
        f"{system}/web/master_prestart.d/ready.sh": "#!/bin/sh\necho $jname\n",
        f"{system}/web/master_prestart.d/placeholder": "",
        f"{system}/web/master_poststop.d/shell": "#!/usr/local/bin/cbsd\n",
        f"{system}/web/bhyve.conf": "vm_boot='hdd'\nnic_args=' -s 6,virtio-net,tap3,mtu=1500,mac=00:a0:98:00:00:01'\n"
        "mytap_tap3_members='bridge1'\nvnc_password=\"cbsd\"\n",
        f"{system}/db/etc/rc.conf": 'bhyve_flags="-p 0:2 -p 1:3"\nnice="5"\n',
    })  # fmt: skip
    guest(root, "web", {"vm_cpus": 2, "vm_ram": 2 << 30, "uuid": "01234567-89ab-cdef-0123-456789abcdef",
                        "virtio_rnd": 1, "vnc_port": 5901},
          [("virtio-blk", "dsk1.vhd", "512/4096", "true", "0")], [("vtnet", "auto", mac(1), 0, "0", "0")],
          [("virtio-blk", 4, f"{data('web')}/dsk1.vhd"), ("ahci-cd", 5, "seed.iso"), ("virtio-net", 6, "1"),
           ("virtio-rnd", 7, "none"), ("fbuf", 9, "none"), ("lpc", 31, "none")])  # fmt: skip
    guest(root, "db", {"vm_cpus": 4, "vm_ram": 8 << 30, "vm_cpu_topology": "four", "bhyve_wire_memory": 1,
                       "uuid": "11234567-89ab-cdef-0123-456789abcdef", "protected": 1, "fbuf": 0, "vm_vnc_port": 1,
                       "on_crash": "restart", "bhyve_ignore_msr_acc": 1},
          [("virtio-blk", "dsk1.vhd", "512", "1", "DISK-1"), ("ahci-hd", "/dev/da1", "4096", "false", "0")],
          [("e1000", "bridge7", mac(2), 9000, "private", "0")],
          [("virtio-blk", 4, f"{data('db')}/dsk1.vhd"), ("ahci-hd", 5, "/dev/da1"), ("e1000", 6, "1"),
           ("passthru", 8, "3/0/0")],
          {"bhyve_nvme": (("id", "devpath", "ram", "ser"), [(1, "/dev/zvol/zroot/fast", 0, "x")]),
           "p9shares": (("p9path", "p9device", "ro", "options"), [("/srv/share", "share", "true", "0")])})  # fmt: skip
    guest(root, "Win10", {"vm_os_type": "windows", "vm_cpus": 2, "vm_ram": 4 << 30, "vm_console": "nmdm",
                          "uuid": "21234567-89ab-cdef-0123-456789abcdef", "vm_vnc_port": 5905, "tablet": 0,
                          "vnc_password": "hush", "bhyve_vnc_kbdlayout": "uk", "bhyve_rts_keeps_utc": 0},
          [("ahci-hd", "dsk1.vhd", "512", "false", "0")], [("e1000", "auto", mac(3), 0, "0", "0")])  # fmt: skip
    guest(root, "router", {"uuid": "31234567-89ab-cdef-0123-456789abcdef", "fbuf": 0, "xhci": 0, "astart": 0},
          [("virtio-blk", "dsk1.vhd", "512", "false", "0")],
          [("vtnet", "cbsdvale_sw", mac(4), 0, "0", "0"), ("vtnet", "cbsdng_ng0", mac(5), 0, "0", "0"),
           ("vtnet", "disable", mac(6), 0, "0", "10.0.0.1/24"), ("vtnet", "igb0", mac(7), 0, "0", "0")])  # fmt: skip
    guest(root, "raid", {"uuid": "41234567-89ab-cdef-0123-456789abcdef", "tags": "prod,db", "vm_vnc_port": 1},
          [("ahci0", "dsk1.vhd", "512", "false", "0"), ("ahci0", "dsk2.vhd", "512", "false", "0")],
          [("vtnet", "bridge7", mac(8), 0, "0", "0")], [("ahci0", 4, "none")],
          {"bhyve_dskcontroller": (("id", "name", "type", "count"), [(1, "ahci0", "ahci", 8)])})  # fmt: skip
    guest(root, "setup", {"uuid": "51234567-89ab-cdef-0123-456789abcdef", "vm_boot": "cd", "vm_vnc_port": 5906,
                          "vnc_password": "0", "hdd_boot_firmware": "bhyve"},
          [("virtio-blk", "dsk1.vhd", "512/4096", "true", "0")], [("vtnet", "auto", mac(9), 0, "0", "0")])  # fmt: skip
    node(root, ("web", "db", "Win10", "router", "raid", "setup"))
    return root


def node(root: Path, names: Sequence[str]) -> None:
    """The databases of the host."""
    database(root / "usr/jails/var/db/node1.example.net.sqlite", {
        "jails": (("jname", "emulator", "data", "astart", "b_order", "protected", "status"),
                  [*((name, "bhyve", data(name), 1, 10, int(name == "db"), 0) for name in names),
                   ("jail1", "jail", data("jail1"), 1, 10, 0, 0)]),
        "bhyve": (("jname",), [(name,) for name in names]),
        "bhyveppt": (("ppt", "device", "jname", "rom", "class"), [("3/0/0", "NIC", "db", "0", "network"),
                                                                  ("4/0/0", "NIC", "0", "0", "network")]),
        "vm_cpu_topology": (("id", "name", "sockets", "cores", "threads"), [(1, "four", 1, 4, 1)]),
        "vale": (("idx", "name", "group_id"), [(3, "sw", 0)]),
    })  # fmt: skip
    database(root / "usr/jails/var/db/storage_media.sqlite", {
        "media": (("idx", "name", "path", "type", "jname", "size"),
                  [(1, "install", "/srv/iso/install.iso", "iso", "setup", 0),
                   (2, "both", "/srv/shared.img", "shared", "db", 0)]),
    })  # fmt: skip
