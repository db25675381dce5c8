"""Small commands of the stand-in host have the statuses and words that FreeBSD's were seen to have."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from host.checks import check, says
from host.sandbox import Host, HostFaultError

pytest_plugins = ["host.fixtures"]

RULE = 'notify 10 {\n\tmatch "system" "DEVFS";\n\taction "/usr/bin/true $cdev";\n};\n'


@pytest.fixture
def host(open_empty: Callable[..., Host]) -> Host:
    """A host with dash."""
    return open_empty(sysctl={"kern.racct.enable": "1"})


def test_lockf_has_a_status_for_each_trouble(host: Host) -> None:
    check(host, "lockf -k /missing/l true", 73, "lockf: cannot open /missing/l: No such file or directory")
    check(host, "lockf -n /tmp/l true", 69, "lockf: /tmp/l: No such file or directory")
    says(host, "lockf -n -s /tmp/l true", "", status=69)
    check(host, "lockf /tmp/l sh -c 'kill -9 $$'", 70)
    check(host, "lockf /tmp/l /missing/command", 1, "No such file or directory")
    check(host, "lockf -k /tmp/l true && [ -e /tmp/l ] && lockf /tmp/l true && [ ! -e /tmp/l ]", 0)
    check(host, "lockf -k /tmp/l sleep 50 & sleep 1; kill -9 $!; lockf -k -s -t 0 /tmp/l true", 0)


def test_daemon_of_a_missing_command_succeeds(host: Host) -> None:
    check(host, "daemon -f /missing/command", 0)
    check(host, "daemon -f -p /tmp/p /missing/command; s=$?; sleep 1; [ ! -e /tmp/p ] && exit $s", 0)


def test_pkill_tells_a_stale_file_from_another_process(host: Host) -> None:
    pkill = "pkill -KILL -F /tmp/p -fx -u 0 -j none 'sleep 50'"
    check(host, pkill, 3, "Cannot open pidfile `/tmp/p': No such file or directory")
    check(host, f": >/tmp/p; {pkill}", 3, "is empty")
    check(host, f"echo 99999 >/tmp/p; {pkill}", 3, "Cannot get process list (No such process)")
    check(host, f"sleep 60 & echo $! >/tmp/p; {pkill}", 1)
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("pkill", "bhyve")


def test_pwait_waits_for_all(host: Host) -> None:
    check(host, "sleep 5 & a=$!; sleep 20 & pwait -t 10 $a $!", 124)
    check(host, "pwait 99999", 0, "No such process")


def test_rctl_refuses_what_the_kernel_cannot_do(host: Host) -> None:
    check(host, "rctl -a process:$$:pcpu:throttle=50", 1, "Operation not supported")
    check(host, "rctl -a process:$$:readbps:deny=50", 1, "Operation not supported")
    check(host, "rctl -a process:$$:readbps:throttle=50 && rctl process:$$", 0, ":readbps:throttle=50")
    says(host, "rctl", "")
    check(host, "rctl -r process:$$", 1, "failed to remove rule")
    check(
        host, "rctl -a process:$$:readbps:throttle=50; rctl -r process:$$ && rctl -r process:$$", 1, "No such process"
    )


def test_rctl_needs_racct(open_empty: Callable[..., Host]) -> None:
    check(open_empty(), "rctl", 1, "RACCT/RCTL present, but disabled")


def test_a_killed_cu_leaves_a_lock(host: Host) -> None:
    check(host, "mkdir -p /var/spool/lock; : >/dev/nmdm1B; echo 99999 >/var/spool/lock/LCK..nmdm1B", 0)
    check(host, "cu -l /dev/nmdm1B", 0, "Stale lock on nmdm1B PID=99999... overriding.")
    says(host, "cu -l /dev/nmdm1B", "")
    check(host, "echo $$ >/var/spool/lock/LCK..nmdm1B; cu -l /dev/nmdm1B", 1, "cu: all ports busy")
    check(host, "cu -l /dev/nmdm2B", 1, "/dev/nmdm2B: No such file or directory")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RULE.replace("true $cdev", 'true \\"x\\"'), 3),
        (RULE.replace('"DEVFS"', '""'), 2),
        (RULE.replace("};", "}"), 5),
        (RULE.replace("notify 10", "notify"), 1),
        (RULE.replace("action", "akction"), 3),
        (RULE + "/* open", 5),
    ],
)
def test_devd_does_not_start_with_a_file_that_it_cannot_parse(host: Host, text: str, line: int) -> None:
    folder = host.path("/usr/local/etc/devd")
    folder.mkdir(parents=True)
    (folder / "ours.conf").write_text(f"# ours\n{RULE}")
    check(host, "service devd restart && service devd status", 0)
    (folder / "ours.conf").write_text(text)
    check(host, "service devd restart", 1, f"Cannot parse /usr/local/etc/devd/ours.conf at line {line}")
    check(host, "service devd status", 1, "devd is not running")


def test_ps_counts_the_seconds_of_a_process_whatever_the_clock_says(host: Host) -> None:
    host.spawn("/bin/sh", "-c", "sleep 5; ps -o etimes= -p $$; sleep 5; ps -o etimes= -p $$", name="a")
    host.advance(7)
    host.call("set_clock", seconds=-5000)
    assert host.wait("a").out.split() == ["5", "10"]
    check(host, "ps -o etimes= -p 99999", 1)
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("ps", "aux")
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("ps", "-o", "pid=,time=", "-p", "1")


def test_the_server_is_quick_with_a_stopped_process(host: Host) -> None:
    began = time.monotonic()
    check(host, "sleep 50 & kill -STOP $!; sleep 500; kill -CONT $!; wait", 0)
    assert time.monotonic() - began < 20


def test_images_are_unpacked_and_converted(host: Host) -> None:
    frame = r"\050\265\057\375\040\003\031\000\000abc"
    says(host, f"printf '{frame}' >/tmp/i; zstd -dc /tmp/i", "abc")
    says(host, f"printf '\\120\\052\\115\\030\\001\\000\\000\\000-{frame}' >/tmp/i; zstd -dc /tmp/i", "abc")
    check(host, "zstd -dc /tmp/missing", 1, "No such file or directory")
    check(host, "printf abc >/tmp/i; zstd -dc /tmp/i", 1, "unsupported format")
    convert = "qemu-img convert -f qcow2 -O raw /tmp/i /tmp/o"
    check(host, convert, 1, "Could not open '/tmp/i': Image is not in qcow2 format")
    image = "printf 'QFI\\373\\000\\000\\000\\003'; dd if=/dev/zero bs=96 count=1 2>/dev/null; printf abc"
    says(host, f"{{ {image}; }} >/tmp/i; {convert} && cat /tmp/o", "abc")
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("qemu-img", "info", "/tmp/i")
