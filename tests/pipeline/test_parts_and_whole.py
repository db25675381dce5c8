"""Whether a site is read in parts or as a whole shows in nothing that a build writes or says."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
import tomlkit

from hivewright.commands import build as build_command
from hivewright.pipeline import changed_part, compile_parts, site_memory, survey
from large_projects import run_both
from projects import Project
from site_mutations import Tables, copied, mutate, site_of_many_kinds

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

SEEDS = range(3)
CASES = 16


def write(project: Project, tables: Tables) -> None:
    """One file for all but VMs, and one for all VMs of a host; what is as it was is not touched."""
    texts = {"common.toml": tomlkit.dumps({kind: table for kind, table in tables.items() if kind != "vm"})}
    by_host: dict[str, Tables] = {}
    for name, vm in tables["vm"].items():
        by_host.setdefault(str(vm.get("host") or (vm.get("hosts") or ["nowhere"])[0]), {})[name] = vm
    texts |= {f"{host}.toml": tomlkit.dumps({"vm": vms}) for host, vms in by_host.items()}
    site = project.root / "site"
    site.mkdir(parents=True, exist_ok=True)
    for path in site.glob("*.toml"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        if not (site / name).exists() or (site / name).read_text() != text:
            (site / name).write_text(text)


@pytest.fixture(name="ways")
def count_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How builds came by what they wrote, but for those that read the whole site."""
    ways: list[str] = []
    monkeypatch.setattr(site_memory, "VMS_WORTH_A_MEMORY", 0)
    monkeypatch.setattr(changed_part, "LARGEST_PART", 0.9)
    monkeypatch.setattr(survey, "VMS_OF_A_PART", 4)
    read_part, compile_all = build_command._Build._read_part, compile_parts.compile_parts

    def read_watched(self: build_command._Build) -> object:
        found = read_part(self)
        ways.extend(["changed"] if found is not None else [])
        return found

    def compile_watched(*arguments: object, **how: object) -> object:
        found = compile_all(*arguments, **how)  # type: ignore[arg-type]
        ways.extend(["parts"] if found is not None else [])
        return found

    monkeypatch.setattr(build_command._Build, "_read_part", read_watched)
    monkeypatch.setattr(compile_parts, "compile_parts", compile_watched)
    return ways


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_at_random(
    seed: int, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str], ways: list[str]
) -> None:
    """Each change is made, built, and taken back; every second one is built without locks and what was kept."""
    random, base = Random(seed), site_of_many_kinds()
    twins = Project(tmp_path / "a" / "project", capsys), Project(tmp_path / "b" / "project", capsys)
    for number in range(CASES):
        for project in twins:
            write(project, base)
            for lock in project.locks.glob("*.toml") if project.locks.exists() else ():
                if lock.stem not in base["vm"]:
                    lock.unlink()
        run_both(twins, "--strict", "build")
        tables = copied(base)
        told = mutate(random, tables)
        for project in twins:
            write(project, tables)
            if number % 2:
                shutil.rmtree(cache, ignore_errors=True)
                shutil.rmtree(project.locks, ignore_errors=True)
        print(number, told)
        run_both(twins, "-v", "build")
    assert {*ways} == {"parts", "changed"}
