"""The commands that libvirt's bhyve driver gives bhyve and a loader for a domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hivewright.importers.libvirt_devices import Devices
from hivewright.importers.libvirt_places import disk_index
from hivewright.importers.xml_text import Element

_ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
_NVRAM = "/var/lib/libvirt/bhyve/nvram"
_UNITS = {
    "": 2**10, "b": 1, "bytes": 1, "kb": 1000, "k": 2**10, "kib": 2**10, "mb": 10**6, "m": 2**20, "mib": 2**20,
    "gb": 10**9, "g": 2**30, "gib": 2**30, "tb": 10**12, "t": 2**40, "tib": 2**40,
}  # fmt: skip
_SMBIOS = {
    "bios": ("bios", {"vendor": "vendor", "version": "version", "date": "release_date"}),
    "system": ("system", {"manufacturer": "manufacturer", "product": "product_name", "serial": "serial_number",
                          "sku": "sku", "version": "version", "family": "family_name"}),
    "baseBoard": ("board", {"manufacturer": "manufacturer", "product": "product_name", "version": "version",
                            "serial": "serial_number", "asset": "asset_tag", "location": "location"}),
    "chassis": ("chassis", {"manufacturer": "manufacturer", "version": "version", "serial": "serial_number",
                            "asset": "asset_tag", "sku": "sku"}),
}  # fmt: skip
"""Tables of <sysinfo> -> those of bhyve_config(5), with their entries."""
_GRUB = "grub-bhyve"


def mebibytes(element: Element | None) -> int:
    """A size of memory, rounded up. Raises ``ValueError`` for a unit that is not known."""
    if element is None:
        return 0
    unit, text = element.get("unit").lower(), element.text.strip()
    if unit not in _UNITS or not text.isdecimal():
        raise element.fault(f'"{text} {element.get("unit")}" is no size of memory')
    return -(-int(text) * _UNITS[unit] // 2**20)


class Command:
    """The commands of one domain."""

    def __init__(self, domain: Element, path_of: Callable[[Element], str], whole: bool = False) -> None:
        self.domain, self._path_of, self._whole = domain, path_of, whole
        self.name = domain.value("name")
        self.arch = domain.at("os/type", "arch") or "x86_64"
        self.loader = domain.value("bootloader")
        self.is_efi = domain.at("os", "firmware") == "efi"
        self.rom = domain.value("os/loader") or (_ROM if self.is_efi else "")
        self.serials = self._serials()
        self.devices = Devices(domain, path_of, self._needs_lpc(), whole)
        if self.devices.screen is not None and (self.loader or not self.rom):
            raise self.devices.screen[0].fault("a screen without a boot ROM, which libvirt refuses too")

    @property
    def is_pc(self) -> bool:
        return self.arch not in ("aarch64", "arm64")

    def _serials(self) -> list[Element]:
        """Serial ports; a console is the first where none is said, as libvirt takes it, and else says one again."""
        serials = self.domain.all("devices/serial")
        for console in self.domain.all("devices/console"):
            if console.at("target", "type", "serial") != "serial":
                console.seen = False  # of virtio, for example: it is told as what is left over
            elif not serials:
                console.get("tty")  # of a domain that runs
                serials = [console]
            else:
                console.leave()
        return serials

    def _needs_lpc(self) -> bool:
        """Where libvirt adds a controller of the type isa."""
        if not self.is_pc:
            return False
        return bool(self.rom and not self.loader) or bool(self.serials) or bool(self.domain.all("devices/graphics"))

    def words(self, backend: Callable[[Element], str]) -> list[str]:
        """All words of bhyve but the name of the guest."""
        domain = self.domain
        words = [*self._cpus(), *self._numa(), "-m", str(mebibytes(domain.first("memory")))]
        if domain.first("memoryBacking/locked") is not None:
            words.append("-S")
        if domain.first("features/acpi") is not None:
            words.append("-A")
        if domain.at("features/msrs", "unknown") == "ignore" or self._whole:
            words.append("-w")
        words += self._clock()
        words += ["-H", "-P"] if self.is_pc else []
        words += ["-s", "0:0,hostbridge", *self._firmware(), *self.devices.words(backend)]
        for port, serial in enumerate(self.serials):
            words += self._serial(port, serial)
        for argument in domain.all("bhyve:commandline/bhyve:arg"):
            words.append(argument.get("value"))
        return [*words, *self.devices.passed_through(), *self._smbios()]

    def _cpus(self) -> list[str]:
        domain = self.domain
        vcpu = domain.first("vcpu")
        text = vcpu.text.strip() if vcpu is not None else "1"
        current = vcpu.get("current") if vcpu is not None else ""
        if vcpu is not None and vcpu.get("placement", "static") != "static":
            vcpu.used.discard("placement")
        if not text.isdecimal() or not int(text):
            raise (vcpu or domain).fault(f'"{text}" is no number of vCPUs')
        count = int(current or text)
        words = ["-c", str(count)]
        topology = domain.first("cpu/topology")
        if topology is not None and topology.get("sockets"):
            sockets, cores, threads = (int(topology.get(part, "1")) for part in ("sockets", "cores", "threads"))
            if {topology.get("dies", "1"), topology.get("clusters", "1")} != {"1"}:
                raise topology.fault("more than one die of a socket, or cluster of a die, which bhyve cannot show")
            if sockets * cores * threads != count:
                raise topology.fault(f"{sockets} sockets of {cores} cores of {threads} threads are not {count} vCPUs, "
                                     "and libvirt refuses that")  # fmt: skip
            words = ["-c", f"cpus={count},sockets={sockets},cores={cores},threads={threads}"]
        for pin in domain.all("cputune/vcpupin"):
            for cpu in cpu_set(pin, pin.get("cpuset")):
                words += ["-p", f"{pin.get('vcpu')}:{cpu}"]
        return words

    def _numa(self) -> list[str]:
        words: list[str] = []
        cells = self.domain.all("cpu/numa/cell")
        for place, cell in enumerate(cells):
            if place >= 8:
                raise cell.fault("a ninth memory domain; bhyve has up to 8")
            cpus = cell.get("cpus")
            if not cpus:
                raise cell.fault("a memory domain without vCPUs, which bhyve does not take")
            unit = {"unit": cell.get("unit", "KiB")}
            size = Element("memory", unit, cell.place, text=cell.get("memory"))
            words += ["-n", f"id={cell.get('id', str(place))},size={mebibytes(size)},cpus={cpus}"]
        return words

    def _clock(self) -> list[str]:
        offset = self.domain.at("clock", "offset", "utc")
        if offset == "localtime" or not self.is_pc:
            return []
        clock = self.domain.first("clock")
        if offset != "utc" and not self._whole and clock is not None:
            raise clock.fault(f'the clock "{offset}"; bhyve has utc and localtime')
        return ["-u"]

    def _firmware(self) -> list[str]:
        if not self.rom or self.loader:
            return []
        if not self.is_pc:
            return ["-o", f"bootrom={self.rom}"]
        nvram = self.domain.first("os/nvram")
        variables = nvram.text.strip() if nvram is not None else ""
        if not variables and not self._whole and (self.is_efi or nvram is not None):
            variables = f"{_NVRAM}/{self.name}_VARS.fd"
        # Newer releases of libvirt say fwcfg=qemu always; it matters where there is a boot order.
        ordered = any(disk.first("boot") is not None for disk in self.devices.disks)
        parts = [self.rom, *([variables] if variables else []), *(["fwcfg=qemu"] if ordered else [])]
        return ["-l", f"bootrom,{','.join(parts)}"]

    def _serial(self, place: int, serial: Element) -> list[str]:
        text = serial.at("target", "port")
        port = int(text) if text.isdecimal() else place
        if port > 3:
            raise serial.fault("a fifth serial port; bhyve has four")
        kind = serial.get("type")
        for attribute in ("slave", "mode"):
            serial.at("source", attribute)
        if kind == "tcp":
            if serial.at("source", "mode") == "connect" or serial.at("protocol", "type", "raw") != "raw":
                raise serial.fault("a serial port that connects, or speaks telnet; bhyve listens, and speaks as it is")
            device = f"tcp={serial.at('source', 'host')}:{serial.at('source', 'service')}"
        elif kind == "nmdm":
            device = serial.at("source", "master") or f"/dev/nmdm{self.domain.value('uuid') or self.name}A"
        elif self._whole:
            device = f"/dev/nmdm-{self.name}.{port + 1}A"
        else:
            raise serial.fault(f'a serial port of the type "{kind}"; bhyve has nmdm and tcp')
        return ["-l", f"com{port + 1},{device}"] if self.is_pc else ["-o", f"console={device}"]

    def _smbios(self) -> list[str]:
        words: list[str] = []
        for sysinfo in self.domain.all("sysinfo"):
            if sysinfo.get("type") != "smbios":
                continue
            boards = sysinfo.all("baseBoard")
            if len(boards) > 1:
                raise boards[1].fault("a second main board, which bhyve cannot describe")
            for table, (part, names) in _SMBIOS.items():
                for entry in sysinfo.all(f"{table}/entry"):
                    if entry.get("name") in names and (text := entry.text.strip()):
                        words += ["-o", f"{part}.{names[entry.get('name')]}={text}"]
                    elif entry.get("name") != "uuid":
                        entry.seen = False
        return words

    def loader_words(self) -> tuple[str, ...]:
        """What loads the guest before each run, where it has no boot ROM; without its name."""
        if self.rom and not self.loader:
            return ()
        arguments = self.domain.value("bootloader_args").split()
        memory = str(mebibytes(self.domain.first("memory")))
        if arguments and arguments[-1] == self.name:
            arguments.pop()
        if arguments:
            return (self.loader or "bhyveload", *arguments)
        if not self.loader:
            return ("bhyveload", "-m", memory, "-d", self._path_of(self._boot_disk()))
        if _GRUB not in self.loader:
            raise self.domain.fault(f"the loader {self.loader} without bootloader_args, which libvirt refuses too")
        serial = self._serial(0, self.serials[0])[1:] if self.serials else []
        console = ["--cons-dev", serial[0].partition(",")[2]] if serial else []
        return (self.loader, "--root", self._grub_root(), "--device-map",
                f"/var/run/libvirt/bhyve/grub_bhyve-{self.name}-device.map", "--memory", memory, *console)  # fmt: skip

    def _bootable(self) -> Sequence[Element]:
        return [disk for disk in self.devices.disks if disk.get("device", "disk") in ("disk", "cdrom")]

    def _boot_disk(self) -> Element:
        """What bhyveload starts from: the device that is asked for, else the last one, as libvirt takes it."""
        wanted = [boot.get("dev") for boot in self.domain.all("os/boot")]
        disks = self._bootable()
        if not disks:
            raise self.domain.fault("there is no disk to start from")
        if len(wanted) > 1:
            raise self.domain.fault("several boot devices for bhyveload, which takes one")
        if wanted:
            kind = {"hd": "disk", "cdrom": "cdrom"}.get(wanted[0], "")
            found = next((disk for disk in disks if disk.get("device", "disk") == kind), None)
            if found is None:
                raise self.domain.fault(f'there is no device of the kind "{wanted[0]}" to start from')
            return found
        ordered = [disk for disk in disks if disk.first("boot") is not None]
        if len(ordered) > 1:
            raise ordered[1].fault("a second boot device for bhyveload, which takes one")
        return ordered[0] if ordered else disks[-1]

    def boot_device(self) -> Element | None:
        """What grub-bhyve starts from: the lowest order, else the first drive, else the first disk."""
        disks = self._bootable()
        ordered = [disk for disk in disks if disk.first("boot") is not None]
        if ordered:
            return min(ordered, key=lambda disk: int(disk.at("boot", "order", "0")))
        return next((disk for disk in disks if disk.get("device", "disk") == "cdrom"), disks[0] if disks else None)

    def _grub_root(self) -> str:
        device = self.boot_device()
        if device is None:
            raise self.domain.fault("there is no disk to start from")
        disk_index(device)
        return "cd" if device.get("device", "disk") == "cdrom" else "hd0,msdos1"


def cpu_set(element: Element, text: str) -> list[int]:
    """``0-3,^2,8`` as libvirt takes it."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\^?)([0-9]+)(?:-([0-9]+))?", part)
        if match is None:
            raise element.fault(f'"{text}" is no set of CPUs')
        cpus = set(range(int(match[2]), int(match[3] or match[2]) + 1))
        found = found - cpus if match[1] else found | cpus
    return sorted(found)
