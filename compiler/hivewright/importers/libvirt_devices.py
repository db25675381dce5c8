"""Devices of a domain as the words that libvirt's bhyve driver gives bhyve, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hivewright.importers.libvirt_places import (
    CONSOLES,
    LPC_OF_LIBVIRT,
    Controller,
    Places,
    add_controller,
    controller_of,
    disk_index,
    number,
    pci_address,
    read_controllers,
    sorted_disks,
)
from hivewright.importers.xml_text import Element
from hivewright.model.device_kinds import LPC
from hivewright.values import PciAddress, format_pci_address

_CONTROLLERS = ("isa", "sata", "nvme", "scsi", "virtio-serial", "usb")
"""Kinds of controllers that have an address on bhyve."""
_CACHES = {"none": ["nocache"], "writethrough": ["direct"], "directsync": ["nocache", "direct"]}


class Devices:
    """The devices of a domain with their addresses. ``path_of`` says where a disk lies on the host.

    ``whole`` is of domains that are not bhyve's: what this driver passes over is told to bhyve all the same.
    """

    def __init__(self, domain: Element, path_of: Callable[[Element], str], needs_lpc: bool, whole: bool) -> None:
        self._path_of, self._whole = path_of, whole
        self.domain = domain
        self.disks = sorted_disks(domain.all("devices/disk"))
        self.channels = self._channels()
        self.controllers = self._controllers(needs_lpc)
        self.nics = domain.all("devices/interface")
        self.screen = self._screen()
        self.where: dict[int, PciAddress] = {}
        """The address of an element, by its identity."""
        self._assign()

    def _channels(self) -> list[tuple[int, Element]]:
        """The virtio channels with a socket, each with the number of its controller."""
        found: list[tuple[int, Element]] = []
        for channel in self.domain.all("devices/channel"):
            if channel.get("type") != "unix" or channel.at("target", "type") != "virtio":
                channel.seen = False
                continue
            address = channel.first("address")
            if address is not None and address.get("type") == "virtio-serial":
                for part in ("bus", "port"):
                    address.get(part)
                own = number(address.get("controller", "0"))
            else:
                own = 0
                while sum(each == own for each, _ in found) >= CONSOLES:
                    own += 1
            found.append((own, channel))
        return found

    def _controllers(self, needs_lpc: bool) -> list[Controller]:
        found = read_controllers(self.domain.all("devices/controller"))
        if needs_lpc:
            add_controller(found, Controller("isa", 0))
        if sum(each.kind == "isa" for each in found) > 1:
            raise self.domain.fault("a second controller of the type isa, which bhyve cannot have")
        for own in sorted({own for own, _ in self.channels}):
            add_controller(found, Controller("virtio-serial", own))
        for bus in ("scsi", "sata", "nvme"):
            for disk in self.disks:
                kind, own = controller_of(disk)
                if kind == bus:
                    add_controller(found, Controller(bus, own))
        return found

    def _screen(self) -> tuple[Element, Element] | None:
        """The graphics that is seen, and the video device that it shows; libvirt makes one where none is said."""
        graphics = self.domain.all("devices/graphics")
        video = self.domain.all("devices/video")
        if not graphics:
            for each in video:
                each.seen = False
            return None
        if len(graphics) > 1 or len(video) > 1:
            raise graphics[-1].fault("a second screen, which bhyve cannot have")
        return graphics[0], video[0] if video else Element("video", {}, graphics[0].place)

    def _assign(self) -> None:
        """In the order of libvirt: controllers, NICs, disks of virtio, screen, sound, shares, random numbers, and what
        is passed through; before all of them those that say an address."""
        elements = [
            *(each for each in self.nics if each.get("type") != "hostdev"),
            *(disk for disk in self.disks if disk_index(disk)[0] == "virtio"),
            *([self.screen[1]] if self.screen else []),
            *self.domain.all("devices/sound"),
            *self.domain.all("devices/filesystem"),
            *self.domain.all("devices/rng"),
            *self.domain.all("devices/hostdev"),
        ]
        places = Places()
        for controller in self.controllers:
            if controller.kind in _CONTROLLERS:
                controller.address = pci_address(controller.element)
                if controller.address is not None and controller.element is not None:
                    places.take(controller.address, controller.element)
        for element in elements:
            if (address := pci_address(element)) is not None:
                places.take(address, element)
                self.where[id(element)] = address
        isa = next((each for each in self.controllers if each.kind == "isa"), None)
        q35 = "q35" in self.domain.at("os/type", "machine")
        bridge = LPC if self._whole and q35 else LPC_OF_LIBVIRT  # where the ISA bridge of the older machine is as well
        if not places.holds(bridge[1]) or (self._whole and bridge not in self.where.values()):
            # The slot is kept for the LPC bridge, whether there is one or not.
            places.take(bridge, self.domain)
            if isa is not None and isa.address is None:
                isa.address = bridge
        for controller in self.controllers:
            if controller.kind in _CONTROLLERS and controller.address is None:
                controller.address = places.next(controller.element or self.domain)
        for element in elements:
            if id(element) not in self.where:
                self.where[id(element)] = places.next(element)

    def address(self, element: Element) -> str:
        return format_pci_address(self.where[id(element)])

    def words(self, backend: Callable[[Element], str]) -> list[str]:
        """All ``-s`` but that of the host bridge, and what is passed through. ``backend``: what a NIC is given."""
        found: list[str] = []
        for each in (self._of_controllers(), self._of_nics(backend), self._of_disks(), self._of_screen(),
                     self._of_sounds(), self._of_shares(), self._of_random()):  # fmt: skip
            for words in each:
                found += ["-s", words]
        return found

    def _of_controllers(self) -> Iterator[str]:
        for controller in self.controllers:
            if controller.address is None:
                continue
            where = format_pci_address(controller.address)
            if controller.kind == "isa":
                yield f"{where},lpc"
            elif controller.kind == "usb" and self._tablets():
                yield f"{where},xhci,tablet"
            elif controller.kind == "virtio-serial":
                ports = [self._channel(channel) for own, channel in self.channels if own == controller.index]
                if ports:
                    yield f"{where},virtio-console,{','.join(ports)}"
            elif controller.kind in ("sata", "nvme", "scsi"):
                yield from self._of_controller(controller, where)

    def disks_on(self, controller: Controller) -> list[Element]:
        """The disks of a controller; a disk of virtio has none."""
        return [disk for disk in self.disks if controller_of(disk) == (controller.kind, controller.index)]

    def _of_controller(self, controller: Controller, where: str) -> Iterator[str]:
        disks = self.disks_on(controller)
        if controller.kind == "sata":
            if len(disks) > 32:
                raise disks[32].fault("a 33rd disk on one SATA controller")
            if disks:
                yield f"{where},ahci,{','.join(self._port(disk) for disk in disks)}"
        elif controller.kind == "scsi":
            for disk in disks[:1]:
                yield f"{where},virtio-scsi,{self._path_of(disk)}"
        elif len(disks) > 1:
            raise disks[1].fault("a second disk on one NVMe controller, which bhyve cannot have")
        elif disks:
            yield f"{where},nvme,{self._path_of(disks[0])}{self._nvme(controller, disks[0])}"

    def _tablets(self) -> bool:
        tablets = [each for each in self.domain.all("devices/input")
                   if (each.get("type"), each.get("bus")) == ("tablet", "usb")]  # fmt: skip
        if len(tablets) > 1:
            raise tablets[1].fault("a second device on USB; bhyve has one tablet")
        return bool(tablets)

    def _channel(self, channel: Element) -> str:
        name, path = channel.at("target", "name"), channel.at("source", "path")
        channel.at("source", "mode")
        for text in (name, path):
            if "," in text:
                raise channel.fault(f'"{text}" has a comma, which bhyve takes for the end of the name')
        return f"{name}={path or '/var/run/hivewright-unknown'}"

    def _port(self, disk: Element) -> str:
        path = self._path_of(disk)
        kind = "cd" if disk.get("device", "disk") == "cdrom" else "hd"
        rate = disk.at("target", "rotation_rate")
        words = [f"{kind}:{path}", *([f"nmrr={rate}"] if rate else [])]
        if serial := _plain(disk, disk.value("serial")):
            words.append(f"ser={serial}")
        return ",".join((*words, *_boot(disk), *self._options(disk, kind)))

    def _nvme(self, controller: Controller, disk: Element) -> str:
        words = []
        if queues := disk.at("driver", "queues"):
            words.append(f"maxq={queues}")
        if size := disk.at("driver", "queue_size"):
            words.append(f"qsz={size}")
        if wwn := disk.value("wwn"):
            words.append(f"eui64={wwn if wwn.startswith('0x') else f'0x{wwn}'}")
        own = controller.element.value("serial") if controller.element is not None else ""
        if serial := _plain(disk, own or (disk.value("serial") if self._whole else "")):
            words.append(f"ser={serial}")
        return "".join(f",{word}" for word in (*words, *(_boot(disk) if self._whole else ()), *self._options(disk)))

    def _options(self, disk: Element, kind: str = "hd") -> list[str]:
        """What libvirt's bhyve driver passes over."""
        if not self._whole or kind == "cd":
            if kind == "cd":
                disk.all("readonly")
            return []
        words = list(_CACHES.get(disk.at("driver", "cache"), ()))
        words += ["ro"] if disk.first("readonly") is not None else []
        words += ["nodelete"] if disk.at("driver", "discard") == "ignore" else []
        logical, physical = (disk.at("blockio", f"{key}_block_size") for key in ("logical", "physical"))
        if logical:
            words.append(f"sectorsize={logical}" + (f"/{physical}" if physical else ""))
        return words

    def _of_nics(self, backend: Callable[[Element], str]) -> Iterator[str]:
        for nic in self.nics:
            model = nic.at("model", "type")
            emulation = {"virtio": "virtio-net", "e1000": "e1000"}.get(model)
            if emulation is None:
                raise nic.fault(f'a NIC of the model "{model}"; bhyve has virtio and e1000')
            mac = nic.at("mac", "address")
            yield f"{self.address(nic)},{emulation},{backend(nic).replace('%', f'mac={mac}' if mac else '')}"

    def _of_disks(self) -> Iterator[str]:
        for disk in self.disks:
            bus, _, _ = disk_index(disk)
            if bus not in ("virtio", "sata", "nvme", "scsi"):
                raise disk.fault(f'a disk on the bus "{bus}"; bhyve has virtio, sata, nvme and scsi (of ctl)')
            if disk.get("device", "disk") not in ("disk", "cdrom"):
                raise disk.fault(f'a disk that is a "{disk.get("device")}", which bhyve has not')
            if bus == "virtio":
                serial = _plain(disk, disk.value("serial")) if self._whole else ""
                tail = [*([f"ser={serial}"] if serial else []), *_boot(disk), *self._options(disk)]
                yield ",".join((f"{self.address(disk)},virtio-blk,{self._path_of(disk)}", *tail))

    def _of_screen(self) -> Iterator[str]:
        if self.screen is None:
            return
        graphics, video = self.screen
        if graphics.get("type") != "vnc":
            raise graphics.fault(f'a screen over "{graphics.get("type")}"; bhyve has vnc alone')
        words = [f"tcp={self._listens(graphics)}"]
        if password := _plain(graphics, graphics.get("passwd")):
            words.append(f"password={password}")
        if (size := video.first("model/resolution")) is not None:
            words += [f"w={size.get('x')}", f"h={size.get('y')}"]
        if vga := video.at("driver", "vgaconf"):
            words.append(f"vga={vga}")
        if graphics.get("wait") == "yes":
            words.append("wait")
        for attribute in ("type", "heads", "primary"):
            video.at("model", attribute)
        yield f"{self.address(video)},fbuf,{','.join(words)}"

    def _listens(self, graphics: Element) -> str:
        """``ADDRESS:PORT``. A port that libvirt chose at each start begins at the first."""
        kind = graphics.at("listen", "type", "address")
        if kind not in ("address", "network"):
            raise graphics.fault(f'a screen that listens on "{kind}", which libvirt does not give bhyve')
        address = graphics.at("listen", "address") or graphics.get("listen")
        text = graphics.get("port", "-1")
        automatic = graphics.get("autoport") == "yes" or text == "-1"
        if not automatic and not (text.isdecimal() and 5900 <= int(text) <= 65535):
            raise graphics.fault(f'the port "{text}" of VNC; it lies between 5900 and 65535')
        return f"{f'[{address}]' if ':' in address else address}:{5900 if automatic else text}"

    def _of_sounds(self) -> Iterator[str]:
        for sound in self.domain.all("devices/sound"):
            if sound.get("model") != "ich7" and not self._whole:
                raise sound.fault(f'a sound card of the model "{sound.get("model")}"; libvirt takes ich7 for bhyve')
            words = ["hda"]
            own = sound.at("audio", "id")
            for audio in self.domain.all("devices/audio"):
                if audio.get("id") == own and audio.get("type") == "oss":
                    # The driver gives play what is called input, and rec what is called output.
                    words += [f"{word}={device}" for word, name in (("play", "input"), ("rec", "output"))
                              if (device := audio.at(name, "dev"))]  # fmt: skip
            yield f"{self.address(sound)},{','.join(words)}"

    def _of_shares(self) -> Iterator[str]:
        for share in self.domain.all("devices/filesystem"):
            driver = share.at("driver", "type")
            if share.get("type", "mount") != "mount" or driver not in ("", "path") or (driver and not self._whole):
                raise share.fault(f'a shared directory of the kind "{driver or share.get("type")}"; bhyve has 9p')
            mode = share.get("accessmode", "passthrough")
            if mode != "passthrough" and not self._whole:
                raise share.fault(f'the access mode "{mode}" of a shared directory; bhyve has passthrough')
            tail = ",ro" if share.first("readonly") is not None else ""
            yield f"{self.address(share)},virtio-9p,{share.at('target', 'dir')}={share.at('source', 'dir')}{tail}"

    def _of_random(self) -> Iterator[str]:
        for rng in self.domain.all("devices/rng"):
            backend = rng.first("backend")
            kind = backend.get("model") if backend is not None else ""
            file = backend.text.strip() if backend is not None else ""
            if (rng.get("model"), kind, file) != ("virtio", "random", "/dev/random") and not self._whole:
                raise rng.fault("random numbers of another kind than virtio, random, /dev/random, "
                                "which libvirt does not give bhyve")  # fmt: skip
            yield f"{self.address(rng)},virtio-rnd"

    def passed_through(self) -> Sequence[str]:
        """``-s`` of the devices of the host."""
        found: list[str] = []
        for device in self.domain.all("devices/hostdev"):
            if (device.get("mode", "subsystem"), device.get("type")) != ("subsystem", "pci"):
                raise device.fault(f'a device of the host of the type "{device.get("type")}"; bhyve passes pci through')
            source = device.first("source/address")
            if source is None:
                raise device.fault("nothing says which device of the host it is")
            bus, slot, function = (number(source.get(part, "0")) for part in ("bus", "slot", "function"))
            source.get("domain"), source.get("type"), device.get("managed")
            found += ["-s", f"{self.address(device)},passthru,{bus}/{slot}/{function}"]
        return found


def _boot(disk: Element) -> list[str]:
    """The boot order of a device; the firmware reads it where the first of them is said."""
    order = disk.at("boot", "order")
    return [f"bootindex={order}"] if order else []


def _plain(element: Element, text: str) -> str:
    if "," in text:
        raise element.fault("a serial number or password with a comma, which libvirt does not give bhyve either")
    return text
