"""The commands by which the documents ship build/ bring a host all it needs, with its modes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hivewright.plan import MANIFEST, ROOT, parse_manifest
from host.sandbox import Host
from projects import CHECKOUT, Project

pytest_plugins = ["project_fixtures", "host.fixtures"]

GUIDE = (CHECKOUT / "docs" / "getting-started.md").read_text()
HIVECTL = "/usr/local/sbin/hivectl"

SSH = """\
#!/bin/sh
# The host at the other end: a folder. GNU tar has no --safe-writes, which is FreeBSD's.
shift
for word; do
	shift
	case $word in
	--safe-writes) ;;
	/) set -- "$@" "$TARGET" ;;
	*) set -- "$@" "$word" ;;
	esac
done
exec "$@"
"""


def blocks(language: str, mark: str) -> list[str]:
    """The blocks of the guide in a language that have a mark."""
    found: list[str] = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", GUIDE)
    return [block for block in found if mark in block]


def ship(commands: str, folder: Path, target: Path) -> None:
    """Runs commands in a project, with the folder ``target`` in place of the host."""
    programs = target.parent / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(SSH)
    (programs / "ssh").chmod(0o755)
    target.mkdir()
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TARGET": str(target)}
    subprocess.run(["sh", "-euc", commands], cwd=folder, env=environment, check=True)


def modes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()
    }


def listed(build: Path, *trees: str) -> dict[str, int]:
    """The files and modes of some MANIFESTs."""
    return {
        path.removeprefix(ROOT): entry.mode
        for tree in trees
        for path, entry in parse_manifest((build / tree / MANIFEST).read_bytes())[0].items()
    }


@pytest.fixture(name="shipped")
def ship_as_the_guide_says(built: Project, tmp_path: Path) -> Path:
    """What lands at / of alpha by the commands for tar."""
    (commands,) = blocks("sh", "tar -xpo")
    ship(commands, built.root, tmp_path / "there" / "root")
    return tmp_path / "there" / "root"


@pytest.fixture(autouse=True)
def place(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()


def test_tar_brings_both_trees_with_their_modes(built: Project, shipped: Path) -> None:
    assert modes(shipped) == listed(built.build, "runtime", "alpha")


def test_the_host_works_with_what_was_shipped(shipped: Path, open_tree: Callable[..., Host]) -> None:
    host = open_tree(shipped, "dash")
    assert host.run(HIVECTL, "version").out == "hivectl, runtime 2\n"
    assert host.run(HIVECTL, "list").out.count("stopped") == 2


def test_a_script_refuses_another_runtime(shipped: Path, open_tree: Callable[..., Host]) -> None:
    host = open_tree(shipped, "dash")
    first = host.path("/usr/local/libexec/hivewright/lib/runtime.subr")
    first.write_text(first.read_text().replace("hive_abi=2", "hive_abi=3"))
    for name in ("start", "stop", "provision"):
        outcome = host.run(f"/usr/local/etc/hivewright/vms/web1/{name}")
        assert outcome.status == 1
        assert outcome.err == (
            "hivewright: this script is for runtime 2 and /usr/local/libexec/hivewright is 3;"
            " ship the runtime and the files of this host together\n"
        )


def test_a_new_project_is_shipped_by_the_commands_in_its_readme(project: Project, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    project.succeed("new", str(demo), "site=demo", "host=alpha", "storage=directory", "location=/srv/vms")
    there = Project(demo, project.capsys)
    there.succeed("build")
    (commands,) = re.findall(r"(?ms)^    hivewright build\n(    for .*?)^\n", (demo / "README.md").read_text())
    ship(commands, demo, tmp_path / "there" / "root")
    assert modes(tmp_path / "there" / "root") == listed(there.build, "runtime", "alpha")


def test_rsync_takes_files_only_and_both_trees() -> None:
    (commands,) = blocks("sh", "rsync -")
    assert "for tree in runtime alpha; do" in commands
    assert "find . -type f" in commands
    assert "--no-implied-dirs" in commands


@pytest.mark.parametrize("module", ["ansible.builtin.copy", "ansible.posix.synchronize"])
def test_ansible_takes_both_trees(module: str, built: Project) -> None:
    (block,) = blocks("yaml", module)
    (task,) = yaml.safe_load(block)
    arguments: dict[str, Any] = task[module]
    items = [item.replace("{{ inventory_hostname_short }}", "alpha") for item in task["loop"]]
    sources = [built.root / arguments["src"].replace("{{ item }}", item) for item in items]
    assert sources == [built.build / "runtime/root", built.build / "alpha/root"]
    assert all(source.is_dir() for source in sources)
    assert arguments["src"].endswith("/"), "the content of the folder, not the folder"
    assert arguments["dest"] == "/"
    assert arguments.get("mode") == "preserve" or arguments["perms"] is True
