"""Every file of a site is looked at before it is called up to date, whatever the shape of the site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hivewright.pipeline import fingerprints
from hivewright.source import find_project
from projects import GUESTS, Project, rewrite

pytest_plugins = ["project_fixtures"]

SHAPES = {"5x20": (5, 20), "4x30": (4, 30), "1x200": (1, 200)}
"""Hosts, and guests on each."""


@pytest.fixture(name="shaped", params=[*list(SHAPES)[:2], pytest.param("1x200", marks=pytest.mark.slow)])
def build_shape(request: pytest.FixtureRequest, project: Project) -> Project:
    hosts, guests = SHAPES[request.param]
    for file in ("vms/web.toml", "vms/db.toml"):
        (project.root / "site" / file).unlink()
    lines = []
    for host in range(hosts):
        lines.append(f'[host.host{host}]\nfreebsd = "14.3"\ncpus = 128\nmemory = "1T"\nshutdown_timeout = 600')
        for guest in range(guests):
            name = f"vm.g{host}-{guest}"
            lines.append(f'[{name}]\nhost = "host{host}"\nmemory = "1G"\n[{name}.disk.root]')
            lines.append(f'storage = "plain"\nsize = "10G"\n[{name}.nic.lan]\nnetwork = "lan"')
    project.add("hosts.toml", "\n".join(lines) + "\n")
    project.succeed("build")
    return project


@pytest.mark.slow
def test_each_file_of_a_site_of_any_shape_is_looked_at(shaped: Project) -> None:
    """Whatever is done to any one file, what was seen before is no longer what is seen."""
    project = find_project(shaped.root)
    for folder in (*sorted(path for path in shaped.build.iterdir()), shaped.locks):

        def seen(folder: Path = folder) -> str:
            if folder == shaped.locks:
                return fingerprints.lock_fingerprint(project)
            return fingerprints.output_fingerprints(project, [folder.name])[folder.name]

        before = seen()
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            first = path.read_text()[0]
            for change in (
                lambda path, first=first: rewrite(path, first, "~"),
                lambda path: path.chmod(path.stat().st_mode ^ 0o111),
                lambda path: path.unlink(),
            ):
                change(path)
                after = seen()
                assert after != before, path
                before = after


@pytest.mark.slow
@pytest.mark.parametrize("change", ["a line", "the mode", "missing"])
def test_a_build_of_any_shape_repairs_the_last_file(
    shaped: Project, change: str, is_skipped: Callable[[Project], bool]
) -> None:
    """The one that a look at a limited number of files would reach last."""
    assert is_skipped(shaped)
    script = max(shaped.build.glob(f"*/{GUESTS}/*/stop"))
    content, mode = script.read_bytes(), script.stat().st_mode
    match change:
        case "a line":
            rewrite(script, "set -u", "set +u")
        case "the mode":
            script.chmod(0o644)
        case _:
            script.unlink()
    assert not is_skipped(shaped)
    assert (script.read_bytes(), script.stat().st_mode) == (content, mode)
    assert is_skipped(shaped)


def test_many_hosts_are_looked_at_in_two_processes_with_the_same_result(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = find_project(built.root)
    alone = fingerprints.output_fingerprints(project, ["alpha", "beta"])
    monkeypatch.setattr(fingerprints, "LOCKS_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("hivewright.system.parallel.usable_cpus", lambda: 2)
    assert fingerprints.output_fingerprints(project, ["alpha", "beta"]) == alone
    assert len(set(alone.values())) == 2
