"""Fixtures of the tests that run commands on a project; a test module that uses them names this plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.commands import build as build_command
from projects import FILES, Project


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, where fingerprints are kept."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def project(
    tmp_path: Path,
    cache: Path,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """The small project, not built yet; the current folder is another one."""
    folder = write_files(tmp_path / "project", FILES)
    monkeypatch.chdir(tmp_path)
    return Project(folder, capsys)


@pytest.fixture
def built(project: Project) -> Project:
    """The small project, built once."""
    project.succeed("-q", "build")
    return project


@pytest.fixture(name="is_skipped")
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Project], bool]:
    """Builds, and tells whether the build found by the fingerprints alone that there is nothing to do."""
    runs: list[int] = []
    original = build_command._Build.run

    def run(self: build_command._Build) -> int:
        runs.append(1)
        return original(self)

    monkeypatch.setattr(build_command._Build, "run", run)

    def skipped(project: Project) -> bool:
        runs.clear()
        project.succeed("build")
        return not runs

    return skipped
