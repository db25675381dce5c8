"""The process budget: one start-to-stop cycle takes ten external commands, whatever else runs on the host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.play import HIVECTL
from host.sandbox import Host

BUDGET = 10
LIST_BUDGET = 5
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


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("status", "web1")])
def test_a_list_takes_five_commands_for_any_number_of_guests(
    words: tuple[str, ...], open_host: Callable[..., Host]
) -> None:
    """What guests are is read from their scripts, by one shell that starts no command."""
    host = open_host("dash")
    crowd(host, 50)
    script = host.path("/usr/local/etc/hivewright/vms/web1/start").read_text()
    for number in range(50):
        path = host.path(f"/usr/local/etc/hivewright/vms/other{number}/start")
        path.parent.mkdir()
        path.write_text(script)
    host.transcript()
    outcome = host.run(HIVECTL, *words)
    assert len(host.transcript()) <= LIST_BUDGET
    if words == ("list",):
        rows = [line.split() for line in outcome.out.splitlines() if line.startswith("other")]
        assert len(rows) == 50
        assert {(row[2], row[3], row[4]) for row in rows} == {("1", "1G", "192.0.2.10")}, rows[0]


def test_other_guests_cost_nothing(open_host: Callable[..., Host]) -> None:
    alone, crowded = open_host("dash"), open_host("dash")
    crowd(crowded, 50)
    assert cycle(crowded) == cycle(alone)
    assert len([line for line in crowded.state() if line.startswith("context other")]) == 50
