"""The guide to reviewing a change, followed word for word in a repository of its own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from guides import environment_at
from hivewright.impact.consequence import CODES
from projects import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "reviewing-a-change.md").read_text(encoding="utf-8")


def blocks() -> list[tuple[str, str]]:
    """The language and the text of each block of the guide, in order."""
    return re.findall(r"^```(sh|text)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_at(tmp_path)


STATUS = {
    "hivewright -q plan": 3,
    "hivewright -q plan --against main --format markdown": 3,
}
"""Commands that end otherwise than with 0."""


@pytest.mark.slow
def test_what_the_guide_shows_is_what_its_commands_print(tmp_path: Path, environment: dict[str, str]) -> None:
    folder, printed = tmp_path, ""
    for language, text in blocks():
        if language == "text":
            assert printed == text
            continue
        for command in text.splitlines():
            if command.startswith("cd "):
                folder = folder / command.removeprefix("cd ")
                continue
            done = subprocess.run(
                ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == STATUS.get(command, 0), (command, done.stderr)
            printed = done.stdout
    assert (folder / "plan.md").read_text() == "No guest and no host is affected.\n"
    assert 'memory = "4G"' in (folder / "site" / "vms" / "guest1.toml").read_text()


def test_the_guide_has_every_consequence() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", GUIDE, re.MULTILINE) == list(CODES)
