"""The stand-ins behave as the real commands were seen to behave on FreeBSD 14."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host.checks import BHYVE, DEVICES, check
from host.sandbox import Host, SandboxError, find


@pytest.fixture
def host(empty_host: Host) -> Host:
    """An empty host with dash, its modules loaded."""
    assert empty_host.run("kldload", "-n", "vmm", "nmdm").status == 0
    return empty_host


def test_only_tests_of_the_stand_ins_may_give_bhyve_what_it_misreads(host: Host, tmp_path: Path, standin: Path) -> None:
    loose = f"{BHYVE} -s 3,virtio-rnd,colour=red a"
    host.guest("a", {"end": "poweroff", "after": 5})
    check(host, loose, 1)
    (tmp_path / "strict").mkdir()
    strict = Host(tmp_path / "tree", tmp_path / "strict", standin, "dash", modules=["vmm"])
    try:
        check(strict, loose, 64, "the strict parser refuses", "topology")
    finally:
        strict.close()


def test_a_failing_create_leaves_its_interface(host: Host) -> None:
    check(host, "ifconfig tap create name tap-1234567890123 up", 1, "tap0\n", "File name too long")
    check(host, "ifconfig tap create name tap-a group vm1 mtu 9000 up", 1, "tap-a\n", "may not end in a digit")
    check(host, "ifconfig tap-a", 0, "mtu 1500")
    check(host, "ifconfig tap create name tap-a", 1, "tap2\n", "File exists")
    check(host, "[ -c /dev/tap-a ] && [ -c /dev/tap1 ]", 0)
    check(host, "ifconfig tap-a destroy && ifconfig tap-a", 1, "interface tap-a does not exist")


def test_a_bridge_refuses_what_it_cannot_add(host: Host) -> None:
    check(host, "ifconfig bridge create name br-a up && ifconfig bridge create name br-b up", 0, "br-a\nbr-b\n")
    check(host, "ifconfig tap create name tap-a mtu 9000 up && ifconfig br-b addm ix0 && ifconfig br-b addm tap-a", 0)
    check(host, "ifconfig tap-a", 0, "mtu 1500")
    check(host, "ifconfig br-b addm tap-a", 1, "File exists")
    check(host, "ifconfig br-a addm tap-a", 1, "Device busy")
    check(host, "ifconfig br-a addm tap-x", 1, "No such file or directory")
    check(host, "ifconfig br-x addm tap-a", 1, "interface br-x does not exist")
    check(host, "ifconfig br-b destroy && ifconfig tap-a", 0)


def test_a_tap_held_by_bhyve_blocks_its_destroyer(host: Host) -> None:
    check(host, "ifconfig tap create name tap-a", 0)
    host.guest("a", {"acpi": None, "end": "poweroff", "after": 50})
    host.spawn("/bin/sh", "-c", f"{BHYVE} -s 3,virtio-net,tap-a a", name="vm")
    host.advance(1)
    check(host, "timeout 5 ifconfig tap-a destroy", 124)
    assert host.wait("vm").status == 1
    assert not [line for line in host.state() if line.startswith("interface tap")]


def test_the_context_stays_until_it_is_destroyed(host: Host) -> None:
    check(host, f"{BHYVE} -s 3,virtio-blk,/missing a", 4, "No such file")
    check(host, "[ -e /dev/vmm/a ]", 0)
    check(host, f"{BHYVE} a", 4, "vm_reinit: Device busy")
    check(host, "bhyvectl --destroy --vm=a && [ ! -e /dev/vmm ]", 0)
    check(host, "bhyvectl --destroy --vm=a", 1, "could not be opened")


@pytest.mark.parametrize(
    ("end", "status"), [("reboot", 0), ("poweroff", 1), ("halt", 2), ("triple", 3), ("error", 4), ("abort", 134)]
)
def test_bhyve_says_how_the_guest_ended(host: Host, end: str, status: int) -> None:
    host.guest("a", {"end": end})
    check(host, f"{BHYVE} a", status)
    assert "context a" in host.state()


def test_bhyve_reads_its_arguments_strictly(host: Host) -> None:
    check(host, "bhyve -Z a", 1, "illegal option")
    check(host, "bhyve -A", 1)
    check(host, "bhyve -c 4,cores=2 a", 4, "Topology (4 sockets, 2 cores, 1 threads) does not match 4 vCPUs")
    check(host, "bhyve -c cpu=4 a", 64)
    check(host, "bhyve -s 3,hostbridge -s 3,lpc a", 4, "already occupied")
    check(host, "bhyve -s 3,virtio-foo a", 4, "unknown device")
    check(host, f"{BHYVE} -s 3,virtio-net,tap-a a", 4, "No such file")
    check(host, "bhyvectl --destroy --vm=a", 0)
    check(host, f"{BHYVE} -l com1,stdio a </dev/null", 134)
    check(host, f"bhyvectl --destroy --vm=a; {BHYVE} -l bootrom,/missing a", 4, "Error opening bootrom")


def test_sigterm_is_the_power_button_once_acpi_is_on(host: Host) -> None:
    script = f"{BHYVE} a & p=$!; sleep $0; kill -TERM $p; wait $p; s=$?; bhyvectl --destroy --vm=a; exit $s"
    host.guest("a", {"acpi": 5}, {"acpi": 5})
    assert host.run("/bin/sh", "-c", script, "1").status == 143
    assert host.run("/bin/sh", "-c", script, "9").status == 1


def test_a_guest_may_ignore_the_button(host: Host) -> None:
    host.guest("a", {"acpi": 0, "ignore": 1})
    script = f"{BHYVE} a & p=$!; sleep 1; kill $p; pwait -t 60 $p; echo first $?; kill $p; pwait -t 60 $p; echo then $?"
    check(host, script, 0, "first 124", "then 0")


def test_destroy_under_a_live_guest_kills_it(host: Host) -> None:
    check(host, f"{BHYVE} a & p=$!; sleep 9; bhyvectl --destroy --vm=a; echo destroy $?; wait $p", 1, "destroy 0")


def test_a_second_bhyve_of_a_name_is_refused(host: Host) -> None:
    check(host, f"{BHYVE} a & sleep 1; {BHYVE} a; echo second $?; kill -9 $!; wait", 0, "second 4")
    check(host, "pgrep -fx 'bhyve: a'", 1)
    check(host, f"{BHYVE} a", 4, "Device busy")


def test_an_orphan_is_found_by_its_title(host: Host) -> None:
    host.spawn("/bin/sh", "-c", f"{BHYVE} a & wait", name="vm")
    host.advance(1)
    host.call("kill", target="operator vm")
    assert host.wait("vm").status == -9
    check(host, "pgrep -fx 'bhyve: a'", 0)


def test_daemon_holds_a_lock_that_cannot_go_stale(host: Host) -> None:
    check(host, "daemon -f -P /tmp/l -p /tmp/c sleep 100; echo first $?", 0, "first 0")
    check(host, "daemon -f -P /tmp/l sleep 100", 3, "process already running, pid: ")
    check(host, "kill -0 $(cat /tmp/l) && kill -0 $(cat /tmp/c)", 0)
    check(host, "kill -9 $(cat /tmp/l); sleep 1; kill -0 $(cat /tmp/c) && daemon -f -P /tmp/l sleep 5", 0)
    host.advance(10)
    check(host, "[ ! -e /tmp/l ]", 0)


def test_daemon_forwards_sigterm_and_ends_before_its_child(host: Host) -> None:
    script = "exec >/tmp/o; trap 'sleep 5; echo caught; exit' TERM; echo up; sleep 50 & wait"
    check(host, f'daemon -f -m 0 -P /tmp/l sh -c "{script}"', 0)
    host.advance(1)
    check(
        host, "kill $(cat /tmp/l); sleep 1; [ ! -e /tmp/l ] && cat /tmp/o; sleep 9; cat /tmp/o", 0, "up\nup\ncaught\n"
    )


def test_daemon_buffers_what_its_child_says(host: Host) -> None:
    check(
        host,
        "daemon -P /tmp/l sh -c 'echo late; sleep 9' >/tmp/o; sleep 1; cat /tmp/o; echo --; sleep 9; cat /tmp/o",
        0,
        "--\nlate\n",
    )
    check(
        host, "daemon -m 0 -P /tmp/l sh -c 'echo soon; sleep 9' >/tmp/o; sleep 1; cat /tmp/o; echo --", 0, "soon\n--\n"
    )
    check(host, "daemon -o /tmp/p -P /tmp/m sh -c 'echo soon; sleep 9'; sleep 1; cat /tmp/p", 0, "soon\n")


def test_lockf_reports_a_held_lock(host: Host) -> None:
    check(host, "lockf -k /tmp/l sh -c 'exit 7'", 7)
    check(host, "lockf -k /tmp/l sleep 9 & sleep 1; lockf -k -s -t 0 /tmp/l true", 75)
    check(host, "lockf -k -t 20 /tmp/l true", 0)


def test_pwait_tells_the_end_from_a_timeout(host: Host) -> None:
    check(host, "sleep 30 & pwait -t 1 $!", 124)
    check(host, "sleep 30 & pwait -t 100 $!", 0)
    check(host, "pwait -t 1 99999", 0, "No such process")


def test_a_volume_appears_late_and_only_on_its_pool(open_empty: Callable[..., Host]) -> None:
    host = open_empty(volmode_race="late")
    check(host, "zfs create -p -V 1G -o volmode=dev zroot/vms/a/root && [ ! -e /dev/zvol ] && sleep 3", 0)
    check(host, "[ -c /dev/zvol/zroot/vms/a/root ] && zfs get -Hp -o value volsize zroot/vms/a/root", 0, "1073741824")
    check(host, "zfs create -V 1G zroot/vms/a/root", 1, "already exists")
    check(host, "zfs create -V 1G tank/a", 1, "no such pool 'tank'")
    check(host, "zfs create -V 1G zroot/b/c", 1, "parent does not exist")
    host.call("pool", name="zroot", imported=False)
    check(host, "[ -e /dev/zvol/zroot/vms/a/root ] || zfs list zroot/vms/a/root", 1, "dataset does not exist")


def test_files_have_freebsd_tools(host: Host) -> None:
    check(host, "truncate -s 2G /tmp/a && truncate -s +1G /tmp/a && stat -f %z /tmp/a", 0, "3221225472\n")
    check(
        host,
        "umask 77; mkdir /tmp/t; echo hi > /tmp/t/user-data; makefs -t cd9660 -o rockridge,label=cidata /tmp/i /tmp/t",
        0,
    )
    check(host, "stat -f '%Lp %N' /tmp/i", 0, "600 /tmp/i")
    check(host, "printf abc > /tmp/x; sha256 -q /tmp/x", 0, "ba7816bf")
    check(host, "cp --sparse=always /tmp/x /tmp/y", 1, "illegal option")
    check(host, "fetch -q -o /tmp/z https://example.net/z", 1, "Not Found")


def test_the_host_answers_questions(host: Host) -> None:
    check(host, "route -n get default", 0, "  interface: ix0\n")
    check(host, "kldload -n if_bridge && kldstat -q -m if_bridge", 0)
    check(host, "kldload if_bridge", 1, "already loaded")
    check(host, "sysctl -n hw.ncpu", 0, "32\n")
    check(host, "date +%s; sleep 90; date +%s", 0, "1000000000\n1000000090\n")
    check(host, "nc -z -w 2 192.0.2.20 5432", 1)
    check(host, "hostname", 0, "alpha\n")


def test_linux_is_not_there(host: Host) -> None:
    check(host, "for i in python3 systemctl ip gcc perl flock; do command -v $i && exit 1; done; true", 0)
    check(host, "[ ! -e /proc/1 ]", 0)


def test_nothing_inside_has_privilege(host: Host) -> None:
    check(host, "grep CapEff /.linux/proc/self/status", 0, "\t0000000000000000\n")
    check(host, "id -u", 0, "0\n")


def test_a_machine_without_bubblewrap_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SandboxError, match="package bubblewrap"):
        find("bwrap")


def test_a_guest_without_a_rom_is_loaded_before_each_run(host: Host) -> None:
    host.path("/tmp/disk").write_text("")
    host.path("/tmp/device.map").write_text("(hd0) /tmp/disk\n")
    load = "bhyveload -c /dev/nmdm-a.1A -m 1G -d /tmp/disk a"
    grub = "grub-bhyve -c /dev/nmdm-a.1A -m /tmp/device.map -r hd0,msdos1 -M 1G a"
    host.guest("a", *[{"end": "reboot", "after": 60}] * 3)
    check(host, f"bhyve {DEVICES} a", 4, "cannot be booted")
    check(host, f"{load} && bhyve {DEVICES} a", 0)
    check(host, f"bhyve {DEVICES} a", 4, "vm_reinit: Device busy")
    check(host, f"{load} && bhyve {DEVICES} a", 0)
    check(host, grub, 1, "File exists")
    check(host, f"bhyvectl --destroy --vm=a; {grub} && bhyve {DEVICES} a; bhyvectl --destroy --vm=a", 0)
    check(host, "bhyveload -c /dev/nmdm-a.1A -m 1G -d /missing a", 1, "Could not open")
    check(host, "bhyveload -c stdio -m 1G a </dev/null", 1, "cannot open stdio")
    check(host, grub.replace("hd0,msdos1", "hd1"), 1, "no such device")
