"""``hivewright new``: what it makes has no faults, and what it is given wrongly is refused in one sentence."""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hivewright import cli
from hivewright.bhyve.releases import TABLE
from hivewright.commands import new
from hivewright.schema.json_schema import site_schema

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK6KH5IcGO1QL+bSsIpFGNt26UkTBVgekzUW8nEB9L8T admin@example.net"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own; the test works in an empty folder, without a terminal."""
    folders = tmp_path / "home", tmp_path / "work"
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("HOME", str(folders[0]))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(folders[1])
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return folders[0]


def run(*words: str, quiet: bool = False) -> int:
    parser = argparse.ArgumentParser()
    new.add_arguments(parser)
    namespace = argparse.Namespace(directory=None, quiet=quiet)
    return new.run(parser.parse_args(list(words), namespace))


def assert_builds(folder: str, key: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """``check`` and ``build`` warn of nothing, but that nobody can log in where no key was given."""
    capsys.readouterr()
    for verb in ("check", "build"):
        strict = ["--strict"] if key else []
        assert cli.main(["-C", folder, "--color", "never", *strict, verb]) == 0
        told = capsys.readouterr().err
        assert re.findall(r"^\w+\[\w+\]", told, re.MULTILINE) == ([] if key else ["warning[SEED003]"])
    assert list(Path(folder, "build").glob("*/root/usr/local/etc/hivewright/vms/guest1/start"))


COMBINATIONS = [
    [f"freebsd={release}", f"arch={arch}", f"storage={storage}", f"ssh_key={key}"]
    for (release, arch), storage, key in itertools.product(sorted(TABLE), ("zfs", "directory"), ("", KEY))
]


@pytest.mark.slow
@pytest.mark.parametrize("answers", COMBINATIONS, ids=" ".join)
def test_every_combination_of_answers_makes_a_site_that_builds_at_once(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", *answers) == 0
    assert_builds("demo", answers[-1] != "ssh_key=", capsys)


def test_without_answers_and_terminal_the_defaults_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo") == 0
    assert capsys.readouterr().out == "Made demo. Read demo/README.md, then run: hivewright -C demo build\n"
    assert_builds("demo", False, capsys)


def test_the_home_folder_is_left_alone(home: Path) -> None:
    assert run("demo") == 0
    assert not list(home.iterdir())


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", quiet=True) == 0
    assert capsys.readouterr() == ("", "")


def test_answers_land_in_the_site() -> None:
    answers = ["site=lab", "domain=lab.example.net", "host=node-1", "freebsd=15.0", "arch=arm64"]
    assert run(*answers, "storage=directory", "location=/data/vms", "user=ops", f"ssh_key={KEY}") == 0
    site: dict[str, Any] = {}
    for path in Path("lab", "site").rglob("*.toml"):
        site |= tomllib.loads(path.read_text())
    assert site["site"] == {"name": "lab", "domain": "lab.example.net"}
    assert site["host"] == {"node-1": {"freebsd": "15.0", "arch": "arm64", "address": "node-1.lab.example.net"}}
    assert site["storage"]["main"] == {"kind": "directory", "path": "/data/vms"}
    assert site["network"]["lan"] == {"kind": "manual", "bridge": "bridge0"}
    assert site["user"]["ops"]["ssh_keys"] == [KEY]
    assert site["vm"]["guest1"]["host"] == "node-1"


def test_editors_find_the_schema_from_every_file() -> None:
    assert run("demo") == 0
    rule = tomllib.loads(Path("demo/.taplo.toml").read_text())["rule"][0]
    schema = Path("demo", rule["schema"]["path"])
    assert json.loads(schema.read_text()) == site_schema()
    for path in Path("demo/site").rglob("*.toml"):
        first = path.read_text().splitlines()[0]
        assert (path.parent / first.removeprefix("#:schema ")).resolve() == schema.resolve(), path


def test_every_file_is_text_that_ends_in_one_newline() -> None:
    assert run("demo", "freebsd=15.0") == 0
    assert run("other", f"ssh_key={KEY}") == 0
    paths = [path for path in Path().rglob("*") if path.is_file()]
    assert len(paths) == 20
    for path in paths:
        text = path.read_text()
        assert text.strip() == text[:-1], path
        assert path.suffix == ".json" or "{" not in text.replace("{ ", ""), path


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["demo", "colour=red"], 2, "there is no question colour; there are site, domain, host, arch, freebsd,"),
        (["demo", "other"], 2, "one folder is enough: demo other"),
        (["demo", "site=My Site"], 1, "site must be 1 to 31 lower-case letters, digits, - and _, the first a letter"),
        (["demo", "site={{"], 1, "site must be 1 to 31 lower-case letters"),
        (["demo", "freebsd=12.4"], 1, "hivewright knows bhyve on amd64 in FreeBSD 13.2, "),
        (["demo", "freebsd=current"], 1, 'freebsd must be a release of FreeBSD such as "14.3", not "current"'),
        (["demo", "arch=riscv"], 1, 'arch must be amd64 or arm64, not "riscv"'),
        (
            ["demo", "arch=arm64", "freebsd=14.3"],
            1,
            "hivewright knows bhyve on arm64 in FreeBSD 15.0, 15.1, not in",
        ),
        (["demo", "location=/srv/vms"], 1, 'location must be a dataset such as "zroot/vms", not "/srv/vms"'),
        (["demo", "storage=directory", "location=../x"], 1, "location must be an absolute path"),
        (["demo", "ssh_key=secret"], 1, "ssh_key must be one public key"),
        (["demo", 'ssh_key=ssh-ed25519 AAAA "name'], 1, "ssh_key must be one public key"),
        (["demo", "domain="], 1, "domain must be a DNS domain"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == status
    error = capsys.readouterr().err
    assert error.startswith(f"hivewright: {message}")
    assert error.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize("existing", ["folder", "file", "dangling link"])
def test_nothing_that_exists_is_touched(existing: str, capsys: pytest.CaptureFixture[str]) -> None:
    demo = Path("demo")
    if existing == "folder":
        demo.mkdir()
        (demo / "README.md").write_text("mine")
    elif existing == "file":
        demo.write_text("mine")
    else:
        demo.symlink_to("nowhere")
    before = [(path, path.lstat().st_mtime_ns) for path in sorted(Path().rglob("*"))]
    assert run("demo") == 1
    assert capsys.readouterr().err == "hivewright: demo exists already; nothing was changed\n"
    assert [(path, path.lstat().st_mtime_ns) for path in sorted(Path().rglob("*"))] == before


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert run("file/demo") == 1
    assert capsys.readouterr().err == "hivewright: cannot make file/demo: Not a directory\n"


def test_on_a_terminal_each_answer_is_asked_for_until_it_is_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["", "", "Bad\x1bName", "good", "", "", "directory", "zroot/vms", "/srv/guests", "", ""]
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in answers)))
    assert run() == 0
    host = tomllib.loads(Path("example", "site", "hosts", "good.toml").read_text())
    assert set(host["host"]) == {"good"}
    storage = tomllib.loads(Path("example", "site", "storage.toml").read_text())
    assert storage["storage"]["main"] == {"kind": "directory", "path": "/srv/guests"}
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert told.count("host must be") == told.count("location must be") == 1


