"""Scenarios of guests with an agent: questions, orders, stops by it, and agents that do not do their part."""

from __future__ import annotations

import json
from typing import Any

from host.play import Play
from host.scenario import scenario

AGENT = {"agent": 10}
"""A guest whose agent answers ten seconds after the start."""
SYNC = "guest-sync"
NIC = {
    "name": "vtnet0",
    "hardware-address": "58:9C:FC:00:00:01",
    "ip-addresses": [
        {"ip-address-type": "ipv4", "ip-address": "192.0.2.10", "prefix": 24},
        {"ip-address-type": "ipv6", "ip-address": "2001:db8::10", "prefix": 64},
        {"ip-address-type": "ipv6", "ip-address": "fe80::1", "prefix": 64},
    ],
    "statistics": {"tx-bytes": 1, "rx-bytes": 2},
}
LO = {"name": "lo0", "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "127.0.0.1", "prefix": 8}]}
EVIL = {"name": 'x"} {"ip-address": "', "hardware-address": "\\u001b[2J", "ip-addresses": [{"ip-address": "$(reboot)"}]}
STOPPED = "web1: stopped: a stop was asked for"


def up(play: Play, name: str = "web1", seconds: float = 30, **behaviour: Any) -> None:
    """A guest with an agent runs; it was told nothing yet."""
    play.guest(name, {**AGENT, **behaviour})
    play.up(name)
    play.wait(seconds)


def took(play: Play, *words: str, status: int = 0, says: str) -> float:
    """How many seconds ``hivectl agent`` takes; it ends so, and says this."""
    before: float = play.host.call("now")
    play.hivectl("agent", *words, status=status, says=says)
    return float(play.host.call("now")) - before


def heard(play: Play, name: str = "web1") -> list[str]:
    """What the agent was told since the last call."""
    return list(play.host.call("heard", name=name))


@scenario()
def asked(play: Play) -> None:
    """A question costs no time; before an order there is proof that the agent listens; what it returns is printed."""
    up(play)
    assert took(play, "web1", "ping", says="web1: its agent answers") == 0
    assert heard(play) == [SYNC]
    play.hivectl("agent", "web1", "guest-ping", says="{}")
    assert heard(play) == [SYNC, SYNC, "guest-ping"]
    play.hivectl(
        "agent", "web1", "guest-exec", '{"path": "x"}', status=1, says="The command guest-exec has not been found"
    )
    play.hivectl("agent", "web1", "time", says="web1: its clock is that of the host")
    assert heard(play)[-2:] == ["guest-set-time", f"time {1_000_000_000 + int(play.host.call('now'))}000000000"]
    play.hivectl("agent", "web1", "reboot", says="web1: its agent was told to reboot it")
    play.wait(10)
    assert play.phase("web1") == "running: started (pid N)"
    assert play.ran("bhyvectl --destroy") == 1
    play.down("web1")


@scenario()
def silent(play: Play) -> None:
    """Nothing listens in the guest yet: a question costs five seconds, and nothing that lies there is done late."""
    up(play, seconds=2, agent=60)
    assert took(play, "web1", "ping", status=1, says="web1: its agent does not answer") == 5
    assert took(play, "--timeout", "9", "web1", "guest-shutdown", status=1, says="its agent does not answer") == 9
    play.wait(100)
    assert heard(play) == [SYNC]
    assert play.phase("web1") == "running: started (pid N)"
    play.down("web1")


@scenario()
def lying(play: Play) -> None:
    """Answers that are none are passed over; what a terminal would act on is not printed."""
    says = {"guest-ping": '}{\n{"return": 1\n\x1b[2J\n{"error": {"desc": "no \x1b[2J\x07bell", "class": "x"}}'}
    up(
        play,
        agent_says={**says, "guest-info": "[1]", "guest-exec": '{"error": 1}', "guest-sync-delimited": "x" * 100000},
    )
    play.hivectl("agent", "web1", "guest-ping", status=1, says="web1: its agent refuses guest-ping: no [2Jbell")
    assert took(play, "web1", "guest-info", status=1, says="web1: its agent does not answer guest-info") <= 5
    play.hivectl("agent", "web1", "guest-exec", status=1, says="web1: its agent refuses guest-exec")
    assert (
        took(play, "web1", "guest-sync-delimited", status=1, says="its agent does not answer guest-sync-delimited") <= 5
    )
    play.guest("plain1", AGENT)
    play.up("plain1")
    says_none = "plain1: it has no channel for an agent; write agent = true at [vm.plain1] in the site, which counts"
    play.hivectl("agent", "plain1", "ping", status=1, says=says_none)
    play.hivectl("agent", "db1", "ping", status=1, says="db1: it is stopped; its agent answers while it runs")
    play.hivectl("agent", "web1", "guest-ping", "{}\n{}", status=2)
    play.hivectl("agent", "web1", "rm -rf", status=2)
    play.down("web1", "plain1")


@scenario()
def addresses_in_status(play: Play) -> None:
    """What the agent tells of interfaces is in status, for people and programs; what could be no address is not."""
    up(play, interfaces=[LO, NIC, EVIL])
    play.tells(
        "web1",
        "web1 is running since 30s",
        "started",
        "its agent answers",
        "in the guest, vtnet0 (58:9c:fc:00:00:01): 192.0.2.10,2001:db8::10",
        "comes after db1",
        "wave 50",
    )
    told = json.loads(play.hivectl("status", "--json").out)
    answering = {each["name"]: each["agent"] for each in told}
    assert answering == {"web1": True, **dict.fromkeys(["db1", "one1", "plain1", "two1"])}
    nic = {"name": "vtnet0", "mac": "58:9c:fc:00:00:01", "addresses": ["192.0.2.10", "2001:db8::10"]}
    assert [each["interfaces"] for each in told if each["interfaces"]] == [[nic]]
    play.down("web1")


@scenario()
def silent_agents_in_status(play: Play) -> None:
    """Several agents that do not answer cost no more time than one."""
    play.guest("db1", {"agent": None})
    play.up("db1", "web1")
    play.wait(30)
    before: float = play.host.call("now")
    told = json.loads(play.hivectl("status", "--json", "web1", "db1").out)
    assert [each["agent"] for each in told] == [False, False]
    assert play.host.call("now") - before == 2
    play.down("web1", "db1")
    play.hivectl("list")
    play.nothing_ran()


@scenario(everyday=True)
def stopped_by_its_agent(play: Play) -> None:
    """The agent ends it, and the power button is not touched."""
    up(play, ignore=100)
    play.hivectl("stop", "web1", says=STOPPED)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()


@scenario()
def stopped_without_its_agent(play: Play) -> None:
    """An agent that does not answer is followed by the power button at once, one that lies after half of the time."""
    up(play, agent=None)
    play.hivectl("stop", "web1", says=["web1: its agent does not answer; pressing its power button", STOPPED])
    assert play.host.call("now") == 30 + 5 + 3
    play.nothing_left()
    up(play, agent_says={"guest-shutdown": ""})
    before: float = play.host.call("now")
    play.hivectl("stop", "web1", says=STOPPED)
    play.never("bhyvectl --force-poweroff")
    assert play.host.call("now") - before == 2 + 20 + 3
    play.nothing_left()


@scenario()
def readiness_by_its_agent(play: Play) -> None:
    """web1 comes after db1, and starts when the agent of db1 answers; one that does not answer is not waited for longer
    than said."""
    play.host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    play.guest("db1", AGENT)
    play.guest("web1", AGENT)
    play.service("start")
    assert play.phase("web1") == "running: started (pid N)"
    assert play.host.call("now") >= 10
    play.down("web1", "db1", "plain1")
    play.guest("db1", {})
    play.service("start", status=1)
    assert play.phase("web1") == "stopped: not started: it comes after db1, which was not ready within 20 s"
    play.down("db1", "plain1")


@scenario()
def resumed_with_the_right_time(play: Play) -> None:
    """A guest that goes on gets the time of the host; its agent that does not answer is told of."""
    up(play)
    play.hivectl("pause", "web1")
    play.wait(1000)
    play.hivectl("resume", "web1", says="web1: goes on (pid N)")
    assert heard(play)[-1] == f"time {1_000_000_000 + int(play.host.call('now'))}000000000"
    play.down("web1")
    up(play, agent=None)
    play.hivectl("pause", "web1")
    says = ["web1: its clock may be behind: its agent does not answer", "web1: goes on (pid N)"]
    play.hivectl("resume", "web1", says=says)
    play.down("web1")


@scenario()
def frozen_by_hand(play: Play) -> None:
    """Whoever freezes is reminded, and a stop lets the guest go on first."""
    up(play)
    play.hivectl("agent", "web1", "guest-fsfreeze-freeze", says="2")
    assert "guest web1 frozen" in play.state()
    assert "its file systems may be frozen: hivectl agent web1 thaw" in play.hivectl("status", "web1").out
    play.hivectl("agent", "web1", "thaw", says="web1: its file systems can be written")
    assert "may be frozen" not in play.hivectl("status", "web1").out
    play.hivectl("agent", "web1", "guest-fsfreeze-freeze", says="2")
    play.hivectl("stop", "web1", says=STOPPED)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()
    up(play)
    play.hivectl("agent", "web1", "guest-fsfreeze-freeze", says="2")
    play.kill("daemon web1", "supervisor web1")
    says = ["web1: stopping bhyve N, which nobody supervises", "web1: stopped: cleaned up after its supervisor"]
    play.hivectl("stop", "web1", says=says)
    play.never("bhyvectl --force-poweroff")
    play.nothing_left()
