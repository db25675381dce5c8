"""Which files belong to a site, and what becomes of those that cannot be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from hivewright.diagnostics import Spot
from hivewright.source import find_project, read_site
from hivewright.source.parsing import parse_toml
from hivewright.system.data import data_directory


def names(folder: Path) -> list[str]:
    return [file.name for file in read_site(find_project(folder)).files]


def test_folder_with_site_in_it_is_a_project(tmp_path: Path) -> None:
    write_files(tmp_path, {"site/a.toml": "", "other.toml": ""})
    project = find_project(tmp_path)
    assert (project.site, project.build) == (tmp_path / "site", tmp_path / "build")
    assert names(tmp_path) == ["a.toml"]


def test_folder_without_site_is_the_site_and_its_build_is_passed_over(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.toml": "", "build/alpha/b.toml": "", "deep/build/c.toml": ""})
    assert find_project(tmp_path).site == tmp_path
    assert names(tmp_path) == ["a.toml", "deep/build/c.toml"]


def test_hidden_files_locks_and_profiles_are_passed_over(tmp_path: Path) -> None:
    files = [".a.toml", ".git/b.toml", "locks/c.toml", "profiles/other/d.toml", "x/locks/e.toml", "f.tml", "g.toml~"]
    write_files(tmp_path, dict.fromkeys(files, ""))
    assert names(tmp_path) == ["x/locks/e.toml"]


def test_files_are_sorted_by_name(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(["b/a.toml", "a.toml", "b.toml", "a/z.toml", "a-b.toml"], ""))
    assert names(tmp_path) == sorted(names(tmp_path))
    assert len(names(tmp_path)) == 5


def test_linked_folders_are_read_once_and_may_loop(tmp_path: Path) -> None:
    write_files(tmp_path, {"vms/a.toml": ""})
    os.symlink("..", tmp_path / "vms" / "up")
    os.symlink("vms", tmp_path / "again")
    assert len(names(tmp_path)) == 1


def test_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    sources = read_site(find_project(tmp_path))
    assert [each.code for each in sources.diagnostics] == ["SRC004"]


def test_folder_without_permission_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a.toml": "", "vms/b.toml": ""})
    scan = os.scandir

    def refuse(path: str) -> Any:
        if os.path.basename(path) == "vms":  # root, as whom the tests may run, would be let in
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    with monkeypatch.context() as patched:
        patched.setattr("hivewright.source.project.os.scandir", refuse)
        assert [each.code for each in read_site(find_project(tmp_path)).diagnostics] == ["SRC004"]


def test_a_file_with_a_fault_does_not_hide_the_others(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.toml": "x", "b.toml": "y = 1", "c.toml": b"\xff", "d.toml": "z z"})
    sources = read_site(find_project(tmp_path))
    assert [file.name for file in sources.files if file.values] == ["b.toml"]
    assert sorted(each.code for each in sources.diagnostics) == ["SRC001", "SRC001", "SRC002"]


def test_position_of_a_byte_that_is_not_utf8_counts_characters(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.toml": "x = 1\n# äö".encode() + b"\xff"})
    (fault,) = read_site(find_project(tmp_path)).diagnostics
    assert fault.place == Spot("a.toml", 2, 5)


def test_carriage_returns_stay_in_the_text(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.toml": "x = 1\r\ny = 2\r\n"})
    (file,) = read_site(find_project(tmp_path)).files
    assert file.text == "x = 1\r\ny = 2\r\n"
    assert file.values == {"x": 1, "y": 2}


def test_own_profile_wins_over_the_shipped_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"site/a.toml": "", "profiles/other/other.toml": 'os = "other"\n'})
    sources = read_site(find_project(tmp_path))
    file, faults = sources.read_profile("other")
    assert file is not None
    assert (file.values, faults) == ({"os": "other"}, [])
    assert sources.path(file.name) == str(tmp_path / "profiles" / "other" / "other.toml")


def test_shipped_profiles_are_found(tmp_path: Path) -> None:
    sources = read_site(find_project(write_files(tmp_path, {"a.toml": ""})))
    assert "other" in sources.profile_names()
    assert sources.path("profiles/other/other.toml") == str(data_directory("profiles") / "other" / "other.toml")
    assert sources.read_profile("no-such-profile") == (None, [])


@pytest.mark.parametrize(
    ("text", "line", "column", "length"),
    [
        ('a = 1\nx = "abc\ny = 1', 2, 1, 8),
        ("x = yes # no", 1, 5, 3),
        ("[a]\nx = 1\n[a]\n", 3, 1, 3),
        ("x = 1\n  x = 2\n", 2, 3, 5),
        ("x = [1,\n", 2, 1, 1),
        ("x = 'abc\n", 1, 1, 8),
        ("", 0, 0, 0),
    ],
)
def test_syntax_errors_are_marked(text: str, line: int, column: int, length: int) -> None:
    values, fault = parse_toml("a.toml", text)
    if not line:
        assert (values, fault) == ({}, None)
        return
    assert values is None
    assert fault is not None
    assert fault.place == Spot("a.toml", line, column, length)
    assert fault.help
