"""A very large site is compiled part by part, and what comes out, or is said, is what comes of it as a whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.pipeline import check_part, compile_parts, site_memory, survey
from large_projects import CLASHES, ELSEWHERE, FILES, OTHER, add, drop, in_parts, run_both, told
from projects import CHECKOUT, GUESTS, Project

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]


@pytest.fixture(name="compiled")
def watch(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each build that tried to compile its site in parts, whether it did."""
    done: list[bool] = []
    original = compile_parts.compile_parts

    def compile_watched(*arguments: object, **how: object) -> object:
        found = original(*arguments, **how)  # type: ignore[arg-type]
        done.append(found is not None)
        return found

    monkeypatch.setattr(compile_parts, "compile_parts", compile_watched)
    monkeypatch.setattr(site_memory, "VMS_WORTH_A_MEMORY", 0)
    monkeypatch.setattr(survey, "VMS_OF_A_PART", 3)
    return done


@pytest.fixture(name="twins")
def two_projects(
    tmp_path: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    compiled: list[bool],
) -> tuple[Project, Project]:
    """The same project twice; of the first all is compiled in parts."""
    assert cache.exists()
    assert compiled == []
    monkeypatch.chdir(tmp_path)
    return tuple(Project(write_files(tmp_path / name / "project", FILES), capsys) for name in ("a", "b"))  # type: ignore[return-value]


NUMBERS = """\
[vm.{host}8]
host = "{host}"
memory = "1G"
vnc = true
[vm.{host}8.nic.lan]
network = "lan"
rate_limit = {{ in = "1Mbit" }}
[vm.{host}7]
host = "{host}"
memory = "1G"
vnc = {{ port = 5901 }}
"""


def change_host(host: str, text: str) -> Callable[[tuple[Project, Project]], None]:
    def change(twins: tuple[Project, Project]) -> None:
        for project in twins:
            add(project, text, f"{host}.toml")

    return change


def number_all(twins: tuple[Project, Project]) -> None:
    for host in ("gamma", "beta"):
        change_host(host, NUMBERS.format(host=host))(twins)
    for project in twins:
        for host in ("gamma", "beta"):
            project.edit(f"{host}.toml", f"[host.{host}]\n", f"[host.{host}]\nipfw_number = 100\n")


def in_each(change: Callable[[Project], object]) -> Callable[[tuple[Project, Project]], None]:
    def change_both(twins: tuple[Project, Project]) -> None:
        for project in twins:
            change(project)

    return change_both


def put_into_one_file(project: Project) -> None:
    for host in ("alpha", "beta", "gamma"):
        path = project.root / "site" / f"{host}.toml"
        add(project, path.read_text(), "site.toml")
        path.unlink()


FROM_NOTHING: dict[str, Callable[[tuple[Project, Project]], None]] = {
    "as it is": lambda _: None,
    "numbers of the whole site": number_all,
    "a VM of two hosts": change_host("alpha", '[vm.two]\nhosts = ["gamma", "alpha"]\nmemory = "1G"\n'),
    "a host without VMs": change_host("alpha", '[host.delta]\nfreebsd = "14.3"\n'),
    "one file for all": in_each(put_into_one_file),
    "a first host without VMs": change_host("alpha", '[host.aaa]\nfreebsd = "14.3"\n'),
}


@pytest.mark.parametrize("change", FROM_NOTHING)
def test_from_nothing(twins: tuple[Project, Project], change: str, compiled: list[bool]) -> None:
    FROM_NOTHING[change](twins)
    run_both(twins, "-v", "build")
    assert compiled == [True]
    assert run_both(twins, "build").err.endswith(" is up to date\n")
    assert run_both(twins, "build", "--check", "--locked").status == 0


@pytest.mark.parametrize("text", ["host = 3", 'host = "gamma"', "[[host]]", "host = [1]", "vm = 3", "[[vm]]"])
def test_what_is_no_table_is_told(twins: tuple[Project, Project], text: str) -> None:
    in_each(lambda project: project.add("more.toml", f"{text}\n"))(twins)
    assert "KEY003" in run_both(twins, "build").err


def test_a_site_without_hosts_is_told(twins: tuple[Project, Project]) -> None:
    for project in twins:
        for host in ("alpha", "beta", "gamma"):
            project.edit(f"{host}.toml", f'[host.{host}]\nfreebsd = "14.3"\n', "")
    assert "REF001" in run_both(twins, "build").err


