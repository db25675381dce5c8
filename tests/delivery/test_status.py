"""``hivewright status``: what the guests of stand-in hosts do, side by side."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deployments import Deployment
from host.play import HIVECTL
from projects import Project

pytest_plugins = ["project_fixtures", "host.fixtures", "deployment_fixtures"]


def test_hosts_are_told_in_one_table(deployment: Deployment) -> None:
    deployment.run("alpha", "--yes")
    status = deployment.project.run("-q", "status", "alpha", "beta")
    assert status.status == 1
    assert status.err == "beta: nothing is installed there\n"
    rows = [line.split() for line in status.out.splitlines()]
    assert rows[0] == ["HOST", "NAME", "STATE", "CPUS", "MEMORY", "NOTE"]
    assert {row[0] for row in rows[1:]} == {"alpha"}
    assert "never started since the boot" in status.out
    found = json.loads(deployment.project.run("-q", "status", "--json", "alpha", "beta").out)
    assert found["beta"] == {"guests": None, "fault": "nothing is installed there"}
    assert [guest["name"] for guest in found["alpha"]["guests"]] == [row[1] for row in rows[1:]]
    assert deployment.project.run("-q", "status", "alpha").status == 3


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("nonsense", "what it says cannot be read"),
        ('{"name": 1}', "what it says cannot be read"),
        ("[1]", "what it says cannot be read"),
    ],
)
def test_what_a_host_says_may_be_anything(says: str, fault: str, deployment: Deployment) -> None:
    program = deployment.beta.path(HIVECTL)
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    status = deployment.project.run("-q", "status", "beta")
    assert (status.status, status.err) == (1, f"beta: {fault}\n")


def test_a_host_that_there_is_not_is_told(deployment: Deployment) -> None:
    status = deployment.project.run("-q", "status", "nobody")
    assert status.status == 2
    assert status.err.startswith("hivewright: the site has no host nobody; there are: ")


MEETING = """#!/bin/sh
: >{folder}/$$.here
tries=0
while [ "$(ls {folder} | grep -c here)" -lt {hosts} ]; do
	tries=$((tries + 1))
	[ "$tries" -le 200 ] || {{ echo "the others did not come"; exit 1; }}
	sleep 0.1
done
echo '[{{"name": "web1", "state": "running", "autostart": true}}]'
"""
"""An ssh that answers when all hosts are being asked, and not before: at the same time, or none does."""


def test_twenty_hosts_are_asked_at_the_same_time(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"node{number}" for number in range(20)]
    project.add("more.toml", "".join(f'[host.{name}]\nfreebsd = "14.3"\n' for name in names))
    folder = tmp_path / "meeting"
    folder.mkdir()
    (folder / "ssh").write_text(MEETING.format(folder=folder, hosts=len(names)))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    status = project.run("-q", "status", *names)
    assert (status.status, status.err) == (0, "")
    assert [line.split()[0] for line in status.out.splitlines()[1:]] == names


def answering(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """All hosts answer so: an ssh of ours, whose last word but one is an address."""
    folder.mkdir()
    (folder / "ssh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_a_host_that_hangs_is_told_and_holds_up_nobody(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hivewright.commands.status.LIMIT", 3.0)
    guests = '[{"name": "web1", "state": "running", "autostart": true}]'
    hangs = f"""case " $* " in *" beta.example.net "*|*" beta "*) exec sleep 500 ;; esac; echo '{guests}'"""
    answering(tmp_path / "bin", monkeypatch, hangs)
    status = project.run("-q", "status", "alpha", "beta")
    assert status.status == 1, status
    assert [line.split()[0] for line in status.out.splitlines()[1:]] == ["alpha"]
    assert status.err == "beta: it did not answer within 3 seconds\n"


def test_what_ssh_says_beside_it_is_no_part_of_an_answer(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(tmp_path / "bin", monkeypatch, "echo 'Authorized users only' >&2; echo '[{\"name\": \"web1\"}]'")
    status = project.run("-q", "status", "alpha")
    assert (status.status, status.err) == (0, "")
    assert "web1" in status.out


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"state": "stopped"}, 3),
        ({"state": "stopped", "home": "beta"}, 0),
        ({"state": "stopped", "home": "alpha", "owner": "beta"}, 0),
        ({"state": "failed", "home": "beta", "owner": "alpha"}, 3),
        ({"state": "standby"}, 0),
    ],
)
def test_a_guest_is_missed_where_it_lives(
    keys: dict[str, str], code: int, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = json.dumps([{"name": "web1", "autostart": True, "note": "why " * 100, **keys}])
    answering(tmp_path / "bin", monkeypatch, f"echo '{guest}'")
    status = project.run("-q", "status", "alpha")
    assert (status.status, status.err) == (code, "")
    assert status.out.splitlines()[1].endswith("why why ...")
    assert max(map(len, status.out.splitlines())) < 200
