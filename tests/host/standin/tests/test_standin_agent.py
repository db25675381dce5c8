"""The stand-in of a guest's agent, and of nc(1) -U that speaks to it, as bhyve's virtio-console and qemu-ga are."""

from __future__ import annotations

import pytest

from host.checks import check, runs, says
from host.sandbox import Host

pytest_plugins = ["host.fixtures"]

SOCKET = "/tmp/agent.sock"
CHANNEL = f"-s 5,virtio-console,org.qemu.guest_agent.0={SOCKET}"
PING = '{"execute": "guest-ping"}'
SYNC = '{"execute": "guest-sync", "arguments": {"id": 7}}'


def tell(*lines: str) -> str:
    """A line of sh that says this to the agent, for 5 seconds at most."""
    return "printf '%s\\n' " + " ".join(f"'{line}'" for line in lines) + f" | timeout 5 nc -U {SOCKET}"


@pytest.fixture
def host(empty_host: Host) -> Host:
    empty_host.run("kldload", "vmm")
    return empty_host


def test_it_answers_each_line(host: Host) -> None:
    runs(host, "web1", CHANNEL, agent=1)
    says(host, tell(SYNC, PING), '{"return": 7}\n{"return": {}}\n')
    check(host, tell("nonsense"), 0, "JSON parse error")
    check(host, f"printf '\\377{SYNC}\\n' | nc -U {SOCKET}", 0, "JSON parse error", '{"return": 7}')
    check(host, f"nc -N -U {SOCKET} </dev/null", 1)
    assert host.call("heard", name="web1") == ["guest-sync", "guest-ping", "guest-sync"]


def test_without_it_nothing_answers_and_what_was_said_is_done_late(host: Host) -> None:
    runs(host, "web1", CHANNEL, agent=100)
    says(host, tell(PING), "", status=124)
    assert host.call("heard", name="web1") == []
    host.advance(100)
    assert host.call("heard", name="web1") == ["guest-ping"]


def test_before_the_guest_drives_its_port_nothing_gets_there(host: Host) -> None:
    host.run("mkdir", "-p", "/tmp")
    runs(host, "web1", CHANNEL, agent=20, acpi=15)
    says(host, tell(PING), "", status=124)
    host.advance(100)
    assert host.call("heard", name="web1") == []


def test_it_has_one_client_at_a_time(host: Host) -> None:
    runs(host, "web1", CHANNEL, agent=1, agent_says={"guest-ping": ""})
    host.spawn("/bin/sh", "-c", tell(PING), name="first")
    host.advance(1)
    says(host, tell(SYNC), "")
    host.wait("first")
    says(host, tell(SYNC), '{"return": 7}\n')


def test_a_frozen_guest_does_not_shut_down(host: Host) -> None:
    runs(host, "web1", CHANNEL, agent=1)
    says(host, tell('{"execute": "guest-fsfreeze-freeze"}'), '{"return": 2}\n')
    assert "guest web1 frozen" in host.state()
    check(host, tell('{"execute": "guest-shutdown"}'), 0, "has been disabled")
    host.call("signal", target="bhyve web1", number=15)
    host.advance(60)
    assert "guest web1 frozen" in host.state()
    says(host, tell('{"execute": "guest-fsfreeze-thaw"}'), '{"return": 2}\n')
    says(host, tell('{"execute": "guest-fsfreeze-thaw"}'), '{"return": 0}\n')
    says(host, tell('{"execute": "guest-shutdown"}'), "")
    host.advance(10)
    assert "guest web1" not in host.state()


def test_nobody_listens_where_no_guest_is(host: Host) -> None:
    check(host, f"nc -U {SOCKET} </dev/null", 1)
