"""``hivewright profile update`` in a real terminal, that of tmux(1): it asks before it takes what it has shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import write_files
from screens import Screen

pytest_plugins = ["screen_fixtures"]
pytestmark = pytest.mark.slow

UPDATE = "hivewright profile update; echo status $?"
QUESTION = "Take 1 profile? [y/N]"


def test_what_is_shown_is_taken_when_somebody_says_so(screen: Screen, tmp_path: Path) -> None:
    origin = write_files(tmp_path / "origin", {"profiles/linux/theirs.toml": 'extends = "debian-13"\n'})
    for words in (("init", "-q", "."), ("add", "-A"), ("commit", "-qm", "Profiles")):
        identity = ("-c", "user.name=Alice", "-c", "user.email=alice@example.net")
        subprocess.run(["git", *identity, *words], cwd=origin, check=True, capture_output=True)
    site = f'[site]\nname = "example"\nprofiles = {{ git = "{origin}" }}\n'
    write_files(screen.folder, {"site/site.toml": site})
    profile = screen.folder / "profiles/linux/theirs.toml"
    for answer, status in (("n", "status 3"), ("", "status 3"), ("C-c", "status 130")):
        assert screen.type(UPDATE, QUESTION) == '+extends = "debian-13"'
        said = screen.press(answer, "ready:") if answer == "C-c" else screen.type(answer, "ready:")
        assert said.endswith(status)
        assert not profile.exists()
    screen.type(UPDATE, QUESTION)
    assert screen.type("y", "ready:") == "status 0"
    assert profile.read_text() == 'extends = "debian-13"\n'
