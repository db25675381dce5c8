"""The example site: what is committed below build/ and site/locks/ is what it compiles to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hivewright.plan import INVENTORY, MANIFEST, parse_manifest
from hivewright.source import find_project, read_site
from projects import CHECKOUT, Project, files_below

pytest_plugins = ["project_fixtures"]

UPDATE = "build/ is out of date: run make golden, look at git diff, and commit"


@pytest.fixture(name="example")
def copy_example(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> Project:  # noqa: ARG001
    for name in ("site", "build"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, symlinks=True)
    return Project(tmp_path, capsys)


def test_what_is_committed_is_current(example: Project) -> None:
    done = example.run("--strict", "build", "--check")
    assert done.status == 0, f"{UPDATE}\n{done.out}{done.err}"


def test_nothing_else_is_committed_beside_it() -> None:
    """A build leaves files alone that it did not write, so a merge may bring some that nobody makes any more."""
    for tree in (CHECKOUT / "build").iterdir():
        entries, complete = parse_manifest((tree / MANIFEST).read_bytes())
        assert complete
        assert set(files_below(tree)) - {INVENTORY} == {*entries, MANIFEST}, tree.name


def test_a_locked_build_changes_nothing(example: Project) -> None:
    before = example.written()
    done = example.succeed("build", "--locked")
    assert done.out == ""
    assert example.written() == before


def test_it_shows_what_it_should() -> None:
    """At least three hosts of both architectures, a dozen guests, and several files as a team would have them."""
    files = read_site(find_project(CHECKOUT)).files
    tables = {kind: {} for kind in ("host", "vm")}  # type: dict[str, dict[str, dict[str, object]]]
    for file in files:
        for kind, found in tables.items():
            found.update(file.values.get(kind, {}))  # type: ignore[call-overload]
    assert {(host.get("arch", "amd64"), host["freebsd"]) for host in tables["host"].values()} >= {
        ("amd64", "14.3"),
        ("amd64", "15.0"),
        ("arm64", "15.0"),
    }
    assert len(tables["vm"]) >= 12
    assert len(files) > 10
    assert any("hosts" in vm for vm in tables["vm"].values())
    used = {key for vm in tables["vm"].values() for key in vm}
    assert used >= {"after", "ready", "vnc", "passthrough", "pin", "topology", "hooks", "cd", "cloud_init", "uuid"}
