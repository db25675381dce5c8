"""``hivewright import guest``: an archive of hivectl export becomes TOML again, from which the same guest is built."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest
import tomli

from hivewright import cli
from projects import CHECKOUT

SITE = CHECKOUT / "tests" / "host" / "scenarios" / "exported"
VMS = "root/usr/local/etc/hivewright/vms"


def built(folder: Path) -> Path:
    """A site as it is built; returns the folder of the guests of its host."""
    assert cli.main(["-q", "-C", str(folder), "build"]) == 0
    (host,) = [path for path in (folder / "build").iterdir() if path.name != "runtime"]
    return host / VMS


@pytest.fixture
def guests(tmp_path: Path) -> Path:
    (tmp_path / "old/site").mkdir(parents=True)
    shutil.copy(SITE / "site.toml", tmp_path / "old/site/site.toml")
    return built(tmp_path / "old")


def archive(
    tmp_path: Path, guests: Path, name: str, *, damage: str = "", lines: tuple[str, str] = ("", ""), script: str = ""
) -> Path:
    """What hivectl export writes of a guest, without its disks. ``damage`` is a member that its digest does not fit,
    ``lines`` what stands in the manifest and what is to stand there, ``script`` a call behind those of a start."""
    files = {f"guest/{path.relative_to(guests / name)}": path.read_bytes()
             for path in sorted((guests / name).rglob("*")) if path.is_file()}  # fmt: skip
    files["guest/start"] += script.encode("latin-1")
    told = ["hivewright export 1", f"guest {name}", "uuid -", "host alpha", "made now", "taken off"]
    told += [f"conf 50 {name} no - - - 60 wait stop -"]
    told += [f"file 644 {len(data)} {hashlib.sha256(data).hexdigest()} {path}" for path, data in files.items()]
    manifest = ("\n".join([*told, "whole"]) + "\n").replace(*lines, 1).encode()
    members = {"manifest": manifest, **files, "end": f"{hashlib.sha256(manifest).hexdigest()} whole\n".encode()}
    place = tmp_path / f"{name}.tar"
    with tarfile.open(place, "w:", format=tarfile.USTAR_FORMAT) as stream:
        for path, data in members.items():
            content = data[:-1] + b"?" if path == damage else data
            member = tarfile.TarInfo(path)
            member.size = len(content)
            stream.addfile(member, io.BytesIO(content))
    return place


def words(guests: Path, name: str) -> list[str]:
    """What a start script says, without comments, digests and what only other guests than this one depend on."""
    lines = (guests / name / "start").read_text().splitlines()
    lines = [line.partition("  #")[0] for line in lines if not line.startswith(("#", "vm ", "prepare provisioned"))]
    return [line.replace(name, "GUEST") for line in lines]


@pytest.mark.parametrize("name", ["web1", "mixed1"])
def test_the_same_guest_is_built_of_it(name: str, tmp_path: Path, guests: Path) -> None:
    place = archive(tmp_path, guests, name)
    new = tmp_path / "new"
    new.mkdir()
    assert cli.main(["-q", "-C", str(new), "import", "guest", str(place), "--host", "beta", "--freebsd", "14.3"]) == 0
    again = built(new)
    assert words(again, name) == words(guests, name)
    vm = tomli.loads((new / f"site/vms/{name}.toml").read_text())["vm"][name]
    assert vm["disk"]["root"]["storage"] in ("vms", "vms-2")
    assert "path" not in vm["disk"]["root"]


def test_it_becomes_another_guest_beside_the_old_one(tmp_path: Path, guests: Path) -> None:
    place = archive(tmp_path, guests, "web1")
    assert cli.main(["-q", "-C", str(tmp_path / "old"), "import", "guest", str(place), "--as", "copy1"]) == 0
    both = built(tmp_path / "old")
    locks = [tomli.loads((tmp_path / f"old/site/locks/{name}.toml").read_text()) for name in ("web1", "copy1")]
    assert locks[0]["slots"] == locks[1]["slots"]
    assert locks[0]["uuid"] != locks[1]["uuid"]
    vm = tomli.loads((tmp_path / "old/site/vms/copy1.toml").read_text())["vm"]["copy1"]
    assert (vm["nic"]["lan"]["network"], vm["disk"]["root"]["storage"]) == ("lan", "fast")
    assert "mac" not in vm["nic"]["lan"]
    assert "/dev/zvol/zroot/vms/copy1/root" in (both / "copy1/start").read_text()


def test_interfaces_of_the_administrator_come_along(tmp_path: Path) -> None:
    """With where they are ports, and with a remark: the host that they come to has to have them as well."""
    site = tmp_path / "old/site/site.toml"
    site.parent.mkdir(parents=True)
    own = '[vm.web1.nic.own]\nexisting = "tap7"\n\n[vm.web1.nic.copy]\nnetwork = "lan"\nspan = true\n\n'
    site.write_text((SITE / "site.toml").read_text().replace("[vm.web1.cloud_init]", f"{own}[vm.web1.cloud_init]"))
    place, new = archive(tmp_path, guests := built(tmp_path / "old"), "web1"), tmp_path / "new"
    new.mkdir()
    report = tmp_path / "report.md"
    assert cli.main(["-q", "-C", str(new), "import", "guest", str(place), "-o", str(report)]) == 0
    assert words(built(new), "web1") == words(guests, "web1")
    assert "interface tap7 of NIC own" in report.read_text()
    assert cli.main(["-q", "-C", str(tmp_path / "old"), "import", "guest", str(place), "--as", "copy1"]) == 0
    nics = tomli.loads((tmp_path / "old/site/vms/copy1.toml").read_text())["vm"]["copy1"]["nic"]
    assert nics["own"] == {"existing": "tap-copy1-own"}
    assert nics["copy"] == {"network": "lan", "span": True}


@pytest.mark.parametrize("damage", ["guest/start", "manifest", "end"])
def test_a_damaged_archive_is_refused(
    damage: str, tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = archive(tmp_path, guests, "web1", damage=damage)
    new = tmp_path / "new"
    new.mkdir()
    assert cli.main(["-q", "-C", str(new), "import", "guest", str(place)]) == 1
    assert str(place) in capsys.readouterr().err
    assert not [*new.iterdir()]


def test_what_is_no_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web1.tar").write_text("web1\n" * 1000)
    assert cli.main(["-q", "-C", str(tmp_path), "import", "guest", str(tmp_path / "web1.tar")]) == 1
    assert "this is no archive of tar(5)" in capsys.readouterr().err


def refused(place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """It is told in one line, and nothing is there afterwards."""
    new = place.parent / "new"
    new.mkdir()
    assert cli.main(["-q", "-C", str(new), "import", "guest", str(place)]) == 1
    assert not [*new.iterdir()]
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("guest web1", "guest ../../web1"), "'../../web1' cannot be the name of a guest"),
        (("guest web1", "other web1"), "its manifest has no line guest"),
        (("host alpha", ""), "its manifest has no line host"),
        (("whole", "outside data\nwhole"), "its manifest has the line 'outside data'"),
        (("whole", f"file 644 0 {'0' * 64} guest/hooks/../../../x\nwhole"), "which none of hivectl export has"),
        (("whole", "file 644\nwhole"), "its manifest has the line 'file 644'"),
        (("whole", f"file 644 0 {'0' * 64} guest/other\nwhole"), "guest/other is damaged"),
    ],
)
def test_a_manifest_that_nobody_writes_is_refused(
    lines: tuple[str, str], says: str, tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its digest is right: names in it would become those of files."""
    assert says in refused(archive(tmp_path, guests, "web1", lines=lines), capsys)


