"""The commands that bmd gives bhyve and a loader for a VM, from its settings: slots one after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hivewright.importers.bmd_conf import Machine, Setting
from hivewright.importers.forms import UnreadableError

_ROMS = "/usr/local/share/uefi-firmware"
ROM = f"{_ROMS}/BHYVE_UEFI.fd"
_LOADERS = {"uefi": ROM, "csm": f"{_ROMS}/BHYVE_UEFI_CSM.fd", "bhyveload": "", "grub": ""}
_SCREEN = "graphics_"
_DISKS = ("ahci", "ahci-hd", "virtio-blk", "nvme")
_FLAGS = {"nocache": "nocache", "direct": "direct", "readonly": "ro", "nodelete": "nodelete", "noexist": ""}
"""Words before the path of a disk -> those of bhyve."""
_LAST_SLOT_OF_BUS_0 = 32
_NIC = re.compile(r"(?:(e1000|virtio-net|wol|\[[0-9A-Fa-f:]+\]):)")


class Settings:
    """The settings of a VM, which remember what was asked for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.used: set[str] = set()

    def one(self, key: str) -> Setting | None:
        self.used.add(key)
        found = self.machine.settings.get(key)
        return found[-1] if found else None

    def text(self, key: str, default: str = "") -> str:
        found = self.one(key)
        return default if found is None else found.value

    def yes(self, key: str, default: bool = False) -> bool:
        """bmd takes everything for no but these."""
        found = self.one(key)
        return default if found is None else found.value.lower() in ("yes", "true")

    def number(self, key: str, default: int) -> int:
        found = self.one(key)
        if found is None:
            return default
        if re.fullmatch("-?[0-9]+", found.value) is None:
            raise fault(found, f'{key} is "{found.value}", which is no number')
        return int(found.value)

    def all(self, key: str) -> Sequence[Setting]:
        self.used.add(key)
        return self.machine.settings.get(key, ())

    def needed(self, key: str) -> Setting:
        found = self.one(key)
        if found is None:
            what = f"vm {self.machine.name} has no {key}"
            raise UnreadableError(self.machine.place, f"{what}, without which bmd does not start it either")
        return found


def fault(setting: Setting, reason: str) -> UnreadableError:
    return UnreadableError(setting.place, reason)


