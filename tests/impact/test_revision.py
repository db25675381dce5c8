"""Trees that plan compares with: revisions of git and folders, and what is said where there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from projects import Project

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A git without settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Alice")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "alice@example.net")


@pytest.fixture
def committed(built: Project) -> Project:
    """The small project with its build/ in the one commit of a repository."""
    git(built.root, "init", "-q", "-b", "main")
    git(built.root, "add", ".")
    git(built.root, "commit", "-q", "-m", "The site")
    return built


def plan(project: Project, *arguments: str) -> list[tuple[str, str, str]]:
    done = project.run("plan", "--format", "json", *arguments)
    assert done.status in (0, 3), done.err
    return [(each["host"], each["guest"], each["consequence"]) for each in json.loads(done.out)]


def test_head_is_what_is_compared_with_and_the_folder_on_disk_is_not(committed: Project) -> None:
    assert plan(committed) == []
    committed.edit("vms/web.toml", '"4G"', '"5G"')
    committed.succeed("-q", "build")
    assert plan(committed) == [("alpha", "web1", "next-boot")]
    assert plan(committed, "--against", str(committed.root)) == []
    git(committed.root, "commit", "-q", "-a", "-m", "More memory")
    assert plan(committed) == []
    assert plan(committed, "--against", "HEAD~1") == plan(committed, "--against", "main^") != []


def test_a_project_may_lie_anywhere_in_its_repository(built: Project, tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "hosts of mine"
    inner.parent.mkdir()
    shutil.move(built.root, inner)
    project = Project(inner, built.capsys)
    git(inner.parent, "init", "-q")
    git(inner.parent, "add", ".")
    git(inner.parent, "commit", "-q", "-m", "The site")
    project.edit("vms/web.toml", '"4G"', '"5G"')
    assert plan(project) == [("alpha", "web1", "next-boot")]


def test_objects_may_have_names_of_sha256(built: Project) -> None:
    git(built.root, "init", "-q", "--object-format=sha256")
    git(built.root, "add", ".")
    git(built.root, "commit", "-q", "-m", "The site")
    assert plan(built) == []
    built.edit("vms/web.toml", '"4G"', '"5G"')
    assert plan(built) == [("alpha", "web1", "next-boot")]


def test_only_what_differs_is_read(committed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from hivewright.impact import revision

    asked: list[str] = []
    read = revision._contents

    def contents(build: Path, names: list[str]) -> dict[str, bytes]:
        asked.extend(names)
        return read(build, names)

    monkeypatch.setattr(revision, "_contents", contents)
    committed.edit("vms/web.toml", '"4G"', '"5G"')
    plan(committed)
    assert len(asked) == 1


def test_nothing_is_written(committed: Project) -> None:
    committed.add("new.toml", '[vm.new1]\nhost = "alpha"\nmemory = "1G"\n')
    before = committed.states()
    assert ("alpha", "new1", "next-boot") in plan(committed)
    assert committed.states() == before
    assert git(committed.root, "status", "--short") == "?? site/new.toml\n"


def test_guests_and_hosts_that_a_revision_lacks_or_has_alone(committed: Project) -> None:
    committed.remove_beta()
    assert plan(committed) == [("beta", "mail1", "interruption"), ("beta", None, "nothing")]
    committed.succeed("-q", "build")
    git(committed.root, "add", ".")
    git(committed.root, "commit", "-q", "-m", "One host less")
    git(committed.root, "revert", "--no-edit", "HEAD")
    assert ("beta", "mail1", "next-boot") in plan(committed, "--against", "HEAD~1")


def fault(project: Project, *arguments: str) -> tuple[int, str]:
    done = project.run("-q", "plan", *arguments)
    assert done.out == ""
    assert done.err.count("\n") == 1
    return done.status, done.err


def test_without_a_repository(built: Project) -> None:
    status, said = fault(built)
    assert status == 1
    assert "cannot be compared with a revision: not a git repository" in said
    assert "--against DIR" in said


def test_without_a_commit(built: Project) -> None:
    git(built.root, "init", "-q")
    assert fault(built) == (
        1,
        "hivewright: there is no commit yet; commit the site with its build/, or name a folder: --against DIR\n",
    )


def test_without_the_revision(committed: Project) -> None:
    status, said = fault(committed, "--against", "mian")
    assert (status, "there is no revision mian, and no folder of this name" in said) == (2, True)
    assert fault(committed, "--against=--all")[0] == 2


def test_without_compiled_files_in_the_revision(project: Project) -> None:
    git(project.root, "init", "-q")
    git(project.root, "add", ".")
    git(project.root, "commit", "-q", "-m", "The site")
    status, said = fault(project)
    assert (status, "the revision HEAD has no compiled files in build/" in said) == (1, True)


def test_without_git(committed: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    status, said = fault(committed)
    assert (status, said) == (
        1,
        "hivewright: git is not installed, or not in PATH; install it, or compare with a folder: --against DIR\n",
    )


def test_a_folder_that_nobody_built(built: Project, tmp_path: Path) -> None:
    status, said = fault(built, "--against", str(tmp_path))
    assert (status, "is neither a folder that hivewright build wrote nor a project" in said) == (2, True)


def test_an_object_that_is_lost(committed: Project) -> None:
    committed.edit("vms/web.toml", '"4G"', '"5G"')
    path = "build/alpha/root/usr/local/etc/hivewright/vms/web1/start"
    name = git(committed.root, "rev-parse", f"HEAD:{path}").strip()
    (committed.root / ".git" / "objects" / name[:2] / name[2:]).unlink()
    status, said = fault(committed)
    assert (status, f"git lacks the object {name}" in said) == (1, True)


def test_a_folder_may_be_a_build_or_a_project(built: Project) -> None:
    built.edit("vms/web.toml", '"4G"', '"5G"')
    for folder in (built.root, built.build):
        assert plan(built, "--against", str(folder)) == [("alpha", "web1", "next-boot")]


LEVELS = [(None, 3), ("nothing", 3), ("next-boot", 3), ("first-boot", 0), ("data", 0)]


@pytest.mark.parametrize(("level", "status"), LEVELS)
def test_the_level_of_the_exit_status(built: Project, level: str | None, status: int) -> None:
    built.edit("vms/web.toml", '"4G"', '"5G"')
    words = ("--fail-on", level) if level else ()
    assert built.run("plan", "--against", str(built.root), *words).status == status


def test_a_difference_without_a_consequence_counts_only_when_it_is_asked_for(built: Project) -> None:
    built.edit("vms/web.toml", 'memory = "4G"', 'description = "x"\nmemory = "4G"')
    assert built.run("plan", "--against", str(built.root)).status == 0
    assert built.run("plan", "--against", str(built.root), "--fail-on", "nothing").status == 3


def test_a_site_with_a_fault_has_no_plan(built: Project) -> None:
    built.edit("vms/web.toml", '"4G"', "4")
    done = built.run("--format", "json", "plan", "--against", str(built.root))
    assert (done.status, done.out, json.loads(done.err)[0]["code"]) == (1, "", "KEY003")
