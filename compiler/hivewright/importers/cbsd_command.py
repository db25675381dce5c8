"""The command that CBSD gives bhyve for a guest, from its settings: slots as its table of them says, or as it would
give them at the next start."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import NamedTuple

from hivewright.importers.cbsd_database import Row, is_on, is_set
from hivewright.importers.forms import Remark

REFIND = "/usr/local/cbsd/upgrade/patch/efirefd.fd"
NETBOOT = "/usr/local/cbsd/upgrade/patch/efirefn.fd"
_HELPER, _BOOTABLE, _FIRST, _TABLET, _LPC = 1, 2, 4, 30, 31
"""Slots with a meaning of their own; others begin with the third of these."""
_SERIAL_SINCE = (14, 0)
_MOST_SHARES = 24


@dataclass(slots=True)
class Definition:
    """What CBSD knows of a guest."""

    name: str
    place: str
    settings: Row
    """Columns of its table ``settings``, and of ``jails`` of the host, or variables of a jconf."""
    system: str
    """Its folder of settings on the host."""
    data: str
    """Its folder of disks on the host."""
    tables: dict[str, list[Row]] = field(default_factory=dict)
    topologies: dict[str, Row] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)
    """VALE switches of the host: name -> number."""
    isos: list[Row] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    devices: list[Row] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    """bhyve.conf: what its last start was given; empty where there is none."""
    has_variables: bool = False
    has_seed: bool = False

    def get(self, key: str, default: str = "") -> str:
        """A setting; what is not set has the value 0, or none."""
        value = self.settings.get(key, "")
        return value if is_set(value) else default

    def on(self, key: str, default: bool = False) -> bool:
        return is_on(self.settings.get(key, "1" if default else "0"))

    def rows(self, table: str) -> list[Row]:
        return self.tables.get(table, [])


class Port(NamedTuple):
    """A NIC: its slot, its row, its backend's first word, and the MTU that it was told."""

    slot: int
    row: Row
    backend: str
    mtu: str


