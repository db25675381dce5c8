"""The grammar that other tests lean on refuses what bhyve would refuse, or would silently misread."""

from __future__ import annotations

import pytest

from bhyve_grammar import parse_command

UUID = "01234567-89ab-cdef-0123-456789abcdef"
TAIL = ["-m", "1G", "-U", UUID, "-s", "0:0:0,hostbridge"]
GOOD = ["-A", "-H", "-P", "-c", "cpus=2,sockets=1,cores=2,threads=1", *TAIL]
ROM = ["-s", "0:31:0,lpc", "-l", "bootrom,/rom.fd"]
ARM = ["-c", "cpus=1,sockets=1,cores=1,threads=1", *TAIL, "-o", "bootrom=/u-boot.bin"]
DISK = "0:3:0,virtio-blk,/dev/zvol/a"


def test_a_complete_command_is_read() -> None:
    command = parse_command([*GOOD, "-s", f"{DISK},nocache,ser=a", *ROM, "web1"], "14.3", "amd64")
    assert command.cpus == 2
    assert command.slots[0, 3, 0] == ("virtio-blk", "/dev/zvol/a,nocache,ser=a")
    assert parse_command([*ARM, "-o", "console=/dev/nmdm-web1.1A", "web1"], "15.0", "arm64").memory == "1G"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-s", "0:3:0,virtio-block,/dev/zvol/a,ser=a"],
        ["-s", f"{DISK},ser=a,cache=off"],
        ["-s", f"{DISK}"],
        ["-s", "0:3:0,virtio-blk,/dev/a,b,ser=a"],
        ["-s", "0:3:0,virtio-blk,/dev/a%b,ser=a"],
        ["-s", "0:3:0,virtio-blk,/dev/a\\b,ser=a"],
        ["-s", "0:3:0,virtio-blk,relative,ser=a"],
        ["-s", f"{DISK},ser=123456789012345678901"],
        ["-s", f"{DISK},ser=a", "-s", f"{DISK},ser=b"],
        ["-s", "0:32:0,virtio-rnd"],
        ["-s", "0:0:3:0,virtio-rnd"],
        ["-s", "03,virtio-rnd"],
        ["-s", "3,virtio-rnd", "-s", "0:3:0,virtio-rnd"],
        ["-s", "0:3:1,virtio-rnd"],
        ["-s", "1:3:0,virtio-rnd"],
        ["-s", "0:3:0,virtio-net,tap0"],
        ["-s", "0:3:0,virtio-net,web0,mac=58:9c:fc:00:00:01"],
        ["-s", "0:3:0,virtio-net,tap0,mac=59:9c:fc:00:00:01"],
        ["-s", "0:3:0,e1000,tap0,mac=58:9c:fc:00:00:01,mtu=9000"],
        ["-s", "0:3:0,passthru,2/0/0"],
        ["-s", "0:3:0,fbuf,tcp=127.0.0.1:5900,w=2560,h=1600,vga=io"],
        ["-s", "0:3:0,fbuf,tcp=::1:5900,w=640,h=480,vga=io"],
        ["-l", "com1,stdio"],
        ["-l", "com5,/dev/nmdm1A"],
        ["-o", "vcpu.2.cpuset=1"],
        ["-o", "vcpu.0.cpusets=1"],
        ["-c", "cpus=2,sockets=1,cores=2,threads=1"],
        ["-A"],
        ["-f", "opt/a,string=b"],
        ["-f", "opt/a,text=b", "-l", "fwcfg,qemu"],
        ["-l", "fwcfg,other"],
        ["-K", "de"],
        ["-o", "system.color=red"],
        ["-n", "id=0,size=1G,cpus=0"],
        ["-M"],
        ["surplus"],
    ],
)
def test_what_bhyve_cannot_take_is_refused(words: list[str]) -> None:
    tail = ROM if words else []
    with pytest.raises(ValueError, match=r"\S"):
        parse_command([*GOOD, *words, *tail, "web1"], "14.3", "amd64")


@pytest.mark.parametrize("topology", ["4", "cpus=4", "4,cores=2", "cpus=4,sockets=1,cores=2,threads=1"])
def test_an_incomplete_topology_is_refused(topology: str) -> None:
    with pytest.raises(ValueError, match="topology"):
        parse_command(["-A", "-H", "-P", "-c", topology, *TAIL, *ROM, "web1"], "14.3", "amd64")


def test_variables_before_14_are_refused() -> None:
    words = [*GOOD, "-s", "0:31:0,lpc", "-l", "bootrom,/rom.fd,/vars.fd", "web1"]
    assert parse_command(words, "14.0", "amd64").lpc == {"bootrom": "/rom.fd,/vars.fd"}
    with pytest.raises(ValueError, match="bootrom"):
        parse_command(words, "13.5", "amd64")


@pytest.mark.parametrize("words", [["-A"], ["-H"], ["-P"], ["-w"], ["-u"], ["-Y"], ["-l", "com1,/dev/nmdm1A"]])
def test_arm64_has_few_options(words: list[str]) -> None:
    with pytest.raises(ValueError, match="arm64"):
        parse_command([*ARM, *words, "web1"], "15.0", "arm64")
