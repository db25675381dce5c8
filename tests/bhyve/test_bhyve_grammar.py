"""The grammar that other tests lean on refuses what bhyve would refuse, or would silently misread."""

from __future__ import annotations

import pytest

from bhyve_grammar import parse_command
from bhyve_words import AMD64_FLAGS, ARM64_FLAGS, DEVICE_KEYS, PC_DEVICES

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
    assert parse_command([*ARM, "-o", "console=/dev/ttyu1", "web1"], "15.0", "arm64").variables


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
        ["-l", "com1,/dev/null"],
        ["-l", "com5,/dev/nmdm1A"],
        ["-o", "vcpu.2.cpuset=1"],
        ["-o", "vcpu.0.cpusets=1"],
        ["-c", "cpus=2,sockets=1,cores=2,threads=1"],
        ["-A"],
        ["-f", "opt/a,string=b"],
        ["-f", "opt/a,text=b", "-o", "lpc.fwcfg=qemu"],
        ["-f", "opt/a,string=b", "-o", "lpc.fwcfg=bhyve"],
        ["-o", "lpc.fwcfg=other"],
        ["-l", "fwcfg,qemu"],
        ["-S", "-s", "3,passthru,2/0/0,bootindex=1", "-o", "lpc.fwcfg=qemu"],
        ["-s", "0:3:0,virtio-net,web0,type=tap,mac=58:9c:fc:00:00:01"],
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


def refused(words: list[str], release: str, arch: str = "amd64") -> str:
    """What the parser says of words added to a complete command."""
    base = [*GOOD, *words, *ROM] if arch == "amd64" else [*ARM, *words]
    with pytest.raises(ValueError, match=r"\S") as caught:
        parse_command([*base, "web1"], release, arch)
    return str(caught.value)


def taken(words: list[str], release: str, arch: str = "amd64") -> bool:
    base = [*GOOD, *words, *ROM] if arch == "amd64" else [*ARM, *words]
    return bool(parse_command([*base, "web1"], release, arch))


BOUNDARIES = [
    ("13.5", "14.0", ["-s", "3,virtio-input,/dev/input/event2"]),
    ("13.5", "14.0", ["-S", "-s", "3,passthru,2/0/0,rom=/rom"]),
    ("13.5", "14.0", ["-l", "tpm,passthru,/dev/tpm0,version=2.0"]),
    ("13.5", "14.0", ["-o", "lpc.fwcfg=qemu"]),
    ("13.5", "14.0", ["-o", "lpc.fwcfg=qemu", "-f", "opt/a,string=b"]),
    ("13.5", "14.0", ["-o", "lpc.fwcfg=qemu", "-s", f"{DISK},ser=a,bootindex=1"]),
    ("13.5", "14.0", ["-o", "system.sku=1"]),
    ("14.4", "15.0", ["-l", "tpm,swtpm,/var/run/a.sock,version=2.0"]),
    ("14.4", "15.0", ["-l", "com2,tcp=127.0.0.1:7001"]),
    ("14.4", "15.0", ["-s", "3,virtio-net,slirp,mac=58:9c:fc:00:00:01"]),
    ("14.4", "15.0", ["-n", "id=0,size=1G,cpus=0-1"]),
    ("14.4", "15.0", ["-s", "29,fbuf,tcp=127.0.0.1:5900,w=3840,h=2160,vga=io"]),
    ("15.0", "15.1", ["-s", "29,fbuf,rfb=unix:/var/run/a.sock,w=800,h=600,vga=io"]),
    ("15.0", "15.1", ["-s", "3,virtio-net,slirp,open,mac=58:9c:fc:00:00:01"]),
]
"""The last release without, the first with, and the words (bhyve(8))."""


@pytest.mark.parametrize(("before", "since", "words"), BOUNDARIES, ids=lambda value: str(value))
def test_words_of_a_later_release_are_refused(before: str, since: str, words: list[str]) -> None:
    assert refused(words, before)
    assert taken(words, since)


def test_before_14_there_are_16_vcpus() -> None:
    words = ["-A", "-c", "cpus=17,sockets=17,cores=1,threads=1", *TAIL, *ROM, "web1"]
    assert parse_command(words, "14.0", "amd64").cpus == 17
    with pytest.raises(ValueError, match="vCPUs"):
        parse_command(words, "13.5", "amd64")


def test_from_15_acpi_cannot_be_switched_off() -> None:
    words = ["-c", "cpus=1,sockets=1,cores=1,threads=1", *TAIL, *ROM, "web1"]
    assert parse_command(words, "14.4", "amd64").flags == set()
    with pytest.raises(ValueError, match="-A"):
        parse_command(words, "15.0", "amd64")


def words_with(emulation: str, key: str, value: str) -> list[str]:
    """A device with one key; what it needs besides is there."""
    first = {
        **dict.fromkeys(("virtio-blk", "ahci-hd", "nvme"), "/dev/da1,ser=a"),
        **dict.fromkeys(("ahci-cd", "virtio-input"), "/dev/da1"),
        **dict.fromkeys(("virtio-net", "e1000"), "tap0,mac=58:9c:fc:00:00:01"),
        "virtio-scsi": "/dev/cam/ctl",
        "virtio-9p": "a=/srv",
        "virtio-console": "a=/var/run/a.sock",
        "ahci": "hd:/dev/da1,ser=a",
        "passthru": "2/0/0",
        "fbuf": "tcp=127.0.0.1:5900,w=800,h=600,vga=io",
    }.get(emulation, "")
    return ["-S", "-s", ",".join(filter(None, ("9", emulation, first, f"{key}={value}" if value else key)))]


