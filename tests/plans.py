"""Plans made by hand: one of each shape that the templates know, without reading or lowering anything."""

from __future__ import annotations

from dataclasses import replace

from hivewright.plan import (
    DevdRule,
    DiskPlan,
    HostPlan,
    KernelSetting,
    NetworkPlan,
    NicPlan,
    Option,
    Policy,
    RcSetting,
    Setting,
    Step,
    VmPlan,
)

GIB = 2**30

WEB = VmPlan(
    name="web1",
    host="alpha",
    home="alpha",
    source="vms/web.toml [vm.web1]",
    description="",
    profile="debian-13",
    hosts=("alpha",),
    cpus=4,
    memory=4 * GIB,
    autostart=True,
    order=20,
    depth=0,
    after=("db-1",),
    ready=None,
    stop=Step("stop_within", ("60",), ("stop_timeout",), "stop_timeout"),
    policy=Policy("destroy", "restart", "restart", 5, 600),
    prepare=(
        Step("provisioned", ("ab" * 32,), ("disk", "cloud_init"), "disk, cloud_init"),
        Step("disk", ("root", "/dev/zvol/zroot/vms/web1/root", "rw"), ("disk.root.storage",), "disk.root"),
        Step("hook", ("prestart",), ("hooks.prestart",), "hooks.prestart"),
        Step("tap", ("lan", "tap-web1-lan", "br-lan", "1500"), ("nic.lan.network",), "nic.lan"),
    ),
    options=(
        Option(("-c", "cpus=4,sockets=1,cores=4,threads=1"), ("cpus", "topology"), "cpus, topology"),
        Option(("-m", "4G"), ("memory",), "memory"),
        Option(("-s", "0:0:0,hostbridge"), ("machine.hostbridge",), "machine.hostbridge"),
        Option(("-s", "0:4:0,virtio-blk,/dev/zvol/zroot/vms/web1/root"), ("disk.root",), "disk.root"),
        Option(("-s", "0:8:0,virtio-net,tap-web1-lan,mac=58:9c:fc:0a:1b:2c"), ("nic.lan",), "nic.lan"),
        Option(("-l", "com1,/dev/nmdm-web1.1A"), ("serial.com1",), "serial.com1"),
    ),
    provision=(
        Step("image", ("debian-13", "https://example.net/a?b=c", "sha256:" + "0" * 64, "raw"), (), "disk.root.image"),
        Step("volume", ("root", "zroot/vms/web1/root", "21474836480", "image=debian-13"), (), "disk.root"),
        Step("seed", (), ("cloud_init",), "cloud_init"),
    ),
    digest="5f" * 32,
    provision_digest="ab" * 32,
    uuid="01234567-89ab-cdef-0123-456789abcdef",
    seed=(("meta-data", b"instance-id: web1\n"), ("user-data", b"#cloud-config\n")),
    hooks=(("prestart/10-lease.sh", b"#!/bin/sh\nexit 0\n"),),
    nics=(
        NicPlan(
            name="lan",
            network="lan",
            model="virtio-net",
            mac="58:9c:fc:0a:1b:2c",
            tap="tap-web1-lan",
            address="192.0.2.10/24",
        ),
    ),
    disks=(DiskPlan("root", "virtio-blk", "/dev/zvol/zroot/vms/web1/root", 20 * GIB),),
    slots=(("0:0:0", "hostbridge"), ("0:4:0", "disk.root virtio-blk"), ("0:8:0", "nic.lan virtio-net")),
    consoles=(("com1", "/dev/nmdm-web1.1"),),
)
"""A cloud image behind a bridge, with a hook, that waits for another guest."""