def test_the_memory_is_that_of_the_whole(
    twins: tuple[Project, Project], cache: Path, compiled: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    number_all(twins)
    with in_parts():
        twins[0].succeed("build")
    monkeypatch.setattr(site_memory, "VMS_WORTH_A_MEMORY", 0)
    twins[1].succeed("build")
    assert compiled == [True]
    memories = [path.read_text().partition("\n")[2] for path in cache.rglob("*.site")]
    assert len(memories) == 2
    first, second = (
        json.loads(memory.replace("/b/project", "/a/project"))[1:]  # but for marks of files
        for memory in memories
    )
    assert first == second


def test_colliding_numbers_are_given_in_the_order_of_names(
    twins: tuple[Project, Project], compiled: list[bool]
) -> None:
    """Two VMs whose first candidates for a MAC address are one: the one whose name comes first has it."""
    seen: dict[str, str] = {}
    for number in range(100000):
        name = f"x{number}"
        digest = hashlib.sha256(f"example/{name}/lan".encode()).hexdigest()[:6]
        if digest in seen:
            break
        seen[digest] = name
    pair = sorted((seen[digest], name))
    for vm, host in zip(pair, ("gamma", "alpha"), strict=True):
        change_host(host, f'[vm.{vm}]\nhost = "{host}"\nmemory = "1G"\n[vm.{vm}.nic.lan]\nnetwork = "lan"\n')(twins)
    run_both(twins, "build")
    assert compiled == [True]
    macs = [(twins[0].locks / f"{vm}.toml").read_text().partition('[macs]\nlan = "')[2][:17] for vm in pair]
    assert macs[0].replace(":", "").endswith(digest)
    assert macs[0] != macs[1]


LATER: dict[str, Callable[[tuple[Project, Project]], None]] = {
    "a template": in_each(lambda project: project.edit("site.toml", 'memory = "512M"', 'memory = "768M"')),
    "a file changed by hand": in_each(
        lambda project: (project.build / "beta" / GUESTS / "beta1" / "start").write_text("mine\n")
    ),
    "no output": in_each(lambda project: shutil.rmtree(project.build)),
    "no locks": in_each(lambda project: shutil.rmtree(project.locks)),
    "a host that left": in_each(lambda project: (project.root / "site" / "beta.toml").unlink()),
    "a VM that is gone": in_each(lambda project: drop(project, "beta2")),
}


@pytest.mark.parametrize("change", LATER)
def test_later(twins: tuple[Project, Project], change: str, compiled: list[bool], cache: Path) -> None:
    run_both(twins, "build")
    LATER[change](twins)
    for file in cache.rglob("*.site"):
        file.unlink()
    run_both(twins, "-v", "build")
    assert len(compiled) == 2
    run_both(twins, "-v", "build")


@pytest.mark.parametrize("clash", CLASHES)
def test_what_another_part_has_is_found(twins: tuple[Project, Project], clash: str, compiled: list[bool]) -> None:
    change_host("alpha", ELSEWHERE)(twins)
    run_both(twins, "build")
    lock = (twins[0].locks / "alpha1.toml").read_text()
    change_host("gamma", CLASHES[clash].replace("MAC", lock.partition('[macs]\nlan = "')[2][:17]))(twins)
    for project in twins:
        shutil.rmtree(project.build)
    assert told(run_both(twins, "--format", "short", "build"))
    assert not any(compiled[1:])


@pytest.mark.parametrize(
    "arguments", [("--check",), ("--dry-run",), ("-o", "elsewhere"), ("--locked",), ("--check", "--locked")]
)
def test_flags(twins: tuple[Project, Project], arguments: tuple[str, ...], compiled: list[bool]) -> None:
    if "-o" in arguments:
        with in_parts():
            first = twins[0].run("build", "-o", "first")
        second = twins[1].run("build", "-o", "second")
        assert (first.status, second.status, compiled) == (0, 0, [True])
        assert {path.name for path in Path("first").iterdir()} == {path.name for path in Path("second").iterdir()}
        return
    run_both(twins, "build", *arguments)
    run_both(twins, "build")
    change_host("gamma", OTHER.format(name="new1"))(twins)
    run_both(twins, "build", *arguments)
    assert compiled[:1] == ["--locked" not in arguments]


def test_files_of_somebody_else_are_told(twins: tuple[Project, Project], compiled: list[bool]) -> None:
    run_both(twins, "build")
    for name in ("NOTES", "alpha/root/NOTES"):
        for project in twins:
            (project.build / name).write_text("mine\n")
            project.edit("site.toml", 'memory = "512M"', 'memory = "768M"')
        assert "OUT002" in run_both(twins, "build").err
        for project in twins:
            (project.build / name).unlink()
            project.edit("site.toml", 'memory = "768M"', 'memory = "512M"')
        run_both(twins, "build")
    assert False in compiled


def test_what_is_in_the_way_is_told_and_nothing_is_written(
    twins: tuple[Project, Project], compiled: list[bool]
) -> None:
    for project in twins:
        project.build.mkdir()
        (project.build / "beta").write_text("in the way\n")
    assert "OUT001" in run_both(twins, "build").err
    assert compiled == [False]
    assert [path.name for path in twins[0].build.iterdir()] == ["beta"]


def test_a_worker_that_dies_leaves_what_the_next_build_clears(
    twins: tuple[Project, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = check_part.check_part

    def fail(part: object, *others: object) -> object:
        if "gamma1" in part.site.vms:  # type: ignore[attr-defined]
            raise MemoryError
        return original(part, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(compile_parts, "check_part", fail)
    with in_parts():
        assert twins[0].run("build").status == 70
    assert not twins[0].build.exists()
    monkeypatch.setattr(compile_parts, "check_part", original)
    run_both(twins, "build")


@pytest.mark.parametrize("name", ["everything", "example"])
def test_sites_of_many_kinds(
    name: str, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str], compiled: list[bool]
) -> None:
    """With something to say or without: what comes is that of the whole."""
    assert cache.exists()
    source = CHECKOUT / "site" if name == "example" else CHECKOUT / "tests" / "sites" / name
    twins = []
    for place in ("a", "b"):
        shutil.copytree(source, tmp_path / place / "project" / "site", ignore=shutil.ignore_patterns("locks"))
        twins.append(Project(tmp_path / place / "project", capsys))
    run_both((twins[0], twins[1]), "build")
    assert len(compiled) == 1
