"""``hivewright secrets``: which files hosts need, and whether they are there; never what is in them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from guides import blocks
from projects import Project

pytest_plugins = ["project_fixtures"]

FOLDER = "/usr/local/etc/hivewright/secrets"
MODE = 'import os, sys; print(f"{os.stat(sys.argv[1]).st_mode & 0o7777:o} 0")'
"""stat(1) as FreeBSD has it, of a file that belongs to root."""


@pytest.fixture(name="project")
def with_a_secret(project: Project) -> Project:
    project.edit("vms/web.toml", "[vm.web1.vnc]\n", '[vm.web1.vnc]\npassword = { secret = "web1-vnc" }\n')
    return project


def reach(folder: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Lets ssh run commands here, where the folder of secrets lies below another one."""
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f"stat() {{ '{sys.executable}' -c '{MODE}' \"$3\"; }}\n"
        f"script=$(sed 's,{FOLDER},{root},g')\n"
        'eval "$script"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_files_are_listed_with_what_needs_them(project: Project) -> None:
    lines = project.succeed("-q", "secrets").out.splitlines()
    assert [line.split() for line in lines] == [
        ["HOST", "MODE", "PATH", "FOR"],
        ["alpha", "0600", f"{FOLDER}/web1-vnc", "vnc.password", "of", "web1"],
    ]
    assert project.succeed("-q", "secrets", "beta").out == ""
    (found,) = json.loads(project.succeed("-q", "secrets", "alpha", "--json").out)
    assert found == {
        "host": "alpha", "path": f"{FOLDER}/web1-vnc", "mode": "0600", "needs": "vnc.password of web1",
    }  # fmt: skip
    assert project.run("secrets", "alhpa").status == 2


@pytest.mark.parametrize(
    ("mode", "text", "state", "status"),
    [
        (None, "", "missing", 3),
        (0o600, "", "empty", 3),
        (0o644, "hidden", "mode 0644", 3),
        (0o600, "hidden", "there", 0),
    ],
)
def test_what_a_host_has_is_looked_at_and_not_read(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int | None,
    text: str,
    state: str,
    status: int,
) -> None:
    root = tmp_path / "secrets"
    root.mkdir()
    reach(tmp_path, monkeypatch, root)
    if mode is not None:
        (root / "web1-vnc").write_text(text)
        (root / "web1-vnc").chmod(mode)
    done = project.run("-q", "secrets", "--check", "--json")
    assert done.status == status, done.err
    assert json.loads(done.out)[0]["state"] == state
    assert "hidden" not in done.out + done.err


def test_a_host_that_does_not_answer_is_told(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\necho 'ssh: connect to host alpha port 22: Connection refused' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    done = project.run("-q", "secrets", "--check")
    assert done.status == 1
    assert done.err == "alpha: ssh: connect to host alpha port 22: Connection refused\n"
    assert "unknown" in done.out


def test_the_commands_of_the_page_work(project: Project) -> None:
    commands = [line for block in blocks("secrets.md") for line in block.splitlines()]
    assert len(commands) == 2
    for command in commands:
        project.succeed("-q", *command.split()[1:])
