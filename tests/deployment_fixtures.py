"""The fixture of tests that deploy; a test module that uses it names this plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments import ADDRESS, Deployment
from host.remote import reached
from host.sandbox import Host
from projects import Project


@pytest.fixture(name="deployment")
def open_deployment(project: Project, tmp_path: Path, open_empty: Callable[..., Host]) -> Iterator[Deployment]:
    project.edit("hosts.toml", "[host.alpha]\n", f'[host.alpha]\naddress = "{ADDRESS}"\n')
    project.succeed("-q", "build")
    hosts = {ADDRESS: open_empty("dash"), "beta": open_empty("dash", hostname="beta")}
    folder = tmp_path / "bin"
    folder.mkdir()
    with reached(hosts, folder) as asked:
        yield Deployment(project, hosts, asked)
