"""The page on other ways to ship: its commands work, and what is to be run is what the compiler says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from guides import blocks
from hivewright.delivery.checklist import reloads
from projects import CHECKOUT, Project

pytest_plugins = ["project_fixtures"]

PAGE = (CHECKOUT / "docs" / "other-ways.md").read_text(encoding="utf-8")


def test_its_commands_export_the_site(built: Project, tmp_path: Path) -> None:
    commands = [line for block in blocks("other-ways.md") for line in block.splitlines()]
    for command in commands:
        built.succeed("-q", *shlex.split(command)[1:])
    assert (tmp_path / "deploy/roles/hivewright/tasks/main.yml").is_file()
    assert (tmp_path / "packages/hivewright-host-alpha-20300102.pkg").is_file()


def test_its_table_has_every_file_and_command() -> None:
    rows = re.findall(r"^\| (`/.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    told = {path: cell for cells, cell in rows for path in re.findall(r"`/([^`]*)`", cells)}
    for _, pattern, command in reloads():
        cell = next(cell for path, cell in told.items() if path == pattern or path.startswith(pattern.rstrip("*")))
        assert command in cell or "reboot" in cell
