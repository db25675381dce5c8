"""Domains of libvirt: one for each feature of docs/coverage.md, part 2, that its bhyve driver has."""

from __future__ import annotations

from typing import NamedTuple

NIC = (
    "<interface type='bridge'><mac address='52:54:00:b9:94:02'/><source bridge='bridge1'/>"
    "<model type='virtio'/></interface>"
)
DISK = "<disk type='file'><source file='/vm/a.img'/><target dev='vda' bus='virtio'/></disk>"
EFI = "<os firmware='efi'><type arch='x86_64'>hvm</type></os>"
PLAIN = "<os><type>hvm</type></os>"
VNC = "<graphics type='vnc' port='5904'><listen type='address' address='127.0.0.1'/></graphics>"
ROM = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"


def domain(name: str = "web", top: str = "", os: str = EFI, devices: str = DISK, kind: str = "bhyve") -> str:
    """A domain with what every one has."""
    return (
        f"<domain type='{kind}' xmlns:bhyve='http://libvirt.org/schemas/domain/bhyve/1.0'>\n<name>{name}</name>\n"
        f"<uuid>df3be7e7-a104-11e3-aeb0-50e5492bd3{len(name):x}c</uuid>\n<memory unit='KiB'>1048576</memory>\n"
        f"{'' if '<vcpu' in top else '<vcpu>1</vcpu>'}\n{os}\n{top}\n<devices>\n{devices}\n</devices>\n</domain>\n"
    )


class Case(NamedTuple):
    """What a domain has, the words that libvirt's bhyve driver makes of it, and a key of the site with its value."""

    features: tuple[int, ...]
    text: str
    words: tuple[str, ...]
    key: str
    value: object
    more: str = ""
    """Another document: a network or a pool."""


def port(device: str, order: str = "") -> str:
    return f"<disk type='file'><source file='/vm/{device}.img'/><target dev='{device}' bus='sata'/>{order}</disk>"


NETWORK = """<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/><mtu size='9000'/>
<ip address='192.168.122.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip>
</network>"""
POOL = "<pool type='zfs'><name>tank</name><source><name>zroot/vm</name></source></pool>"
FOLDER = "<pool type='dir'><name>tank</name><target><path>/srv/images</path></target></pool>"
VOLUME = "<disk type='volume'><source pool='tank' volume='a'/><target dev='vda' bus='virtio'/></disk>"
SMBIOS = """<sysinfo type='smbios'><bios><entry name='vendor'>Example</entry><entry name='date'>11/24/2025</entry>
</bios><system><entry name='product'>Box</entry><entry name='serial'>S 1</entry></system>
<baseBoard><entry name='asset'>A7</entry></baseBoard><chassis><entry name='sku'>K</entry></chassis></sysinfo>"""
PASSED = """<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x02' slot='0x00'
function='0x1'/></source><address type='pci' domain='0' bus='0' slot='7' function='0'/></hostdev>"""
CHANNEL = "<channel type='unix'><source mode='bind' path='/var/run/{0}'/><target type='virtio' name='{0}'/></channel>"

