"""``hivewright profile``: list, show, new, check, and update from a git repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.cli import main
from projects import CHECKOUT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(tmp_path / "project", {"site/site.toml": '[site]\nname = "example"\n'})


def test_every_profile_is_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(project), "profile", "list", "--json"]) == 0
    names = {row["name"] for row in json.loads(capsys.readouterr().out)}
    assert names == {path.stem for path in (CHECKOUT / "profiles").rglob("*.toml")}
    assert main(["-C", str(project), "profile", "list", "debian-1*"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3
    assert main(["-C", str(project), "profile", "list", "debain-13"]) == 2
    assert 'did you mean "debian-13"' in capsys.readouterr().err


def test_show_says_where_images_come_from(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(project), "profile", "show", "debian-13"]) == 0
    out = capsys.readouterr().out
    assert "extends       profiles/linux/linux.toml" in out
    assert "checked by https://cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS" in out
    assert main(["-C", str(project), "profile", "show"]) == 2


def test_a_new_profile_extends_another_and_is_sound(project: Path) -> None:
    assert main(["-C", str(project), "profile", "new", "ours", "--from", "debian-13"]) == 0
    assert (project / "site/profiles/linux/ours.toml").read_text().startswith('extends = "debian-13"\n')
    assert main(["-C", str(project), "profile", "check", "ours"]) == 0
    assert main(["-C", str(project), "profile", "new", "ours", "--from", "debian-13"]) == 1
    assert main(["-C", str(project), "profile", "new", "Ours!", "--from", "debian-13"]) == 2
    assert main(["-C", str(project), "profile", "new", "more", "--from", "none"]) == 2


def test_check_tells_each_fault_once_where_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'extends = "debian-13"\narches = ["arm65"]\n[vm]\nmemroy = "1G"\n'
    write_files(project, {"site/profiles/linux/bad.toml": text})
    assert main(["-C", str(project), "--color", "never", "profile", "check", "bad"]) == 1
    err = capsys.readouterr().err
    assert err.count("error[") == 2
    assert "bad.toml:2:11" in err
    assert "bad.toml:4:1" in err
    assert main(["-C", str(project), "profile", "list", "bad"]) == 1


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=Alice", "-c", "user.email=alice@example.net"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_update_shows_the_changes_before_it_takes_them(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = write_files(tmp_path / "origin", {"profiles/linux/theirs.toml": 'extends = "debian-13"\n'})
    git(origin, "init", "-q", ".")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Profiles")
    site = f'[site]\nname = "example"\nprofiles = {{ git = "{origin}" }}\n'
    write_files(project, {"site/site.toml": site, "profiles/linux/old.toml": 'extends = "debian-12"\n'})
    verb = ["-C", str(project), "profile", "update"]
    assert main([*verb, "-n"]) == 3
    out = capsys.readouterr().out
    assert '+extends = "debian-13"' in out
    assert '-extends = "debian-12"' in out
    assert main(verb) == 3  # nobody is there to answer
    assert not (project / "profiles/linux/theirs.toml").exists()
    assert main([*verb, "--yes"]) == 0
    assert (project / "profiles/linux/theirs.toml").read_text() == 'extends = "debian-13"\n'
    assert not (project / "profiles/linux/old.toml").exists()
    assert main(verb) == 0


@pytest.mark.parametrize("address", ["--upload-pack=touch /tmp/x", "ext::sh -c id", "example.net"])
def test_an_address_is_never_an_option_or_a_command(project: Path, address: str) -> None:
    write_files(project, {"site/site.toml": f'[site]\nname = "example"\nprofiles = {{ git = "{address}" }}\n'})
    assert main(["-C", str(project), "check"]) == 1
    assert main(["-C", str(project), "profile", "update", "--yes"]) == 1


def test_a_site_without_a_repository_says_what_to_write(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(project), "profile", "update"]) == 1
    assert "[site] profiles = { git =" in capsys.readouterr().err
