"""A host of vm-bhyve with six guests: the files that vm-bhyve has of them, and nothing else."""

from __future__ import annotations

from pathlib import Path

from conftest import write_files

RC = 'vm_enable="YES"\nvm_dir="zfs:zroot/vm"\nvm_list="db web"\n'
SYSTEM = """\
switch_list="public dmz"
type_public="standard"
ports_public="igb0 igb1"
private_public="yes"
type_dmz="manual"
bridge_dmz="bridge7"
"""
NIC = 'network0_type="virtio-net"\nnetwork0_switch="public"\n'
GUESTS = {
    "web": f'loader="uefi"\ncpu=2\nmemory=2G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:01"\nuuid="01234567-89ab-cdef-0123-456789abcdef"\ngraphics="yes"\n'
    'graphics_port="5901"\nxhci_mouse="yes"\n',
    "db": 'loader="uefi" # the big one\ncpu=4\ncpu_sockets=1\ncpu_cores=4\nmemory=8G\nuefi_vars="yes"\n'
    'disk0_type="nvme"\ndisk0_name="disk0"\ndisk0_dev="zvol"\ndisk1_type="virtio-blk"\ndisk1_name="/dev/da1"\n'
    'disk1_dev="custom"\ndisk1_opts="nocache,sectorsize=512/4096"\nnetwork0_type="e1000"\nnetwork0_switch="dmz"\n'
    'network0_mac="58:9C:FC:00:00:02"\nuuid="11234567-89ab-cdef-0123-456789abcdef"\nvirt_random="yes"\n'
    'limit_pcpu="200"\nzfs_zvol_opts="volblocksize=16K volmode=none"\n'
    'zfs_dataset_opts="compression=zstd atime=off"\ncolour="blue"\n',
    "bsd": f'loader="bhyveload"\ncpu=1\nmemory=512M\ndisk0_type="ahci-hd"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:03"\nuuid="21234567-89ab-cdef-0123-456789abcdef"\n',
    "legacy": f'loader="grub"\ncpu=1\nmemory=1024M\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:04"\nuuid="31234567-89ab-cdef-0123-456789abcdef"\n'
    'grub_install0="linux /install/vmlinuz"\ngrub_install1="initrd /install/initrd.gz"\ngrub_install2="boot"\n'
    'grub_run0="linux /vmlinuz root=/dev/vda1"\ngrub_run1="initrd /initrd.img"\n',
    "win": 'loader="uefi"\ncpu=2\nmemory=4G\nutctime="no"\nahci_device_limit="8"\ndisk0_type="ahci-hd"\n'
    'disk0_name="disk0.img"\ndisk1_type="ahci-cd"\ndisk1_dev="custom"\ndisk1_name="/srv/iso/virtio.iso"\n'
    'network0_type="e1000"\nnetwork0_switch="public"\nnetwork0_mac="58:9c:fc:00:00:05"\n'
    'uuid="41234567-89ab-cdef-0123-456789abcdef"\ngraphics="yes"\ngraphics_port="5905"\nvnc_password="hush"\n'
    'xhci_mouse="yes"\n',
    "Proxy.1": f'loader="uefi"\ncpu=1\nmemory=1G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n{NIC}'
    'network0_mac="58:9c:fc:00:00:06"\nuuid="51234567-89ab-cdef-0123-456789abcdef"\nvirt_console0="yes"\n',
}


def host(folder: Path, guests: dict[str, str] = GUESTS) -> Path:
    files = {f"zroot/vm/{name}/{name}.conf": text for name, text in guests.items()}
    return write_files(folder, {"etc/rc.conf": RC, "zroot/vm/.config/system.conf": SYSTEM, **files})
