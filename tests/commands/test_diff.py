"""``hivewright diff``: the same differences as ``build --check`` finds, in a form that git and patch(1) apply."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import GUESTS, NEW_GUEST, Project, files_below

pytest_plugins = ["project_fixtures"]

SCRIPT = f"alpha/{GUESTS}/web1/start"
HOOK = f"alpha/{GUESTS}/web1/hooks/prestart/10-lease.sh"


@pytest.fixture(name="here")
def enter(built: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The built project, which is also the current folder."""
    monkeypatch.chdir(built.root)
    return built


def test_nothing_differs_after_a_build(here: Project) -> None:
    done = here.succeed("diff")
    assert (done.out, done.err) == ("", "")


GNU = "gpatch" if platform.system() == "FreeBSD" else "patch"
"""FreeBSD's own patch(1) leaves modes as they are."""
PROGRAMS = {"patch": [GNU, "-p1", "-s"], "git": ["git", "apply"]}
CHANGES: dict[str, Callable[[Project], object]] = {
    "memory": lambda project: project.edit("vms/web.toml", '"4G"', '"12G"'),
    "a new guest": lambda project: project.add("vms/new.toml", NEW_GUEST),
    "a guest that left": lambda project: (project.root / "site/vms/web.toml").unlink(),
    "a guest that moved": lambda project: project.edit("vms/web.toml", '"alpha"', '"beta"'),
    "a lock": lambda project: (project.locks / "web1.toml").unlink(),
    "no last newline": lambda project: project.add("hooks/lease.sh", "#!/bin/sh\nexit 1"),
    "other line ends": lambda project: project.add("hooks/lease.sh", "exit 0\r\nexit 1\x0c\x85\u2028\x1c\rexit\n"),
    "an empty file": lambda project: project.add("hooks/lease.sh", ""),
    "a host that left": lambda project: project.remove_beta(),
    "an edited output": lambda project: (project.build / SCRIPT).write_text("mine\n"),
    "a missing output": lambda project: (project.build / SCRIPT).unlink(),
    "a lost executable bit": lambda project: (project.build / SCRIPT).chmod(0o644),
    "no output": lambda project: shutil.rmtree(project.build),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_it_prints_brings_build_and_locks_up_to_date(here: Project, case: str, program: str) -> None:
    CHANGES[case](here)
    before = here.states()
    done = here.run("diff")
    assert done.status == 3
    assert "LOCK011" in done.err if case == "a guest that moved" else done.err == ""
    assert here.states() == before
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(here.root.parent)}
    subprocess.run(PROGRAMS[program], cwd=here.root, input=done.out.encode(), check=True, env=environment)
    again = here.run("build", "--check")
    assert (again.status, again.out) == (0, "")


@pytest.mark.parametrize("case", CHANGES)
def test_it_differs_where_a_build_would_write(here: Project, case: str) -> None:
    CHANGES[case](here)
    told = here.run("build", "--dry-run").out.splitlines()
    places = {line[2:]: ("site/" if line[2:].startswith("locks/") else "build/") + line[2:] for line in told}
    headers = [line for line in here.run("diff").out.split("\n") if line.startswith("diff --git ")]
    assert sorted(headers) == sorted(f"diff --git a/{path} b/{path}" for path in places.values())


def test_a_link_in_place_of_a_file_is_a_difference(here: Project, tmp_path: Path) -> None:
    shutil.move(here.build / SCRIPT, tmp_path / "moved")
    (here.build / SCRIPT).symlink_to(tmp_path / "moved")
    done = here.run("diff")
    assert done.status == 3
    assert f"+++ b/build/{SCRIPT}\n" in done.out


def test_a_file_that_is_no_text_is_only_named(here: Project) -> None:
    (here.root / "site/hooks/lease.sh").write_bytes(b"#!/bin/sh\n\xff\n")
    done = here.run("diff")
    assert done.status == 3
    assert f"Binary files a/build/{HOOK} and b/build/{HOOK} differ\n" in done.out


def test_what_was_changed_by_hand_and_is_no_longer_made_is_left_out(here: Project) -> None:
    (here.build / SCRIPT).write_text("mine\n")
    (here.root / "site/vms/web.toml").unlink()
    done = here.run("diff")
    assert done.status == 3
    assert SCRIPT not in {line.removeprefix("--- a/build/") for line in done.out.splitlines()}


def test_only_the_hosts_that_were_asked_for(here: Project) -> None:
    here.edit("vms/web.toml", '"4G"', '"12G"')
    assert here.run("diff", "beta").status == 0
    assert here.run("diff", "beta", "alpha").status == 3
    done = here.run("diff", "alpha")
    assert done.status == 3
    assert f"+++ b/build/{SCRIPT}\n" in done.out


def test_a_host_that_left_is_not_looked_at_when_others_are_asked_for(here: Project) -> None:
    shutil.copytree(here.build / "beta", here.build / "gone")
    assert here.run("diff", "alpha").status == 0
    assert here.run("diff").status == 3


def test_an_unknown_host_is_a_usage_error(here: Project) -> None:
    done = here.run("diff", "gamma")
    assert (done.status, done.out) == (2, "")
    assert "there is no host gamma; there are alpha, beta" in done.err


def test_another_folder(here: Project, tmp_path: Path) -> None:
    here.succeed("build", "-o", str(tmp_path / "elsewhere"))
    here.edit("vms/web.toml", '"4G"', '"12G"')
    assert here.run("diff", "-o", str(tmp_path / "elsewhere")).status == 3
    here.succeed("build", "-o", str(tmp_path / "elsewhere"))
    assert here.run("diff", "-o", str(tmp_path / "elsewhere")).status == 0
    assert here.run("diff").status == 3


def test_errors_of_the_site_print_no_difference(here: Project) -> None:
    here.edit("vms/web.toml", '"4G"', "4")
    done = here.run("diff")
    assert (done.status, done.out) == (1, "")
    assert "error[KEY003]" in done.err


def test_nothing_is_written(project: Project) -> None:
    assert project.run("diff").status == 3
    assert not files_below(project.build)
    assert not files_below(project.locks)


def test_colour_is_that_of_git_and_adds_nothing_else(built: Project) -> None:
    built.edit("vms/web.toml", '"4G"', '"5G"')
    plain = built.run("diff").out
    assert "\x1b" not in plain
    coloured = built.run("diff", "--color", "always").out
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == plain
    lines = coloured.splitlines()
    assert '\x1b[31m-set -- "$@" -m 4G  # memory\x1b[0m' in lines
    assert '\x1b[32m+set -- "$@" -m 5G  # memory\x1b[0m' in lines
    assert {line[:5] for line in lines if "@@ -" in line} == {"\x1b[36m"}
    assert {line[:4] for line in lines if "+++ " in line or "diff --git" in line} == {"\x1b[1m"}