class Command:
    """The commands of one VM. ``shared`` are the settings of the section ``global``."""

    def __init__(self, machine: Machine, shared: dict[str, str], first_pipe: int) -> None:
        self.settings = Settings(machine)
        self.name = machine.name
        self._machine, self._shared = machine, shared
        self.pipes = first_pipe
        """The number of the next nmdm(4) that bmd gives."""
        self.loader = self.settings.needed("loader").value
        if self.loader not in _LOADERS:
            raise fault(self.settings.needed("loader"), f'loader is "{self.loader}", which bmd does not know')
        self.memory = self.settings.needed("memory")
        if re.fullmatch("[0-9]+[KkMmGgTt]?", self.memory.value) is None:
            raise fault(self.memory, f'memory is "{self.memory.value}", which is no size')
        self.disks = [_disk(setting) for setting in self.settings.all("disk")]
        self.isos = [_iso(setting) for setting in self.settings.all("iso")]
        self.nics: list[tuple[str, Setting, str]] = []
        """Address, setting and bridge or switch of each NIC."""
        self.com1 = ""
        self._slot = 0
        self._words: list[str] = []

    def _device(self, words: str) -> str:
        where = f"{self._slot >> 5}:{self._slot & 31}:0"
        self._words += ["-s", f"{where},{words}"]
        self._slot += 1
        return where

    def words(self) -> list[str]:
        """All words of bhyve but the name of the guest."""
        settings = self.settings
        words = ["-A", "-H", "-w"]
        words += ["-x"] if settings.yes("x2apic") else []
        words += ["-u"] if settings.yes("utctime", True) else []
        words += ["-S"] if settings.yes("wired_memory") or settings.all("passthru") else []
        words += ["-G", port] if (port := settings.text("debug_port")) else []
        words += [*self._cpus(), "-m", self.memory.value, *self._serial()]
        words += ["-K", layout] if (layout := settings.text("keymap")) else []
        words += self._firmware()
        self._devices()
        words += self._words
        return [*words, "-Y"] if self._slot > _LAST_SLOT_OF_BUS_0 else words

    def _cpus(self) -> list[str]:
        setting = self.settings.one("ncpu")
        parts = setting.value.split(":") if setting is not None else ["1"]
        if setting is not None and (len(parts) > 3 or not all(part.isdecimal() and int(part) for part in parts)):
            raise fault(setting, f'ncpu is "{setting.value}", which is not SOCKETS:CORES:THREADS')
        sockets, cores, threads = (*map(int, parts), 1, 1)[:3]
        words = ["-c", f"cpus={sockets * cores * threads},sockets={sockets},cores={cores},threads={threads}"]
        for pin in self.settings.all("cpu_pin"):
            if re.fullmatch("[0-9]+:[0-9]+", pin.value) is None:
                raise fault(pin, f'cpu_pin is "{pin.value}", which is not VCPU:CPU')
            words += ["-p", pin.value]
        return words

    def _serial(self) -> list[str]:
        words: list[str] = []
        for port in ("com1", "com2", "com3", "com4"):
            device = self.settings.text(port)
            if device.lower() == "auto":
                device, self.pipes = f"/dev/nmdm{self.pipes}B", self.pipes + 1
            if device:
                words += ["-l", f"{port},{device}"]
            if port == "com1":
                self.com1 = device
        return words

    def _firmware(self) -> list[str]:
        words: list[str] = []
        if rom := _LOADERS[self.loader]:
            folder = self._shared.get("vars_directory", "/usr/local/var/cache/bmd")
            words = ["-l", f"bootrom,{rom}" + (f",{folder}/{self.name}.vars" if self.loader == "uefi" else "")]
        tpm = self.settings.one("tpm")
        if tpm is not None:
            words += ["-l", _tpm(tpm)]
        return words

    def _devices(self) -> None:
        settings = self.settings
        bridge = settings.text("hostbridge", "standard").lower()
        if bridge not in ("none", "standard", "intel", "amd"):
            raise fault(settings.needed("hostbridge"), f'hostbridge is "{bridge}", which bmd does not know')
        if bridge != "none":
            self._device("amd_hostbridge" if bridge == "amd" else "hostbridge")
        self._device("lpc")
        if settings.yes("virt_random"):
            self._device("virtio-rnd")
        for words in (*self.disks, *self.isos):
            self._device(words)
        for share in settings.all("sharefs"):
            text, readonly = share.value.removeprefix("readonly:"), share.value.startswith("readonly:")
            if "=" not in text:
                raise fault(share, f'sharefs is "{share.value}", which is not NAME=FOLDER')
            self._device(f"virtio-9p,{text}{',ro' if readonly else ''}")
        for nic in settings.all("network"):
            self._nic(nic)
        for device in settings.all("passthru"):
            self._device(f"passthru,{device.value}")
        for sound in settings.all("hda"):
            play, _, record = sound.value.partition(":")
            self._device(",".join(("hda", *([f"play={play}"] if play else []), *([f"rec={record}"] if record else []))))
        self._channels()
        self._screen()

    def _nic(self, setting: Setting) -> None:
        rest, model, mac = setting.value, "virtio-net", ""
        while (match := _NIC.match(rest)) is not None:
            word, rest = match[1], rest[match.end() :]
            if word.startswith("["):
                mac = word[1:-1]
            elif word != "wol":
                model = word
        if not rest or ":" in rest or "[" in rest:
            raise fault(setting, f'network is "{setting.value}"; bmd wants [MODEL:][[MAC]:]BRIDGE')
        if rest.startswith("vale"):
            port = f"{rest}:vm{self._machine.number}p{len(self.nics)}"
        else:
            port = f"tap{len(self.nics)}"
        where = self._device(f"{model},{port}" + (f",mac={mac}" if mac else ""))
        self.nics.append((where, setting, rest))

    def _channels(self) -> None:
        """Controllers of virtio-console, each with as many ports."""
        settings = self.settings
        ports = settings.number("virt_console_nports", 0)
        controllers = settings.number("virt_console_ncontrollers", 0) or (1 if ports else 0)
        template = settings.text("virt_console_template", "virt_console%n")
        if "=" not in template:
            template += f"=/var/run/vc-{self.name}%n.sock"
        for controller in range(controllers):
            names = [
                re.sub("%[cpn]", lambda sign, c=controller, p=port: str(  # type: ignore[misc]
                    {"%c": c, "%p": p, "%n": c * ports + p}[sign[0]]), template)
                for port in range(ports)
            ]  # fmt: skip
            self._device(",".join(("virtio-console", *names)))

    def _screen(self) -> None:
        settings = self.settings
        told = any(key.startswith(_SCREEN) for key in self._machine.settings)
        listen, path = settings.text("graphics_listen", "0.0.0.0"), settings.text("graphics_path")
        port = settings.number("graphics_port", 5900)
        width, _, height = settings.text("graphics_res", "1024x768").partition("x")
        wait = ",wait" if settings.yes("graphics_wait") else ""
        vga, password = settings.text("graphics_vga", "io"), settings.text("graphics_password")
        if settings.yes("graphics", told):
            where = f"rfb=unix:{path}" if path else f"tcp={listen}:{port}"
            secret = f",password={password}" if password else ""
            self._device(f"fbuf,{where},w={width},h={height},vga={vga}{wait}{secret}")
        if settings.yes("xhci_mouse"):
            self._device("xhci,tablet")

    def loader_words(self) -> tuple[str, ...]:
        """What loads a guest without a boot ROM, without its name."""
        settings, installs = self.settings, self.settings.yes("install")
        console = self.com1 or "/dev/nmdm0B"
        wired = ["-S"] if settings.yes("wired_memory") or settings.all("passthru") else []
        if self.loader == "bhyveload":
            media = self.isos if installs else self.disks
            if not media:
                raise UnreadableError(self._machine.place, f"vm {self.name} has no {'iso' if installs else 'disk'} to "
                                      "start from")  # fmt: skip
            words = ["bhyveload", *wired]
            for variable in settings.all("bhyveload_env"):
                words += ["-e", variable.value]
            words += ["-l", own] if (own := settings.text("bhyveload_loader")) else []
            return (*words, "-c", console, "-m", self.memory.value, "-d", media[0].split(",")[1])
        if self.loader == "grub":
            root = "cd0" if installs else f"hd0,{settings.text('grub_run_partition', '1')}"
            return ("grub-bhyve", *wired, "-c", console, "-r", root, "-M", self.memory.value, "-m",
                    f"/tmp/bmd.{self.name}.map")  # fmt: skip
        return ()

    def menu(self) -> tuple[str, ...]:
        """What is typed at the prompt of GRUB; ``boot`` is not needed."""
        if self.loader != "grub":
            return ()
        text = self.settings.text("installcmd" if self.settings.yes("install") else "loadcmd")
        return () if text.lower() == "auto" else tuple(line for line in text.split("\n") if line.strip())