DATABASE = replace(
    WEB,
    name="db-1",
    source="vms/db.toml [vm.db-1]",
    description='The "database" of $everything; don\'t touch',
    order=10,
    after=(),
    ready=("192.0.2.20:5432", 60),
    prepare=(
        Step("disk", ("root", "/srv/my vms/db's.img", "rw"), ("disk.root.path",), "disk.root"),
        Step("tap", ("lan", "tap-db-1-lan", "br-lan", "1500", "private"), ("nic.lan.private",), "nic.lan"),
    ),
    options=(
        Option(("-m", "8G"), ("memory",), "memory"),
        Option(("-s", "0:4:0,nvme,/srv/my vms/db's.img"), ("disk.root",), "disk.root"),
        Option(("-o", 'x=$(reboot) `id` ~ * ; & | > \\ " é'), ("extra_args",), "extra_args"),
    ),
    provision=(),
    seed=(),
    hooks=(),
    disks=(DiskPlan("root", "nvme", "/srv/my vms/db's.img", 0),),
)
"""A guest whose words need quotes, without provisioning, hooks or a seed."""

WINDOWS = replace(
    DATABASE,
    name="win",
    source="vms/win.toml [vm.win]",
    description="",
    profile="windows-11",
    hosts=("beta", "alpha"),
    home="beta",
    autostart=False,
    order=20,
    depth=1,
    after=("web1",),
    ready=None,
    policy=Policy("restart", "rename-restart", "preserve", 3, 60),
    options=(Option(("-s", "0:29:0,fbuf,tcp=127.0.0.1:5900,w=1024,h=768"), ("vnc",), "vnc"),),
    nics=(),
    vnc="127.0.0.1:5900",
    passthrough=(("gpu0", "2/0/0"),),
)
"""A guest that lives on another host, with VNC and passthrough and without a NIC."""

ALPHA = HostPlan(
    name="alpha",
    freebsd="14.3",
    arch="amd64",
    cpus=32,
    memory=128 * GIB,
    source="hosts/alpha.toml [host.alpha]",
    shutdown_timeout=300,
    vms=(DATABASE, WEB, WINDOWS),
    networks=(
        NetworkPlan(
            name="dmz",
            kind="manual",
            interface="bridge7",
            uplinks=(),
            mtu=1500,
            source="networks.toml [network.dmz]",
            steps=(Step("network", ("dmz", "manual", "bridge7", "1500", "none"), (), "network.dmz"),),
        ),
        NetworkPlan(
            name="lan",
            kind="bridge",
            interface="br-lan",
            uplinks=("ix0",),
            mtu=1500,
            source="networks.toml [network.lan]",
            steps=(Step("network", ("lan", "bridge", "br-lan", "1500", "ix0"), (), "network.lan"),),
        ),
    ),
    modules=("vmm", "nmdm", "if_bridge", "if_tuntap"),
    loader=(
        Setting("vmm_load", "YES", "passthrough needs vmm(4) before the drivers of the devices"),
        Setting("pptdevs", "2/0/0", "devices kept for guests: gpu0"),
    ),
    admin=(Setting("rcshutdown_timeout", "330", "/etc/rc.conf: rc(8) kills what has not stopped after 90 seconds"),),
    devd=(
        DevdRule(
            "notify",
            100,
            (("system", "DEVFS"), ("cdev", "vmm/.*")),
            "/usr/local/sbin/hivectl event $type $cdev &",
            "a VM context was made or destroyed",
        ),
        DevdRule("attach", 100, (("device-name", "ppt[0-9]+"),), "/usr/bin/true", "a device arrived"),
    ),
    notes=("The guest win needs | drivers.",),
    rc=(
        RcSetting("iovctl", "iovctl_files", "/usr/local/etc/iov/ix0.conf", "virtual functions of ix0", append=True),
        RcSetting("routing", "gateway_enable", "YES", "guests behind the host"),
    ),
    metrics="/var/tmp/node exporter/hivewright.prom",
    starts=("side_by_side=4", "delay=2"),
    kernel=(KernelSetting("raise", "kern.init_shutdown_timeout", 350, "guests may take 330 s"),),
)
"""A host with everything."""

BARE = HostPlan(
    name="bare",
    freebsd="15.0",
    arch="arm64",
    cpus=0,
    memory=0,
    source="hosts/bare.toml [host.bare]",
    shutdown_timeout=90,
    vms=(),
    networks=(),
    modules=(),
    loader=(),
    admin=(),
)
"""A host with nothing."""