class Builder:
    """The command while it is put together."""

    def __init__(self, definition: Definition, release: tuple[int, int]) -> None:
        self.definition, self.release = definition, release
        self.words: list[str] = []
        self.notes: list[Remark] = []
        self.ports: list[Port] = []
        self._kept: dict[tuple[str, str], int] = {}
        for row in definition.rows("pcibus"):
            if row.get("pcislot_bus", "").isdecimal():
                key = (row.get("pcislot_name", ""), row.get("pcislot_desc", ""))
                self._kept.setdefault(key, int(row["pcislot_bus"]))
        self._busy: set[int] = set()

    def slot(self, name: str, what: str = "") -> int:
        """Where a device is: as its table says, or the first that is free. Without ``what`` its name alone counts."""
        kept = next((slot for (other, desc), slot in self._kept.items() if other == name and what in ("", desc)), None)
        taken = self._busy | {*self._kept.values()}
        found = kept if kept is not None else next((each for each in range(_FIRST, _LPC) if each not in taken), None)
        if found is None:
            raise ValueError("no slot is free for all of its devices, and CBSD does not start it either")
        self._busy.add(found)
        return found

    def build(self) -> list[str]:
        """All words but the name of the guest, in CBSD's order; slots are given in another one."""
        own = self.definition
        boot = own.get("vm_boot", "hdd")
        helper = self._helper(boot)
        drives = self._drives(boot) if boot == "cd" else []
        disks = self._disks()
        if boot != "cd":
            drives = self._drives(boot)
        controllers = self._controllers()
        nics, nvme, passed = self._nics(), self._nvme(), self._passthru()
        rng = self._one("virtio-rnd") if own.on("virtio_rnd") else []
        shares = self._shares()
        sound = self._sound()
        screen = self._screen()
        bridge = own.get("vm_hostbridge", "hostbridge")
        return [
            *shlex.split(own.get("bhyve_flags")), *self._options(bool(passed)), "-s", f"0,{bridge}", *shares, *helper,
            *disks, *controllers, *drives, *nics, *nvme, *rng, *passed, *screen, *self._tablet(bool(screen)), *sound,
            "-s", f"{_LPC},lpc", *self._console(), *self._firmware(),
        ]  # fmt: skip

    def _one(self, words: str, name: str = "", what: str = "") -> list[str]:
        return ["-s", f"{self.slot(name or words.partition(',')[0], what)},{words}"]

    def _helper(self, boot: str) -> list[str]:
        """A boot manager on a drive of its own."""
        own = self.definition
        firmware = own.get("cd_boot_firmware" if boot == "cd" else "hdd_boot_firmware", own.get("cd_boot_firmware"))
        if boot != "net" and firmware != "refind":
            return []
        self._busy.add(_HELPER)
        return ["-s", f"{_HELPER},ahci-cd,{NETBOOT if boot == 'net' else REFIND},ro"]

    def _path(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.definition.data}/{path}"

    def _disks(self) -> list[str]:
        words: list[str] = []
        for row in self.definition.rows("bhyvedsk"):
            bus = row.get("dsk_controller", "")
            if row.get("dsk_type", "vhd") != "vhd" or is_set(row.get("controller_id", "")):
                continue
            if bus not in ("virtio-blk", "ahci-hd"):
                continue
            path = self._path(row["dsk_path"])
            options = [row.get("dsk_conf", "")]
            options = [each for each in options if is_set(each) and each != "sectorsize=512"]
            if is_set(row.get("dsk_sectorsize", "")):
                options.append(f"sectorsize={row['dsk_sectorsize']}")
            if is_set(row.get("dsk_serial", "")) and self.release >= _SERIAL_SINCE:
                options.append(f"ser={row['dsk_serial']}")
            slot = self.slot(bus, path)
            if row.get("bootable") == "1":
                slot = _BOOTABLE
                self._busy.add(slot)
            words += ["-s", ",".join((str(slot), bus, path, *options))]
            self._unused(row)
        for path in self.definition.shared:
            words += self._one(f"virtio-blk,{path}", what=path)
            why = "CBSD lets several guests write it at once; write shared = true where they shall"
            self.notes.append(Remark(f"the shared medium {path}", why))
        return words

    def _unused(self, row: Row) -> None:
        """Columns that CBSD stores and never gives to bhyve."""
        names = ("dsk_ro", "dsk_nocache", "dsk_direct", "dsk_iops_limit", "dsk_mbps_limit")
        for name in names:
            if is_set(row.get(name, "")) and row[name].lower() != "false":
                why = "CBSD stores it and never gives it to bhyve, so the guest has not had it"
                self.notes.append(Remark(f"{name}={row[name]} of {row['dsk_path']}", why))

    def _controllers(self) -> list[str]:
        words: list[str] = []
        for row in self.definition.rows("bhyve_dskcontroller"):
            name = row.get("name", "")
            if not is_set(name):
                continue
            paths = [self._path(disk["dsk_path"]) for disk in self.definition.rows("bhyvedsk")
                     if disk.get("dsk_controller") == name]  # fmt: skip
            if paths:
                device = ",".join((row.get("type", "ahci"), *(f"hd:{path}" for path in paths)))
                words += self._one(device, name)
        return words

    def _drives(self, boot: str) -> list[str]:
        words: list[str] = []
        seen: set[str] = set()
        for row in self.definition.isos:
            path = row.get("path", "")
            if path in seen or not path:
                continue
            seen.add(path)
            device = "ahci-hd" if path.endswith(".img") else "ahci-cd"
            slot = self.slot(device, f"{path}-{row.get('idx', '')}")
            if boot == "cd":
                slot = _BOOTABLE
            words += ["-s", f"{slot},{device},{path},ro"]
        if boot == "cd" and len(seen) > 1:
            raise ValueError("it boots from a medium and has several: CBSD puts all of them at slot 2, which bhyve "
                             "refuses. Take one out first: cbsd media mode=unregister")  # fmt: skip
        if self.definition.has_seed:
            words += self._one(f"ahci-cd,{self.definition.system}/seed.iso,ro", what="seed.iso")
        return words

    def _nics(self) -> list[str]:
        words: list[str] = []
        for number, row in enumerate(self.definition.rows("bhyvenic")):
            device = "e1000" if row.get("nic_driver") == "e1000" else "virtio-net"
            slot = self.slot(device, row.get("id", ""))
            backend = self._backend(number, row)
            mtu = row.get("nic_mtu", "0")
            if not is_set(mtu):
                mtu = self._last_mtu(slot) or ("1500" if backend.startswith("tap") else "")
            mac = row.get("nic_hwaddr", "")
            options = [f"mtu={mtu}"] * bool(mtu)
            if is_set(mac):
                digits = mac.replace(":", "")
                options.append(f"mac={':'.join(digits[each : each + 2] for each in range(0, len(digits), 2))}")
            else:
                why = "CBSD makes one by chance at the next start; the site has one that stays"
                self.notes.append(Remark(f"no MAC address of NIC {number + 1}", why))
            words += ["-s", ",".join((str(slot), device, backend, *options))]
            self.ports.append(Port(slot, row, backend, mtu))
        return words

    def _backend(self, number: int, row: Row) -> str:
        """The first words of a NIC; which tap or port it has is found at each start."""
        parent, name = row.get("nic_parent", "auto"), self.definition.name
        if is_on(row.get("nic_persistent", "")):
            return parent
        if parent.startswith("cbsdvale_"):
            return f"vale{self.definition.switches.get(parent[9:], '0')}:{number}"
        if parent.startswith("vale"):
            return f"{parent}:{number}"
        if parent.startswith("cbsdng_ng"):
            link = f"{name}_{number}"
            return f"netgraph,socket={link},path={parent}:,hook={link}link,peerhook=link{number}"
        return f"tap{number}"

    def _last(self, slot: int) -> list[str]:
        """The words of a NIC at the last start."""
        for word in self.definition.last.get("nic_args", "").split():
            if word.startswith(f"{slot},"):
                return word.split(",")
        return []

    def _last_mtu(self, slot: int) -> str:
        return next((word[4:] for word in self._last(slot) if word.startswith("mtu=")), "")

    def bridge_of(self, slot: int) -> str:
        """The bridge that a NIC was a member of at the last start; empty where nobody knows."""
        words = self._last(slot)
        return self.definition.last.get(f"mytap_{words[2]}_members", "") if len(words) > 2 else ""

    def _nvme(self) -> list[str]:
        rows = self.definition.rows("bhyve_nvme")
        for row in rows[1:]:
            why = "CBSD gives bhyve the first disk on NVMe alone, so the guest has not had it"
            self.notes.append(Remark(row.get("devpath", ""), why))
        if not rows or not is_set(rows[0].get("devpath", "")):
            return []
        return self._one(f"nvme,{rows[0]['devpath']},ram={rows[0].get('ram', '') or 0}")

    def _passthru(self) -> list[str]:
        words: list[str] = []
        if self.definition.devices and not self.definition.on("bhyve_wire_memory"):
            for row in self.definition.devices:
                why = "CBSD leaves it out where bhyve_wire_memory is 0, so the guest has not had it"
                self.notes.append(Remark(f"passthrough of {row['ppt']}", why))
            return []
        for row in self.definition.devices:
            words += self._one(f"passthru,{row['ppt']}", what=row["ppt"])
        return words

    def _shares(self) -> list[str]:
        words: list[str] = []
        for row in self.definition.rows("p9shares")[:_MOST_SHARES]:
            device = f"virtio-9p,{row['p9device']}={row['p9path']}"
            device += ",ro" if is_on(row.get("ro", "")) else ""
            options = row.get("options", "")
            words += self._one(device + (f",{options}" if is_set(options) else ""), what=row["p9device"])
        return words

    def _sound(self) -> list[str]:
        row = next(iter(self.definition.rows("bhyve_soundhw")), {})
        play, record = row.get("soundhw_play", ""), row.get("soundhw_rec", "")
        if self.definition.get("soundhw", "none") == "none" or not play or not record:
            return []
        return self._one(f"hda,play={play},rec={record}")

    def _screen(self) -> list[str]:
        own = self.definition
        if not own.on("fbuf", True) or own.settings.get("vm_vnc_port") == "1":
            return []
        port = own.get("vm_vnc_port")
        if not port:
            port = own.get("vnc_port", "5900")
            why = "CBSD looked for a free port at each start; the site has one that stays"
            self.notes.append(Remark(f"port {port} of VNC", why))
        width, _, height = own.get("bhyve_vnc_resolution", "1024x768").partition("x")
        words = f"fbuf,tcp={own.get('bhyve_vnc_tcp_bind', '127.0.0.1')}:{port},w={width},h={height}"
        if own.get("bhyve_vnc_vgaconf", "io") != "io":
            words += f",vga={own.get('bhyve_vnc_vgaconf')}"
        if password := own.get("vnc_password"):
            words += f",password={password}"
        return self._one(words)

    def _tablet(self, has_screen: bool) -> list[str]:
        own = self.definition
        if own.get("vm_efi", "none") == "none" or own.settings.get("vm_vnc_port") == "1" or not own.on("xhci", True):
            return []
        if not has_screen:
            self.notes.append(Remark("xhci", "a USB controller without a screen; it is among the further words"))
        return ["-s", f"{_TABLET},xhci{',tablet' if own.on('tablet', True) else ''}"]

    def _cpus(self) -> str:
        own = self.definition
        cpus, name = own.get("vm_cpus", "1"), own.settings.get("vm_cpu_topology", "default")
        if cpus == "1" or not name:
            return cpus
        if name in ("0", "default"):
            return f"cpus={cpus},sockets={cpus},cores=1,threads=1"
        if name not in own.topologies:
            return cpus
        row = own.topologies[name]
        sockets, cores, threads = (int(row.get(key) or 1) for key in ("sockets", "cores", "threads"))
        return f"cpus={sockets * cores * threads},sockets={sockets},cores={cores},threads={threads}"

    def _options(self, passes: bool) -> list[str]:
        own = self.definition
        words = ["-c", self._cpus(), "-m", own.get("vm_ram"), "-H"]
        words += ["-A"] if own.on("bhyve_generate_acpi", True) else []
        words += ["-S"] if passes or own.on("bhyve_wire_memory") else []
        switches = (("u", "bhyve_rts_keeps_utc"), ("W", "bhyve_force_msi_irq"), ("x", "bhyve_x2apic_mode"))
        words += [f"-{letter}" for letter, key in switches if own.on(key)]
        words += [] if own.on("bhyve_mptable_gen", True) else ["-Y"]
        words += ["-w"] if own.on("bhyve_ignore_msr_acc") else []
        words += ["-U", own.get("uuid")] if own.get("uuid") else []
        words += ["-K", own.get("bhyve_vnc_kbdlayout")] if own.get("bhyve_vnc_kbdlayout") else []
        if own.get("tpm").startswith("/"):
            words += ["-l", f"tpm,passthru,{own.get('tpm')}"]
        return words

    def _console(self) -> list[str]:
        if self.definition.get("vm_console", "tmux") == "nmdm":
            return ["-l", "com1,/dev/nmdm0A", "-l", "com2,/dev/nmdm1A"]
        return ["-l", "com1,stdio"]

    def _firmware(self) -> list[str]:
        own = self.definition
        kind = own.get("vm_efi", "none")
        if kind not in ("uefi", "uefi_csm"):
            raise ValueError("its vm_efi is none, and CBSD loads such a guest by nothing: it does not start there. "
                             "Write it by hand, with firmware.kind bhyveload or grub")  # fmt: skip
        folder = "/usr/local/cbsd/upgrade/patch"
        rom = own.get("efi_firmware", f"{folder}/efi.fd") if kind == "uefi" else f"{folder}/efi_csm.fd"
        variables = f",{own.system}/BHYVE_UEFI_VARS.fd" if own.has_variables else ""
        return ["-l", f"bootrom,{rom}{variables}{',fwcfg=qemu' if variables and kind == 'uefi' else ''}"]
