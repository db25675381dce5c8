"""The process budget: one start-to-stop cycle takes ten external commands, whatever else runs on the host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.play import HIVECTL
from host.sandbox import Host

BUDGET = 10
LIST_BUDGET = 5
WRITERS = 6
"""Here-documents of one verb that become long where there are many guests."""
FORKS = 12
"""Processes of a start until it returns, hivectl itself among them."""


def cycle(host: Host) -> list[str]:
    """The external commands of a start, a minute's run and a stop of a guest that was provisioned before."""
    for verb in ("start", "stop"):
        assert host.run(HIVECTL, verb, "web1").status == 0
    host.transcript()
    assert host.run(HIVECTL, "start", "web1").status == 0
    host.advance(60)
    assert host.run(HIVECTL, "stop", "web1").status == 0
    return [line.split(maxsplit=2)[2] for line in host.transcript()]


@pytest.mark.everyday
def test_a_cycle_takes_ten_commands(open_host: Callable[..., Host], capsys: pytest.CaptureFixture[str]) -> None:
    commands = cycle(open_host("dash"))
    with capsys.disabled():
        print(f"\nexternal commands of one start-to-stop cycle: {len(commands)} (budget {BUDGET})")
        print("\n".join(f"  {line}" for line in commands))
    assert len(commands) <= BUDGET


def last_process(host: Host) -> int:
    """The number of the last process that the sandbox made; they are counted from one (proc(5), loadavg)."""
    return int(host.run("/bin/sh", "-c", "read -r a b c d last </.linux/proc/loadavg; echo $last").out)


@pytest.mark.everyday
def test_a_start_makes_few_processes(open_host: Callable[..., Host], capsys: pytest.CaptureFixture[str]) -> None:
    host = open_host("dash")
    for verb in ("start", "stop"):
        assert host.run(HIVECTL, verb, "web1").status == 0
    host.advance(5)
    before = last_process(host)
    assert host.run(HIVECTL, "start", "web1").status == 0
    made = last_process(host) - before - 1
    with capsys.disabled():
        print(f"\nprocesses of one start until it returns: {made} (budget {FORKS})")
    assert made <= FORKS


def crowd(host: Host, others: int) -> None:
    """Let other guests run on the host."""
    if others:
        host.call("others", count=others)
        with host.path("/usr/local/etc/hivewright/host.conf").open("a") as stream:
            stream.write("wave 50\n" + "".join(f"vm other{number} autostart=yes\n" for number in range(others)))


def settle(host: Host, others: int) -> None:
    """Others are on the host, each with a definition: that of web1."""
    crowd(host, others)
    script = host.path("/usr/local/etc/hivewright/vms/web1/start").read_text()
    for number in range(others):
        path = host.path(f"/usr/local/etc/hivewright/vms/other{number}/start")
        path.parent.mkdir()
        path.write_text(script)


LOOKS = (
    ("list",),
    ("list", "-s", "memory"),
    ("list", "--json"),
    ("status",),
    ("status", "web1"),
    ("status", "--all"),
    ("status", "--check"),
    ("status", "--json"),
    ("metrics",),
    ("networks",),
    ("order",),
    ("top",),
)


def test_looking_takes_the_same_processes_for_200_guests(open_host: Callable[..., Host]) -> None:
    """What guests are is read from their scripts, by one shell that starts no command for any of them.

    A shell has a process of its own write a here-document that no pipe holds, dash one of more than 4 KiB: some that
    list guests become as long as that, and their number is that of the places in the runtime and not of the guests.
    """
    alone, crowded = open_host("dash"), open_host("dash")
    for host, others in ((alone, 0), (crowded, 200)):
        settle(host, others)
        assert host.run(HIVECTL, "start", "web1").status == 0
        host.advance(60)
    for words in LOOKS:
        ran, made = [], []
        for host in (alone, crowded):
            host.transcript()
            before = last_process(host)
            assert host.run(HIVECTL, *words).status in (0, 1, 2)
            made.append(last_process(host) - before)
            ran.append([line.split()[2] for line in host.transcript()])
        assert ran[0] == ran[1], words
        assert len(ran[1]) <= LIST_BUDGET, words
        assert made[1] - made[0] <= WRITERS, (words, made)


def test_a_list_of_many_guests_is_right(open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    settle(host, 50)
    rows = [line.split() for line in host.run(HIVECTL, "list").out.splitlines() if line.startswith("other")]
    assert len(rows) == 50
    assert {(row[2], row[3], row[4]) for row in rows} == {("1", "1G", "192.0.2.10")}, rows[0]


def test_other_guests_cost_nothing(open_host: Callable[..., Host]) -> None:
    alone, crowded = open_host("dash"), open_host("dash")
    crowd(crowded, 50)
    assert cycle(crowded) == cycle(alone)
    assert len([line for line in crowded.state() if line.startswith("context other")]) == 50
