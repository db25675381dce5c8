"""``hivewright show``: every key as it was written or is by default, and every word of the command with its origin."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hivewright.source import find_project, read_site
from projects import CHECKOUT, GUESTS, Project, only_json
from script_words import loader_calls, script_words

pytest_plugins = ["project_fixtures"]


def vm_tables() -> dict[str, dict[str, Any]]:
    """Every VM of the example site, as its file has it."""
    files = read_site(find_project(CHECKOUT)).files
    return {name: table for file in files for name, table in file.values.get("vm", {}).items()}  # type: ignore[attr-defined]


VMS = vm_tables()
PLACES = [(name, host) for name, table in VMS.items() for host in table.get("hosts", [table.get("host")])]
ORIGIN = re.compile(
    r"default [a-z_.0-9]+|lock [a-z_.0-9]+ \(locks/[a-z0-9-]+\.toml\)|rule [a-z0-9-]+: \S.*"
    r"|[a-z][a-zA-Z0-9_.-]+ \([a-z0-9/_.-]+\.toml\)"
    r"|(?:template|profile) [a-z0-9.-]+: [a-z_.0-9]+ \([a-z0-9/_.-]+\.toml\)|defaults: [a-z_.0-9]+ \([a-z/]+\.toml\)"
)


@pytest.fixture
def example(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> Project:  # noqa: ARG001
    """A copy of the example site and of its build."""
    for name in ("site", "build"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, symlinks=True)
    return Project(tmp_path, capsys)


def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


@pytest.mark.slow
@pytest.mark.parametrize(("vm", "host"), PLACES)
def test_every_guest_of_the_example(example: Project, vm: str, host: str) -> None:
    """In all forms: the command is that of the start script, every word has origins, what was written is shown."""
    document = json.loads(example.succeed("show", vm, "--host", host, "--json").out)
    assert (document["vm"], document["host"]) == (vm, host)
    words = [each["word"] for each in document["command"]]
    start = (example.build / host / GUESTS / vm / "start").read_text()
    assert words == ["/usr/sbin/bhyve", *script_words(start)]
    assert f"vm {vm} {document['digest']}" in start
    for each in document["command"]:
        assert each["origins"], each["word"]
        for origin in each["origins"][1:] if each["word"] == "/usr/sbin/bhyve" else each["origins"]:
            assert ORIGIN.fullmatch(origin), origin
    shown = {key: each["value"] for key, each in document["definition"].items()}
    for key, value in leaves(VMS[vm]):
        assert shown[key] == value, key
    keys, command = example.succeed("show", vm, "--host", host).out.split("\n\n")
    *loader, command = command.splitlines()
    assert shlex.split(command) == words
    calls = [call[1:] for call in loader_calls(start) if call[0] == "loader"]
    assert shlex.split(" ".join(loader)) == document["loader"] == [word for call in calls for word in call]
    assert toml_lines(keys) == shown
    keys, command = example.succeed("show", vm, "--host", host, "--origin").out.split("\n\n")
    assert [line for line in command.splitlines() if not line.startswith("    ")] == words
    assert toml_lines(keys) == shown


def toml_lines(text: str) -> dict[str, Any]:
    """Dotted key -> value; each line behind the first is TOML."""
    pairs = [line.split(" = ", 1) for line in text.splitlines()[1:]]
    return {key: tomllib.loads(f"value = {value}")["value"] for key, value in pairs}


def test_without_a_host_it_is_the_home(example: Project) -> None:
    assert json.loads(example.succeed("show", "git1", "--json").out)["host"] == "beta"
    assert example.succeed("show", "git1").out.startswith("# git1 on beta, from vms/git.toml [vm.git1]\n")


def test_origins_of_keys(example: Project) -> None:
    lines = example.succeed("show", "git1", "--origin").out.splitlines()
    assert 'memory = "4G"  # template server (templates.toml)' in lines
    assert 'stop_timeout = "45s"  # defaults (site.toml)' in lines
    assert 'disk.root.size = "40G"  # vms/git.toml' in lines
    assert 'on_crash = "restart"  # default' in lines
    assert "rng = true  # profile linux (profiles/linux/linux.toml)" in lines


WRITTEN = """\
[template.all]
rng = true
cloud_init = { users = [], packages = ["nginx"] }
after = ["db1"]
[vm.odd]
host = "beta"
inherit = ["all"]
memory = "2048M"
stop_timeout = "120s"
rng = false
after = []
description = ""
vnc = true
pin = { 0 = "3,2,1" }
cpus = 1
[vm.odd.cloud_init]
packages = []
[vm.odd.serial]
[vm.odd.nic.lan]
network = "lan"
mac = "58:9C:FC:0A:1B:2C"
slot = "7"
"""


def test_what_was_written_is_shown_as_it_was_written(project: Project) -> None:
    project.add("odd.toml", WRITTEN)
    shown = json.loads(project.succeed("show", "odd", "--json").out)["definition"]
    own = {key: each["value"] for key, each in shown.items() if each["origin"] == "odd.toml"}
    assert own == {
        "host": "beta",
        "inherit": ["all"],
        "memory": "2048M",
        "stop_timeout": "120s",
        "rng": False,
        "after": [],
        "description": "",
        "vnc": True,
        "pin.0": "3,2,1",
        "cpus": 1,
        "cloud_init.packages": [],
        "serial": {},
        "nic.lan.network": "lan",
        "nic.lan.mac": "58:9C:FC:0A:1B:2C",
        "nic.lan.slot": "7",
    }
    assert shown["cloud_init.users"] == {"value": [], "origin": "template all (odd.toml)"}
    assert shown["vnc.port"] == {"value": "auto", "origin": "default"}


def test_nothing_is_written(project: Project) -> None:
    project.succeed("show", "web1")
    assert not project.written()


def test_without_locks_the_numbers_are_those_a_build_would_write(project: Project) -> None:
    told = json.loads(project.succeed("show", "web1", "--json").out)
    project.succeed("build")
    assert json.loads(project.succeed("show", "web1", "--json").out) == told


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("web2",), "there is no VM 'web2'; did you mean"),
        (("nothing-like-it",), "there is no VM 'nothing-like-it'"),
        (("web1", "--host", "beta"), "web1 does not run on 'beta'; "),
        (("web1", "--host", "gamma"), "web1 does not run on 'gamma'; "),
    ],
)
def test_an_unknown_guest_or_host_is_a_usage_error(project: Project, arguments: tuple[str, ...], text: str) -> None:
    done = project.run("show", *arguments)
    assert (done.status, done.out) == (2, "")
    assert text in done.err


def test_errors_of_the_site_and_of_locks_are_reported(project: Project) -> None:
    project.add("locks/web1.toml", "uuid = 1\n")
    for vm in ("web1", "db1"):
        done = project.run("show", vm)
        assert (done.status, done.out) == (1, "")
        assert "error[LOCK003]" in done.err
    project.add("bad.toml", "[vm.bad]\nhost = 1\n")
    done = project.run("--format", "json", "show", "web1")
    assert (done.status, done.out) == (1, "")
    assert {each["code"] for each in only_json(done.err)} == {"KEY002", "KEY003"}
