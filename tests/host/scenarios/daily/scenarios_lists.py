"""Scenarios of list by columns, of status for monitoring, and of metrics."""

from __future__ import annotations

import json

from exposition import read_exposition
from host.play import HIVECTL, Play
from host.scenario import scenario

PROM = "/var/tmp/node_exporter/hivewright.prom"


@scenario()
def columns_and_order(play: Play) -> None:
    """Those that are asked for, sorted as numbers where they are; without a terminal there are no colours."""
    play.up("db1", "web1")
    outcome = play.hivectl("list", "-o", "name,cpus,state,restarts", "-s", "cpus")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[0] == ["NAME", "CPUS", "STATE", "RESTARTS"]
    assert rows[-1] == ["db1", "2", "running", "0"]
    assert "\033" not in outcome.out
    play.hivectl("list", "-o", "name", "web*", says=["NAME", "web1", "web2"])
    play.hivectl("list", "-o", "colour", status=2, says='there is no column "colour"; there are: name state cpus')
    play.hivectl("list", "-s", status=2)
    play.hivectl("list", "nobody1", status=1, says='there is no VM "nobody1"')


@scenario()
def check_for_monitoring(play: Play) -> None:
    """One line and a status: fine, a warning, critical; a guest in a crash loop is told at once."""
    play.hivectl("status", "--check", status=2, says="CRITICAL: db1 is stopped: never started since the boot; web1 is")
    play.guest("db1", {"end": "triple", "after": 10}, {"end": "triple", "after": 1}, {})
    play.up("db1", "web1")
    play.hivectl("status", "--check", says="OK: 2 guests run")
    play.host.advance(10.5)
    outcome = play.hivectl("status", "--check", status=1)
    assert outcome.out.startswith("WARNING: db1 is pausing: the guest took a triple fault; starting again in 1 s;")
    play.hivectl("status", "--check", "web1", says="OK: 1 guests run")
    play.host.advance(2)
    restless = "WARNING: db1 is running, after 2 of 5 restarts within 600 s; last: the guest took a triple fault;"
    play.wait(5)
    assert play.hivectl("status", "--check", status=1).out.startswith(restless)
    assert (
        "    was run again 2 times since its start, 2 of 5 restarts within 600 s\n" in play.hivectl("status", "db1").out
    )
    (row,) = json.loads(play.hivectl("status", "--json", "db1").out)
    assert (row["restarts"], row["recent_restarts"], row["last_crash"]) == (2, 2, 1000000012)
    play.wait(600)
    play.hivectl("status", "--check", says="OK: 2 guests run")
    play.say("it went to another host, and is missed there")
    play.sh("hivectl stop web1 && echo beta >/var/db/hivewright/web1/home".replace("hivectl", HIVECTL))
    play.hivectl("status", "--check", says="OK: 1 guests run")
    play.hivectl("restart", "db1")
    assert play.hivectl("list", "-o", "restarts", "db1").out.split() == ["RESTARTS", "0"]


@scenario()
def a_crash_loop_is_told(play: Play) -> None:
    """In each of its states, by metrics and by the check; at the limit it is critical."""
    play.guest("db1", *[{"end": "triple", "after": 10}] * 8)
    play.up("db1", "web1")
    seen = set()
    for _ in range(120):
        play.host.advance(1)
        found = read_exposition(play.host.run(HIVECTL, "metrics").out)
        recent = int(found["hivewright_guest_recent_restarts"]['{vm="db1"}'])
        pausing = found["hivewright_guest_restarting"]['{vm="db1"}']
        state = next(key for key in found["hivewright_guest_state"] if 'vm="db1"' in key).split('"')[3]
        status = play.host.run(HIVECTL, "status", "--check").status
        assert status == (2 if state == "failed" else 1 if recent or state == "pausing" else 0), (state, recent)
        assert (pausing == "1") == (state == "pausing")
        assert ("hivewright_guest_last_crash_timestamp_seconds" in found) == (recent > 0 or state == "pausing")
        seen.add((state, recent))
    assert {("running", 0), ("pausing", 1), ("running", 1), ("pausing", 5), ("running", 5), ("failed", 5)} <= seen
    assert found["hivewright_guest_restart_limit"]['{vm="db1"}'] == "5"
    outcome = play.hivectl("status", "--check", status=2)
    assert outcome.out.startswith("CRITICAL: db1 is failed: 5 restarts within 600 s; last: the guest took a triple")


