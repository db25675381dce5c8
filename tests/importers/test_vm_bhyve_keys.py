"""``hivewright import vm-bhyve``: every key of its guests and of its host, one by one."""

from __future__ import annotations

import re
from argparse import Namespace
from itertools import pairwise
from pathlib import Path

import pytest

from hivewright.importers.command import guest_of
from hivewright.importers.forms import Found, Guest, Target
from hivewright.importers.request import open_request
from hivewright.importers.vm_bhyve import read_vm_bhyve
from imported import rows_of
from nested import value
from vm_bhyve_host import SYSTEM, host

UUID = "01234567-89ab-cdef-0123-456789abcdef"
ROMS = "/usr/local/share/uefi-firmware"
MAC = 'network0_mac="58:9c:fc:00:00:01"\n'
NIC = f'network0_type="virtio-net"\nnetwork0_switch="public"\n{MAC}'
DISK = 'disk0_type="virtio-blk"\ndisk0_name="a.img"\n'
ROM = 'loader="uefi"\n'

Case = tuple[tuple[str, ...], str, object]

CASES: dict[str, Case] = {
    'loader="bhyveload"': ((), "firmware.kind", "bhyveload"),
    'loader="uefi-csm"': (("-l", f"bootrom,{ROMS}/BHYVE_UEFI_CSM.fd"), "firmware.kind", "uefi-csm"),
    'loader="uefi-devel"': (
        ("-l", f"bootrom,{ROMS}/BHYVE_UEFI_CODE-devel.fd"), "firmware.rom", f"{ROMS}/BHYVE_UEFI_CODE-devel.fd",
    ),
    'loader="uefi-custom"': (
        ("-l", "bootrom,/zroot/vm/.config/BHYVE_UEFI.fd"), "firmware.rom", "/zroot/vm/.config/BHYVE_UEFI.fd",
    ),
    'loader="bhyveload"\nbhyveload_loader="/boot/own.so"': ((), "firmware.bhyveload.os_loader", "/boot/own.so"),
    'loader="bhyveload"\nbhyveload_args="-e a=b -h /srv/h"': ((), "firmware.bhyveload.host_directory", "/srv/h"),
    'loader="bhyveload"\nloader_timeout="7"': ((), "firmware.bhyveload.variables.autoboot_delay", "7"),
    'loader="grub"\ngrub_run0="boot"\ngrub_run_partition="msdos2"': ((), "firmware.grub.root", "hd0,msdos2"),
    'loader="grub"\ngrub_run_no_partition="yes"': ((), "firmware.grub.root", "hd0"),
    'loader="grub"\ngrub_run_dir="/grub"': ((), "firmware.grub.directory", "/grub"),
    'loader="grub"\ngrub_run_file="own.cfg"': ((), "firmware.grub.config", "own.cfg"),
    'loader="grub"\ngrub_run0="linux /vmlinuz"\nloader_timeout="9"': ((), "firmware.grub.timeout", "9s"),
    'loader="grub"\ngrub_install0="linux /a"\ngrub_run0="linux /b"': (
        (), "firmware.grub.install_commands", ["linux /a"],
    ),
    'uefi_vars="yes"': (
        ("-l", f"bootrom,{ROMS}/BHYVE_UEFI.fd,/zroot/vm/web/uefi-vars.fd"),
        "firmware.variables_template", "/zroot/vm/web/uefi-vars.fd",
    ),
    'cpu="4"\ncpu_sockets="1"\ncpu_cores="2"\ncpu_threads="2"': (
        ("-c", "4,sockets=1,cores=2,threads=2"), "topology.threads", 2,
    ),
    'memory="2048M"': (("-m", "2048M"), "memory", "2G"),
    'wired_memory="yes"': (("-S",), "machine.wired", True),
    'hostbridge="amd"': (("-s", "0,amd_hostbridge"), "machine.hostbridge", "amd"),
    'hostbridge="none"': ((), "machine.hostbridge", "none"),
    'bhyve_options="-p 0:3 -x"': (("-p", "0:3", "-x"), "machine.x2apic", True),
    'comports="com1 com2"': (("-l", "com2,/dev/nmdm-web.2A"), "serial.com2", {}),
    'utctime="no"': ((), "machine.rtc", "localtime"),
    'ahci_device_limit="8"\ndisk1_type="ahci-hd"\ndisk1_name="b.img"\ndisk2_type="ahci-cd"\n'
    'disk2_dev="custom"\ndisk2_name="/iso/c.iso"': (
        ("-s", "5:0,ahci,hd:/zroot/vm/web/b.img,cd:/iso/c.iso"), "disk.b.controller", "ahci",
    ),
    'disk1_type="nvme"\ndisk1_name="b.img"': (("-s", "0:5:0,nvme,/zroot/vm/web/b.img"), "disk.b.bus", "nvme"),
    'disk1_type="virtio-blk"\ndisk1_dev="sparse-zvol"\ndisk1_name="b"': (
        ("-s", "0:5:0,virtio-blk,/dev/zvol/zroot/vm/web/b"), "disk.b.path", "/dev/zvol/zroot/vm/web/b",
    ),
    'disk1_type="virtio-blk"\ndisk1_dev="zvol"\ndisk1_name="b"': (
        ("-s", "0:5:0,virtio-blk,/dev/zvol/zroot/vm/web/b"), "disk.b.path", "/dev/zvol/zroot/vm/web/b",
    ),
    'disk1_type="virtio-blk"\ndisk1_name="b.img"\ndisk1_opts="direct,nocache,ro,sectorsize=512/4096"\n'
    'disk1_size="30G"': (
        ("-s", "0:5:0,virtio-blk,/zroot/vm/web/b.img,direct,nocache,ro,sectorsize=512/4096"),
        "disk.b.cache", "nocache-direct",
    ),
    'disk1_type="virtio-9p"\ndisk1_dev="9p"\ndisk1_name="data=/srv/data"\ndisk1_opts="ro"': (
        ("-s", "0:5:0,virtio-9p,data=/srv/data,ro"), "share.data.readonly", True,
    ),
    f'network0_type="e1000"\nnetwork0_switch="public"\n{MAC}': (
        ("-s", "0:5:0,e1000,tap0,mac=58:9c:fc:00:00:01"), "nic.public.model", "e1000",
    ),
    f'{NIC}network0_name="tapweb"': (
        ("-s", "0:5:0,virtio-net,tapweb,mac=58:9c:fc:00:00:01"), "nic.public.tap", "tapweb",
    ),
    f'{NIC}network0_device="tap7"': (
        ("-s", "0:5:0,virtio-net,tap7,mac=58:9c:fc:00:00:01"), "nic.public.existing", "tap7",
    ),
    f'{NIC}network0_span="yes"': ((), "nic.public.span", True),
    'passthru0="2/0/1"': (("-s", "0:5:0,passthru,2/0/1"), "passthrough.pci-2-0-1.device", "pci-2-0-1"),
    'passthru0="2/0/1=8:0"\npassthru0_options="rom=/srv/a.rom"': (
        ("-s", "0:8:0,passthru,2/0/1,rom=/srv/a.rom"), "passthrough.pci-2-0-1.rom", "/srv/a.rom",
    ),
    'start_slot="10"\ninstall_slot="9"': (("-s", "0:10:0,virtio-blk,/zroot/vm/web/a.img"), "memory", "1G"),
    'virt_random="yes"': (("-s", "0:5:0,virtio-rnd"), "rng", True),
    'graphics="yes"\ngraphics_listen="192.0.2.1"\ngraphics_port="5907"\ngraphics_res="800x600"\n'
    'graphics_wait="yes"\ngraphics_vga="off"\nvnc_password="hush"': (
        ("-s", "0:5:0,fbuf,tcp=192.0.2.1:5907,w=800,h=600,vga=off,password=hush,wait"), "vnc.resolution", "800x600",
    ),
    'graphics="yes"\ngraphics_port="5907"': (("-s", "0:5:0,fbuf,tcp=0.0.0.0:5907"), "vnc.address", "0.0.0.0"),
    'xhci_mouse="yes"': (("-s", "0:5:0,xhci,tablet"), "tablet", True),
    'virt_console0="yes"\nvirt_console1="org.a"': (
        ("-s", "0:5:0,virtio-console,0=/zroot/vm/web/vtcon.0,org.a=/zroot/vm/web/vtcon.org.a"),
        "channel.org-a.port", "org.a",
    ),
    'priority="5"': ((), "limits.nice", 5),
    'limit_pcpu="200"': ((), "limits.rctl.pcpu", "deny=200"),
    'limit_rbps="10M"': ((), "limits.rctl.readbps", "throttle=10M"),
    'limit_wbps="10m"': ((), "limits.rctl.writebps", "throttle=10M"),
    'limit_riops="500"': ((), "limits.rctl.readiops", "throttle=500"),
    'limit_wiops="500"': ((), "limits.rctl.writeiops", "throttle=500"),
    'sound="yes"\nsound_play="/dev/dsp1"\nsound_rec="/dev/dsp2"': (
        ("-s", "0:5:0,hda,play=/dev/dsp1,rec=/dev/dsp2"), "sound.record", "/dev/dsp2",
    ),
    'on_restart="shutdown"': ((), "on_reboot", "destroy"),
    'on_fault="restart"': ((), "on_crash", None),
    'on_fault="shutdown"': ((), "on_crash", "destroy"),
    'tags="prod, web"': ((), "tags", ["prod", "web"]),
    f'uuid="{UUID}"': (("-U", UUID), "uuid", UUID),
    'zfs_zvol_opts="volblocksize=16K"\nzfs_dataset_opts="compression=zstd"': ((), "memory", "1G"),
}  # fmt: skip
"""Lines of a guest, beside those that it needs -> words of the old command, a key, and its value; None: absent."""

