"""A pull request from end to end: change, check, plan, merge, deploy, and nothing has drifted."""

from __future__ import annotations

import os
import subprocess

import pytest

from deployments import Deployment
from guides import IDENTITY

pytest_plugins = ["project_fixtures", "host.fixtures", "deployment_fixtures"]


@pytest.mark.slow
def test_a_pull_request_from_the_change_to_the_hosts(deployment: Deployment) -> None:
    project = deployment.project

    def git(*words: str) -> str:
        environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *words], cwd=project.root, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "The site")
    deployment.run("alpha", "--yes")
    assert deployment.drift("alpha").out == "alpha: nothing differs\n"

    git("switch", "-qc", "topic")
    project.succeed("-q", "set", "web1", "memory=5G")
    project.succeed("-q", "check")
    assert project.run("-q", "build", "--check").status == 3
    project.succeed("-q", "build")
    git("commit", "-qam", "web1 has more memory")
    plan = project.run("-q", "plan", "--against", "main", "--format", "markdown")
    assert plan.status == 3
    assert "| next-boot | alpha | web1 | memory (vms/web.toml) |" in plan.out
    assert "1. install the files of alpha" in plan.out
    assert project.run("-q", "plan", "--against", "main", "--fail-on", "data").status == 0

    git("switch", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    project.succeed("-q", "build", "--check", "--locked")
    assert deployment.drift("alpha").status == 3
    said = deployment.run("alpha", "--yes").out
    assert "web1" in said
    drift = deployment.drift("alpha")
    assert (drift.status, drift.out) == (0, "alpha: nothing differs\n")
    assert deployment.has(deployment.alpha, "alpha")
    assert project.run("-q", "plan", "--against", "HEAD").status == 0
    assert git("status", "--porcelain") == ""
