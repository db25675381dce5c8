"""The command that vm-bhyve gives bhyve for a guest, from its settings: slots in the order in which it gives them."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from hivewright.importers.settings import Settings

_ROMS = "/usr/local/share/uefi-firmware"
_ROM = {"uefi-csm": f"{_ROMS}/BHYVE_UEFI_CSM.fd", "uefi-devel": f"{_ROMS}/BHYVE_UEFI_CODE-devel.fd"}
_LAST_FUNCTION, _SLOTS_OF_BUS_0, _SLOTS = 7, 31, 32


class Place:
    """The next free address. Bus 0 ends before the LPC bridge, further buses at 32."""

    def __init__(self, slot: int) -> None:
        self.bus, self.slot, self.function = 0, slot, 0

    def settle(self) -> None:
        """Goes to the next bus where this one is full."""
        if self.function > _LAST_FUNCTION:
            self.function = 0
            self.slot += 1
        if self.slot >= (_SLOTS if self.bus else _SLOTS_OF_BUS_0):
            self.slot = 0
            self.bus += 1

    def next_slot(self) -> None:
        self.slot, self.function = self.slot + 1, 0
        self.settle()

    @property
    def text(self) -> str:
        return f"{self.bus}:{self.slot}:{self.function}"


class Builder:
    """The command while it is put together. ``path_of`` is where a disk lies: NUMBER, NAME, KIND."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        folder: str,
        store: str,
        path_of: Callable[[int, str, str], str],
        in_tmux: bool,
    ) -> None:
        self.name, self.settings, self.folder, self.store = name, settings, folder, store
        self._in_tmux = in_tmux
        self._path_of = path_of
        self.loader = settings.get("loader")
        self.is_uefi = self.loader.partition("-")[0] == "uefi"
        self.words: list[str] = []
        self.disks: list[str] = []
        """Paths of the disks, in their order."""
        self.nics: list[tuple[str, int]] = []
        """Address and number of each NIC."""
        self.place = Place(int(settings.get("start_slot", "4")))

    def device(self, where: str, words: str) -> None:
        self.words += ["-s", f"{where},{words}"]

    def build(self, backend: Callable[[int], str]) -> list[str]:
        """All words but the name of the guest."""
        get = self.settings.get
        bridge = get("hostbridge", "standard")
        if not bridge.startswith("no"):
            self.device("0", "amd_hostbridge" if bridge == "amd" else "hostbridge")
        fwcfg = get("fwcfg")
        self.device("31", f"lpc,fwcfg={fwcfg}" if fwcfg else "lpc")
        self._disks()
        self._nics(backend)
        if self.settings.yes("virt_random"):
            self.device(f"{self.place.bus}:{self.place.slot}:0", "virtio-rnd")
            self.place.next_slot()
        passes = self._passthru()
        self._screen()
        self._others()
        self.words += self._options(passes)
        self._serial()
        return self.words

    def _disks(self) -> None:
        limit = self.settings.get("ahci_device_limit", "1")
        most = int(limit) if limit.isdecimal() and 1 < int(limit) <= 32 else 1
        ports: list[str] = []
        number = 0
        while (name := self.settings.get(f"disk{number}_name")) and (kind := self.settings.get(f"disk{number}_type")):
            path = self._path_of(number, name, self.settings.get(f"disk{number}_dev", "file"))
            options = self.settings.get(f"disk{number}_opts")
            text = path + (f",{options}" if options else "")
            self.disks.append(path)
            self.place.settle()
            number += 1
            if most > 1 and kind in ("ahci-hd", "ahci-cd"):
                ports.append(f"{kind.removeprefix('ahci-')}:{text}")
                if len(ports) < most:
                    continue
                self._add(f"ahci,{','.join(ports)}")
                ports = []
            else:
                self._add(f"{kind},{text}")
        if ports:
            # The tool leaves the bus out here.
            self.device(f"{self.place.slot}:{self.place.function}", f"ahci,{','.join(ports)}")
            if self.is_uefi:
                self.place.slot += 1
        if number and not self.is_uefi:
            self.place.next_slot()
        self.place.settle()

    def _add(self, words: str) -> None:
        """A device; with UEFI each disk has a slot, otherwise a function."""
        self.device(self.place.text, words)
        if self.is_uefi:
            self.place.slot += 1
        else:
            self.place.function += 1
        if self.is_uefi:
            self.place.settle()

    def _nics(self, backend: Callable[[int], str]) -> None:
        number = 0
        while kind := self.settings.get(f"network{number}_type"):
            self.place.settle()
            mac = self.settings.get(f"network{number}_mac")
            self.nics.append((self.place.text, number))
            self.device(self.place.text, f"{kind},{backend(number)}" + (f",mac={mac}" if mac else ""))
            self.place.function += 1
            number += 1
        if number:
            self.place.next_slot()

    def _passthru(self) -> bool:
        number, function, last = 0, 0, ""
        while device := self.settings.get(f"passthru{number}"):
            options = self.settings.get(f"passthru{number}_options")
            tail = f",{options}" if options else ""
            own, _, wanted = device.partition("=")
            if wanted:
                self.device(f"{self.place.bus}:{wanted}", f"passthru,{own}{tail}")
            else:
                if last and last != own.partition("/")[0]:
                    self.place.slot, function = self.place.slot + 1, 0
                self.place.settle()
                self.device(f"{self.place.bus}:{self.place.slot}:{function}", f"passthru,{own}{tail}")
                last = own.partition("/")[0]
                function += 1
            number += 1
        if number:
            self.place.next_slot()
        return bool(number)

    def _screen(self) -> None:
        if not self.is_uefi or not self.settings.yes("graphics"):
            return
        get = self.settings.get
        words = f"fbuf,tcp={get('graphics_listen', '0.0.0.0')}:{get('graphics_port', '5900')}"
        if resolution := get("graphics_res"):
            width, _, height = resolution.partition("x")
            words += f",w={width},h={height}"
        if vga := get("graphics_vga"):
            words += f",vga={vga}"
        if password := get("vnc_password"):
            words += f",password={password}"
        wait = get("graphics_wait", "auto")
        if wait != "auto" and self.settings.yes("graphics_wait"):
            words += ",wait"
        self._one(words)

    def _one(self, words: str) -> None:
        self.device(f"{self.place.bus}:{self.place.slot}:0", words)
        self.place.next_slot()

    def _others(self) -> None:
        get = self.settings.get
        if self.settings.yes("xhci_mouse"):
            self._one("xhci,tablet")
        play, record = get("sound_play", "/dev/dsp0"), get("sound_rec")
        if self.settings.yes("sound"):
            self._one(f"hda,play={play}" + (f",rec={record}" if record else ""))
        ports: list[str] = []
        while (port := get(f"virt_console{len(ports)}")) and len(ports) < 16:
            name = str(len(ports)) if port.lower() in ("yes", "on", "1") else port
            ports.append(f"{name}={self.folder}/vtcon.{name}")
        if ports:
            self._one(",".join(("virtio-console", *ports)))

    def _options(self, passes: bool) -> list[str]:
        get = self.settings.get
        cpus = get("cpu") + "".join(
            f",{word}={value}" for word in ("sockets", "cores", "threads") if (value := get(f"cpu_{word}"))
        )
        words = ["-c", cpus, "-m", get("memory"), "-AHPw"]
        if self.is_uefi:
            rom = f"{self.store}/.config/BHYVE_UEFI.fd" if self.loader == "uefi-custom" else ""
            rom = rom or _ROM.get(self.loader, f"{_ROMS}/BHYVE_UEFI.fd")
            variables = f",{self.folder}/uefi-vars.fd" if self.settings.yes("uefi_vars") else ""
            words += ["-l", f"bootrom,{rom}{variables}"]
        words += shlex.split(get("bhyve_options"))
        if self.settings.yes("wired_memory") or passes:
            words.append("-S")
        if uuid := get("uuid"):
            words += ["-U", uuid]
        if self.settings.yes("utctime", "yes"):
            words.append("-u")
        if self.place.bus:
            words.append("-Y")
        return words

    def _serial(self) -> None:
        for number, port in enumerate(self.settings.get("comports", "com1").split(), 1):
            self.words += ["-l", f"{port},{self._console(number)}"]

    def _console(self, number: int = 1) -> str:
        """Where a serial port leads; in tmux, bhyve's own terminal is the first of them."""
        return "stdio" if self._in_tmux and number == 1 else f"/dev/nmdm-{self.name}.{number}A"

    def loader_words(self) -> tuple[str, ...]:
        """What loads a guest without UEFI."""
        if self.is_uefi:
            return ()
        get = self.settings.get
        console = self._console()
        wired = ["-S"] if self.settings.yes("wired_memory") else []
        if self.loader == "bhyveload":
            words = ["bhyveload", "-c", console, *wired, "-m", get("memory")]
            words += ["-e", f"smbios.system.uuid={get('uuid')}"] if get("uuid") else []
            words += ["-e", f"autoboot_delay={get('loader_timeout', '3')}", "-e", f"bhyve_vm_name={self.name}"]
            words += shlex.split(get("bhyveload_args"))
            words += ["-l", get("bhyveload_loader")] if get("bhyveload_loader") else []
            return (*words, *(("-d", self.disks[0]) if self.disks else ()))
        words = ["grub-bhyve", "-c", console, *wired, "-m", f"{self.folder}/device.map", "-M", get("memory")]
        if self.menu():
            return (*words, "-r", "host", "-d", self.folder)
        words += ["-r", self.grub_root()]
        words += ["-d", get("grub_run_dir")] if get("grub_run_dir") else []
        return (*words, *(("-g", get("grub_run_file")) if get("grub_run_file") else ()))

    def grub_root(self) -> str:
        if self.settings.yes("grub_run_no_partition"):
            return "hd0"
        return f"hd0,{self.settings.get('grub_run_partition', '1')}"

    def menu(self) -> tuple[str, ...]:
        """Commands of GRUB; ``boot`` is not needed."""
        return self._commands("grub_run")

    def install_menu(self) -> tuple[str, ...]:
        """The same for the medium of an installer."""
        return self._commands("grub_install")

    def _commands(self, key: str) -> tuple[str, ...]:
        found: list[str] = []
        while command := self.settings.get(f"{key}{len(found)}"):
            found.append(command)
        return tuple(command for command in found if command != "boot")