TOLD = {
    "prestart": "/vm/start.sh", "ignore_bad_msr": "no", "ignore_msr": "no", "debug": "yes", "nulliso_fix": "yes",
    "graphical": "yes",
}  # fmt: skip
"""Keys that are not carried over, or that vm-bhyve does not have, each with a value."""

SWITCHES: dict[str, tuple[str, object]] = {
    'type_public="standard"\nports_public="igb0"\nvlan_public="30"\nmtu_public="9000"\naddr_public="192.0.2.1/24"\n'
    'addr6_public="2001:db8::1/64"': ("bridge", "vm-public"),
    'type_public="manual"\nbridge_public="bridge9"\nprivate_public="yes"': ("private", True),
    'type_public="vale"\nvale_public="0"': ("switch", "vale0"),
    'type_public="netgraph"\nnetgraph_public="sw"': ("node", "sw"),
    'type_public="vxlan"\nvlan_public="42"\nports_public="igb0"': ("kind", "manual"),
    'type_public="standard"\nnat_public="yes"': ("kind", "manual"),
}
"""Lines of system.conf about a switch -> a key of its network, and its value."""


def found(folder: Path, text: str, system: str = SYSTEM) -> Found:
    root = host(folder, {"web": text})
    (root / "zroot/vm/.config/system.conf").write_text(system)
    about = Namespace(paths=[str(root)], ssh=None, at=None, dataset=None, kind="vm-bhyve")
    with open_request(about) as request:
        return read_vm_bhyve(request)