def metrics(play: Play) -> dict[str, dict[str, str]]:
    """Values by metric and labels; the text is as Prometheus and promtool want it."""
    return read_exposition(play.hivectl("metrics").out)


@scenario()
def metrics_of_guests(play: Play) -> None:
    """State, restarts, waits, CPU and memory, by one ps for all."""
    play.guest("db1", {"end": "triple", "after": 10}, {})
    play.up("db1", "web1")
    play.wait(70)
    found = metrics(play)
    assert sum(line.startswith("ps ") for line in play.step) <= 1
    assert found["hivewright_guest_state"]['{vm="db1",state="running"}'] == "1"
    assert found["hivewright_guest_restarts_total"]['{vm="db1"}'] == "1"
    assert found["hivewright_guest_crashes_total"]['{vm="db1"}'] == "1"
    assert found["hivewright_guest_up"]['{vm="web2"}'] == "0"
    assert found["hivewright_guest_cpu_seconds_total"]['{vm="web1"}'] == "35"
    assert found["hivewright_guest_memory_bytes"]['{vm="web1"}'] == "1073741824"
    assert "hivewright_guest_waiting" not in found


@scenario()
def metrics_file_is_whole(play: Play) -> None:
    """cron(8) replaces the file each minute, all at once; without its directory that is said, and nothing is made."""
    play.hivectl("_metrics", status=1, says=["", "cannot write /var/tmp/node_exporter"])
    play.sh("mkdir /var/tmp/node_exporter")
    play.hivectl("_metrics", says=[])
    text = play.host.path(PROM).read_text()
    assert text.count("hivewright_guest_up{") == 4
    assert play.host.path(PROM).stat().st_mode & 0o777 == 0o644
    play.up("db1")
    play.hivectl("metrics", "-o", PROM)
    assert 'hivewright_guest_up{vm="db1"} 1' in play.host.path(PROM).read_text()
    assert sorted(path.name for path in play.host.path(PROM).parent.iterdir()) == [
        "hivewright.prom",
        "hivewright.prom.lock",
    ]


@scenario()
def metrics_are_written_by_one(play: Play) -> None:
    """A second writer leaves it to the first."""
    play.sh("mkdir /var/tmp/node_exporter")
    play.spawn("holder", "lockf", "-k", f"{PROM}.lock", "sleep", "5")
    play.do(HIVECTL, "metrics", "-o", PROM, status=1, says=f"hivewright: another process writes {PROM} at this moment")
    play.hivectl("_metrics", status=None)
    assert not play.host.path(PROM).exists()
    play.join("holder")


def offered(play: Play, *words: str) -> list[str]:
    """What the last of some words may become."""
    return play.hivectl("_words", "--", *words).out.splitlines()


@scenario()
def words_are_completed(play: Play) -> None:
    """Verbs, and what the usage of a verb has: options, choices, guests and tags; nothing where a word is wrong."""
    assert offered(play, "sta") == ["start", "status"]
    assert "_clear" not in offered(play, "")
    assert offered(play, "help", "netw") == ["network", "networks"]
    assert offered(play, "start", "web") == ["web1", "web2"]
    assert offered(play, "start", "web1", "web") == ["web1", "web2"]
    assert offered(play, "console", "web1", "") == ["-w", "com1", "com2", "com3", "com4"]
    assert offered(play, "console", "web2", "we") == []
    assert offered(play, "iso", "") == ["eject", "insert", "list"]
    assert offered(play, "iso", "insert", "d") == ["db1"]
    assert offered(play, "iso", "list", "--") == ["--json"]
    assert offered(play, "migrate", "--method", "s") == ["shared"]
    assert offered(play, "stop", "--") == ["--host-shutdown"]
    assert offered(play, "nothing", "") == []
    assert offered(play, "../list", "") == []
    outcome = play.do("env", "COMMAND_LINE=hivectl stop d", HIVECTL, "_words", "line")
    assert outcome.out == "db1\n"
    play.do("env", "COMMAND_LINE=hivectl stop ", HIVECTL, "_words", "line", says=None)
    play.sh("mv /usr/local/etc/hivewright/host.conf /tmp/away")
    assert offered(play, "console", "web1", "com") == ["com1", "com2", "com3", "com4"]
