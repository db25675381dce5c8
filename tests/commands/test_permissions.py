"""``hivewright permissions``: rules that their own programs take, and that allow nothing but what was asked for."""

from __future__ import annotations

import grp
import os
import subprocess
from pathlib import Path

import pytest

from projects import Project

pytest_plugins = ["project_fixtures"]

HIVECTL = "/usr/local/sbin/hivectl"


def rules(project: Project, *words: str) -> list[str]:
    """The lines that are no comments."""
    lines = project.succeed("-q", "permissions", *words).out.splitlines()
    assert all(len(line) <= 120 for line in lines)
    return [line for line in lines if not line.startswith("#")]


def test_consoles_are_devices_of_the_group(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\nserial = { com1 = {}, com2 = { kind = "tmux" } }\n')
    done = project.succeed("-q", "permissions", "devfs", "alpha", "operators", "web1", "db*")
    lines = done.out.splitlines()
    assert lines[-4:] == [
        "[hivewright_consoles=30]",
        "add path 'nmdm-db1.1B' group operators mode 0660",
        "add path 'nmdm-web1.1B' group operators mode 0660",
        "# web1, com2: a window of tmux(1), which belongs to root",
    ]


def test_a_device_of_the_host_is_looked_at_from_its_other_end(project: Project) -> None:
    ports = ", ".join(f'com{n} = {{ kind = "device", device = "/dev/{d}" }}' for n, d in ((1, "nmdm5B"), (2, "cuau0")))
    project.edit("vms/web.toml", "[vm.web1]\n", f"[vm.web1]\nserial = {{ {ports} }}\n")
    done = project.succeed("-q", "permissions", "devfs", "alpha", "operators", "web1")
    assert done.out.splitlines()[-2:] == [
        "add path 'nmdm5A' group operators mode 0660",
        "# web1, com2: at the other end of the serial line /dev/cuau0",
    ]


def test_a_logged_port_is_a_word_more(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\nserial = { com2 = { kind = "tmux", log = true } }\n')
    said = [line.partition("hivectl ")[2] for line in rules(project, "sudoers", "alpha", "operators", "web1")]
    assert said == ["status web1", "log web1", "log web1 com2", "log -f web1", "log -f web1 com2"]


def test_words_are_allowed_one_by_one(project: Project) -> None:
    looking = [f"%operators ALL = (root) NOPASSWD: {HIVECTL} {verb} web1" for verb in ("status", "log", "log -f")]
    assert rules(project, "sudoers", "alpha", "operators", "web1") == looking
    allowed = rules(project, "doas", "alpha", "operators", "web1", "--power")
    assert allowed[3] == f"permit nopass :operators as root cmd {HIVECTL} args start web1"
    assert len(allowed) == 9
    assert not any("console" in line or "*" in line for line in allowed)


def test_sudo_takes_its_rules(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "sudoers"
    file.write_text(project.succeed("-q", "permissions", "sudoers", "alpha", "operators", "*", "--power").out)
    file.chmod(0o440)
    checked = subprocess.run(["visudo", "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    file.chmod(0o640)
    file.write_text(file.read_text().replace("(root)", "(root"))
    assert subprocess.run(["visudo", "-c", "-f", str(file)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(
    ("words", "answer"), [("start web1", "permit nopass"), ("start db1", "deny"), ("console web1", "deny")]
)
def test_doas_takes_its_rules(words: str, answer: str, project: Project, tmp_path: Path) -> None:
    file = tmp_path / "doas.conf"
    text = project.succeed("-q", "permissions", "doas", "alpha", "operators", "web1", "--power").out
    file.write_text(text.replace(":operators", f":{grp.getgrgid(os.getgid()).gr_name}"))
    checked = subprocess.run(
        ["doas", "-C", str(file), HIVECTL, *words.split()], capture_output=True, text=True, check=False
    )
    assert checked.stdout.strip() == answer, checked


def test_what_there_is_not_is_told(project: Project) -> None:
    assert project.run("permissions", "doas", "alhpa", "operators", "web1").status == 2
    done = project.run("-q", "permissions", "doas", "alpha", "operators", "wbe1")
    assert done.status == 2
    assert "wbe1" in done.err
    assert project.run("permissions", "doas", "beta", "operators", "web1").status == 2
    assert project.run("permissions", "doas", "alpha", "operators root", "web1").status == 2
