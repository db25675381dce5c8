"""The recipes for continuous integration: every command of theirs is run, in a repository of its own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from guides import environment_at
from projects import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "continuous-integration.md").read_text(encoding="utf-8")


def recipes() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)]


def commands(recipe: dict[str, Any]) -> list[str]:
    """What a recipe runs, one step after another."""
    if "jobs" in recipe:
        return [step["run"] for step in recipe["jobs"]["review"]["steps"] if "run" in step]
    found: list[str] = recipe["review"]["script"]
    return found


class Repository:
    """A site with a branch, and what a forge sets for it; pip, gh and curl write down what they are given."""

    def __init__(self, folder: Path) -> None:
        self.environment = environment_at(folder)
        self.folder = folder / "demo"
        for name in ("pip", "gh", "curl"):
            program = folder / "bin" / name
            program.write_text(
                f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{folder}/asked\n[ {name} = pip ] || cat >>{folder}/given\n'
            )
            program.chmod(0o755)
        self.log = folder
        self.sh("hivewright -q new demo host=alpha freebsd=14.3 storage=zfs", folder)
        self.sh(
            "git init -q -b main && hivewright -q build && git add . && git commit -qm Site && git switch -qc topic"
        )
        base = self.sh("git rev-parse HEAD").stdout.strip()
        self.environment |= {
            "HIVEWRIGHT": "hivewright.whl",
            "NUMBER": "7",
            "BASE": base,
            "GH_TOKEN": "hidden",
            "TOKEN": "hidden",
            "HIVEWRIGHT_TOKEN": "hidden",
            "COMMENTS": "https://forge.example.net/comments",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_API_V4_URL": "https://forge.example.net/api/v4",
            "CI_PROJECT_ID": "1",
            "CI_MERGE_REQUEST_IID": "7",
        }

    def sh(self, command: str, folder: Path | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, (command, done.stdout, done.stderr)
        return done

    def change(self, assignment: str) -> None:
        self.sh(f"hivewright -q set guest1 {assignment} && hivewright -q build && git commit -qam Change")


@pytest.fixture(name="repository")
def open_repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2], ids=["github", "gitlab", "forgejo"])
def test_every_command_of_a_recipe_runs(number: int, repository: Repository) -> None:
    steps = commands(recipes()[number])
    repository.change("memory=4G")
    for step in steps:
        repository.sh(step)
    plan = (repository.folder / "plan.md").read_text()
    assert "| next-boot | alpha | guest1 | memory (vms/guest1.toml) |" in plan
    asked = (repository.log / "asked").read_text()
    assert "pip install hivewright.whl" in asked
    assert "plan.md" in asked or "comment.json" in asked
    assert "hidden" not in asked
    if number == 2:
        assert json.loads((repository.folder / "comment.json").read_text()) == {"body": plan}
    repository.change("disk.root.size=10G")
    repository.sh(steps[2])
    repository.sh(steps[-1], status=3)


def test_there_are_three_recipes() -> None:
    assert len(recipes()) == 3
    for recipe in recipes():
        assert any("build --check --locked" in each for each in commands(recipe))


@pytest.mark.slow
def test_the_hooks_refuse_what_is_wrong(repository: Repository) -> None:
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == re.findall(r"- id: (\S+)", GUIDE)
    check, build = (hook["entry"] for hook in hooks)
    for entry in (check, build):
        repository.sh(entry)
    repository.sh("hivewright -q set guest1 memory=4G")
    repository.sh(check)
    repository.sh(build, status=3)
    (repository.folder / "site/vms/guest1.toml").write_text("[vm.\n")
    repository.sh(check, status=1)


@pytest.mark.slow
def test_two_branches_that_add_guests_are_merged_by_the_next_build(repository: Repository) -> None:
    new = "hivewright -q new vm {} profile=debian-13 host=alpha vnc=true && hivewright -q build"
    new += " && git add . && git commit -qm New"
    repository.sh(new.format("web1"))
    repository.sh("git switch -q main")
    repository.sh(new.format("app1"))
    ports = repository.sh("git show topic:site/locks/web1.toml main:site/locks/app1.toml | grep vnc").stdout.split("\n")
    assert ports[0] == ports[1] == "vnc = 5900"
    merged = repository.sh("git merge topic", status=1)
    conflicts = re.findall(r"CONFLICT .* in (\S+)$", merged.stdout, re.MULTILINE)
    assert conflicts
    assert all(path.startswith("build/") for path in conflicts)
    said = repository.sh("hivewright build").stderr
    assert "LOCK013" in said
    assert "app1 and web1" in said
    repository.sh("git add site build && git commit -q --no-edit && hivewright -q build --check --locked")
    assert repository.sh("grep -h vnc site/locks/app1.toml site/locks/web1.toml").stdout == "vnc = 5900\nvnc = 5901\n"
    assert "<<<<" not in repository.sh("git grep -h -e '' -- build").stdout
