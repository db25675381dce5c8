"""What is installed: a wheel with its data compiles a site anywhere; an editable install finds the data here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hivewright import __version__
from hivewright.system.data import DATA
from projects import CHECKOUT, files_below

pytestmark = pytest.mark.slow

SKIPPED = {"__pycache__"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "pip"
"""That of whoever runs the tests, not of the test alone: what must be compiled here has been compiled once."""


def run(*words: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, source: Path, target: Path) -> Path:
    """A distribution made by the tools of this environment, without a network."""
    target.mkdir(parents=True)
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target, folder=source)
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module", name="wheel")
def make_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel") / "dist")


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sources(name: str) -> dict[str, bytes]:
    """The files of a folder of the checkout as a wheel should hold them."""
    return {
        path: text for path, text in files_below(CHECKOUT / name).items() if not SKIPPED.intersection(path.split("/"))
    }


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path) -> None:
    expected = {f"hivewright/{path}": text for path, text in sources("compiler/hivewright").items()}
    for name, place in DATA.items():
        expected |= {f"hivewright/data/{name}/{path}": text for path, text in sources(place).items()}
    shared = f"hivewright-{__version__}.data/data/share/man"
    for page, text in sources("docs/man").items():
        if not page.endswith(".8"):  # those of the host are for the host
            expected[f"{shared}/man{page[-1]}/{page}"] = text
    found = {path: text for path, text in contents(wheel).items() if ".dist-info/" not in path}
    assert found.keys() == expected.keys()
    assert found == expected
    assert wheel.name == f"hivewright-{__version__}-py3-none-any.whl"
    assert any(path.startswith("hivewright/data/templates/new-site/{{cookiecutter._directory}}/") for path in found)


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    run("tar", "-xf", build("sdist", CHECKOUT, tmp_path / "sdist"), folder=tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path / "again")) == contents(wheel)


def pip_for(environment: Path) -> tuple[str | Path, ...]:
    """The pip of this environment, working on another."""
    quiet = ("--quiet", "--disable-pip-version-check", "--cache-dir", CACHE)
    return (sys.executable, "-m", "pip", *quiet, "--python", environment / "bin/python")


def test_an_editable_install_copies_no_data(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=tmp_path)
    run(*pip_for(environment), "install", "--no-deps", "--editable", CHECKOUT, folder=tmp_path)
    installed = [path for path in environment.rglob("*") if "hivewright" in path.relative_to(environment).as_posix()]
    assert [path.name for path in installed if path.suffix in (".py", ".j2", ".subr", ".toml")] == []
    (pointer,) = (path for path in installed if path.suffix == ".pth")
    assert pointer.read_text().strip() == str(CHECKOUT / "compiler")


def oldest_python() -> str:
    """The oldest Python of this machine that hivewright supports: its releases differ in what they get wrong."""
    found: dict[tuple[int, ...], str] = {sys.version_info[:3]: sys.executable}
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 20))):
        path = shutil.which(name, path=f"/usr/bin:/usr/local/bin:{os.environ['PATH']}")
        words = [path or "false", "-c", "import sys; print(*sys.version_info[:3])"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        version = tuple(map(int, done.stdout.split()))
        if path is not None and done.returncode == 0 and version >= (3, 11):
            found.setdefault(version, path)
    return found[min(found)]


def test_the_wheel_works_in_an_empty_environment_of_the_oldest_python(wheel: Path, tmp_path: Path) -> None:
    """Installed with what it depends on, seen from a folder that has nothing to do with the checkout."""
    environment, work = tmp_path / "environment", tmp_path / "work"
    work.mkdir()
    run(oldest_python(), "-m", "venv", "--without-pip", environment, folder=work)
    run(*pip_for(environment), "install", "--no-compile", wheel, folder=work)
    run(*pip_for(environment), "check", folder=work)
    hivewright = environment / "bin" / "hivewright"
    assert run(hivewright, "--version", folder=work) == f"hivewright {__version__}\n"
    key = "ssh_key=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"
    answers = ["site=demo", "host=alpha", "storage=directory", "location=/srv/vms", key]
    run(hivewright, "new", "demo", *answers, folder=work)
    assert run(hivewright, "-C", "demo", "--strict", "check", folder=work) == ""
    run(hivewright, "-C", "demo", "--strict", "build", "-q", folder=work)
    guest = work / "demo/build/alpha/root/usr/local/etc/hivewright/vms/guest1"
    assert {path.name for path in guest.iterdir()} >= {"start", "stop", "provision"}
    run(hivewright, "-C", "demo", "build", "--check", "--locked", folder=work)
    assert "/usr/sbin/bhyve" in run(hivewright, "-C", "demo", "show", "guest1", folder=work)
    assert run(hivewright, "explain", "KEY001", folder=work).startswith("KEY001: ")
    assert '"$schema"' in run(hivewright, "schema", folder=work)
    assert {path.name for path in work.iterdir()} == {"demo"}
    run(hivewright, "-C", CHECKOUT, "-q", "build", "--locked", "-o", tmp_path / "out", folder=work)
    assert files_below(tmp_path / "out") == files_below(CHECKOUT / "build")


def test_the_wheel_compiles_the_example_as_the_checkout_does(wheel: Path, tmp_path: Path) -> None:
    """With the packages of this environment, but the compiler and its data from the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r})\n"
        "import hivewright; from hivewright.cli import entry\n"
        "assert hivewright.__file__.startswith(sys.path[0]), hivewright.__file__\nentry()"
    )
    words = ("-C", CHECKOUT, "-q", "build", "--locked", "-o")
    run(sys.executable, "-c", code, *words, tmp_path / "wheel", folder=tmp_path)
    run(sys.executable, "-m", "hivewright", *words, tmp_path / "checkout", folder=tmp_path)
    assert files_below(tmp_path / "wheel") == files_below(tmp_path / "checkout")
