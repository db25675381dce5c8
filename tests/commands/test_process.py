"""Verbs as processes of their own, as people and scripts run them: through pipes, from any folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hivewright import __version__
from projects import CHECKOUT, FILES, Project, hivewright

pytest_plugins = ["project_fixtures"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--version",), f"hivewright {__version__}\n"),
        (("--help",), "usage: hivewright"),
        (("build", "--help"), "usage: hivewright build"),
        (("explain", "KEY001"), "KEY001: "),
        (("schema",), "{\n"),
    ],
)
def test_what_is_asked_for_comes_through_a_pipe(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    done = hivewright(*arguments, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(text)


@pytest.mark.slow
def test_a_project_from_check_to_diff(project: Project) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = hivewright(*arguments, folder=project.root)
        return done.returncode, done.stdout, done.stderr

    files = len(FILES) - 1
    assert run("-v", "check") == (0, "", f"site: {files} files, 2 hosts, 3 VMs\n")
    status, told, _ = run("build", "--check")
    assert status == 3
    assert told.startswith("+ locks/db1.toml\n")
    status, out, told = run("build")
    assert (status, out) == (0, "")
    assert told.startswith("build: ")
    assert run("build") == (0, "", "build is up to date\n")
    assert run("diff") == (0, "", "")
    status, out, _ = run("show", "web1", "--json")
    assert (status, json.loads(out)["vm"]) == (0, "web1")
    project.edit("vms/web.toml", '"4G"', "4")
    status, out, told = run("check")
    assert (status, out) == (1, "")
    assert "--> site/vms/web.toml:3:10\n" in told
    assert run("check", "--nothing")[0] == 2


def test_the_example_has_no_faults_and_no_warnings(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "site", tmp_path / "site", symlinks=True)
    done = hivewright("check", "--strict", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
