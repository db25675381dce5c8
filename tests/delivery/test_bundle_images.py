"""``hivewright bundle --images``: the images that guests are made from come along, each as it should be."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest

from hivewright.catalogue.images import write_list
from hivewright.delivery.package import package
from hivewright.plan import Artifact
from projects import Done, Project, files_below

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

FIXED, MOVING, FREE = b"a fixed image\n" * 9000, b"today's image\n", b"whatever it is\n"
SITE = f"""\
[image.fixed]
url = "https://images.example.net/fixed.raw"
sha256 = "{sha256(FIXED).hexdigest()}"
[image.moving]
url = "https://images.example.net/latest?file=1"
file = "moving.raw"
checksums = {{ url = "https://images.example.net/SUMS", digest = "sha512" }}
[image.free]
url = "https://images.example.net/free.raw"
sha256 = "none"
[image.local]
path = "/srv/images/local.raw"
[vm.one]
host = "alpha"
memory = "1G"
disk.root = {{ storage = "plain", size = "1G", image = "fixed" }}
disk.data = {{ storage = "plain", size = "1G", image = "local" }}
[vm.two]
host = "beta"
memory = "1G"
disk.root = {{ storage = "plain", size = "1G", image = "fixed" }}
disk.data = {{ storage = "plain", size = "1G", image = "free" }}
cd.tools.image = "moving"
"""
STATED = f"sha512:{sha512(MOVING).hexdigest()}"


@pytest.fixture(name="stocked")
def with_images(project: Project, tmp_path: Path) -> Project:
    """A project whose guests need images, and a folder that has them, in the current one."""
    project.add("images.toml", SITE)
    project.succeed("-q", "build")
    images = tmp_path / "images"
    images.mkdir()
    for name, content in {"fixed.raw": FIXED, "moving.raw": MOVING, "free.raw": FREE, "other.raw": b""}.items():
        (images / name).write_bytes(content)
    write_list(images, [("moving.raw", STATED), ("fixed.raw", f"sha256:{sha256(FIXED).hexdigest()}")])
    return project


def pack(project: Project, archive: str, *hosts: str) -> Done:
    return project.run("-q", "bundle", *hosts, "--images", "-o", archive)


def unpacked(archive: str, target: Path) -> Path:
    target.mkdir()
    subprocess.run(["tar", "-xpf", archive, "-C", target], check=True)
    return target / "hivewright"


def test_each_host_has_a_list_of_its_own_and_each_file_is_there_once(stocked: Project, tmp_path: Path) -> None:
    assert pack(stocked, "both.tar", "alpha", "beta").status == 0
    found = unpacked("both.tar", tmp_path / "out")
    assert files_below(found / "images") == {"fixed.raw": FIXED, "moving.raw": MOVING, "free.raw": FREE}
    fixed = sha256(FIXED).hexdigest()
    assert (found / "hosts/alpha/IMAGES").read_text().splitlines() == [
        f"var/db/hivewright/media/fixed.raw 0644 {fixed}",
        f"# SHA256 (fixed.raw) = {fixed}",
    ]
    lines = (found / "hosts/beta/IMAGES").read_text().splitlines()
    assert [line.partition(" 0644 ")[0] for line in lines[:3]] == [
        f"var/db/hivewright/media/{name}.raw" for name in ("fixed", "free", "moving")
    ]
    assert f"# SHA512 (moving.raw) = {sha512(MOVING).hexdigest()}" in lines
    listed = [line.split()[0] for line in (found / "MANIFEST").read_text().splitlines()]
    assert listed == sorted(listed)
    assert {"images/fixed.raw", "images/free.raw", "images/moving.raw", "hosts/alpha/IMAGES"} <= set(listed)


def test_a_host_brings_what_it_needs_and_no_more(stocked: Project, tmp_path: Path) -> None:
    assert pack(stocked, "alpha.tar", "alpha").status == 0
    assert set(files_below(unpacked("alpha.tar", tmp_path / "out") / "images")) == {"fixed.raw"}
    stocked.succeed("-q", "bundle", "alpha", "-o", "without.tar")
    assert not (unpacked("without.tar", tmp_path / "none") / "hosts/alpha/IMAGES").exists()


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_the_same_images_give_the_same_bytes(suffix: str, stocked: Project, tmp_path: Path) -> None:
    assert pack(stocked, f"a{suffix}", "*").status == 0
    os.utime(tmp_path / "images" / "fixed.raw", (1, 1))
    (tmp_path / "images" / "fixed.raw").chmod(0o600)
    assert pack(stocked, f"b{suffix}", "beta", "alpha").status == 0
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert (tmp_path / f"a{suffix}").stat().st_mode & 0o777 == 0o600


FETCH = "nothing was packed; hivewright image bundle alpha beta -o images fetches what is missing or wrong"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("rm images/fixed.raw", "image fixed for amd64: images/fixed.raw is missing"),
        ("echo x >>images/fixed.raw", "image fixed for amd64: images/fixed.raw: its sha256 is"),
        ("echo x >images/moving.raw", "image moving for amd64: images/moving.raw: its sha512 is"),
        ("rm images/CHECKSUMS", "image moving for amd64: images/CHECKSUMS does not say the checksum of moving.raw"),
        ("rm images/free.raw; mkdir images/free.raw", "image free for amd64: images/free.raw is missing"),
        ("rm -r images", "image free for amd64: images/free.raw is missing"),
    ],
)
def test_what_is_missing_or_wrong_is_told_and_nothing_is_written(damage: str, says: str, stocked: Project) -> None:
    subprocess.run(["/bin/sh", "-c", damage], check=True)
    before = set(os.listdir())
    done = pack(stocked, "both.tar", "alpha", "beta")
    assert (done.status, done.out) == (1, "")
    lines = done.err.splitlines()
    assert any(line.startswith(f"hivewright: {says}") for line in lines), done.err
    assert lines[-1] == f"hivewright: {FETCH}"
    assert set(os.listdir()) == before


def test_two_files_of_one_name_are_told(stocked: Project) -> None:
    stocked.edit("images.toml", 'url = "https://images.example.net/free.raw"\nsha256 = "none"', (
        f'url = "https://images.example.net/fixed.raw"\nsha256 = "{sha256(FREE).hexdigest()}"'
    ))  # fmt: skip
    stocked.succeed("-q", "build")
    done = pack(stocked, "both.tar", "alpha", "beta")
    assert done.status == 1
    assert "image free for amd64: it has the name of another file, that of fixed for amd64; give" in done.err
    stocked.edit("images.toml", f'sha256 = "{sha256(FREE).hexdigest()}"', (
        f'sha256 = "{sha256(FREE).hexdigest()}"\nfile = "free.raw"'
    ))  # fmt: skip
    stocked.succeed("-q", "build")
    assert pack(stocked, "both.tar", "alpha", "beta").status == 0


def test_an_image_that_changes_while_it_is_packed_is_not(
    stocked: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(*arguments: Any) -> dict[str, Artifact]:
        (tmp_path / "images" / "fixed.raw").write_bytes(b"x" * len(FIXED))
        return package(*arguments)

    monkeypatch.setattr("hivewright.commands.bundle.package", changing)
    done = pack(stocked, "alpha.tar", "alpha")
    assert (done.status, done.err) == (1, "hivewright: images/fixed.raw changed while it was packed\n")
    assert not list(tmp_path.glob("alpha.tar*"))


def test_without_space_nothing_is_left(stocked: Project, tmp_path: Path) -> None:
    done = pack(stocked, "/dev/full/alpha.tar", "alpha")
    assert done.status == 1
    assert "/dev/full/alpha.tar: " in done.err
    assert not list(tmp_path.glob("*.tar*"))
