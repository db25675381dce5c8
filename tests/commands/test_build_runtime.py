"""The runtime in build/: written once, looked at like the tree of a host, removed from the trees of older builds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hivewright.emit.runtime import runtime_artifacts
from hivewright.plan import MANIFEST, ROOT, Artifact, format_manifest
from projects import GUESTS, Project, files_below

pytest_plugins = ["project_fixtures"]

PART = "runtime/root/usr/local/libexec/hivewright/verbs/version"
"""One of the files that come last in every order."""

DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a changed file": ("~", lambda path: path.write_text(path.read_text() + "# mine\n")),
    "a missing file": ("+", lambda path: path.unlink()),
    "a lost mode": ("~", lambda path: path.chmod(0o755)),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_was_changed_by_hand_is_seen_and_mended(case: str, built: Project) -> None:
    sign, damage = DAMAGE[case]
    before = built.written()
    damage(built.build / PART)
    assert built.run("build", "--check").status == 3
    assert built.succeed("build", "--dry-run").out == f"{sign} {PART}\n"
    difference = built.run("diff")
    assert (difference.status, difference.out.count("diff --git")) == (3, 1)
    assert built.succeed("-v", "build").out == f"{sign} {PART}\n"
    assert built.written() == before
    assert built.succeed("build").err == f"{built.build} is up to date\n"


@pytest.mark.parametrize("case", DAMAGE)
@pytest.mark.slow
def test_it_is_seen_however_many_hosts_there_are(case: str, project: Project) -> None:
    project.add("many.toml", "".join(f'[host.h{number}]\nfreebsd = "14.3"\n' for number in range(300)))
    project.succeed("build")
    DAMAGE[case][1](project.build / PART)
    assert PART in project.succeed("-v", "build").out


def test_a_missing_runtime_is_made_anew(built: Project) -> None:
    before = built.written()
    shutil.rmtree(built.build / "runtime")
    done = built.succeed("build")
    assert done.err == f"{built.build}: {len(runtime_artifacts())} created, 0 changed, 0 removed\n"
    assert built.written() == before


def test_another_folder_has_all_that_its_hosts_need(project: Project, tmp_path: Path) -> None:
    project.remove_beta()
    project.succeed("build", "-o", str(tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"alpha", "runtime"}
    assert files_below(tmp_path / "out" / "runtime") == {
        path: artifact.content for path, artifact in runtime_artifacts().items()
    }


def test_diff_takes_the_runtime_by_its_name(built: Project) -> None:
    (built.build / PART).unlink()
    assert built.run("diff", "runtime").status == 3
    assert built.run("diff", "alpha").status == 0
    unknown = built.run("diff", "gamma")
    assert (unknown.status, unknown.err) == (2, "hivewright: there is no host gamma; there are alpha, beta\n")


def as_an_older_build(host: Path) -> set[str]:
    """Gives a host the runtime in its own tree, and a MANIFEST as it was; returns the paths."""
    old = {
        "root/usr/local/sbin/hivectl": Artifact(0o755, b"#!/bin/sh\n"),
        "root/usr/local/libexec/hivewright/common.subr": Artifact(0o644, b"# old\n"),
        "root/usr/local/libexec/hivewright/start.subr": Artifact(0o644, b"# old\n"),
    }
    for path, artifact in old.items():
        (host / path).parent.mkdir(parents=True, exist_ok=True)
        (host / path).write_bytes(artifact.content)
        (host / path).chmod(artifact.mode)
    present = {
        path: Artifact((host / path).stat().st_mode & 0o777, content)
        for path, content in files_below(host).items()
        if path.startswith(ROOT)
    }
    (host / MANIFEST).write_bytes(format_manifest(present))
    return set(old)


def test_copies_in_the_trees_of_hosts_go(built: Project) -> None:
    before = built.written()
    gone = {f"{host}/{path}" for host in ("alpha", "beta") for path in as_an_older_build(built.build / host)}
    shutil.rmtree(built.build / "runtime")
    done = built.succeed("-v", "build")
    lines = done.out.splitlines()
    assert {line[2:] for line in lines if line.startswith("- ")} == gone
    assert {line[2:] for line in lines if line.startswith("~ ")} == {"alpha/MANIFEST", "beta/MANIFEST"}
    assert built.written() == before
    assert not (built.build / "alpha/root/usr/local/libexec").exists()


def test_a_copy_that_was_changed_by_hand_is_kept_and_told(built: Project) -> None:
    as_an_older_build(built.build / "alpha")
    mine = built.build / "alpha/root/usr/local/sbin/hivectl"
    mine.write_text("#!/bin/sh\n# mine\n")
    done = built.succeed("build")
    assert "alpha/root/usr/local/sbin/hivectl is no longer made, but was changed by hand" in done.err
    assert mine.exists()


def test_a_build_that_is_killed_leaves_no_half_runtime(built: Project) -> None:
    """A journal of the runtime is read as that of a host is."""
    before = built.written()
    runtime = built.build / "runtime"
    (runtime / ".MANIFEST.hivewright-new").write_bytes(before["build/runtime/MANIFEST"])
    shutil.copy(built.build / PART, built.build / f"{PART}.hivewright-new")
    (built.build / PART).write_text("half")
    built.succeed("build")
    assert built.written() == before


def test_guests_of_hosts_are_where_they_were(built: Project) -> None:
    assert {path.name for path in (built.build / "alpha" / GUESTS).iterdir()} == {"db1", "web1"}