@pytest.mark.parametrize("script", ["on\n", "on crash restart x y\n", "nic\n", 'set -- "$@" -s 99,nvme,/x\n', "\xff\n"])
def test_scripts_that_nobody_writes_are_refused(
    script: str, tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says = "its scripts have calls that no release of hivewright writes"
    assert says in refused(archive(tmp_path, guests, "web1", script=script), capsys)


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (124, b"\x80" + b"\xff" * 11),  # a size of less than nothing
        (124, b"\x80" + b"\x00" * 3 + b"\x7f" + b"\xff" * 7),  # more than there is anywhere
        (124, b"77777777777\0"),
        (156, b"2/etc/passwd"),  # a link
        (156, b"5"),
        (156, b"x"),
    ],
)
def test_a_header_that_nobody_writes_is_refused(
    at: int, content: bytes, tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = archive(tmp_path, guests, "web1")
    whole = bytearray(place.read_bytes())
    whole[at : at + len(content)] = content
    whole[148:156] = b"        "
    whole[148:156] = b"%06o\0 " % sum(whole[:512])
    place.write_bytes(whole)
    assert "this is no archive" in refused(place, capsys)


def test_one_that_was_cut_anywhere_is_refused(tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But for the empty blocks behind its last member."""
    place = archive(tmp_path, guests, "web1")
    whole = place.read_bytes()
    with tarfile.open(place) as stream:
        last = stream.getmembers()[-1]
    for length in range(0, last.offset_data + last.size, 256):
        place.write_bytes(whole[:length])
        assert str(place) in refused(place, capsys)
        (tmp_path / "new").rmdir()


def test_what_would_be_no_site_leaves_nothing(tmp_path: Path, guests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files and folders of the guest are made before the site is checked."""
    place = archive(tmp_path, guests, "web1", lines=("wait stop -", "wait stop UPPER"))
    new = tmp_path / "new"
    new.mkdir()
    assert cli.main(["-q", "-C", str(new), "import", "guest", str(place)]) == 1
    assert "so nothing was written" in capsys.readouterr().err
    assert not [*new.iterdir()]
