"""The stand-in host tells disks by what they are, and says when two guests write one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.checks import BHYVE, check, lines, runs, says
from host.sandbox import SHELLS, Host, HostFaultError

pytest_plugins = ["host.fixtures"]

TARGETS = {"iqn.2026-01.net.example:a": {"portal": "192.0.2.5", "luns": [0, 1]}}
ALIASES = "mkdir -p /usr/home /srv && ln -s /usr/home /home && truncate -s 1M /usr/home/alice &&"
ALIASES += "ln /usr/home/alice /srv/hard && ln -s ../home/alice /srv/soft"
NAMES = ["/home/alice", "/srv/hard", "/srv/soft"]


@pytest.fixture
def host(open_empty: Callable[..., Host]) -> Host:
    """A host with a file of four names, two volumes and a plain file."""
    host = open_empty()
    check(host, ALIASES, 0)
    check(host, "zfs create -V 1G zroot/a && zfs create -V 1G zroot/b && truncate -s 1M /srv/other", 0)
    return host


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_itself_by_every_name(shell: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty(shell)
    check(host, ALIASES, 0)
    for name in NAMES:
        check(host, f"[ /usr/home/alice -ef {name} ]", 0)
        says(host, f"stat -L -f %d:%i /usr/home/alice {name} | uniq | wc -l | tr -d ' '", "1\n")
    check(host, "zfs create -V 1G zroot/a; zfs create -V 1G zroot/b; [ /dev/zvol/zroot/a -ef /dev/zvol/zroot/b ]", 1)
    check(host, "ln -s /dev/zvol/zroot/a /srv/v && [ /srv/v -ef /dev/zvol/zroot/a ] && [ -c /srv/v ]", 0)
    says(host, "stat -f %HT /dev/zvol/zroot/a /srv /srv/v", "Character Device\nDirectory\nSymbolic Link\n")
    check(host, "stat -L -f %i /dev/zvol/zroot/a /dev/zvol/zroot/b | uniq -d | grep .", 1)


def second(host: Host, words: str) -> None:
    """Start a second guest."""
    host.guest("b", {"end": "poweroff"})
    host.run("/bin/sh", "-c", f"{BHYVE} {words} b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("-s 3,virtio-blk,/usr/home/alice", f"-s 4,nvme,{name}") for name in NAMES),
        ("-s 3,virtio-blk,/dev/zvol/zroot/a", "-s 3,ahci-hd,/dev/zvol/zroot/a"),
        ("-s 3,virtio-blk,/srv/other", "-s 3,ahci,hd:/srv/other"),
        ("-s 3,virtio-blk,/srv/other", "-o pci.0.4.0.device=nvme -o pci.0.4.0.path=/srv/other"),
        ("-s 3,virtio-blk,/srv/other,ro", "-s 3,virtio-blk,/srv/other"),
        ("-s 3,virtio-blk,/srv/other", "-s 3,ahci-cd,/srv/other"),
    ],
)
def test_two_guests_on_one_disk_fail_the_scenario(host: Host, one: str, other: str) -> None:
    runs(host, "a", one)
    with pytest.raises(HostFaultError, match="two writers: guests a and b have /"):
        second(host, other)


def test_readers_share_a_disk_and_a_guest_that_is_gone_has_none(host: Host) -> None:
    runs(host, "a", "-s 3,virtio-blk,/srv/other,ro -s 4,virtio-blk,/dev/zvol/zroot/a")
    second(host, "-s 3,ahci-cd,/srv/../srv/other -s 4,virtio-blk,/dev/zvol/zroot/b")
    host.call("kill", target="bhyve a")
    host.wait("a")
    check(host, "bhyvectl --destroy --vm=b", 0)
    second(host, "-s 4,virtio-blk,/dev/zvol/zroot/a")


def test_the_wish_for_two_writers_is_respected(host: Host) -> None:
    runs(host, "a", "-s 3,virtio-blk,/srv/other")
    host.allow("two writers")
    second(host, "-s 3,virtio-blk,/srv/other")


def test_dd_to_the_disk_of_a_running_guest_fails_the_scenario(host: Host) -> None:
    runs(host, "a", "-s 3,virtio-blk,/dev/zvol/zroot/a")
    with pytest.raises(HostFaultError, match="two writers: dd writes /dev/zvol/zroot/a while guest a has it open"):
        host.run("dd", "if=/etc/rc.conf", "of=/dev/zvol/zroot/a")


def test_a_unit_of_iscsi_is_one_disk_by_two_sessions(open_empty: Callable[..., Host]) -> None:
    host = open_empty(targets=TARGETS, modules=["vmm", "nmdm", "iscsi"])
    text = "a { TargetAddress = 192.0.2.5\nTargetName = iqn.2026-01.net.example:a }\n"
    host.path("/root/iscsi.conf").write_text(text)
    check(host, "chmod 600 /root/iscsi.conf; iscsictl -A -n a -c /root/iscsi.conf && sleep 5", 0)
    check(host, "[ -c /dev/da0 ] && [ -c /dev/da1 ] && [ ! /dev/da0 -ef /dev/da1 ]", 0)
    runs(host, "a", "-s 3,virtio-blk,/dev/da0")
    with pytest.raises(HostFaultError, match="two writers"):
        second(host, "-s 3,virtio-blk,/dev/da0")


def test_the_variables_of_the_firmware_are_one_guests(host: Host) -> None:
    rom = "-l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd,/srv/vars"
    check(host, "cp /usr/local/share/uefi-firmware/BHYVE_UEFI_VARS.fd /srv/vars", 0)
    runs(host, "a", rom)
    with pytest.raises(HostFaultError, match="two writers: guests a and b have /srv/vars open"):
        second(host, rom)
    assert lines(host, "guest") == ["guest a"]


def test_dd_reads_and_writes_what_volumes_hold(host: Host) -> None:
    says(
        host,
        "printf hello | dd of=/dev/zvol/zroot/a status=none; dd if=/dev/zvol/zroot/a bs=5 count=1 status=none",
        "hello",
    )
    check(
        host, "zfs snapshot zroot/a@1 && zfs clone zroot/a@1 zroot/c && dd if=/dev/zvol/zroot/c bs=4 count=1", 0, "hell"
    )
    check(host, "dd if=/missing of=/tmp/x", 1, "dd: /missing: No such file or directory")
    check(
        host, "zfs create -V 16K zroot/s; head -c 20000 /dev/zero >/tmp/large; dd if=/tmp/large of=/dev/zvol/zroot/s", 1
    )
    says(host, "printf abc >/tmp/f; printf X | dd of=/tmp/f conv=notrunc status=none; cat /tmp/f", "Xbc")
