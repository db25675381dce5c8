"""``hivewright export``: a folder that holds what was built, in the form of another tool, and nothing of others."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from guides import IDENTITY
from hivewright.delivery.pkg import ORIGINS
from hivewright.lower.host import preparation
from hivewright.plan import parse_manifest
from projects import CHECKOUT, Project, files_below

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

VERSION = ("--package-version", "7")


def export(project: Project, kind: str, target: Path, *more: str) -> dict[str, bytes]:
    project.succeed("-q", "export", kind, str(target), *more)
    return files_below(target)


def test_a_role_has_what_was_built(built: Project, tmp_path: Path) -> None:
    found = export(built, "ansible", tmp_path / "role")
    files = tmp_path / "role/roles/hivewright/files"
    assert files_below(files / "runtime") == files_below(built.build / "runtime")
    for host in ("alpha", "beta"):
        wanted = files_below(built.build / host)
        del wanted["INVENTORY.md"]
        assert files_below(files / "hosts" / host) == wanted
    assert {"site.yml", "inventory.yml", "host_vars/alpha.yml", "host_vars/beta.yml"} <= found.keys()
    seed = next(path for path in files.rglob("user-data"))
    assert seed.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("kind", "more"), [("ansible", ()), ("pkg", VERSION)])
def test_the_same_site_gives_the_same_bytes(built: Project, tmp_path: Path, kind: str, more: tuple[str, ...]) -> None:
    first = export(built, kind, tmp_path / "a", *more)
    os.utime(built.build / "alpha" / "MANIFEST", (1, 1))
    assert export(built, kind, tmp_path / "b", *more) == first


def test_what_left_is_removed_and_what_was_changed_by_hand_stays(built: Project, tmp_path: Path) -> None:
    target = tmp_path / "role"
    export(built, "ansible", target)
    (target / "host_vars/beta.yml").write_text("mine: true\n")
    done = built.run("export", "ansible", str(target), "alpha")
    assert done.status == 0
    assert f"{target}/host_vars/beta.yml was changed by hand and is not wanted any more" in done.err
    assert not (target / "roles/hivewright/files/hosts/beta").exists()
    assert (target / "host_vars/beta.yml").read_text() == "mine: true\n"


def test_a_folder_of_others_is_left_alone(built: Project, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("text")
    done = built.run("-q", "export", "ansible", str(tmp_path / "mine"))
    assert (done.status, done.out) == (1, "")
    assert "it has files that no export made; name a new folder, or an empty one" in done.err
    assert files_below(tmp_path / "mine") == {"file": b"text"}


def test_what_was_not_built_is_not_exported(built: Project, tmp_path: Path) -> None:
    built.edit("vms/web.toml", '"4G"', '"5G"')
    done = built.run("-q", "export", "pkg", str(tmp_path / "p"), *VERSION)
    assert done.status == 1
    assert "run hivewright build" in done.err
    assert built.run("-q", "export", "pkg", str(tmp_path / "p"), "gamma").status == 2
    assert not (tmp_path / "p").exists()


def members(package: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(package, "r:xz") as archive:
        return archive.getmembers()


def manifest(package: Path, name: str = "+MANIFEST") -> dict[str, object]:
    with tarfile.open(package, "r:xz") as archive:
        stream = archive.extractfile(name)
        assert isinstance(stream, io.IOBase)
        found: dict[str, object] = json.load(stream)
    return found


def test_a_package_describes_what_is_in_it(built: Project, tmp_path: Path) -> None:
    export(built, "pkg", tmp_path / "p", *VERSION)
    package = tmp_path / "p" / "hivewright-host-alpha-7.pkg"
    found = manifest(package)
    names = [each.name for each in members(package)]
    assert names[:2] == ["+COMPACT_MANIFEST", "+MANIFEST"]
    files = found["files"]
    assert isinstance(files, dict)
    assert names[2:] == list(files) == sorted(files)
    entries, _ = parse_manifest((built.build / "alpha" / "MANIFEST").read_bytes())
    listed = {f"root{path}": (int(each["perm"], 8), each["sum"]) for path, each in files.items()}
    assert listed == {path: (entry.mode, f"1${entry.checksum}") for path, entry in entries.items()}
    assert {(each.uname, each.gname, each.mtime) for each in members(package)} == {("root", "wheel", 0)}
    compact = manifest(package, "+COMPACT_MANIFEST")
    assert compact == {key: value for key, value in found.items() if key not in ("files", "config", "scripts")}


def test_a_host_depends_on_the_runtime_and_on_what_its_guests_need(built: Project, tmp_path: Path) -> None:
    export(built, "pkg", tmp_path / "p", *VERSION)
    found = manifest(tmp_path / "p" / "hivewright-host-alpha-7.pkg")
    assert found["abi"] == "FreeBSD:14:amd64"
    assert found["deps"] == {
        "hivewright-runtime": {"origin": "local/hivewright-runtime", "version": "7"},
        "edk2-bhyve": {"origin": "sysutils/edk2", "version": "0"},
    }
    assert "/usr/local/etc/hivewright/host.conf" in found["config"]  # type: ignore[operator]
    assert not any("/vms/" in path for path in found["config"])  # type: ignore[attr-defined]
    runtime = manifest(tmp_path / "p" / "hivewright-runtime-7.pkg")
    assert (runtime["abi"], runtime["deps"]) == ("FreeBSD:*:*", {})
    assert "/usr/local/etc/rc.d/hivewright" not in runtime["config"]  # type: ignore[operator]


def test_every_package_that_a_host_may_need_has_its_port() -> None:
    known = {each.name for each in preparation.PACKAGES.values()}
    known |= {each.name for each in (preparation._QEMU, preparation._DNSMASQ, *preparation._DEBUGGERS.values())}
    assert known == ORIGINS.keys()


def test_the_version_is_the_number_of_commits(built: Project, tmp_path: Path) -> None:
    done = built.run("-q", "export", "pkg", str(tmp_path / "p"))
    assert done.status == 2
    assert "name a version that is higher each time: --package-version" in done.err
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "One"), ("commit", "-qm", "Two", "--allow-empty")):
        subprocess.run(["git", *words], cwd=built.root, env={**os.environ, **IDENTITY}, check=True)
    assert "hivewright-runtime-2.pkg" in export(built, "pkg", tmp_path / "p")
    for version in ("-1", "1-2", "a b", "1,2", "../1"):
        assert built.run("-q", "export", "pkg", str(tmp_path / "q"), f"--package-version={version}").status == 2
    assert not (tmp_path / "q").exists()


def test_the_script_of_a_package_is_sound() -> None:
    script = CHECKOUT / "templates/pkg/reload.sh"
    subprocess.run(["sh", "-n", script], check=True)
    done = subprocess.run(["sh", script], env={"PKG_ROOTDIR": "/jail"}, check=True, capture_output=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def has_pkg() -> bool:
    """Whether pkg(8) is more than what FreeBSD has to fetch it by; it gives what it installs to root."""
    found = shutil.which("pkg")
    return found is not None and os.getuid() == 0 and not subprocess.run([found, "-N"], capture_output=True).returncode


@pytest.mark.skipif(not has_pkg(), reason="pkg is not installed here, or whoever runs this is not root")
def test_pkg_installs_and_removes_it_all(built: Project, tmp_path: Path) -> None:
    export(built, "pkg", tmp_path / "p", *VERSION)
    root = tmp_path / "root"
    root.mkdir()
    options = {"ABI": "FreeBSD:14:amd64", "OSVERSION": "1403000", "PKG_DBDIR": str(tmp_path / "db")}
    options |= {"REPOS_DIR": str(tmp_path / "none"), "RUN_SCRIPTS": "no"}
    pkg = ["pkg", *(word for name, value in options.items() for word in ("-o", f"{name}={value}")), "-r", str(root)]
    for name in ("runtime", "host-alpha"):
        subprocess.run([*pkg, "add", "-M", tmp_path / f"p/hivewright-{name}-7.pkg"], check=True)
    subprocess.run([*pkg, "check", "-s", "-a"], check=True)
    wanted = {**files_below(built.build / "runtime/root"), **files_below(built.build / "alpha/root")}
    assert {path: content for path, content in files_below(root).items() if path in wanted} == wanted
    subprocess.run([*pkg, "delete", "-y", "hivewright-host-alpha", "hivewright-runtime"], check=True)
    assert not [path for path in files_below(root) if path in wanted]
