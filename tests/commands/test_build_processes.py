"""What a build of a large site does in several processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hivewright.diagnostics import Diagnostic
from hivewright.pipeline import check_site, compile_host
from projects import Project, files_below


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a large machine with a large site."""
    monkeypatch.setattr(check_site, "VMS_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(check_site, "LOCKS_WORTH_A_PROCESS", 0)
    monkeypatch.setattr("hivewright.system.parallel.usable_cpus", lambda: 4)


@pytest.fixture(name="four")
def make_four(project: Project) -> Project:
    """Four hosts."""
    for host in ("gamma", "delta"):
        text = f'[host.{host}]\nfreebsd = "14.3"\n[vm.{host}1]\nhost = "{host}"\nmemory = "1G"\n'
        project.add(f"{host}.toml", text)
    return project


def test_several_processes_give_the_same_bytes_as_one(
    four: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    four.succeed("build")
    monkeypatch.setattr("hivewright.system.parallel.usable_cpus", lambda: 1)
    four.succeed("build", "--check")
    four.succeed("build", "-o", str(tmp_path / "one"))
    assert files_below(tmp_path / "one") == files_below(four.build)


def test_several_processes_end_when_there_is_nothing_to_write_or_an_error(four: Project) -> None:
    assert four.run("build", "--check").status == 3
    four.succeed("build")
    assert four.run("build", "--check").status == 0
    four.edit("gamma.toml", '"1G"', '"1M"')
    assert "error[VM048]" in four.run("build").err


def test_several_processes_tell_every_host_that_cannot_be_written(four: Project) -> None:
    four.build.mkdir()
    for host in ("beta", "gamma"):
        (four.build / host).write_text("mine\n")
    done = four.run("build")
    assert done.status == 1
    assert done.err.count("error[OUT001]") == 2


def test_several_processes_tell_a_failing_write(four: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    four.succeed("build")
    for host in ("alpha", "beta", "gamma"):
        (four.build / host / "MANIFEST").write_text("mine\n")
    original = os.rename

    def fail(source: str, target: str) -> None:
        if target.endswith("gamma/MANIFEST"):
            raise OSError(28, "No space left on device")
        original(source, target)

    monkeypatch.setattr(os, "rename", fail)
    done = four.run("build")
    assert done.status == 1
    assert done.err.startswith(f"error[OUT001]: {four.build}/gamma/MANIFEST: no space left on device\n")
    monkeypatch.undo()
    four.succeed("build")


def test_several_processes_tell_a_defect_of_one(four: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    original = compile_host.compile_host

    def fail(site: object, allocation: object, host: str, seeds: object) -> object:
        assert host != "beta", "not this one"
        return original(site, allocation, host, seeds)  # type: ignore[arg-type]

    monkeypatch.setattr(compile_host, "compile_host", fail)
    done = four.run("build")
    assert done.status == 70
    assert "AssertionError: not this one" in done.err
    assert not four.build.exists()


def test_several_processes_leave_nothing_when_one_host_cannot_be_made(
    four: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = compile_host.compile_host

    def refuse(site: object, allocation: object, host: str, seeds: object) -> object:
        if host == "beta":
            return None, [Diagnostic("X001", "not this one")]
        return original(site, allocation, host, seeds)  # type: ignore[arg-type]

    monkeypatch.setattr(compile_host, "compile_host", refuse)
    done = four.run("build")
    assert (done.status, done.err.count("error[")) == (1, 1)
    assert not four.build.exists()
    assert not four.written()
