"""A small project of two hosts on disk, and commands run on it; see project_fixtures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from hivewright import cli

CHECKOUT = Path(__file__).resolve().parent.parent
LIBRARY = CHECKOUT / "templates" / "runtime" / "usr" / "local" / "libexec" / "hivewright"
"""The runtime."""
HIVE = "root/usr/local/etc/hivewright"
GUESTS = f"{HIVE}/vms"

SITE = """\
[site]
name = "example"
[network.lan]
kind = "bridge"
uplink = "none"
[storage.plain]
kind = "directory"
path = "/srv/vms"
[user.alice]
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"]
"""
HOSTS = """\
[host.alpha]
freebsd = "14.3"
[host.beta]
freebsd = "15.0"
"""
WEB = """\
[vm.web1]
host = "alpha"
memory = "4G"
cloud_init = { users = ["alice"] }
[vm.web1.disk.root]
storage = "plain"
size = "10G"
[vm.web1.nic.lan]
network = "lan"
ipv4 = "192.0.2.10/24"
[vm.web1.vnc]
[vm.web1.hooks]
prestart = ["hooks/lease.sh"]
"""
DB = """\
[vm.db1]
host = "alpha"
memory = "8G"
[vm.db1.nic.lan]
network = "lan"
[vm.mail1]
host = "beta"
memory = "2G"
vnc = true
"""
FILES = {
    "site/site.toml": SITE,
    "site/hosts.toml": HOSTS,
    "site/vms/web.toml": WEB,
    "site/vms/db.toml": DB,
    "site/hooks/lease.sh": "#!/bin/sh\nexit 0\n",
}
NEW_GUEST = '[vm.new1]\nhost = "alpha"\nmemory = "1G"\nvnc = true\n[vm.new1.nic.lan]\nnetwork = "lan"\n'


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project on disk. ``build`` and ``locks`` need not exist."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def locks(self) -> Path:
        return self.root / "site" / "locks"

    def run(self, *arguments: str) -> Done:
        """One command in this process."""
        self.capsys.readouterr()
        status = cli.main(["-C", str(self.root), *arguments])
        return Done(status, *self.capsys.readouterr())

    def succeed(self, *arguments: str) -> Done:
        done = self.run(*arguments)
        assert done.status == 0, done.err
        return done

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces a text that stands once in a file of the site."""
        path = self.root / "site" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def remove_beta(self) -> None:
        """Removes a host with its only guest."""
        self.edit("hosts.toml", '[host.beta]\nfreebsd = "15.0"\n', "")
        self.edit("vms/db.toml", '[vm.mail1]\nhost = "beta"\nmemory = "2G"\nvnc = true\n', "")

    def add(self, file: str, text: str) -> Path:
        write_files(self.root / "site", {file: text})
        return self.root / "site" / file

    def written(self) -> dict[str, bytes]:
        """All that builds write: every file of build/ and of locks/, by its path below the project."""
        return {**files_below(self.build, self.root), **files_below(self.locks, self.root)}

    def states(self) -> dict[str, tuple[int, int, int]]:
        """Inode, time and mode of everything below build/ and locks/, folders included."""
        found = (*self.build.rglob("*"), *self.locks.rglob("*"))
        return {
            str(path): (status.st_ino, status.st_mtime_ns, status.st_mode)
            for path in found
            for status in [path.lstat()]
        }


def files_below(directory: Path, root: Path | None = None) -> dict[str, bytes]:
    """Every file, and every link as the text of its target, by its path below ``root``."""
    return {
        path.relative_to(root or directory).as_posix(): (
            os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in sorted(directory.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def rewrite(path: Path, old: str, new: str) -> None:
    """Changes a file in place, to one of the same size and time."""
    assert len(old) == len(new)
    status = path.stat()
    with path.open("r+") as stream:
        text = stream.read()
        assert old in text
        stream.seek(0)
        stream.write(text.replace(old, new))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    """Files that are not the same, those that are on one side only included."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def changed_lines(before: bytes, after: bytes) -> list[tuple[str, str]]:
    """The lines that differ between two texts of equally many lines."""
    pairs = zip(before.decode().splitlines(), after.decode().splitlines(), strict=True)
    return [(old, new) for old, new in pairs if old != new]


def only_json(text: str) -> list[dict[str, Any]]:
    """The diagnostics in a text that is one JSON document."""
    found: list[dict[str, Any]] = json.loads(text)
    assert isinstance(found, list)
    return found


def hivewright(
    *arguments: str, folder: Path, prelude: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command as a process of its own, in a folder; ``prelude`` is Python to run before it."""
    code = f"{prelude}\nfrom hivewright.cli import entry\nentry()"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables |= {"PYTHONPATH": str(CHECKOUT / "compiler"), **environment}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