def guest(folder: Path, text: str, system: str = SYSTEM) -> Guest:
    (old,) = found(folder, text, system).guests
    return guest_of(old, Target("alpha", (15, 1)))


def whole(lines: str) -> str:
    """A guest with some lines: the first that says a thing counts, so what it needs besides comes behind them."""
    return f'{lines}\n{DISK}{ROM}cpu=1\nmemory=1G\nuuid="{UUID}"\n'


@pytest.mark.parametrize("lines", CASES)
def test_a_key_is_carried_over(tmp_path: Path, lines: str) -> None:
    words, key, expected = CASES[lines]
    one = guest(tmp_path, whole(lines))
    if len(words) > 1:
        assert set(pairwise(words)) <= set(pairwise(one.old.words))
    assert set(words) <= set(one.old.words)
    assert value(one.keys, key) == expected
    assert one.notes == [] or "passthru" in lines or "graphics" in lines or "vnc" in lines, one.notes
    rows_of(one)


@pytest.mark.parametrize("key", TOLD)
def test_a_key_without_a_counterpart_is_told(tmp_path: Path, key: str) -> None:
    notes = guest(tmp_path, whole(f'{key}="{TOLD[key]}"')).notes
    assert [note.what for note in notes if note.what.startswith(key)], notes


def test_properties_of_new_disks_are_those_of_a_storage(tmp_path: Path) -> None:
    text = whole('zfs_zvol_opts="volblocksize=16K"\nzfs_dataset_opts="compression=zstd"')
    (storage,) = found(tmp_path, text).storages
    assert storage.keys["properties"] == {"volblocksize": "16K"}
    assert storage.keys["dataset_properties"] == {"compression": "zstd"}


