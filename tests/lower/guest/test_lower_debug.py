"""The gdb stub, the debugger of hivectl debug, and serial ports that have a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from bhyve_grammar import parse_command
from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.lower.origins import origins
from hivewright.rules import check_rules
from loader_grammar import parse_loader
from lowering import command_of, plan_of, steps, words_of

START = "root/usr/local/etc/hivewright/vms/web1/start"


@pytest.mark.parametrize(
    ("stub", "words"),
    [
        ({"port": 1234}, "127.0.0.1:1234"),
        ({"port": 1234, "wait": True}, "w127.0.0.1:1234"),
        ({"port": 1234, "address": "::1"}, "::1:1234"),
        ({"port": 65535, "address": "0.0.0.0", "wait": True}, "w0.0.0.0:65535"),
    ],
)
def test_the_stub_listens(stub: dict[str, Any], words: str) -> None:
    plan = plan_of({"debug": {"gdb": stub}}, {"freebsd": "13.2"})
    assert command_of(plan, "13.2").stub == words
    assert steps(plan, "stub") == [("stub", words.removeprefix("w"))]


def test_the_stub_is_traced() -> None:
    site = build_site({"web1": {"debug": {"gdb": {"port": 1234, "wait": True}}}})
    allocation = allocate(site, {})
    found = dict(origins(site, lower(site, allocation).plans[0].vms[0]))
    assert found["-G"] == [
        "vm.web1.debug.gdb.wait (vms.toml)",
        "default debug.gdb.address",
        "vm.web1.debug.gdb.port (vms.toml)",
    ]


def test_nothing_of_a_debugger_is_in_the_normal_start() -> None:
    plain, debugged = plan_of({}), plan_of({"debug": {"debugger": "gdb"}})
    assert (debugged.options, debugged.prepare, debugged.digest) == (plain.options, plain.prepare, plain.digest)


@pytest.mark.parametrize(("debugger", "line"), [("gdb", "debugger gdb  # debug.debugger\n"), ("lldb", "")])
def test_another_debugger_than_lldb_is_named(debugger: str, line: str) -> None:
    site = build_site({"web1": {"debug": {"debugger": debugger}}})
    script = render(lower(site, allocate(site, {})).plans[0])[START].content.decode()
    assert f'{line}begin "$@"\n' in script
    assert ("debugger" in script) == bool(line)


@pytest.mark.parametrize(("arch", "words"), [("amd64", ["-l", "com1,stdio"]), ("arm64", ["-o", "console=stdio"])])
def test_a_serial_port_has_a_terminal(arch: str, words: list[str]) -> None:
    plan = plan_of({"serial": {"com1": {"kind": "tmux"}}}, {"freebsd": "15.0", "arch": arch, "device": {}})
    found = words_of(plan)
    assert words[1] in found[found.index(words[0]) :]
    assert steps(plan, "terminal") == [("terminal", "/usr/local/bin/tmux")]
    assert plan.consoles == (("com1", "tmux"),)
    command_of(plan, "15.0", arch)


def test_a_terminal_takes_no_name_and_no_module() -> None:
    site = build_site({"web1": {"serial": {"com1": {"kind": "tmux"}}}})
    allocation = allocate(site, {})
    assert allocation.locks["web1"].consoles == {}
    assert "nmdm" not in lower(site, allocation).plans[0].modules


@pytest.mark.parametrize("kind", ["bhyveload", "grub"])
def test_a_loader_shares_the_terminal(kind: str) -> None:
    disk = {"root": {"storage": "fast", "size": "1G"}}
    plan = plan_of({"serial": {"com1": {"kind": "tmux"}}, "firmware": {"kind": kind}, "disk": disk})
    words = [word for step in plan.loader if step.verb == "loader" for word in step.words]
    assert parse_loader(words)["c"] == ["stdio"]


def test_an_open_stub_is_noted() -> None:
    vms: dict[str, dict[str, Any]] = {
        "web1": {"debug": {"gdb": {"port": 1234, "address": "0.0.0.0"}}},
        "web2": {"debug": {"gdb": {"port": 1235, "address": "::"}}},
        "web3": {"debug": {"gdb": {"port": 1236}}},
        "web4": {"debug": {"gdb": {"port": 1237, "address": "::1"}}},
    }
    site = build_site(vms)
    notes = [note.partition(" and ")[0] for note in lower(site, allocate(site, {})).plans[0].notes if "stub" in note]
    assert notes == ["The gdb stub of web1 listens on 0.0.0.0:1234", "The gdb stub of web2 listens on :::1235"]


def test_an_automatic_vnc_port_is_not_that_of_a_stub() -> None:
    site = build_site({"web1": {"vnc": {}}, "web2": {"debug": {"gdb": {"port": 5900}}}})
    allocation = allocate(site, {})
    assert allocation.locks["web1"].vnc == 5901
    later = build_site({"web1": {"vnc": {}}, "web2": {"debug": {"gdb": {"port": 5901}}}})
    assert [each.code for each in allocate(later, allocation.locks).diagnostics] == ["LOCK005"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"debug": {"gdb": {"port": 7000}}}, {"debug": {"gdb": {"port": 7000}}}),
        ({"debug": {"gdb": {"port": 7000}}}, {"vnc": {"port": 7000}}),
        ({"debug": {"gdb": {"port": 7000}}}, {"serial": {"com1": {"kind": "tcp", "port": 7000}}}),
    ],
)
def test_two_do_not_listen_on_one_port(first: dict[str, Any], second: dict[str, Any]) -> None:
    hosts = {"alpha": {"freebsd": "15.0"}}
    apart = build_site(
        {"web1": {**first, "host": "alpha"}, "web2": {**second, "host": "beta"}},
        hosts={**hosts, "beta": {"freebsd": "15.0"}},
    )
    assert check_rules(apart) == []
    site = build_site({"web1": first, "web2": second}, hosts=hosts)
    assert [each.code for each in check_rules(site)] == ["DEV003"]
    alone = build_site({"web1": {**first, **second}}, hosts=hosts)
    assert [each.code for each in check_rules(alone)] == (["DEV003"] if first != second else [])


@pytest.mark.parametrize(
    "words",
    [
        ["-G", "1234"],
        ["-G", "[::1]:1234"],
        ["-G", "127.0.0.1:0"],
        ["-G", "127.0.0.1:1", "-G", "127.0.0.1:2"],
        ["-l", "com1,stdio", "-l", "com2,stdio"],
    ],
)
def test_the_parser_refuses_what_bhyve_would_not_understand(words: list[str]) -> None:
    plan = plan_of({"serial": {}})
    with pytest.raises(ValueError, match=r"stub|backend"):
        parse_command([*words_of(plan), *words, plan.name], "14.3", "amd64")
