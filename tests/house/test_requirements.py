"""What tests need is checked before they start: on machines that are played by folders of small scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from programs import TABLE, extras, rows, unknown_to
from projects import CHECKOUT
from shells import SHELLS

HELPERS = ("sh", "printf", "cut", "tr", "sed", "make", "true")
BEYOND = "PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin\n"
"""Where the script looks besides; the played machine has nothing there."""
PRESENT = "#!/bin/sh\nexit 0\n"


@dataclass
class Machine:
    """A folder with the script, and the programs of a machine; what installs packages writes down how it was called."""

    root: Path

    def add(self, *names: str, text: str = PRESENT) -> None:
        for name in names:
            path = self.root / "bin" / name
            path.write_text(text)
            path.chmod(0o755)

    def be(self, system: str, user: int = 1000) -> None:
        self.add("uname", text=f"#!/bin/sh\necho {system}\n")
        self.add("id", text=f"#!/bin/sh\necho {user}\n")

    def let_install(self, manager: str, *names: str) -> None:
        """Root's package manager, which brings these programs."""
        log, folder = self.root / "log", self.root / "bin"
        copies = [f"ln -sf true {folder}/{name}\n" for name in names]
        self.add(manager, text=f"#!/bin/sh\nPATH=/usr/bin:/bin\necho {manager} $* >>{log}\n{''.join(copies)}")

    def check(self, purpose: str = "test", shell: str = "dash") -> tuple[int, str]:
        """Status and messages of the script."""
        command = [shutil.which(SHELLS[shell][0]) or "", *SHELLS[shell][1:], "tests/requirements.sh", purpose]
        return self.run(*command)

    def run(self, *command: str) -> tuple[int, str]:
        environment = {"PATH": str(self.root / "bin"), "PYTHON": "python3"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    @property
    def installed(self) -> list[str]:
        """How package managers were called."""
        log = self.root / "log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Debian with all that is needed; its user is not root and has no sudo."""
    for folder in ("bin", "tests"):
        (tmp_path / folder).mkdir()
    text = TABLE.with_name("requirements.sh").read_text()
    assert text.count(BEYOND) == 1
    (tmp_path / "tests/requirements.sh").write_text(text.replace(BEYOND, ""))
    for path in (TABLE, CHECKOUT / "Makefile"):
        shutil.copy(path, tmp_path / path.relative_to(CHECKOUT))
    found = Machine(tmp_path)
    for name in HELPERS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    found.add("apt-get", *(program for _, program, *_ in rows()))
    found.be("Linux")
    return found


def lose(machine: Machine, *names: str) -> None:
    for name in names:
        (machine.root / "bin" / name).unlink()


APT = "apt-get update -qq && apt-get install -y -qq --no-install-recommends"


@pytest.mark.parametrize("shell", SHELLS)
def test_where_all_is_there_nothing_is_said(machine: Machine, shell: str) -> None:
    assert machine.check(shell=shell) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_whoever_is_not_root_is_told_one_command(machine: Machine, shell: str) -> None:
    lose(machine, "mksh", "bwrap", "makefs")
    told = "Not on this machine: mksh bwrap makefs.\nInstall them with\n"
    assert machine.check(shell=shell) == (1, f"{told}    su root -c '{APT} mksh bubblewrap makefs'\n")
    machine.add("sudo")
    assert machine.check(shell=shell) == (1, f"{told}    sudo sh -c '{APT} mksh bubblewrap makefs'\n")
    machine.be("FreeBSD")
    told = "Not on this machine: mksh.\nInstall them with\n"
    assert machine.check(shell=shell) == (1, f"{told}    sudo sh -c 'pkg install -y mksh'\n")


def test_root_gets_it_installed_on_debian(machine: Machine) -> None:
    lose(machine, "bwrap", "python3")
    machine.be("Linux", user=0)
    machine.let_install("apt-get", "bwrap", "python3")
    assert machine.check() == (0, "Not on this machine: python3 bwrap.\nInstalling python3 python3-venv bubblewrap\n")
    options = "install -y -qq --no-install-recommends"
    assert machine.installed == ["apt-get update -qq", f"apt-get {options} python3 python3-venv bubblewrap"]
    assert machine.check() == (0, "")


def test_root_gets_what_exists_installed_on_freebsd(machine: Machine) -> None:
    needed = {
        program: package
        for purpose, program, _, package in rows()
        if purpose != "extra" and package not in ("-", "none")
    }
    lose(machine, *(program for _, program, *_ in rows()))
    machine.be("FreeBSD", user=0)
    machine.let_install("pkg", *needed)
    status, told = machine.check()
    assert (status, told.splitlines()[0]) == (0, f"Not on this machine: {' '.join(needed)}.")
    assert machine.installed == [f"pkg install -y {' '.join(needed.values())}"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_python_without_a_module_is_told_its_package(machine: Machine, shell: str) -> None:
    """FreeBSD's is so; Debian's has all of them."""
    machine.add("python3", text="#!/bin/sh\ncase $2 in 'import sqlite3') exit 1 ;; esac\n")
    assert machine.check(shell=shell) == (0, "")
    machine.be("FreeBSD")
    assert machine.check("build", shell) == (0, "")
    told = "Not on this machine: python3:sqlite3.\nInstall them with\n"
    assert machine.check(shell=shell) == (1, f"{told}    su root -c 'pkg install -y databases/py-sqlite3'\n")


def test_what_could_not_be_installed_is_told_with_the_command(machine: Machine) -> None:
    lose(machine, "mksh")
    machine.be("FreeBSD", user=0)
    machine.add("pkg", text="#!/bin/sh\necho 'pkg: no network' >&2\nexit 70\n")
    said = ["Installing mksh", "pkg: no network", "That failed; the command was", "    pkg install -y mksh"]
    status, told = machine.check()
    assert (status, told.splitlines()[1:]) == (1, said)


def test_a_system_of_another_kind_is_told_the_names(machine: Machine) -> None:
    lose(machine, "apt-get", "bwrap")
    machine.be("Linux", user=0)
    status, told = machine.check()
    assert (status, told.splitlines()[0]) == (1, "Not on this machine: bwrap.")
    assert "the packages bubblewrap." in told


def test_packages_that_do_not_help_are_told(machine: Machine) -> None:
    machine.be("Linux", user=0)
    machine.add("python3", text="#!/bin/sh\nexit 1\n")
    status, told = machine.check("build")
    assert (status, told.splitlines()[2:]) == (
        1,
        ["Still not on this machine: python3.", "Python must be 3.11 or later and have ensurepip."],
    )


def test_building_needs_less(machine: Machine) -> None:
    lose(machine, "mksh", "bwrap", "ruff")
    assert machine.check("build") == (0, "")


def test_a_sandbox_that_is_not_allowed_is_told_with_the_setting(machine: Machine) -> None:
    machine.add("bwrap", text="#!/bin/sh\necho No permissions to create new namespace\nexit 1\n")
    machine.add("sysctl", text="#!/bin/sh\ncase $2 in *clone) echo 0 ;; *) exit 1 ;; esac\n")
    status, told = machine.check()
    assert status == 1
    assert told.startswith("bwrap cannot make a sandbox here: No permissions to create new namespace\n")
    assert "    sysctl kernel.unprivileged_userns_clone=1\n" in told
    assert "apparmor" not in told


@pytest.mark.parametrize("target", ["test", "quick", "golden", "bench"])
def test_make_runs_nothing_else_before_all_is_there(machine: Machine, target: str) -> None:
    lose(machine, "mksh")
    status, told = machine.run("make", target)
    assert status != 0
    assert f"su root -c '{APT} mksh'" in told
    assert not (machine.root / ".venv").exists()


@pytest.mark.parametrize("purpose", ["build", "test"])
def test_what_is_extra_is_neither_asked_for_nor_installed(machine: Machine, purpose: str) -> None:
    lose(machine, *extras())
    machine.be("Linux", user=0)
    machine.let_install("apt-get")
    assert (machine.check(purpose), machine.installed) == ((0, ""), [])


def test_every_shell_of_the_tests_is_listed() -> None:
    assert {words[0] for words in SHELLS.values()} <= {program for _, program, *_ in rows()}


def test_only_freebsd_does_without_some() -> None:
    assert not unknown_to("Linux")
    assert sorted(unknown_to("FreeBSD")) == ["bwrap", "lksh", "strace", "systemctl"]


def test_what_is_extra_and_not_there_is_told_in_the_end(tmp_path: Path) -> None:
    """Of programs.txt all others are on the machine that runs this."""
    names = {program for purpose, program, *_ in rows() if purpose != "extra"} | {*HELPERS, "env", "git"}
    for name in names:
        found = shutil.which(name)
        if found is not None:
            (tmp_path / name).symlink_to(found)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", "tests/views/test_browser.py"]
    done = subprocess.run(
        command, cwd=CHECKOUT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "not run" in line]
    assert "tests not run, since chromium is not on this machine: " in line
    assert line.endswith(" of tests/views/test_browser.py")


@pytest.mark.slow
def test_what_cannot_run_on_a_system_is_told_in_the_end() -> None:
    code = "import platform, pytest, sys; platform.system = lambda: 'FreeBSD'; sys.exit(pytest.main(sys.argv[1:]))"
    chosen = [
        "tests/commands/test_build_trouble.py",
        "tests/host/cases/test_tpm_beside_guests.py",
        "tests/host/campaigns/test_disk_trouble.py",
        "-k",
        "unwritable or tpm or (terminal and lksh)",
    ]
    command = [sys.executable, "-c", code, "-p", "no:cacheprovider", "-n", "0", *chosen]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    lines = [line.partition("tests not run, since ")[2].partition(": ") for line in done.stdout.splitlines()]
    told = {reason: modules for reason, _, modules in lines if reason}
    assert told.keys() == {"bwrap does not exist for FreeBSD", "lksh does not exist for FreeBSD"}
    assert "2 of tests/commands/test_build_trouble.py" in told["bwrap does not exist for FreeBSD"]
    assert "of tests/host/cases/test_tpm_beside_guests.py" in told["bwrap does not exist for FreeBSD"]
    assert told["lksh does not exist for FreeBSD"] == "6 of tests/host/campaigns/test_disk_trouble.py"