@pytest.mark.parametrize(("folder", "name"), [("demo", "demo"), ("sites/lab", "lab"), ("My Site", "example")])
def test_a_site_is_named_like_its_folder(folder: str, name: str) -> None:
    assert run(folder) == 0
    assert tomllib.loads(Path(folder, "site", "site.toml").read_text())["site"]["name"] == name


def test_the_default_release_is_one_of_the_architecture() -> None:
    assert run("demo", "arch=arm64") == 0
    host = tomllib.loads(Path("demo", "site", "hosts", "alpha.toml").read_text())
    assert host["host"]["alpha"]["freebsd"] == "15.0"


def test_the_page_of_a_new_site_names_guests_and_paths_that_there_are() -> None:
    assert run("demo") == 0
    assert cli.main(["-C", "demo", "-q", "build"]) == 0
    page = Path("demo", "README.md").read_text()
    guests = re.findall(r"hivectl (?:console|start|stop|status) (\w+)", page)
    assert guests
    vms = Path("demo", "build", "alpha", "root", "usr/local/etc/hivewright/vms")
    assert [guest for guest in guests if not (vms / guest).is_dir()] == []
    paths = re.findall(r"`((?:site|build)/[^`]*)`", page)
    assert "build/alpha/INVENTORY.md" in paths
    assert [path for path in paths if not Path("demo", path).exists()] == []
    assert "## To prepare" in Path("demo", "build/alpha/INVENTORY.md").read_text()


def test_answers_that_end_early_make_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("lab\n"))
    assert run() == 1
    assert capsys.readouterr().err == "hivewright: the questions were not answered\n"
    assert not os.listdir()


class Terminal(io.StringIO):
    """Answers typed at a terminal."""

    def isatty(self) -> bool:
        return True
