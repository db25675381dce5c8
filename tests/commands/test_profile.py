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


def test_show_says_what_a_profile_gives_a_guest(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own keys and those of what it extends, its sockets, who reads first-boot data."""
    text = 'extends = "windows-11"\n[vm]\nmemory = "6G"\nvnc = true\n'
    write_files(project, {"site/profiles/windows/ours.toml": text})
    verb = ["-C", str(project), "profile", "show"]
    assert main([*verb, "ours"]) == 0
    out = capsys.readouterr().out
    for line in ("first boot    cloudbase-init", "sockets       2 at most", "a VM has      cpus = 2"):
        assert f"  {line}\n" in out
    for key in ('memory = "6G"', "rng = false", 'machine.rtc = "localtime"', 'vnc.vga = "io"'):
        assert f"\n{' ' * 16}{key}\n" in out
    assert main([*verb, "ours", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["vm"]["machine"]["rtc"] == "localtime"
    assert main([*verb, "alpine-3.23"]) == 0
    assert "  first boot    cloud-init; users become root by doas\n" in capsys.readouterr().out
    assert main([*verb, "other"]) == 0
    assert "a VM has" not in capsys.readouterr().out


def test_a_new_profile_extends_another_and_is_sound(project: Path) -> None:
    assert main(["-C", str(project), "profile", "new", "ours", "--from", "debian-13"]) == 0
    assert (project / "site/profiles/linux/ours.toml").read_text().startswith('extends = "debian-13"\n')
    assert main(["-C", str(project), "profile", "check", "ours"]) == 0
    assert main(["-C", str(project), "profile", "new", "ours", "--from", "debian-13"]) == 1
    assert main(["-C", str(project), "profile", "new", "Ours!", "--from", "debian-13"]) == 2
    assert main(["-C", str(project), "profile", "new", "more", "--from", "none"]) == 2


@pytest.mark.parametrize("parent", ["debian-*", "debian-12,debian-13", "@tag", ""])
def test_a_new_profile_extends_one_profile_by_its_name(project: Path, parent: str) -> None:
    assert main(["-C", str(project), "profile", "new", "ours", "--from", parent]) == 2
    assert not (project / "site/profiles").exists()


def test_a_new_profile_extends_none_with_faults(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(project, {"site/profiles/linux/bad one.toml": "os = 1\n"})
    assert main(["-C", str(project), "profile", "new", "ours", "--from", "bad one"]) == 1
    assert "has faults; see: hivewright profile check 'bad one'" in capsys.readouterr().err
    assert [path.name for path in (project / "site/profiles").rglob("*.toml")] == ["bad one.toml"]


def test_outside_of_a_project_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(tmp_path), "profile", "new", "ours", "--from", "debian-13"]) == 1
    assert "is no project, and lies in none" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


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


GOOD = 'extends = "debian-13"\n'


@pytest.fixture
def origin(project: Path, tmp_path: Path) -> Path:
    """A repository with one profile, which the site names."""
    origin = write_files(tmp_path / "origin", {"profiles/linux/theirs.toml": GOOD})
    git(origin, "init", "-q", ".")
    site = f'[site]\nname = "example"\nprofiles = {{ git = "{origin}" }}\n'
    write_files(project, {"site/site.toml": site, "profiles/linux/old.toml": 'extends = "debian-12"\n'})
    return origin


def refused(project: Path, origin: Path) -> None:
    """What the repository has is not taken, and nothing in the project is another thing than before."""
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Profiles")
    before = tree(project)
    assert main(["-C", str(project), "profile", "update", "--yes"]) == 1
    assert tree(project) == before


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("linux/bad.toml", b"broken = [\n", "linux/bad.toml: this is not a value"),
        ("linux/latin.toml", b"# caf\xe9\n", "linux/latin.toml: this is not UTF-8 text"),
        ("linux/large.toml", b"#" * 300_000, "linux/large.toml: it has more than 262144 bytes"),
        ("linux/Bad Name.toml", b"", "linux/Bad Name.toml: a name has 1 to 31"),
        ("..x/good.toml", b"", "..x/good.toml: a name has 1 to 31"),
        ("linux/esc\x1b[31m.toml", b"", "linux/esc\\u{1b}[31m.toml: a name has 1 to 31"),
    ],
)
def test_one_profile_that_is_wrong_keeps_all_of_a_repository_away(
    project: Path, origin: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, told: str
) -> None:
    path = origin / "profiles" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    refused(project, origin)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"hivewright: {origin}: {told}")
    assert line.endswith("; nothing was changed")


def test_links_of_a_repository_are_not_followed(
    project: Path, origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (origin / "profiles/linux/link.toml").symlink_to("/etc/passwd")
    refused(project, origin)
    assert "linux/link.toml: this is no file; links are not followed" in capsys.readouterr().err
    write_files(tmp_path / "elsewhere", {"linux/secret.toml": GOOD})
    (origin / "profiles").rename(origin / "other")
    (origin / "profiles").symlink_to(tmp_path / "elsewhere")
    refused(project, origin)
    assert "profiles of " in (err := capsys.readouterr().err)
    assert "is a symbolic link, which is not followed" in err


def test_what_is_in_the_way_of_a_profile_keeps_all_away(
    project: Path, origin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(origin, {"profiles/bsd/first.toml": GOOD})
    (project / "profiles/linux/theirs.toml").mkdir()
    refused(project, origin)
    assert "theirs.toml is no file; move it away; nothing was changed" in capsys.readouterr().err
    (project / "profiles/linux/theirs.toml").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (project / "profiles/bsd").symlink_to(tmp_path / "elsewhere")
    write_files(origin, {"profiles/bsd/second.toml": GOOD})
    refused(project, origin)
    assert "profiles/bsd is no folder; move it away; nothing was changed" in capsys.readouterr().err
    assert not list((tmp_path / "elsewhere").iterdir())
    (project / "profiles/bsd").unlink()
    (project / "profiles/linux/.theirs.toml.new").mkdir()
    write_files(origin, {"profiles/bsd/third.toml": GOOD})
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Profiles")
    assert main(["-C", str(project), "profile", "update", "--yes"]) == 1
    assert {path.name for path in (project / "profiles").rglob("*.toml*")} == {"old.toml", ".theirs.toml.new"}


def test_a_repository_that_is_gone_changes_nothing(
    project: Path, origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(origin, "commit", "-qm", "Nothing", "--allow-empty")
    before = tree(project)
    origin.rename(origin.with_name("moved"))
    assert main(["-C", str(project), "profile", "update", "--yes"]) == 1
    assert capsys.readouterr().err.startswith(f"hivewright: cannot fetch {origin}: ")
    assert tree(project) == before


@pytest.mark.parametrize("address", ["--upload-pack=touch /tmp/x", "ext::sh -c id", "example.net"])
def test_an_address_is_never_an_option_or_a_command(
    project: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(project, {"site/site.toml": f'[site]\nname = "example"\nprofiles = {{ git = "{address}" }}\n'})
    assert main(["-C", str(project), "check"]) == 1
    assert main(["-C", str(project), "profile", "update", "--yes"]) == 1
    assert "[site] profiles is not right; see: hivewright check" in capsys.readouterr().err


def test_a_site_without_a_repository_says_what_to_write(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(project), "profile", "update"]) == 1
    assert "[site] profiles = { git =" in capsys.readouterr().err


def test_a_site_that_cannot_be_read_is_not_taken_for_one_without_a_repository(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(project, {"site/site.toml": '[site\nname = "example"\n'})
    assert main(["-C", str(project), "profile", "update"]) == 1
    assert "what can be read of the site names no repository; see: hivewright check" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["check"], ["profile", "list"], ["profile", "new", "ours", "--from", "debian-13"]])
def test_a_folder_of_profiles_that_cannot_be_read_is_not_taken_for_an_empty_one(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    site = '[site]\nname = "example"\n[host.alpha]\nfreebsd = "14.3"\n[vm.web1]\nhost = "alpha"\nmemory = "1G"\n'
    write_files(project, {"site/site.toml": site, "site/profiles/other.txt": ""})
    (project / "site/profiles/linux").symlink_to("linux")
    assert main(["-C", str(project), *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "profiles/linux: Too many levels of symbolic links" in line
