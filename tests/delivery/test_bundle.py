"""``hivewright bundle``: the archive has what was built, and the same site gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from hivewright.delivery.archive import SUFFIXES
from hivewright.plan import ROOT, parse_manifest
from projects import Project, files_below

pytest_plugins = ["project_fixtures"]


def unpacked(archive: Path, target: Path) -> Path:
    subprocess.run(["tar", "-xpf", archive, "-C", target], check=True)
    return target / "hivewright"


def pack(project: Project, path: Path, *hosts: str) -> bytes:
    project.succeed("-q", "bundle", *hosts, "-o", str(path))
    return path.read_bytes()


def test_the_archive_has_what_was_built(built: Project, tmp_path: Path) -> None:
    pack(built, tmp_path / "both.tar", "alpha", "beta")
    found = unpacked(tmp_path / "both.tar", tmp_path)
    assert files_below(found / "runtime") == files_below(built.build / "runtime")
    for host in ("alpha", "beta"):
        packed = files_below(found / "hosts" / host)
        assert packed.pop("CHECKLIST")
        assert packed == files_below(built.build / host)
    seed = next(path for path in found.rglob("user-data"))
    assert seed.stat().st_mode & 0o777 == 0o600
    assert os.access(found / "install", os.X_OK)


def test_its_manifest_has_every_file_that_no_other_has(built: Project, tmp_path: Path) -> None:
    pack(built, tmp_path / "alpha.tar", "alpha")
    found = unpacked(tmp_path / "alpha.tar", tmp_path)
    entries, is_whole = parse_manifest((found / "MANIFEST").read_bytes())
    assert is_whole
    others = {f"{ROOT}{path}" for path in files_below(found) if f"/{ROOT}" not in path and path != "MANIFEST"}
    assert set(entries) == others


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_site_gives_the_same_bytes(suffix: str, built: Project, tmp_path: Path) -> None:
    first = pack(built, tmp_path / f"a{suffix}", "alpha", "beta")
    os.utime(built.build / "alpha" / "MANIFEST", (1, 1))
    assert pack(built, tmp_path / f"b{suffix}", "beta", "alpha", "beta") == first
    with tarfile.open(tmp_path / f"a{suffix}") as archive:
        members = archive.getmembers()
    assert {(each.uid, each.gid, each.mtime, each.type) for each in members} == {(0, 0, 0, tarfile.REGTYPE)}
    assert [each.name for each in members] == sorted(each.name for each in members)


def test_an_archive_is_replaced_and_belongs_to_its_owner_alone(built: Project, tmp_path: Path) -> None:
    path = tmp_path / "alpha.tgz"
    path.write_text("old")
    done = built.run("bundle", "alpha", "-o", str(path))
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[-1] == f"{path}: alpha"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("alpha")] == ["alpha.tgz"]


def test_hosts_are_named_by_patterns_as_well(built: Project, tmp_path: Path) -> None:
    assert pack(built, tmp_path / "all.tar", "*") == pack(built, tmp_path / "both.tar", "beta", "alpha")
    assert pack(built, tmp_path / "one.tar", "a*") == pack(built, tmp_path / "alpha.tar", "alpha")


def test_what_was_not_built_is_not_packed(built: Project, tmp_path: Path) -> None:
    built.edit("vms/web.toml", '"4G"', '"5G"')
    done = built.run("-q", "bundle", "alpha", "-o", str(tmp_path / "a.tar"))
    assert (done.status, done.out) == (1, "")
    assert "alpha is not what the site says now; run hivewright build" in done.err
    assert not (tmp_path / "a.tar").exists()
    pack(built, tmp_path / "b.tar", "beta")
    built.succeed("-q", "build")
    pack(built, tmp_path / "a.tar", "alpha")


def test_a_file_that_was_changed_below_build_is_not_packed(built: Project, tmp_path: Path) -> None:
    path = built.build / "runtime" / "root" / "usr" / "local" / "sbin" / "hivectl"
    path.write_text(path.read_text() + "# mine\n")
    done = built.run("-q", "bundle", "alpha", "-o", str(tmp_path / "a.tar"))
    assert done.status == 1
    assert "runtime is not what the site says now" in done.err


def test_a_site_with_an_error_is_not_packed(built: Project, tmp_path: Path) -> None:
    built.edit("vms/web.toml", '"4G"', '"4X"')
    assert built.run("-q", "bundle", "alpha", "-o", str(tmp_path / "a.tar")).status == 1


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("gamma", "-o", "a.tar"), 2, "there is no host gamma in the site; there are: alpha, beta"),
        (("alpha", "-o", "a.zip"), 2, "a.zip has none of the suffixes .tar, .tar.gz"),
        (("alpha",), 2, "-o"),
        (("-o", "a.tar"), 2, "HOST"),
        (("alpha", "-o", "/nowhere/a.tar"), 1, "/nowhere/a.tar"),
    ],
)
def test_what_cannot_be_packed_is_told(words: tuple[str, ...], status: int, says: str, built: Project) -> None:
    done = built.run("-q", "bundle", *words)
    assert (done.status, done.out) == (status, "")
    assert says in done.err
