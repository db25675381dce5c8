"""``hivewright drift``: what stand-in hosts have otherwise than what was built."""

from __future__ import annotations

import json

import pytest

from deployments import PF, Deployment
from host.play import HIVECTL

pytest_plugins = ["project_fixtures", "host.fixtures", "deployment_fixtures"]


def test_what_differs_is_told_host_by_host(deployment: Deployment) -> None:
    deployment.run("alpha", "--yes")
    drift = deployment.drift("alpha")
    assert (drift.status, drift.out, drift.err) == (0, "alpha: nothing differs\n", "")
    deployment.alpha.path(PF).write_text("pass all\n")
    deployment.alpha.path("/srv/vms").mkdir(parents=True)
    assert deployment.alpha.run(HIVECTL, "start", "web1").status == 0
    deployment.build("vms/web.toml", '"4G"', '"5G"')
    start = "/usr/local/etc/hivewright/vms/web1/start"
    drift = deployment.drift("alpha")
    assert drift.status == 3
    assert f"alpha: {PF} was changed on this host\n" in drift.out
    assert f"alpha: {start} is of another build\n" in drift.out
    drift = deployment.drift("alpha", "beta", "--json")
    told = json.loads(drift.out)
    assert [each["host"] for each in told] == ["alpha", "beta"]
    assert f"{start} is of another build" in told[0]["differences"]
    assert (told[1]["differences"], told[1]["fault"]) == (None, "nothing is installed there")
    there = deployment.alpha.run(HIVECTL, "verify", "--json")
    assert (there.status, json.loads(there.out)) == (3, [f"{PF} was changed on this host"])
    drift = deployment.drift("alpha", "beta")
    assert drift.status == 1
    assert drift.err == "beta: nothing is installed there\n"
    deployment.run("alpha", "--yes", "--overwrite", status=1)
    drift = deployment.drift("alpha")
    assert (drift.status, drift.out) == (3, "alpha: web1 runs with an older definition\n")


@pytest.mark.parametrize(
    ("says", "status", "fault"),
    [
        ('hivewright: there is no verb "verify"; there are: list', 2, "its runtime is older than this command"),
        ("ssh: connect to host beta port 22: Connection refused", 255, "Connection refused"),
        ("", 1, "ssh ended with status 1"),
    ],
)
def test_a_host_that_does_not_answer_is_told(says: str, status: int, fault: str, deployment: Deployment) -> None:
    program = deployment.beta.path(HIVECTL)
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {status}\n" if says else f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    drift = deployment.drift("beta")
    assert (drift.status, drift.out) == (1, "")
    assert drift.err.startswith("beta: ")
    assert fault in drift.err


def test_what_was_not_built_is_not_compared(deployment: Deployment) -> None:
    deployment.project.edit("vms/web.toml", '"4G"', '"5G"')
    assert "run hivewright build" in deployment.drift("alpha").err
    assert deployment.drift("gamma").status == 2
    assert deployment.asked == []
