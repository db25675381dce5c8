"""What hosts say over ssh that they have; a stand-in for ssh gives their answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hivewright.impact.remote import Installed, read_installed
from projects import Project

pytest_plugins = ["project_fixtures"]

SSH = """\
#!/bin/sh
printf '%s\\n' "$*" >>{folder}/asked
while [ "$1" != -- ]; do shift; done
if [ -e "{folder}/$2.error" ]; then
	cat "{folder}/$2.error" >&2
	exit "$(cat "{folder}/$2.status")"
fi
exec cat "{folder}/$2"
"""
START = "usr/local/etc/hivewright/vms/web1/start"


class Hosts:
    """The stand-in for ssh, and what hosts answer, by their addresses."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder = folder
        self.project = project
        for host, address in (("alpha", "alpha.example.net"), ("beta", "beta")):
            self.answer(address, host)

    def answer(self, address: str, host: str, *running: str) -> None:
        """The address has what was built for the host, and guests that run with these digests."""
        root = self.project.build / host / "root"
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        sizes = [f"{path.stat().st_size:8} /{path.relative_to(root)}\n" for path in paths]
        lines = "".join(["installed 1\n", *(f"running {words}\n" for words in running), *sizes, "    9999 total\n"])
        content = b"".join(path.read_bytes() for path in paths)
        (self.folder / address).write_bytes(lines.encode() + b"contents\n" + content + b"end\n")

    def refuse(self, address: str, status: int, said: str) -> None:
        (self.folder / f"{address}.error").write_text(said)
        (self.folder / f"{address}.status").write_text(str(status))

    def plan(self) -> list[tuple[str, str, str]]:
        done = self.project.run("plan", "--against", "ssh", "--format", "json")
        assert done.status in (0, 3), done.err
        return [(each["host"], each["guest"], each["consequence"]) for each in json.loads(done.out)]

    def fault(self) -> str:
        done = self.project.run("-q", "plan", "--against", "ssh")
        assert (done.status, done.out) == (1, "")
        return done.err


@pytest.fixture
def hosts(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    project.edit("hosts.toml", "[host.alpha]\n", '[host.alpha]\naddress = "alpha.example.net"\n')
    project.succeed("-q", "build")
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return Hosts(tmp_path, project)


def test_hosts_that_have_what_is_compiled_need_nothing(hosts: Hosts) -> None:
    assert hosts.plan() == []
    asked = sorted((hosts.folder / "asked").read_text().splitlines())
    words = "-o BatchMode=yes -o ConnectTimeout=15 -- {} /usr/local/sbin/hivectl _installed"
    assert asked == [words.format("alpha.example.net"), words.format("beta")]


def test_what_hosts_have_is_compared_and_not_what_was_built_last(hosts: Hosts) -> None:
    hosts.project.edit("vms/web.toml", '"4G"', '"5G"')
    hosts.project.succeed("-q", "build")
    assert hosts.plan() == [("alpha", "web1", "next-boot")]


def test_a_guest_that_runs_with_an_earlier_definition_needs_a_start(hosts: Hosts) -> None:
    script = (hosts.project.build / "alpha" / "root" / START).read_text()
    digest = next(line.split()[2] for line in script.splitlines() if line.startswith("vm web1 "))
    hosts.answer("alpha.example.net", "alpha", f"web1 {digest}")
    assert hosts.plan() == []
    hosts.answer("alpha.example.net", "alpha", f"web1 {'0' * 32}")
    assert hosts.plan() == [("alpha", "web1", "next-boot")]


def test_a_host_without_a_runtime_has_nothing(hosts: Hosts) -> None:
    hosts.refuse("beta", 127, "/usr/local/sbin/hivectl: not found\n")
    assert ("beta", "mail1", "next-boot") in hosts.plan()


def test_all_hosts_that_do_not_answer_are_told(hosts: Hosts) -> None:
    hosts.refuse("alpha.example.net", 255, "some words\nPermission denied (publickey).\n")
    hosts.refuse("beta", 2, 'hivewright: there is no verb "_installed"; there are: list\n')
    said = hosts.fault()
    assert "alpha: Permission denied (publickey).; beta: its runtime is older" in said
    assert "without a question" in said


def test_an_answer_that_breaks_off_is_refused(hosts: Hosts) -> None:
    path = hosts.folder / "beta"
    path.write_bytes(path.read_bytes()[:-20])
    assert "beta: its answer is not whole" in hosts.fault()


def test_without_ssh(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(hosts.folder))
    assert hosts.fault().startswith("hivewright: ssh is not installed, or not in PATH")


def test_any_content_is_read_as_it_is() -> None:
    content = b"end\ncontents\n\0 7 /x\n"
    answer = b"installed 1\nrunning web1 0\n %d /etc/a b\n 3 /b\n 9 total\ncontents\n%s" % (len(content), content)
    assert read_installed(answer + b"yes 1 /c\ncontents\nxend\n") == Installed(
        {"root/etc/a b": content, "root/b": b"yes", "root/c": b"x"}, {"web1": "0"}
    )


@pytest.mark.parametrize("rest", ["2\nend\n", "1\n", "1\nend\nx", "1\nx\nend\n", "1\n 9 /x\ncontents\nshort\nend\n"])
def test_what_is_no_answer_is_none(rest: str) -> None:
    assert read_installed(f"installed {rest}".encode()) is None
