"""What a scenario can do to the stand-in host: fill a file system, replace files under readers, step the clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.checks import check, says
from host.play import HIVECTL
from host.sandbox import SHELLS, Host, SandboxError

pytest_plugins = ["host.fixtures"]

WRITES = "mkdir /var/x; echo one >/var/x/a; printf two >>/var/x/a; cp /var/x/a /var/x/b; mkfifo /var/x/p; echo >/tmp/c"
SEEN = ["create /var/x", "create /var/x/a", "write /var/x/a", "write /var/x/a", "create /var/x/b", "write /var/x/b"]
SEEN += ["create /var/x/p"]


def fill(host: Host, write: int, **more: object) -> None:
    host.call("fill_at", write=write, **more)


@pytest.mark.parametrize("shell", SHELLS)
def test_each_write_is_counted(shell: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty(shell, counted=True)
    fill(host, 0)
    check(host, WRITES, 0)
    assert host.call("writes") == SEEN
    assert host.call("writes") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_chosen_write_fails_and_no_other(shell: str, open_empty: Callable[..., Host]) -> None:
    for number, verb in enumerate(SEEN, 1):
        host = open_empty(shell, counted=True)
        fill(host, number)
        outcome = host.run("/bin/sh", "-c", WRITES)
        said = [line for line in host.transcript() if line.endswith("No space left on device")]
        assert [line.split("  ")[-1] for line in said] == [f"{verb}: No space left on device"]
        assert host.path("/tmp/c").exists(), outcome
        if number == 2:
            assert host.path("/var/x/a").read_text() == "two"
        if number == 3:
            assert host.path("/var/x/a").read_text() == "two"
            assert "rror" in outcome.err or "No space" in outcome.err


@pytest.mark.parametrize("shell", SHELLS)
def test_a_failing_redirection_has_a_status(shell: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty(shell, counted=True)
    fill(host, 2)
    check(host, "echo kept >/tmp/old; echo a >/var/a || echo failed; ls /var/a; cat /var/a", 0, "failed\n/var/a\n")
    fill(host, 1, count=0)
    check(host, "(: >/var/b) || echo first; (: >/var/c) || echo second; : >/var/a && echo emptied", 0, "emptied")
    assert host.call("writes") == ["create /var/b", "create /var/c"]
    fill(host, 1, path="/tmp", count=1)
    check(host, "mkdir /tmp/x || mkdir /tmp/y && [ ! -e /tmp/x ] && ls -d /tmp/y", 0)


def test_commands_that_the_server_plays_count_as_well(open_empty: Callable[..., Host]) -> None:
    host = open_empty(counted=True, urls={"https://images.example.net/a": "a"})
    for script in (
        "truncate -s 1M /var/f",
        "fetch -q -o /var/f https://images.example.net/a",
        "mkdir /tmp/t; makefs -t cd9660 /var/f /tmp/t",
        "dd if=/etc/rc.conf of=/var/f status=none",
    ):
        fill(host, 1, count=0)
        check(host, script, 1, "/var/f", "No space left on device")
        fill(host, 0)
        check(host, f"{script}; rm /var/f", 0)


def test_a_full_file_system_ends_the_log_of_a_daemon_and_not_the_daemon(open_empty: Callable[..., Host]) -> None:
    host = open_empty(counted=True)
    fill(host, 2, path="/var/log", count=0)
    check(host, "daemon -f -o /var/log/l -P /tmp/l sh -c 'echo said; sleep 5; echo done >/tmp/done'", 0)
    host.advance(10)
    assert host.path("/tmp/done").exists()
    assert host.path("/var/log/l").read_text() == ""


def test_a_host_that_is_not_counted_says_so(open_empty: Callable[..., Host]) -> None:
    host = open_empty()
    with pytest.raises(SandboxError, match="counted=True"):
        fill(host, 1)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_writes_of_a_start_are_the_same_each_time(shell: str, open_host: Callable[..., Host]) -> None:
    counts = []
    for _ in range(2):
        host = open_host(shell, counted=True)
        fill(host, 0)
        assert host.run(HIVECTL, "start", "web1").status == 0
        host.advance(10)
        assert host.run(HIVECTL, "stop", "web1").status == 0
        counts.append(host.call("writes"))
    assert counts[0] == counts[1]
    assert len(counts[0]) > 20


def test_a_setting_that_there_is_not_is_refused(open_empty: Callable[..., Host]) -> None:
    with pytest.raises(SandboxError, match=r"no settings \['zvoldelay'\]"):
        open_empty(zvoldelay=3)


def test_files_are_replaced_when_a_command_runs(open_empty: Callable[..., Host]) -> None:
    host = open_empty()
    script = "#!/bin/sh\nsleep 1\nsleep 2\n. /tmp/part\n"
    host.path("/tmp/script").write_text(script)
    host.path("/tmp/script").chmod(0o755)
    host.path("/tmp/part").write_text("echo old\n")
    host.call("replace_at", command=2, files={"/tmp/part": "echo new\n", "/tmp/script": "#!/bin/sh\necho other\n"})
    says(host, "/tmp/script", "new\n")
    assert host.path("/tmp/script").stat().st_mode & 0o777 == 0o755
    says(host, "/tmp/script", "other\n")


@pytest.mark.parametrize("shell", ["dash", "lksh", "busybox"])
def test_a_script_overwritten_in_place_goes_on_with_the_new_bytes(shell: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty(shell)
    text = f"#!/bin/sh\nsleep 1\n#{'x' * 70000}\necho old\n"
    for in_place, said in ((False, "old\n"), (True, "new\n")):
        host.path("/tmp/script").unlink(missing_ok=True)
        host.path("/tmp/script").write_text(text)
        host.path("/tmp/script").chmod(0o755)
        host.call("replace_at", command=1, files={"/tmp/script": text.replace("old", "new")}, in_place=in_place)
        says(host, "/tmp/script", said)


def test_files_vanish_when_a_command_runs(open_empty: Callable[..., Host]) -> None:
    host = open_empty()
    host.path("/tmp/a").write_text("")
    host.call("unlink_at", command=3, paths=["/tmp/a"])
    says(host, "ls /tmp/a; ls /tmp/a; ls /tmp/a 2>/dev/null", "/tmp/a\n/tmp/a\n", status=1)


def test_the_wall_clock_jumps_and_timers_do_not(open_empty: Callable[..., Host]) -> None:
    host = open_empty()
    host.spawn("/bin/sh", "-c", "date +%s; sleep 100; date +%s; sleep 900 & pwait -t 50 $!; date +%s", name="a")
    host.advance(10)
    host.call("set_clock", seconds=3600)
    host.advance(100)
    host.call("set_clock", seconds=-7200)
    assert host.wait("a").out == "1000000000\n1000003700\n999996550\n"
    check(host, "sysctl -n kern.boottime", 0, "{ sec = 999996400, usec = 0 }")
    check(host, "timeout 5 sleep 9; date +%s", 0, "999996555\n")