@pytest.mark.parametrize("lines", SWITCHES)
def test_a_switch_is_a_network(tmp_path: Path, lines: str) -> None:
    key, expected = SWITCHES[lines]
    one = guest(tmp_path, whole(NIC), f'switch_list="public"\n{lines}\n')
    (bridge,) = one.old.networks.values()
    assert bridge.keys[key] == expected
    if "ports_public" in lines and "standard" in lines:
        written = 'uplink = "igb0", vlan = 30, ipv4 = "192.0.2.1/24", ipv6 = "2001:db8::1/64"'
        assert written in bridge.comment
        assert bridge.keys["mtu"] == 9000
    rows_of(one)


def test_guests_in_tmux_have_their_console_there(tmp_path: Path) -> None:
    """The terminal of bhyve is the first port; further ones are what they are without it."""
    one = guest(tmp_path, whole('comports="com1 com2"'), f'{SYSTEM}console="tmux"\n')
    assert {("-l", "com1,stdio"), ("-l", "com2,/dev/nmdm-web.2A")} <= set(pairwise(one.old.words))
    assert one.keys["serial"] == {"com1": {"kind": "tmux"}, "com2": {}}


def test_guests_of_further_datastores_are_found(tmp_path: Path) -> None:
    """Where a name is there twice, the first datastore has it; folders of media are none."""
    root = host(tmp_path, {"web": whole("")})
    stores = 'datastore_list="big fast media img"\npath_big="/big/vm"\npath_fast="zfs:tank/vm"\n'
    stores += 'path_media="iso:/big/iso"\npath_img="img:/big/img"\n'
    (root / "zroot/vm/.config/system.conf").write_text(SYSTEM + stores)
    for place, name in (("big/vm", "db"), ("big/vm", "web"), ("tank/vm", "app")):
        (root / place / name).mkdir(parents=True)
        (root / place / name / f"{name}.conf").write_text(whole('disk0_dev="zvol"' if name == "app" else ""))
    about = Namespace(paths=[str(root)], ssh=None, at=None, dataset=None, kind="vm-bhyve")
    with open_request(about) as request:
        paths = {old.called: old.words[old.words.index("-s", 4) + 1] for old in read_vm_bhyve(request).guests}
    assert paths == {
        "web": "0:4:0,virtio-blk,/zroot/vm/web/a.img",
        "db": "0:4:0,virtio-blk,/big/vm/db/a.img",
        "app": "0:4:0,virtio-blk,/dev/zvol/tank/vm/app/a.img",
    }


def test_every_key_is_tried() -> None:
    lines = "\n".join([*CASES, *SWITCHES, whole("")])
    tried = {re.sub(r"(?<=[a-z])[0-9]+", "N", key) for key in re.findall(r"^([a-z0-9_]+)=", lines, re.MULTILINE)}
    tried = {key.replace("_public", "_X") for key in tried}
    assert tried | TOLD.keys() >= {
        "loader", "bhyveload_loader", "bhyveload_args", "loader_timeout", "uefi_vars", "cpu", "cpu_sockets",
        "cpu_cores", "cpu_threads", "memory", "wired_memory", "hostbridge", "ignore_bad_msr", "bhyve_options",
        "comports", "utctime", "debug", "uuid", "ahci_device_limit", "diskN_type", "diskN_dev", "diskN_name",
        "diskN_opts", "diskN_size", "networkN_type", "networkN_switch", "networkN_device", "networkN_name",
        "networkN_mac", "networkN_span", "passthruN", "passthruN_options", "start_slot", "install_slot",
        "virt_random", "graphics", "graphics_port", "graphics_listen", "graphics_res", "graphics_wait",
        "graphics_vga", "vnc_password", "xhci_mouse", "virt_consoleN", "grub_installN", "grub_runN",
        "grub_run_partition", "grub_run_no_partition", "grub_run_dir", "grub_run_file", "zfs_dataset_opts",
        "zfs_zvol_opts", "prestart", "priority", "limit_pcpu", "limit_rbps", "limit_wbps", "limit_riops",
        "limit_wiops", "sound", "sound_play", "sound_rec", "on_restart", "on_fault", "nulliso_fix", "tags",
        "type_X", "ports_X", "vlan_X", "addr_X", "addrN_X", "mtu_X", "private_X", "bridge_X", "vale_X",
        "netgraph_X", "nat_X",
    }  # fmt: skip