CASES = (
    Case((1, 33), domain(os=PLAIN, devices=port("hda")), ("-s", "0:2:0,ahci,hd:/vm/hda.img"),
         "firmware.kind", "bhyveload"),
    Case((2, 18), domain(top="<bootloader>/usr/local/sbin/grub-bhyve</bootloader>", os=PLAIN), (),
         "firmware.kind", "grub"),
    Case((3, 5), domain(os="<os><type>hvm</type><loader type='pflash'>/vm/own.fd</loader></os>"),
         ("-l", "bootrom,/vm/own.fd"), "firmware.rom", "/vm/own.fd"),
    Case((6,), domain(os=f"<os><type>hvm</type><loader>{ROM}</loader><nvram>/vm/VARS.fd</nvram></os>"),
         ("-l", f"bootrom,{ROM},/vm/VARS.fd"), "firmware.variables_template", "/vm/VARS.fd"),
    Case((7,), domain(), ("-l", f"bootrom,{ROM},/var/lib/libvirt/bhyve/nvram/web_VARS.fd"),
         "firmware.variables_template", "/var/lib/libvirt/bhyve/nvram/web_VARS.fd"),
    Case((8,), domain(os="<os><type arch='aarch64'>hvm</type><loader>/vm/u-boot.bin</loader></os>"),
         ("-o", "bootrom=/vm/u-boot.bin"), "memory", "1G"),
    Case((11,), domain(top=SMBIOS), ("-o", "system.serial_number=S 1"), "smbios.board.asset_tag", "A7"),
    Case((12, 50), domain(devices=port("sda", "<boot order='2'/>") + port("sdb", "<boot order='1'/>")),
         ("-s", "0:2:0,ahci,hd:/vm/sda.img,bootindex=2,hd:/vm/sdb.img,bootindex=1"), "disk.sdb.boot_index", 1),
    Case((15,), domain(top="<features><acpi/><msrs unknown='ignore'/></features>"), ("-w",), "machine.lpc_slot", 1),
    Case((16,), domain(top="<clock offset='localtime'/>"), (), "machine.rtc", "localtime"),
    Case((17,), domain(), (), "uuid", "df3be7e7-a104-11e3-aeb0-50e5492bd33c"),
    Case((19, 95), domain(top="<bhyve:commandline><bhyve:arg value='-G'/><bhyve:arg value='1234'/>"
                             "</bhyve:commandline>"),
         ("-G", "1234"), "debug.gdb.port", 1234),
    Case((20,), domain(top="<vcpu>8</vcpu><cpu><topology sockets='1' dies='1' clusters='1' cores='4' "
                           "threads='2'/></cpu>"),
         ("-c", "cpus=8,sockets=1,cores=4,threads=2"), "topology.threads", 2),
    Case((21,), domain(top="<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1-4,^2'/></cputune>"),
         ("-p", "0:1", "-p", "0:3", "-p", "0:4"), "pin.0", "1,3-4"),
    Case((22,), domain(top="<vcpu>4</vcpu><cpu><numa><cell id='0' cpus='0-1' memory='524288' unit='KiB'/>"
                           "<cell id='1' cpus='2-3' memory='512' unit='MiB'/></numa></cpu>"),
         ("-n", "id=0,size=512,cpus=0-1", "-n", "id=1,size=512,cpus=2-3"), "numa.1.cpus", "2-3"),
    Case((23,), domain(top="<memoryBacking><locked/></memoryBacking>"), ("-S",), "machine.wired", True),
    Case((24, 76, 80), domain(top="<memoryBacking><locked/></memoryBacking>", devices=DISK + PASSED),
         ("-s", "0:7:0,passthru,2/0/1"), "passthrough.pci-2-0-1.device", "pci-2-0-1"),
    Case((27,), domain(top="<blkiotune><device><path>*</path><read_iops_sec>100</read_iops_sec>"
                           "<write_bytes_sec>1048576</write_bytes_sec></device></blkiotune>"), (),
         "limits.rctl.writebps", "throttle=1048576"),
    Case((28,), domain(top="<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>"), (),
         "limits.rctl.memoryuse", "log=2048M"),
    Case((32, 37), domain(), ("-s", "0:2:0,virtio-blk,/vm/a.img"), "disk.root.path", "/vm/a.img"),
    Case((34, 49), domain(devices=port("sda") + "<disk type='file' device='cdrom'><source file='/iso/a.iso'/>"
                          "<target dev='sdb' bus='sata'/><readonly/></disk>"),
         ("-s", "0:2:0,ahci,hd:/vm/sda.img,cd:/iso/a.iso"), "cd.install.controller", "ahci"),
    Case((35, 42), domain(devices="<controller type='nvme' index='0'><serial>NV-1</serial></controller>"
                          "<disk type='file'><driver name='file' type='raw' queues='2' queue_size='256'/>"
                          "<source file='/vm/n.img'/>"
                          "<target dev='nvme0n1' bus='nvme'/></disk>"),
         ("-s", "0:2:0,nvme,/vm/n.img,maxq=2,qsz=256,ser=NV-1"), "disk.root.nvme.queue_size", 256),
    Case((36,), domain(devices="<disk type='ctl'><source dev='/dev/cam/ctl'/><target dev='sda' bus='scsi'/></disk>"),
         ("-s", "0:2:0,virtio-scsi,/dev/cam/ctl"), "disk.root.bus", "virtio-scsi"),
    Case((38,), domain(devices=VOLUME), ("-s", "0:2:0,virtio-blk,/dev/zvol/zroot/vm/a"),
         "disk.root.path", "/dev/zvol/zroot/vm/a", POOL),
    Case((44,), domain(devices=VOLUME), ("-s", "0:2:0,virtio-blk,/srv/images/a"), "disk.root.path", "/srv/images/a",
         FOLDER),
    Case((40, 43), domain(devices="<disk type='file'><source file='/vm/a.img'/><target dev='sda' bus='sata' "
                          "rotation_rate='7200'/><serial>S-1</serial></disk>"),
         ("-s", "0:2:0,ahci,hd:/vm/a.img,nmrr=7200,ser=S-1"), "disk.root.rotation_rate", 7200),
    Case((51,), domain(devices=DISK + "<filesystem type='mount'><source dir='/srv/s'/><target dir='Share'/><readonly/>"
                       "</filesystem>"), ("-s", "0:3:0,virtio-9p,Share=/srv/s,ro"), "share.share.tag", "Share"),
    Case((55,), domain(devices=DISK + NIC.replace("virtio", "e1000")),
         ("-s", "0:2:0,e1000,tap0,mac=52:54:00:b9:94:02"), "nic.bridge1.model", "e1000"),
    Case((57, 70), domain(devices=DISK + NIC), ("-s", "0:2:0,virtio-net,tap0,mac=52:54:00:b9:94:02"),
         "nic.bridge1.mac", "52:54:00:b9:94:02"),
    Case((60,), domain(devices=DISK + NIC.replace("</inter", "<port isolated='yes'/></inter")), (),
         "nic.bridge1.private", True),
    Case((58, 59), domain(devices=DISK + NIC.replace("</inter", "<vlan><tag id='42'/></vlan></inter")), (),
         "nic.bridge1.network", "bridge1"),
    Case((64,), domain(devices=DISK + "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/>"
                       "</interface>"), ("-s", "0:2:0,virtio-net,slirp,mac=52:54:00:00:00:01,open"),
         "nic.slirp.network", "slirp"),
    Case((56, 65, 67, 69), domain(devices=DISK + NIC.replace("'bridge'><mac", "'network'><mac").replace(
        "bridge='bridge1'", "network='default'")), ("-s", "0:2:0,virtio-net,tap0,mac=52:54:00:b9:94:02"),
         "nic.default.network", "default", NETWORK),
    Case((75,), domain(devices=DISK + NIC.replace("<model", "<target dev='vnet7'/><model")),
         ("-s", "0:2:0,virtio-net,vnet7,mac=52:54:00:b9:94:02"), "nic.bridge1.network", "bridge1"),
    Case((81,), domain(devices=DISK + VNC), ("-s", "0:3:0,fbuf,tcp=127.0.0.1:5904"), "vnc.port", 5904),
    Case((81, 84), domain(devices=DISK + VNC.replace(" address='127.0.0.1'", "")),
         ("-s", "0:3:0,fbuf,tcp=:5904"), "vnc.port", 5904),
    Case((82,), domain(devices=DISK + VNC.replace("port=", "passwd='hush' port=")),
         ("-s", "0:3:0,fbuf,tcp=127.0.0.1:5904,password=hush"), "vnc.password.secret", "web-vnc"),
    Case((84,), domain(devices=DISK + VNC.replace("port=", "wait='yes' port=") + "<video><driver vgaconf='off'/><model "
                       "type='gop' heads='1' primary='yes'><resolution x='800' y='600'/></model></video>"),
         ("-s", "0:3:0,fbuf,tcp=127.0.0.1:5904,w=800,h=600,vga=off,wait"), "vnc.resolution", "800x600"),
    Case((85,), domain(devices=DISK + VNC.replace("port='5904'", "port='-1' autoport='yes'")),
         ("-s", "0:3:0,fbuf,tcp=127.0.0.1:5900"), "vnc.tablet", False),
    Case((87,), domain(devices=f"{DISK}{VNC}<controller type='usb' model='nec-xhci'/><input type='tablet' bus='usb'/>"),
         ("-s", "0:2:0,xhci,tablet"), "vnc.tablet_slot", 2),
    Case((88,), domain(devices=DISK + "<sound model='ich7'><audio id='1'/></sound><audio id='1' type='oss'><input "
                       "dev='/dev/dsp1'/><output dev='/dev/dsp0'/></audio>"),
         ("-s", "0:3:0,hda,play=/dev/dsp1,rec=/dev/dsp0"), "sound.play", "/dev/dsp1"),
    Case((89,), domain(devices=DISK + "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>"),
         ("-s", "0:3:0,virtio-rnd"), "rng", True),
    Case((90,), domain(devices=DISK + CHANNEL.format("org.example.one")),
         ("-s", "0:2:0,virtio-console,org.example.one=/var/run/org.example.one"), "channel.org-example-one.port",
         "org.example.one"),
    Case((94,), domain(devices=DISK + CHANNEL.format("org.qemu.guest_agent.0")),
         ("-s", "0:2:0,virtio-console,org.qemu.guest_agent.0=/var/run/org.qemu.guest_agent.0"), "agent", True),
    Case((92, 93), domain(devices=DISK + "<serial type='nmdm'><source master='/dev/nmdm0A' "
                          "slave='/dev/nmdm0B'/></serial>"
                          "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4555'/></serial>"),
         ("-l", "com1,/dev/nmdm0A", "-l", "com2,tcp=127.0.0.1:4555"), "serial.com2.port", 4555),
    Case((92,), domain(devices=DISK + "<console type='nmdm'><source master='/dev/nmdm5A' slave='/dev/nmdm5B'/>"
                      "<target type='serial' port='0'/></console>"),
         ("-l", "com1,/dev/nmdm5A"), "memory", "1G"),
    Case((92,), domain(devices=DISK + "<serial type='nmdm'><source master='/dev/nmdm0A' slave='/dev/nmdm0B'/></serial>"
                      "<console type='nmdm'><source master='/dev/nmdm0A' slave='/dev/nmdm0B'/>"
                      "<target type='serial' port='0'/></console>"),
         ("-l", "com1,/dev/nmdm0A"), "memory", "1G"),
    Case((8, 92), domain(os="<os><type arch='aarch64'>hvm</type><loader>/vm/u-boot.bin</loader></os>",
                         devices=DISK + "<console type='nmdm'><source master='/dev/nmdm0A' slave='/dev/nmdm0B'/>"
                         "</console>"),
         ("-o", "console=/dev/nmdm0A"), "memory", "1G"),
)  # fmt: skip

