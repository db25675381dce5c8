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


def archive(tmp_path: Path, guests: Path, name: str, *, damage: str = "") -> Path:
    """What hivectl export writes of a guest, without its disks."""
    files = {f"guest/{path.relative_to(guests / name)}": path.read_bytes()
             for path in sorted((guests / name).rglob("*")) if path.is_file()}  # fmt: skip
    lines = ["hivewright export 1", f"guest {name}", "uuid -", "host alpha", "made now", "taken off"]
    lines += [f"conf 50 {name} no - - - 60 wait stop -"]
    lines += [f"file 644 {len(data)} {hashlib.sha256(data).hexdigest()} {path}" for path, data in files.items()]
    manifest = ("\n".join([*lines, "whole"]) + "\n").encode()
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
