"""Domains of qemu and kvm: what bhyve has the same of them, and what is said of the rest."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.importers.command import guest_of
from hivewright.importers.forms import Guest, Target
from hivewright.importers.libvirt import read_libvirt
from hivewright.importers.request import open_request
from imported import rows_of
from libvirt_domains import DISK, NIC, domain

KVM = """<domain type='kvm' id='3'>
  <name>mail</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <memory unit='KiB'>4194304</memory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>
    <nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>/var/lib/libvirt/qemu/nvram/mail_VARS.fd</nvram>
    <boot dev='hd'/></os>
  <features><acpi/><apic/><vmport state='off'/></features>
  <cpu mode='host-passthrough'/>
  <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>
  <on_reboot>destroy</on_reboot><on_crash>restart</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
      <source file='/var/lib/libvirt/images/mail.qcow2'/><target dev='vda' bus='virtio'/>
      <address type='pci' bus='0x04' slot='0x00' function='0x0'/></disk>
    <disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/vg0/spool'/>
      <target dev='sda' bus='scsi'/><readonly/><serial>SPOOL-1</serial><blockio logical_block_size='4096'/>
      <address type='drive' controller='0' bus='0' target='0' unit='0'/></disk>
    <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>
    <disk type='file' device='floppy'><source file='/f.img'/><target dev='fda' bus='fdc'/></disk>
    <controller type='usb' index='0' model='qemu-xhci'><address type='pci' bus='0x02' slot='0x00'/></controller>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' index='1' model='pcie-root-port'><target chassis='1' port='0x10'/>
      <address type='pci' bus='0x00' slot='0x02' function='0x0' multifunction='on'/></controller>
    <controller type='scsi' index='0' model='virtio-scsi'><address type='pci' bus='0x05' slot='0x00'/></controller>
    <controller type='virtio-serial' index='0'><address type='pci' bus='0x03' slot='0x00'/></controller>
    <interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br0'/><model type='virtio'/>
      <address type='pci' bus='0x01' slot='0x00'/></interface>
    <interface type='direct'><mac address='52:54:00:11:22:34'/><source dev='eno1' mode='bridge'/>
      <model type='rtl8139'/></interface>
    <serial type='pty'><target type='isa-serial' port='0'><model name='isa-serial'/></target></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <console type='pty'><target type='virtio' port='1'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <input type='tablet' bus='usb'/><input type='mouse' bus='ps2'/>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
    <graphics type='spice' autoport='yes'><listen type='address'/></graphics>
    <video><model type='virtio' heads='1'/><address type='pci' bus='0x00' slot='0x01' function='0x0'/></video>
    <filesystem type='mount' accessmode='mapped'><driver type='virtiofs'/><source dir='/srv/s'/><target dir='s'/>
    </filesystem>
    <hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>
    <memballoon model='virtio'/>
    <watchdog model='itco' action='reset'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""


def imported(folder: Path, text: str) -> Guest:
    write_files(folder, {"mail.xml": text})
    about = Namespace(paths=[str(folder / "mail.xml")], ssh=None, at=None, dataset=None, kind="libvirt")
    with open_request(about) as request:
        (old,) = read_libvirt(request).guests
    guest = guest_of(old, Target("alpha", (15, 1)))
    rows_of(guest)
    return guest


def noted(guest: Guest) -> Sequence[str]:
    return [note.what for note in guest.notes]


def test_a_domain_of_kvm_keeps_what_bhyve_has_too(tmp_path: Path) -> None:
    guest = imported(tmp_path, KVM)
    keys = guest.keys
    assert keys["uuid"] == "11111111-2222-3333-4444-555555555555"
    assert (keys["cpus"], keys["memory"], keys["on_reboot"]) == (2, "4G", "destroy")
    assert "on_crash" not in keys
    assert "firmware" not in keys
    assert "machine" not in keys
    assert keys["disk"] == {
        "root": {"path": "/var/lib/libvirt/images/mail.raw", "cache": "nocache"},
        "spool": {"path": "/dev/vg0/spool", "bus": "ahci-hd", "serial": "SPOOL-1", "readonly": True,
                  "sector_size": "4096"},
    }  # fmt: skip
    assert "qemu-img convert -p -O raw" in guest.comments["disk", "root", "path"]
    assert guest.comments["disk", "spool", "path"] == "Bring /dev/vg0/spool of the old host here."
    assert keys["nic"] == {
        "br0": {"network": "br0", "mac": "52:54:00:11:22:33"},
        "bridge0": {"network": "bridge0", "model": "e1000", "mac": "52:54:00:11:22:34"},
    }
    assert keys["vnc"] == {"tablet_slot": "2:0:0"}
    assert (keys["tpm"], keys["agent"], keys["rng"], keys["share"]) == (True, True, True, {"s": {"path": "/srv/s"}})
    assert guest.slots == {
        "disk.root": "4:0:0", "disk.spool": "5:0:0", "nic.br0": "1:0:0", "agent": "3:0:0", "fbuf": "0:1:0",
        "nic.bridge0": "0:2:0", "share.s": "0:3:0", "rng": "0:4:0",
    }  # fmt: skip


@pytest.mark.parametrize(
    "what",
    [
        "UEFI variables", "disk sda on scsi", "empty drive sdb", "floppy drive fda", "a screen over spice",
        "NIC 52:54:00:11:22:34 of the model rtl8139", "NIC 52:54:00:11:22:34 of the type direct", "bridge br0",
        "a device of the host of the type usb", "shared directory s by virtiofs", "memballoon (line 62)",
        "watchdog (line 63)", "console (line 54)", "channel (line 52)", "os/boot (line 9)", "features/vmport (line 10)",
    ],
)  # fmt: skip
def test_what_bhyve_has_not_is_told(tmp_path: Path, what: str) -> None:
    assert any(note.startswith(what.partition(" (")[0]) for note in noted(imported(tmp_path, KVM))), what


def test_a_domain_with_a_bios_has_that_of_uefi(tmp_path: Path) -> None:
    guest = imported(tmp_path, domain("mail", os="<os><type>hvm</type></os>", kind="qemu", devices=DISK + NIC))
    assert guest.keys["firmware"] == {"kind": "uefi-csm"}
    assert "BIOS" in noted(guest)


def test_a_kernel_of_the_host_is_no_way_to_start(tmp_path: Path) -> None:
    os = "<os firmware='efi'><type>hvm</type><kernel>/boot/vmlinuz</kernel><cmdline>quiet</cmdline></os>"
    guest = imported(tmp_path, domain("mail", os=os, kind="kvm"))
    assert {"kernel /boot/vmlinuz", "cmdline quiet"} <= set(noted(guest))


def test_old_machines_have_their_disks_on_ide(tmp_path: Path) -> None:
    devices = DISK.replace("vda", "hda").replace("virtio", "ide") + (
        "<controller type='ide' index='0'><address type='pci' bus='0' slot='1' function='1'/></controller>"
    )
    guest = imported(tmp_path, domain("mail", kind="kvm", devices=devices))
    assert guest.keys["disk"]["root"]["bus"] == "ahci-hd"
    assert guest.slots["disk.root"] == "0:1:1"