def _before_path(setting: Setting, known: Sequence[str]) -> tuple[list[str], str]:
    """The words before a path, which begins with the first slash."""
    head, slash, tail = setting.value.partition("/")
    if not slash:
        raise fault(setting, f'"{setting.value}" has no path of the host')
    words, path = [], head
    while path:
        word, colon, rest = path.partition(":")
        if not colon or word not in known:
            break
        words.append(word)
        path = rest
    return words, f"{path}/{tail}"


def _disk(setting: Setting) -> str:
    words, path = _before_path(setting, (*_DISKS, *_FLAGS))
    kinds = [word for word in words if word in _DISKS]
    if kinds[-1:] == ["ahci"]:
        raise fault(setting, "a disk of the type ahci, with which bhyve does not start; write ahci-hd")
    if "," in path:
        raise fault(setting, f'the path "{path}" has a comma, which bhyve takes for its end')
    flags = [_FLAGS[flag] for flag in _FLAGS if flag in words and _FLAGS[flag]]
    return ",".join((kinds[-1] if kinds else "virtio-blk", path, *flags))


def _iso(setting: Setting) -> str:
    return f"ahci-cd,{_before_path(setting, ('ahci-cd', 'noexist'))[1]}"


def _tpm(setting: Setting) -> str:
    """``[KIND:]DEVICE[:VERSION]``."""
    parts = setting.value.split(":")
    kind = parts.pop(0) if parts[0] in ("passthru", "swtpm") else "passthru"
    if not parts or not parts[0].startswith("/") or len(parts) > 2:
        raise fault(setting, f'tpm is "{setting.value}"; bmd wants [KIND:]DEVICE[:VERSION]')
    return f"tpm,{kind},{parts[0]}" + (f",version={parts[1]}" if len(parts) > 1 else "")
