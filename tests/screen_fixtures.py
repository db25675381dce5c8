"""The fixture of tests that type in a terminal; a test module that uses it names this plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from screens import Screen


@pytest.fixture(name="screen")
def open_screen(tmp_path: Path) -> Iterator[Screen]:
    screen = Screen(tmp_path)
    yield screen
    screen.tmux("kill-server")