@pytest.mark.parametrize("emulation", sorted(DEVICE_KEYS))
@pytest.mark.parametrize(("key", "value"), [("colour", "red"), ("colour", ""), ("ser", "a b"), ("mac", "x")])
def test_every_device_refuses_keys_that_it_does_not_have(emulation: str, key: str, value: str) -> None:
    assert refused(words_with(emulation, key, value), "15.1")


@pytest.mark.parametrize(("emulation", "key"), [(each, key) for each, keys in DEVICE_KEYS.items() for key in keys])
def test_every_key_has_one_form(emulation: str, key: str) -> None:
    """A key with a value does not stand without one, nor the other way round, and none holds a comma or a percent."""
    form = DEVICE_KEYS[emulation][key]
    assert refused(words_with(emulation, key, "" if form is not None else "1"), "15.1")
    for text in ("a,b", "a%b", "a\\b", ""):
        assert form is None or form.fullmatch(text) is None


@pytest.mark.parametrize("address", ["32", "0:32:0", "256:1:0", "1:8", "0:1:8", "-1", "a", "1:2:3:4", "", "1.0"])
def test_addresses_are_within_their_bounds(address: str) -> None:
    assert refused(["-s", f"{address},virtio-rnd"], "15.1")


@pytest.mark.parametrize("slot", range(32))
def test_every_slot_is_taken_once(slot: int) -> None:
    words = ["-s", f"{slot},virtio-rnd"]
    if slot in (0, 31):
        assert "occupied" in refused(words, "15.1")
    else:
        assert taken(words, "15.1")
        assert "occupied" in refused(words * 2, "15.1")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["-s", "30,lpc"], "second lpc"),
        (["-Y", "-s", "1:0:0,lpc"], "beyond bus 0"),
        (
            ["-s", "29,fbuf,tcp=127.0.0.1:1,w=800,h=600,vga=io", "-s", "28,fbuf,tcp=127.0.0.1:2,w=800,h=600,vga=io"],
            "second",
        ),
        (["-s", "3,virtio-rnd", "-k", "/a", "-s", "4,virtio-rnd"], "behind -k"),
        (["-l", "com1,/dev/nmdm-a.1A", "-l", "com1,/dev/nmdm-b.1A"], "com1 twice"),
        (["-l", "com1,/dev/nmdm-a.1A", "-l", "com2,/dev/nmdm-a.1A"], "two serial ports"),
        (["-l", "bootrom,/a"], "bootrom twice"),
        (["-A"], "-A twice"),
        (["-s", "3:1,virtio-rnd"], "no function 0"),
        (["-s", "3,virtio-console,a=/a,a=/b"], "two ports of one name"),
        (["-s", "3,virtio-console," + ",".join(f"p{number}=/p{number}" for number in range(17))], "ports"),
        (["-s", "3,ahci,hd:/dev/da1"], "serial"),
        (["-s", "3,ahci,sd:/dev/da1,ser=a"], "ports"),
        (["-s", "3,virtio-net,netgraph,path=a:,mac=58:9c:fc:00:00:01"], "lacks"),
        (["-s", "3,virtio-net,vale0:averylongport,mac=58:9c:fc:00:00:01"], "too long"),
        (["-s", "3,nvme,ram=0,ser=a"], "backend"),
        (["-n", "id=0,size=1G,cpus=0"], "each vCPU"),
        (["-n", "id=8,size=1G,cpus=0-1"], "domain"),
        (["-U", UUID], "UUID"),
        (["-m", "1G"], "memory"),
        (["-m", "1.5G"], "memory"),
    ],
)
def test_rules_of_the_whole_command(words: list[str], fault: str) -> None:
    assert fault in refused(words, "15.1")


@pytest.mark.parametrize("emulation", sorted(PC_DEVICES))
def test_devices_of_a_pc_are_refused_on_arm64(emulation: str) -> None:
    assert refused(words_with(emulation, "", ""), "15.1", "arm64") == f"no {emulation} on arm64"


@pytest.mark.parametrize("flag", sorted(AMD64_FLAGS - ARM64_FLAGS))
def test_flags_of_a_pc_are_refused_on_arm64(flag: str) -> None:
    assert "arm64" in refused([f"-{flag}"], "15.1", "arm64")


def test_a_loader_stands_for_the_rom() -> None:
    words = [*GOOD, "-s", "0:31:0,lpc", "web1"]
    assert parse_command(words, "14.3", "amd64", loaded=True)
    with pytest.raises(ValueError, match="no boot ROM"):
        parse_command(words, "14.3", "amd64")
    with pytest.raises(ValueError, match="a loader"):
        parse_command([*GOOD, *ROM, "web1"], "14.3", "amd64", loaded=True)
