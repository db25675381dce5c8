"""A domain of qemu or kvm, changed into the nearest one that libvirt's bhyve driver would take.

What cannot be as it was is noted. The disks have to be brought to another host, in a form that bhyve reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.importers.forms import Remark
from hivewright.importers.libvirt_places import disk_index
from hivewright.importers.xml_text import Element

KINDS = ("kvm", "qemu", "hvf")
CSM = "/usr/local/share/uefi-firmware/BHYVE_UEFI_CSM.fd"
_E1000 = ("e1000", "e1000e", "e1000-82544gc", "e1000-82545em")
_SATA = ("sata", "ide", "scsi", "usb", "sd")
"""Buses whose disks are found as SATA disks afterwards."""


class Adaptation:
    """The changes of one domain, with what there is to say about them."""

    def __init__(self, domain: Element) -> None:
        self.domain = domain
        self.devices = domain.first("devices") or Element("devices", {}, domain.place)
        self.notes: list[Remark] = []
        for change in (self._firmware, self._controllers, self._disks, self._nics, self._screen, self._others):
            change()

    def note(self, what: str, why: str) -> None:
        self.notes.append(Remark(what, why))

    def drop(self, element: Element) -> None:
        self.devices.children.remove(element)

    def _firmware(self) -> None:
        """The firmware of qemu is another one, and so is its file of variables."""
        os = self.domain.first("os")
        if os is None:
            return
        loader, nvram = os.first("loader"), os.first("nvram")
        is_efi = os.get("firmware") == "efi" or nvram is not None or (
            loader is not None and loader.get("type") == "pflash")  # fmt: skip
        for path in ("loader", "nvram", "bios", "smbios", "bootmenu", "firmware"):
            if (element := os.first(path)) is not None:
                element.leave()
        for kernel in ("kernel", "initrd", "cmdline", "dtb"):
            if (element := os.first(kernel)) is not None:
                self.note(f"{kernel} {element.text.strip()}",
                          "bhyve starts no kernel of the host: the guest needs a loader on its disk")  # fmt: skip
        os.children = [child for child in os.children if child.name not in ("loader", "nvram")]
        if is_efi:
            os.attributes["firmware"] = "efi"
            self.note("UEFI variables", "bhyve's firmware cannot read those of qemu's and begins anew: the guest "
                      "must be found at \\EFI\\BOOT\\BOOTX64.EFI, or be chosen once in its menu")  # fmt: skip
        elif self.domain.at("os/type", "arch", "x86_64") == "x86_64":
            os.attributes["firmware"] = ""
            os.children.append(Element("loader", {}, os.place, text=CSM))
            self.note("BIOS", "bhyve has one as a part of UEFI alone (package uefi-edk2-bhyve-csm). A guest that can "
                      "start by UEFI too does better: delete firmware then")  # fmt: skip

    def _controllers(self) -> None:
        """PCI bridges are not needed; IDE and SCSI become SATA; one USB controller is enough."""
        usb = 0
        for controller in self.devices.all("controller"):
            kind = controller.get("type")
            if kind in ("ide", "scsi"):
                controller.attributes["type"] = "sata"
                controller.attributes.pop("index", None)
            elif kind == "usb":
                usb += 1
            if kind in ("pci", "ccid", "fdc") or (kind == "usb" and usb > 1) or controller.get("model") == "none":
                controller.leave()
                self.drop(controller)
            else:
                for path in ("driver", "master", "target", "model"):
                    if (element := controller.first(path)) is not None:
                        element.leave()

    def _disks(self) -> None:
        for disk in self.devices.all("disk"):
            where = disk.at("target", "dev")
            if disk.get("device") == "floppy" or disk.at("target", "bus") == "fdc":
                self.note(f"floppy drive {where}", "bhyve has none")
            elif disk.get("device") == "cdrom" and disk.first("source") is None:
                self.note(f"empty drive {where}", "write a cd with a medium where the guest wants one")
            else:
                self._bus(disk, where)
                continue
            disk.leave()
            self.drop(disk)

    def _bus(self, disk: Element, where: str) -> None:
        bus, _, _ = disk_index(disk)
        target = disk.first("target")
        assert target is not None, "a disk without a target is an error before"
        if bus in _SATA:
            if bus != "sata":
                target.attributes["bus"] = "sata"
                disk.children = [child for child in disk.children if child.name != "address"]
                self.note(f"disk {where} on {bus}", "bhyve has no such bus; it is a SATA disk now, and the guest needs "
                          "a driver for AHCI in its first RAM disk")  # fmt: skip
        elif bus not in ("virtio", "nvme"):
            target.attributes["bus"] = "virtio"
            self.note(f"disk {where} on {bus}", "bhyve has no such bus; it is a disk of virtio now")

    def _nics(self) -> None:
        for nic in self.devices.all("interface"):
            model, kind = nic.first("model"), nic.get("type")
            if model is None:
                model = Element("model", {"type": "e1000"}, nic.place)
                nic.children.append(model)
            own = model.get("type")
            mac = nic.at("mac", "address")
            if not own.startswith("virtio"):
                model.attributes["type"] = "e1000"
                if own not in _E1000[:1]:
                    self.note(f"NIC {mac} of the model {own}", "bhyve has virtio and e1000; it is an e1000 now")
            else:
                model.attributes["type"] = "virtio"
            if kind not in ("bridge", "network", "user"):
                self.note(f"NIC {mac} of the type {kind}", "bhyve has nothing like it; it is on bridge0 now: correct "
                          "it in the networks")  # fmt: skip
                nic.attributes["type"] = "bridge"
                nic.children = [child for child in nic.children if child.name != "source"]
                nic.children.append(Element("source", {"bridge": "bridge0"}, nic.place))

    def _screen(self) -> None:
        graphics = self.devices.all("graphics")
        chosen = next((each for each in graphics if each.get("type") == "vnc"), graphics[0] if graphics else None)
        for each in graphics:
            if each is not chosen:
                self.note(f"a screen over {each.get('type')}", "bhyve has one, over VNC")
                each.leave()
                self.drop(each)
        if chosen is not None and chosen.get("type") != "vnc":
            self.note(f"a screen over {chosen.get('type')}", "bhyve has VNC alone")
            chosen.leave()
            chosen.attributes = {"type": "vnc", "autoport": "yes"}
            chosen.children = []
        videos = self.devices.all("video")
        for video in videos:
            video.leave()
            video.children = [child for child in video.children if child.name == "address"]
        for video in videos[1:]:
            self.drop(video)

    def _others(self) -> None:
        self._only("sound", 1, "bhyve has one sound card")
        for device in self.devices.all("hostdev"):
            if (device.get("mode", "subsystem"), device.get("type")) != ("subsystem", "pci"):
                self.note(f"a device of the host of the type {device.get('type')}", "bhyve passes PCI devices through")
                device.leave()
                self.drop(device)
            else:
                self.note("a PCI device that is passed through",
                          "its address is that of the old host; correct it in the host's devices")  # fmt: skip
        for share in self.devices.all("filesystem"):
            driver = share.first("driver")
            if driver is not None and driver.get("type") == "virtiofs":
                self.note(f"shared directory {share.at('target', 'dir')} by virtiofs",
                          "bhyve has 9p: the guest mounts it as such now")  # fmt: skip
            if driver is not None:
                driver.leave()
                share.children.remove(driver)
        for serial in self.devices.all("serial"):
            if serial.get("type") not in ("nmdm", "tcp"):
                for path in ("source", "log", "alias"):
                    if (element := serial.first(path)) is not None:
                        element.leave()

    def _only(self, name: str, most: int, why: str) -> None:
        for extra in self.devices.all(name)[most:]:
            self.note(f"a further <{name}>", why)
            extra.leave()
            self.drop(extra)


def disk_of(disk: Element) -> tuple[str, str]:
    """Where a disk lay, and where it shall lie as raw data: beside it, by another ending."""
    old = next((text for key in ("file", "dev", "dir") if (text := disk.at("source", key))), "")
    form = disk.at("driver", "type", "raw")
    if form == "raw" or disk.get("device") == "cdrom":
        return old, old
    stem, _, ending = old.rpartition(".")
    return old, f"{stem if ending and '/' not in ending else old}.raw"


def told(notes: Iterable[Remark]) -> list[Remark]:
    """Each remark once."""
    return list(dict.fromkeys(notes))
