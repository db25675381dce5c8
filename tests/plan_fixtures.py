"""The site of tests of plans, which they change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plan_changes import Plan
from projects import CHECKOUT, Project

SITE = CHECKOUT / "tests" / "sites" / "impact"


@pytest.fixture
def plan(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> Plan:  # noqa: ARG001
    """The site of these tests, built; each test has its own copy."""
    shutil.copytree(SITE, tmp_path / "site")
    project = Project(tmp_path, capsys)
    project.succeed("-q", "build")
    return Plan(project)
