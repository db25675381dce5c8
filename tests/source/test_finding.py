"""A project is found from any folder below it, and a folder that is none is said so once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.cli import main
from hivewright.source import find_project
from projects import FILES, hivewright

SITE = '[site]\nname = "example"\n'
TWO_FOLDERS = {"site/site.toml": SITE, "site/vms/a.toml": "", "docs/plans/x.md": "", "build/alpha/root/boot/x": ""}


@pytest.mark.parametrize("folder", ["site", "site/vms", "docs/plans", "build", "build/alpha/root/boot"])
def test_a_project_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    write_files(tmp_path, TWO_FOLDERS)
    project = find_project(tmp_path / folder)
    assert (project.root, project.site, project.build) == (tmp_path, tmp_path / "site", tmp_path / "build")
    monkeypatch.chdir(tmp_path / folder)
    project = find_project(Path())
    assert not project.site.is_absolute()
    assert (project.root.resolve(), project.site.resolve()) == (tmp_path, tmp_path / "site")


@pytest.mark.parametrize(
    "text", [SITE, 'site.name = "example"\n', 'site = { name = "example" }\n', '[site\nname = 1"\n']
)
@pytest.mark.parametrize("file", ["site.toml", "z.toml"])
def test_a_folder_that_is_a_site_itself_is_found_from_below(tmp_path: Path, file: str, text: str) -> None:
    write_files(tmp_path, {file: text, "vms/web/a.toml": ""})
    project = find_project(tmp_path / "vms" / "web")
    assert (project.root, project.site, project.build) == (tmp_path, tmp_path, tmp_path / "build")


def test_the_table_site_may_stand_one_folder_below_the_top(tmp_path: Path) -> None:
    write_files(tmp_path, {"site/general/site.toml": SITE, "site/vms/a.toml": ""})
    assert find_project(tmp_path / "site" / "vms").root == tmp_path
    assert find_project(tmp_path / "site").root == tmp_path


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    write_files(tmp_path, {"site/site.toml": SITE, "copies/old/site/site.toml": SITE, "copies/old/site/vms/a.toml": ""})
    assert find_project(tmp_path / "copies" / "old" / "site" / "vms").root == tmp_path / "copies" / "old"
    assert find_project(tmp_path / "copies").root == tmp_path


def test_a_folder_called_site_within_a_site_is_no_project(tmp_path: Path) -> None:
    write_files(tmp_path, {"site/site.toml": SITE, "site/site/a.toml": ""})
    assert find_project(tmp_path / "site").root == tmp_path
    assert find_project(tmp_path / "site" / "site").root == tmp_path


def test_a_link_leads_to_its_project(tmp_path: Path) -> None:
    write_files(tmp_path, {"one/site/site.toml": SITE, "one/site/vms/a.toml": ""})
    os.symlink("one/site/vms", tmp_path / "link")
    assert find_project(tmp_path / "link").root == tmp_path / "one"


@pytest.mark.parametrize("file", ["site/config.toml", "config.toml"])
def test_toml_of_others_above_is_no_project(tmp_path: Path, file: str) -> None:
    write_files(tmp_path, {file: 'title = "a page"\n', "work/a.toml": ""})
    assert find_project(tmp_path / "work").root == tmp_path / "work"


@pytest.mark.parametrize("file", ["site/site.toml", "site.toml"])
def test_what_anybody_could_have_put_above_is_not_used(tmp_path: Path, file: str) -> None:
    write_files(tmp_path, {f"open/{file}": SITE, "open/work/vms/a.toml": ""})
    (tmp_path / "open").chmod(0o1777)
    assert find_project(tmp_path / "open" / "work").root == tmp_path / "open" / "work"
    assert find_project(tmp_path / "open").root == tmp_path / "open"


@pytest.mark.slow
def test_a_build_from_below_writes_the_output_of_the_project(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    for folder in ("site", "site/vms", "site/hooks"):
        done = hivewright("build", folder=tmp_path / folder)
        assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "site"]
    assert not [path for path in (tmp_path / "site").rglob("build") if path.is_dir()]
    done = hivewright("check", folder=tmp_path / "build")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("words", ["check", "build", "diff", "show web1", "get web1", "set web1 cpus=2"])
@pytest.mark.parametrize("toml", [None, '[package]\nname = "other"\n', "x = yes\n", '[vm.web1]\nhost = "alpha"\n'])
def test_a_folder_that_is_no_project_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, toml: str | None
) -> None:
    write_files(tmp_path, {"README.md": "", **({"a.toml": toml, "deep/b.toml": toml} if toml is not None else {})})
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    assert main(["--format", "short", *words.split()]) == 1
    assert capsys.readouterr().err == (
        "error[SRC006]: this folder is no project, and lies in none: no TOML file here has the table [site]\n"
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_a_site_without_its_table_is_told_all_its_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, '[host.alpha]\nfreebsd = "14.3"\n[vm.web1]\nhost = "alhpa"\nmemory = "1G"\n')
    assert main(["-C", str(tmp_path), "--format", "short", "check"]) == 1
    told = capsys.readouterr().err
    assert [line.partition("[")[2][:6] for line in told.splitlines()] == ["KEY002", "REF001"]