NOT_DRIVEN = {
    4: "the driver has no BIOS",
    9: "the driver passes no TPM on",
    10: "the driver passes no TPM on",
    13: "no kernel of the host",
    14: "the driver gives hostbridge always",
    25: "no balloon",
    26: "libvirt has no limit of CPU time for bhyve",
    29: "libvirt has no priority for bhyve",
    30: "libvirt's limits of NICs are those of Linux",
    31: "libvirt does not count the memory of its host",
    39: "libvirt connects pools of iSCSI to the host; only the host knows the device",
    41: "the driver does not pass discard on",
    45: "libvirt grows volumes by vol-resize, not by a definition",
    46: "libvirt knows no images for guests to begin with",
    47: "libvirt knows no images for guests to begin with",
    48: "libvirt knows no images for guests to begin with",
    52: "bhyve has neither",
    53: "encryption of a pool is the administrator's",
    54: "properties of a pool are the administrator's",
    61: "the driver has no VALE",
    62: "the driver has no netgraph",
    63: "the driver has no VXLAN",
    66: "slirp of the driver forwards no port",
    68: "the driver has no span port",
    71: "libvirt makes MAC addresses up and writes them down",
    72: "it is about a whole site",
    73: "the driver has no filter",
    74: "the driver has no filter",
    77: "the driver passes no option of passthru on",
    78: "it is about the host",
    79: "the driver has no SR-IOV",
    83: "the driver passes no socket on for VNC",
    86: "the driver passes no keyboard on",
    91: "the driver has no input but a tablet",
}
"""Features of the page that libvirt's bhyve driver does not have, and why."""
