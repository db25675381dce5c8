"""Fingerprints: a build may leave out only what would change nothing, and works as well without them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import BASE, write_files
from hivewright import cli
from hivewright.pipeline import fingerprints
from hivewright.source import find_project
from projects import GUESTS, HIVE, NEW_GUEST, Project, hivewright, rewrite

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

SCRIPT = f"alpha/{GUESTS}/web1/start"


def files_of(cache: Path) -> list[Path]:
    """The fingerprints; beside them lies which hooks were looked at."""
    assert {path.suffix for path in cache.rglob("*") if path.is_file()} <= {".json", ".hooks"}
    return list(cache.rglob("*.json"))


def test_a_build_with_nothing_to_do_is_found_out_by_the_fingerprints(
    built: Project, is_skipped: Callable[[Project], bool]
) -> None:
    assert is_skipped(built)
    assert is_skipped(built)


CHANGES: dict[str, Callable[[Project], object]] = {
    "an input edited": lambda project: project.edit("vms/web.toml", '"4G"', '"12G"'),
    "an input edited in place": lambda project: rewrite(project.root / "site/vms/web.toml", "4G", "5G"),
    "an input added": lambda project: project.add("vms/new.toml", NEW_GUEST),
    "an input removed": lambda project: (project.root / "site/vms/web.toml").unlink(),
    "an input renamed": lambda project: (project.root / "site/vms/web.toml").rename(project.root / "site/web.toml"),
    "a hook edited": lambda project: project.add("hooks/lease.sh", "#!/bin/sh\nexit 1\n"),
    "a lock edited": lambda project: rewrite(project.locks / "web1.toml", "0:4:0", "0:9:0"),
    "a lock removed": lambda project: (project.locks / "web1.toml").unlink(),
    "an output edited": lambda project: rewrite(project.build / SCRIPT, "-m 4G", "-m 9G"),
    "an output removed": lambda project: (project.build / SCRIPT).unlink(),
    "an output's mode": lambda project: (project.build / SCRIPT).chmod(0o644),
    "an inventory removed": lambda project: (project.build / "beta/INVENTORY.md").unlink(),
    "a host removed": lambda project: shutil.rmtree(project.build / "beta"),
    "all output removed": lambda project: shutil.rmtree(project.build),
    "a departed host": lambda project: shutil.copytree(project.build / "beta", project.build / "gone"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_not_left_out(built: Project, change: str, is_skipped: Callable[[Project], bool]) -> None:
    CHANGES[change](built)
    assert not is_skipped(built)
    assert built.run("build", "--check").status == 0
    assert is_skipped(built)


@pytest.mark.parametrize("name", ["alpha/root/NOTES", "runtime/root/NOTES", "NOTES"])
def test_a_file_of_somebody_else_is_told_until_it_is_gone(
    built: Project, name: str, is_skipped: Callable[[Project], bool]
) -> None:
    """What would go to the host unseen keeps a build from having nothing to say."""
    (built.build / name).write_text("mine\n")
    for _ in range(3):
        assert f"warning[OUT002]: {built.build}/{name} was written by no build" in built.succeed("build").err
        assert not is_skipped(built)
    (built.build / name).unlink()
    assert not is_skipped(built)
    assert is_skipped(built)


def test_a_profile_of_the_project_is_an_input(project: Project, is_skipped: Callable[[Project], bool]) -> None:
    profile = project.root / "profiles/other/mine.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text('os = "other"\ndescription = "Mine."\n[vm]\ncpus = 2\n')
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\nprofile = "mine"\n')
    project.succeed("build")
    assert is_skipped(project)
    profile.write_text(profile.read_text().replace("2", "3"))
    assert not is_skipped(project)
    assert "cpus=3," in (project.build / SCRIPT).read_text()


def test_an_input_behind_a_link_is_an_input(
    project: Project, tmp_path: Path, is_skipped: Callable[[Project], bool]
) -> None:
    shutil.move(project.root / "site/vms", tmp_path / "vms")
    (project.root / "site/vms").symlink_to(tmp_path / "vms")
    project.succeed("build")
    assert is_skipped(project)
    rewrite(tmp_path / "vms/web.toml", "4G", "5G")
    assert not is_skipped(project)


def test_links_that_lead_in_circles_do_not_multiply(built: Project) -> None:
    for name in ("first", "second", "third"):
        (built.root / "site" / name).symlink_to(".")
    (built.root / "site" / "itself").symlink_to("itself")
    started = time.monotonic()
    built.succeed("build")
    assert time.monotonic() - started < 5


def test_another_path_to_a_folder_is_a_change(built: Project, is_skipped: Callable[[Project], bool]) -> None:
    """Files are called by the path by which they are found first, and output says so."""
    (built.root / "site" / "zzz").symlink_to("vms")
    assert not is_skipped(built)
    assert built.run("build", "--check", "--locked").status == 0


def test_a_link_in_place_of_an_output_is_a_change(
    built: Project, tmp_path: Path, is_skipped: Callable[[Project], bool]
) -> None:
    shutil.move(built.build / SCRIPT, tmp_path / "moved")
    (built.build / SCRIPT).symlink_to(tmp_path / "moved")
    assert not is_skipped(built)
    assert not (built.build / SCRIPT).is_symlink()


def test_a_fresh_clone_has_no_fingerprints_and_writes_nothing(
    built: Project, tmp_path: Path, is_skipped: Callable[[Project], bool]
) -> None:
    shutil.copytree(built.root, tmp_path / "clone")
    clone = Project(tmp_path / "clone", built.capsys)
    before = clone.states()
    assert not is_skipped(clone)
    assert clone.states() == before
    assert is_skipped(clone)
    assert is_skipped(built)


def test_the_fingerprints_lie_in_the_cache_folder_alone(built: Project, cache: Path) -> None:
    (only,) = files_of(cache)
    assert only.parent == cache / "hivewright"
    assert only.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in built.root.iterdir()} == {"site", "build"}


@pytest.mark.parametrize(
    "content",
    [
        *("", "x", "[]", "{}", "null", '{"hosts": []}', "\x00", "[" * 5000),
        '{"hosts": {"a": 1}, "compiler": "", "inputs": "", "locks": "", "names": []}',
    ],
)
def test_damaged_fingerprints_are_none(
    built: Project, cache: Path, content: str, is_skipped: Callable[[Project], bool]
) -> None:
    (only,) = files_of(cache)
    only.write_text(content)
    assert not is_skipped(built)
    assert is_skipped(built)


@pytest.mark.parametrize("key", ["compiler", "inputs", "locks", "names"])
def test_fingerprints_of_something_else_are_none(
    built: Project, cache: Path, key: str, is_skipped: Callable[[Project], bool]
) -> None:
    (only,) = files_of(cache)
    values = json.loads(only.read_text())
    values[key] = [] if key == "names" else "other"
    only.write_text(json.dumps(values))
    assert not is_skipped(built)


def test_another_version_of_hivewright_builds_everything_anew(
    built: Project, is_skipped: Callable[[Project], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "__version__", "0")
    assert not is_skipped(built)
    assert is_skipped(built)


def test_a_changed_compiler_builds_everything_anew(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "start.j2").write_text("one\n")
    before = fingerprints.fingerprint([str(tmp_path)])
    assert fingerprints.fingerprint([str(tmp_path)]) == before
    rewrite(tmp_path / "templates" / "start.j2", "one", "two")
    assert fingerprints.fingerprint([str(tmp_path)]) != before


def test_a_host_that_did_not_change_is_not_compiled(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from hivewright.pipeline import compile_host

    compiled: list[str] = []
    original = compile_host.compile_host

    def counting(site: object, allocation: object, host: str, seeds: object) -> object:
        compiled.append(host)
        return original(site, allocation, host, seeds)  # type: ignore[arg-type]

    monkeypatch.setattr(compile_host, "compile_host", counting)
    built.edit("vms/db.toml", '"2G"', '"3G"')
    built.succeed("build")
    assert compiled == ["beta"]
    compiled.clear()
    (built.build / "alpha" / HIVE / "host.conf").unlink()
    built.succeed("build")
    assert compiled == ["alpha"]
    compiled.clear()
    built.succeed("build", "--check")
    assert compiled == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("old", "new", "hosts"),
    [
        ('uplink = "none"', 'uplink = "ix0"', {"alpha", "beta"}),
        ('freebsd = "15.0"', 'freebsd = "15.0"\ncpus = 8', {"beta"}),
        ('freebsd = "15.0"', 'freebsd = "15.0"\n[host.beta.network.lan]\nmtu = 9000', {"beta"}),
        ('memory = "8G"', 'memory = "9G"', {"alpha"}),
    ],
)
def test_a_host_whose_definition_changed_is_compiled(
    built: Project, old: str, new: str, hosts: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hivewright.pipeline import compile_host

    compiled: set[str] = set()
    original = compile_host.compile_host

    def counting(site: object, allocation: object, host: str, seeds: object) -> object:
        compiled.add(host)
        return original(site, allocation, host, seeds)  # type: ignore[arg-type]

    monkeypatch.setattr(compile_host, "compile_host", counting)
    (file,) = (path for path in (built.root / "site").rglob("*.toml") if old in path.read_text())
    built.edit(str(file.relative_to(built.root / "site")), old, new)
    built.succeed("build")
    assert compiled == hosts


class TestNoCache:
    def test_a_cache_folder_that_cannot_be_written_is_no_fault(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
        for _ in range(2):
            project.succeed("build")

    def test_home_is_used_when_there_is_no_cache_folder(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        project.succeed("build")
        assert len(files_of(tmp_path / "home" / ".cache" / "hivewright")) == 1

    def test_a_relative_cache_folder_does_not_count(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", "cache")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        project.succeed("build")
        assert not (tmp_path / "cache").exists()
        assert len(files_of(tmp_path / "home" / ".cache" / "hivewright")) == 1

    def test_somebody_without_a_home_has_no_fingerprints(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(_: int) -> object:
            raise KeyError

        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", unknown)
        before = set(tmp_path.iterdir())
        for _ in range(2):
            project.succeed("build")
        assert set(tmp_path.iterdir()) == before

    def test_a_process_with_an_empty_environment_builds(self, project: Project, tmp_path: Path) -> None:
        prelude = f"import os\nos.environ.clear()\nos.environ['HOME'] = {str(tmp_path / 'home')!r}"
        done = hivewright("build", folder=project.root, prelude=prelude)
        assert done.returncode == 0, done.stderr


class TestInput:
    def test_locks_and_output_are_no_input(self, built: Project) -> None:
        project = find_project(built.root)
        before = fingerprints.look_at_inputs(project).fingerprint
        shutil.rmtree(built.build)
        shutil.rmtree(built.locks)
        assert fingerprints.look_at_inputs(project).fingerprint == before


def test_a_check_without_faults_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_files(tmp_path, {"site.toml": BASE, "locks/web1.toml": 'uuid = "x"\n'})
    check = ["-C", str(folder), "check"]
    assert cli.main(check) == 1
    assert cli.main(check) == 1
    (folder / "locks" / "web1.toml").unlink()
    assert cli.main(check) == 0
    with monkeypatch.context() as patch:
        patch.setattr("hivewright.commands.check._check", lambda _: pytest.fail("the site was read again"))
        assert cli.main(check) == 0
    (folder / "site.toml").write_text(f"{BASE}colour = 1\n")
    assert cli.main(check) == 1
    (folder / "site.toml").write_text(BASE)
    assert cli.main(check) == 0
    write_files(folder, {"locks/web1.toml": "<<<<<<< ours\n"})
    assert cli.main(check) == 1
